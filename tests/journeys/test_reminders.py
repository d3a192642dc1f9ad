"""The customer is asked in time, and answers; or doesn't, and gets a letter."""

import re
from datetime import timedelta

import pytest
from test_renewal import BILLED, Story, check_next, pay

from support.journey import pdf_text, squeeze
from support.visits import sell

NIGHT = """
for name in (
    "service_contract.ir_cron_expire_contracts",
    "service_contract_renewal.ir_cron_send_reminders",
    "service_contract_renewal.ir_cron_suspend_lapsed",
    "mail.ir_cron_mail_scheduler_action",
):
    env.ref(name).method_direct_trigger()
"""
# Reminders aren't begun, and the other customers of the demo are left in peace: a night
# of theirs takes as long as their PDFs.
MAKE = """
made = env["service.contract"]
for invoice in env["account.move"].browse(invoices):
    made += invoice._create_service_contracts()
made.action_activate()
result = made.ids
env["res.company"].search([]).service_reminders_since = False
others = env["service.contract"].search([("id", "not in", made.ids)])
others.write({"reminder_hold_until": "2039-12-31", "reminder_hold_reason": "Story"})
"""


class Silence(Story):
    """A story in which nights pass, and mails arrive at a real server."""

    def __init__(self, server, visit, language):
        super().__init__(server, visit, language)
        self.numbers, self.seen = {}, {}

    def sleep_until(self, day, jobs=NIGHT):
        super().sleep_until(day, jobs)

    def new_mails(self, contract):
        """Return the mails to the customer about a contract since the last look: what
        staff is told has no button.
        """
        number = self.numbers[contract]
        mails = [
            mail
            for mail in self.server.mails()
            if number in str(mail["subject"])
            and "/service-renewal/" in mail.get_body(("html",)).get_content()
        ]
        fresh = mails[self.seen.get(contract, 0) :]
        self.seen[contract] = len(mails)
        return fresh


def begin(story, customer):
    """Two contracts are sold, and the manager starts the reminders."""
    invoices = sell(story.server, [(customer, 0, "oven", 1)] * 2)
    made = story.server.run(MAKE, invoices=invoices)
    story.contract = made[0]
    visitor, page, hand = story.person("manager")
    page.goto("/odoo/action-service_contract_renewal.service_renewal_preview_action")
    page.wait_for_selector("button[name=action_start]")
    visitor.shoot("who-would-get-what")
    hand.press("action_start")
    page.locator(".modal footer .btn-primary").click()
    page.wait_for_selector("button[name=action_stop]")
    story.numbers = dict(
        story.server.sql(
            "SELECT id, name FROM service_contract WHERE id = ANY(%s)", (made,)
        )
    )
    return made


def look(story, login, contract, selector, title):
    visitor, page, _hand = story.person(login)
    page.goto(f"/odoo/service-contracts/{contract}")
    page.wait_for_selector(selector)
    visitor.shoot(title)


def read_mail(mail, answer):
    """Return (link of a button, text of the attached PDF)."""
    body = mail.get_body(("html",)).get_content()
    link = re.search(rf'href="([^"]*/service-renewal/[^"]*answer={answer})"', body)[1]
    [attached] = [
        part
        for part in mail.iter_attachments()
        if part.get_content_type() == "application/pdf"
    ]
    return link.replace("&amp;", "&"), pdf_text(attached.get_content())


def renew_on_the_phone(story, link):
    """The customer, who has no account, follows the link of the mail."""
    visitor = story.visit(story.server, "phone")
    visitor.page.goto(link[link.index("/service-renewal/") :])
    visitor.page.wait_for_selector(".o_service_answer")
    visitor.shoot("answer")
    assert decision(story) is None, "opening the page decides nothing"
    visitor.page.locator("form:has(input[value=accept]) button").click()
    visitor.page.wait_for_selector("[name=done]")
    visitor.shoot("answered")
    assert decision(story) == "accepted"


def decision(story):
    return story.server.sql(
        "SELECT renewal_decision FROM service_contract WHERE id = %s",
        (story.contract,),
    )[0][0]


def post_draft(story):
    """Billing finds the draft that the answer made, and issues it."""
    [(move, state, _payment, _untaxed)] = story.server.sql(BILLED, (story.contract,))
    assert state == "draft"
    visitor, page, hand = story.person("billing")
    page.goto(
        f"/odoo/action-service_contract_renewal.account_move_service_action/{move}"
    )
    hand.press("action_service_post")
    page.wait_for_selector("button[name=action_service_send]")
    visitor.shoot("issued")
    return move


def state_of(story):
    return story.server.sql(
        "SELECT state FROM service_contract WHERE id = %s", (story.contract,)
    )[0][0]


@pytest.mark.parametrize(
    ("language", "customer", "next_period", "suspended"),
    [
        ("en_US", "resort", "The next period", "suspended"),
        ("th_TH", "garment", "งวดถัดไป", "ระงับ"),
    ],
)
def test_asked_in_time(new_server, visit, language, customer, next_period, suspended):
    """The customer of two contracts answers for the one, and is silent on the other."""
    story = Silence(new_server(demo=True, clock=True), visit, language)
    asked, silent = begin(story, customer)
    end = story.periods()[0][4]
    story.sleep_until(end - timedelta(days=90))
    assert len(story.new_mails(asked)) == len(story.new_mails(silent)) == 1
    story.sleep_until(end - timedelta(days=30))
    [mail] = story.new_mails(asked)
    link, offer = read_mail(mail, "accept")
    assert squeeze(story.numbers[asked]) in offer
    assert squeeze(next_period) in offer
    renew_on_the_phone(story, link)
    pay(story, post_draft(story))
    check_next(story, asked, 1)
    assert len(story.new_mails(silent)) == 1

    story.sleep_until(end + timedelta(days=1))
    assert len(story.new_mails(silent)) == 1, "the last call"
    story.sleep_until(end + timedelta(days=16))
    assert story.new_mails(asked) == []
    look_at_dashboard(story)
    story.contract = silent
    [mail] = story.new_mails(silent)
    assert state_of(story) == "suspended"
    link, letter = read_mail(mail, "ask")
    assert squeeze(story.numbers[silent]) in letter
    assert squeeze(suspended) in letter
    look(story, "dispatcher", silent, "button[name=action_print_letter]", "suspended")
    renew_on_the_phone(story, link)
    pay(story, post_draft(story))
    assert state_of(story) == "expired"
    *_earlier, new = story.periods()
    assert new[1] == "active"


def look_at_dashboard(story):
    visitor, page, _hand = story.person("manager")
    page.goto("/odoo/service-renewal-dashboard")
    page.wait_for_selector(".o_service_dashboard canvas")
    visitor.shoot("dashboard")
