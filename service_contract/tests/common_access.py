import json
from contextlib import closing
from itertools import product

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tools import mute_logger

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common import ChartMixin, new_test_users

# A sum that can't be met by chance: wherever it appears, money leaks.
SECRET_PRICE = 48271.37
SECRET_PRICE_TEXT = ("48271", "48,271", "48.271", "48 271")

GROUPS = {
    "technician": "service_contract.group_service_technician",
    "user": "service_contract.group_service_user",
    "manager": "service_contract.group_service_manager",
    "billing": "service_contract.group_service_billing",
    "accountant": "account.group_account_invoice,service_contract.group_service_user",
    "salesperson": (
        "account.group_account_readonly,service_contract.group_service_user"
    ),
    "internal": "base.group_user",
}

READ, WRITE, CREATE, DELETE = "rwcd"
OPERATIONS = READ + WRITE + CREATE + DELETE
SERVICE_USERS = ("user", "manager", "billing", "accountant", "salesperson")
# What the client calls on every model: their rights are those of the model.
ORM_METHODS = {"create", "write", "copy_data", "default_get", "unlink"}


class AccessCommon(ChartMixin, AccountTestInvoicingCommon):
    """Two companies, two customers, and one person of every role.

    ``acme`` (contacts Anna and Arno) and ``beta`` (contact Bert) are customers of
    company A; ``foreign`` is a contract of company B with acme.
    """

    # A chart of accounts takes a second for every class.
    bills_in_b = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_a = cls.company_data["company"]
        if cls.bills_in_b:
            cls.company_b = cls.setup_other_company(name="Company B")["company"]
        else:
            cls.company_b = cls.env["res.company"].create({"name": "Company B"})
        cls.env = cls.env(
            user=cls.env.ref("base.user_root"),
            su=True,
            context={"tracking_disable": True},
        )
        cls.currency_b = cls.env["res.currency"].search(
            [
                ("id", "!=", cls.company_a.currency_id.id),
                ("active", "in", (True, False)),
            ],
            limit=1,
        )
        cls.currency_b.active = True
        # Records are made by the system; each person has only their own company.
        both = cls.company_a | cls.company_b
        cls.env.user.write(
            {
                "company_ids": [Command.link(c.id) for c in both],
                "company_id": both[0].id,
            }
        )
        cls._make_products()
        cls._make_customers()
        cls._make_users()
        cls._make_contracts()

    # === RECORDS === #

    @classmethod
    def _make_products(cls):
        cls.visit_product, cls.machine = cls.env["product.product"].create(
            [
                {"name": "Visit", "type": "service", "taxes_id": False},
                {"name": "Loom", "type": "consu", "taxes_id": False},
            ]
        )

    @classmethod
    def _make_customers(cls):
        partners = cls.env["res.partner"]
        cls.acme, cls.beta = partners.create(
            [
                {"name": "Acme Weaving", "is_company": True, "email": "a@example.com"},
                {"name": "Beta Hotel", "is_company": True, "email": "b@example.com"},
            ]
        )
        cls.anna, cls.arno, cls.bert = partners.create(
            [
                {"name": "Anna", "parent_id": cls.acme.id, "email": "anna@example.com"},
                {"name": "Arno", "parent_id": cls.acme.id, "email": "arno@example.com"},
                {"name": "Bert", "parent_id": cls.beta.id, "email": "bert@example.com"},
            ]
        )

    @classmethod
    def _make_users(cls):
        people = cls._get_people()
        users = new_test_users(
            cls.env,
            [cls._get_user_values(f"access_{r}", *v) for r, v in people.items()],
        )
        cls.roles = dict(zip(people, users, strict=True))
        cls.roles["public"] = cls.env.ref("base.public_user")
        cls.manager_b = cls.roles["manager_b"]
        cls.manager_of_both = cls.roles.pop("manager_of_both")

    @classmethod
    def _get_people(cls):
        """Return {role: (groups, further values)} of the people to make."""
        both = [Command.set((cls.company_a | cls.company_b).ids)]
        manager = GROUPS["manager"]
        contacts = {
            "portal": cls.anna,
            "portal_colleague": cls.arno,
            "portal_stranger": cls.bert,
        }
        return {
            **{role: (groups, {}) for role, groups in GROUPS.items()},
            **{
                role: ("base.group_portal", {"partner_id": partner.id})
                for role, partner in contacts.items()
            },
            "manager_b": (manager, cls._in_company_b()),
            "manager_of_both": (
                f"{manager},account.group_account_invoice",
                {"company_ids": both},
            ),
        }

    @classmethod
    def _in_company_b(cls):
        company = cls.company_b
        return {"company_id": company.id, "company_ids": [Command.set(company.ids)]}

    @classmethod
    def _make_user(cls, login, groups, **values):
        return new_test_users(cls.env, [cls._get_user_values(login, groups, values)])

    @classmethod
    def _get_user_values(cls, login, groups, values):
        if "portal" not in groups:
            groups = f"base.group_user,base.group_allow_export,{groups}"
        return {
            "login": login,
            "password": f"{login}-password",
            "groups": groups,
            "company_id": cls.company_a.id,
            "company_ids": [Command.set(cls.company_a.ids)],
            **values,
        }

    @classmethod
    def _make_contracts(cls):
        cls.level = cls.env["service.level"].create({"name": "Platinum"})
        cls.tag = cls.env["service.contract.tag"].create({"name": "Watch closely"})
        cls.template = cls.env["service.contract.template"].create(
            {
                "name": "Care",
                "line_ids": [
                    Command.create(
                        {
                            "product_id": cls.visit_product.id,
                            "quantity": 4,
                            "price_extra": SECRET_PRICE,
                        }
                    )
                ],
            }
        )
        cls.draft = cls._make_contract(cls.acme)
        cls.contract = cls._make_contract(cls.acme, activate=True)
        cls.contract_of_contact = cls._make_contract(cls.arno, activate=True)
        cls.contract_of_beta = cls._make_contract(cls.beta, activate=True)
        cls.foreign = cls._make_contract(
            cls.acme, activate=True, company_id=cls.company_b.id
        )
        cls.usage = cls.contract.line_ids._consume()
        cls.foreign_usage = cls.foreign.line_ids._consume()

    @classmethod
    def _make_contract(cls, partner, activate=False, **values):
        """Make a contract of one machine and four visits, its amounts ours to find."""
        contract = cls.env["service.contract"].create(
            {
                "partner_id": partner.id,
                "template_id": False,
                "tag_ids": [Command.set(cls.tag.ids)],
                "item_ids": [
                    Command.create(
                        {
                            "product_id": cls.machine.id,
                            "serial": f"SN-{partner.name}",
                            "amount_before_discount": SECRET_PRICE,
                            "amount_after_discount": SECRET_PRICE,
                        }
                    )
                ],
                "line_ids": [
                    Command.create(
                        {
                            "product_id": cls.visit_product.id,
                            "quantity": 4,
                            "price_extra": SECRET_PRICE,
                        }
                    )
                ],
                **values,
            }
        )
        if activate:
            contract.action_activate()
        return contract

    @classmethod
    def _make_invoice(cls, partner=None, company=None, post=True, **values):
        """Make an invoice of one machine at the price that nobody may see."""
        company = company or cls.company_a
        invoice = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "company_id": company.id,
                    "partner_id": (partner or cls.acme).id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": cls.machine.id,
                                "quantity": 1,
                                "price_unit": SECRET_PRICE,
                                "tax_ids": False,
                            }
                        )
                    ],
                    **values,
                }
            )
        )
        if post:
            invoice.action_post()
        return invoice

    def _in_state(self, state, **values):
        """Return a new contract that has gone all the way to ``state``."""
        contract = self._make_contract(self.acme, **values)
        path = {
            "draft": [],
            "active": ["active"],
            "suspended": ["active", "suspended"],
            "expired": ["active", "expired"],
            "cancelled": ["cancelled"],
        }
        for step in path[state]:
            contract.state = step
        return contract

    # === WAYS TO TRY === #

    def _may(self, attempt, *errors):
        """Tell whether ``attempt`` goes through; whatever it did is undone."""
        self.env.flush_all()
        refusals = errors or (AccessError,)
        with mute_logger("odoo.models", "odoo.addons.base.models.ir_rule"):
            savepoint = self.env.cr.savepoint(flush=False)
            with closing(savepoint):
                try:
                    attempt()
                    self.env.flush_all()
                    return True
                except refusals:
                    return False
                finally:
                    savepoint.rollback()
                    self.env.invalidate_all(flush=False)
                    self.env.transaction.clear()

    def _refused(self, attempt):
        """Tell whether ``attempt`` is refused with a message for people."""
        return not self._may(attempt, AccessError, UserError)

    def _as(self, role, records):
        """Return ``records`` as the person with ``role`` sees them, nothing cached."""
        self.env.flush_all()
        self.env.invalidate_all()
        return records.with_user(self.roles[role]).sudo(False)


class AccessMatrix:
    """Role × model × operation, each cell tried for real as that user.

    For a test class of each addon, which fills in the table and makes the records.
    """

    addon = None  # technical name of the addon
    # model -> role, or tuple of roles -> operations, such as ``rw``: who may do what.
    # Roles that aren't named may nothing; a role by its name goes before a tuple.
    matrix = {}
    tried_roles = ()

    # === THE TABLE === #

    def test_every_model_of_the_addon_is_in_the_table(self):
        """A new model can't be forgotten: it must get its row."""
        models = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == self.addon and not model._abstract
        }
        self.assertEqual(models - set(self.matrix), set())

    def test_matrix(self):
        wrong = []
        for model, role, operation in product(
            self.matrix, self.tried_roles, OPERATIONS
        ):
            mine = self._as(role, self._get_record(model, operation, role))
            may = self._may(self._attempt(mine, operation))
            if may != (operation in self._get_allowed(model, role)):
                wrong.append((model, role, operation, "may" if may else "may not"))
        self.assertEqual(wrong, [])

    def test_search_finds_what_may_be_read_and_nothing_else(self):
        wrong = []
        for model, role in product(self.matrix, self.tried_roles):
            if self.env[model]._transient:
                continue
            mine = self._as(role, self._get_record(model, READ, role))
            found = []
            self._may(lambda m=mine, f=found: f.extend(m.search([("id", "in", m.ids)])))
            if bool(found) != (READ in self._get_allowed(model, role)):
                wrong.append((model, role, found))
        self.assertEqual(wrong, [])

    def test_somebody_else_s_dialog_is_out_of_reach(self):
        """Dialogs hold what their owner may see: not even a manager looks into them."""
        wrong = []
        for model, role in product(self.matrix, ("user", "manager", "billing")):
            if not self.env[model]._transient:
                continue
            other = self._as(role, self._get_record(model, READ, "accountant"))
            for attempt in (
                self._attempt(other, READ),
                self._attempt(other, WRITE),
                self._attempt(other, DELETE),
                lambda o=other: o.web_read({"display_name": {}}),
                lambda o=other: o.search([("id", "in", o.ids)])[0],
            ):
                if self._may(attempt, AccessError, IndexError):
                    wrong.append((model, role))
        self.assertEqual(wrong, [])

    # === HOW A CELL IS TRIED === #

    def _get_allowed(self, model, role):
        """Return the operations of ``role`` on ``model``."""
        row = self.matrix[model]
        if role in row:
            return row[role]
        groups = [key for key in row if isinstance(key, tuple) and role in key]
        return row[groups[0]] if groups else ""

    def _attempt(self, mine, operation):
        """Return what is tried to do ``operation`` on the records ``mine``."""
        if operation == READ:
            plain = "write_date" if "write_date" in mine._fields else "display_name"
            return lambda: mine.read([plain])
        if operation == DELETE:
            return lambda: mine.unlink()
        if operation == WRITE:
            values = self._get_written(mine._name)
            return lambda: mine.write(values)
        values = self._get_created(mine._name)
        for parent in {"wizard_id", "edit_id"} & set(values):
            values[parent] = mine.sudo()[parent].id
        return lambda: mine.create(values)

    def _get_record(self, model, operation, role):
        """Return the record on which the person with ``role`` tries something, dialogs
        as the system makes them for that person.
        """
        raise NotImplementedError

    def _get_created(self, model):
        """Return values to create a record of ``model``; a parent is filled in."""
        raise NotImplementedError

    def _get_written(self, model):
        """Return values to write on a record of ``model``."""
        raise NotImplementedError


class PublicMethods:
    """Whatever has a public name can be called by anybody who is logged in."""

    addon = None  # technical name of the addon
    # (model, method) -> what people without the right get: "refused", or "harmless"
    # where it only describes a window to open
    public_methods = {}
    strangers = ("technician", "internal", "portal", "portal_stranger", "public")
    open_to = {}  # (model, method) -> strangers who may call it all the same
    arguments = {}  # method -> what it is called with

    def test_every_public_method_is_in_the_table(self):
        """A new button can't be forgotten: it must say what strangers get."""
        found = set()
        for name, model in self.env.registry.items():
            for parent in model.mro():
                if not parent.__module__.startswith(f"odoo.addons.{self.addon}."):
                    continue
                found |= {
                    (name, method)
                    for method, function in vars(parent).items()
                    if callable(function)
                    and not method.startswith("_")
                    and not getattr(function, "_api_private", False)
                    and method not in ORM_METHODS
                }
        self.assertEqual(found, set(self.public_methods))

    def test_strangers_get_nothing_done(self):
        """People without the right call each of them."""
        wrong = []
        for ((model, method), kind), role in product(
            self.public_methods.items(), self.strangers
        ):
            if role in self.open_to.get((model, method), ()):
                continue
            for answer in self._call(model, method, role):
                described = isinstance(answer, dict) and str(
                    answer.get("type", "")
                ).startswith("ir.actions.")
                if kind == "refused" or not described:
                    wrong.append((model, method, role, answer))
        self.assertEqual(wrong, [])

    def test_nobody_calls_what_belongs_to_the_other_company(self):
        """Managers have every right, in their own company."""
        wrong = []
        for (model, method), kind in self.public_methods.items():
            if "manager_b" in self.open_to.get((model, method), ()):
                continue
            answers = self._call(model, method, "manager_b")
            told = json.dumps(answers, default=str)
            if "access_token" in told or (answers and kind == "refused"):
                wrong.append((model, method, answers))
        self.assertEqual(wrong, [])

    def _call(self, model, method, role):
        """Return what the person gets for calling ``method``, as a list; empty if it
        is refused. Whatever it did is undone.
        """
        records = self._get_records(model, method)
        called = self._as(role, records)
        static = getattr(type(called), method)
        args = [] if getattr(static, "_api_model", False) else [records.ids]
        args += self.arguments.get(method, [])
        answers = []
        self._may(
            lambda: answers.append(call_kw(called.browse(), method, args, {})),
            AccessError,
            UserError,
            ValidationError,
        )
        return answers

    def _get_records(self, model, method):
        """Return records on which ``method`` could be called by whoever may."""
        raise NotImplementedError
