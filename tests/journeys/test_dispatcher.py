"""The dispatcher's day: calendar, list and board of visits; what can't be is
refused."""

from datetime import date, timedelta

import pytest

from support.journey import Hand, call, demo_id, speak
from support.visits import Calendar, enter, typed

PLAN = """
from datetime import timedelta
company = env.ref("service_contract.demo_company")
env = env(context=dict(env.context, allowed_company_ids=company.ids))
get = lambda name: env.ref("service_contract.demo_" + name)
contracts = env["service.contract"].create([{
    # each its own customer: visits to one customer on one day are one trip
    "partner_id": env["res.partner"].create({
        "name": f"Laundry {n}", "tz": "Asia/Bangkok",
    }).id,
    "company_id": company.id,
    "date_start": start,
    "date_end": end,
    "item_ids": [(0, 0, {"name": "Tumbler", "serial": f"DAY-{n}"})],
    "line_ids": [(0, 0, {
        "product_id": get("product_preventive").id,
        "mode": "scheduled",
        "quantity": 4,
        "visit_kind": "dates",
        "non_working_day": "keep",
        "hour_start": 9,
        "duration": 2,
        "technician_id": get("user_technician").id,
        "visit_date_ids": [(0, 0, {"date": day}) for day in days],
    })],
} for n in range(3)])
contracts.action_activate()
result = contracts.ids
"""
VISIT = """
SELECT start, stop, state, user_id, COALESCE(is_manual, false)
FROM service_visit WHERE id = %s
"""


def coming_weekdays():
    """Return Tuesday to Friday of the week after next."""
    today = date.today()
    monday = today + timedelta(days=14 - today.weekday())
    return [monday + timedelta(days=n) for n in range(1, 5)]


def last_day():
    """Return the 15th of the month after next: the day after it is on the same page."""
    first = date.today().replace(day=1)
    return (first + timedelta(days=70)).replace(day=15)


@pytest.fixture(scope="module")
def contracts(demo_server):
    days = [str(day) for day in coming_weekdays()]
    return demo_server.run(
        PLAN, start=str(date.today()), end=str(last_day()), days=days
    )


@pytest.fixture
def planned(demo_server, contracts):
    """Return contract and the ids of its four visits; each test has its own."""
    contract = contracts.pop()
    rows = demo_server.sql(
        "SELECT id FROM service_visit WHERE contract_id = %s ORDER BY start",
        (contract,),
    )
    return contract, [visit for (visit,) in rows]


def test_calendar(demo_server, visit, planned):
    """Colours, longer visits, and a drop outside the period, which goes back."""
    contract, (first, second, *_rest) = planned
    visitor = visit(demo_server, "desktop", login="dispatcher")
    speak(demo_server, visitor, "dispatcher", "en_US")
    page = visitor.page
    page.goto(f"/odoo/service-contracts/{contract}")
    page.locator("button[name=action_view_visits]:visible").click()
    calendar = Calendar(visitor)
    page.wait_for_selector(".o_calendar_view")
    days = coming_weekdays()

    calendar.scale("week")
    calendar.show(days[0])
    event = calendar.event(first)
    event.wait_for()
    hour = page.locator(".fc-timegrid-slot-lane[data-time='10:00:00']")
    half = hour.bounding_box()["height"]
    calendar.stretch(first, 2 * half)
    start, stop, *_others = demo_server.sql(VISIT, (first,))[0]
    assert stop - start == timedelta(hours=3)
    visitor.shoot("longer")
    # To another hour of another day.
    calendar.event(second).wait_for()
    box = calendar.event(second).bounding_box()
    column = page.locator(f".fc-timegrid-col[data-date='{days[0]}']").bounding_box()
    calendar.pull(
        *(box["x"] + 20, box["y"] + 10),
        *(column["x"] + 30, box["y"] + 10 + 8 * half),
    )
    start, stop, *_others = demo_server.sql(VISIT, (second,))[0]
    assert stop - start == timedelta(hours=2)
    assert start.date() == days[0]
    visitor.shoot("other-hour")

    # Colours mean the technician, then the status; people's choice is kept.
    button = page.locator(".o_service_visit_color")
    by_technician = calendar.event(first).get_attribute("class")
    said = button.inner_text()
    button.click()
    page.wait_for_function(
        "said => document.querySelector('.o_service_visit_color').innerText != said",
        arg=said,
    )
    page.wait_for_function(
        "([id, kind]) => document.querySelector("
        "`.fc-event[data-event-id='${id}']`)?.className != kind",
        arg=[str(first), by_technician],
    )
    visitor.shoot("by-status")

    # Past the end of the contract: back at once, with the reason.
    end = last_day()
    call(visitor, "service.visit", "write", [first], at(end))
    calendar.scale("month")
    calendar.show(end)
    calendar.wait_for(first, end)
    calendar.drag(first, calendar.cell(end + timedelta(days=1)))
    page.wait_for_selector(".modal:has-text('outside')")
    visitor.shoot("refused")
    calendar.wait_for(first, end)
    assert demo_server.sql(VISIT, (first,))[0][0].date() == end


def at(day):
    return {"start": f"{day} 03:00:00", "stop": f"{day} 05:00:00"}


@pytest.mark.parametrize("language", ["en_US", "th_TH"])
def test_list_and_board(demo_server, visit, planned, language):
    """Date and technician in the list itself; many moved at once; the board."""
    contract, (first, second, third, fourth) = planned
    visitor = visit(demo_server, "desktop", login="dispatcher")
    speak(demo_server, visitor, "dispatcher", language)
    page, hand = visitor.page, Hand(visitor)
    page.goto(f"/odoo/service-contracts/{contract}")
    page.locator("button[name=action_view_visits]:visible").click()
    page.locator("button.o_switch_view.o_list").click()
    rows = page.locator(".o_list_view .o_data_row")
    rows.nth(3).wait_for()
    visitor.shoot("list")

    # One row, in place: tick it, then write into its cells.
    day = coming_weekdays()[0] + timedelta(days=3)
    rows.nth(0).locator(".o_list_record_selector input").check()
    box = cell(rows.nth(0), "start")
    box.fill(f"{typed(day, language)} 14:00:00")
    with page.expect_response("**/service.visit/web_save*"):
        box.press("Enter")
    start, stop, _state, _user, manual = demo_server.sql(VISIT, (first,))[0]
    assert (start.date(), manual) == (day, True)
    dispatcher = demo_id(demo_server, "user_dispatcher")
    # the list has left the row it saved before the next cell is opened
    page.locator(".o_list_view .o_selected_row").wait_for(state="detached")
    cell(rows.nth(0), "user_id").fill("Kanya")
    # in a ticked row a choice is saved at once
    with page.expect_response("**/service.visit/web_save*"):
        page.locator(".o-autocomplete--dropdown-item:has-text('Kanya')").first.click()
    assert demo_server.sql(VISIT, (first,))[0][3] == dispatcher
    visitor.shoot("edited")

    # Two at once, by seven days.
    page.reload()
    rows.nth(3).wait_for()
    before = {v: demo_server.sql(VISIT, (v,))[0] for v in (second, third)}
    order = demo_server.sql(
        "SELECT id FROM service_visit WHERE contract_id = %s ORDER BY start, id",
        (contract,),
    )
    for place, (found,) in enumerate(order):
        if found in before:
            rows.nth(place).locator(".o_list_record_selector input").check()
    hand.click(f"button[name='{move_action(demo_server)}']")
    page.wait_for_selector(".modal [name=how]")
    enter(page, "days", "7")
    visitor.shoot("move")
    hand.click(".modal button[name=action_move]")
    page.wait_for_selector(".modal", state="detached")
    for found, (start, stop, *_others) in before.items():
        week = timedelta(days=7)
        moved = demo_server.sql(VISIT, (found,))[0]
        assert moved[:2] == (start + week, stop + week)
        assert moved[4]

    page.locator("button.o_switch_view.o_kanban").click()
    page.wait_for_selector(".o_kanban_group[data-id]")
    visitor.shoot("board")
    assert page.locator(".o_kanban_group .o_kanban_record").count() == 4
    assert demo_server.sql(VISIT, (fourth,))[0][4] is False


def cell(row, field):
    """Open a cell of a ticked row; return its input."""
    box = row.locator(f"td[name={field}] input")
    row.locator(f"td[name={field}]").click()
    box.wait_for()
    return box


def move_action(server):
    [(action,)] = server.sql(
        "SELECT res_id FROM ir_model_data WHERE name = 'service_visit_move_action'"
    )
    return action
