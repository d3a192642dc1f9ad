import json

from odoo.exceptions import AccessError

from .common_access import (
    SECRET_PRICE,
    SECRET_PRICE_TEXT,
)
from .common_guards import MONEY


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
