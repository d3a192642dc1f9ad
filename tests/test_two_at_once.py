"""Two people, or a person and a job, at the same contract in the same instant.

Everything is real: a server with several requests at once, transactions that commit, a
job in a process of its own that is killed in the middle.
"""

import pytest

from support.people import PASSWORD, Person, Refused, at_once, split

ROUNDS = 8

GROUND = """
from odoo.fields import Command
from odoo.tests import new_test_user

chart = env["account.chart.template"]
chart.try_loading("generic_coa", env.company, install_demo=False)
users = {}
for login, groups in logins.items():
    users[login] = new_test_user(
        env, login=login, password=password, groups="base.group_user," + groups
    )
customer = env["res.partner"].create({"name": "Baan Suan", "tz": "Asia/Bangkok"})
visit = env["product.product"].create({"name": "Visit", "type": "service"})
template = env["service.contract.template"].create({
    "name": "Gold care",
    "line_ids": [Command.create({"product_id": visit.id, "quantity": 4})],
})
machine = env["product.product"].create({"name": "Machine", "lst_price": 900})
machine.taxes_id = False
machine.service_template_id = template
result = {
    "customer": customer.id,
    "visit": visit.id,
    "template": template.id,
    "machine": machine.id,
    "company": env.company.id,
}
"""
LOGINS = {
    "anna": "service_contract.group_service_user,account.group_account_invoice",
    "bert": "service_contract.group_service_user,account.group_account_invoice",
    "mia": "service_contract.group_service_manager",
}


@pytest.fixture(scope="module")
def ids(server):
    return server.run(GROUND, logins=LOGINS, password=PASSWORD)


@pytest.fixture(scope="module")
def people(server, ids):
    return {login: Person(server.url, server.database, login) for login in LOGINS}


@pytest.fixture(scope="module")
def anna(people):
    return people["anna"]


@pytest.fixture(scope="module")
def bert(people):
    return people["bert"]


@pytest.fixture(scope="module")
def mia(people):
    return people["mia"]


def make_contracts(person, ids, count=1, activate=True, term_count=0, **line):
    contracts = person.do(
        "service.contract",
        "create",
        [
            {
                "partner_id": ids["customer"],
                "date_start": "2020-01-01",
                "term_count": term_count,
                "line_ids": [[0, 0, {"product_id": ids["visit"], **line}]],
            }
            for _n in range(count)
        ],
    )
    if activate:
        person.do("service.contract", "action_activate", contracts)
    return contracts


def make_invoices(person, ids, count, post):
    line = {"product_id": ids["machine"], "quantity": 1}
    moves = person.do(
        "account.move",
        "create",
        [
            {
                "move_type": "out_invoice",
                "partner_id": ids["customer"],
                "invoice_date": "2026-03-15",
                "invoice_line_ids": [[0, 0, line]],
            }
            for _n in range(count)
        ],
    )
    if post:
        person.do("account.move", "action_post", moves)
    return moves


def line_of(server, contract):
    return server.sql(
        "SELECT id FROM service_contract_line WHERE contract_id = %s", [contract]
    )[0][0]


def record_use(person, line, quantity=1):
    """Fill in and press the button of the dialog *Record a Service*."""
    wizard = person.do(
        "service.contract.record.use",
        "create",
        [{"line_id": line, "quantity": quantity, "date": "2026-01-10"}],
    )
    return lambda: person.do("service.contract.record.use", "action_record", wizard)


def assert_ledger_fits(server, line):
    """The counters are the sums of the ledger, and nothing is below zero."""
    ((quantity, used, carried, adjusted, remaining, available),) = server.sql(
        "SELECT quantity, COALESCE(quantity_used, 0), COALESCE(quantity_carried, 0),"
        " COALESCE(quantity_adjusted, 0), quantity_remaining, quantity_available"
        " FROM service_contract_line WHERE id = %s",
        [line],
    )
    sums = dict(
        server.sql(
            "SELECT kind, SUM(quantity) FROM service_contract_usage"
            " WHERE line_id = %s AND is_billable IS NOT TRUE GROUP BY kind",
            [line],
        )
    )
    assert used == sums.get("use", 0)
    assert carried == sums.get("carry", 0)
    assert adjusted == sums.get("adjust", 0)
    assert remaining == quantity + carried + adjusted - used
    assert min(remaining, available) >= 0


# -- rights


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_the_last_right_is_used_once(server, ids, anna, bert, round_):
    (contract,) = make_contracts(anna, ids, quantity=1)
    line = line_of(server, contract)
    done, refused = split(at_once(record_use(anna, line), record_use(bert, line)))
    assert (len(done), len(refused)) == (1, 1), refused
    assert refused[0].kind == "UserError"
    assert "1 asked for, 0 left" in refused[0].text
    assert_ledger_fits(server, line)


def test_many_uses_at_once_stop_at_the_right(server, ids, anna, bert, mia):
    (contract,) = make_contracts(anna, ids, quantity=3)
    line = line_of(server, contract)
    works = [
        record_use(person, line) for person in (anna, bert, mia) for _n in range(2)
    ]
    done, refused = split(at_once(*works))
    assert (len(done), len(refused)) == (3, 3), refused
    assert {answer.kind for answer in refused} == {"UserError"}
    assert_ledger_fits(server, line)


@pytest.mark.parametrize("round_", range(3))
def test_a_use_is_taken_back_once(server, ids, anna, mia, round_):
    (contract,) = make_contracts(anna, ids, quantity=2)
    line = line_of(server, contract)
    record_use(anna, line)()
    ((usage,),) = server.sql(
        "SELECT id FROM service_contract_usage WHERE line_id = %s", [line]
    )

    def press():
        return mia.do("service.contract.usage", "action_take_back", [usage])

    done, refused = split(at_once(press, press))
    assert (len(done), len(refused)) == (1, 1), refused
    assert "taken back already" in refused[0].text
    assert_ledger_fits(server, line)


def test_lowering_a_right_and_using_it(server, ids, anna, mia):
    """A manager lowers what is agreed while the last of it is being used."""
    for _round in range(ROUNDS):
        (contract,) = make_contracts(anna, ids, quantity=1)
        line = line_of(server, contract)
        answers = at_once(
            record_use(anna, line),
            lambda line=line: mia.do(
                "service.contract.line", "write", [line], {"quantity": 0}
            ),
        )
        done, refused = split(answers)
        assert (len(done), len(refused)) == (1, 1), refused
        assert refused[0].kind in ("UserError", "ValidationError")
        assert "already" in refused[0].text or " left" in refused[0].text
        assert_ledger_fits(server, line)


# -- from the invoice


def open_wizard(person, invoice):
    action = person.do("account.move", "action_create_service_contract", [invoice])
    return lambda: person.do(
        "service.contract.create", "action_create", [action["res_id"]]
    )


def contracts_of(server, invoice):
    return [
        contract
        for (contract,) in server.sql(
            "SELECT contract_id FROM service_contract_source_move_rel"
            " WHERE move_id = %s",
            [invoice],
        )
    ]


def test_one_contract_for_an_invoice_that_two_people_use(server, ids, anna, bert):
    for invoice in make_invoices(anna, ids, ROUNDS, post=True):
        presses = [open_wizard(person, invoice) for person in (anna, bert)]
        done, refused = split(at_once(*presses))
        assert (len(done), len(refused)) == (1, 1), refused
        assert refused[0].kind == "UserError"
        assert "is covered by a contract already" in refused[0].text
        assert len(contracts_of(server, invoice)) == 1


def test_a_double_click_makes_one_contract(server, ids, anna):
    for invoice in make_invoices(anna, ids, ROUNDS, post=True):
        press = open_wizard(anna, invoice)
        done, refused = split(at_once(press, press))
        assert (len(done), len(refused)) == (1, 1), refused
        assert len(contracts_of(server, invoice)) == 1


def test_posting_twice_makes_one_contract(server, ids, anna, bert, mia):
    template = ids["template"]
    mia.do("service.contract.template", "write", template, {"autocreate": "active"})
    try:
        for invoice in make_invoices(anna, ids, ROUNDS, post=False):
            answers = at_once(
                *[
                    lambda person=person, invoice=invoice: person.do(
                        "account.move", "action_post", [invoice]
                    )
                    for person in (anna, bert)
                ]
            )
            done, refused = split(answers)
            assert done, refused
            assert all(answer.kind == "UserError" for answer in refused), refused
            (contract,) = contracts_of(server, invoice)
            rows = server.sql(
                "SELECT c.state, m.service_contract_error FROM service_contract c,"
                " account_move m WHERE c.id = %s AND m.id = %s",
                [contract, invoice],
            )
            assert rows == [("active", None)]
    finally:
        mia.do("service.contract.template", "write", template, {"autocreate": "none"})


# -- steps


def test_one_draft_activated_twice_has_one_service_id(server, ids, anna, bert):
    for contract in make_contracts(anna, ids, ROUNDS, activate=False):
        answers = at_once(
            lambda contract=contract: anna.do(
                "service.contract", "action_activate", [contract]
            ),
            lambda contract=contract: bert.do(
                "service.contract", "action_activate", [contract]
            ),
        )
        done, refused = split(answers)
        assert done, refused
        assert all(answer.kind == "UserError" for answer in refused), refused
        ((state, code),) = server.sql(
            "SELECT state, service_code FROM service_contract WHERE id = %s", [contract]
        )
        assert state == "active" and code
        logged = server.sql(
            "SELECT count(*) FROM mail_message WHERE model = 'service.contract'"
            " AND res_id = %s AND body LIKE '%%Draft → Active%%'",
            [contract],
        )
        assert logged == [(1,)]


def test_many_activated_side_by_side_have_different_service_ids(server, ids, people):
    contracts = make_contracts(people["anna"], ids, 40, activate=False)
    parts = [contracts[n::4] for n in range(4)]
    workers = [people["anna"], people["bert"], people["mia"], people["anna"]]
    works = [
        lambda person=person, part=part: [
            person.do("service.contract", "action_activate", [contract])
            for contract in part
        ]
        for person, part in zip(workers, parts, strict=True)
    ]
    done, refused = split(at_once(*works))
    assert not refused
    rows = server.sql(
        "SELECT count(DISTINCT service_code), count(DISTINCT name), count(*)"
        " FROM service_contract WHERE id = ANY(%s) AND state = 'active'",
        [contracts],
    )
    assert rows == [(40, 40, 40)]


# -- the job beside people, and killed

EXPIRE = """
env["ir.cron"].search([
    ("id", "=", env.ref("service_contract.ir_cron_expire_contracts").id)
]).method_direct_trigger()
"""


def make_due(person, ids, count):
    """Make contracts that are active although their last day is long over."""
    return make_contracts(person, ids, count, term_count=1)


def states(server, contracts):
    return dict(
        server.sql(
            "SELECT state, count(*) FROM service_contract WHERE id = ANY(%s)"
            " GROUP BY state",
            [contracts],
        )
    )


def times_logged(server, contracts):
    """Return how often each contract's chatter says that it expired: {times: many}."""
    return dict(
        server.sql(
            "SELECT logged, count(*) FROM (SELECT c.id, count(m.id) AS logged"
            " FROM service_contract c LEFT JOIN mail_message m"
            " ON m.model = 'service.contract' AND m.res_id = c.id"
            " AND m.body LIKE '%%Active → Expired%%'"
            " WHERE c.id = ANY(%s) GROUP BY c.id) AS told GROUP BY logged",
            [contracts],
        )
    )


def test_the_job_beside_a_manager(server, ids, anna, mia):
    """Suspended in time stays suspended; whatever else was edited stays, expired."""
    contracts = make_due(anna, ids, 600)
    suspended, edited = contracts[::10], contracts[1::10]
    # The manager was faster with the first, and goes on while the job works.
    mia.do("service.contract", "action_suspend", suspended[:20])
    job = server.spawn(EXPIRE)
    late = []
    for contract, other in zip(suspended[20:], edited, strict=False):
        try:
            mia.do("service.contract", "action_suspend", [contract])
            late.append(contract)
        except Refused as refused:
            assert refused.kind == "UserError", refused
        mia.do("service.contract", "write", [other], {"note": "<p>edited</p>"})
    assert job.wait(120) == 0, job.stdout.read()
    assert "RESULT" in job.stdout.read()
    server.run(EXPIRE)
    kept = suspended[:20] + late
    assert states(server, kept) == {"suspended": len(kept)}
    others = sorted(set(contracts) - set(kept))
    assert states(server, others) == {"expired": len(others)}
    assert times_logged(server, others) == {1: len(others)}
    notes = server.sql(
        "SELECT count(*) FROM service_contract WHERE id = ANY(%s)"
        " AND note LIKE '%%edited%%'",
        [edited[: len(suspended) - 20]],
    )
    assert notes == [(len(suspended) - 20,)]
    problems = server.sql(
        "SELECT count(*) FROM service_contract WHERE id = ANY(%s)"
        " AND job_error IS NOT NULL",
        [contracts],
    )
    assert problems == [(0,)]


def test_the_job_looks_again_where_somebody_was_faster(server, ids, anna):
    """What the job sees is from before the manager's commit: it has to start over."""
    contracts = make_due(anna, ids, 300)
    server.run(
        """
env.cr.execute("SELECT 1")  # from here on this transaction sees nothing new
with env.registry.cursor() as other:
    other.execute(
        "UPDATE service_contract SET state = 'suspended' WHERE id = ANY(%s)",
        [contracts[:3]],
    )
env["service.contract"]._cron_expire_contracts()
""",
        contracts=contracts,
    )
    assert states(server, contracts) == {"suspended": 3, "expired": 297}
    assert times_logged(server, contracts) == {0: 3, 1: 297}


def test_a_killed_job_loses_and_repeats_nothing(server, ids, anna, wait_for):
    contracts = make_due(anna, ids, 1000)
    job = server.spawn(EXPIRE)
    wait_for(
        lambda: 0 < states(server, contracts).get("expired", 0), "the job began", 120
    )
    job.kill()
    job.wait()
    done = states(server, contracts)
    assert done["expired"] % 200 == 0 and done.get("active"), done
    assert times_logged(server, contracts) == {0: done["active"], 1: done["expired"]}
    server.run(EXPIRE)
    assert states(server, contracts) == {"expired": 1000}
    assert times_logged(server, contracts) == {1: 1000}


def test_two_jobs_side_by_side_do_the_work_once(server, ids, anna):
    """A worker whose connection died may still be at it when the next one begins."""
    contracts = make_due(anna, ids, 600)
    code = "env['service.contract']._cron_expire_contracts()"
    jobs = [server.spawn(code) for _n in range(2)]
    for job in jobs:
        output = job.stdout.read()
        assert job.wait(120) == 0, output
        assert "RESULT" in output, output
    assert states(server, contracts) == {"expired": 600}
    assert times_logged(server, contracts) == {1: 600}
