"""The customer is asked in time, and answers; or doesn't, and gets a letter."""

import re
from datetime import timedelta

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


class Silence(Story):
    """A story in which nights pass, and mails arrive at a real server."""

    def __init__(self, server, visit, language):
        super().__init__(server, visit, language)
        self.numbers, self.seen, self.pages = {}, {}, []

    def person(self, login):
        found = super().person(login)
        self.pages.append(found[1])
        return found

    def sleep_until(self, day):
        self.today = day
        for page in self.pages:
            page.goto("about:blank")  # nobody looks at a server that stops
        self.server.move_clock(f"{day} 03:00:00")
        self.server.run(NIGHT)

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
    """A contract is sold, and the manager starts the reminders."""
    [invoice] = sell(story.server, [(customer, 0, "oven", 1)])
    story.contract = story.server.run(
        "contract = env['account.move'].browse(invoice)._create_service_contracts()\n"
        "contract.action_activate()\n"
        "result = contract.id",
        invoice=invoice,
    )
    made = [story.contract]
    story.server.run("env['res.company'].search([]).service_reminders_since = False")
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


def test_asked_in_time(new_server, visit):
    story = Silence(new_server(demo=True), visit, "en_US")
    [asked] = begin(story, "resort")
    end = story.periods()[0][4]
    story.sleep_until(end - timedelta(days=90))
    assert len(story.new_mails(asked)) == 1
    story.sleep_until(end - timedelta(days=30))
    [mail] = story.new_mails(asked)
    link, offer = read_mail(mail, "accept")
    assert squeeze(story.numbers[asked]) in offer
    assert squeeze("The next period") in offer
    renew_on_the_phone(story, link)
    pay(story, post_draft(story))
    check_next(story, asked, 1)
    story.sleep_until(end + timedelta(days=20))
    assert story.new_mails(asked) == []
    visitor, page, _hand = story.person("manager")
    page.goto("/odoo/service-renewal-dashboard")
    page.wait_for_selector(".o_service_dashboard canvas")
    visitor.shoot("dashboard")


def test_nobody_answers(new_server, visit):
    story = Silence(new_server(demo=True), visit, "th_TH")
    [silent] = begin(story, "garment")
    end = story.periods()[0][4]
    for days in (-30, 1):
        story.sleep_until(end + timedelta(days=days))
        assert len(story.new_mails(silent)) == 1, days
    story.sleep_until(end + timedelta(days=16))
    [mail] = story.new_mails(silent)
    assert state_of(story) == "suspended"
    link, letter = read_mail(mail, "ask")
    assert squeeze(story.numbers[silent]) in letter
    assert squeeze("ระงับ") in letter
    look(story, "dispatcher", silent, "button[name=action_print_letter]", "suspended")
    renew_on_the_phone(story, link)
    pay(story, post_draft(story))
    assert state_of(story) == "expired"
    *_earlier, new = story.periods()
    assert new[1] == "active"
