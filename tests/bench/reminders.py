"""Reminders and suspensions every night: nothing due, and 1,000 due, among 100,000.

Mails are made without their PDF here: how long a PDF takes is the engine's to say, not
ours.
"""

from _jobs import SHARE, JobGround
from _renewal_rows import RenewalDealer
from _rows import copies

BATCH = 20
JOBS = {"remind": "_cron_send_reminders", "suspend": "_cron_suspend_lapsed"}
COLUMNS = {"remind": "reminder_next_at", "suspend": "suspension_due_at"}


def run(bench):
    bench.vacuumed = ("mail_mail", "mail_message", "service_renewal_notice")
    count = bench.size(1000, least=40)
    idle = bench.size(100_000, least=2000)
    dealer = RenewalDealer(bench.env)
    ground = Ground(bench, dealer, count)
    small = {job: ground.run(job) for job in JOBS}
    ground.fill(idle)
    for job in JOBS:
        title = f"{job}: {count:,} due among {idle:,} (floor: in a small database)"
        bench.row(title, ground.run(job), small[job], per=count, ratio=1.2)
        ground.check_batches(job)
    if count * SHARE >= 20 * BATCH:  # else memory has not come to its level
        for job in JOBS:
            ground.check_memory(job)
    for job in JOBS:
        ground.clear()
        cost = bench.measure(ground.work(job))
        bench.row(f"{job}: nothing due among {idle:,}", cost, total_sql=5, seconds=0.05)
        ground.check_reads(job)


class Ground(JobGround):
    """Contracts to be reminded, and contracts to be suspended."""

    JOBS = JOBS

    def __init__(self, bench, dealer, count):
        super().__init__(bench)
        self.dealer = dealer
        env = bench.env
        company = dealer.company
        company.service_reminders_since = env["service.contract"]._get_company_today(
            company
        )
        stages = company.service_stage_ids.sorted("days_before", reverse=True)
        plain = stages[:1].mail_template_id.copy({"report_template_ids": [(5,)]})
        stages.mail_template_id = plain
        env.ref("service_contract_renewal.mail_template_suspension").write(
            {"report_template_ids": [(5,)]}
        )
        dealer.customer.email = "buyer@example.com"
        env.cr.execute(
            "UPDATE res_partner SET email = 'buyer@example.com',"
            " email_normalized = 'buyer@example.com' WHERE id >= %s",
            [dealer.buyers],
        )
        self.ids = {
            "remind": dealer.promises(count),
            "suspend": dealer.promises(count),
        }
        bench.commit()
        self.over = (
            "date_end = date_end - 60, date_start = date_start - 60,"
            " period_end_at = period_end_at - interval '60 days',"
            " service_end_at = service_end_at - interval '60 days'"
        )
        bench.sql(
            "UPDATE service_contract SET renewal_state = 'lapsed',"
            f" {self.over} WHERE id = ANY(%s)",
            [self.ids["suspend"]],
        )
        company.service_reminders_since = "2000-01-01"
        self.clear()

    def clear(self):
        """Leave nothing due, and nothing of what was done."""
        sql = self.bench.sql
        every = [*self.ids["remind"], *self.ids["suspend"]]
        sql("DELETE FROM service_renewal_notice WHERE contract_id = ANY(%s)", [every])
        of_ours = "model = 'service.contract' AND res_id = ANY(%s)"
        sql(
            "DELETE FROM mail_mail WHERE mail_message_id IN"
            f" (SELECT id FROM mail_message WHERE {of_ours})",
            [every],
        )
        sql(f"DELETE FROM mail_message WHERE {of_ours}", [every])
        sql(
            "DELETE FROM mail_activity WHERE res_model = 'service.contract'"
            " AND res_id = ANY(%s)",
            [every],
        )
        sql(
            "UPDATE service_contract SET reminder_next_at = NULL,"
            " suspension_due_at = NULL, state = 'active', suspension_reason = NULL,"
            " suspension_review_date = NULL, write_date = NULL WHERE id = ANY(%s)",
            [self.ids["remind"]],
        )
        sql(
            "UPDATE service_contract SET reminder_next_at = NULL,"
            " suspension_due_at = NULL, state = 'expired', suspension_reason = NULL,"
            " suspension_review_date = NULL, write_date = NULL WHERE id = ANY(%s)",
            [self.ids["suspend"]],
        )
        self.bench.env.invalidate_all()
        self.bench.commit()

    def reset(self, job, share=1.0):
        """Let only ``share`` of what belongs to ``job`` be due."""
        self.clear()
        ids = self.ids[job][: int(len(self.ids[job]) * share)]
        self.bench.sql(
            f"UPDATE service_contract SET {COLUMNS[job]} = '2020-01-01'"
            " WHERE id = ANY(%s)",
            [ids],
        )
        self.bench.env.invalidate_all()
        self.bench.commit()
        self.chosen = ids

    def fill(self, count):
        self.reset("remind", share=1 / len(self.ids["remind"]))
        self.work("remind")(self.bench.env)
        env = self.bench.env
        env.invalidate_all()
        [chosen] = self.chosen
        notice = env["service.contract"].browse(chosen).notice_ids
        mail = notice.mail_id
        ids = self.dealer.fill(count)
        # asked and told within the last weeks, some held for want of payment
        mails = copies(env, mail, count, state="'sent'")
        copies(
            env,
            notice,
            count,
            contract_id=f"{ids[0]} + n - 1",
            mail_id=f"{mails} + n - 1",
            day="current_date - (n % 90)::int",
        )
        self.bench.sql(
            "UPDATE service_contract SET state = 'suspended', suspension_reason ="
            " CASE WHEN id %% 40 = 0 THEN 'unpaid' ELSE 'not_renewed' END"
            " WHERE id >= %s AND id %% 20 = 0",
            [ids[0]],
        )
        self.clear()
        self.bench.sql(
            "UPDATE service_contract SET reminder_next_at = '2100-01-01'::timestamp"
            " + (id %% 200) * interval '1 day', suspension_due_at ="
            " '2100-06-01'::timestamp + (id %% 200) * interval '1 day'"
            " WHERE id != ALL(%s)",
            [[*self.ids["remind"], *self.ids["suspend"]]],
        )
        self.bench.env.invalidate_all()
        self.bench.commit()

    def check_batches(self, job):
        rows = self.bench.sql(
            "SELECT count(*), count(DISTINCT contract_id), count(DISTINCT mail_id)"
            " FROM service_renewal_notice WHERE contract_id = ANY(%s)"
            " GROUP BY create_date",
            [self.chosen],
        )
        sizes = [size for size, _contracts, _mails in rows]
        self.bench.check(
            f"{job}: each once, with one mail, at most {BATCH} in a transaction",
            sum(sizes) == len(self.chosen)
            and all(size == told == mails for size, told, mails in rows)
            and max(sizes) <= BATCH,
            f"{len(sizes)} transactions of at most {max(sizes, default=0)}",
        )
