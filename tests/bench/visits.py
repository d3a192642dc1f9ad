"""Generate visits: 10,000 and 200,000, against one batched ORM create of the same rows,
and against fieldservice_recurring.
"""

from _rows import QUIET
from _visit_rows import A_YEAR, VisitDealer

from odoo.fields import Datetime

PEERS = True
RATIO = 2
SQL_EACH = 0.05
FASTER = 15


def run(bench):
    dealer = VisitDealer(bench.env)
    few, many, compared = (
        bench.size(visits, least=A_YEAR * 100) // A_YEAR
        for visits in (10_000, 200_000, 4800)
    )
    _contracts, lines = dealer.promises(few + many)
    bench.commit()
    costs = [
        _generate(bench, lines[:few]),
        _generate(bench, lines[few:], repeat=1),
    ]
    small, large = (cost.seconds / cost.result for cost in costs)
    bench.check(
        "one of many costs what one of few costs (≤ 1.25×)",
        large <= small * 1.25,
        f"{large / small:.2f}×",
    )
    again = bench.measure(
        lambda env, _planned: _plan(env, lines[:few]),
        prepare=lambda env: _plan(env, lines[:few]),
    )
    bench.row("the same again: nothing is missing", again, per=costs[0].result)
    _against_peer(bench, lines[:compared])


def _plan(env, lines):
    return len(env["service.contract.line"].browse(lines)._generate_visits())


def _values(env, lines):
    """Return the values of the visits that are missing."""
    plans = env["service.contract.line"].browse(lines)._plan_visits()
    env.flush_all()
    return [values for plan in plans.values() for values in plan.add]


def _create(env, values):
    return len(env["service.visit"].with_context(**QUIET).create(values))


def _generate(bench, lines, repeat=3):
    bench.measure(lambda env: _plan(env, lines[:20]), 1)  # a warm registry for both
    ours, floor = bench.compare(
        lambda env, _nothing: _plan(env, lines),
        _create,
        repeat,
        prepare=lambda env: None,
        prepare_floor=lambda env: _values(env, lines),
    )
    same = ours.result == floor.result == len(lines) * A_YEAR
    title = f"{ours.result:,} visits (floor: one create of the same rows)"
    bench.check("as many as were promised", same, f"{ours.result:,}")
    bench.row(title, ours, floor, per=ours.result, ratio=RATIO, sql=SQL_EACH)
    return ours


def _against_peer(bench, lines):
    """Compare with the OCA's addon: a plan for each customer, a visit a month."""
    env = bench.env
    partner = env["res.partner"].create({"name": "Place"})
    location = env["fsm.location"].create({"name": "Place", "owner_id": partner.id})
    rule = env["fsm.frequency"].create(
        {
            "name": "Second Monday",
            "interval_type": "monthly",
            "interval": 1,
            "use_byweekday": True,
            "mo": True,
            "use_setpos": True,
            "set_pos": 2,
        }
    )
    rhythm = env["fsm.frequency.set"].create(
        {
            "name": "Every month",
            "schedule_days": 400,
            "fsm_frequency_ids": [(6, 0, rule.ids)],
        }
    )
    plans = env["fsm.recurring"].create(
        [
            {
                "location_id": location.id,
                "fsm_frequency_set_id": rhythm.id,
                "start_date": Datetime.now(),
                "max_orders": A_YEAR,
            }
            for _line in lines
        ]
    )
    bench.commit()

    def generate(env):
        plans.with_env(env).action_start()
        return env["fsm.order"].search_count([("fsm_recurring_id", "in", plans.ids)])

    ours, peer = bench.compare(lambda env: _plan(env, lines), generate)
    bench.check(
        "both plan the same number",
        ours.result == peer.result,
        f"{ours.result:,} and {peer.result:,}",
    )
    bench.row(
        f"{ours.result:,} visits (peer: fieldservice_recurring)",
        ours,
        peer=peer,
        per=ours.result,
        faster=FASTER,
        sql=SQL_EACH,
    )
