from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain

from .service_visit import QUIET

CONFIRM_ACTIVITY = "service_contract_schedule.mail_activity_type_to_confirm"


class ServiceVisit(models.Model):
    """Nightly work on visits: what is to be confirmed, and what was missed."""

    _inherit = "service.visit"

    confirm_asked_on = fields.Date(
        readonly=True,
        copy=False,
        help="The day on which the dispatcher was asked to confirm the visit.",
    )

    _to_confirm_idx = models.Index(
        "(start) WHERE state = 'planned' AND confirm_asked_on IS NULL"
    )

    # === CRON === #

    @api.model
    def _cron_missed_visits(self):
        """Mark as missed what was planned, is past, and has no outcome."""
        now = fields.Datetime.now()
        companies = self.env["res.company"].search(Domain.TRUE)
        limits = {
            company: now - timedelta(days=company.service_missed_days)
            for company in companies
        }
        per_company = Domain.OR(
            Domain("company_id", "in", [company.id for company in group])
            & Domain("stop", "<=", limit)
            for limit, group in companies.grouped(limits.get).items()
        )
        self._process_due(
            Domain("state", "in", ("planned", "confirmed"))
            & Domain("stop", "<=", max(limits.values(), default=now))
            & per_company
            # on hold until the contract is served again
            & Domain("contract_id.state", "!=", "suspended"),
            "_miss",
            order="stop",
        )

    @api.model
    def _cron_confirm_visits(self):
        """Ask the dispatchers to confirm what is near, or confirm it by itself where
        the company says so.
        """
        now = fields.Datetime.now()
        companies = self.env["res.company"].search(Domain.TRUE)
        limits = {
            company: now + timedelta(days=company.service_confirm_days)
            for company in companies
        }
        per_company = Domain.OR(
            Domain("company_id", "in", [company.id for company in group])
            & Domain("start", "<=", limit)
            for limit, group in companies.grouped(limits.get).items()
        )
        self._process_due(
            Domain("state", "=", "planned")
            & Domain("confirm_asked_on", "=", False)
            & Domain("start", ">", now)  # else it is missed, not to be confirmed
            & Domain("start", "<=", max(limits.values(), default=now))
            & per_company
            & Domain("contract_id.state", "in", ("active", "expired")),
            "_ask_to_confirm",
            order="start",
        )

    # === BUSINESS METHODS === #

    def _miss(self):
        self._take_step("missed")

    def _ask_to_confirm(self):
        for company, visits in self.grouped("company_id").items():
            ready = visits.browse()
            if company.service_auto_confirm:
                ready = visits.filtered(
                    lambda visit: visit.user_id and not visit._get_refusal()
                )
                if ready:
                    ready._take_step("confirmed")
            rest = visits - ready
            for user, group in rest.grouped(lambda v: v._get_responsible()).items():
                group._tell_dispatcher(user)
            visits.with_context(**QUIET)._write_as_system(
                {"confirm_asked_on": company._get_service_today()}
            )

    def _tell_dispatcher(self, user):
        """Ask ``user`` to confirm these visits of one company, in one activity for a
        day.
        """
        today = self.company_id._get_service_today()
        kind = self.env.ref(CONFIRM_ACTIVITY)
        listed = Markup("").join(
            Markup("<li>%s, %s</li>") % (visit.display_name, visit.local_time)
            for visit in self
        )
        note = Markup("<ul>%s</ul>") % listed
        activities = self.env["mail.activity"].search(
            Domain("res_model", "=", "service.contract")
            & Domain("activity_type_id", "=", kind.id)
            & Domain("user_id", "=", user.id)
            & Domain("date_deadline", "=", today)
        )
        # whoever sees the contract reads the note: no other company's customers in it
        contracts = self.env["service.contract"]
        if activity := activities.filtered(
            lambda activity: (
                contracts.browse(activity.res_id).company_id == self.company_id
            )
        )[:1]:
            activity.note = (activity.note or Markup("")) + note
            return
        # on the contract: the visit itself may go when its pattern changes
        self[:1].contract_id.with_context(**QUIET).activity_schedule(
            CONFIRM_ACTIVITY,
            date_deadline=today,
            summary=self.env._("Visits to confirm"),
            note=note,
            user_id=user.id,
        )
