from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.service_contract.models.service_job_mixin import CulpritError

from .service_contract_renewal import ACTIVITY_BILL

BATCH = 200


class ServiceContract(models.Model):
    """What the nightly jobs do about renewals."""

    _inherit = "service.contract"

    # The order by period_end_at makes the planner use it even when nothing is due.
    _to_bill_idx = models.Index(
        "(period_end_at) WHERE state = 'active' AND renewable"
        " AND renewal_is_billed IS NOT TRUE"
    )
    # its predicate is that of the domain below, word for word
    _on_hold_end_idx = models.Index(
        "(period_end_at) WHERE state = 'suspended' AND renewable"
        " AND renewal_state IN ('none', 'due')"
    )
    _carry_due_idx = models.Index(
        "(carry_due_on) WHERE state = 'expired' AND carry_due_on IS NOT NULL"
    )

    @api.model
    def _cron_issue_invoices(self):
        """Mark renewals that have become due, and make the invoices that the settings
        say.
        """
        contracts = self.with_context(active_test=False)
        contracts._process_due(
            self._get_due_renewals_domain(), "_set_renewal_due", order="renewal_due_on"
        )
        contracts._process_due(
            Domain("state", "=", "suspended")
            & Domain("renewable", "=", True)
            & Domain("renewal_state", "in", ("none", "due"))
            & Domain("period_end_at", "<=", fields.Datetime.now()),
            "_lapse",
            order="period_end_at",
        )
        if domain := self._get_to_bill_domain():
            contracts._process_due(domain, "_issue_by_job", order="period_end_at")

    @api.model
    def _get_to_bill_domain(self):
        """Return the domain of contracts to bill automatically; None where no company
        wants that.
        """
        companies = (
            self.env["res.company"]
            .sudo()  # sudo: a job works for all companies
            .search([("service_invoice_days_before", ">", 0)])
        )
        if not companies:
            return None
        now = fields.Datetime.now()
        return (
            Domain("state", "=", "active")
            & Domain("renewable", "=", True)
            & Domain("renewal_is_billed", "=", False)
            & Domain("renewal_state", "in", ("none", "due", "accepted"))
            # a period is billed when the one before it has begun: short terms would
            # else be billed far ahead, one after the other
            & Domain("service_start_at", "<=", now)
            # what is free of charge renews when somebody accepts it
            & (
                Domain("renewal_fee", "!=", 0)
                | Domain("has_renewal_fee", "=", False)
                | Domain("renewal_decision", "=", "accepted")
            )
            & (
                Domain("reminder_hold_until", "=", False)
                | Domain("reminder_hold_until", "<=", now.date())
            )
            & Domain.OR(
                Domain("company_id", "=", company.id)
                # the midnight after the last day, at the place of service: so many
                # local days before it begin a day earlier
                & Domain(
                    "period_end_at",
                    "<=",
                    now + timedelta(days=company.service_invoice_days_before + 1),
                )
                for company in companies
            )
        )

    def _lapse(self):
        """See that the end of contracts on hold has passed, which expires no job."""
        self.env.add_to_compute(self._fields["renewal_state"], self)
        self.flush_recordset(["renewal_state"])

    def _issue_by_job(self):
        """Make the invoices of due contracts; in companies that say so, post them."""
        problems = {contract: contract._get_billing_problem() for contract in self}
        problems = {contract: text for contract, text in problems.items() if text}
        if problems:
            raise CulpritError(problems)
        for company, contracts in self.grouped("company_id").items():
            contracts._stamp_renewal()
            moves = contracts.with_company(company)._make_renewal_invoices()
            if company.service_invoice_post:
                moves._post_service_invoices()
            else:
                contracts._tell_billing_quietly()

    def _tell_billing_quietly(self):
        """Give billing the task to issue each of these invoices, once, without a mail
        for every one.
        """
        told = self.activity_search([ACTIVITY_BILL])
        untold = self - self.browse(told.mapped("res_id"))
        for user, contracts in untold.grouped(
            lambda contract: contract.company_id._get_billing_contact(contract.user_id)
        ).items():
            contracts.with_context(mail_activity_quick_update=True).activity_schedule(
                ACTIVITY_BILL,
                summary=self.with_context(lang=user.lang).env._(
                    "Issue the renewal invoice"
                ),
                user_id=user.id,
            )

    def _make_renewal_invoices(self, *arguments, **options):
        moves = super()._make_renewal_invoices(*arguments, **options)
        # what a job had failed on goes through now, whoever issues
        self._clear_job_error("_issue_by_job")
        return moves

    @api.model
    def _cron_renew_paid(self):
        """Renew what was settled on paths that call no hook, and carry unused rights
        over from periods that are over.
        """
        contracts = self.with_context(active_test=False)
        progress = self.env["ir.cron"]._commit_progress
        last = 0
        while found := self.env["service.renewal"]._find_settled(last, limit=BATCH):
            last = found[-1].id
            settled = found._get_settled()
            contracts._process_due(
                Domain("id", "in", settled.contract_id.ids)
                & Domain(
                    "renewal_ids",
                    "any",
                    Domain("id", "in", settled.ids)
                    & Domain("state", "=", "posted")
                    & Domain("move_id.state", "=", "posted"),
                ),
                "_renew_by_job",
                order="id",
            )
            if len(found) < BATCH:
                break
            if not progress(remaining=BATCH):
                return
        contracts._process_due(
            Domain("state", "=", "expired")
            & Domain("carry_due_on", "!=", False)
            & Domain("carry_due_on", "<=", fields.Date.today()),
            "_carry_over",
            order="carry_due_on",
        )

    def _renew_by_job(self):
        """Renew what the settled invoices of these contracts pay for."""
        waiting = self.renewal_ids.filtered(lambda renewal: renewal.state == "posted")
        waiting._get_settled()._renew_settled()
