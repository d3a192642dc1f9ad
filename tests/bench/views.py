"""What the views ask for, over 50,000 contracts: as much SQL for 400 rows as for 80."""

from _rows import Dealer, copies

from odoo.addons.service_contract.tests.common_reads import specification

CONTEXT = {"lang": "en_US", "tz": "Asia/Bangkok"}


def run(bench):
    count = bench.size(50_000, least=1000)
    env = bench.env
    dealer = Dealer(env)
    small, large = (_contract(env, dealer, parts) for parts in (5, 25))
    fill(env, dealer, count)
    bench.commit()

    def model(env):
        return env(user=dealer.user.id, context=CONTEXT)["service.contract"]

    def pages(title, work, few=80, many=400, total_sql=20):
        """Compare two sizes of a page, in a registry that is warm."""
        work(model(env), few)
        less, more = bench.compare(
            lambda env: work(model(env), many), lambda env: work(model(env), few)
        )
        bench.row(f"{title}: {many} (floor: {few})", less, more, total_sql=total_sql)
        bench.check(
            f"{title}: the same SQL for {many} as for {few}",
            less.queries == more.queries,
            f"{less.queries} and {more.queries}",
        )

    for kind in ("list", "kanban"):
        asked = specification(model(env), kind)
        pages(
            kind,
            lambda contracts, limit, asked=asked: contracts.web_search_read(
                [], asked, limit=limit, count_limit=10001
            ),
        )
    asked = specification(model(env), "kanban")
    pages(
        "kanban by state",
        lambda contracts, limit: contracts.web_read_group(
            [],
            ["state"],
            ["__count"],
            auto_unfold=True,
            unfold_read_specification=asked,
            unfold_read_default_limit=limit,
        ),
        total_sql=40,
    )
    bars = bench.measure(
        lambda env: model(env).read_progress_bar(
            [],
            "state",
            {
                "field": "activity_state",
                "colors": {"planned": 1, "today": 1, "overdue": 1},
            },
        )
    )
    bench.row("kanban by state: bars of activities", bars, total_sql=5)
    asked = specification(model(env), "form")
    parts = {5: small, 25: large}
    pages(
        "form, by items and services",
        lambda contracts, size: contracts.browse(parts[size].id).web_read(asked),
        few=5,
        many=25,
        total_sql=60,
    )
    spans = {80: ("2027-06-01", "2027-06-30"), 400: ("2027-01-01", "2027-12-31")}
    asked = specification(model(env), "calendar")
    pages(
        "calendar",
        lambda contracts, size: contracts.web_search_read(
            [
                ("date_end", ">=", spans[size][0]),
                ("date_end", "<=", spans[size][1]),
            ],
            asked,
            limit=size,
        ),
    )
    for title, grouping in {
        "graph": ["date_end:month", "state"],
        "pivot": ["level_id", "date_end:month"],
    }.items():
        cost = bench.measure(
            lambda env, grouping=grouping: model(env).formatted_read_group(
                [], grouping, ["__count"]
            )
        )
        bench.row(title, cost, total_sql=6)


def fill(env, dealer, count):
    """Make contracts of many customers, people, levels and ends, two services each."""
    partner = copies(env, dealer.customer, 1000, name="'Buyer ' || n")
    env.cr.execute(
        "UPDATE res_partner SET commercial_partner_id = id, complete_name = name"
        " WHERE id >= %s",
        [partner],
    )
    levels = env["service.level"].search([]).ids or [0]
    model = dealer.contract()
    model.action_activate()
    states = "ARRAY['draft', 'active', 'active', 'expired', 'suspended', 'cancelled']"
    first = copies(
        env,
        model,
        count,
        name="'SC/V/' || n",
        partner_id=f"{partner} + n % 1000",
        level_id=f"NULLIF((ARRAY{levels})[1 + n % {len(levels)}], 0)",
        state=f"({states})[1 + n % 6]",
        service_code="'1' || lpad(n::text, 7, '0')",
        service_code_key="'1' || lpad(n::text, 7, '0')",
        access_token="NULL",
        date_start="p.date_start + n % 700",
        date_end="p.date_end + n % 700",
    )
    for part in (model.item_ids[0], model.line_ids[0]):
        copies(env, part, count, contract_id=f"{first} + n - 1")


def _contract(env, dealer, parts):
    contract = dealer.contract(
        item_ids=[
            (0, 0, {"product_id": dealer.machine.id, "serial": f"S-{parts}-{n}"})
            for n in range(parts)
        ],
        line_ids=[(0, 0, {"product_id": dealer.visit.id}) for _n in range(parts)],
    )
    contract.action_activate()
    for line in contract.line_ids:
        line._consume(date=contract.date_start)
    return contract
