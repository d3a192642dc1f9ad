from odoo import fields, models
from odoo.fields import Domain

from .service_visit import OPEN


class ServiceContractItem(models.Model):
    _inherit = "service.contract.item"

    visit_count = fields.Integer(compute="_compute_visit_count")
    visit_open_count = fields.Integer(
        string="Coming Visits", compute="_compute_visit_count"
    )

    def _compute_visit_count(self):
        for item in self:
            counts = dict(
                self.env["service.visit"]._read_group(
                    item._get_visit_domain(), ["state"], ["__count"]
                )
            )
            item.visit_count = sum(counts.values())
            item.visit_open_count = sum(counts.get(state, 0) for state in OPEN)

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
        if {"partner_service_id", "serial", "name", "replaced_by_id"} & set(vals):
            # lines for all machines go where these are, too
            self.contract_id.line_ids._follow_pattern()
        return result
