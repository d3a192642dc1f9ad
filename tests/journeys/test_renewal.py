"""Years of a contract: sold, renewed by those who serve, paid in plain Odoo."""

from datetime import date, timedelta

import pytest

from support.journey import Hand, pdf_text, speak, squeeze
from support.visits import sell

CONTRACT = """
SELECT id, state, cycle, date_start, date_end, renewal_state, renewal_fee
FROM service_contract
WHERE service_code = (SELECT service_code FROM service_contract WHERE id = %s)
ORDER BY cycle
"""
BILLED = """
SELECT move.id, move.state, move.payment_state, move.amount_untaxed
FROM service_renewal renewal JOIN account_move move ON move.id = renewal.move_id
WHERE renewal.contract_id = %s
"""
CARRIED = """
SELECT quantity, note FROM service_contract_usage
WHERE contract_id = %s AND kind = 'carry'
"""
NIGHT = """
for name in (
    "service_contract.ir_cron_expire_contracts",
    "service_contract_renewal.ir_cron_issue_invoices",
    "service_contract_renewal.ir_cron_renew_paid",
):
    env.ref(name).method_direct_trigger()
"""
# Nobody has to log in again after months: hashing a password takes as long as a page.
SESSIONS = """
env["ir.config_parameter"].set_param("sessions.max_inactivity_seconds", 10**9)
"""


class Story:
    """A contract, its years, and the people who work with it."""

    def __init__(self, server, visit, language):
        self.server, self.visit, self.language = server, visit, language
        self.contract = None
        self.today = date.today()
        self.people = {}
        server.run(SESSIONS)

    def person(self, login):
        """Return the visitor of somebody who is logged in, the page and the hand."""
        if login not in self.people:
            self.people[login] = visitor = self.visit(self.server, "desktop")
            visitor.name = f"{visitor.name}-{login}"
            visitor.enter(login)
            speak(self.server, visitor, login, self.language)
        visitor = self.people[login]
        return visitor, visitor.page, Hand(visitor)

    def sleep_until(self, day, jobs=NIGHT):
        """Let the clock move on, and the jobs of that night run."""
        self.today = day
        for visitor in self.people.values():
            visitor.page.goto("about:blank")  # no page stays open for months
        self.server.move_clock(f"{day} 03:00:00")
        self.server.run(jobs)

    def periods(self):
        return self.server.sql(CONTRACT, (self.contract,))


@pytest.mark.parametrize(
    ("language", "customer", "renewals"),
    [("en_US", "resort", [(1, 30), (2, 20)]), ("th_TH", "garment", [(1, 30)])],
)
def test_three_years(new_server, visit, language, customer, renewals):
    server = new_server(demo=True, clock=True)
    [invoice] = sell(server, [(customer, 0, "oven", 1)])
    story = Story(server, visit, language)
    base = make_contract(story, invoice)
    for year, percent in renewals:
        *earlier, (contract, _state, _cycle, _start, end, _renewal, _fee) = (
            story.periods()
        )
        story.sleep_until(end - timedelta(days=40))
        if earlier:
            check_carried(story, earlier[-1][0])
        move = issue(story, contract, round(base * percent / 100, 2), send=year == 1)
        pay(story, move)
        check_next(story, contract, year)
    if len(renewals) == 1:
        # on the first day of the next period
        story.sleep_until(end + timedelta(days=1))
        check_carried(story, contract)


def make_contract(story, invoice):
    """The salesperson: from the posted invoice, with the fees of the template."""
    visitor, page, hand = story.person("salesperson")
    page.goto(f"/odoo/action-account.action_move_out_invoice/{invoice}")
    page.wait_for_selector(".o_form_view .o_form_statusbar")
    hand.press("action_create_service_contract")
    hand.click(".modal button[name=action_create]")
    page.wait_for_selector("button[name=action_activate]")
    [(story.contract,)] = story.server.sql(
        "SELECT contract_id FROM service_contract_source_move_rel WHERE move_id = %s",
        (invoice,),
    )
    open_tab(page)
    shown = page.locator("[name=renewal_term_ids] td[name=percent]").all_inner_texts()
    assert [float(text) for text in shown] == [40, 30, 20]
    preview = page.locator("[name=renewal_preview]")
    preview.wait_for()
    assert "30 %" in preview.inner_text()
    visitor.shoot("fees")
    hand.press("action_activate")
    page.wait_for_selector(".o_service_code")
    [(base,)] = story.server.sql(
        "SELECT renewal_base_amount FROM service_contract WHERE id = %s",
        (story.contract,),
    )
    assert base
    return float(base)


def open_tab(page):
    page.locator(".o_notebook .nav-link[name=renewal]").click()
    page.wait_for_selector("[name=renewal_preview] table")


def issue(story, contract, amount, send):
    """Billing, without any right in accounting: list, dialog, invoice, mail."""
    visitor, page, hand = story.person("billing")
    page.goto("/odoo/action-service_contract_renewal.service_contract_action_to_bill")
    number = story.server.sql(
        "SELECT name FROM service_contract WHERE id = %s", (contract,)
    )[0][0]
    row = page.locator(f".o_data_row:has-text('{number}')")
    row.wait_for()
    visitor.shoot("to-bill")
    row.locator(".o_list_record_selector input").check()
    hand.click("button[name=action_issue_renewal]")
    page.wait_for_selector(".modal button[name=action_issue]")
    visitor.shoot("preview")
    hand.click(".modal button[name=action_issue]")
    page.wait_for_selector("button[name=action_service_send]")
    visitor.shoot("issued")
    [(move, state, payment, untaxed)] = story.server.sql(BILLED, (contract,))
    assert (state, payment, float(untaxed)) == ("posted", "not_paid", amount)
    if send:
        before = len(story.server.mails())
        hand.press("action_service_send")
        page.wait_for_selector(".modal button[name=action_send_and_print]")
        visitor.shoot("send")
        hand.click(".modal button[name=action_send_and_print]")
        page.wait_for_selector(".modal", state="detached", timeout=60_000)
        story.server.run(
            "env.ref('mail.ir_cron_mail_scheduler_action').method_direct_trigger()"
        )
        [attached] = [
            part
            for mail in story.server.mails()[before:]
            for part in mail.iter_attachments()
            if part.get_content_type() == "application/pdf"
        ]
        text = pdf_text(attached.get_content())
        assert squeeze(number) in text
        assert f"{amount:,.2f}" in text
        assert squeeze("ใบกำกับภาษี") not in text
        assert "TaxInvoice" not in text
    page.locator("button[name=action_service_view_contract]").click()
    page.wait_for_selector("button[name=action_view_renewal_moves]")
    return move


def pay(story, move):
    """The accountant registers the payment, as always."""
    visitor, page, hand = story.person("accountant")
    page.goto(f"/odoo/action-account.action_move_out_invoice/{move}")
    page.wait_for_selector(".o_form_view .o_form_statusbar")
    hand.press("action_register_payment")
    page.wait_for_selector(".modal button[name=action_create_payments]")
    hand.click(".modal button[name=action_create_payments]")
    page.wait_for_selector(".modal", state="detached")
    visitor.shoot("paid")


def check_next(story, contract, year):
    """The next period is there at once, and the running one isn't cut short."""
    *_earlier, old, new = story.periods()
    assert old[0] == contract
    assert old[5] == "renewed"
    assert new[1:4] == ("active", year + 1, old[4] + timedelta(days=1))
    visitor, page, _hand = story.person("billing")
    page.goto(f"/odoo/service-contracts/{contract}")
    page.wait_for_selector("button[name=action_view_successor]")
    open_tab(page)
    assert page.locator("[name=chain_ids] .o_data_row").count() == year + 1
    visitor.shoot("renewed")


def check_carried(story, contract):
    """In the next period: in force, with what was left of the old one."""
    *_earlier, old, new = story.periods()
    assert old[:2] == (contract, "expired")
    carried = story.server.sql(CARRIED, (new[0],))
    assert carried
    assert all(quantity > 0 for quantity, _note in carried)
    visitor, page, _hand = story.person("billing")
    page.goto(f"/odoo/service-contracts/{new[0]}")
    page.wait_for_selector(".ribbon")
    visitor.shoot("in-force")
