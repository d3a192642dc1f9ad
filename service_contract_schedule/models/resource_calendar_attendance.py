from odoo import api, models


class ResourceCalendarAttendance(models.Model):
    _inherit = "resource.calendar.attendance"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        attendances = super().create(vals_list)
        attendances._replan_visits()
        return attendances

    def write(self, vals):
        result = super().write(vals)
        if {"dayofweek", "calendar_id", "hour_from", "hour_to"} & set(vals):
            self._replan_visits()
        return result

    def unlink(self):
        self._replan_visits()
        return super().unlink()

    # === BUSINESS METHODS === #

    def _replan_visits(self):
        """Let the nightly job look again where the working days of a company
        change.
        """
        # sudo: which companies work by these hours
        companies = self.env["res.company"].sudo()
        companies = companies.search(
            [("resource_calendar_id", "in", self.calendar_id.ids)]
        )
        if companies:
            companies._replan_visits()
