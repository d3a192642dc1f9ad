from odoo import fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    _inherit = "res.partner"

    service_level_id = fields.Many2one(
        "service.level",
        string="Service Level",
        groups="service_contract.group_service_technician",
        help="New contracts of this customer begin with this level.",
    )
    service_contract_count = fields.Integer(
        compute="_compute_service_contract_count",
        groups="service_contract.group_service_technician",
    )

    def _compute_service_contract_count(self):
        counts = dict(
            self.env["service.contract"]._read_group(
                Domain("partner_id", "child_of", self.ids), ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            family = partner | partner.with_context(active_test=False).child_ids
            partner.service_contract_count = sum(
                counts.get(member, 0) for member in family
            )

    def action_view_service_contracts(self):
        """Open the service contracts of this customer and its contacts."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract.service_contract_action"
        )
        action["domain"] = [("partner_id", "child_of", self.ids)]
        action["context"] = {"default_partner_id": self.id}
        return action
