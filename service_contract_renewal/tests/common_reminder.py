from odoo.tests import freeze_time

from .common import RenewalCommon

FOLLOW = "service_contract_renewal.mail_activity_type_follow_up"
CALL = "service_contract_renewal.mail_activity_type_call"
ASK = "service_contract_renewal.mail_activity_type_question"
POST = "service_contract_renewal.mail_activity_type_post"
BILL = "service_contract_renewal.mail_activity_type_bill"
REVIEW = "service_contract.mail_activity_type_review"


class ReminderCommon(RenewalCommon):
    """Contracts of the year 2026 in Bangkok; the company reminds since January."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.service_reminders_since = "2026-01-01"
        cls.remind_job = cls.env.ref("service_contract_renewal.ir_cron_send_reminders")
        cls.suspend_job = cls.env.ref("service_contract_renewal.ir_cron_suspend_lapsed")
        cls.expiry_job = cls.env.ref("service_contract.ir_cron_expire_contracts")
        stages = cls.company.service_stage_ids.sorted("days_before", reverse=True)
        cls.first, cls.second, cls.last = stages
        cls.customer.phone = "02 123 4567"

    def _run(self, job, at):
        """Run a job as the server does, at an instant (UTC)."""
        self.env.flush_all()
        with freeze_time(at), self.enter_registry_test_mode():
            job.method_direct_trigger()
        self.env.invalidate_all()

    def _run_all(self, day):
        """Run the nightly jobs on a day, at three in the morning in Bangkok."""
        for job in (self.expiry_job, self.remind_job, self.suspend_job):
            self._run(job, f"{day} 20:00:00")

    def _told(self, contract):
        return [
            (notice.stage_id, notice.repeat_no)
            for notice in contract.notice_ids.filtered(
                lambda notice: notice.kind == "reminder"
            ).sorted("id")
        ]

    def _mails(self, contract):
        return self.env["mail.mail"].search(
            [("model", "=", contract._name), ("res_id", "=", contract.id)], order="id"
        )
