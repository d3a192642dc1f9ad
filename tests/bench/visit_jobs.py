"""The nightly jobs of visits: nothing due among 100,000 contracts and 1,000,000 visits,
1,000 due, and what confirming costs beside Odoo's own calendar.
"""

import tracemalloc

from _rows import QUIET, copies
from _visit_rows import A_YEAR, VisitDealer

from odoo.addons.service_contract_schedule.models.service_visit_event import QUIET_EVENT

BATCH = 200
JOBS = {
    "plan": ("service.contract", "_cron_generate_visits", "visits_due_on"),
    "miss": ("service.visit", "_cron_missed_visits", "stop"),
    "confirm": ("service.visit", "_cron_confirm_visits", "start"),
}


def run(bench):
    due = bench.size(1000, least=50)
    idle = bench.size(100_000, least=1000)
    dealer = VisitDealer(bench.env)
    contracts, lines = dealer.promises(due)
    contract = dealer.promise()
    visits = _near_visits(bench, dealer, contract, due)
    ground = Ground(bench, contracts, lines, visits)
    small = {job: ground.run(job) for job in JOBS}
    dealer.fill(idle)
    bench.commit()
    for job in JOBS:
        big = ground.run(job)
        title = f"{job}: {due:,} due among {idle:,} (floor: in a small database)"
        bench.row(title, big, small[job], per=due, ratio=1.2)
        ground.check_batches(job)
    for job in JOBS:
        ground.check_memory(job)
    ground.finish()
    for job in JOBS:
        _nothing_due(bench, job, idle)
    _confirm(bench, dealer, bench.size(500, least=50))


def _near_visits(bench, dealer, contract, count):
    """Make visits that end within the week, each of a contract of its own."""
    env = bench.env
    visit = contract.visit_ids.sorted("start")[0]
    contracts = dealer.copy_contract(contract, count, visits_due_on="NULL")
    lines = copies(
        env,
        contract.line_ids,
        count,
        contract_id=f"{contracts[0]} + n - 1",
        quantity_reserved="1",
        quantity_available=f"{A_YEAR - 1}",
        visits_due_on="NULL",
    )
    first = copies(
        env,
        visit,
        count,
        line_id=f"{lines} + n - 1",
        contract_id=f"{contracts[0]} + n - 1",
        start="now() + interval '2 days'",
        stop="now() + interval '2 days 1 hour'",
    )
    return range(first, first + count)


class Ground:
    """What is due, and how it is made due again after a job has committed."""

    def __init__(self, bench, contracts, lines, visits):
        self.bench = bench
        self.ids = {
            "plan": list(contracts),
            "miss": list(visits),
            "confirm": list(visits),
        }
        self.lines = list(lines)
        self.finish()

    def reset(self, job, share=1.0):
        """Let only ``share`` of what belongs to ``job`` be due."""
        self.finish()
        count = int(len(self.ids[job]) * share)
        ids = self.ids[job][:count]
        if job == "plan":
            self._sql("DELETE FROM service_visit WHERE line_id = ANY(%s)", self.lines)
            self._sql(
                "UPDATE service_contract_line SET quantity_reserved = 0,"
                " quantity_available = quantity, visits_due_on = NULL"
                " WHERE id = ANY(%s)",
                self.lines,
            )
            self._sql(
                "UPDATE service_contract SET visits_due_on = current_date - 1,"
                " write_date = NULL WHERE id = ANY(%s)",
                ids,
            )
        else:
            days = "-5" if job == "miss" else "2"
            self._sql(
                "UPDATE service_visit SET state = 'planned', confirm_asked_on = NULL,"
                f" start = now() + interval '{days} days', write_date = NULL,"
                f" stop = now() + interval '{days} days 1 hour' WHERE id = ANY(%s)",
                ids,
            )
        self.bench.commit()
        return ids

    def finish(self):
        """Leave nothing due."""
        self._sql(
            "UPDATE service_contract SET visits_due_on = current_date + 300"
            " WHERE id = ANY(%s)",
            self.ids["plan"],
        )
        self._sql(
            "UPDATE service_visit SET state = 'done' WHERE id = ANY(%s)",
            self.ids["miss"],
        )
        self._sql(
            "DELETE FROM mail_activity"
            " WHERE res_model IN ('service.visit', 'service.contract')"
            " AND (res_id = ANY(%s) OR res_id IS NOT NULL)",
            self.ids["miss"],
        )
        self._sql(
            "DELETE FROM mail_message WHERE model = 'service.visit'"
            " AND res_id = ANY(%s)",
            self.ids["miss"],
        )
        self.bench.commit()

    def _sql(self, query, ids):
        self.bench.sql(query, [ids])

    def run(self, job):
        """Return the cost of the job; it commits, so what is due is made due again."""
        costs = []
        for _time in range(3):
            self.reset(job)
            costs.append(self.bench.measure(work(job), keep=True))
        return sorted(costs, key=lambda cost: cost.seconds)[1]

    def check_batches(self, job):
        """One transaction writes one moment: so the moments tell what was committed."""
        table = "service_contract" if job == "plan" else "service_visit"
        rows = self.bench.sql(
            f"SELECT count(*) FROM {table} WHERE id = ANY(%s)"
            " AND write_date IS NOT NULL GROUP BY write_date",
            [self.ids[job]],
        )
        sizes = [size for (size,) in rows]
        self.bench.check(
            f"{job}: all are done, at most {BATCH} in a transaction",
            sum(sizes) == len(self.ids[job]) and max(sizes) <= BATCH,
            f"{len(sizes)} transactions of at most {max(sizes)}",
        )
        if job == "plan":
            planned = self.bench.sql(
                "SELECT count(*), count(DISTINCT (line_id, occurrence_date))"
                " FROM service_visit WHERE line_id = ANY(%s)",
                [self.lines],
            )
            count = len(self.lines) * A_YEAR
            self.bench.check(
                "plan: each visit once", planned == [(count, count)], str(planned[0])
            )

    def check_memory(self, job):
        """What the job needs at its peak hardly depends on how many are due."""

        def peak(share):
            self.reset(job, share)
            tracemalloc.start()
            self.bench.measure(work(job), keep=True)
            _now, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return most / 2**20

        few, many = peak(0.4), peak(1.0)
        self.bench.check(
            f"{job}: memory with 40 % and with all due (≤ 1.2× + 1 MiB)",
            many <= few * 1.2 + 1,
            f"{few:.1f} and {many:.1f} MiB",
        )


def work(job):
    model, method, _column = JOBS[job]
    return lambda env: getattr(env[model], method)()


def _nothing_due(bench, job, idle):
    """The job asks its index, and nothing else."""
    cost = bench.measure(work(job))
    bench.row(f"{job}: nothing due among {idle:,}", cost, total_sql=5, seconds=0.05)
    statements = _listen(bench, job)
    table = bench.env[JOBS[job][0]]._table
    plans = [bench.explain(query) for query in statements if f'FROM "{table}"' in query]
    bench.check(
        f"{job}: nothing due: the index alone is read",
        plans and all("Index" in text and "Seq Scan" not in text for text in plans),
        "; ".join(
            line.split("  (")[0].strip(" ->")
            for text in plans
            for line in text.splitlines()
            if " on " in line
        ),
    )


def _listen(bench, job):
    """Return the statements of the job as PostgreSQL gets them."""
    heard = []

    def listen(env):
        cursor = env.cr
        execute = type(cursor).execute

        def note(self, query, parameters=None, log_exceptions=True):
            result = execute(self, query, parameters, log_exceptions)
            heard.append(self._obj.query.decode())
            return result

        type(cursor).execute = note
        try:
            work(job)(env)
        finally:
            type(cursor).execute = execute

    bench.measure(listen, 1)
    return heard


def _confirm(bench, dealer, count):
    """Confirm, beside what Odoo takes to write what a confirmed visit has: an entry in
    the calendar, an activity and a line in the log.
    """
    contract = dealer.promise()
    visits = _near_visits(bench, dealer, contract, count)
    bench.commit()

    def prepare(env):
        chosen = env["service.visit"].browse(visits)
        events = [visit._prepare_event_values() for visit in chosen]
        activity = env.ref("service_contract_schedule.mail_activity_type_visit")
        model = env["ir.model"]._get_id(chosen._name)
        activities = [
            {
                "res_model_id": model,
                "res_id": visit.id,
                "activity_type_id": activity.id,
                "summary": visit.display_name,
                "date_deadline": visit._get_local_date(),
                "user_id": visit.user_id.id,
            }
            for visit in chosen
        ]
        env.flush_all()
        return events, activities

    def confirm(env, _values):
        env["service.visit"].browse(visits).action_confirm()

    def create_events(env, values):
        env["calendar.event"].with_context(**QUIET_EVENT).create(values[0])

    def create_with_activities(env, values):
        # linked to a record, an entry of Odoo's own calendar makes its own activity
        model = env["ir.model"]._get_id("service.contract")
        linked = [
            dict(event, res_model_id=model, res_id=contract.id) for event in values[0]
        ]
        env["calendar.event"].with_context(**QUIET_EVENT).create(linked)

    def create_all(env, values):
        create_events(env, values)
        env["mail.activity"].with_context(**QUIET).create(values[1])
        chosen = env["service.visit"].browse(visits)
        chosen._message_log_batch(bodies=dict.fromkeys(visits, "→ Confirmed"))

    ours, floor = bench.compare(confirm, create_all, prepare=prepare)
    title = f"confirm {count} visits (floor: entries, activities and log, by Odoo)"
    bench.row(title, ours, floor, per=count, ratio=1.5)
    ours, floor = bench.compare(confirm, create_with_activities, prepare=prepare)
    title = "the same (floor: the entries, with the activity that Odoo makes of each)"
    bench.row(title, ours, floor, per=count)
    ours, floor = bench.compare(confirm, create_events, prepare=prepare)
    bench.row("the same (floor: the entries alone)", ours, floor, per=count)
