import json
from functools import partial
from itertools import product

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_access import (
    SECRET_PRICE,
    SECRET_PRICE_TEXT,
    AccessCommon,
    PublicMethods,
)

ROLES = (
    "technician",
    "user",
    "manager",
    "billing",
    "accountant",
    "salesperson",
    "internal",
    "portal",
    "portal_stranger",
    "public",
)
SERVICE_USERS = {"user", "manager", "billing", "accountant", "salesperson"}
MANAGERS = {"manager"}
NOBODY = set()

STATES = ("draft", "active", "suspended", "expired", "cancelled")
# Who may take which step, by button or by writing the state; all others are refused.
STEPS = {
    ("draft", "active"): SERVICE_USERS,
    ("draft", "cancelled"): SERVICE_USERS,
    ("cancelled", "draft"): MANAGERS,
    ("active", "suspended"): MANAGERS,
    ("active", "cancelled"): MANAGERS,
    ("expired", "suspended"): MANAGERS,
    ("suspended", "active"): MANAGERS,
    ("suspended", "expired"): MANAGERS,
}
BUTTONS = {
    "action_activate": ("draft", SERVICE_USERS),
    "action_suspend": ("active", MANAGERS),
    "action_resume": ("suspended", MANAGERS),
    "action_reset_draft": ("cancelled", MANAGERS),
}

MONEY = {
    "service.contract": ("amount_before_discount", "amount_after_discount"),
    "service.contract.item": (
        "amount_before_discount",
        "amount_after_discount",
        "counts_in_base",
    ),
    "service.contract.line": ("price_extra",),
    "service.contract.template.line": ("price_extra",),
}

# Every method that our addon lets the client call, and what happens to people without
# the right: "refused", or "harmless" where it only describes a window to open.
PUBLIC_METHODS = {
    ("service.contract", "action_activate"): "refused",
    ("service.contract", "action_suspend"): "refused",
    ("service.contract", "action_resume"): "refused",
    ("service.contract", "action_cancel"): "refused",
    ("service.contract", "action_reset_draft"): "refused",
    ("service.contract", "action_fill_from_invoice"): "refused",
    ("service.contract", "action_open_suspend"): "harmless",
    ("service.contract", "action_send"): "harmless",
    ("service.contract", "action_print"): "harmless",
    ("service.contract", "action_preview"): "harmless",
    ("service.contract", "action_view_items"): "harmless",
    ("service.contract", "action_view_predecessor"): "harmless",
    ("service.contract", "action_view_successor"): "harmless",
    ("service.contract", "action_view_source_moves"): "harmless",
    ("service.contract.line", "action_record_use"): "harmless",
    ("service.contract.usage", "action_take_back"): "refused",
    ("service.contract.template", "action_view_contracts"): "harmless",
    ("service.level", "action_view_contracts"): "harmless",
    ("res.partner", "action_view_service_contracts"): "harmless",
    ("account.move", "action_create_service_contract"): "refused",
    ("account.move", "action_retry_service_contract"): "refused",
    ("account.move", "button_draft"): "refused",
    ("account.move", "action_view_service_contracts"): "harmless",
    ("service.contract.create", "action_create"): "refused",
    ("service.contract.pick.invoice", "action_next"): "refused",
    ("service.contract.record.use", "action_record"): "refused",
    ("service.contract.suspend", "action_suspend"): "refused",
}


class MoneyGuards:
    """A technician sees no price: not read, searched, sorted, grouped or exported."""

    def _records(self, model):
        return {
            "service.contract": self.contract,
            "service.contract.item": self.contract.item_ids,
            "service.contract.line": self.contract.line_ids,
            "service.contract.template.line": self.template.line_ids,
        }[model]

    def test_no_way_to_money(self):
        open_ways = []
        for model, names in MONEY.items():
            mine = self._as("technician", self._records(model))
            for name in names:
                for way, attempt in self._ways_to(mine, name).items():
                    if self._may(attempt, AccessError, ValueError):
                        open_ways.append((model, name, way))
        self.assertEqual(open_ways, [])

    def test_the_same_ways_are_open_to_a_service_user(self):
        """Otherwise the test above would prove nothing."""
        closed = []
        for model, names in MONEY.items():
            mine = self._as("user", self._records(model))
            for name in names:
                ways = self._ways_to(mine, name)
                for way in ("read", "search", "order", "group", "export", "web_read"):
                    if not self._may(ways[way], AccessError):
                        closed.append((model, name, way))
        self.assertEqual(closed, [])

    def _ways_to(self, mine, name):
        parent = {
            "service.contract": ("service.contract.item", "contract_id"),
            "service.contract.item": ("service.contract", "item_ids"),
            "service.contract.line": ("service.contract", "line_ids"),
            "service.contract.template.line": ("service.contract.template", "line_ids"),
        }[mine._name]
        other, path = mine.env[parent[0]], f"{parent[1]}.{name}"
        return {
            "read": lambda: mine.read([name]),
            "attribute": lambda: mine[name],
            "search": lambda: mine.search([(name, "!=", False)]),
            "search_read": lambda: mine.search_read([], [name]),
            "order": lambda: mine.search([], order=f"{name} desc"),
            "group": lambda: mine.formatted_read_group([], [name], ["__count"]),
            "sum": lambda: mine.formatted_read_group([], [], [f"{name}:max"]),
            "path": lambda: other.search([(path, "!=", False)]),
            "path group": lambda: other.formatted_read_group([], [path], ["__count"]),
            "path sum": lambda: other.formatted_read_group([], [], [f"{path}:max"]),
            "export": lambda: mine.export_data(["id", name]),
            "path export": lambda: other.search([]).export_data(
                [path.replace(".", "/")]
            ),
            "web_read": lambda: mine.web_read({name: {}}),
            "path read": lambda: other.search([]).web_read(
                {parent[1]: {"fields": {name: {}}}}
            ),
            "mapped": lambda: other.search([]).mapped(path),
            "copy": lambda: mine.copy_data(),
        }

    def test_onchange_tells_no_price(self):
        """The form's own channel gives a technician no price either."""
        for model, names in MONEY.items():
            mine = self._as("technician", self._records(model))
            for name in names:

                def ask(mine=mine, name=name):
                    answer = json.dumps(
                        mine.onchange({}, [], {name: {}})["value"], default=str
                    )
                    if str(SECRET_PRICE) in answer:
                        raise AssertionError(f"{mine._name}.{name}: {answer}")

                self._may(ask, AccessError)

    def test_views_show_technicians_no_price(self):
        kinds = ("form", "list", "kanban", "pivot", "graph", "calendar", "activity")
        shown = []
        for model in (*MONEY, "service.contract.template"):
            for role, expected in (("technician", False), ("manager", True)):
                views = [(False, kind) for kind in (*kinds, "search")]
                if model != "service.contract":
                    views = [(False, kind) for kind in ("form", "list", "search")]
                env = self.env(user=self.roles[role], su=False)
                answer = env[model].get_views(views)
                text = json.dumps(answer, default=str)
                told = [
                    name for names in MONEY.values() for name in names if name in text
                ]
                if not expected and told:
                    shown.append((model, told))
                if expected and model == "service.contract":
                    self.assertIn("amount_after_discount", text)
        self.assertEqual(shown, [])

    def test_chatter_tells_technicians_no_price(self):
        """A manager changes a price in force: the log of it isn't for technicians."""
        line, item = self.contract.line_ids, self.contract.item_ids
        self._as("manager", line).write({"price_extra": SECRET_PRICE + 1})
        self._as("manager", item).write(
            {"amount_after_discount": SECRET_PRICE + 1, "counts_in_base": False}
        )
        self.env.flush_all()
        self._assert_no_price_for("technician", self.contract)

    def test_price_changes_are_tracked_for_those_who_may_see_them(self):
        line = self.contract.line_ids
        self._as("manager", line).write({"price_extra": SECRET_PRICE + 1})
        self.env.flush_all()
        values = self.contract.sudo().message_ids.tracking_value_ids
        self.assertEqual(values.mapped("old_value_float"), [SECRET_PRICE])
        self.assertEqual(values.mapped("new_value_float"), [SECRET_PRICE + 1])
        env = self.env(user=self.roles["user"], su=False)
        self.assertEqual(values._filter_has_field_access(env), values)
        env = self.env(user=self.roles["technician"], su=False)
        self.assertFalse(values._filter_has_field_access(env))

    def test_credit_note_tells_technicians_no_amount(self):
        """The reminder to look at a contract says what to do, not how much it was."""
        invoice = self._make_invoice()
        contract = invoice._create_service_contracts()
        contract.action_activate()
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"journal_id": invoice.journal_id.id}).refund_moves()
        invoice.reversal_move_ids.action_post()
        self.assertTrue(contract.activity_ids)
        self._assert_no_price_for("technician", contract)

    def _assert_no_price_for(self, role, contract):
        mine = self._as(role, contract)
        texts = mine.message_ids.mapped("body")
        texts += [str(message) for message in mine.message_ids.mapped("preview")]
        for activity in mine.activity_ids:
            texts += [activity.note or "", activity.summary or ""]
        for text in texts:
            for secret in SECRET_PRICE_TEXT:
                self.assertNotIn(secret, text)


class StepGuards:
    """Who takes a contract from which state to which."""

    def test_every_step_by_every_role(self):
        wrong = []
        for before, after in product(STATES, STATES):
            if before == after:
                continue
            contract = self._in_state(before)
            if (before, after) == ("suspended", "expired"):
                contract.sudo().write(
                    {"date_start": "2020-01-01", "date_end": "2020-12-31"}
                )
            for role in ROLES:
                mine = self._as(role, contract)
                may = not self._refused(lambda m=mine, s=after: m.write({"state": s}))
                if may != (role in STEPS.get((before, after), NOBODY)):
                    wrong.append((before, after, role, "may" if may else "may not"))
        self.assertEqual(wrong, [])

    def test_every_button_by_every_role(self):
        wrong = []
        for button, (before, who) in BUTTONS.items():
            contract = self._in_state(before)
            for role in ROLES:
                mine = self._as(role, contract)
                may = not self._refused(getattr(mine, button))
                if may != (role in who):
                    wrong.append((button, role, "may" if may else "may not"))
        for before, who in (("draft", SERVICE_USERS), ("active", MANAGERS)):
            contract = self._in_state(before)
            for role in ROLES:
                mine = self._as(role, contract)
                if (not self._refused(mine.action_cancel)) != (role in who):
                    wrong.append(("action_cancel", before, role))
        self.assertEqual(wrong, [])

    def test_a_contract_is_born_as_a_draft(self):
        """By no value and by no default of the context is it born in force."""
        values = {"partner_id": self.acme.id}
        for role, state in product(("user", "manager"), STATES[1:]):
            mine = self._as(role, self.contract)
            self.assertTrue(
                self._refused(lambda m=mine, s=state: m.create(dict(values, state=s)))
            )
            by_default = mine.with_context(default_state=state)
            self.assertTrue(self._refused(lambda m=by_default: m.create(values)))
            self.assertTrue(
                self._refused(lambda m=mine, s=state: m.copy({"state": s})), state
            )


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


@tagged("post_install", "-at_install")
class TestGuards(MoneyGuards, StepGuards, GuardedFields, AccessCommon):
    """All of them on the same ground, which takes seconds to make."""


@tagged("post_install", "-at_install")
class TestDialogs(AccessCommon):
    """Dialogs offer what a person may take; what they send back is checked again."""

    bills_in_b = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._make_invoice()
        cls.invoice_of_beta = cls._make_invoice(partner=cls.beta)
        cls.invoice_b = cls._make_invoice(company=cls.company_b)

    def _open(self, role, moves):
        action = self._as(role, moves).action_create_service_contract()
        return self._dialog(role, action)

    def _dialog(self, role, action):
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        return self._as(role, dialog)

    def _pick(self, role, contract):
        return self._dialog(role, self._as(role, contract).action_fill_from_invoice())

    def test_who_may_open_the_dialog_on_an_invoice(self):
        may = [
            role
            for role in ROLES
            if not self._refused(
                self._as(role, self.invoice).action_create_service_contract
            )
        ]
        self.assertEqual(set(may), {"accountant", "salesperson"})

    def test_amounts_come_from_the_invoice_whatever_the_dialog_says(self):
        """An amount written into the dialog by RPC doesn't become the contract's."""
        for forged in (
            {"amount_before": 1, "amount_after": 1},
            {"quantity": 99},
            {"move_line_id": self.invoice_of_beta.invoice_line_ids.id},
            {"covered_by": False},
        ):
            wizard = self._open("salesperson", self.invoice)
            self._may(lambda w=wizard, f=forged: w.line_ids.write(f))
            made = []
            forge = partial(self._forge, wizard, forged, made)
            self._may(forge, AccessError, UserError)
            self.assertIn(made, ([], [SECRET_PRICE, 1, self.acme.id]), forged)

    def _forge(self, wizard, forged, made):
        """Change what the dialog shows, make the contract, and tell what it has."""
        wizard.line_ids.write(forged)
        contract = wizard._create_contracts().sudo()
        made.extend(contract.item_ids.mapped("amount_after_discount"))
        made.extend(contract.item_ids.mapped("quantity"))
        made.extend(contract.partner_id.ids)

    def test_a_line_covered_meanwhile_needs_a_confirmation(self):
        """Two people open the dialog on one invoice: the second is asked."""
        first = self._open("salesperson", self.invoice)
        second = self._open("accountant", self.invoice)
        first.action_create()
        with self.assertRaisesRegex(UserError, "covered by a contract already"):
            second.action_create()

    def test_picked_invoice_shows_number_date_and_lines_only(self):
        """A service user without rights on invoices is shown no amount of theirs."""
        pick = self._pick("user", self.draft)
        offered = pick.choice_ids.sudo().mapped("move_ref")
        self.assertIn(self.invoice.id, offered)
        self.assertNotIn(self.invoice_of_beta.id, offered)
        self.assertNotIn(self.invoice_b.id, offered)
        pick.choice_ids[0].is_chosen = True
        wizard = self._dialog("user", pick.action_next())
        shown = [
            wizard.amount_invoice,
            wizard.amount_before,
            wizard.amount_after,
            *wizard.line_ids.mapped("amount_before"),
            *wizard.line_ids.mapped("amount_after"),
        ]
        self.assertEqual(set(shown), {0.0})
        before = self.draft.amount_after_discount
        wizard.action_create()
        self.assertEqual(
            self.draft.amount_after_discount, before + SECRET_PRICE, "it was taken"
        )

    def test_forged_picks(self):
        """An invoice that wasn't offered can't be picked by its number in the table."""
        for forged in (self.invoice_of_beta, self.invoice_b):
            pick = self._pick("user", self.draft)
            choice = pick.choice_ids[0]
            choice.is_chosen = True

            def forge(choice=choice, forged=forged, pick=pick):
                choice.write({"move_ref": forged.id})
                return pick.action_next()

            self.assertTrue(self._refused(forge))

    def test_contracts_that_can_t_be_added_to(self):
        """Of another customer, another company, or out of the person's reach."""
        for contract in (self.contract_of_beta, self.foreign):
            wizard = self._open("salesperson", self.invoice)

            def add(wizard=wizard, contract=contract):
                wizard.write({"mode": "add", "contract_id": contract.id})
                wizard.action_create()

            self.assertTrue(self._refused(add))

    def test_template_of_another_company_isn_t_taken(self):
        template_b = self.template.copy({"company_id": self.company_b.id})
        for mode, contract in (("each", False), ("add", self.contract.id)):
            wizard = self._open("salesperson", self.invoice)

            def take(wizard=wizard, mode=mode, contract=contract):
                wizard.write(
                    {
                        "mode": mode,
                        "contract_id": contract,
                        "template_id": template_b.id,
                    }
                )
                wizard.action_create()

            self.assertTrue(self._refused(take))

    def test_use_is_recorded_in_reach_only(self):
        for role, line in (
            ("user", self.foreign.line_ids),
            ("technician", self.contract.line_ids),
        ):
            env = self.env(user=self.roles[role], su=False)

            def record(env=env, line=line):
                wizard = env["service.contract.record.use"].create({"line_id": line.id})
                wizard.action_record()

            self.assertTrue(self._refused(record))

    def test_beyond_the_rights_is_for_managers(self):
        for role, may in (("user", False), ("billing", False), ("manager", True)):
            env = self.env(user=self.roles[role], su=False)

            def record(env=env):
                env["service.contract.record.use"].create(
                    {"line_id": self.contract.line_ids.id, "is_billable": True}
                ).action_record()

            self.assertEqual(not self._refused(record), may, role)


@tagged("post_install", "-at_install")
class TestPublicMethods(AccessCommon, PublicMethods):
    """Buttons of contracts, invoices and dialogs, called by whoever is logged in."""

    addon = "service_contract"
    public_methods = PUBLIC_METHODS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._make_invoice()

    def test_retry_makes_no_contract_that_wasn_t_due(self):
        """A customer can't call a cancelled contract back to life by its invoice."""
        self.template.autocreate = "active"
        self.machine.service_template_id = self.template
        invoice = self._make_invoice()
        contract = invoice.service_contract_ids
        self.assertEqual(contract.state, "active")
        contract.action_cancel()
        for role in ("portal", "salesperson", "accountant"):
            mine = self._as(role, invoice)
            self._may(mine.action_retry_service_contract, AccessError, UserError)
            try:
                mine.action_retry_service_contract()
            except (AccessError, UserError):
                pass
            self.assertEqual(invoice.service_contract_ids, contract, role)

    def test_reasons_of_failures_are_not_for_customers(self):
        invoice = self._make_invoice()
        invoice.service_contract_error = "Internal detail"
        mine = self._as("portal", invoice)
        self.assertFalse(self._may(lambda: mine.read(["service_contract_error"])))

    def _get_records(self, model, method):
        state = BUTTONS.get(method, ("active",))[0]
        if model == "service.contract":
            if method == "action_fill_from_invoice":
                return self.draft
            return self.contract if state == "active" else self._in_state(state)
        wizard = self.env[model].with_user(self.roles["manager"]).sudo()
        made = {
            "service.contract.line": lambda: self.contract.line_ids,
            "service.contract.usage": lambda: self.usage,
            "service.contract.template": lambda: self.template,
            "service.level": lambda: self.level,
            "res.partner": lambda: self.acme,
            "account.move": lambda: self.invoice,
            "service.contract.create": lambda: wizard.create(
                wizard._prepare_values(self.invoice)
            ),
            "service.contract.pick.invoice": lambda: wizard.create(
                {"contract_id": self.draft.id}
            ),
            "service.contract.record.use": lambda: wizard.create(
                {"line_id": self.contract.line_ids.id}
            ),
            "service.contract.suspend": lambda: wizard.create(
                {"contract_ids": [Command.set(self.contract.ids)], "note": "Why"}
            ),
        }
        return made[model]().sudo(False) if model in made else self.env[model]
