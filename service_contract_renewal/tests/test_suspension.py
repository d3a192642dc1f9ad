from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common_reminder import POST, REVIEW, ReminderCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-12-01 03:00:00")
class TestSuspension(ReminderCommon):
    """Nobody answers, or nobody pays: after the days of grace the service stops."""

    def _letters(self, contract):
        return contract.notice_ids.filtered(lambda notice: notice.kind == "letter")

    def _silence(self, contract, until="2027-01-16"):
        for day in ("2026-12-31", "2027-01-01", "2027-01-15", until):
            self._run_all(day)

    # === WHEN === #

    def test_silence_ends_in_a_letter(self):
        contract = self._make_renewable()
        # 16 January begins in Bangkok at 17:00 of the 15th (UTC)
        for day in ("2026-12-31", "2027-01-01"):
            self._run_all(day)
        self._run(self.suspend_job, "2027-01-15 16:59:00")
        self.assertEqual(contract.state, "expired")
        self._run(self.suspend_job, "2027-01-15 17:01:00")
        self.assertEqual(contract.state, "suspended")
        self.assertEqual(contract.suspension_reason, "not_renewed")
        self.assertEqual(len(self._letters(contract)), 1)
        letter = self._letters(contract).mail_id
        self.assertIn("suspended", letter.subject)
        self.assertEqual(len(letter.attachment_ids), 1)
        with freeze_time("2027-01-16 03:00:00"):
            self.assertIn("until it is renewed", contract._get_refusal())
            with self.assertRaisesRegex(UserError, "until it is renewed"):
                contract.line_ids[0]._consume(1)

    def test_ten_runs_write_one_letter(self):
        contract = self._make_renewable()
        self._silence(contract)
        for hour in range(1, 10):
            self._run(self.suspend_job, f"2027-01-20 0{hour}:00:00")
        self.assertEqual(len(self._letters(contract)), 1)

    def test_an_accepted_contract_without_invoice_is_never_suspended(self):
        contract = self._make_renewable()
        contract.action_renewal_accept()
        self._silence(contract, "2027-03-01")
        self.assertEqual(contract.state, "expired")

    def test_a_declined_contract_stays_expired_without_a_letter(self):
        contract = self._make_renewable()
        contract.action_renewal_decline(self.reason)
        self._silence(contract, "2027-03-01")
        self.assertEqual(contract.state, "expired")
        self.assertFalse(contract.notice_ids)

    def test_a_hold_holds_the_suspension(self):
        contract = self._make_renewable()
        contract._hold(fields.Date.to_date("2027-02-10"), "Promised to call back")
        self._silence(contract, "2027-02-08")
        self.assertEqual(contract.state, "expired")
        asked = len(contract.notice_ids)
        self._run_all("2027-02-10")
        self.assertEqual(contract.state, "expired")
        self.assertEqual(len(contract.notice_ids), asked + 1)
        self._run_all("2027-02-17")
        self.assertEqual(contract.state, "suspended")

    def test_resumed_by_hand_it_isnt_suspended_the_next_night(self):
        contract = self._make_renewable()
        self._silence(contract)
        with freeze_time("2027-01-20 03:00:00"):
            contract.with_user(self.manager).action_resume()
        self.assertEqual(str(contract.reminder_hold_until), "2027-02-19")
        self._run_all("2027-01-21")
        self.assertEqual(contract.state, "expired")
        self.assertEqual(len(self._letters(contract)), 1)

    def test_the_second_period_isnt_lifted_by_the_payment_of_the_first(self):
        first = self._make_renewable()
        self._pay(self._issue(first))
        contract = first.successor_id
        with freeze_time("2027-11-20 03:00:00"):
            move = self._issue(contract)
            move.invoice_date_due = "2027-12-20"
        for day in ("2027-01-02", "2028-01-02", "2028-01-17", "2028-01-18"):
            self._run_all(day)
        self.assertEqual(contract.state, "suspended")
        self.assertEqual(contract.suspension_reason, "unpaid")
        self.assertEqual(len(self._letters(contract)), 1)
        with freeze_time("2028-01-20 03:00:00"):
            self._pay(move)
        self.assertEqual(contract.state, "expired")
        self.assertEqual(contract.successor_id.state, "active")

    def test_archived_contracts_are_left_alone(self):
        contract = self._make_renewable()
        contract.active = False
        self._silence(contract)
        self.assertEqual(contract.state, "expired")
        self.assertFalse(contract.notice_ids)

    def test_an_open_invoice_gives_grace_from_its_due_date(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        move.invoice_date_due = "2027-01-20"
        self._silence(contract, "2027-02-03")
        self.assertEqual(contract.state, "expired")
        with freeze_time("2027-02-04 03:00:00"):
            self.assertTrue(contract.is_in_force)
        self._run_all("2027-02-04")
        self.assertEqual(contract.suspension_reason, "unpaid")
        self.assertIn(move.name, self._letters(contract).mail_id.body_html)

    def test_where_the_company_renews_on_posting_the_successor_is_suspended(self):
        self.company.service_renew_on = "posting"
        contract = self._make_renewable()
        move = self._issue(contract)
        successor = contract.successor_id
        self.assertTrue(successor)
        self._run_all("2027-01-14")
        self.assertEqual(successor.state, "active")
        self._run_all("2027-01-16")
        self.assertEqual(successor.state, "suspended")
        self.assertEqual(successor.suspension_reason, "unpaid")
        with freeze_time("2027-01-20 03:00:00"):
            self._pay(move)
        self.assertEqual(successor.state, "active")

    def test_paid_where_no_hook_tells_the_job_lifts_it(self):
        self.company.service_renew_on = "posting"
        contract = self._make_renewable()
        move = self._issue(contract)
        self._silence(contract)
        successor = contract.successor_id
        self.assertEqual(successor.state, "suspended")
        self.env.cr.execute(
            "UPDATE account_move SET payment_state = 'paid' WHERE id = %s", [move.id]
        )
        self.env.invalidate_all()
        self._run(self.suspend_job, "2027-01-21 03:00:00")
        self.assertEqual(successor.state, "active")

    def test_companies_may_suspend_nobody(self):
        self.company.service_suspends = False
        contract = self._make_renewable()
        self._silence(contract, "2027-03-01")
        self.assertEqual(contract.state, "expired")
        self.company.service_suspends = True
        self._run(self.suspend_job, "2027-03-02 03:00:00")
        self.assertEqual(contract.state, "suspended")

    # === WHAT FOLLOWS === #

    def test_paying_lifts_it_and_carries_nothing(self):
        contract = self._make_renewable()
        self._silence(contract)
        with freeze_time("2027-02-01 03:00:00"):
            self._pay(self._issue(contract))
        self.assertEqual(contract.state, "expired")
        successor = contract.successor_id
        self.assertEqual(successor.state, "active")
        self.assertFalse(successor.line_ids.usage_ids)
        self.assertFalse(contract.activity_search([REVIEW]))

    def test_every_suspension_is_reviewed(self):
        contract = self._make_renewable(user_id=self.dispatcher.id)
        self._silence(contract)
        self.assertEqual(str(contract.suspension_review_date), "2027-02-15")
        task = contract.activity_search([REVIEW])
        self.assertEqual(str(task.date_deadline), "2027-02-15")
        self.assertEqual(task.user_id, self.dispatcher)
        contract.with_user(self.manager).suspension_review_date = "2027-03-01"
        self.assertEqual(str(task.date_deadline), "2027-03-01")

    def test_by_hand_it_is_told_only_for_want_of_money(self):
        by_hand, unpaid = self._make_renewable(), self._make_renewable()
        by_hand.with_user(self.manager).action_suspend()
        unpaid.with_user(self.manager).action_suspend(reason="unpaid")
        self.assertFalse(self._letters(by_hand))
        self.assertTrue(self._letters(unpaid))
        with self.assertRaisesRegex(UserError, "no letter"):
            by_hand.action_print_letter()
        unpaid.action_print_letter()

    def test_suspended_again_it_is_told_again(self):
        contract = self._make_renewable()
        for _time in range(2):
            contract.with_user(self.manager).action_suspend(reason="unpaid")
            contract.with_user(self.manager).action_resume()
        self.assertEqual(sorted(self._letters(contract).mapped("repeat_no")), [0, 1])

    def test_without_an_address_the_letter_is_posted(self):
        self.customer.email = False
        contract = self._make_renewable()
        self._silence(contract)
        letter = self._letters(contract)
        self.assertEqual(letter.channel, "post")
        self.assertEqual(len(letter.message_id.attachment_ids), 1)
        self.assertTrue(contract.activity_search([POST]))

    def test_a_renewed_contract_is_never_reminded_again(self):
        contract = self._make_renewable()
        self._pay(self._issue(contract))
        self._silence(contract)
        self.assertEqual(contract.state, "expired")
        self.assertFalse(contract.notice_ids)
        self.assertFalse(contract.successor_id.notice_ids)
