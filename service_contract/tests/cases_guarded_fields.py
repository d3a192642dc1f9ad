from itertools import product

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from .common_guards import MANAGERS, ROLES


class GuardedFields:
    """What only managers, or only the system, set."""

    TAKE_OVER = {
        "cycle": 3,
        "date_anchor": "2020-01-01",
        "service_code": "OLD-17",
        "service_code_is_foreign": True,
    }
    AGREED = {
        "date_start": "2020-01-01",
        "date_end": "2040-01-01",
        "term_count": 9,
        "term_unit": "month",
        "tz": "Asia/Tokyo",
        "renewable": False,
        "note": "<p>Everything is free</p>",
        "name": "SC/1999/00001",
        "suspension_reason": "unpaid",
        "suspension_review_date": "2040-01-01",
    }
    SYSTEM = {
        "service.contract": {
            "service_start_at": "2000-01-01 00:00:00",
            "service_end_at": "2099-01-01 00:00:00",
            "service_code_key": "1",
            "amount_before_discount": 1,
            "amount_after_discount": 1,
            "job_error": "x",
            "job_retry_at": "2099-01-01 00:00:00",
            "job_work": "x",
            "successor_id": False,
        },
        "service.contract.line": {
            "quantity_carried": 5,
            "quantity_adjusted": 5,
            "quantity_used": 1,
            "quantity_reserved": 1,
            "quantity_remaining": 9,
            "quantity_available": 9,
            "company_id": 1,
        },
        "service.contract.item": {
            "company_id": 1,
            "partner_id": 1,
            "serial_key": "1",
            "predecessor_id": False,
        },
    }

    def test_take_over_is_for_managers_even_in_drafts(self):
        wrong = []
        for (name, value), role in product(self.TAKE_OVER.items(), ROLES):
            mine = self._as(role, self.draft)
            created = mine.with_context(**{f"default_{name}": value})
            values = {"partner_id": self.acme.id}
            for attempt in (
                lambda m=mine, n=name, v=value: m.write({n: v}),
                lambda m=mine, v=dict(values, **{name: value}): m.create(v),
                lambda m=created, v=values: m.create(v),
            ):
                if (not self._refused(attempt)) != (role in MANAGERS):
                    wrong.append((name, role))
        self.assertEqual(wrong, [])

    def test_opening_balance_is_for_managers(self):
        line = self.draft.line_ids
        line.opening_used = 2
        for name, value in (
            ("opening_used", 3),
            ("opening_used", 0),
            ("opening_carried", 3),
        ):
            wrong = [
                role
                for role in ROLES
                if (
                    not self._refused(
                        lambda r=role, n=name, v=value: self._as(r, line).write({n: v})
                    )
                )
                != (role in MANAGERS)
            ]
            self.assertEqual(wrong, [], name)

    def test_what_was_agreed_is_changed_by_managers(self):
        wrong = []
        for (name, value), role in product(self.AGREED.items(), ROLES):
            mine = self._as(role, self.contract)
            may = not self._refused(lambda m=mine, n=name, v=value: m.write({n: v}))
            if name not in ("date_start", "date_end") and may != (role in MANAGERS):
                wrong.append((name, role))
            if may and role not in MANAGERS:
                wrong.append((name, role))
        self.assertEqual(wrong, [])

    def test_items_and_lines_of_an_agreed_contract(self):
        item = {"contract_id": self.contract.id, "product_id": self.machine.id}
        line = {"contract_id": self.contract.id, "product_id": self.visit_product.id}
        unused = self._make_contract(self.acme, activate=True)
        attempts = {
            "item write": lambda r: self._as(r, self.contract.item_ids).write(
                {"quantity": 2}
            ),
            "item create": lambda r: self._as(r, self.contract.item_ids).create(item),
            "item unlink": lambda r: self._as(r, unused.item_ids).unlink(),
            "line write": lambda r: self._as(r, self.contract.line_ids).write(
                {"quantity": 9}
            ),
            "line create": lambda r: self._as(r, self.contract.line_ids).create(line),
            "line unlink": lambda r: self._as(r, unused.line_ids).unlink(),
            "by command": lambda r: self._as(r, self.contract).write(
                {"line_ids": [Command.create({"product_id": self.visit_product.id})]}
            ),
            "by another contract's command": lambda r: self._as(r, self.draft).write(
                {"item_ids": [Command.update(self.contract.item_ids.id, {"name": "X"})]}
            ),
            "moved in": lambda r: self._as(r, self.draft.line_ids).write(
                {"contract_id": self.contract.id}
            ),
        }
        wrong = [
            (what, role)
            for (what, attempt), role in product(attempts.items(), ROLES)
            if (not self._refused(lambda a=attempt, r=role: a(r))) != (role in MANAGERS)
        ]
        self.assertEqual(wrong, [])

    def test_what_the_system_computes_is_nobody_s_to_write(self):
        records = {
            "service.contract": self.draft,
            "service.contract.line": self.draft.line_ids,
            "service.contract.item": self.draft.item_ids,
        }
        parents = {
            "service.contract": {"partner_id": self.acme.id},
            "service.contract.line": {
                "contract_id": self.draft.id,
                "product_id": self.visit_product.id,
            },
            "service.contract.item": {
                "contract_id": self.draft.id,
                "product_id": self.machine.id,
            },
        }
        wrong = []
        for model, fields in self.SYSTEM.items():
            for (name, value), role in product(fields.items(), ("user", "manager")):
                mine = self._as(role, records[model])
                by_default = mine.with_context(**{f"default_{name}": value})
                given = parents[model]
                attempts = {
                    "write": lambda m=mine, n=name, v=value: m.write({n: v}),
                    "create": lambda m=mine, n=name, v=value, g=given: m.create(
                        dict(g, **{n: v})
                    ),
                }
                if value:
                    attempts["default"] = lambda m=by_default, g=given: m.create(g)
                wrong += [
                    (model, name, role, way)
                    for way, attempt in attempts.items()
                    if not self._refused(attempt)
                    and not self._ignored(attempt, model, name, value)
                ]
        self.assertEqual(wrong, [])

    def _ignored(self, attempt, model, name, value):
        """Tell whether what was given isn't what was stored."""
        seen = []

        def look():
            record = attempt()
            if not isinstance(record, bool):
                self.env.flush_all()
                seen.append(record.sudo()[name])
                record.sudo().unlink()

        self._may(look, AccessError, UserError)
        if not seen:
            return False
        stored = seen[0]
        stored = stored.id if hasattr(stored, "id") else stored
        return str(stored) != str(value)

    def test_ledger_is_written_by_the_system_only(self):
        row = {
            "line_id": self.contract.line_ids.id,
            "date": "2026-01-01",
            "quantity": -3,
            "kind": "use",
        }
        changes = {
            "quantity": 5,
            "date": "2020-01-01",
            "kind": "adjust",
            "is_billable": True,
            "line_id": self.draft.line_ids.id,
            "reverses_id": self.usage.id,
            "origin": f"service.contract,{self.draft.id}",
        }
        open_ways = []
        for role in ROLES:
            mine = self._as(role, self.usage)
            line = self._as(role, self.contract.line_ids)
            attempts = {
                "create": lambda m=mine: m.create(row),
                "create by command": lambda m=line: m.write(
                    {"usage_ids": [Command.create(row)]}
                ),
                "delete": mine.unlink,
                "delete by command": lambda m=line: m.write(
                    {"usage_ids": [Command.delete(self.usage.id)]}
                ),
                "delete with the line": line.unlink,
                "copy": mine.copy,
            }
            for name, value in changes.items():
                attempts[name] = lambda m=mine, n=name, v=value: m.write({n: v})
            open_ways += [
                (role, way)
                for way, attempt in attempts.items()
                if not self._refused(attempt)
            ]
        self.assertEqual(open_ways, [])

    def test_only_what_a_person_may_read_is_linked_as_a_source(self):
        """Numbers of invoices can't be fished for by linking whatever id exists."""
        invoice = self._make_invoice(partner=self.beta)
        line = invoice.invoice_line_ids
        for role, may in (("user", False), ("salesperson", True)):
            draft = self._as(role, self.draft)
            item = self._as(role, self.draft.item_ids)
            attempts = (
                lambda d=draft: d.write(
                    {"source_move_ids": [Command.link(invoice.id)]}
                ),
                lambda d=draft: d.create(
                    {
                        "partner_id": self.acme.id,
                        "source_move_ids": [Command.set(invoice.ids)],
                    }
                ),
                lambda i=item: i.write({"source_move_line_id": line.id}),
                lambda i=item: i.create(
                    {
                        "contract_id": self.draft.id,
                        "product_id": self.machine.id,
                        "source_move_line_id": line.id,
                    }
                ),
            )
            self.assertEqual([not self._refused(way) for way in attempts], [may] * 4)

    def test_an_item_is_replaced_within_its_contract(self):
        stranger = self.contract_of_beta.item_ids
        for values in ({"replaced_by_id": stranger.id},):
            item = self._as("user", self.draft.item_ids)
            self.assertTrue(self._refused(lambda i=item, v=values: i.write(v)))
