"""Activate 1,000 contracts at once: numbers are drawn and the log is written in one."""

from _rows import QUIET, Dealer


def run(bench):
    count = bench.size(1000, least=20)
    env = bench.env
    dealer = Dealer(env)
    contracts = _drafts(env, dealer, count)
    opened = _drafts(env, dealer, count // 5, opening_used=1)
    bench.commit()

    def activate(records):
        return lambda env: records.with_env(env).action_activate()

    few = bench.measure(activate(contracts[: count // 5]))
    many = bench.measure(activate(contracts))
    bench.row(f"activate {count // 5:,} contracts", few, per=count // 5, sql=2)
    bench.row(f"activate {count:,} contracts", many, per=count, sql=2)
    more = (many.queries - few.queries) / (count - count // 5)
    bench.check("SQL for one contract more", more < 2, f"{more:.3f} (< 2)")
    taken = bench.measure(activate(opened))
    bench.row(f"activate {len(opened):,} with opening balances", taken, per=len(opened))


def _drafts(env, dealer, count, **line):
    values = [
        {
            "partner_id": dealer.customer.id,
            "date_start": "2026-01-01",
            "line_ids": [
                (0, 0, {"product_id": dealer.visit.id, "quantity": 12, **line})
            ],
        }
        for _n in range(count)
    ]
    return env(context=QUIET)["service.contract"].create(values)
