from odoo import fields, models
from odoo.fields import Domain


class ServiceContractItem(models.Model):
    _inherit = "service.contract.item"

    visit_count = fields.Integer(compute="_compute_visit_count")

    def _compute_visit_count(self):
        for item in self:
            item.visit_count = self.env["service.visit"].search_count(
                item._get_visit_domain()
            )

    def _get_visit_domain(self):
        """Return the domain of all visits to this item, and to those it replaced."""
        self.ensure_one()
        return Domain("item_ids", "in", self.ids)

    def action_view_visits(self):
        """Open the history of visits to this item."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract_schedule.service_visit_action"
        )
        action["domain"] = list(self._get_visit_domain())
        action["context"] = {}
        return action

    def write(self, vals):
        result = super().write(vals)
        if {"partner_service_id", "serial", "name"} & set(vals):
            self.line_ids._follow_pattern()
        return result
