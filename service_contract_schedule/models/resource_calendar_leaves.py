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
        # what lies between the slot of a visit and its day decides where it is put off
        # to; a day more on both sides, for the zones
        days = [
            (leave.date_from - timedelta(days=1), leave.date_to + timedelta(days=1))
            for leave in general
        ]
        near = Domain.OR(
            (Domain("occurrence_date", "<=", last.date()) | Domain("start", "<=", last))
            & (
                Domain("occurrence_date", ">=", first.date())
                | Domain("start", ">=", first)
            )
            for first, last in days
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
        # where a day off means no visit, there is none to find
        skipping = Domain.OR(
            (Domain("date_start", "=", False) | Domain("date_start", "<=", last.date()))
            & (Domain("date_end", "=", False) | Domain("date_end", ">=", first.date()))
            for first, last in days
        )
        # sudo: as above
        lines = self.env["service.contract.line"].sudo()
        lines = lines._read_group(
            skipping
            & Domain("non_working_day", "=", "skip")
            & Domain("mode", "=", "scheduled")
            & Domain("visit_kind", "!=", False)
            & Domain("contract_id.state", "=", "active"),
            ["contract_id"],
        )
        found = visits.contract_id.union(*(row[0] for row in contracts + lines))
        found._look_again()
