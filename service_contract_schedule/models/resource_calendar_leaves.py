from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain


class ResourceCalendarLeaves(models.Model):
    _inherit = "resource.calendar.leaves"

    service_holiday_date = fields.Date(
        readonly=True,
        copy=False,
        help="The public holiday that was loaded for this date.",
    )

    _service_holiday_once = models.UniqueIndex(
        "(calendar_id, service_holiday_date) WHERE service_holiday_date IS NOT NULL",
        "This public holiday was loaded already.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        leaves = super().create(vals_list)
        leaves._replan_visits()
        return leaves

    def write(self, vals):
        dates = {"date_from", "date_to", "calendar_id", "resource_id"} & set(vals)
        if dates:
            self._replan_visits()  # those of the day that was off until now
        result = super().write(vals)
        if dates:
            self._replan_visits()
        return result

    def unlink(self):
        self._replan_visits()
        return super().unlink()

    # === BUSINESS METHODS === #

    def _replan_visits(self):
        """Let the nightly job look again at contracts with visits on these days."""
        general = self.filtered(
            lambda leave: not leave.resource_id and leave.date_from and leave.date_to
        )
        if not general:
            return
        # a visit may have been moved away from the day by its pattern, so that its slot
        # counts as well as its date
        near = Domain.OR(
            Domain("occurrence_date", ">=", leave.date_from.date() - timedelta(days=1))
            & Domain("occurrence_date", "<=", leave.date_to.date() + timedelta(days=1))
            for leave in general
        ) | Domain.OR(
            Domain("start", ">=", leave.date_from - timedelta(days=1))
            & Domain("start", "<=", leave.date_to + timedelta(days=1))
            for leave in general
        )
        # sudo: whoever enters a holiday need not see the visits; the job plans them
        visits = self.env["service.visit"].sudo()
        contracts = visits._read_group(
            near
            & Domain("state", "=", "planned")
            & Domain("start", ">=", fields.Datetime.now())
            & Domain("line_id.non_working_day", "!=", "keep"),
            ["contract_id"],
        )
        visits.contract_id.union(*(contract for (contract,) in contracts))._look_again()
