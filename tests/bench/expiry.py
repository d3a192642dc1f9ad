"""The nightly job that expires contracts: nothing due, and 1,000 due, among 100,000."""

import tracemalloc

from _rows import Dealer, copies, plan, reads_all

from odoo.fields import Datetime, Domain

BATCH = 200


def run(bench):
    due = bench.size(1000, least=50)
    idle = bench.size(100_000, least=1000)
    env = bench.env
    dealer = Dealer(env)
    model = dealer.contract(date_start="2020-01-01", tz="Asia/Bangkok")
    model.action_activate()
    first = copies(
        env,
        model,
        due,
        name="'SC/D/' || n",
        service_code="'9' || lpad(n::text, 7, '0')",
        service_code_key="'9' || lpad(n::text, 7, '0')",
    )
    model._expire()
    ids = range(first, first + due)
    bench.commit()

    small = _expire(bench, ids)
    running = dealer.contract(date_start=Datetime.now().date())
    running.action_activate()
    copies(
        env,
        running,
        idle,
        name="'SC/R/' || n",
        service_code="'1' || lpad(n::text, 7, '0')",
        service_code_key="'1' || lpad(n::text, 7, '0')",
    )
    env.cr.execute(
        "UPDATE service_contract SET state = 'expired' WHERE id >= %s AND id %% 3 = 0",
        [running.id],
    )
    bench.commit()
    big = _expire(bench, ids)
    title = f"{due:,} due among {idle:,} (floor: the same in a small database)"
    bench.row(title, big, small, per=due, ratio=1.2, sql=2)
    _batches(bench, ids)
    _memory(bench, ids)
    _nothing_due(bench, ids, idle)


def _job(env):
    env["service.contract"]._cron_expire_contracts()


def _reset(bench, ids):
    """Make the due contracts active again, as if the job had never run."""
    bench.sql(
        "UPDATE service_contract SET state = 'active' WHERE id = ANY(%s)", [list(ids)]
    )
    bench.sql(
        "DELETE FROM mail_message"
        " WHERE model = 'service.contract' AND res_id = ANY(%s)",
        [list(ids)],
    )
    bench.commit()


def _expire(bench, ids):
    """Return the cost of the job; it commits, so what is due is made due again."""
    costs = []
    for _time in range(3):
        _reset(bench, ids)
        costs.append(bench.measure(_job, keep=True))
    return sorted(costs, key=lambda cost: cost.seconds)[1]


def _batches(bench, ids):
    """One transaction writes one moment: so the moments tell what was committed."""
    rows = bench.sql(
        "SELECT count(*) FROM service_contract WHERE id = ANY(%s)"
        " AND state = 'expired' GROUP BY write_date",
        [list(ids)],
    )
    sizes = [size for (size,) in rows]
    bench.check(
        f"all are expired, at most {BATCH} in a transaction",
        sum(sizes) == len(ids) and max(sizes) <= BATCH,
        f"{len(sizes)} transactions of at most {max(sizes)}",
    )
    logged = bench.sql(
        "SELECT count(*), count(DISTINCT res_id) FROM mail_message"
        " WHERE model = 'service.contract' AND res_id = ANY(%s)",
        [list(ids)],
    )
    bench.check("each is logged once", logged == [(len(ids), len(ids))], str(logged[0]))


def _memory(bench, ids):
    """What the job needs at its peak hardly depends on how many are due."""

    def peak(chosen):
        _reset(bench, chosen)
        tracemalloc.start()
        bench.measure(_job, keep=True)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most / 2**20

    part = list(ids)[: len(ids) * 2 // 5]
    few, many = peak(part), peak(ids)
    bench.check(
        f"memory with {len(part)} and with {len(ids):,} due (≤ 1.2×)",
        many <= few * 1.2,
        f"{few:.1f} and {many:.1f} MiB",
    )


def _nothing_due(bench, ids, idle):
    cost = bench.measure(_job)
    bench.row(f"nothing due among {idle:,}", cost, total_sql=5)
    now = Datetime.now()
    query = bench.env["service.contract"]._search(
        Domain("state", "=", "active")
        & Domain("period_end_at", "<=", now)
        & (Domain("job_retry_at", "=", False) | Domain("job_retry_at", "<=", now)),
        order="period_end_at",
        limit=BATCH,
    )
    text = plan(bench.env, query, analyze=True)
    bench.check(
        "nothing due: the index alone is read",
        "service_contract_end_idx" in text and not reads_all(text, "service_contract"),
        text.splitlines()[-1].strip(),
    )
