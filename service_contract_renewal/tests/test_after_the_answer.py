from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common_reminder import ASK, BILL, CALL, FOLLOW, POST, REVIEW, ReminderCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-12-01 03:00:00")
class TestAfterTheAnswer(ReminderCommon):
    """Invoices are corrected, payments bounce, contracts are cancelled or prolonged:
    nobody is asked, or suspended, for something that isn't so.
    """

    def _letters(self, contract):
        return contract.notice_ids.filtered(lambda notice: notice.kind == "letter")

    # === PAID === #

    def test_who_paid_is_neither_asked_nor_suspended(self):
        """Settled on a path that calls no hook, and the job that renews is late."""
        contract = self._make_renewable()
        move = self._issue(contract)
        move.invoice_date_due = "2026-12-31"
        self.env.cr.execute(
            "UPDATE account_move SET payment_state = 'paid' WHERE id = %s", [move.id]
        )
        self.env.invalidate_all()
        self.assertEqual(contract.renewal_state, "invoiced")
        for day in ("2026-12-31", "2027-01-20"):
            self._run_all(day)
        self.assertEqual(contract.state, "expired")
        self.assertFalse(contract.notice_ids)

    def test_a_paid_period_whose_contract_was_cancelled(self):
        contract = self._make_renewable()
        self._pay(self._issue(contract))
        contract.successor_id.action_cancel()
        for day in ("2026-12-20", "2027-01-01", "2027-02-01"):
            self._run_all(day)
        self.assertEqual(contract.state, "expired")
        self.assertFalse(contract.notice_ids)
        contract.action_suspend(reason="unpaid")
        self.assertFalse(contract._get_letter_move(), "nobody pays twice")

    def test_a_payment_that_bounces_is_asked_for_again(self):
        self.company.service_renew_on = "posting"
        contract = self._make_renewable()
        move = self._issue(contract)
        move.invoice_date_due = "2026-12-31"
        payment = self._pay(move)
        for day in ("2027-01-02", "2027-01-20"):
            self._run_all(day)
        successor = contract.successor_id
        self.assertEqual((successor.state, len(contract.notice_ids)), ("active", 0))
        with freeze_time("2027-01-21 03:00:00"):
            payment.move_id.line_ids.remove_move_reconcile()
            self.assertEqual(move.payment_state, "not_paid")
        self.env.flush_all()
        self.assertTrue(successor.suspension_due_at)
        self._run_all("2027-01-21")
        self.assertEqual(successor.state, "suspended")

    def test_reminders_begin_where_an_invoice_is_open_already(self):
        self.company.service_renew_on = "posting"
        self.company.service_reminders_since = False
        contract = self._make_renewable()
        self._issue(contract)
        self.company.service_reminders_since = "2026-12-01"
        self._run(self.remind_job, "2026-12-02 03:00:00")
        self.assertIn("is still open", self._mails(contract).body_html)

    # === CORRECTED === #

    def test_an_invoice_that_is_corrected_suspends_nobody(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        move.invoice_date_due = "2027-02-10"
        for day in ("2026-12-31", "2027-01-20"):
            self._run_all(day)
        with freeze_time("2027-01-20 21:00:00"):
            move.button_draft()
        self._run(self.suspend_job, "2027-01-21 03:00:00")
        self.assertEqual(contract.state, "expired")

    def test_billing_is_told_again_where_the_customer_accepted(self):
        for undo in ("button_draft", "cancel", "credit"):
            with self.subTest(undo=undo):
                contract = self._make_renewable()
                contract.action_renewal_accept()
                move = contract._get_live_renewal().move_id
                move.with_user(self.billing).action_service_post()
                self.assertFalse(contract.activity_search([BILL]))
                if undo == "credit":
                    refund = move._reverse_moves(cancel=True)
                    self.assertEqual(refund.state, "posted")
                else:
                    move.button_draft()
                    if undo == "cancel":
                        move.button_cancel()
                self.assertEqual(contract.renewal_state, "accepted")
                self.assertEqual(len(contract.activity_search([BILL])), 1)

    def test_suspended_for_an_invoice_that_is_no_more(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        for day in ("2026-12-31", "2027-02-20"):
            self._run_all(day)
        self.assertEqual(contract.suspension_reason, "unpaid")
        with freeze_time("2027-02-21 03:00:00"):
            move._reverse_moves(cancel=True)
            self.assertEqual(contract.suspension_reason, "not_renewed")
            self.assertIn("until it is renewed", contract._get_refusal())

    # === HOLD === #

    def test_a_hold_that_is_over(self):
        contract = self._make_renewable()
        contract._hold(fields.Date.to_date("2027-01-14"), "Away")
        self.assertTrue(contract.reminder_is_held)
        with freeze_time("2027-01-14 03:00:00"):
            contract.invalidate_recordset()
            self.assertFalse(contract.reminder_is_held)
        for day in ("2026-12-31", "2027-01-14"):
            self._run_all(day)
        self.assertEqual(contract.state, "expired")
        # it was over before the day of the suspension, and puts nothing off
        self._run_all("2027-01-15")
        self.assertEqual(contract.state, "suspended")

    def test_nobody_is_held_for_ever(self):
        contract = self._make_renewable()
        for day, text in (("2099-12-31", "within 5 years"), ("2026-12-01", "future")):
            with self.assertRaisesRegex(UserError, text):
                contract._hold(fields.Date.to_date(day), "Never")

    def test_a_hold_goes_on_with_the_period_that_is_not_paid(self):
        self.company.service_renew_on = "posting"
        contract = self._make_renewable()
        contract._hold(fields.Date.to_date("2027-03-01"), "Promised for February")
        self._issue(contract)
        successor = contract.successor_id
        self.assertEqual(str(successor.reminder_hold_until), "2027-03-01")
        self.assertFalse(contract.reminder_hold_until)
        for day in ("2027-01-14", "2027-01-20"):
            self._run_all(day)
        self.assertEqual(successor.state, "active")
        self.assertTrue(successor.reminder_can_hold)
        with freeze_time("2027-01-21 03:00:00"):
            successor.action_release_hold()
        self._run_all("2027-01-21")
        self.assertEqual(successor.state, "suspended")

    # === DECIDED OTHERWISE === #

    def test_a_decision_taken_back_asks_again(self):
        contract = self._make_renewable()
        self._run_all("2026-12-01")
        contract.action_renewal_decline(self.reason)
        self._run_all("2026-12-16")
        self.assertEqual(len(contract.notice_ids), 1)
        contract.action_renewal_reopen()
        self._run_all("2026-12-17")
        self.assertEqual(self._told(contract), [(self.second, 0), (self.second, 1)])

    def test_a_prolonged_contract_is_asked_before_its_new_end(self):
        contract = self._make_renewable()
        for day in ("2026-12-01", "2026-12-20", "2027-01-01"):
            self._run_all(day)
        asked = len(contract.notice_ids)
        contract.date_end = "2027-12-31"
        self.assertEqual(contract.state, "active")
        self._run_all("2027-09-01")
        self.assertEqual(len(contract.notice_ids), asked)
        self._run_all("2027-10-02")
        self._run_all("2027-12-01")
        self.assertEqual(
            self._told(contract)[asked:], [(self.first, 0), (self.second, 2)]
        )
        self.assertEqual(str(contract.notice_ids[0].due_date), "2027-12-01")

    def test_a_cancelled_contract_leaves_nobody_a_task(self):
        self.customer.email = False
        contract = self._make_renewable()
        self._run_all("2026-12-02")
        self.assertTrue(contract.activity_search([CALL]))
        contract.action_cancel()
        self.assertFalse(contract.activity_search([ASK, BILL, CALL, FOLLOW, POST]))

    def test_a_stage_that_is_deleted_leaves_its_place_to_the_plan(self):
        own = self.env["service.renewal.stage"].create(
            {"name": "Own", "template_id": self.template.id, "days_before": 5}
        )
        contract = self._make_renewable(template_id=self.template.id)
        self._run_all("2026-12-01")
        self.assertFalse(contract.notice_ids)
        own.unlink()
        self._run_all("2026-12-02")
        self.assertEqual(self._told(contract), [(self.second, 0)])

    def test_new_companies_get_stages_of_their_own(self):
        self.env.ref("service_contract_renewal.stage_last").template_id = self.template
        company = self.env["res.company"].create({"name": "Daughter"})
        self.assertEqual(company.service_stage_ids.company_id, company)
        self.assertEqual(
            sorted(company.service_stage_ids.mapped("days_before")), [30, 90]
        )

    def test_looked_at_and_to_be_looked_at_again(self):
        contract = self._make_renewable(user_id=self.dispatcher.id)
        contract.action_suspend(reason="unpaid")
        contract.activity_search([REVIEW]).action_feedback("They will pay")
        self.assertFalse(contract.activity_search([REVIEW]))
        contract.suspension_review_date = "2027-02-01"
        [task] = contract.activity_search([REVIEW])
        self.assertEqual(str(task.date_deadline), "2027-02-01")

    def test_grace_days_are_looked_at_by_the_next_run(self):
        contract = self._make_renewable()
        self._run_all("2026-12-31")
        self.company.service_grace_days = 3
        self._run_all("2027-01-03")
        self.assertEqual(contract.state, "suspended")

    def test_the_stages_of_every_company_have_names_in_thai(self):
        self.env["res.lang"]._activate_lang("th_TH")
        company = self.env["res.company"].create({"name": "Daughter"})
        mine = company.service_stage_ids.sorted("days_before")
        thai = mine.with_context(lang="th_TH")
        for stage in thai:  # as if they were made before the language was there
            stage.name = stage.with_context(lang="en_US").name
        mine[0].name = thai[0].name = "Our own"
        self.env["ir.module.module"]._load_module_terms(
            ["service_contract_renewal"], ["th_TH"]
        )
        names = thai.mapped("name")
        self.assertEqual(names[0], "Our own")
        for stage, name in zip(mine[1:], names[1:], strict=True):
            self.assertNotEqual(stage.name, name)
