"""Install over 300,000 invoices: nothing is computed or written on them."""

import re
import time

from ground.bench_runner import Cost
from ground.databases import Databases
from ground.paths import LOGS
from ground.session import Session

ADDON = "service_contract"
TABLES = ("account_move", "account_move_line")
FILL = """
import sys
sys.path.insert(0, {folder!r})
from _rows import QUIET, copies
from odoo.fields import Command

chart = env["account.chart.template"]
chart.try_loading("generic_coa", env.company, install_demo=False)
partner = env["res.partner"].create({{"name": "Customer"}})
product = env["product.product"].create({{"name": "Machine", "lst_price": 900}})
move = env(context=QUIET)["account.move"].create({{
    "move_type": "out_invoice",
    "partner_id": partner.id,
    "invoice_date": "2026-03-15",
    "invoice_line_ids": [Command.create({{"product_id": product.id}})],
}})
move.action_post()
lines = move.line_ids
first = copies(
    env, move, {count},
    name="'B/2026/' || lpad(n::text, 6, '0')",
    sequence_number="n + 100000",
    payment_reference="NULL",
    access_token="NULL",
)
for line in lines:
    copies(
        env, line, {count},
        move_id=f"{{first}} + n - 1",
        move_name="'B/2026/' || lpad(n::text, 6, '0')",
    )
env.cr.commit()
env.cr.execute("ANALYZE")
env.cr.commit()
"""


def run(bench):
    count = bench.size(300_000, least=1000)
    databases = Databases(Session())
    base = databases.base()
    with databases.scratch(base) as empty, databases.scratch(base) as full:
        folder = __file__.rpartition("/")[0]
        databases.session.shell(full, FILL.format(folder=folder, count=count))
        before = {table: _state(databases, full, table) for table in TABLES}
        costs = {name: _install(databases, name) for name in (empty, full)}
        title = f"install over {count:,} invoices (floor: over none)"
        bench.row(title, costs[full], costs[empty], ratio=1.5)
        for table in TABLES:
            after = _state(databases, full, table)
            bench.check(
                f"{table}: no row is written",
                after["updated"] == before[table]["updated"],
                f"{after['rows']:,} rows,"
                f" {after['updated'] - before[table]['updated']} updates",
            )
            bench.check(
                f"{table}: not written anew",
                after["file"] == before[table]["file"],
                f"file {after['file']}",
            )
        filled = databases.psql(
            "SELECT count(*) FROM account_move WHERE service_contract_stamp IS NOT NULL"
            " OR service_contract_error IS NOT NULL",
            full,
        )
        bench.check("account_move: our columns are empty", filled == "0", filled)


def _install(databases, database):
    """Install as a user would; return the cost, which counts no SQL."""
    log = LOGS / "bench-install.log"
    begun = time.perf_counter()
    arguments = ("-d", database, "-i", ADDON, "--stop-after-init", "--no-http")
    databases.session.odoo(*arguments, log=log, problem="The addon can't be installed.")
    seconds = time.perf_counter() - begun
    counted = re.findall(rf"{ADDON} loaded in [\d.]+s, (\d+) queries", log.read_text())
    return Cost(seconds, int(counted[-1]) if counted else 0)


def _state(databases, database, table):
    """Return what PostgreSQL counted on a table: updates, rows, and its file."""
    text = databases.psql(
        "SELECT n_tup_upd, (SELECT reltuples::bigint FROM pg_class"
        " WHERE oid = relid), pg_relation_filenode(relid)"
        f" FROM pg_stat_user_tables WHERE relname = '{table}'",
        database,
    )
    updated, rows, file = text.split("|")
    return {"updated": int(updated), "rows": int(rows), "file": file}
