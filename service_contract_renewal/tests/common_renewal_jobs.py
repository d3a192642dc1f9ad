from odoo.tests import freeze_time

from .common import RenewalCommon

JOB_LOGGER = "odoo.addons.service_contract.models.service_job_mixin"
BILL = "service_contract_renewal.mail_activity_type_bill"
MONEY = "service_contract_renewal.mail_activity_type_money"
PROBLEM = "service_contract.mail_activity_type_job_error"
NOW = "2026-11-20 03:00:00"  # ten in the morning in Bangkok


class RenewalJobsCommon(RenewalCommon):
    """Runs the jobs as the server does, at a time of one's choice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issue_job = cls.env.ref("service_contract_renewal.ir_cron_issue_invoices")
        cls.paid_job = cls.env.ref("service_contract_renewal.ir_cron_renew_paid")
        cls.expiry_job = cls.env.ref("service_contract.ir_cron_expire_contracts")

    def _run(self, job, at=NOW):
        self.env.flush_all()
        with freeze_time(at), self.enter_registry_test_mode():
            job.method_direct_trigger()
        self.env.invalidate_all()

    def _bank_line(self, amount):
        """Make a line of a bank statement, as it is imported."""
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": "2026-11-20",
                "payment_ref": "Baan Suan Hotel",
                "partner_id": self.customer.id,
                "amount": amount,
            }
        )

    def _match(self, bank_line, move):
        """Reconcile a bank line with an invoice, as the accountant does."""
        _liquidity, suspense, _other = bank_line._seek_for_lines()
        receivable = self._receivable(move)
        suspense.write({"account_id": receivable.account_id.id})
        (suspense | receivable).reconcile()

    def _receivable(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def _reverse(self, move, post=True, **values):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": "2026-11-20"})
        )
        action = wizard.reverse_moves()
        credit = self.env["account.move"].browse(action["res_id"])
        if values:
            credit.invoice_line_ids.write(values)
        if post:
            credit.action_post()
            (self._receivable(credit) | self._receivable(move)).filtered(
                lambda line: not line.reconciled
            ).reconcile()
        return credit
