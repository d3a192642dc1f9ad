from odoo.tests import freeze_time, tagged

from .common_money import MoneyCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestPaidInPart(MoneyCommon):
    """Withholding and cash-basis taxes on the fee: ordinary invoices, ordinary ends."""

    def test_a_withheld_tax_on_the_invoice(self):
        """30,000 + 7 % VAT − 3 % withheld = 31,200, and paying that renews."""
        self.fee_product.taxes_id = self._make_tax(7) | self._make_tax(-3)
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self.assertEqual(
            (move.amount_untaxed, move.amount_tax, move.amount_total),
            (30000, 1200, 31200),
        )
        self._pay(move)
        self.assertTrue(contract.successor_id)

    def test_a_tax_withheld_at_payment_is_paid_enough(self):
        """32,100 billed, 900 withheld: 2.8 % stay open until the certificate comes."""
        self.fee_product.taxes_id = self._make_tax(7)
        self.company.service_paid_enough = 3
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self._pay(move, amount=31200)
        self.assertEqual(move.payment_state, "partial")
        self.assertEqual(move.amount_residual, 900)
        self.assertTrue(contract.successor_id)
        self.assertEqual(contract.renewal_state, "renewed")

    def test_a_rest_beyond_paid_enough_is_not(self):
        self.company.service_paid_enough = 3
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self._pay(move, amount=29000)  # 3.3 % stay open
        self.assertFalse(contract.successor_id)
        self._pay(move, amount=100)  # exactly 3 %
        self.assertTrue(contract.successor_id)

    def test_without_the_setting_the_rest_must_be_written_off(self):
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self._pay(move, amount=29100)
        self.assertFalse(contract.successor_id)
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(
                {
                    "payment_date": "2026-11-20",
                    "amount": 1,
                    "payment_difference_handling": "reconcile",
                    "writeoff_account_id": (
                        self.company_data["default_account_expense"].id
                    ),
                }
            )
        )
        wizard._create_payments()
        self.assertTrue(contract.successor_id)

    def test_a_cash_basis_tax_becomes_due_with_the_payment(self):
        self.company.tax_exigibility = True
        waiting, due = self.env["account.account"].create(
            [
                {
                    "code": f"TAX{number}",
                    "name": name,
                    "account_type": "liability_current",
                    "reconcile": True,
                }
                for number, name in enumerate(("VAT not due yet", "VAT due"))
            ]
        )
        tax = self._make_tax(
            7,
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=waiting.id,
        )
        tax.invoice_repartition_line_ids[-1].account_id = due
        self.fee_product.taxes_id = tax
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self.assertEqual(move.amount_total, 32100)
        tax_line = move.line_ids.filtered("tax_line_id")
        self.assertEqual((tax_line.account_id, tax_line.balance), (waiting, -2100))
        self._pay(move)
        self.assertTrue(contract.successor_id)
        entry = move.tax_cash_basis_created_move_ids
        self.assertEqual(entry.state, "posted")
        booked = {line.account_id: line.balance for line in entry.line_ids}
        self.assertEqual((booked[waiting], booked[due]), (2100, -2100))
