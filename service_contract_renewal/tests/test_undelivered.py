from odoo import fields
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from .common_reminder import CALL, FOLLOW, POST, ReminderCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-01 03:00:00")
class TestUndelivered(ReminderCommon):
    """Mails that don't arrive, and tasks that were done: nobody is forgotten."""

    def _fail(self, notice, failure="mail_smtp"):
        """The mail server refuses the mail, as Odoo notes it."""
        notice.mail_id.write({"state": "exception", "failure_type": failure})

    def _tasks(self, contract, kind):
        """Return the tasks that are still open."""
        return contract.activity_search([kind])

    # === TASKS === #

    def test_a_task_that_was_done_is_given_anew_by_the_next_stage(self):
        for email, kind in (("hotel@example.com", FOLLOW), (False, CALL)):
            self.customer.email = email
            contract = self._make_renewable()
            self._run_all("2026-10-02")
            self._tasks(contract, kind).action_feedback("Spoke to them")
            self.assertFalse(self._tasks(contract, kind))
            self._run_all("2026-12-01")
            self.assertEqual(len(self._tasks(contract, kind)), 1, kind)
            done = contract.with_context(active_test=False).activity_ids
            self.assertEqual(len(done.filtered(lambda task: not task.active)), 1)

    def test_texts_are_in_the_language_of_whoever_reads_them(self):
        self.env["res.lang"]._activate_lang("th_TH")
        self.env["ir.module.module"]._load_module_terms(
            ["service_contract", "service_contract_renewal"], ["th_TH"]
        )
        (self.dispatcher | self.billing).lang = "th_TH"
        contract = self._make_renewable(user_id=self.dispatcher.id)
        self._run_all("2026-10-02")
        self.assertIn("ติดตาม", self._tasks(contract, FOLLOW).summary)
        contract.action_renewal_accept()
        [bill] = contract.activity_search(
            ["service_contract_renewal.mail_activity_type_bill"]
        )
        self.assertNotIn("Issue", bill.summary)

    def test_the_mail_and_its_dates_are_in_the_language_of_whoever_gets_it(self):
        self.env["res.lang"]._activate_lang("th_TH")
        self.company.service_buddhist_dates = True
        office = self.env["res.partner"].create(
            {"name": "สำนักงาน", "email": "office@example.com", "lang": "th_TH"}
        )
        self.customer.email = False
        contract = self._make_renewable(partner_invoice_id=office.id)
        self._run_all("2026-10-02")
        mail = self._mails(contract)
        self.assertIn("2569", mail.subject)
        self.assertIn("2569", mail.body_html)
        self.assertNotIn("December", mail.subject)
        contract.action_suspend(reason="not_renewed")
        letter = self._mails(contract) - mail
        self.assertIn("2569", letter.body_html)
        self.assertNotIn("December", letter.body_html)

    # === FAILED MAILS === #

    def test_a_mail_server_that_was_away_is_asked_again(self):
        contract = self._make_renewable()
        self._run_all("2026-10-02")
        notice = contract.notice_ids
        for hour in (21, 22):
            self._fail(notice)
            self._run(self.remind_job, f"2026-10-02 {hour}:00:00")
            self.assertEqual(notice.mail_id.state, "outgoing")
        self.assertEqual(len(contract.notice_ids), 1)

    def test_a_wrong_address_is_told_to_a_person(self):
        for failure in ("mail_email_invalid", "mail_email_missing"):
            contract = self._make_renewable()
            self._run_all("2026-10-02")
            notice = contract.notice_ids
            self._fail(notice, failure)
            self._run(self.remind_job, "2026-10-03 20:00:00")
            self.assertEqual((notice.channel, notice.mail_id.state), ("call", "cancel"))
            [call] = self._tasks(contract, CALL)
            self.assertIn("No e-mail arrives", call.summary)
            self.assertIn("02 123 4567", call.note)
            self._run(self.remind_job, "2026-10-04 20:00:00")
            self.assertEqual(self._tasks(contract, CALL), call)

    def test_after_some_days_somebody_calls(self):
        contract = self._make_renewable()
        self._run_all("2026-10-02")
        self._fail(contract.notice_ids)
        self._run(self.remind_job, "2026-10-09 20:00:00")
        self.assertEqual(contract.notice_ids.channel, "call")
        self.assertTrue(self._tasks(contract, CALL))

    def test_what_isn_t_true_any_more_is_not_sent(self):
        accepted, held, newer = (self._make_renewable() for _number in range(3))
        self._run_all("2026-10-02")
        first = newer.notice_ids
        with freeze_time("2026-10-03 03:00:00"):
            accepted.action_renewal_accept()
            held._hold(fields.Date.to_date("2026-11-01"), "On holiday")
        self._run_all("2026-12-01")
        for notice in (accepted.notice_ids, held.notice_ids[-1], first):
            self._fail(notice)
        with freeze_time("2026-12-02 03:00:00"):
            held._hold(fields.Date.to_date("2027-01-01"), "Again")
        self._run(self.remind_job, "2026-12-02 20:00:00")
        for notice in (accepted.notice_ids, held.notice_ids[-1], first):
            self.assertEqual(notice.mail_id.state, "cancel")
        self.assertFalse(self._tasks(accepted | held | newer, CALL))

    def test_a_letter_that_doesn_t_arrive_is_posted(self):
        contract, paid = self._make_renewable(), self._make_renewable()
        (contract | paid).action_suspend(reason="unpaid")
        letters = (contract | paid).notice_ids
        self._fail(letters, "mail_email_invalid")
        paid.action_resume()
        self._run(self.remind_job, "2026-06-01 20:00:00")
        self.assertEqual(contract.notice_ids.channel, "post")
        self.assertEqual(len(contract.notice_ids.message_id.attachment_ids), 1)
        self.assertTrue(self._tasks(contract, POST))
        self.assertEqual(paid.notice_ids.channel, "mail")
        self.assertEqual(set(letters.mail_id.mapped("state")), {"cancel"})

    def test_what_is_no_address_is_called(self):
        self.customer.email = "n/a"
        contract = self._make_renewable()
        self._run_all("2026-10-02")
        self.assertEqual(contract.notice_ids.channel, "call")

    def test_templates_that_delete_their_mails_lose_none(self):
        self.first.mail_template_id.auto_delete = True
        contract = self._make_renewable()
        self._run_all("2026-10-02")
        self.assertFalse(contract.notice_ids.mail_id.auto_delete)

    # === THE JOBS === #

    def test_nothing_due_costs_next_to_nothing(self):
        for _number in range(3):
            self._make_renewable()
        self.env.flush_all()
        model = self.env["service.contract"].sudo()
        for job in ("_cron_send_reminders", "_cron_suspend_lapsed"):
            self.env.invalidate_all()
            with freeze_time("2026-06-01"), self.assertQueryCount(5):
                getattr(model, job)()

    def test_the_jobs_read_their_indexes(self):
        self._make_renewable()
        self.env.flush_all()
        contracts = self.env["service.contract"].sudo()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        for field in ("reminder_next_at", "suspension_due_at"):
            query = contracts._search(
                [(field, "<=", fields.Datetime.now())], order=field, limit=20
            )
            plan = self.env.execute_query(self._explain(query))
            index = "reminder_idx" if "reminder" in field else "suspension_idx"
            self.assertIn(index, str(plan))
        query = contracts._search(contracts._get_held_unpaid_domain())
        self.assertIn("unpaid_idx", str(self.env.execute_query(self._explain(query))))

    def _explain(self, query):
        return SQL("EXPLAIN %s", query.select())

    def test_each_reminder_costs_the_same(self):
        def cost(count):
            contracts = self.env["service.contract"].union(
                *(self._make_renewable() for _number in range(count))
            )
            self.env.flush_all()
            self.env.invalidate_all()
            with freeze_time("2026-10-02 20:00:00"):
                before = self.cr.sql_log_count
                contracts.sudo()._remind()
                self.env.flush_all()
                return self.cr.sql_log_count - before

        cost(2)  # what is read once for all
        few, many = cost(4), cost(20)
        self.assertLessEqual((many - few) / 16, 8, f"{few} for 4, {many} for 20")

    def test_a_failure_that_no_job_comes_back_to_is_forgotten(self):
        contract = self._make_renewable().sudo()
        contract._flag_job_error(ValueError("can't “do” 'it'"), "_remind")
        contract._flag_job_error(ValueError("can't “do” 'it'"), "_remind")
        kind = "service_contract.mail_activity_type_job_error"
        [task] = self._tasks(contract, kind)
        self.assertEqual(str(task.note).count("do"), 1, "told once")
        contract.action_renewal_decline(self.reason)
        contract._gc_job_errors()
        self.assertTrue(contract.job_error, "a job may come back to it tomorrow")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE service_contract SET write_date = '2026-05-20' WHERE id = %s",
            [contract.id],
        )
        self.env.invalidate_all()
        contract._gc_job_errors()
        self.assertFalse(contract.job_error)
        self.assertFalse(self._tasks(contract, kind))
