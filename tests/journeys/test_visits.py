"""A year of visits: from the invoice and its pattern to the last counter."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from support.journey import Hand, demo_id, speak
from support.visits import (
    Calendar,
    choose,
    enter,
    next_working_day,
    nth_weekday,
    sell,
    typed,
    visits,
)

MINE = "/odoo/my-service-visits"
MONDAY, TUESDAY = 0, 1
REASON = "ลูกค้าขอยกเลิก, closed that day"
HOLIDAY = "Founder's Day"
LINE = """
SELECT id, quantity, COALESCE(quantity_used, 0), quantity_reserved,
       quantity_remaining, quantity_available, date_start, date_end
FROM service_contract_line WHERE contract_id = %s AND visit_kind IS NOT NULL
"""
COUNTS = """
SELECT count(*) FILTER (WHERE state IN ('planned', 'confirmed', 'in_progress')),
       count(*)
FROM service_visit
"""


class Story:
    """One contract, and the people who work with it."""

    def __init__(self, server, visit, size, language):
        self.server, self.visit, self.size = server, visit, size
        self.language, self.phone = language, size == "phone"
        self.contract = None
        self.people = {}

    def person(self, login):
        """Return the visitor of somebody who is logged in, the page and the hand."""
        if login not in self.people:
            visitor = self.visit(self.server, self.size, login=login)
            visitor.name = f"{visitor.name}-{login}"
            speak(self.server, visitor, login, self.language)
            self.people[login] = visitor, visitor.page, Hand(visitor)
        return self.people[login]

    def visits(self):
        return visits(self.server, self.contract)

    def line(self):
        [row] = self.server.sql(LINE, (self.contract,))
        return row

    def open_contract(self, page):
        page.goto(f"/odoo/service-contracts/{self.contract}")
        page.wait_for_selector(".o_form_view button[name=action_view_visits]")

    def open_pattern(self, page, hand):
        """Open the dialog of the one service that has a pattern."""
        row = page.locator("[name=line_ids]").locator(".o_data_row, .o_kanban_record")
        if self.phone:
            row.nth(self.position()).click()
            page.wait_for_selector(".modal [name=visit_summary]:visible")
            hand.click(".modal button[name=action_edit_pattern]")
        else:
            row.nth(self.position()).locator("[name=action_edit_pattern]").click()
        page.wait_for_selector(".modal [name=preset]")

    def move_action(self):
        [(action,)] = self.server.sql(
            "SELECT res_id FROM ir_model_data WHERE name = 'service_visit_move_action'"
        )
        return action

    def position(self):
        order = "SELECT visit_kind FROM service_contract_line WHERE contract_id = %s"
        kinds = self.server.sql(f"{order} ORDER BY sequence, id", (self.contract,))
        return next(n for n, (kind,) in enumerate(kinds) if kind)


def rows(page):
    return page.locator(".o_service_visit_preview tr")


@pytest.fixture(scope="module")
def stock(demo_server):
    """Invoices of today without a contract, and a day off on the third second Monday
    from now on.
    """
    today = date.today()
    slots = nth_weekday(today, today + timedelta(days=120), MONDAY, 2)
    keys = ("resort", "garment", "bistro")
    sales = [(key, 0, "compressor", 2) for key in keys]
    made = sell(demo_server, sales, holiday=(str(slots[2]), HOLIDAY))
    return dict(zip(keys, made, strict=True))


@pytest.mark.parametrize(
    ("size", "language", "customer", "portal"),
    [
        ("desktop", "en_US", "resort", "portal_english"),
        ("desktop", "th_TH", "garment", "portal_thai"),
    ],
)
def test_a_year_of_visits(demo_server, visit, stock, size, language, customer, portal):
    story = Story(demo_server, visit, size, language)
    make_contract(story, stock[customer])
    moved = move_one(story)
    change_pattern(story, moved)
    done, cancelled = serve(story, moved)
    check_counters(story, customer)
    check_portal(story, portal)


def test_on_a_phone(demo_server, visit, stock):
    """The same by thumb: the visit is moved by its button, the technician is there."""
    story = Story(demo_server, visit, "phone", "th_TH")
    make_contract(story, stock["bistro"])
    visitor, page, hand = story.person("dispatcher")
    page.goto("/odoo/service-visits")
    page.wait_for_selector(".o_kanban_record:not(.o_kanban_ghost)")
    visitor.shoot("board")
    chosen, _state, _slot, _manual, day = story.visits()[1]
    open_visit(page, chosen)
    hand.press(f"'{story.move_action()}'", folded=True)
    page.wait_for_selector(".modal [name=date]")
    enter(page, "date", typed(day + timedelta(days=2), story.language))
    visitor.shoot("move")
    hand.click(".modal button[name=action_move]")
    page.wait_for_selector(".modal", state="detached")
    assert story.visits()[1][3:] == (True, day + timedelta(days=2))
    serve(story, chosen)
    assert story.line()[1:6] == (4, 1, 2, 3, 1)


def make_contract(story, invoice):
    """The salesperson: invoice, contract, pattern with preview, activation."""
    visitor, page, hand = story.person("salesperson")
    page.goto(f"/odoo/action-account.action_move_out_invoice/{invoice}")
    page.wait_for_selector(".o_form_view .o_form_statusbar")
    hand.press("action_create_service_contract", folded=story.phone)
    hand.click(".modal button[name=action_create]")
    page.wait_for_selector("button[name=action_activate]")
    [(story.contract,)] = story.server.sql(
        "SELECT contract_id FROM service_contract_source_move_rel WHERE move_id = %s",
        (invoice,),
    )
    _id, _quantity, *_rights, start, end = story.line()
    slots = nth_weekday(start, end, MONDAY, 2)[:4]
    visitor.shoot("draft")

    story.open_pattern(page, hand)
    page.locator("[name=preset] input[data-value=weekday]").check()
    choose(page, "byday", 1)
    choose(page, "weekday", MONDAY)
    # Before anything is saved the dates are there, each in its row.
    page.get_by_text(HOLIDAY).wait_for()
    assert rows(page).count() == 4
    for row, slot in zip(rows(page).all(), slots, strict=True):
        day = next_working_day(story.server, slot)
        assert str(day.day) in row.inner_text()
        assert ("fa-calendar-o" in row.inner_html()) == (day != slot)
    assert HOLIDAY in rows(page).nth(2).inner_text()
    if story.phone:
        rows(page).last.scroll_into_view_if_needed()
    visitor.shoot("pattern")
    hand.click(".modal button[name=action_save]")
    page.wait_for_selector(".modal [name=preset]", state="detached")
    if story.phone:
        hand.click(".modal .o_form_button_save")
        page.wait_for_selector(".modal", state="detached")
    assert not story.visits()
    visitor.shoot("pattern-saved")

    hand.press("action_activate")
    page.wait_for_selector(".o_service_code")
    visitor.shoot("active")
    assert [row[2] for row in story.visits()] == slots
    assert [row[4] for row in story.visits()] == [
        next_working_day(story.server, slot) for slot in slots
    ]


def move_one(story):
    """The dispatcher: all scales of the calendar, and one visit moved by two days."""
    visitor, page, hand = story.person("dispatcher")
    story.open_contract(page)
    hand.click("button[name=action_view_visits]")
    page.wait_for_selector(".o_calendar_view")
    calendar = Calendar(visitor)
    chosen, _state, slot, _manual, day = story.visits()[1]
    for scale in ("year", "day", "week", "month"):
        calendar.scale(scale)
        visitor.shoot(scale)
    calendar.show(day)
    calendar.event(chosen).wait_for()
    target = day + timedelta(days=2)
    calendar.drag(chosen, calendar.cell(target))
    calendar.wait_for(chosen, target)
    visitor.shoot("moved")
    assert (chosen, "planned", slot, True, target) in story.visits()
    return chosen


def change_pattern(story, moved):
    """The manager: another pattern from today on; the moved visit stays."""
    visitor, page, hand = story.person("manager")
    story.open_contract(page)
    before = {row[0]: row for row in story.visits()}
    story.open_pattern(page, hand)
    for field, index in (("byday", 2), ("weekday", TUESDAY)):
        sentence = page.locator(".o_service_visit_summary").inner_text()
        choose(page, field, index)
        page.wait_for_function(
            "text => document.querySelector('.o_service_visit_summary').innerText"
            " != text",
            arg=sentence,
        )
    _line, *_rights, end = story.line()
    slots = nth_weekday(date.today(), end, TUESDAY, 3)[:4]
    # The moved one stands for the date nearest to its own: none is added for that.
    slots.remove(min(slots, key=lambda slot: abs(slot - before[moved][2])))
    added = rows(page).filter(has=page.locator(".text-success"))
    assert added.count() == 3
    for row, slot in zip(added.all(), slots, strict=True):
        day = next_working_day(story.server, slot)
        assert re.search(rf"\b{day.day:02}\b", row.inner_text())
    visitor.shoot("change")
    badges = {
        kind: page.locator(f".o_service_visit_preview .text-bg-{kind}").inner_text()
        for kind in ("success", "danger", "secondary")
    }
    assert {kind: text.split()[0] for kind, text in badges.items()} == {
        "success": "3",
        "danger": "3",
        "secondary": "1",
    }
    hand.click(".modal button[name=action_save]")
    page.wait_for_selector(".modal", state="detached")
    visitor.shoot("changed")
    after = {row[0]: row for row in story.visits()}
    assert len(after) == 4
    assert after[moved] == before[moved]
    assert sorted(row[2] for row in after.values() if row[0] != moved) == slots
    assert story.line()[1:6] == (4, 0, 4, 4, 0)


def serve(story, moved):
    """Confirm one, which the technician begins and finishes; cancel another."""
    done, cancelled = [row[0] for row in story.visits() if row[0] != moved][:2]
    visitor, page, hand = story.person("dispatcher")
    open_visit(page, done)
    visitor.shoot("planned")
    hand.press("action_confirm")
    page.wait_for_selector("button[name=action_start]")
    visitor.shoot("confirmed")

    visitor, page, hand = story.person("technician")
    check_own_calendar(story, visitor, done)
    page.goto(MINE)
    record = page.locator(".o_data_row, .o_kanban_record").first
    record.wait_for()
    visitor.shoot("mine")
    open_visit(page, done)
    page.wait_for_selector(".o-mail-Activity", state="attached")
    visitor.shoot("confirmed")
    hand.press("action_start")
    page.wait_for_selector("button[name=action_done].btn-primary")
    page.locator("[name=result] textarea").fill("เปลี่ยนไส้กรอง, oil changed")
    visitor.shoot("started")
    hand.press("action_done")
    page.wait_for_selector("button[name=action_done]", state="detached")
    visitor.shoot("done")

    visitor, page, hand = story.person("dispatcher")
    open_visit(page, cancelled)
    hand.press("action_ask_reason", folded=story.phone)
    page.locator(".modal [name=reason] input").fill(REASON)
    visitor.shoot("reason")
    hand.click(".modal button[name=action_apply]")
    page.wait_for_selector("button[name=action_confirm]", state="detached")
    visitor.shoot("cancelled")
    assert not story.server.sql(
        "SELECT 1 FROM mail_activity WHERE res_model = 'service.visit'"
        " AND res_id IN %s",
        ((done, cancelled),),
    )
    states = {row[0]: row[1] for row in story.visits()}
    assert (states[done], states[cancelled]) == ("done", "cancelled")
    return done, cancelled


def open_visit(page, visit):
    page.goto(f"/odoo/service-visits/{visit}")
    page.wait_for_selector(".o_form_view .o_form_statusbar")


def check_own_calendar(story, visitor, visit):
    """The technician's own calendar has the visit."""
    [(event, day)] = story.server.sql(
        "SELECT calendar_event_id, (start AT TIME ZONE 'UTC' AT TIME ZONE tz)::date"
        " FROM service_visit WHERE id = %s",
        (visit,),
    )
    visitor.page.goto("/odoo/calendar")
    visitor.page.wait_for_selector(".o_calendar_view")
    if not story.phone:
        calendar = Calendar(visitor)
        calendar.scale("month")
        calendar.show(day)
        calendar.event(event).wait_for()
    visitor.shoot("own-calendar")


def check_counters(story, customer):
    """What the contract, its line, its items and the customer say."""
    assert story.line()[1:6] == (4, 1, 2, 3, 1)
    counts = story.server.sql(f"{COUNTS} WHERE contract_id = %s", (story.contract,))
    assert counts == [(2, 4)]
    visitor, page, _hand = story.person("dispatcher")
    story.open_contract(page)
    button = page.locator("button[name=action_view_visits]:visible")
    expect(button).to_contain_text(counted(2, 4))
    page.locator(".nav-link[name=visits]").click()
    page.wait_for_selector("[name=visit_ids] .o_data_row")
    visitor.shoot("contract-visits")
    [(item,)] = story.server.sql(
        "SELECT id FROM service_contract_item WHERE contract_id = %s LIMIT 1",
        (story.contract,),
    )
    page.goto(f"/odoo/action-service_contract.service_contract_item_action/{item}")
    button = page.locator("button[name=action_view_visits]:visible")
    expect(button).to_contain_text(counted(2, 4))
    visitor.shoot("item")
    button.click()
    page.wait_for_selector(".o_calendar_view")

    partner = demo_id(story.server, f"partner_{customer}")
    counts = story.server.sql(f"{COUNTS} WHERE partner_id = %s", (partner,))
    page.goto(f"/odoo/res.partner/{partner}")
    button = page.locator("button[name=action_view_service_visits]:visible")
    expect(button).to_contain_text(counted(*counts[0]))
    visitor.shoot("customer")


def counted(coming, all_):
    return re.compile(rf"(?<!\d){coming}\s*/\s*{all_}(?!\d)")


def check_portal(story, login):
    """The customer sees what is coming and what was done, and what is left."""
    language = "th-TH" if story.language == "th_TH" else "en-US"
    visitor = story.visit(story.server, story.size, login=login, language=language)
    page = visitor.page
    page.goto(f"/my/service-contracts/{story.contract}")
    page.wait_for_selector("table[name=visits_coming]")
    page.wait_for_selector("#service_contract_messages textarea")
    visitor.shoot("portal", full_page=True)
    assert page.locator("table[name=visits_coming] tbody tr").count() == 2
    assert page.locator("table[name=visits_past] tbody tr").count() == 1
    assert REASON not in page.content()
