from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .common import RenewalCommon
from .common_fees import FeeMixin


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestFeesOfASale(FeeMixin, RenewalCommon):
    """The base of a sale: frozen with the contract, lowered when machines come back."""

    def _sell(self, quantity=1, price=125000, discount=20, per_unit=False, **values):
        sale = self._make_invoice(
            [
                {
                    "product_id": self.machine.id,
                    "price_unit": price,
                    "discount": discount,
                    "quantity": quantity,
                }
            ],
            invoice_date="2026-01-01",
            **values,
        )
        contract = sale._create_service_contracts(per_unit=per_unit)
        return sale, contract

    def _credit(self, sale, quantity=None):
        """Post a credit note of so many units of the sale; of all if empty."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=sale.ids)
            .create({"journal_id": sale.journal_id.id})
        )
        refund = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        if quantity is not None:
            refund.invoice_line_ids.quantity = quantity
        refund.action_post()
        return refund

    def _review(self, contract, user=None):
        """Open the dialog on the base, as the manager does."""
        action = contract.with_user(user or self.manager).action_review_base()
        return (
            self.env[action["res_model"]]
            .with_user(user or self.manager)
            .browse(action["res_id"])
        )

    def test_a_contract_activated_with_the_posting_has_its_base(self):
        """Invoice posted, contract made and active: one transaction, one base."""
        self.template.autocreate = "active"
        sale = self._make_invoice(
            [{"product_id": self.machine.id, "price_unit": 125000, "discount": 20}],
            invoice_date="2026-01-01",
        )
        contract = sale.service_contract_ids
        self.assertEqual(contract.state, "active")
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(contract.renewal_base_amount, 100000)
        self.assertEqual(contract.renewal_fee, 30000)
        self.assertEqual(contract._get_renewal_fee(1), 40000)

    def test_the_preview_names_the_invoice(self):
        sale, contract = self._sell()
        lines = self._preview(contract)
        self.assertIn(f"Sewing machine {sale.name} $ 125,000.00 $ 100,000.00", lines)
        self.assertIn(f"Invoice {sale.name}, untaxed total $ 100,000.00", lines)

    def test_a_sale_added_to_a_running_contract_raises_the_base(self):
        _sale, contract = self._sell()
        contract.action_activate()
        more = self._make_invoice(
            [{"product_id": self.machine.id, "price_unit": 30000}],
            invoice_date="2026-03-01",
        )
        builder = self.env["service.contract.builder"]
        plans = builder._plan(more)
        plans[0].contract = contract
        builder._build(plans)
        self.assertEqual(contract.renewal_base_amount, 130000)
        self.assertEqual(contract.renewal_fee, 39000)

    def test_a_credit_note_changes_nothing_until_a_manager_agrees(self):
        sale, contract = self._sell(quantity=4, price=31250)
        contract.action_activate()
        self.assertEqual(contract.renewal_base_amount, 100000)
        issued = self._issue(contract)
        self._credit(sale, quantity=1)
        self.assertEqual(contract.renewal_base_amount, 100000)
        self.assertTrue(
            contract.activity_search(
                ["service_contract.mail_activity_type_credit_note"]
            )
        )
        dialog = self._review(contract)
        self.assertEqual(dialog.base_now, 100000)
        self.assertEqual(dialog.line_ids.amount_credited, 25000)
        self.assertEqual(dialog.line_ids.amount_new, 75000)
        self.assertEqual(dialog.base_new, 75000)
        dialog.action_agree()
        self.assertEqual(contract.renewal_base_amount, 75000)
        # the invoice that is issued stays; the next ones follow
        self.assertEqual(issued.amount_untaxed, 30000)
        self._pay(issued)
        self.assertEqual(contract.successor_id.renewal_base_amount, 75000)
        self.assertEqual(contract.successor_id.renewal_fee, 15000)

    def test_what_was_agreed_once_is_not_proposed_again(self):
        sale, contract = self._sell(quantity=4, price=31250)
        contract.action_activate()
        self._credit(sale, quantity=1)
        self._review(contract).action_agree()
        again = self._review(contract)
        self.assertEqual(again.line_ids.amount_credited, 0)
        self.assertEqual(again.base_new, 75000)
        again.action_agree()
        self.assertEqual(contract.renewal_base_amount, 75000)
        self._credit(sale, quantity=2)
        self.assertEqual(self._review(contract).base_new, 25000)

    def test_before_discount_the_same_share_is_taken_off(self):
        sale, contract = self._sell(quantity=4, price=31250)
        contract.renewal_base = "before_discount"
        contract.action_activate()
        self.assertEqual(contract.renewal_base_amount, 125000)
        self._credit(sale, quantity=1)
        dialog = self._review(contract)
        self.assertEqual(dialog.base_new, 93750)
        dialog.action_agree()
        self.assertEqual(contract.renewal_base_amount, 93750)
        self.assertEqual(contract.item_ids.amount_after_discount, 75000)

    def test_a_sale_credited_in_full_leaves_no_base(self):
        for base in ("before_discount", "after_discount"):
            with self.subTest(base=base):
                sale, contract = self._sell()
                contract.renewal_base = base
                contract.action_activate()
                self._credit(sale)
                self._review(contract).action_agree()
                self.assertEqual(contract.renewal_base_amount, 0)

    def test_one_of_several_machines_comes_back(self):
        sale, contract = self._sell(quantity=3, price=20000, discount=0, per_unit=True)
        contract.action_activate()
        self._credit(sale, quantity=1)
        dialog = self._review(contract)
        self.assertEqual(
            sorted(dialog.line_ids.mapped("amount_new")), [0, 20000, 20000]
        )
        dialog.action_agree()
        self.assertEqual(contract.renewal_base_amount, 40000)

    def test_the_manager_decides_otherwise(self):
        sale, contract = self._sell(quantity=3, price=20000, discount=0, per_unit=True)
        contract.action_activate()
        self._credit(sale, quantity=1)
        dialog = self._review(contract)
        first, second, third = dialog.line_ids
        first.amount_new = 20000
        second.is_kept = False
        third.amount_new = 5000
        self.assertEqual(dialog.base_new, 25000)
        dialog.action_agree()
        self.assertEqual(contract.renewal_base_amount, 25000)
        self.assertEqual(
            contract.item_ids.mapped("counts_in_base"), [True, False, True]
        )

    def test_amounts_below_zero_are_refused(self):
        _sale, contract = self._sell()
        contract.action_activate()
        dialog = self._review(contract)
        dialog.line_ids.amount_new = -1
        with self.assertRaisesRegex(UserError, "negative"):
            dialog.action_agree()

    def test_a_draft_credit_note_is_none_yet(self):
        sale, contract = self._sell()
        contract.action_activate()
        sale._reverse_moves()
        self.assertEqual(self._review(contract).base_new, 100000)

    def test_only_managers_review_the_base(self):
        _sale, contract = self._sell()
        contract.action_activate()
        for user in (self.dispatcher, self.billing):
            with self.assertRaises(AccessError):
                contract.with_user(user).action_review_base()
        dialog = self._review(contract)
        other = self._make_user("other", "service_contract.group_service_manager")
        with self.assertRaises(AccessError):
            dialog.with_user(other).action_agree()
