from odoo import fields, models
from odoo.fields import Domain

from .service_visit import OPEN


class ResPartner(models.Model):
    _inherit = "res.partner"

    service_visit_count = fields.Integer(
        compute="_compute_service_visit_count",
        groups="service_contract.group_service_technician",
    )
    service_visit_open_count = fields.Integer(
        compute="_compute_service_visit_count",
        groups="service_contract.group_service_technician",
    )

    def _compute_service_visit_count(self):
        counts = {}
        for partner, state, count in self.env["service.visit"]._read_group(
            Domain("partner_id", "child_of", self.ids),
            ["partner_id", "state"],
            ["__count"],
        ):
            counts.setdefault(partner, {})[state] = count
        self.service_visit_count = self.service_visit_open_count = 0
        for partner, states in counts.items():
            while partner:
                if partner in self:
                    partner.service_visit_count += sum(states.values())
                    partner.service_visit_open_count += sum(
                        states.get(state, 0) for state in OPEN
                    )
                partner = partner.parent_id

    def action_view_service_visits(self):
        """Open the visits to this customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract_schedule.service_visit_action"
        )
        action["domain"] = [("partner_id", "child_of", self.ids)]
        action["context"] = {}
        return action
