from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .common_reminder import BILL, CALL, FOLLOW, ReminderCommon

PROBLEM = "service_contract.mail_activity_type_job_error"
JOB_LOGGER = "odoo.addons.service_contract.models.service_job_mixin"


@tagged("post_install", "-at_install")
@freeze_time("2026-06-01 03:00:00")
class TestReminders(ReminderCommon):
    """Customers are asked in time, in their language, until somebody decides."""

    # === IN TIME === #

    def test_a_year_of_silence(self):
        contract = self._make_renewable()
        day = fields.Date.to_date("2026-09-25")
        while day < fields.Date.to_date("2027-01-14"):
            self._run_all(day)
            day += timedelta(days=3)
        self.assertEqual(
            self._told(contract),
            [
                (self.first, 0),
                (self.second, 0),
                (self.second, 1),
                (self.second, 2),
                (self.last, 0),
            ],
        )
        self.assertEqual(len(self._mails(contract)), 5)

    def test_the_day_is_that_of_the_place_of_service(self):
        bangkok = self._make_renewable()
        brussels = self._make_renewable(tz="Europe/Brussels")
        # 2 October begins in Bangkok at 17:00, in Brussels at 22:00 of 1 October (UTC)
        self._run(self.remind_job, "2026-10-01 16:59:00")
        self.assertFalse((bangkok | brussels).notice_ids)
        self._run(self.remind_job, "2026-10-01 17:01:00")
        self.assertTrue(bangkok.notice_ids)
        self.assertFalse(brussels.notice_ids)
        self._run(self.remind_job, "2026-10-01 22:01:00")
        self.assertTrue(brussels.notice_ids)

    def test_ten_runs_a_day_send_one_mail(self):
        contract = self._make_renewable()
        for hour in range(10, 20):
            self._run(self.remind_job, f"2026-10-05 {hour}:00:00")
        self.assertEqual(self._told(contract), [(self.first, 0)])
        self.assertEqual(len(self._mails(contract)), 1)

    def test_done_and_archived_tasks_call_nothing_back(self):
        contract = self._make_renewable()
        self._run(self.remind_job, "2026-10-05 10:00:00")
        task = contract.activity_search([FOLLOW])
        self.assertEqual(len(task), 1)
        task.action_feedback()
        self._run(self.remind_job, "2026-10-06 10:00:00")
        self.assertFalse(contract.activity_search([FOLLOW]))
        self.assertEqual(len(contract.notice_ids), 1)

    def test_it_is_due_from_the_first_reminder_on(self):
        self.first.days_before = 120
        contract = self._make_renewable()
        self._run(self.remind_job, "2026-09-05 10:00:00")
        self.assertEqual(contract.renewal_state, "due")

    def test_a_template_has_its_own_plan(self):
        own = self.first.copy({"template_id": self.template.id, "days_before": 150})
        contract = self._make_renewable(template_id=self.template.id)
        other = self._make_renewable()
        self._run(self.remind_job, "2026-08-05 10:00:00")
        self.assertEqual(self._told(contract), [(own, 0)])
        self.assertFalse(other.notice_ids)

    def test_the_plan_of_a_template_is_made_on_its_form(self):
        with Form(self.template) as form:
            with form.renewal_stage_ids.new() as row:
                row.name = "Half a year before"
                row.days_before = 180
        stage = self.template.renewal_stage_ids
        self.assertEqual(stage.company_id, self.company)
        copied = self.template.copy()
        self.assertEqual(copied.renewal_stage_ids.mapped("days_before"), [180])
        contract = self._make_renewable(template_id=self.template.id)
        self._run(self.remind_job, "2026-07-10 10:00:00")
        self.assertEqual(self._told(contract), [(stage, 0)])

    def test_a_stage_belongs_to_the_company_of_its_template(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        template = self.template.copy({"company_id": other.id})
        stage = self.env["service.renewal.stage"].create(
            {"name": "Early", "template_id": template.id}
        )
        self.assertEqual(stage.company_id, other)

    def test_a_changed_plan_is_looked_at_by_the_next_run(self):
        contract = self._make_renewable()
        self.first.days_before = 180
        self._run(self.remind_job, "2026-07-10 10:00:00")
        self.assertEqual(self._told(contract), [(self.first, 0)])
        self.first.days_before = 100
        self._run(self.remind_job, "2026-09-30 10:00:00")
        self.assertEqual(len(contract.notice_ids), 1)

    # === NOBODY IS ASKED === #

    def test_nothing_for_the_past_on_an_old_database(self):
        self.company.service_reminders_since = False
        contract = self._make_renewable()
        self._run(self.remind_job, "2026-12-01 10:00:00")
        self.assertFalse(contract.notice_ids)
        with freeze_time("2027-03-01 03:00:00"):
            self._run_all("2027-03-01")
            self.company.service_reminders_since = "2027-03-01"
            self._run_all("2027-03-02")
        self.assertFalse(contract.notice_ids)
        self.assertEqual(contract.state, "expired")

    def test_who_decided_is_left_alone(self):
        accepted, declined, renewed = (self._make_renewable() for _n in range(3))
        accepted.action_renewal_accept()
        declined.action_renewal_decline(self.reason)
        self._pay(self._issue(renewed))
        not_renewable = self._make_renewable(renewable=False)
        draft = self._make_renewable(activate=False)
        self._run_all("2026-12-05")
        for contract in accepted | declined | renewed | not_renewable | draft:
            self.assertFalse(contract.notice_ids, contract.renewal_state)

    def test_a_draft_made_ahead_is_no_answer(self):
        self.company.service_invoice_days_before = 60
        contract = self._make_renewable()
        job = self.env.ref("service_contract_renewal.ir_cron_issue_invoices")
        self._run(job, "2026-11-15 20:00:00")
        move = contract._get_live_renewal().move_id
        self.assertEqual((move.state, contract.renewal_state), ("draft", "due"))
        for day in ("2026-12-01", "2026-12-20", "2027-01-01"):
            self._run_all(day)
        self.assertEqual(
            self._told(contract), [(self.second, 0), (self.second, 1), (self.last, 0)]
        )
        with freeze_time("2027-01-10 03:00:00"):
            contract.sudo()._answer("accept")
        self.assertEqual(contract._get_live_renewal().move_id, move)
        self._run_all("2027-03-01")
        self.assertEqual(contract.state, "expired")
        self.assertEqual(len(contract.notice_ids), 3)

    def test_a_decision_closes_the_tasks(self):
        contract = self._make_renewable()
        self._run(self.remind_job, "2026-10-05 10:00:00")
        self.assertTrue(contract.activity_search([FOLLOW]))
        contract.action_renewal_accept()
        self.assertFalse(contract.activity_search([FOLLOW, CALL]))
        self.assertTrue(contract.activity_search([BILL]))

    def test_held_until_a_day_with_a_reason(self):
        contract = self._make_renewable()
        self._run(self.remind_job, "2026-10-05 10:00:00")
        action = contract.with_user(self.dispatcher).action_open_hold()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.dispatcher)
            .with_context(**action["context"])
            .create({"date_until": "2026-12-20", "reason": "The owner is abroad"})
        )
        wizard.action_hold()
        self.assertEqual(contract.reminder_hold_reason, "The owner is abroad")
        self.assertFalse(contract.activity_search([FOLLOW]))
        self._run(self.remind_job, "2026-12-19 10:00:00")
        self.assertEqual(len(contract.notice_ids), 1)
        self._run(self.remind_job, "2026-12-20 10:00:00")
        self.assertEqual(self._told(contract)[-1], (self.second, 0))
        with self.assertRaisesRegex(UserError, "in the future"):
            contract._hold(fields.Date.to_date("2026-05-01"), "Too late")

    def test_going_on_after_a_hold(self):
        contract = self._make_renewable()
        contract._hold(fields.Date.to_date("2026-12-20"), "A pause")
        contract.action_release_hold()
        self._run(self.remind_job, "2026-10-05 10:00:00")
        self.assertEqual(len(contract.notice_ids), 1)

    # === HOW === #

    def test_in_the_language_of_the_customer_with_the_offer(self):
        self.env["res.lang"]._activate_lang("th_TH")
        self.env["ir.module.module"]._load_module_terms(
            ["service_contract", "service_contract_renewal"], ["th_TH"]
        )
        self.customer.lang = "th_TH"
        contract = self._make_renewable()
        self._run(self.remind_job, "2026-10-05 10:00:00")
        mail = self._mails(contract)
        self.assertIn("สัญญาการบริการ", mail.subject)
        self.assertIn("ต่อสัญญา", mail.body_html)
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(len(mail.attachment_ids), 1)
        self.assertEqual(contract.notice_ids.message_id, mail.mail_message_id)
        self.assertIn(contract._get_answer_url("accept"), mail.body_html)

    def test_the_invoice_address_is_written_to_where_the_customer_has_no_mail(self):
        office = self.env["res.partner"].create(
            {"name": "Office", "email": "office@example.com"}
        )
        contract = self._make_renewable()
        contract.partner_invoice_id = office
        self.customer.email = False
        self._run(self.remind_job, "2026-10-05 10:00:00")
        self.assertEqual(self._mails(contract).recipient_ids, office)

    def test_without_any_address_somebody_calls(self):
        self.customer.email = False
        contract = self._make_renewable(user_id=self.dispatcher.id)
        self._run(self.remind_job, "2026-10-05 10:00:00")
        self.assertFalse(self._mails(contract))
        self.assertEqual(contract.notice_ids.channel, "call")
        task = contract.activity_search([CALL])
        self.assertEqual(task.user_id, self.dispatcher)
        self.assertIn("02 123 4567", task.note)

    def test_who_left_is_not_told(self):
        contract = self._make_renewable(user_id=self.dispatcher.id)
        self.dispatcher.active = False
        self._run(self.remind_job, "2026-10-05 10:00:00")
        task = contract.activity_search([FOLLOW])
        self.assertTrue(task.user_id.active)
        self.assertNotEqual(task.user_id, self.dispatcher)

    def test_follow_ups_renew_the_task_that_is_open(self):
        contract = self._make_renewable()
        for day in ("2026-10-05", "2026-12-01", "2026-12-15"):
            self._run(self.remind_job, f"{day} 10:00:00")
        self.assertEqual(len(contract.notice_ids), 3)
        task = contract.activity_search([FOLLOW])
        self.assertEqual(len(task), 1)
        self.assertEqual(str(task.date_deadline), "2026-12-15")

    def test_an_open_invoice_is_what_is_asked_about(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        self._run(self.remind_job, "2026-12-05 10:00:00")
        mail = self._mails(contract)
        self.assertIn(move.name, mail.subject)
        self.assertIn(move.access_token, mail.body_html)

    def test_where_the_company_renews_on_posting_payment_is_asked_for(self):
        self.company.service_renew_on = "posting"
        contract = self._make_renewable()
        move = self._issue(contract)
        self.assertEqual(contract.renewal_state, "renewed")
        for day in ("2026-12-05", "2026-12-06", "2026-12-20"):
            self._run(self.remind_job, f"{day} 10:00:00")
        mails = self._mails(contract)
        self.assertEqual(len(mails), 2)
        self.assertIn(move.name, mails[0].subject)
        self.assertIn(move.access_token, mails[0].body_html)
        self.assertTrue(contract.activity_search([FOLLOW]))
        with freeze_time("2026-12-22 03:00:00"):
            self._pay(move)
        self.assertFalse(contract.activity_search([FOLLOW]))
        for day in ("2027-01-03", "2027-01-20"):
            self._run_all(day)
        self.assertEqual(len(self._mails(contract)), 2)
        self.assertEqual(contract.successor_id.state, "active")

    def test_a_period_that_is_suspended_is_not_asked_for_its_payment(self):
        self.company.service_renew_on = "posting"
        contract = self._make_renewable()
        self._issue(contract)
        for day in ("2027-01-05", "2027-01-16"):
            self._run_all(day)
        self.assertEqual(contract.successor_id.state, "suspended")
        asked = len(self._mails(contract))
        for day in ("2027-01-20", "2027-02-03"):
            self._run_all(day)
        self.assertEqual(len(self._mails(contract)), asked)

    def test_a_hold_on_the_period_that_runs_holds_its_payment_reminders(self):
        self.company.service_renew_on = "posting"
        contract = self._make_renewable()
        self._issue(contract)
        with freeze_time("2026-12-01 03:00:00"):
            contract.successor_id._hold(fields.Date.to_date("2026-12-28"), "Promised")
        self._run(self.remind_job, "2026-12-20 10:00:00")
        self.assertFalse(contract.notice_ids)
        self._run(self.remind_job, "2026-12-28 10:00:00")
        self.assertEqual(len(contract.notice_ids), 1)
        with freeze_time("2026-12-29 03:00:00"):
            contract.successor_id._hold(fields.Date.to_date("2027-01-10"), "Again")
        self._run(self.remind_job, "2027-01-05 10:00:00")
        self.assertEqual(len(contract.notice_ids), 1)
        with freeze_time("2027-01-06 03:00:00"):
            contract.successor_id.action_release_hold()
        self._run(self.remind_job, "2027-01-07 10:00:00")
        self.assertEqual(len(contract.notice_ids), 2)

    # === ERRORS === #

    @mute_logger(JOB_LOGGER)
    def test_a_reminder_that_fails_holds_up_no_other_work(self):
        contracts = [self._make_renewable() for _n in range(3)]
        contract = contracts[1]
        broken = self.first.mail_template_id.copy(
            {"subject": f"{{{{ 1 / (object.id - {contract.id}) }}}}"}
        )
        self.company.service_stage_ids.mail_template_id = broken
        self._run(self.remind_job, "2027-01-15 10:00:00")
        told = contract.activity_search([PROBLEM])
        self.assertEqual(contract.job_work, "_remind")
        # 16 January begins in Bangkok at 17:00: it is suspended all the same
        self._run(self.suspend_job, "2027-01-15 17:01:00")
        self.assertEqual(contract.state, "suspended")
        # its own problem is still to be seen
        self.assertTrue(contract.job_error)
        self.assertEqual(contract.activity_search([PROBLEM]), told)

    @mute_logger(JOB_LOGGER)
    def test_one_that_fails_stops_no_other_and_is_shown_once(self):
        contracts = [self._make_renewable() for _n in range(5)]
        broken = contracts[2]
        template = self.first.mail_template_id.copy(
            {"subject": f"{{{{ 1 / (object.id - {broken.id}) }}}}"}
        )
        self.first.copy(
            {"template_id": self.template.id, "mail_template_id": template.id}
        )
        broken.template_id = self.template
        for day in (5, 6, 8):
            self._run(self.remind_job, f"2026-10-0{day} 10:00:00")
        for contract in contracts:
            self.assertEqual(bool(contract.notice_ids), contract != broken)
        self.assertTrue(broken.job_error)
        self.assertEqual(
            len(broken.activity_search([PROBLEM])),
            1,
        )

    def test_a_stage_that_was_used_is_archived_not_deleted(self):
        self._make_renewable()
        self._run(self.remind_job, "2026-10-05 10:00:00")
        with self.assertRaisesRegex(UserError, "archive it instead"):
            self.first.unlink()
        self.first.active = False

    def test_an_archived_stage_sends_nothing(self):
        contract = self._make_renewable()
        self.first.active = False
        self._run(self.remind_job, "2026-10-05 10:00:00")
        self.assertFalse(contract.notice_ids)

    # === WHO MAY === #

    def test_the_plan_is_the_managers(self):
        with self.assertRaises(AccessError):
            self.first.with_user(self.dispatcher).days_before = 10
        self.first.with_user(self.manager).days_before = 80

    def test_nobody_holds_without_a_reason(self):
        contract = self._make_renewable()
        for values in ({"reminder_hold_until": "2099-01-01"}, {"suspended_on": False}):
            with self.assertRaises(AccessError):
                contract.with_user(self.manager).write(values)

    def test_the_ledger_is_the_systems(self):
        contract = self._make_renewable()
        self._run(self.remind_job, "2026-10-05 10:00:00")
        with self.assertRaises(AccessError):
            contract.notice_ids.with_user(self.manager).repeat_no = 7
        with self.assertRaises(AccessError):
            contract.notice_ids.with_user(self.manager).unlink()

    def test_who_would_get_what(self):
        self.company.service_reminders_since = False
        contract = self._make_renewable()
        self.customer.copy({"email": False})
        over = self._make_renewable(
            date_start="2025-06-01", date_anchor="2025-06-01", date_end="2026-05-01"
        )
        with freeze_time("2026-10-05 03:00:00"):
            over.sudo()._expire()
            preview = self.env["service.renewal.preview"].with_user(self.manager)
            with self.assertRaises(AccessError):
                preview.with_user(self.dispatcher).action_open()
            shown = preview.browse(preview.action_open()["res_id"])
            self.assertEqual(shown.line_ids.contract_id, contract)
            self.assertEqual(shown.mail_count, 1)
            self.assertFalse(contract.notice_ids)
            shown.action_start()
        self._run(self.remind_job, "2026-10-05 04:00:00")
        self.assertEqual(len(contract.notice_ids), 1)
        self.assertFalse(over.notice_ids)
        with freeze_time("2026-10-05 05:00:00"):
            shown = preview.browse(preview.action_open()["res_id"])
            self.assertFalse(shown.line_ids)
            shown.action_stop()
        self._run(self.remind_job, "2026-12-24 04:00:00")
        self.assertEqual(len(contract.notice_ids), 1)
