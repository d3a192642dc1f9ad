from datetime import date

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import RenewalCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestRenew(RenewalCommon):
    """From the invoice of a sale to the next period, in force when it is paid."""

    def test_from_the_sale_to_the_third_period(self):
        sale = self._make_invoice(
            [{"product_id": self.machine.id, "price_unit": 125000, "discount": 20}],
            invoice_date="2025-12-20",
        )
        contract = sale._create_service_contracts()
        contract.write({"date_start": "2026-01-01"})
        contract.action_activate()
        self.assertEqual(contract.renewal_base_amount, 100000)
        self.assertEqual(contract.renewal_fee, 30000)
        move = self._issue(contract)
        self.assertEqual(contract.renewal_state, "invoiced")
        self.assertEqual(move.amount_untaxed, 30000)
        line = move.invoice_line_ids
        self.assertEqual(
            (line.service_date_start, line.service_date_end),
            (date(2027, 1, 1), date(2027, 12, 31)),
        )
        self.assertFalse(contract.successor_id)
        self._pay(move)
        successor = contract.successor_id
        self.assertEqual(contract.renewal_state, "renewed")
        self.assertEqual(successor.state, "active")
        self.assertEqual(successor.service_code, contract.service_code)
        self.assertEqual(
            (successor.date_start, successor.date_end, successor.cycle),
            (date(2027, 1, 1), date(2027, 12, 31), 2),
        )
        self.assertEqual(contract.date_end, date(2026, 12, 31))
        self.assertEqual(successor.renewal_fee, 20000)
        third = self._issue(successor)
        self.assertEqual(third.amount_untaxed, 20000)
        self._pay(third)
        self.assertEqual(successor.successor_id.date_start, date(2028, 1, 1))
        self.assertEqual(successor.successor_id.renewal_fee, 20000)

    def test_a_period_is_billed_once(self):
        contract = self._make_renewable()
        self._issue(contract)
        with self.assertRaisesRegex(UserError, "billed already"):
            contract.with_user(self.billing)._create_renewal_invoices()

    def test_a_deleted_draft_gives_the_period_back(self):
        contract = self._make_renewable()
        move = contract.with_user(self.billing)._create_renewal_invoices()
        self.assertTrue(contract.renewal_is_billed)
        self.assertEqual(contract.renewal_state, "none", "a draft is no answer")
        move.action_service_cancel()
        self.assertFalse(contract.renewal_is_billed)
        self.assertEqual(contract.renewal_state, "none")
        self._issue(contract)

    def test_a_cancelled_invoice_gives_the_period_back(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        move.button_draft()
        move.button_cancel()
        self.assertFalse(contract.renewal_is_billed)
        again = self._issue(contract)
        with self.assertRaisesRegex(UserError, "billed by invoice"):
            move.button_draft()
        self.assertEqual(contract._get_live_renewal().move_id, again)

    def test_reset_and_posted_again_renews_once(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        self._pay(move)
        successor = contract.successor_id
        move.button_draft()
        move.action_post()
        self.assertEqual(contract.successor_ids, successor)
        self.assertEqual(contract._get_live_renewal().state, "renewed")

    def test_a_fee_of_zero_renews_when_it_is_accepted(self):
        contract = self._make_renewable(terms={2: 0})
        contract.action_renewal_accept()
        self.assertEqual(contract.renewal_state, "renewed")
        self.assertFalse(contract.renewal_ids)

    def test_accepting_makes_a_draft_and_a_task(self):
        contract = self._make_renewable()
        contract.with_user(self.dispatcher).action_renewal_accept()
        self.assertEqual(contract.renewal_state, "accepted")
        move = contract._get_live_renewal().move_id
        self.assertEqual(move.state, "draft")
        task = contract.activity_search(
            ["service_contract_renewal.mail_activity_type_bill"]
        )
        self.assertEqual(task.user_id, self.billing)
        move.with_user(self.billing).action_service_post()
        self.assertFalse(task.exists().active)

    def test_declining_takes_the_draft_back(self):
        contract = self._make_renewable()
        contract.action_renewal_accept()
        contract.with_user(self.dispatcher).action_renewal_decline(self.reason)
        self.assertEqual(contract.renewal_state, "declined")
        self.assertEqual(contract.renewal_reason_id, self.reason)
        self.assertFalse(contract.renewal_is_billed)
        contract.action_renewal_reopen()
        self.assertEqual(contract.renewal_state, "none")

    def test_a_cancelled_next_period_can_come_back_without_a_second_invoice(self):
        contract = self._make_renewable()
        self._pay(self._issue(contract))
        first = contract.successor_id
        first.action_cancel()
        self.assertFalse(contract.successor_id)
        self.assertEqual(contract.renewal_state, "none")
        contract.action_renewal_accept()
        self.assertEqual(contract.renewal_state, "renewed")
        self.assertNotEqual(contract.successor_id, first)
        self.assertEqual(len(contract.renewal_ids), 1)

    def test_a_prolonged_contract_is_no_longer_due(self):
        contract = self._make_renewable()
        contract.sudo()._set_renewal_due()
        self.assertEqual(contract.renewal_state, "due")
        contract.date_end = "2027-12-31"
        self.assertEqual(contract.renewal_state, "none")
