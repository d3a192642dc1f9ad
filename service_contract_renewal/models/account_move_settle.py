import logging

from odoo import models

_logger = logging.getLogger(__name__)


class AccountMove(models.Model):
    """What payments and credit notes of service invoices mean for their contracts."""

    _inherit = "account.move"

    # === BUSINESS METHODS === #

    def _is_service_paid(self):
        """Tell whether this invoice counts as paid.

        Paid or in payment; blocked with nothing left; or with an open rest of at most
        the percentage of the company's *paid enough*.
        """
        self.ensure_one()
        if self.payment_state in ("paid", "in_payment"):
            return True
        currency, rest = self.currency_id, self.amount_residual
        if self.payment_state == "blocked":
            return currency.is_zero(rest)
        enough = self.company_id.service_paid_enough
        return (
            self.payment_state == "partial"
            and enough > 0
            and currency.compare_amounts(
                rest, currency.round(self.amount_total * enough / 100)
            )
            <= 0
        )

    def _renew_if_paid(self):
        """Renew the contracts of settled invoices; a payment is never held up by it."""
        # sudo: the accountant who registers a payment may have no right on contracts
        waiting = (
            self.sudo()
            .filtered(lambda move: move.service_billing == "renewal")
            .service_renewal_ids.filtered(lambda renewal: renewal.state == "posted")
        )
        if waiting:
            self.env.flush_all()  # the caller's own errors surface here, unmasked
            waiting._get_settled()._renew_or_leave()
        self._lift_if_paid()

    def _lift_if_paid(self):
        """Resume the periods that were suspended until these invoices are paid; what
        fails is left to the job, a payment is never held up by it.
        """
        # sudo: as in _renew_if_paid
        renewals = (
            self.sudo()
            .filtered(lambda move: move.service_billing == "renewal")
            .service_renewal_ids.filtered(
                lambda renewal: (
                    renewal.state == "renewed" and renewal.move_id._is_service_paid()
                )
            )
        )
        # elsewhere nobody is reminded of an invoice once the contract is renewed
        renewals.filtered(
            lambda renewal: renewal.company_id.service_renew_on == "posting"
        ).contract_id._close_reminder_tasks()
        held = renewals.contract_id.successor_id.filtered(
            lambda c: (
                c.state == "suspended"
                and c.suspension_reason == "unpaid"
                # else it waits for the payment of its own next period
                and c.renewal_state != "invoiced"
            )
        )
        if held:
            self.env.flush_all()
            try:
                with self.env.cr.savepoint():
                    held._lift_unpaid()
            except Exception:
                _logger.info("%s is left to the nightly job", held, exc_info=True)

    def _follow_credit(self):
        """See what credit notes mean: an unpaid period is given back, about a paid one
        a person is asked.
        """
        # sudo: as in _renew_if_paid
        for move in self.sudo().filtered(lambda m: m.service_billing == "renewal"):
            if move.payment_state == "reversed":
                move.service_renewal_ids._give_back()
            renewed = move.service_renewal_ids.filtered(
                lambda renewal: renewal.state == "renewed"
            )
            for renewal in renewed:
                contract = renewal.contract_id._for_staff()
                contract._ask_about_money(
                    contract.env._("Paid renewal credited: what about the contract?"),
                    contract.env._(
                        "Invoice %(invoice)s of %(period)s was credited. Nothing was "
                        "changed in the contract.",
                        invoice=move.name,
                        period=renewal.with_env(contract.env).display_name,
                    ),
                )

    def _ask_about_lost_payment(self):
        """Tell a person when a payment is undone; no contract is taken away for it."""
        # sudo: as in _renew_if_paid
        moves = self.sudo().filtered(lambda m: m.service_billing == "renewal")
        moves.service_renewal_ids._look_again_at_payment()
        for move in moves:
            for renewal in move.service_renewal_ids:
                if renewal.state == "renewed" and not (
                    move.state == "posted"
                    and (
                        move._is_service_paid()
                        or renewal.company_id.service_renew_on == "posting"
                    )
                ):
                    contract = renewal.contract_id._for_staff()
                    contract._ask_about_money(
                        contract.env._("Payment undone: what about the contract?"),
                        contract.env._(
                            "Invoice %(invoice)s of %(period)s was paid and isn't any "
                            "more. The contract stays as it is.",
                            invoice=move.name,
                            period=renewal.with_env(contract.env).display_name,
                        ),
                    )
