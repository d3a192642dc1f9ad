from contextlib import closing

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
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
