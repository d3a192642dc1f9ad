from datetime import UTC, datetime, time, timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.clock import to_local


class ResCompany(models.Model):
    _inherit = "res.company"

    service_visit_horizon_days = fields.Integer(
        string="Visits Planned Ahead (Days)", default=400
    )
    service_confirm_days = fields.Integer(
        string="Confirmed Before (Days)",
        default=7,
        help="So many days before a visit the dispatcher is asked to confirm it.",
    )
    service_auto_confirm = fields.Boolean(
        string="Confirm by Itself",
        help="Near visits that have a technician are confirmed without asking.",
    )
    service_missed_days = fields.Integer(
        string="Missed After (Days)",
        default=1,
        help="A visit without outcome is missed so many days after its end.",
    )
    service_dispatcher_id = fields.Many2one(
        "res.users",
        string="Dispatcher",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Who confirms visits and plans missed ones again; empty = whoever is "
        "responsible for the contract.",
    )
    service_technicians_see_all = fields.Boolean(
        string="Technicians See the Whole Team",
        help="Technicians see all visits of the company instead of their own.",
    )

    _service_days_not_negative = models.Constraint(
        "CHECK(service_visit_horizon_days >= 0 AND service_confirm_days >= 0 "
        "AND service_missed_days >= 0)",
        "Days ahead and afterwards can't be negative.",
    )

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if {"service_visit_horizon_days", "resource_calendar_id"} & set(vals):
            self._replan_visits()
        return result

    # === BUSINESS METHODS === #

    def _replan_visits(self):
        """Let the nightly job look again at all running contracts with visits."""
        # sudo: what the job is to look at, whoever may change the company's settings
        contracts = self.env["service.contract"].sudo()
        contracts.flush_model(["state", "company_id", "visits_due_on"])
        self.env["service.visit"].flush_model(["contract_id", "state", "start"])
        self.env.cr.execute(
            SQL(
                """
                UPDATE service_contract AS contract
                   SET visits_due_on = %s
                 WHERE company_id = ANY(%s)
                   AND state = 'active'
                   AND (visits_due_on IS NOT NULL OR EXISTS (
                            SELECT 1 FROM service_visit AS visit
                             WHERE visit.contract_id = contract.id
                               AND visit.state = 'planned'
                               AND visit.start >= %s))
                """,
                contracts._get_due_date(),
                list(self.ids),
                fields.Datetime.now(),
            )
        )
        contracts.invalidate_model(["visits_due_on"], flush=False)

    def _get_service_today(self):
        """Return today's date at the company."""
        self.ensure_one()
        return self.env["service.contract"]._get_company_today(self)

    def _get_service_calendar(self):
        """Return the ``resource.calendar`` with the company's days off.

        :raise UserError: the company has none
        """
        self.ensure_one()
        # sudo: on which days a company works is no secret
        calendar = self.sudo().resource_calendar_id
        if not calendar:
            raise UserError(
                self.env._(
                    "%(company)s has no working hours: choose them in the settings of "
                    "the company, so that days off are known.",
                    company=self.display_name,
                )
            )
        return calendar

    def _get_days_off(self, first, last):
        """Return the dates (local) on which the company doesn't work.

        :param first: first date looked at
        :param last: last date (inclusive)
        :return: frozenset of dates: weekly days off and public holidays
        :raise UserError: the company has no working hours
        """
        calendar = self._get_service_calendar()
        start = datetime.combine(first, time.min, tzinfo=UTC)
        stop = datetime.combine(last, time.max, tzinfo=UTC)
        unusual = calendar._get_unusual_days(start, stop, self)
        return frozenset(
            fields.Date.to_date(day) for day, is_off in unusual.items() if is_off
        )

    def _get_holidays(self, first, last):
        """Return dict date -> name of the public holidays of the company, by its
        calendar.
        """
        calendar = self._get_service_calendar()
        # sudo: public holidays
        leaves = (
            self.env["resource.calendar.leaves"]
            .sudo()
            .search(
                Domain("resource_id", "=", False)
                & Domain("calendar_id", "in", (calendar.id, False))
                & Domain("company_id", "in", (self.id, False))
                & Domain("date_from", "<=", datetime.combine(last, time.max))
                & Domain("date_to", ">=", datetime.combine(first, time.min))
            )
        )
        names = {}
        for leave in leaves:
            day = to_local(leave.date_from, calendar.tz).date()
            end = to_local(leave.date_to, calendar.tz).date()
            while day <= end:
                names[day] = leave.name or ""
                day += timedelta(days=1)
        return names
