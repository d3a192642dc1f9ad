"""Reminders, answers and letters when things happen in the same instant, a process is
killed, or the mail server is away.

Everything is real, as in ``test_two_at_once.py``; the mails arrive at a real SMTP
server.
"""

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import pytest
from test_renewals_two_at_once import GROUND, LOGINS, PROMISE, RUN, press_pay

from support.people import PASSWORD, Person, at_once, split

REMIND = "env.ref('service_contract_renewal.ir_cron_send_reminders')"
SUSPEND = "env.ref('service_contract_renewal.ir_cron_suspend_lapsed')"
# the job has committed in a transaction of its own, which is to be seen
QUEUE = "env.cr.commit()\nenv['mail.mail'].process_email_queue()"
PORTION = 3
METHODS = {"reminder": "_cron_send_reminders", "letter": "_cron_suspend_lapsed"}

BEGIN = """
env.company.service_reminders_since = env["service.contract"]._get_company_today(
    env.company
)
env.company.email = "office@dealer.example"
env["ir.config_parameter"].set_param("mail.default.from", "office@dealer.example")
# a PDF takes its time, and other tests look at it
env["mail.template"].search([("report_template_ids", "!=", False)]).write(
    {"report_template_ids": [(5,)]}
)
env["res.partner"].browse(customer).email = "hotel@example.com"
"""
# Past the days of grace: the end was moved back, as if time had passed.
LAPSE = """
from datetime import timedelta

contracts = env["service.contract"].browse(contracts)
today = contracts[0]._today()
env.company.service_reminders_since = today - timedelta(days=60)
env.cr.execute(
    "UPDATE service_contract SET date_end = %s, date_start = %s, date_anchor = %s"
    " WHERE id = ANY(%s)",
    [
        today - timedelta(days=30),
        today - timedelta(days=394),
        today - timedelta(days=394),
        contracts.ids,
    ],
)
env.invalidate_all()
for name in ("period_end_at", "service_end_at", "service_start_at"):
    env.add_to_compute(contracts._fields[name], contracts)
env.flush_all()
contracts._expire()
env.company._look_again_at_renewals()
"""
IN_PORTIONS = """
from odoo.addons.service_contract_renewal.models import service_contract_reminder
from odoo.addons.service_contract_renewal.models import service_contract_suspension

service_contract_reminder.MAILS = service_contract_suspension.LETTERS = portion
"""
# What somebody wrote into a template works for most contracts.
BREAK = """
for name in ("offer", "suspension"):
    template = env.ref(f"service_contract_renewal.mail_template_{name}")
    template.subject = "{{ object.name }} {{ 1 / (object.id not in %s) }}" % broken
"""
MEND = """
for name in ("offer", "suspension"):
    template = env.ref(f"service_contract_renewal.mail_template_{name}")
    template.subject = "{{ object.name }} ends on"
# a day later
env["service.contract"].search([("job_error", "!=", False)]).job_retry_at = False
"""
MANY, BROKEN = 30, 5


@pytest.fixture(scope="module")
def ids(server):
    made = server.run(GROUND, logins=LOGINS, password=PASSWORD)
    server.run(BEGIN, customer=made["customer"])
    return made


@pytest.fixture(scope="module")
def people(server, ids):
    return {login: Person(server.url, server.database, login) for login in LOGINS}


@pytest.fixture(scope="module")
def promise(server, ids):
    """Return a function that makes contracts that end in a month."""

    def make(count=1, issued=False):
        return server.run(PROMISE, ids=ids, count=count, issued=issued, days=0)

    return make


def count_told(server, contracts, kind="reminder"):
    """Return (notices, contracts with one, mails that belong to one)."""
    return server.sql(
        "SELECT count(*), count(DISTINCT contract_id), count(DISTINCT mail_id)"
        " FROM service_renewal_notice WHERE contract_id = ANY(%s) AND kind = %s",
        [contracts, kind],
    )[0]


def count_mails(server, contracts):
    ((mails,),) = server.sql(
        "SELECT count(*) FROM mail_mail mail"
        " JOIN mail_message message ON message.id = mail.mail_message_id"
        " WHERE message.model = 'service.contract' AND message.res_id = ANY(%s)"
        " AND message.message_type = 'email_outgoing'",
        [contracts],
    )
    return mails


def assert_told_once(server, contracts, kind="reminder"):
    number = len(contracts)
    assert count_told(server, contracts, kind) == (number, number, number)
    assert count_mails(server, contracts) == number


class Visitor:
    """A customer without any account: follows the link of a mail in a browser."""

    def __init__(self, server, contract):
        self.url = server.run(
            "result = env['service.contract'].browse(contract)._get_answer_url()",
            contract=contract,
        )
        path = urllib.parse.urlsplit(self.url).path
        self.url = server.url + path
        self.browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def read(self):
        with self.browser.open(self.url, timeout=120) as page:
            return page.read().decode()

    def press(self, answer):
        """Return what a press on the button does, on the page that is open now."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.read())[1]
        body = urllib.parse.urlencode({"csrf_token": token, "answer": answer}).encode()

        def work():
            with self.browser.open(f"{self.url}/answer", body, timeout=120) as page:
                assert page.status == 200
                return page.read().decode()

        return work


KINDS = pytest.mark.parametrize(
    ("kind", "job"), [("reminder", REMIND), ("letter", SUSPEND)]
)


def await_all(processes):
    for process in processes:
        output = process.stdout.read()
        assert process.wait(240) == 0, output
        assert "RESULT" in output, output


@KINDS
def test_killed_in_the_middle_nobody_is_told_twice(
    server, promise, wait_for, kind, job
):
    contracts = promise(PORTION * 4)["contracts"]
    if kind == "letter":
        server.run(LAPSE, contracts=contracts)
    process = server.spawn(IN_PORTIONS + RUN.format(job), portion=PORTION)
    wait_for(lambda: count_told(server, contracts, kind)[0], "the job began", 120)
    process.kill()
    process.wait()
    notices, _contracts, mails = count_told(server, contracts, kind)
    assert 0 < notices == mails < len(contracts)
    assert notices % PORTION == 0, "whole portions alone"
    method = f"env['service.contract'].{METHODS[kind]}()"
    await_all([server.spawn(method) for _n in range(2)])
    server.run("\n".join([RUN.format(job)] * 3))
    assert_told_once(server, contracts, kind)


@KINDS
def test_some_that_are_broken_stop_no_other(server, promise, kind, job):
    """Each is shown once, however often the job fails on it, and told when mended."""
    contracts = promise(MANY)["contracts"]
    if kind == "letter":
        server.run(LAPSE, contracts=contracts)
    broken = contracts[:: MANY // BROKEN]
    server.run(BREAK, broken=broken)
    # it writes into its log what failed
    await_all([server.spawn("\n".join([RUN.format(job)] * 2))])
    well = [contract for contract in contracts if contract not in broken]
    assert_told_once(server, well, kind)
    assert count_told(server, broken, kind) == (0, 0, 0)
    shown = server.sql(
        "SELECT activity.res_id, count(*) FROM mail_activity activity"
        " JOIN ir_model_data data ON data.res_id = activity.activity_type_id"
        " AND data.model = 'mail.activity.type'"
        " AND data.name = 'mail_activity_type_job_error'"
        " WHERE activity.res_model = 'service.contract'"
        " AND activity.res_id = ANY(%s) GROUP BY activity.res_id",
        [contracts],
    )
    assert sorted(shown) == [(contract, 1) for contract in sorted(broken)]
    server.run(MEND)
    server.run(RUN.format(job))
    assert_told_once(server, contracts, kind)
    ((left,),) = server.sql(
        "SELECT count(*) FROM service_contract WHERE job_error IS NOT NULL"
    )
    assert left == 0


def test_payment_answer_job_and_button_at_once(server, people, promise):
    """The invoice is out: while it is paid, the job asks for the payment, the customer
    presses *don't renew*, and somebody of the house records the same.
    """
    made = promise(2, issued=True)
    for contract, move in zip(made["contracts"], made["moves"], strict=True):
        visitor = Visitor(server, contract)
        try:
            decline = [visitor.press("decline")]
        except TypeError:  # no form, as nothing is to be decided any more
            decline = []
        job = server.spawn("env['service.contract']._cron_send_reminders()")
        done, refused = split(
            at_once(
                press_pay(people["carl"], move),
                *decline,
                lambda contract=contract: people["anna"].do(
                    "service.contract", "action_renewal_decline", [contract]
                ),
            )
        )
        await_all([job])
        assert {answer.kind for answer in refused} <= {"UserError"}, refused
        server.run("env['service.contract']._cron_renew_paid()")
        server.run(RUN.format(REMIND))
        ((decision, state, successors, notices),) = server.sql(
            "SELECT renewal_decision, renewal_state,"
            " (SELECT count(*) FROM service_contract new"
            "   WHERE new.predecessor_id = contract.id),"
            " (SELECT count(*) FROM service_renewal_notice"
            "   WHERE contract_id = contract.id)"
            " FROM service_contract contract WHERE id = %s",
            [contract],
        )
        assert (decision, state, successors) == (None, "renewed", 1)
        assert notices <= 1
        assert count_mails(server, [contract]) == notices


def test_answer_job_and_button_at_once(server, people, promise):
    """The customer presses *renew* twice while the job reminds and somebody of billing
    looks at the same contract.
    """
    for contract in promise(2)["contracts"]:
        visitor = Visitor(server, contract)
        presses = [visitor.press("accept") for _n in range(2)]
        job = server.spawn("env['service.contract']._cron_send_reminders()")
        button = [
            lambda contract=contract: people["anna"].do(
                "service.contract", "action_renewal_accept", [contract]
            )
        ]
        _done, refused = split(at_once(*presses, *button))
        await_all([job])
        assert {answer.kind for answer in refused} <= {"UserError"}, refused
        server.run(RUN.format(REMIND))
        ((decision, invoices, notices),) = server.sql(
            "SELECT renewal_decision,"
            " (SELECT count(*) FROM service_renewal WHERE contract_id = contract.id),"
            " (SELECT count(*) FROM service_renewal_notice"
            "   WHERE contract_id = contract.id)"
            " FROM service_contract contract WHERE id = %s",
            [contract],
        )
        assert (decision, invoices) == ("accepted", 1)
        assert notices <= 1
        assert count_mails(server, [contract]) == notices


def test_suspended_while_the_customer_pays(server, people, promise):
    """One letter at most, and whoever paid is served in the end."""
    made = promise(1, issued=True)
    for contract, move in zip(made["contracts"], made["moves"], strict=True):
        server.run(
            "env['account.move'].browse(move).invoice_date_due = '2020-01-01'\n"
            + LAPSE,
            contracts=[contract],
            move=move,
        )
        pay = press_pay(people["carl"], move)
        job = server.spawn(RUN.format(SUSPEND))
        _done, refused = split(at_once(pay))
        await_all([job])
        assert not refused
        server.run(f"{RUN.format(SUSPEND)}\nenv['service.contract']._cron_renew_paid()")
        ((state, successor),) = server.sql(
            "SELECT old.state, new.state FROM service_contract old"
            " JOIN service_contract new ON new.id = old.successor_id"
            " WHERE old.id = %s",
            [contract],
        )
        assert (state, successor) == ("expired", "active")
        assert count_told(server, [contract], "letter")[0] <= 1


def test_ten_runs_a_day_write_one_letter(server, promise):
    contracts = promise(4)["contracts"]
    server.run(LAPSE, contracts=contracts)
    jobs = [
        server.spawn("env['service.contract']._cron_suspend_lapsed()")
        for _n in range(2)
    ]
    await_all(jobs)
    server.run("\n".join([RUN.format(SUSPEND)] * 3))
    assert_told_once(server, contracts, "letter")
    states = server.sql(
        "SELECT DISTINCT state, suspension_reason FROM service_contract"
        " WHERE id = ANY(%s)",
        [contracts],
    )
    assert states == [("suspended", "not_renewed")]


@KINDS
def test_a_mail_server_that_was_away_loses_no_mail(server, promise, kind, job):
    (contract,) = promise()["contracts"]
    if kind == "letter":
        server.run(LAPSE, contracts=[contract])
    name = server.sql("SELECT name FROM service_contract WHERE id = %s", [contract])[0][
        0
    ]
    server.run(
        "env['ir.mail_server'].create("
        "{'name': 'Away', 'smtp_host': '127.0.0.1', 'smtp_port': 9, 'sequence': 0})"
    )
    server.run(f"{RUN.format(job)}\n{QUEUE}")

    def mine():
        return [
            str(mail["subject"])
            for mail in server.mails()
            if name in str(mail["subject"]) and mail["to"] and "hotel" in mail["to"]
        ]

    assert mine() == []
    ((state,),) = server.sql(
        "SELECT mail.state FROM service_renewal_notice notice"
        " JOIN mail_mail mail ON mail.id = notice.mail_id"
        " WHERE notice.contract_id = %s",
        [contract],
    )
    assert state == "exception"
    server.run("env['ir.mail_server'].search([]).unlink()")
    server.run("\n".join([RUN.format(REMIND), QUEUE] * 3))
    assert len(mine()) == 1
    assert_told_once(server, [contract], kind)


def test_a_neutralized_copy_sends_nothing(server, promise):
    """Odoo's own command that makes a copy harmless also stops reminders and letters;
    what was queued stays where it is.
    """
    (queued,) = promise()["contracts"]
    server.run(RUN.format(REMIND))
    assert_told_once(server, [queued])
    lapsed = promise(2)["contracts"]
    server.run(LAPSE, contracts=lapsed)
    contracts = [*promise(2)["contracts"], *lapsed]
    before = len(server.mails())
    server.run(
        """
from odoo.modules.neutralize import neutralize_database

neutralize_database(env.cr)
env.invalidate_all()
# pressed by hand all the same
env["service.contract"]._cron_send_reminders()
env["service.contract"]._cron_suspend_lapsed()
"""
    )
    server.run(QUEUE)
    assert len(server.mails()) == before
    for kind in METHODS:
        assert count_told(server, contracts, kind) == (0, 0, 0)
    states = server.sql(
        "SELECT DISTINCT state FROM service_contract WHERE id = ANY(%s)", [lapsed]
    )
    assert states == [("expired",)]
    ((crons,),) = server.sql(
        "SELECT count(*) FROM ir_cron"
        " WHERE active AND cron_name LIKE 'Service Contracts%'"
    )
    assert crons == 0
