import json
from functools import partial

from odoo.exceptions import AccessError, UserError

from odoo.addons.service_contract.tests.common_access import (
    SECRET_PRICE,
    SECRET_PRICE_TEXT,
)


class OtherRoles:
    """Technicians see no money, dispatchers decide, customers see nothing new."""

    def test_a_dispatcher_opens_any_contract_with_everything_in_it(self):
        for role in ("user", "manager", "billing", "billing_reader", "accountant"):
            for contract in self.contract | self.billed | self.waiting | self.draft:
                (shown,) = self._show(self._as(role, contract), "form")
                self.assertIn("renewal_preview", shown)
            self._show(self._as(role, self.billed | self.waiting), "list")
            self._show(
                self._as(role, self.contract | self.billed),
                "list",
                "service_contract_renewal.service_contract_view_list_to_bill",
            )
            self._show(
                self._as(role, self.usage_beyond),
                "list",
                "service_contract_renewal.service_contract_usage_view_list_to_bill",
            )
            self._show(self._as(role, self.template), "form")
            self._show(self._as(role, self.billed.renewal_ids), "list")

    def test_a_dispatcher_opens_the_contract_whose_service_was_billed(self):
        self._as("billing", self.usage_beyond).action_bill()
        for role in ("user", "technician"):
            self._show(self._as(role, self.contract), "form")
            self._show(self._as(role, self.contract.line_ids), "form")
            self._show(self._as(role, self.contract.line_ids.usage_ids), "list")

    def test_a_technician_opens_the_contract_too(self):
        for contract in self.contract | self.billed | self.waiting:
            (shown,) = self._show(self._as("technician", contract), "form")
            self.assertNotIn("renewal_fee", shown)
            self.assertNotIn("48271", json.dumps(shown, default=str))

    def test_a_dispatcher_records_what_the_customer_decided(self):
        mine = self._as("user", self.contract)
        mine.action_renewal_accept()
        move = self.contract._get_live_renewal().move_id
        self.assertEqual(move.state, "draft")
        self._show(mine, "form")
        self.assertFalse(self._as("user", move).has_access("read"))
        self.assertTrue(self._refused(self._as("user", move).action_service_post))
        wizard = mine.env["service.renewal.decline"].create(
            {"contract_ids": mine.ids, "reason_id": self.reason.id}
        )
        wizard.action_decline()
        self.assertEqual(self.contract.renewal_state, "declined")
        self.assertFalse(move.exists())

    def test_accepted_and_declined_in_one_go(self):
        """The draft that accepting made is still known when it is taken back."""
        self.contract.action_renewal_accept()
        renewal = self.contract.renewal_ids
        move = renewal.move_id
        self.contract.action_renewal_decline(self.reason)
        self.assertFalse(move.exists())
        self.assertEqual(renewal.state, "freed")
        self.assertFalse(self.contract.renewal_is_billed)

    MONEY = {
        "service.contract": (
            "renewal_base_amount",
            "renewal_base_difference",
            "renewal_fee",
            "has_renewal_fee",
            "renewal_preview",
            "renewal_term_ids",
            "renewal_move_ids",
            "renewal_move_count",
        ),
        "service.renewal": ("amount", "move_id", "move_name"),
        "service.renewal.term": ("percent", "amount", "cycle"),
        "service.contract.usage": (
            "price_extra",
            "amount_extra",
            "billing_move_id",
            "is_to_bill",
        ),
        "service.contract.template": ("renewal_term_ids",),
        "account.move": ("name", "amount_total", "service_stale"),
        "account.move.line": ("price_subtotal", "name"),
    }

    def _money_records(self):
        return {
            "service.contract": self.billed,
            "service.renewal": self.billed.renewal_ids,
            "service.renewal.term": self.billed.renewal_term_ids,
            "service.contract.usage": self.usage_beyond,
            "service.contract.template": self.template,
            "account.move": self.posted,
            "account.move.line": self.posted.invoice_line_ids,
        }

    def test_a_technician_has_no_way_to_money(self):
        """Read, searched, sorted, grouped, exported, through a related model."""
        roots = {
            "service.renewal": ("service.contract", "renewal_ids"),
            "service.contract.usage": ("service.contract.line", "usage_ids"),
            "service.contract": ("service.renewal", "contract_id"),
            "service.renewal.term": ("service.contract", "renewal_term_ids"),
        }
        open_ways, closed = [], []
        for model, names in self.MONEY.items():
            for role, found in (("technician", open_ways), ("billing", closed)):
                mine = self._as(role, self._money_records()[model])
                for name in names:
                    stored = mine._fields[name].store
                    ways = {
                        "read": partial(mine.read, [name]),
                        "web_read": partial(mine.web_read, {name: {}}),
                        "attribute": partial(
                            lambda m, n: [record[n] for record in m], mine, name
                        ),
                        "export": partial(mine.export_data, ["id", name]),
                    }
                    if role == "technician":
                        ways |= {
                            "search": partial(mine.search, [(name, "!=", False)]),
                            "order": partial(mine.search, [], order=name),
                            "group": partial(
                                mine.formatted_read_group, [], [name], ["__count"]
                            ),
                            "sum": partial(
                                mine.formatted_read_group, [], [], [f"{name}:max"]
                            ),
                            "onchange": partial(self._ask, mine, name),
                        }
                        if model in roots and stored:
                            other, path = roots[model]
                            other = mine.env[other]
                            ways["path"] = partial(
                                other.search, [(f"{path}.{name}", "!=", False)]
                            )
                            ways["path read"] = partial(
                                lambda o, p, n: o.search([]).web_read(
                                    {p: {"fields": {n: {}}}}
                                ),
                                other,
                                path,
                                name,
                            )
                    for way, attempt in ways.items():
                        may = self._may(attempt, AccessError, ValueError, UserError)
                        if may == (role == "technician"):
                            found.append((model, name, way))
        self.assertEqual(open_ways, [])
        self.assertEqual(closed, [])

    def test_a_technician_sums_no_price(self):
        """Odoo asks for no group of a related field that it reads by SQL."""
        usage = self._as("technician", self.usage_beyond)
        open_ways = [
            fname
            for fname, field in usage._fields.items()
            if field.groups and not field.store and field.related
            if self._may(
                partial(usage.formatted_read_group, [], [], [f"{fname}:max"]),
                AccessError,
                ValueError,
            )
        ]
        self.assertEqual(open_ways, [])

    def _ask(self, mine, name):
        answer = mine.onchange({}, [], {name: {}})["value"]
        if not answer.get(name):
            raise AccessError(name)
        return answer

    def test_views_show_technicians_no_money(self):
        names = {
            name
            for model in ("service.contract", "service.renewal", "account.move")
            for name in self.MONEY[model]
            if name != "name"
        }
        for model in ("service.contract", "service.contract.template"):
            views = [(False, kind) for kind in ("form", "list", "search")]
            told = {}
            for role in ("technician", "user"):
                answer = self._env(role)[model].get_views(views)
                told[role] = {
                    name
                    for arch in answer["views"].values()
                    for name in names
                    if f'"{name}"' in arch["arch"]
                }
            self.assertFalse(told["technician"])
            self.assertTrue(told["user"])

    def test_the_chatter_tells_technicians_no_amount(self):
        """Fees change, invoices are made, renewed, credited and ended early."""
        contract = self.billed
        term = contract.renewal_term_ids[0]
        self._as("manager", term).write({"amount": SECRET_PRICE + 1})
        self._as("manager", contract).write(
            {"renewal_base": "manual", "renewal_base_amount": SECRET_PRICE + 2}
        )
        self._make_payment(self.posted)
        self.assertEqual(contract.renewal_state, "renewed")
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=self.posted.ids
        ).create({"journal_id": self.posted.journal_id.id}).refund_moves()
        self.posted.reversal_move_ids.action_post()
        successor = contract.successor_id
        wizard = self.env["service.renewal.terminate"].create(
            {
                "contract_id": self.contract.id,
                "date_end": self.contract._today(),
                "reason_id": self.reason.id,
                "credit": "full",
                "credit_amount": SECRET_PRICE,
            }
        )
        wizard.action_terminate()
        self._as("user", self.waiting).action_renewal_decline(self.reason)
        self.env.flush_all()
        tracked = 0
        for one in contract | successor | self.contract | self.waiting:
            mine = self._as("technician", one)
            texts = [str(text) for text in mine.message_ids.mapped("body")]
            texts += [str(text) for text in mine.message_ids.mapped("preview")]
            for activity in mine.activity_ids:
                texts += [str(activity.note), str(activity.summary)]
            one.invalidate_recordset(["message_ids"])  # what the technician saw
            values = one.sudo().message_ids.tracking_value_ids
            tracked += len(values)
            seen = values._filter_has_field_access(mine.env)
            texts += [str(value) for value in seen.mapped("new_value_float")]
            texts += [str(value) for value in seen.mapped("old_value_float")]
            for text in texts:
                for secret in SECRET_PRICE_TEXT:
                    self.assertNotIn(secret, text)
        self.assertTrue(tracked, "or there was nothing to hide")

    def test_customers_see_nothing_new(self):
        """Of this addon, a portal user reads neither a model nor a field of their
        contract; of their invoice, what stands on it.
        """
        env = self._env("portal")
        mine = env["service.contract"].browse(self.billed.id)
        self.assertTrue(mine.name)
        told = self._get_told(mine)
        for name in ("renewal_state", "renewal_reason_id", "renewal_ids", "chain_ids"):
            self.assertNotIn(name, told)
        models = [
            name
            for name, model in self.env.registry.items()
            if model._original_module == "service_contract_renewal"
        ]
        self.assertGreater(len(models), 5)
        for model in models:
            self.assertFalse(env[model].has_access("read"), model)
        move = env["account.move"].browse(self.posted.id)
        self.assertEqual(move.amount_total, SECRET_PRICE)
        self.assertLessEqual(self._get_told(move), {"service_billing"})
        self.assertFalse(env["account.move"].browse(self.drafted.id).has_access("read"))

    def test_customers_read_no_field_of_renewals(self):
        mine = self._env("portal")["service.contract"].browse(self.billed.id)
        self.assertEqual(self._get_told(mine), set())

    def _get_told(self, mine):
        """Return the names of the fields of this addon that the person may read."""
        return {
            name
            for name in mine.fields_get()
            if mine._fields[name]._module == "service_contract_renewal"
        }
