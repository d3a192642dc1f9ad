from markupsafe import escape

from odoo import models
from odoo.exceptions import AccessError, UserError

from odoo.addons.service_contract.tools.roles import USER

from .service_contract_answer import ACTIVITY_ASK
from .service_contract_renewal import ACTIVITY_BILL
from .service_contract_suspension import ACTIVITY_POST


class ServiceContract(models.Model):
    """What people decide about the next period, and what is done about it at once."""

    _inherit = "service.contract"

    # === ACTIONS === #

    def action_renewal_accept(self):
        """Note that the customers renew; a draft invoice is made at once.

        A fee of zero renews immediately. Where the fee isn't known, billing asks for
        it.

        :raise UserError: a contract can't be renewed (any more)
        """
        self._check_may_decide()
        for contract in self:
            paid = contract._get_live_renewal().state == "renewed"
            if contract.renewal_decision == "accepted" and not paid:
                raise UserError(
                    self.env._(
                        "Contract %(contract)s: the customer accepted already.",
                        contract=contract.display_name,
                    )
                )
        self._stamp_renewal()
        # sudo: decisions are written through these methods only, which check first
        contracts = self.sudo()
        contracts._write_quietly(
            {"renewal_decision": "accepted", "renewal_reason_id": False}
        )
        contracts._close_reminder_tasks()
        contracts._message_log_batch(
            bodies=dict.fromkeys(self.ids, self.env._("The customer renews."))
        )
        contracts._follow_acceptance()
        return True

    def action_renewal_decline(self, reason=None):
        """Note that the customers don't renew.

        :param reason: ``service.renewal.reason`` record or id; None = unknown
        :raise UserError: a contract has its next period, or its invoice is posted
        """
        self._check_may_decide()
        reason = self.env["service.renewal.reason"].browse(
            getattr(reason, "id", reason) or []
        )
        reason.check_access("read")
        self._stamp_renewal()
        # sudo: decisions are written through these methods only, which check first
        contracts = self.sudo()
        for contract in contracts:
            if contract._get_live_renewal().state == "posted":
                raise UserError(
                    self.env._(
                        "Contract %(contract)s: the invoice of the next period is "
                        "posted. Have it credited first.",
                        contract=contract.display_name,
                    )
                )
        contracts._write_quietly(
            {"renewal_decision": "declined", "renewal_reason_id": reason.id}
        )
        text = self.env._("The customer doesn't renew.")
        if reason:
            text = self.env._(
                "The customer doesn't renew: %(reason)s.", reason=reason.name
            )
        contracts._message_log_batch(bodies=dict.fromkeys(self.ids, text))
        contracts.activity_unlink([ACTIVITY_BILL])
        contracts._close_reminder_tasks()
        contracts._drop_next_drafts()
        return True

    def action_renewal_reopen(self):
        """Take a decision back, as long as no invoice of the next period is posted.

        :raise UserError: there is nothing to take back
        """
        self._check_may_decide()
        self._stamp_renewal()
        contracts = self.sudo()  # sudo: as in action_renewal_accept
        for contract in contracts:
            live = contract._get_live_renewal()
            if not contract.renewal_decision or live.state == "posted":
                raise UserError(
                    self.env._(
                        "Contract %(contract)s: there is no decision to take back.",
                        contract=contract.display_name,
                    )
                )
        contracts._write_quietly(
            {
                "renewal_decision": False,
                "renewal_reason_id": False,
                "is_ended_early": False,
            }
        )
        contracts.activity_unlink([ACTIVITY_BILL])
        contracts._drop_next_drafts()
        contracts._message_log_batch(
            bodies=dict.fromkeys(self.ids, self.env._("The decision was taken back."))
        )
        return True

    def action_open_decline(self):
        """Ask for the reason, then decline."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("The Customer Doesn't Renew"),
            "res_model": "service.renewal.decline",
            "view_mode": "form",
            "target": "new",
            "context": {"default_contract_ids": self.ids},
        }

    # === BUSINESS METHODS === #

    def _check_may_decide(self):
        """Refuse decisions where there is nothing to decide (any more).

        :raise AccessError: somebody without the role asks
        :raise UserError: not renewable, without end, draft, cancelled or renewed
        """
        self.check_access("write")
        if not self.env.su and not self.env.user.has_group(USER):
            raise AccessError(
                self.env._("Only service users can record what a customer decided.")
            )
        for contract in self:
            if problem := contract._get_renewal_problem():
                raise UserError(problem)

    def _follow_acceptance(self):
        """Make the draft invoices of accepted contracts; what is free renews now."""
        free = self.filtered(
            lambda contract: (
                contract.has_renewal_fee
                and contract.currency_id.is_zero(contract.renewal_fee)
            )
        )
        # the next period was paid for once, and its contract cancelled
        paid = self.filtered(lambda c: c._get_live_renewal().state == "renewed")
        # what a draft asks for isn't what was accepted
        free._drop_next_drafts()
        if free | paid:
            (free | paid)._renew()
        to_bill = (self - free - paid).filtered(lambda c: not c._get_live_renewal())
        problems = {contract: contract._get_billing_problem() for contract in to_bill}
        ready = to_bill.filtered(lambda contract: not problems[contract])
        for company, contracts in ready.grouped("company_id").items():
            contracts.with_company(company)._make_renewal_invoices()
        for contract in self - free - paid:
            contract._tell_billing(problems.get(contract, ""))

    def _tell_billing_again(self):
        """Give billing the task again where a customer accepted, and the invoice isn't
        posted any more: nobody asks them, nothing else would tell of it.
        """
        for contract in self.filtered(lambda c: c.renewal_state == "accepted"):
            if not contract.currency_id.is_zero(contract.renewal_fee) or (
                not contract.has_renewal_fee
            ):
                contract._tell_billing()

    def _tell_billing(self, problem=""):
        """Give somebody of billing the task to issue the invoice, once."""
        self.ensure_one()
        if self.activity_search([ACTIVITY_BILL]):
            return
        user = self.company_id._get_billing_contact(self.user_id)
        self.activity_schedule(
            ACTIVITY_BILL,
            summary=self.with_context(lang=user.lang).env._(
                "Issue the renewal invoice"
            ),
            note=escape(problem) if problem else False,
            user_id=user.id,
        )

    def _drop_next_drafts(self):
        """Take draft invoices of the next period back; as superuser."""
        moves = self._get_next_renewals().move_id
        moves.filtered(lambda move: move.state == "draft")._drop_service_drafts()

    def _on_terminated(self, date):
        """What bills a contract that was cancelled is taken back, or asked about."""
        result = super()._on_terminated(date)
        # sudo: the invoices of contracts that somebody could cancel
        cancelled = self.sudo().filtered(lambda c: c.state == "cancelled")
        cancelled._close_reminder_tasks()
        cancelled.activity_unlink([ACTIVITY_ASK, ACTIVITY_POST])
        for contract in cancelled:
            contract._drop_next_drafts()
            contract.activity_unlink([ACTIVITY_BILL])
            billed = contract._get_live_renewal() | contract._get_paying_renewal()
            for renewal in billed.filtered("move_id"):
                contract._ask_about_money(
                    self.env._("Cancelled: what about its invoice?"),
                    self.env._(
                        "Invoice %(invoice)s bills %(period)s of a contract that was "
                        "cancelled.",
                        invoice=renewal.move_id.name,
                        period=renewal.display_name,
                    ),
                )
        return result
