"""What the views of visits ask for, over 200,000 of them: as much SQL for 400 rows as
for 80, and a month of 5,000 visits beside Odoo's own calendar with 5,000 events.
"""

from datetime import timedelta

from _rows import copies
from _visit_rows import VisitDealer

from odoo.addons.service_contract.tests.common_reads import specification
from odoo.addons.service_contract_schedule.models.service_visit_event import QUIET_EVENT

CONTEXT = {"lang": "en_US", "tz": "Asia/Bangkok"}
MONTH = ("2031-03-01 00:00:00", "2031-03-31 23:59:59")


def run(bench):
    dealer = VisitDealer(bench.env)
    first, lines = dealer.fill(bench.size(20_000, least=500))
    month = bench.size(5000, least=400)
    _month_of_visits(dealer, first, lines, month)
    _month_of_events(dealer, month)
    bench.commit()
    _pages(bench, dealer)
    _calendars(bench, dealer, month)
    _drag(bench, dealer, first)


def _month_of_visits(dealer, first, lines, count):
    """Make visits that all lie in one month."""
    env = dealer.env
    visit = env["service.visit"].search([("contract_id", "=", first)], limit=1)
    start = "timestamp '2031-03-03' + (n % 26) * interval '1 day 7 minutes'"
    copies(
        env,
        visit,
        count,
        line_id=f"{lines} + n % 400",
        contract_id=f"{first} + n % 400",
        partner_id=f"{dealer.buyers} + n % 1000",
        partner_service_id=f"{dealer.buyers} + n % 1000",
        user_id=f"(ARRAY{[user.id for user in dealer.technicians]})[1 + n % 8]",
        occurrence_date="NULL",
        start=start,
        stop=f"{start} + interval '1 hour'",
        state="'planned'",
    )


def _month_of_events(dealer, count):
    """Make as many events of the calendar, of the same technicians."""
    env = dealer.env
    user = dealer.technicians[0]
    event = (
        env["calendar.event"]
        .with_context(**QUIET_EVENT)
        .create(
            {
                "name": "Visit",
                "start": "2031-03-03 02:00:00",
                "stop": "2031-03-03 03:00:00",
                "user_id": user.id,
                "partner_ids": [(6, 0, user.partner_id.ids)],
            }
        )
    )
    start = "timestamp '2031-03-03' + (n % 26) * interval '1 day 7 minutes'"
    users = [user.id for user in dealer.technicians]
    partners = [user.partner_id.id for user in dealer.technicians]
    first = copies(
        env,
        event,
        count,
        start=start,
        stop=f"{start} + interval '1 hour'",
        user_id=f"(ARRAY{users})[1 + n % 8]",
    )
    copies(
        env,
        event.attendee_ids,
        count,
        event_id=f"{first} + n - 1",
        partner_id=f"(ARRAY{partners})[1 + n % 8]",
        access_token="'t' || n",
    )
    env.cr.execute(
        "INSERT INTO calendar_event_res_partner_rel (calendar_event_id, res_partner_id)"
        " SELECT event_id, partner_id FROM calendar_attendee WHERE event_id >= %s",
        [first],
    )


def _model(env, dealer, name="service.visit"):
    return env(user=dealer.user.id, context=CONTEXT)[name]


def _pages(bench, dealer):
    def pages(title, work, few=80, many=400, total_sql=20):
        """Compare two sizes of a page, in a registry that is warm."""
        work(_model(env, dealer), few)
        more, less = bench.compare(
            lambda env: work(_model(env, dealer), many),
            lambda env: work(_model(env, dealer), few),
        )
        bench.row(f"{title}: {many} (floor: {few})", more, less, total_sql=total_sql)
        bench.check(
            f"{title}: the same SQL for {many} as for {few}",
            less.queries == more.queries,
            f"{less.queries} and {more.queries}",
        )

    env = bench.env
    for kind in ("list", "kanban"):
        asked = specification(_model(env, dealer), kind)
        pages(
            kind,
            lambda visits, limit, asked=asked: visits.web_search_read(
                [], asked, limit=limit, count_limit=10001
            ),
        )
    asked = specification(_model(env, dealer), "kanban")
    pages(
        "kanban by state",
        lambda visits, limit: visits.web_read_group(
            [],
            ["state"],
            ["__count"],
            auto_unfold=True,
            unfold_read_specification=asked,
            unfold_read_default_limit=limit,
        ),
        few=40,  # of each status: all together not more than Odoo reads at once
        many=160,
        total_sql=40,
    )
    for title, grouping in {
        "graph": ["start:month", "state"],
        "pivot": ["user_id", "start:month"],
    }.items():
        cost = bench.measure(
            lambda env, grouping=grouping: _model(env, dealer).formatted_read_group(
                [], grouping, ["__count"]
            )
        )
        bench.row(title, cost, total_sql=6)


def _read_month(model):
    """Ask what the web client asks to show a month."""
    asked = {*specification(model, "calendar"), "start", "stop", "display_name"}
    if model._name == "calendar.event":
        asked |= {"duration", "allday"}
    domain = [("start", "<=", MONTH[1]), ("stop", ">=", MONTH[0])]
    rows = model.search_read(domain, sorted(asked))
    if model._name == "calendar.event":
        partners = {partner for row in rows for partner in row["partner_ids"]}
        model.env["res.partner"].browse(sorted(partners)).get_attendee_detail(
            [row["id"] for row in rows]
        )
    else:
        model.get_unusual_days(*MONTH)
    return len(rows)


def _calendars(bench, dealer, month):
    for name in ("service.visit", "calendar.event"):
        bench.measure(lambda env, name=name: _read_month(_model(env, dealer, name)), 1)
    ours, floor = bench.compare(
        lambda env: _read_month(_model(env, dealer)),
        lambda env: _read_month(_model(env, dealer, "calendar.event")),
    )
    bench.check(
        "both show as many",
        ours.result >= month and floor.result >= month,
        f"{ours.result:,} and {floor.result:,}",
    )
    bench.row(
        f"a month of {month:,} visits (floor: as many events)",
        ours,
        floor,
        ratio=1.1,
        total_sql=30,
    )


def _drag(bench, dealer, first):
    """Drag a coming visit to the next day: alone among all, and with its trip."""

    def drag(env, contract):
        visits = _model(env, dealer).search(
            [("contract_id", "=", contract), ("state", "=", "planned")], limit=2
        )
        visit = visits[-1]
        env.invalidate_all()
        day = timedelta(days=1)
        visit.write({"start": visit.start + day, "stop": visit.stop + day})

    # of contracts that have no part in the crowded month
    bench.measure(lambda env: drag(env, first + 450), 1)
    cost = bench.measure(lambda env: drag(env, first + 451))
    bench.row("drag a visit", cost, total_sql=30)
