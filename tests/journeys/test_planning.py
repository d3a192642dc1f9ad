"""What the manager and the dispatcher plan beside the ordinary: dates that were past,
holidays, suspended contracts, machines at several places.
"""

from datetime import date, timedelta

import pytest

from support.journey import Hand, speak
from support.visits import visits

MAKE = """
company = env.ref("service_contract.demo_company")
env = env(context=dict(env.context, allowed_company_ids=company.ids))
get = lambda name: env.ref("service_contract.demo_" + name)
shared = {"company_id": company.id, "template_id": get("template_silver").id}
pattern = {
    "product_id": get("product_preventive").id,
    "mode": "scheduled",
    "quantity": 6,
    "visit_kind": "recurring",
    "rrule_type": "monthly",
    "month_by": "date",
    "day": 15,
    "hour_start": 9,
    "duration": 2,
    "technician_id": get("user_technician").id,
}
late, here, running = env["service.contract"].create([
    {
        **shared,
        "partner_id": get("partner_hospital").id,
        "date_start": start,
        "term_count": 1,
        "term_unit": "year",
        "item_ids": [(0, 0, {"name": "Tumbler", "serial": f"{key}-1"}),
                     (0, 0, {"name": "Tumbler", "serial": f"{key}-2"})],
        "line_ids": [(0, 0, pattern)],
    }
    for key, start in (("LATE", past), ("PLACES", today), ("HOLD", today))
])
branch = env["res.partner"].create({
    "name": "Ward B", "type": "other", "parent_id": late.partner_id.id,
})
here.item_ids[1].partner_service_id = branch
running.action_activate()
running.visit_ids.sorted("start")[:1].action_confirm()
result = [late.id, here.id, running.id]
"""
HOLIDAYS = """
SELECT count(*), count(DISTINCT service_holiday_date) FROM resource_calendar_leaves
WHERE date_part('year', service_holiday_date) = %s
"""
RIGHTS = """
SELECT sum(quantity_reserved), sum(quantity_available) FROM service_contract_line
WHERE contract_id = %s
"""


@pytest.fixture(scope="module")
def contracts(demo_server):
    today = date.today()
    past = (today - timedelta(days=100)).replace(day=10)
    made = demo_server.run(MAKE, past=str(past), today=str(today))
    return dict(zip(("late", "places", "running"), made, strict=True))


@pytest.fixture(params=["en_US", "th_TH"])
def person(request, demo_server, visit):
    def log_in(login, size="desktop"):
        visitor = visit(demo_server, size, login=login)
        speak(demo_server, visitor, login, request.param)
        return visitor, visitor.page, Hand(visitor)

    return log_in


@pytest.fixture
def english(demo_server, visit):
    def log_in(login, size="desktop"):
        visitor = visit(demo_server, size, login=login)
        speak(demo_server, visitor, login, "en_US")
        return visitor, visitor.page, Hand(visitor)

    return log_in


def open_contract(page, contract):
    page.goto(f"/odoo/service-contracts/{contract}")
    page.wait_for_selector(".o_form_view .o_form_statusbar")


def test_dates_in_the_past(demo_server, english, contracts):
    """Activated late: what was past is told, and planned in the gaps."""
    contract = contracts["late"]
    visitor, page, hand = english("dispatcher")
    open_contract(page, contract)
    hand.press("action_activate")
    page.wait_for_selector("button[name=action_plan_past_visits]:visible")
    visitor.shoot("told")
    planned = len(visits(demo_server, contract))
    past = int(page.locator(".alert [name=visit_past_count]").inner_text())
    assert planned + past == 6
    assert past >= 3
    hand.click("button[name=action_plan_past_visits]")
    rows = page.locator(".modal .o_data_row")
    rows.first.wait_for()
    visitor.shoot("proposed")
    assert rows.count() == past
    hand.click(".modal button[name=action_plan]")
    page.wait_for_selector(".modal", state="detached")
    page.wait_for_selector("button[name=action_plan_past_visits]", state="hidden")
    visitor.shoot("planned")
    made = visits(demo_server, contract)
    assert len(made) == 6
    assert all(row[4] >= date.today() for row in made)
    assert len({row[4] for row in made}) == 6
    assert demo_server.sql(RIGHTS, (contract,)) == [(6, 0)]


def test_holidays(demo_server, person):
    """A year is shown, one of its days renamed, and loaded once."""
    visitor, page, hand = person("manager")
    [(language,)] = demo_server.sql(
        "SELECT lang FROM res_partner JOIN res_users ON partner_id = res_partner.id"
        " WHERE login = 'manager'"
    )
    # Years for which the demo has none yet; each language takes its own.
    year = date.today().year + (3 if language == "th_TH" else 2)
    action = "/odoo/action-service_contract_schedule.service_holiday_load_action"
    for round_ in range(2):
        page.goto(action)
        box = page.locator(".modal [name=year] input, .o_form_view [name=year] input")
        box.first.fill(str(year))
        hand.click("button[name=action_fetch]")
        rows = page.locator(".o_data_row")
        rows.nth(5).wait_for()
        ticked = page.locator(".o_data_row [name=load] input:checked")
        visitor.shoot(f"shown-{round_}")
        if not round_:
            assert ticked.count() == rows.count()
            rows.nth(1).locator("td[name=name]").click()
            rows.nth(1).locator("td[name=name] input").fill("Closed, ปิดทำการ")
            loaded = rows.count()
        else:
            assert not ticked.count()
        hand.click("button[name=action_load]")
        page.wait_for_selector(".o_notification")
        visitor.shoot(f"loaded-{round_}")
        assert demo_server.sql(HOLIDAYS, (year,)) == [(loaded, loaded)]
    # A name may be translated, so that it is looked for as text.
    assert demo_server.sql(
        "SELECT 1 FROM resource_calendar_leaves WHERE name::text LIKE '%%ปิดทำการ%%'"
        " AND date_part('year', service_holiday_date) = %s",
        (year,),
    )


def test_machines_at_two_places(demo_server, english, contracts):
    """Activation asks for it; split, each place has its own visits."""
    contract = contracts["places"]
    visitor, page, hand = english("dispatcher")
    open_contract(page, contract)
    hand.press("action_activate")
    page.wait_for_selector(".modal:has-text('Ward B')")
    visitor.shoot("asked")
    page.locator(".modal .modal-footer button").first.click()
    page.wait_for_selector(".modal", state="detached")
    hand.click("[name=line_ids] button[name=action_split_by_place]")
    page.locator("[name=line_ids] .o_data_row").nth(1).wait_for()
    visitor.shoot("split")
    hand.press("action_activate")
    page.wait_for_selector("button[name=action_view_visits]:visible")
    visitor.shoot("active")
    assert demo_server.sql(
        "SELECT count(*), count(DISTINCT partner_service_id) FROM service_visit"
        " WHERE contract_id = %s",
        (contract,),
    ) == [(12, 2)]


def test_suspended(demo_server, english, contracts):
    """Visits on hold: nothing is confirmed or begun until the contract is resumed."""
    contract = contracts["running"]
    states = [row[1] for row in visits(demo_server, contract)]
    confirmed, planned = (row[0] for row in visits(demo_server, contract)[:2])
    visitor, page, hand = english("manager")
    open_contract(page, contract)
    hand.press("action_open_suspend")
    page.locator(".modal [name=note] input").fill("Ward closed")
    hand.click(".modal footer button.btn-primary")
    page.wait_for_selector("button[name=action_resume]:visible")
    visitor.shoot("suspended")
    for found in (confirmed, planned):
        page.goto(f"/odoo/service-visits/{found}")
        page.wait_for_selector(".o_form_statusbar")
        visitor.shoot("on-hold")
        assert page.locator(".alert-warning:visible").count() == 1
        for name in ("action_confirm", "action_start", "action_done"):
            assert not page.locator(f"button[name={name}]:visible").count()
    event = "SELECT count(calendar_event_id) FROM service_visit WHERE contract_id = %s"
    assert demo_server.sql(event, (contract,)) == [(0,)]
    assert [row[1] for row in visits(demo_server, contract)] == states

    open_contract(page, contract)
    hand.press("action_resume")
    page.wait_for_selector("button[name=action_open_suspend]:visible")
    visitor.shoot("resumed")
    assert demo_server.sql(event, (contract,)) == [(1,)]
    assert [row[1] for row in visits(demo_server, contract)] == states
