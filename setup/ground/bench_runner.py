"""Run one benchmark inside Odoo (the environment's Python, ODOO_RC names the database).

A benchmark is a file in tests/bench with a function ``run(bench)``:

    def run(bench):
        contracts = bench.env["service.contract"].search([], limit=bench.size(1000))
        ours = bench.measure(lambda env: contracts.with_env(env).action_activate())
        floor = bench.measure(lambda env: ...)
        bench.row("activate 1,000 contracts", ours, floor, ratio=1.15, per=1000, sql=2)

``PEERS = True`` in the file gives it a database with the peers installed too.
"""

import gc
import importlib.util
import statistics
import sys
import threading
import time
import traceback
from dataclasses import dataclass

from .paths import ROOT


@dataclass
class Cost:
    """What a piece of work cost: median seconds, SQL statements, what it returned."""

    seconds: float
    queries: int
    result: object = None

    def __str__(self):
        return f"{_seconds(self.seconds)}, {self.queries} SQL"


class Bench:
    """What a benchmark gets to work with."""

    def __init__(self, registry, scale):
        from odoo import SUPERUSER_ID, api

        self.registry = registry
        self.scale = scale
        self.cursor = registry.cursor()
        self.env = api.Environment(self.cursor, SUPERUSER_ID, {})
        self.rows = []
        self.failures = []
        self.vacuumed = ()  # tables that are cleared before every run

    def size(self, number, least=1):
        """Return how many to work on: less of it when trying out (--scale)."""
        return max(least, int(number * self.scale))

    def commit(self):
        """Make what ``env`` did the ground of the measurements, and let PG know it."""
        self.env.cr.commit()
        self.analyze()

    def analyze(self):
        self.env.cr.execute("ANALYZE")
        self.env.cr.commit()

    def vacuum(self):
        """Clear away what rolled back runs left behind, as autovacuum does in service.

        Else PG plans for tables that are full of pages and, it believes, empty.
        """
        if not self.vacuumed:
            return
        self.env.cr.commit()
        connection = self.env.cr._cnx
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"VACUUM (ANALYZE) {', '.join(self.vacuumed)}")
        finally:
            connection.autocommit = False

    def sql(self, query, parameters=None):
        self.env.flush_all()
        self.env.cr.execute(query, parameters)
        return self.env.cr.fetchall() if self.env.cr.description else []

    def explain(self, query, parameters=None):
        """Return the plan of a statement as text."""
        return "\n".join(row[0] for row in self.sql(f"EXPLAIN {query}", parameters))

    def measure(self, work, repeat=3, prepare=None, keep=False):
        """Return the cost of ``work(env)``, the median of ``repeat`` runs.

        Each run is a transaction of its own with an empty cache, rolled back at the
        end; ``keep=True`` commits (and runs once). ``prepare(env)`` isn't counted; what
        it returns is given to ``work`` as its second argument.
        """
        from odoo import SUPERUSER_ID, api

        self.env.cr.commit()
        seconds, queries, result = [], [], None
        for _time in range(1 if keep else repeat):
            self.vacuum()
            with self.registry.cursor() as cursor:
                env = api.Environment(cursor, SUPERUSER_ID, {})
                given = [prepare(env)] if prepare else []
                cursor.flush()
                gc.collect()
                before, begun = cursor.sql_log_count, time.perf_counter()
                result = work(env, *given)
                cursor.flush()  # with what is left to the commit, such as tracking
                seconds.append(time.perf_counter() - begun)
                queries.append(cursor.sql_log_count - before)
                if keep:
                    cursor.commit()
                else:
                    cursor.rollback()
        self.env.invalidate_all()
        return Cost(statistics.median(seconds), int(statistics.median(queries)), result)

    def compare(self, ours, floor, repeat=3, prepare=None, prepare_floor=None):
        """Return the costs of both, measured in turn so that a busy moment hits both.

        ``prepare(env)`` goes before both, unless the floor has its own.
        """
        costs = ([], [])
        for _time in range(repeat):
            costs[0].append(self.measure(ours, 1, prepare))
            costs[1].append(self.measure(floor, 1, prepare_floor or prepare))
        return tuple(
            Cost(
                statistics.median(cost.seconds for cost in runs),
                int(statistics.median(cost.queries for cost in runs)),
                runs[-1].result,
            )
            for runs in costs
        )

    def row(self, title, ours, floor=None, peer=None, *, per=1, **budget):
        """Add a line to the table; the budget may name

        ``ratio`` (ours : floor at most), ``sql`` (statements per piece at most),
        ``faster`` (times faster than the peer at least), ``total_sql``, ``seconds``.
        """
        verdicts = []

        def judge(name, value, limit, good):
            verdicts.append(f"{value} ({name} {limit})" + ("" if good else " ✗"))
            if not good:
                self.failures.append(f"{title}: {value}, budget {name} {limit}")

        if floor:
            ratio = ours.seconds / floor.seconds
            if limit := budget.get("ratio"):
                judge("≤", f"{ratio:.2f}× floor", f"{limit}×", ratio <= limit)
            else:
                verdicts.append(f"{ratio:.2f}× floor")
        if peer:
            faster = peer.seconds / ours.seconds
            if limit := budget.get("faster"):
                judge("≥", f"{faster:.1f}× faster", f"{limit}×", faster >= limit)
            else:
                verdicts.append(f"peer takes {faster:.1f}×")
        if limit := budget.get("sql"):
            each = ours.queries / per
            judge("≤", f"{each:.3f} SQL each", limit, each <= limit)
        if limit := budget.get("total_sql"):
            judge("≤", f"{ours.queries} SQL", limit, ours.queries <= limit)
        if limit := budget.get("seconds"):
            taken = _seconds(ours.seconds)
            judge("≤", taken, _seconds(limit), ours.seconds <= limit)
        self.rows.append((title, ours, floor, peer, per, "; ".join(verdicts)))

    def check(self, title, good, detail=""):
        """Add a line for something that is right or wrong, such as a query plan."""
        self.rows.append(
            (title, None, None, None, 1, f"{detail} {'✓' if good else '✗'}")
        )
        if not good:
            self.failures.append(f"{title}: {detail}")


def _seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def table(rows):
    """Return the rows as text in columns."""
    head = ("work", "ours", "each", "SQL", "floor", "peer", "verdict")
    lines = [head]
    for title, ours, floor, peer, per, verdict in rows:
        lines.append(
            (
                title,
                _seconds(ours.seconds) if ours else "",
                _seconds(ours.seconds / per) if ours and per > 1 else "",
                str(ours.queries) if ours else "",
                f"{_seconds(floor.seconds)}, {floor.queries}" if floor else "",
                f"{_seconds(peer.seconds)}, {peer.queries}" if peer else "",
                verdict.strip(),
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def main(name, scale):
    import odoo.init  # noqa: F401
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config([], setup_logging=True)
    threading.current_thread().testing = False
    registry = Registry(config["db_name"][0])
    bench = Bench(registry, scale)
    place = ROOT / "tests/bench" / f"{name}.py"
    sys.path.insert(0, str(place.parent))  # what several of them share: _*.py
    spec = importlib.util.spec_from_file_location(f"bench_{name}", place)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        module.run(bench)
    except Exception:
        traceback.print_exc()
        bench.failures.append("it did not come to its end")
    finally:
        bench.cursor.close()
    print(f"\n{name}" + (f" (scale {scale:g})" if scale != 1 else ""))
    print(table(bench.rows))
    for failure in bench.failures:
        print(f"✗ {failure}")
    return 1 if bench.failures else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], float(sys.argv[2])))
