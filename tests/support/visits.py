"""What the journeys about visits have in common."""

from datetime import timedelta

# The demo customers buy again: posted invoices without a contract, and contracts.
SELL = """
from datetime import timedelta
company = env.ref("service_contract.demo_company")
demo = env["service.contract.demo"].with_company(company).with_context(
    allowed_company_ids=company.ids
)
invoices = demo.env["account.move"]
for customer, days, product, units in sales:
    invoices += demo._make_invoice(customer, days, [(product, units, 0)])
invoices.action_post()
if holiday:
    wizard = demo.env["service.holiday.load"].create({
        "year": int(holiday[0][:4]),
        "row_ids": [(0, 0, {"date": holiday[0], "name": holiday[1]})],
    })
    wizard.action_load()
result = invoices.ids
"""
VISITS = """
SELECT id, state, occurrence_date, COALESCE(is_manual, false),
       (start AT TIME ZONE 'UTC' AT TIME ZONE tz)::date
FROM service_visit WHERE contract_id = %s ORDER BY start, id
"""
DAYS_OFF = """
SELECT DISTINCT day::date
FROM resource_calendar_leaves leave,
     generate_series(date_from + interval '7 hours', date_to + interval '7 hours',
                     '1 day') AS day
WHERE resource_id IS NULL
"""


def sell(server, sales, holiday=None):
    """Post invoices of (customer, days ago, product, units); return their ids.

    :param holiday: (date as text, name) of a day on which the company is closed
    """
    return server.run(SELL, sales=sales, holiday=holiday)


def visits(server, contract):
    """Return (id, status, slot, whether changed by hand, local date) of each visit."""
    return server.sql(VISITS, (contract,))


def nth_weekday(first, last, weekday, nth):
    """Walk from day to day: the dates of the nth weekday of every month."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [
        day
        for day in days
        if day.weekday() == weekday and (day.day - 1) // 7 == nth - 1
    ]


def next_working_day(server, day):
    off = {found for (found,) in server.sql(DAYS_OFF)}
    while day.weekday() >= 5 or day in off:
        day += timedelta(days=1)
    return day


def typed(day, language):
    """Return a date as a person types it."""
    return day.strftime("%d/%m/%Y" if language == "th_TH" else "%m/%d/%Y")


def choose(page, field, index):
    """Choose the entry of a selection, counted from 0."""
    page.locator(f"[name={field}] input.o_select_menu_toggler:visible").click()
    entry = page.locator(f".o_select_menu_menu [data-choice-index='{index}']:visible")
    entry.wait_for()
    if page.locator(".o_bottom_sheet").count():
        # The sheet of a phone slides in; a tap on its way would close it.
        page.wait_for_timeout(1000)
    entry.click()


def enter(page, field, text):
    """Type into a field, dates included, and leave it."""
    widget = page.locator(f".o_field_widget[name={field}]:visible").last
    box = widget.locator("input, button.o_input").first
    box.click()
    box = widget.locator("input").first
    box.fill(text)
    box.press("Tab")


class Calendar:
    """The calendar of visits, and the mouse of a dispatcher."""

    def __init__(self, visitor):
        self.page = visitor.page

    def scale(self, name):
        self.page.locator(".o_view_scale_selector button:visible").first.click()
        self.page.locator(f".o_scale_button_{name}:visible").click()
        kind = {"day": "timeGridDay", "week": "timeGridWeek", "month": "dayGridMonth"}
        self.page.wait_for_selector(f".fc-{kind.get(name, 'dayGridYear')}-view")

    def show(self, day):
        """Go on until ``day`` is on screen."""
        cell = self.page.locator(f".o_calendar_widget [data-date='{day}']").first
        for _n in range(60):
            if cell.count():
                return
            before = self.page.locator(".o_calendar_header h5").inner_text()
            self.page.locator(".o_calendar_button_next").click()
            self.page.wait_for_function(
                "before => document.querySelector('.o_calendar_header h5')"
                ".innerText != before",
                arg=before,
            )
        raise AssertionError(f"{day} isn't in the calendar")

    def event(self, visit):
        return self.page.locator(f".fc-event[data-event-id='{visit}']").first

    def cell(self, day):
        return self.page.locator(f".fc-daygrid-day[data-date='{day}']").first

    def wait_for(self, visit, day):
        """Wait until a visit is drawn in the cell of ``day``."""
        self.cell(day).locator(f".fc-event[data-event-id='{visit}']").wait_for()

    def drag(self, visit, target):
        """Take a visit with the mouse to the middle of ``target``; wait for the
        answer of the server.
        """
        box, goal = self.event(visit).bounding_box(), target.bounding_box()
        x, y = (
            box["x"] + min(20, box["width"] / 2),
            box["y"] + min(8, box["height"] / 2),
        )
        end = goal["x"] + goal["width"] / 2, goal["y"] + goal["height"] / 2
        self.pull(x, y, *end)

    def stretch(self, visit, dy):
        """Pull the lower end of a visit by ``dy`` pixels."""
        event = self.event(visit)
        event.hover()
        box = event.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 2
        self.pull(x, y, x, y + dy)

    def pull(self, x, y, to_x, to_y):
        """Move the mouse with its button down; wait until the calendar is up to date
        again.
        """
        mouse = self.page.mouse
        with (
            self.page.expect_response("**/service.visit/search_read"),
            self.page.expect_response("**/service.visit/write"),
        ):
            mouse.move(x, y)
            mouse.down()
            mouse.move(x + 6, y + 6, steps=3)
            mouse.move(to_x, to_y, steps=12)
            mouse.up()
