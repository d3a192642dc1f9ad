"""Renewals that two people, or a person, a payment and a job make in the same instant.

Everything is real, as in ``test_two_at_once.py``.
"""

import pytest

from support.people import PASSWORD, Person, at_once, split

ROUNDS = 2
A_BATCH = 20
LOGINS = {
    "anna": "service_contract.group_service_user",
    "bill": "service_contract.group_service_billing",
    "berta": "service_contract.group_service_billing",
    "carl": "account.group_account_invoice",
}

GROUND = """
from odoo.tests import new_test_user

chart = env["account.chart.template"]
chart.try_loading("generic_coa", env.company, install_demo=False)
users = {
    login: new_test_user(
        env, login=login, password=password, groups="base.group_user," + groups
    ).id
    for login, groups in logins.items()
}
customer = env["res.partner"].create({"name": "Baan Suan", "tz": "Asia/Bangkok"})
visit = env["product.product"].create({"name": "Visit", "type": "service"})
result = {"customer": customer.id, "visit": visit.id, **users}
"""

# Contracts that end in a month: what is due when a job was killed, or didn't run.
PROMISE = """
from datetime import timedelta

today = env["service.contract"]._get_company_today(env.company)
env.company.service_invoice_days_before = days
contracts = env["service.contract"].create([
    {
        "partner_id": ids["customer"],
        "user_id": ids["anna"],
        "date_start": today - timedelta(days=335),
        "renewal_base": "manual",
        "renewal_base_amount": 100000,
        "renewal_term_ids": [(0, 0, {"cycle": 2, "percent": 30})],
        "line_ids": [(0, 0, {"product_id": ids["visit"], "quantity": 4,
                             "carry_over": "all"})],
    }
    for _n in range(count)
])
contracts.action_activate()
moves = env["account.move"]
if issued:
    moves = contracts._create_renewal_invoices()
    moves._post_service_invoices()
result = {"contracts": contracts.ids, "moves": moves.ids}
"""

ISSUE = "env.ref('service_contract_renewal.ir_cron_issue_invoices')"
SWEEP = "env.ref('service_contract_renewal.ir_cron_renew_paid')"
RUN = "{}.method_direct_trigger()"
# In smaller portions than usual, so that there is a middle to be killed in.
IN_PORTIONS = """
from odoo.addons.service_contract.models.service_job_mixin import ServiceJobMixin
from odoo.addons.service_contract_renewal.models import service_contract_jobs

ServiceJobMixin._process_due.__defaults__ = (portion,)
service_contract_jobs.BATCH = portion
"""


@pytest.fixture(scope="module")
def ids(server):
    return server.run(GROUND, logins=LOGINS, password=PASSWORD)


@pytest.fixture(scope="module")
def people(server, ids):
    return {login: Person(server.url, server.database, login) for login in LOGINS}


@pytest.fixture(scope="module")
def promise(server, ids):
    """Return a function that makes running contracts, and their invoices."""

    def make(count=1, issued=False, days=0):
        return server.run(PROMISE, ids=ids, count=count, issued=issued, days=days)

    return make


def count_invoices(server, contracts):
    """Return (live claims, contracts with one, invoices that exist)."""
    ((claims, claimed),) = server.sql(
        "SELECT count(*), count(DISTINCT contract_id) FROM service_renewal"
        " WHERE contract_id = ANY(%s) AND state != 'freed' AND move_id IS NOT NULL",
        [contracts],
    )
    ((moves,),) = server.sql(
        "SELECT count(*) FROM account_move WHERE service_contract_id = ANY(%s)",
        [contracts],
    )
    return claims, claimed, moves


def count_successors(server, contracts):
    """Return (next periods, contracts that have one)."""
    return server.sql(
        "SELECT count(*), count(DISTINCT predecessor_id) FROM service_contract"
        " WHERE predecessor_id = ANY(%s) AND state = 'active'",
        [contracts],
    )[0]


def assert_billed_once(server, contracts):
    number = len(contracts)
    assert count_invoices(server, contracts) == (number, number, number)


def assert_renewed_once(server, contracts):
    assert_billed_once(server, contracts)
    assert count_successors(server, contracts) == (len(contracts), len(contracts))
    ((linked,),) = server.sql(
        "SELECT count(*) FROM service_contract old JOIN service_contract new"
        " ON new.id = old.successor_id AND new.predecessor_id = old.id"
        " AND new.service_code_key = old.service_code_key AND new.cycle = 2"
        " JOIN service_renewal paid ON paid.contract_id = old.id"
        " AND paid.state = 'renewed' AND paid.date_start = new.date_start"
        " WHERE old.id = ANY(%s) AND old.renewal_state = 'renewed'",
        [contracts],
    )
    assert linked == len(contracts)


def assert_no_problem(server, contracts):
    problems = server.sql(
        "SELECT job_error FROM service_contract WHERE id = ANY(%s)"
        " AND job_error IS NOT NULL",
        [contracts],
    )
    assert not problems


def press_issue(person, contract):
    """Open the dialog that shows what would be billed; return its button."""
    action = person.do("service.contract", "action_issue_renewal", [contract])
    return lambda: person.do(
        "service.renewal.issue", "action_issue", [action["res_id"]]
    )


def press_pay(person, move):
    """Fill in Odoo's own dialog of a payment; return its button."""
    context = {"active_model": "account.move", "active_ids": [move]}
    wizard = person.do("account.payment.register", "create", [{}], context=context)
    return lambda: person.do(
        "account.payment.register", "action_create_payments", wizard, context=context
    )


# -- issuing


def test_two_people_issue_the_same_invoice(server, people, promise):
    """Whoever comes second reads that it was billed; nobody sees a failure."""
    made = promise(ROUNDS)
    for contract in made["contracts"]:
        presses = [press_issue(people[who], contract) for who in ("bill", "berta")]
        done, refused = split(at_once(*presses))
        assert (len(done), len(refused)) == (1, 1), refused
        assert refused[0].kind == "UserError"
        assert "can be billed" in refused[0].text or "already" in refused[0].text
    assert_billed_once(server, made["contracts"])


def test_a_double_click_issues_once(server, people, promise):
    made = promise(ROUNDS)
    for contract in made["contracts"]:
        press = press_issue(people["bill"], contract)
        split(at_once(press, press))
    assert_billed_once(server, made["contracts"])


def test_the_second_connection_is_told_to_repeat(server, promise):
    """What the server does then, by hand: the later one notices, and begins again."""
    (contract,) = promise()["contracts"]
    told = server.run(
        """
from psycopg2.errors import SerializationFailure
from odoo.exceptions import ConcurrencyError, UserError

contract = env["service.contract"].browse(contract)
env.cr.execute("SELECT 1")  # from here on this transaction sees nothing new
with env.registry.cursor() as other:
    contract.with_env(contract.env(cr=other))._create_renewal_invoices()
try:
    contract._create_renewal_invoices()
    result = "nobody noticed"
except (ConcurrencyError, SerializationFailure) as error:
    result = [type(error).__name__]
    env.cr.rollback()
    try:
        contract._create_renewal_invoices()
    except UserError as error:
        result.append(str(error))
""",
        contract=contract,
    )
    assert told[0] == "SerializationFailure"
    assert "is billed already" in told[1]
    assert_billed_once(server, [contract])


def test_the_button_beside_the_job(server, people, promise):
    made = promise(24, days=60)
    presses = [
        press_issue(people[who], contract)
        for contract in made["contracts"][::8]
        for who in ("bill", "berta")
    ]
    job = server.spawn(RUN.format(ISSUE))
    _done, refused = split(at_once(*presses))
    assert job.wait(120) == 0, job.stdout.read()
    assert "RESULT" in job.stdout.read()
    server.run(RUN.format(ISSUE))
    assert {answer.kind for answer in refused} <= {"UserError"}
    assert all("bill" in answer.text for answer in refused), refused
    assert_billed_once(server, made["contracts"])
    assert_no_problem(server, made["contracts"])


# -- renewing


def test_button_job_and_payment_at_once(server, people, promise):
    """The accountant registers a payment, the sweep runs, and somebody double-clicks
    the invoice of the same contract.
    """
    made = promise(ROUNDS, issued=True)
    for contract, move in zip(made["contracts"], made["moves"], strict=True):
        job = server.spawn("env['service.contract']._cron_renew_paid()")
        pays = [press_pay(people["carl"], move) for _n in range(2)]
        sweep = [
            lambda contract=contract: people["bill"].do(
                "service.contract", "action_issue_renewal", [contract]
            )
        ]
        _done, refused = split(at_once(*pays, *sweep))
        output = job.stdout.read()
        assert job.wait(120) == 0, output
        assert "RESULT" in output, output
        assert {answer.kind for answer in refused} <= {"UserError"}, refused
    server.run(RUN.format(SWEEP))
    assert_renewed_once(server, made["contracts"])
    assert_no_problem(server, made["contracts"])


SETTLE = """
contracts = env["service.contract"].browse(contracts)
moves = contracts.renewal_ids.move_id
moves._post_service_invoices()
env.flush_all()
# settled on a path that calls no hook: blocked, then paid by the bank
env.cr.execute(
    "UPDATE account_move SET payment_state = 'blocked', amount_residual = 0,"
    " amount_residual_signed = 0 WHERE id = ANY(%s)", [moves.ids]
)
"""


def kill_in_the_middle(server, wait_for, job, count):
    """Run a job until ``count`` sees what it committed, and kill it there."""
    process = server.spawn(IN_PORTIONS + RUN.format(job), portion=A_BATCH)
    wait_for(count, "the job began", 120)
    process.kill()
    process.wait()


def test_killed_jobs_lose_and_repeat_nothing(server, promise, wait_for):
    """Killed after its first portions, each job goes on where it was; the second one by
    two processes at once, as when a worker whose connection died is still at it.
    """
    contracts = promise(A_BATCH * 5, days=60)["contracts"]
    kill_in_the_middle(
        server, wait_for, ISSUE, lambda: count_invoices(server, contracts)[0]
    )
    claims, claimed, moves = count_invoices(server, contracts)
    assert claims == claimed == moves
    assert 0 < claims < len(contracts)
    assert claims % A_BATCH == 0, "whole portions alone"
    server.run(RUN.format(ISSUE))
    assert_billed_once(server, contracts)
    ((tasks,),) = server.sql(
        "SELECT count(*) FROM mail_activity WHERE res_model = 'service.contract'"
        " AND res_id = ANY(%s)",
        [contracts],
    )
    assert tasks == len(contracts), "one task each"
    server.run(SETTLE, contracts=contracts)
    kill_in_the_middle(
        server, wait_for, SWEEP, lambda: count_successors(server, contracts)[0]
    )
    successors, renewed = count_successors(server, contracts)
    assert successors == renewed
    assert 0 < renewed < len(contracts)
    assert renewed % A_BATCH == 0
    jobs = [
        server.spawn("env['service.contract']._cron_renew_paid()") for _n in range(2)
    ]
    for job in jobs:
        output = job.stdout.read()
        assert job.wait(120) == 0, output
        assert "RESULT" in output, output
    server.run(RUN.format(SWEEP))
    assert_renewed_once(server, contracts)
    assert_no_problem(server, contracts)
