"""Rows for the benchmarks: a few made the ordinary way, very many copied by SQL."""

from odoo import Command
from odoo.tests import new_test_user
from odoo.tools import SQL

QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_activity_quick_update": True,
}


class Dealer:
    """A company that sells machines with a contract, and what its rows are made of."""

    def __init__(self, env):
        self.env = env
        self.company = env.company
        chart = env["account.chart.template"].with_context(**QUIET)
        if not env["account.journal"].search([("type", "=", "sale")], limit=1):
            chart.try_loading("generic_coa", self.company, install_demo=False)
        self.user = new_test_user(
            env,
            login="bench",
            groups="base.group_user,service_contract.group_service_user,"
            "account.group_account_readonly",
        )
        self.customer = env["res.partner"].create(
            {"name": "Customer", "tz": "Asia/Bangkok"}
        )
        self.visit = self._product("Preventive visit", "service")
        self.warranty = self._product("Warranty", "service")
        self.template = env["service.contract.template"].create(
            {
                "name": "Gold care",
                "line_ids": [
                    Command.create({"product_id": self.visit.id, "quantity": 4}),
                    Command.create(
                        {
                            "product_id": self.warranty.id,
                            "is_warranty": True,
                            "is_unlimited": True,
                            "on_renewal": "once",
                            "period_count": 24,
                        }
                    ),
                ],
            }
        )
        self.machine = self._product("Sewing machine", "consu")
        self.machine.service_template_id = self.template
        self.chair = self._product("Chair", "consu")

    def _product(self, name, kind):
        return self.env["product.product"].create(
            {
                "name": name,
                "type": kind,
                "lst_price": 900,
                "taxes_id": [Command.clear()],
            }
        )

    def contract(self, **values):
        """Make a contract of two items and three services."""
        contract = self.env["service.contract"].create(
            {
                "partner_id": self.customer.id,
                "date_start": "2026-01-01",
                "item_ids": [
                    Command.create({"product_id": product.id})
                    for product in (self.machine, self.chair)
                ],
                "line_ids": [
                    Command.create({"product_id": self.visit.id, "quantity": 4}),
                    Command.create({"product_id": self.warranty.id}),
                ],
                **values,
            }
        )
        return contract

    def invoice_values(self):
        return {
            "move_type": "out_invoice",
            "partner_id": self.customer.id,
            "invoice_date": "2026-03-15",
            "invoice_line_ids": [
                Command.create({"product_id": product.id, "price_unit": 900})
                for product in (self.machine, self.chair)
            ],
        }


def copies(env, record, count, **columns):
    """Copy the row of ``record`` ``count`` times, by SQL; return the first new id.

    ``columns`` are SQL expressions; ``n`` counts from 1, ``p`` is the row itself. The
    new ids follow each other.
    """
    env.flush_all()
    table = record._table
    names = [
        name
        for (name,) in env.execute_query(
            SQL(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = %s AND table_schema = current_schema",
                table,
            )
        )
        if name != "id"
    ]
    (last,) = env.execute_query(
        SQL("SELECT COALESCE(MAX(id), 0) FROM %s", SQL.identifier(table))
    )[0]
    columns = {"id": f"{last} + n", **columns}
    names = [*names, "id"]
    parts = [columns.get(name, f"p.{_quoted(name)}") for name in names]
    env.cr.execute(
        f"INSERT INTO {table} ({', '.join(map(_quoted, names))})"
        f" SELECT {', '.join(parts)} FROM {table} p,"
        f" generate_series(1, {count}) AS series (n)"
        f" WHERE p.id = {record.id} ORDER BY n"
    )
    env.cr.execute(f"SELECT setval('{table}_id_seq', {last + count})")
    env.invalidate_all()
    return last + 1


def _quoted(name):
    return f'"{name}"'


def plan(env, query, analyze=False):
    """Return how PostgreSQL would run a ``Query`` of Odoo, as text."""
    env.flush_all()
    explain = SQL("EXPLAIN (ANALYZE, COSTS OFF)") if analyze else SQL("EXPLAIN")
    rows = env.execute_query(SQL("%s %s", explain, query.select()))
    return "\n".join(row for (row,) in rows)


def reads_all(text, table):
    """Tell whether a plan reads the whole of ``table``."""
    return any(f"Seq Scan on {table} " in f"{line} " for line in text.splitlines())
