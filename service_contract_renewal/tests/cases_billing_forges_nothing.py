import json
from functools import partial

from odoo.exceptions import AccessError
from odoo.fields import Command

from odoo.addons.service_contract.tests.common_access import (
    SECRET_PRICE,
    SECRET_PRICE_TEXT,
)


class BillingForgesNothing:
    """What nobody shall reach with Service Billing by values, settings, dialogs or
    other companies.
    """

    def test_call_an_invoice_theirs(self):
        """By RPC on create and write, by defaults in the context or kept for oneself:
        not even people of accounting link an invoice to a contract.
        """
        attempts = {}
        values = {"move_type": "out_invoice", "partner_id": self.acme.id}
        forged = {"service_billing": "renewal", "service_contract_id": self.contract.id}
        for role in ("billing", "billing_accountant", "accountant"):
            for name, value in forged.items():
                mine = self._as(role, self.sale_draft)
                by_default = mine.browse().with_context(**{f"default_{name}": value})
                attempts |= {
                    f"{role} write {name}": partial(mine.write, {name: value}),
                    f"{role} create {name}": partial(
                        mine.create, {**values, name: value}
                    ),
                    f"{role} copy {name}": partial(mine.copy, {name: value}),
                    f"{role} default {name}": partial(by_default.create, values),
                    f"{role} kept default {name}": partial(
                        self._create_with_kept_default, mine, name, value, values
                    ),
                }
        self._refuse(attempts)

    def _create_with_kept_default(self, mine, name, value, values):
        mine.env["ir.default"].set(mine._name, name, value, user_id=True)
        self.env.flush_all()
        mine.create(values)

    def test_accountants_make_invoices_as_ever(self):
        """Otherwise the test above would prove nothing."""
        values = {"move_type": "out_invoice", "partner_id": self.acme.id}
        for role in ("billing_accountant", "accountant", "accountant_only"):
            mine = self._as(role, self.sale_draft)
            self.assertFalse(mine.copy().service_billing)
            self.assertFalse(mine.create(values).service_billing)
            mine.write({"ref": "x"})

    def test_change_the_settings_of_accounting(self):
        journal = self.posted.journal_id
        tax = self.company_data["default_tax_sale"]
        account = self.company_data["default_account_revenue"]
        term = self.env["account.payment.term"].create({"name": "Never"})
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        attempts = {}
        for record in (journal, tax, account, term, position):
            mine = self._mine(record)
            attempts |= {
                f"write {record}": partial(mine.write, {"name": "Changed"}),
                f"create {record}": partial(mine.create, {"name": "New"}),
                f"delete {record}": mine.unlink,
            }
        product = self._mine(self.fee_product)
        attempts |= {
            "account of a product": partial(
                product.write, {"property_account_income_id": account.id}
            ),
            "taxes of a product": partial(product.write, {"taxes_id": False}),
            "settings": partial(
                self._mine(self.company_a).write, {"service_fee_product_id": False}
            ),
            "settings dialog": lambda: (
                self._env("billing")["res.config.settings"].create({}).execute()
            ),
        }
        self._refuse(attempts)

    def test_read_payments_statements_and_the_like(self):
        statement_line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "amount": SECRET_PRICE,
                "payment_ref": "Secret",
            }
        )
        reconciled = self.paid_sale.line_ids.matched_credit_ids
        self.assertTrue(reconciled)
        attempts = {}
        for record in (self.payment, statement_line, reconciled):
            mine = self._mine(record)
            attempts[f"read {record}"] = partial(mine.read, ["write_date"])
            attempts[f"search {record}"] = partial(mine.search, [])
        attempts["report"] = lambda: self._env("billing")[
            "account.invoice.report"
        ].search([])
        self._refuse(attempts)

    def test_journals_tell_no_figures(self):
        """The journal that may be read has a dashboard with everybody's totals."""
        for journal in (self.sale | self.bill).journal_id:
            mine = self._mine(journal)

            def ask(mine=mine):
                told = ""
                for name in ("kanban_dashboard", "kanban_dashboard_graph"):
                    told += json.dumps(mine.read([name]), default=str)
                for secret in SECRET_PRICE_TEXT:
                    if secret in told:
                        raise AssertionError(told)

            self._may(ask, AccessError)

    def test_partner_banks_as_any_employee(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "123", "partner_id": self.beta.id}
        )
        for operation in ("read", "write", "create", "unlink"):
            self.assertEqual(
                self._mine(bank).has_access(operation),
                self._as("internal", bank).has_access(operation),
            )

    def test_forge_the_dialog(self):
        """A row names its contract and invoice to its owner: nobody puts others in."""
        dialog = self._open_issue("billing", self.contract)
        foreign = self._open_issue("billing_b", self.foreign)
        other = self._open_issue("billing_reader", self.contract)
        row = dialog.line_ids
        env = dialog.env
        attempts = {
            "contract of another company": partial(
                row.write, {"contract_id": self.foreign.id}
            ),
            "contract by command": partial(
                dialog.write,
                {
                    "line_ids": [
                        Command.update(row.id, {"contract_id": self.foreign.id})
                    ]
                },
            ),
            "invoice": partial(row.write, {"move_id": self.bill.id}),
            "invoice by command": partial(
                dialog.web_save,
                {"line_ids": [Command.update(row.id, {"move_id": self.bill.id})]},
                {},
            ),
            "problem": partial(row.write, {"problem": False}),
            "first period": partial(dialog.write, {"is_first": True}),
            "asked for": partial(row.write, {"has_amount": False}),
            "new row": partial(
                row.create, {"wizard_id": dialog.id, "contract_id": self.foreign.id}
            ),
            "new row by command": partial(
                dialog.write,
                {"line_ids": [Command.create({"contract_id": self.foreign.id})]},
            ),
            "new dialog": partial(dialog.create, {}),
            "another's row": partial(
                dialog.write, {"line_ids": [Command.link(other.line_ids.id)]}
            ),
            "another's dialog": env[dialog._name].browse(other.id).action_issue,
            "another's portion": partial(
                env[dialog._name].browse(other.id).action_issue_portion,
                other.line_ids.ids,
            ),
            "another's invoices": env[dialog._name].browse(other.id).action_view_moves,
            "other company's": env[dialog._name].browse(foreign.id).action_issue,
        }
        self._refuse(attempts)
        answer = dialog.action_issue_portion(foreign.line_ids.ids, True)
        self.assertEqual(answer, {"done": [], "failed": []})

    def test_a_dialog_opened_before_the_role_was_lost(self):
        """Who is no longer of billing issues nothing from a dialog left open."""
        dialog = self._open_issue("billing", self.contract)
        self.roles["billing"].write(
            {
                "group_ids": [
                    Command.unlink(
                        self.env.ref("service_contract.group_service_billing").id
                    )
                ]
            }
        )
        self._refuse({"issue": dialog.action_issue})

    def test_what_the_system_keeps(self):
        """State, decision, links and dates follow from the rest: by RPC and by
        defaults, no role sets them.
        """
        kept = {
            "service.contract": {
                "renewal_state": "renewed",
                "renewal_decision": "accepted",
                "renewal_is_due": True,
                "renewal_is_billed": True,
                "renewal_due_on": "2020-01-01",
                "renewal_fee": 1,
                "has_renewal_fee": True,
                "carry_due_on": "2020-01-01",
            },
            "service.contract.line": {"renewed_from_id": self.contract.line_ids.id},
            "service.renewal": {
                "move_id": self.drafted.id,
                "amount": 1,
                "state": "renewed",
                "cycle": 9,
                "date_start": "2020-01-01",
            },
            "service.contract.usage": {
                "billing_move_id": self.drafted.id,
                "is_to_bill": False,
                "carried_from_id": self.contract.line_ids.id,
            },
        }
        records = {
            "service.contract": self.draft,
            "service.contract.line": self.draft.line_ids,
            "service.renewal": self.billed.renewal_ids,
            "service.contract.usage": self.usage_beyond,
        }
        born = {
            "service.contract": {"partner_id": self.acme.id},
            "service.contract.line": {
                "contract_id": self.draft.id,
                "product_id": self.visit_product.id,
            },
            "service.renewal": {
                "contract_id": self.contract.id,
                "date_end": "2030-01-01",
            },
            "service.contract.usage": {
                "line_id": self.contract.line_ids.id,
                "date": "2026-01-01",
                "quantity": 1,
            },
        }
        attempts = {}
        for model, fields_ in kept.items():
            for name, value in fields_.items():
                for role in ("user", "manager", "billing", "billing_accountant"):
                    mine = self._as(role, records[model])
                    by_default = mine.browse().with_context(
                        **{f"default_{name}": value}
                    )
                    key = f"{role} {model} {name}"
                    attempts |= {
                        f"{key} write": partial(mine.write, {name: value}),
                        f"{key} create": partial(
                            mine.create, {**born[model], name: value}
                        ),
                    }
                    if value:
                        attempts[f"{key} default"] = partial(
                            by_default.create, born[model]
                        )
        self._refuse(attempts)

    def test_fees_and_base_are_a_manager_s(self):
        contract, terms = self.contract, self.contract.renewal_term_ids
        changes = {
            "term": lambda r: self._as(r, terms[0]).write({"amount": 1}),
            "new term": lambda r: self._as(r, terms).create(
                {"contract_id": contract.id, "cycle": 7, "percent": 1}
            ),
            "term by command": lambda r: self._as(r, contract).write(
                {"renewal_term_ids": [Command.update(terms[0].id, {"percent": 1})]}
            ),
            "delete term": lambda r: self._as(r, terms[0]).unlink(),
            "term moved in": lambda r: self._as(
                r, self.draft.renewal_term_ids[0]
            ).write({"contract_id": contract.id, "cycle": 8}),
            "term moved out": lambda r: self._as(r, terms[0]).write(
                {"contract_id": self.draft.id, "cycle": 8}
            ),
            "term into a template": lambda r: self._as(
                r, self.draft.renewal_term_ids[0]
            ).write(
                {"contract_id": False, "template_id": self.template.id, "cycle": 8}
            ),
            "term of a template": lambda r: self._as(
                r, self.template.renewal_term_ids
            ).write({"amount": 1}),
            "new term of a template": lambda r: self._as(r, terms).create(
                {"template_id": self.template.id, "cycle": 7, "percent": 1}
            ),
            "kind of base": lambda r: self._as(r, contract).write(
                {"renewal_base": "before_discount"}
            ),
            "base": lambda r: self._as(r, contract).write(
                {"renewal_base": "manual", "renewal_base_amount": 1}
            ),
            "first period": lambda r: self._as(r, contract).write(
                {"bill_first_period": True}
            ),
            "fee product": lambda r: self._as(r, contract).write(
                {"renewal_product_id": self.visit_product.id}
            ),
            "carry": lambda r: self._as(r, contract).write(
                {"carry_after_suspension": True}
            ),
            "next rights": lambda r: self._as(r, contract.line_ids).write(
                {"quantity_next": 99}
            ),
        }
        wrong = []
        for what, change in changes.items():
            for role in ("technician", "user", "billing", "accountant", "manager"):
                may = not self._refused(partial(change, role))
                if may != (role == "manager"):
                    wrong.append((what, role))
        self.assertEqual(wrong, [])

    def test_another_fee_than_was_agreed_is_billed_by_managers(self):
        """A fee that nobody agreed on is typed by whoever bills."""
        manager = self._make_user(
            "access_billing_manager",
            "service_contract.group_service_billing,"
            "service_contract.group_service_manager",
        )
        self.roles["billing_manager"] = manager
        open_fee = self._make_contract(self.acme, activate=True, renewal_term_ids=[])
        for role, contract, may in (
            ("billing", self.contract, False),
            ("billing", open_fee, True),
            ("billing_manager", self.contract, True),
        ):
            dialog = self._open_issue(role, contract)
            row = dialog.line_ids
            self.assertEqual(bool(row.problem), contract == open_fee)
            row.write({"amount": 5})
            self.assertEqual(not row.problem, may, row.problem)
            answer = dialog.action_issue_portion(row.ids, True)
            self.assertEqual(bool(answer["done"]), may)
            if may:
                move = contract._get_live_renewal().move_id
                self.assertEqual(move.amount_untaxed, 5)

    def test_see_or_bill_another_company(self):
        env = self._env("billing")
        foreign = env["service.contract"].browse(self.foreign.id)
        renewals = env["service.renewal"]
        attempts = {
            "contract": partial(foreign.read, ["name"]),
            "bill it": foreign.action_issue_renewal,
            "bill it with ours": (
                foreign | self._mine(self.contract)
            ).action_issue_renewal,
            "make it": foreign._create_renewal_invoices,
            "decide": foreign.action_renewal_accept,
            "decline": foreign.action_renewal_decline,
            "period": partial(
                renewals.browse(self.billed_b.renewal_ids.id).read, ["amount"]
            ),
            "fees": partial(
                env["service.renewal.term"]
                .browse(self.foreign.renewal_term_ids.ids)
                .read,
                ["amount"],
            ),
            "services": self._mine(self._make_billable_use(self.foreign)).action_bill,
        }
        self._refuse(attempts)
        self.assertFalse(renewals.search([("company_id", "=", self.company_b.id)]))

    def test_other_roles_bill_nothing(self):
        """A dispatcher, a manager, an accountant without the role."""
        for role in ("user", "manager", "accountant", "salesperson"):
            self._refuse(
                {
                    f"{role} issue": self._as(role, self.contract).action_issue_renewal,
                    f"{role} make": self._as(
                        role, self.contract
                    )._create_renewal_invoices,
                    f"{role} post": self._as(role, self.drafted).action_service_post,
                    f"{role} bill": self._as(role, self.usage_beyond).action_bill,
                }
            )
