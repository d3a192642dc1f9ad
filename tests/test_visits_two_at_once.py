"""Visits that two people, or a person and a job, plan or finish in the same instant.

Everything is real, as in ``test_two_at_once.py``.
"""

import pytest
from test_two_at_once import assert_ledger_fits

from support.people import PASSWORD, Person, at_once, split

ROUNDS = 3
A_YEAR = 12  # visits: one a month
LOGINS = {
    "anna": "service_contract.group_service_user",
    "bert": "service_contract.group_service_user",
    "mia": "service_contract.group_service_manager",
    "tom": "service_contract.group_service_technician",
    "tim": "service_contract.group_service_technician",
}

GROUND = """
from odoo.tests import new_test_user

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

# Contracts that run, for which no visit was planned yet: what a job finds that was
# killed, or that didn't run for long.
PROMISE = """
contracts = env["service.contract"].create([
    {
        "partner_id": ids["customer"],
        "user_id": ids["anna"],
        "date_start": "2020-01-01",
        "term_count": 0,
        "line_ids": [(0, 0, {
            "product_id": ids["visit"],
            "mode": "scheduled",
            "quantity": quantity,
            "visit_kind": False if unplanned else "recurring",
            "rrule_type": "monthly",
            "month_by": "day",
            "technician_id": ids.get(technician),
        })],
    }
    for _n in range(count)
])
lines = contracts.line_ids
lines.pattern_from = env["service.contract"]._get_company_today(env.company)
contracts.action_activate()
env.flush_all()
if unplanned:
    env.cr.execute(
        "UPDATE service_contract_line SET visit_kind = 'recurring' WHERE id = ANY(%s)",
        [lines.ids],
    )
    env.cr.execute(
        "UPDATE service_contract SET visits_due_on = current_date - 2"
        " WHERE id = ANY(%s)", [contracts.ids],
    )
result = {"contracts": contracts.ids, "lines": lines.ids}
"""

JOB = """
env.ref("service_contract_schedule.ir_cron_generate_visits").method_direct_trigger()
"""


@pytest.fixture(scope="module")
def ids(server):
    return server.run(GROUND, logins=LOGINS, password=PASSWORD)


@pytest.fixture(scope="module")
def people(server, ids):
    return {login: Person(server.url, server.database, login) for login in LOGINS}


@pytest.fixture(scope="module")
def promise(server, ids):
    """Return a function that makes running contracts with a visit a month."""

    def make(count=1, quantity=A_YEAR, unplanned=True, technician=None):
        return server.run(
            PROMISE,
            ids=ids,
            count=count,
            quantity=quantity,
            unplanned=unplanned,
            technician=technician,
        )

    return make


def count_visits(server, lines):
    """Return (visits, different slots, lines that have all theirs)."""
    ((visits, slots),) = server.sql(
        "SELECT count(*), count(DISTINCT (line_id, occurrence_date))"
        " FROM service_visit WHERE line_id = ANY(%s)",
        [lines],
    )
    ((whole,),) = server.sql(
        "SELECT count(*) FROM service_contract_line WHERE id = ANY(%s)"
        " AND quantity_reserved = quantity AND quantity_available = 0",
        [lines],
    )
    return visits, slots, whole


def assert_planned_once(server, lines):
    visits = len(lines) * A_YEAR
    assert count_visits(server, lines) == (visits, visits, len(lines))


def assert_no_problem(server, contracts):
    problems = server.sql(
        "SELECT job_error FROM service_contract WHERE id = ANY(%s)"
        " AND job_error IS NOT NULL",
        [contracts],
    )
    assert not problems


def press_plan(person, line, hour):
    """Write the hour of a pattern, whereupon its missing visits are planned."""
    return lambda: person.do(
        "service.contract.line", "write", [line], {"hour_start": hour}
    )


# -- planning


def test_two_people_plan_the_same_line(server, people, promise):
    made = promise(ROUNDS)
    for line in made["lines"]:
        _done, refused = split(
            at_once(
                press_plan(people["anna"], line, 8), press_plan(people["bert"], line, 9)
            )
        )
        assert not refused, "the server repeats what came second"
    assert_planned_once(server, made["lines"])


def test_the_second_connection_is_told_to_repeat(server, promise):
    """What the server does then, by hand: the later one notices, and begins again."""
    made = promise()
    told = server.run(
        """
from psycopg2.errors import SerializationFailure
from odoo.exceptions import ConcurrencyError

line = env["service.contract.line"].browse(lines)
env.cr.execute("SELECT 1")  # from here on this transaction sees nothing new
with env.registry.cursor() as other:
    line.with_env(line.env(cr=other))._generate_visits()
try:
    line._generate_visits()
    result = "nobody noticed"
except (ConcurrencyError, SerializationFailure) as error:
    result = type(error).__name__
    env.cr.rollback()
    line._generate_visits()
""",
        lines=made["lines"],
    )
    assert told == "SerializationFailure"
    assert_planned_once(server, made["lines"])


def test_the_job_beside_people(server, people, promise):
    made = promise(84)
    job = server.spawn(JOB)
    refused = []
    for n, line in enumerate(made["lines"][::21]):
        works = [press_plan(people[who], line, 8 + n % 5) for who in ("anna", "bert")]
        refused += split(at_once(*works))[1]
    assert job.wait(120) == 0, job.stdout.read()
    assert "RESULT" in job.stdout.read()
    server.run(JOB)
    assert not refused, "no error on anybody's screen"
    assert_planned_once(server, made["lines"])
    assert_no_problem(server, made["contracts"])


def test_a_killed_job_loses_and_repeats_nothing(server, promise, wait_for):
    made = promise(250)
    lines = made["lines"]
    job = server.spawn(JOB)
    wait_for(lambda: count_visits(server, lines)[0], "the job began", 120)
    job.kill()
    job.wait()
    visits, slots, whole = count_visits(server, lines)
    assert 0 < whole < 250
    assert whole % 200 == 0, "whole batches alone"
    assert (visits, slots) == (whole * A_YEAR, whole * A_YEAR)
    server.run(JOB)
    assert_planned_once(server, lines)
    assert_no_problem(server, made["contracts"])
    ((due,),) = server.sql(
        "SELECT count(*) FROM service_contract WHERE id = ANY(%s)"
        " AND visits_due_on <= current_date",
        [made["contracts"]],
    )
    assert due == 0


def test_two_jobs_side_by_side(server, promise):
    """A worker whose connection died may still be at it when the next one begins."""
    made = promise(250)
    code = "env['service.contract']._cron_generate_visits()"
    jobs = [server.spawn(code) for _n in range(2)]
    for job in jobs:
        output = job.stdout.read()
        assert job.wait(120) == 0, output
        assert "RESULT" in output, output
    assert_planned_once(server, made["lines"])
    assert_no_problem(server, made["contracts"])


# -- rights


def book(person, line, day):
    """Plan a visit by hand."""
    start = f"2030-03-{day:02d} 03:00:00"
    return lambda: person.do(
        "service.visit", "create", {"line_id": line, "start": start}
    )


def test_the_last_right_is_booked_once(server, people, promise):
    made = promise(ROUNDS, quantity=1, unplanned=True)
    server.sql(
        "UPDATE service_contract_line SET visit_kind = NULL WHERE id = ANY(%s)",
        [made["lines"]],
    )
    for line in made["lines"]:
        works = [book(people["anna"], line, 4), book(people["bert"], line, 5)]
        done, refused = split(at_once(*works))
        assert (len(done), len(refused)) == (1, 1), refused
        assert refused[0].kind == "UserError"
        assert "left" in refused[0].text
        assert_ledger_fits(server, line)
    rows = server.sql(
        "SELECT count(*), count(DISTINCT line_id) FROM service_visit"
        " WHERE line_id = ANY(%s)",
        [made["lines"]],
    )
    assert rows == [(ROUNDS, ROUNDS)]


def visits_of(server, line, count):
    return [
        visit
        for (visit,) in server.sql(
            "SELECT id FROM service_visit WHERE line_id = %s ORDER BY start LIMIT %s",
            [line, count],
        )
    ]


def assign(person, visit, technician):
    person.do("service.visit", "write", [visit], {"user_id": technician})


def press(person, step, visit):
    """Press a button of a visit."""
    return lambda: person.do("service.visit", step, [visit])


def test_two_technicians_finish_visits_of_one_line(server, ids, people, promise):
    made = promise(ROUNDS, unplanned=False)
    for line in made["lines"]:
        visits = visits_of(server, line, 2)
        for visit, login in zip(visits, ("tom", "tim"), strict=True):
            people["anna"].do(
                "service.visit", "write", [visit], {"user_id": ids[login]}
            )
        people["anna"].do("service.visit", "action_confirm", visits)
        works = [
            press(people[login], "action_done", visit)
            for visit, login in zip(visits, ("tom", "tim"), strict=True)
        ]
        _done, refused = split(at_once(*works))
        assert not refused, "both took place"
        rows = server.sql(
            "SELECT quantity_used, quantity_reserved, quantity_remaining"
            " FROM service_contract_line WHERE id = %s",
            [line],
        )
        assert rows == [(2, A_YEAR - 2, A_YEAR - 2)]
        assert_ledger_fits(server, line)


def test_one_visit_is_finished_once(server, ids, people, promise):
    """The technician at the phone, and the dispatcher who has just been told."""
    made = promise(ROUNDS, unplanned=False)
    for line in made["lines"]:
        (visit,) = visits_of(server, line, 1)
        assign(people["anna"], visit, ids["tom"])
        people["anna"].do("service.visit", "action_confirm", [visit])
        works = [press(people[who], "action_done", visit) for who in ("tom", "anna")]
        done, refused = split(at_once(*works))
        assert (len(done), len(refused)) == (1, 1), refused
        assert refused[0].kind == "UserError"
        assert "it is done" in refused[0].text
        rows = server.sql(
            "SELECT quantity_used FROM service_contract_line WHERE id = %s", [line]
        )
        assert rows == [(1,)]
        assert_ledger_fits(server, line)


def test_cancelled_while_it_is_finished(server, ids, people, promise):
    """Whoever comes second reads what became of it; the right fits either way."""
    made = promise(ROUNDS, unplanned=False)
    for line in made["lines"]:
        (visit,) = visits_of(server, line, 1)
        people["anna"].do("service.visit", "action_confirm", [visit])
        works = [
            press(people["anna"], "action_done", visit),
            press(people["bert"], "action_cancel", visit),
        ]
        done, refused = split(at_once(*works))
        assert (len(done), len(refused)) == (1, 1), refused
        ((state,),) = server.sql(
            "SELECT state FROM service_visit WHERE id = %s", [visit]
        )
        rows = server.sql(
            "SELECT COALESCE(quantity_used, 0), quantity_available"
            " FROM service_contract_line WHERE id = %s",
            [line],
        )
        assert rows == {"done": [(1, 0)], "cancelled": [(0, 1)]}[state]
        assert_ledger_fits(server, line)
