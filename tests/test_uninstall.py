"""What an addon leaves behind when it goes: the records of the others, and nothing of
its own."""

import re

import pytest

from ground.logs import check_log
from ground.paths import LOGS
from support.instance import Instance

ADDON = "service_contract_schedule"
RENEWAL = "service_contract_renewal"
BASE = "service_contract"
STATES = "SELECT state, count(*) FROM service_visit GROUP BY state"
LEFT = """
SELECT 'model ' || model FROM ir_model WHERE model LIKE %(models)s
UNION ALL SELECT 'table ' || relname FROM pg_class
    WHERE relkind = 'r' AND relname LIKE %(tables)s
UNION ALL SELECT 'xml id ' || name FROM ir_model_data WHERE module = %(addon)s
UNION ALL SELECT 'message ' || id FROM mail_message WHERE model LIKE %(models)s
UNION ALL SELECT 'follower ' || id FROM mail_followers WHERE res_model LIKE %(models)s
UNION ALL SELECT 'activity ' || id FROM mail_activity WHERE res_model LIKE %(models)s
UNION ALL SELECT 'file ' || id FROM ir_attachment WHERE res_model LIKE %(models)s
UNION ALL SELECT 'sequence ' || id FROM ir_sequence WHERE code LIKE %(models)s
"""
CONTRACTS = """
SELECT contract.id, contract.state, service_code, line.id, quantity_used,
       quantity_remaining
FROM service_contract contract
JOIN service_contract_line line ON line.contract_id = contract.id
ORDER BY contract.id, line.id
"""
LEDGER = """
SELECT id, line_id, date, quantity, kind, is_billable
FROM service_contract_usage ORDER BY id
"""
# The ledger as a person reads it, and the form of a contract.
READ = """
user = env.ref("service_contract.demo_user_dispatcher")
company = env.ref("service_contract.demo_company")
env = env(user=user.id, context={"allowed_company_ids": company.ids})
rows = env["service.contract.usage"].search([("kind", "=", "use")])
for row in rows:
    row.read()
contract = env.ref("service_contract.demo_contract_second")
contract.get_views([(False, "form"), (False, "list")])
contract.sudo().read()
contract.line_ids.read()
result = [row.note or "" for row in rows]
"""
SERVE = """
contract = env.ref("service_contract.demo_contract_second")
line = contract.line_ids.filtered(lambda line: line.quantity_available >= 1)[:1]
line._consume(1)
result = line.quantity_used
"""


class Bench(Instance):
    """A database to install on and uninstall from, without a server."""

    def __init__(self, session, database, names):
        super().__init__(session, database, names)
        self.step = 0
        # Odoo gives up at once where the autovacuum is at work on its list of modules.
        self.sql("ALTER TABLE ir_module_module SET (autovacuum_enabled = off)")

    def module(self, action, name, known=None):
        self.step += 1
        self.close_console()
        log = LOGS / f"uninstall-{self.step}-{action}-{name}.log"
        arguments = ["module", action, "-d", self.database, name]
        self.session.odoo(*arguments, log=log, problem=f"{name}: {action} failed.")
        check_log(log, self.names, known, f"{name}: {action}")

    def left(self, addon, family):
        """Return what is left of an addon whose models begin with ``family``."""
        return self.sql(
            LEFT,
            {
                "addon": addon,
                "models": f"{family}%",
                "tables": family.replace(".", r"\_") + "%",
            },
        )


@pytest.fixture
def bench(odoo_session, databases):
    """Give a database that is made from a template."""
    import contextlib

    names = [addon.name for addon in databases.addons]
    with contextlib.ExitStack() as stack:

        def make(template):
            name = stack.enter_context(databases.scratch(template))
            made = Bench(odoo_session, name, names)
            stack.callback(made.close_console)
            return made

        yield make


def test_contracts_alone(bench, databases):
    """Without visits: installed on Odoo's core, gone again, and once more."""
    database = bench(databases.base())
    known = databases.note(databases.base())["known"]
    database.module("install", BASE, known)
    assert not database.left(ADDON, "service.visit")
    assert database.sql("SELECT count(*) FROM service_contract") == [(0,)]
    database.module("uninstall", BASE, known)
    assert not database.left(BASE, "service.")
    database.module("install", BASE, known)


def test_visits_go_and_contracts_stay(bench, databases):
    """A database in use: visits planned, confirmed and done, events, the ledger."""
    database = bench(databases.installed(demo=True))
    states = dict(database.sql(STATES))
    assert min(states[s] for s in ("planned", "confirmed", "done", "problem")) > 0
    done = database.sql(
        "SELECT visit.name FROM service_contract_usage usage JOIN service_visit visit"
        " ON usage.origin = 'service.visit,' || visit.id"
    )
    contracts, ledger = database.sql(CONTRACTS), database.sql(LEDGER)
    [(events, of_visits)] = database.sql(
        "SELECT count(*), count(*) FILTER (WHERE res_model = 'service.visit')"
        " FROM calendar_event"
    )
    assert done and of_visits

    database.module("uninstall", ADDON)
    assert not database.left(ADDON, "service.visit")
    assert database.sql(CONTRACTS) == contracts
    assert database.sql(LEDGER) == ledger
    assert not database.sql(
        "SELECT id FROM service_contract_line WHERE quantity_reserved != 0"
        " OR NOT is_unlimited AND quantity_available != quantity_remaining"
    )
    assert database.sql("SELECT count(*) FROM calendar_event") == [
        (events - of_visits,)
    ]
    # Who reads the ledger still reads what was done; what is left can be used.
    notes = "\n".join(database.run(READ))
    assert [name for (name,) in done if name not in notes] == []
    assert not re.search(r"service\.visit,\d", notes)
    assert database.run(SERVE)

    database.module("install", ADDON)
    assert database.sql("SELECT count(*) FROM service_contract") == [
        (len({row[0] for row in contracts}),)
    ]


RENEWED = """
SELECT count(*) FROM service_contract
WHERE predecessor_id IS NOT NULL AND state != 'cancelled'
"""
INVOICES = """
SELECT id, name, state, payment_state, amount_total FROM account_move ORDER BY id
"""


def test_renewals_go_and_invoices_stay(bench, databases):
    """A database in use: periods billed and paid, an open invoice, rights carried."""
    database = bench(databases.installed(demo=True))
    billed = dict(
        database.sql("SELECT state, count(*) FROM service_renewal GROUP BY state")
    )
    assert billed["renewed"] and billed["posted"]
    contracts, ledger = database.sql(CONTRACTS), database.sql(LEDGER)
    invoices, renewed = database.sql(INVOICES), database.sql(RENEWED)

    database.module("uninstall", RENEWAL)
    assert not database.left(RENEWAL, "service.renewal")
    assert database.sql(CONTRACTS) == contracts
    assert database.sql(LEDGER) == ledger
    assert database.sql(INVOICES) == invoices
    assert database.sql(RENEWED) == renewed
    assert not database.sql(
        "SELECT id FROM service_contract WHERE service_end_at != period_end_at"
    )
    assert "\n".join(database.run(READ))
    assert database.run(SERVE)

    # The demo tells its years once more; what was there stays as it was.
    database.module("install", RENEWAL)
    assert set(invoices) <= set(database.sql(INVOICES))
    # Contracts that run already begin with what their items amount to.
    assert not database.sql(
        "SELECT id FROM service_contract WHERE state NOT IN ('draft', 'cancelled')"
        " AND renewal_base_amount IS DISTINCT FROM amount_after_discount"
        " AND renewal_base_amount IS DISTINCT FROM amount_before_discount"
    )
