from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command


class ServiceContractTemplateLine(models.Model):
    _name = "service.contract.template.line"
    _inherit = ["service.contract.template.line", "service.visit.pattern"]

    visit_date_ids = fields.One2many(
        "service.visit.date", "template_line_id", string="Given Dates", copy=True
    )

    @api.model
    def _get_entitlement_fields(self):
        return super()._get_entitlement_fields() + self._get_pattern_fields()

    @api.model
    def _get_summary_fields(self):
        return [*super()._get_summary_fields(), "mode", "visit_date_ids.days_after"]

    def _describe_pattern(self):
        if self.mode == "scheduled" and not self.visit_kind:
            return self.env._("not planned yet")
        return super()._describe_pattern() if self.mode == "scheduled" else ""

    def _get_agreed_visits(self):
        return None if self.is_unlimited else self.quantity

    def _get_typed_dates(self):
        """Return the dates of the visits of a service that would start today."""
        start = self._get_sample_start()
        return sorted(
            start + timedelta(days=days)
            for days in self.visit_date_ids.mapped("days_after")
        )

    def _describe_dates(self):
        days = sorted(self.visit_date_ids.mapped("days_after"))
        if not days:
            return super()._describe_dates()
        return self.env._(
            "%(days)s days after the start", days=", ".join(map(str, days))
        )

    def _get_sample_start(self):
        company = self.company_id or self.env.company
        return self.env["service.contract"]._get_company_today(company)

    def _prepare_line_values(self, contract):
        values = super()._prepare_line_values(contract)
        if self.visit_kind == "dates":
            start = contract.date_start or self._get_sample_start()
            values["visit_date_ids"] = [
                Command.create({"date": start + timedelta(days=days)})
                for days in self.visit_date_ids.mapped("days_after")
            ]
        technician = values.get("technician_id") and self.technician_id
        # sudo: which companies a technician works for, to pass over a foreign one
        if technician and contract.company_id not in technician.sudo().company_ids:
            values["technician_id"] = False
        return values

    def action_edit_pattern(self):
        """Open the dialog that edits the pattern, with the coming dates beside it."""
        return self.env["service.visit.pattern.edit"]._open_for(self)
