from odoo import api, fields, models
from odoo.fields import Domain


class ServiceContract(models.Model):
    """What the nightly jobs do about renewals."""

    _inherit = "service.contract"

    # The order by date_end makes the planner use it even when nothing is due.
    _to_bill_idx = models.Index(
        "(date_end) WHERE state = 'active' AND renewable"
        " AND renewal_is_billed IS NOT TRUE"
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
        if domain := self._get_to_bill_domain():
            contracts._process_due(domain, "_issue_by_job", order="date_end")

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
        # UTC is behind Asia: a day more, and each contract's own date decides
        today = fields.Date.add(fields.Date.today(), days=1)
        return (
            Domain("state", "=", "active")
            & Domain("renewable", "=", True)
            & Domain("renewal_is_billed", "=", False)
            & Domain("renewal_state", "in", ("none", "due", "accepted"))
            & (
                Domain("reminder_hold_until", "=", False)
                | Domain("reminder_hold_until", "<=", today)
            )
            & Domain.OR(
                Domain("company_id", "=", company.id)
                & Domain(
                    "date_end",
                    "<=",
                    fields.Date.add(today, days=company.service_invoice_days_before),
                )
                for company in companies
            )
        )

    def _issue_by_job(self):
        """Make the invoices of due contracts; in companies that say so, post them."""
        for company, contracts in self.grouped("company_id").items():
            contracts._stamp_renewal()
            moves = contracts.with_company(company)._make_renewal_invoices()
            if company.service_invoice_post:
                moves._post_service_invoices()
            else:
                for contract in contracts:
                    contract._tell_billing()

    @api.model
    def _cron_renew_paid(self):
        """Renew what was settled on paths that call no hook, and carry unused rights
        over from periods that are over.
        """
        contracts = self.with_context(active_test=False)
        renewals = self.env["service.renewal"]
        last = None
        while (settled := renewals._find_settled()) and settled != last:
            first = settled.filtered("is_first_period")
            first._set_state("renewed")
            contracts._process_due(
                Domain("id", "in", (settled - first).contract_id.ids)
                & Domain("renewal_state", "=", "invoiced"),
                "_renew",
                order="id",
            )
            last = settled
        contracts._process_due(
            Domain("state", "=", "expired")
            & Domain("carry_due_on", "!=", False)
            & Domain(
                "carry_due_on", "<=", fields.Date.add(fields.Date.today(), days=1)
            ),
            "_carry_over",
            order="carry_due_on",
        )
