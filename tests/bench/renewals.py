"""Renewal invoices, 1,000 at once, against Odoo's own; with one that fails in 200;
against OCA contract; and the nightly jobs: nothing due, and 1,000 due, among 100,000.
"""

from unittest.mock import patch

from _jobs import SHARE, JobGround
from _renewal_rows import RenewalDealer

from odoo.fields import Date

PEERS = True
BATCH = 200
QUIET = {"mail_create_nosubscribe": True, "mail_activity_quick_update": True}
TABLES = (
    "account_move",
    "account_move_line",
    "account_payment",
    "account_partial_reconcile",
    "service_renewal",
)
JOBS = {"issue": "_cron_issue_invoices", "renew": "_cron_renew_paid"}


def run(bench):
    bench.vacuumed = TABLES
    count = bench.size(1000, least=40)
    idle = bench.size(100_000, least=2000)
    dealer = RenewalDealer(bench.env)
    ids = dealer.promises(count)
    bench.commit()
    _invoices(bench, ids)
    _one_fails(bench, dealer, ids)
    _against_peer(bench, dealer, ids[: bench.size(400, least=40)])

    ground = Ground(bench, ids)
    small = {job: ground.run(job) for job in JOBS}
    dealer.fill(idle)
    bench.commit()
    for job in JOBS:
        big = ground.run(job)
        title = f"{job}: {count:,} due among {idle:,} (floor: in a small database)"
        bench.row(title, big, small[job], per=count, ratio=1.2)
        ground.check_batches(job)
    for job in JOBS:
        if count * SHARE >= BATCH:  # else there is no second batch
            ground.check_memory(job)
    ground.finish()
    for job in JOBS:
        _nothing_due(bench, ground, job, idle)


# -- invoices


def _values(env, ids):
    """Return the values of the invoices that are to be made."""
    values = []
    for contract in env["service.contract"].browse(ids):
        (start, end), cycle = contract._get_next_periods(1)[0], contract.cycle + 1
        renewal = env["service.renewal"].new(
            {
                "contract_id": contract.id,
                "cycle": cycle,
                "date_start": start,
                "date_end": end,
                "amount": contract._get_renewal_fee(cycle),
            }
        )
        values.append(contract._prepare_renewal_invoice_values(renewal))
    env.invalidate_all(flush=False)
    return values


def _create(env, values):
    return len(env["account.move"].with_context(**QUIET).create(values))


def _invoices(bench, ids):
    def issue(env, _nothing):
        return len(env["service.contract"].browse(ids)._create_renewal_invoices())

    bench.measure(lambda env: issue(env, None) and None, 1)  # a warm registry for both
    ours, floor = bench.compare(
        issue,
        _create,
        prepare=lambda env: None,
        prepare_floor=lambda env: _values(env, ids),
    )
    bench.check("as many as are due", ours.result == len(ids), f"{ours.result:,}")
    title = f"{len(ids):,} renewal invoices (floor: account.move.create of the same)"
    bench.row(title, ours, floor, per=len(ids), ratio=1.15)
    bench.check(
        "SQL of one more than Odoo's own",
        ours.queries - floor.queries <= len(ids) * 0.05 + 40,
        f"{(ours.queries - floor.queries) / len(ids):.3f}",
    )


def _one_fails(bench, dealer, ids):
    """As the job does it: batches of 200, each with one that can't be billed; or, which
    is found out late, one that the database refuses.
    """
    bad = set(ids[37::BATCH])
    good = [one for one in ids if one not in bad]
    gone = dealer._product("No longer sold", "service")
    gone.active = False
    bench.commit()

    def issue(env, breaks):
        contracts = env["service.contract"]
        model = type(contracts)
        failed = 0
        with (
            patch.object(model, "_prepare_renewal_invoice_values", breaks(model)),
            patch("odoo.addons.service_contract.models.service_job_mixin._logger"),
            patch("odoo.sql_db._logger"),
        ):
            for begin in range(0, len(ids), BATCH):
                due = contracts.browse(ids[begin : begin + BATCH])
                failed += len(due._run_halving("_issue_by_job"))
        return failed

    def nothing(model):
        return model._prepare_renewal_invoice_values

    def late(model):
        prepare = model._prepare_renewal_invoice_values

        def broken(self, renewal):
            values = prepare(self, renewal)
            return dict(values, currency_id=2**30) if self.id in bad else values

        return broken

    def archive(env):
        env["service.contract"].browse(bad).renewal_product_id = gone.id
        env.flush_all()
        return nothing

    title = f"the same by the job, one in {BATCH} fails (floor: the others, by Odoo)"
    refused = f"the same, one in {BATCH} is refused by the database"
    for name, prepare, budget in (
        (title, archive, {"ratio": 1.3}),
        (refused, lambda env: late, {}),
    ):
        ours, floor = bench.compare(
            issue,
            _create,
            prepare=prepare,
            prepare_floor=lambda env: _values(env, good),
        )
        bench.check("those alone failed", ours.result == len(bad), f"{ours.result}")
        bench.row(name, ours, floor, per=len(ids), **budget)


def _against_peer(bench, dealer, ids):
    """Compare with the OCA's addon: a contract for each customer, one invoice each."""
    env = bench.env
    today = Date.today()
    peers = env["contract.contract"].create(
        [
            {
                "name": f"Contract {n}",
                "partner_id": dealer.buyers + n % 1000,
                "line_recurrence": False,
                "recurring_interval": 1,
                "recurring_rule_type": "yearly",
                "date_start": today,
                "recurring_next_date": today,
                "contract_line_ids": [
                    (
                        0,
                        0,
                        {
                            "product_id": dealer.fee.id,
                            "name": "Service contract",
                            "quantity": 1,
                            "price_unit": 30000,
                        },
                    )
                ],
            }
            for n, _contract in enumerate(ids)
        ]
    )
    bench.commit()

    def issue(env):
        return len(env["service.contract"].browse(ids)._create_renewal_invoices())

    def generate(env):
        return len(peers.with_env(env)._recurring_create_invoice(today))

    ours, peer = bench.compare(issue, generate)
    same = ours.result == peer.result == len(ids)
    bench.check("both make as many", same, f"{ours.result} and {peer.result}")
    title = f"{len(ids)} invoices (peer: contract)"
    bench.row(title, ours, peer=peer, per=len(ids), faster=1)
    peers.unlink()
    bench.commit()


# -- jobs


class Ground(JobGround):
    """Contracts to be billed, and contracts whose invoices are settled."""

    JOBS = JOBS

    def __init__(self, bench, ids):
        super().__init__(bench)
        self.ids = ids
        self.chosen = {"issue": ids, "renew": ids}
        self.settled = []

    def _sql(self, query, ids=None):
        self.bench.sql(query, [self.ids if ids is None else ids])

    def finish(self):
        """Leave nothing due: as if nothing had been made, and the end were far."""
        successors = "SELECT id FROM service_contract WHERE predecessor_id = ANY(%s)"
        for table in ("service_contract_line", "service_contract_item"):
            self._sql(f"DELETE FROM {table} WHERE contract_id IN ({successors})")
        self._sql("DELETE FROM service_contract WHERE predecessor_id = ANY(%s)")
        self._sql("DELETE FROM service_renewal WHERE contract_id = ANY(%s)")
        moves = "SELECT id FROM account_move WHERE service_contract_id = ANY(%s)"
        self._sql(f"DELETE FROM account_move_line WHERE move_id IN ({moves})")
        self._sql("DELETE FROM account_move WHERE service_contract_id = ANY(%s)")
        self._sql(
            "DELETE FROM mail_activity WHERE res_model = 'service.contract'"
            " AND res_id = ANY(%s)"
        )
        self._sql(
            "UPDATE service_contract SET renewal_is_billed = false, write_date = NULL,"
            " renewal_state = 'renewed', renewal_is_due = true, carry_due_on = NULL,"
            " successor_id = NULL WHERE id = ANY(%s)"
        )
        self.bench.commit()

    def reset(self, job, share=1.0):
        """Let only ``share`` of what belongs to ``job`` be due."""
        self.finish()
        ids = self.ids[: int(len(self.ids) * share)]
        self._sql(
            "UPDATE service_contract SET renewal_state = 'none' WHERE id = ANY(%s)", ids
        )
        self.bench.commit()
        self.chosen[job] = ids
        if job == "renew":
            self._settle(ids)

    def _settle(self, ids):
        """Post the invoices of these and pay them where no hook tells."""
        env = self.bench.env
        env["service.contract"].browse(ids)._create_renewal_invoices()
        env.flush_all()
        self._sql(
            "UPDATE account_move SET state = 'posted', payment_state = 'paid'"
            " WHERE service_contract_id = ANY(%s)",
            ids,
        )
        self._sql(
            "UPDATE service_renewal SET state = 'posted' WHERE contract_id = ANY(%s)",
            ids,
        )
        self._sql(
            "UPDATE service_contract SET renewal_state = 'invoiced', write_date = NULL"
            " WHERE id = ANY(%s)",
            ids,
        )
        env.invalidate_all()
        self.bench.commit()

    def check_batches(self, job):
        """One transaction writes one moment: so the moments tell what was committed."""
        rows = self.bench.sql(
            "SELECT count(*), count(DISTINCT contract_id) FROM service_renewal"
            " WHERE contract_id = ANY(%s) AND state = %s GROUP BY write_date",
            [self.chosen[job], "draft" if job == "issue" else "renewed"],
        )
        sizes = [size for size, _contracts in rows]
        self.bench.check(
            f"{job}: all are done once, at most {BATCH} in a transaction",
            sum(contracts for _size, contracts in rows)
            == sum(sizes)
            == len(self.chosen[job])
            and max(sizes) <= BATCH,
            f"{len(sizes)} transactions of at most {max(sizes)}",
        )
        if job == "renew":
            ((made, of),) = self.bench.sql(
                "SELECT count(*), count(DISTINCT predecessor_id) FROM service_contract"
                " WHERE predecessor_id = ANY(%s) AND state = 'active'",
                [self.chosen[job]],
            )
            count = len(self.chosen[job])
            self.bench.check("renew: each period once", made == of == count, str(made))


def _nothing_due(bench, ground, job, idle):
    """The job asks its indexes, and nothing else."""
    cost = bench.measure(ground.work(job))
    bench.row(f"{job}: nothing due among {idle:,}", cost, total_sql=5, seconds=0.05)
    tables = ("service_contract", "service_renewal", "account_move")
    for query in _listen(bench, ground, job):
        if not any(f"FROM {name}" in query.replace('"', "") for name in tables):
            continue
        text = bench.explain(query)
        read = [line.split("  (")[0].strip(" ->") for line in text.splitlines()]
        bench.check(
            f"{job}: nothing due: indexes alone are read",
            not any(line == f"Seq Scan on {name}" for line in read for name in tables)
            and not any(
                line.startswith(f"Seq Scan on {name} ")
                for line in read
                for name in tables
            ),
            "; ".join(line for line in read if " on " in line),
        )


def _listen(bench, ground, job):
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
            ground.work(job)(env)
        finally:
            type(cursor).execute = execute

    bench.measure(listen, 1)
    return heard
