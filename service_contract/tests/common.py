from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.tests.common import BaseCommon


def new_test_users(env, people):
    """Return new users, made with one create.

    :param people: for each a dict with ``login``, ``groups`` (XML ids, separated by
        commas) and further values
    """
    users = []
    for values in people:
        login, groups = values["login"], values["groups"].split(",")
        users.append(
            {
                "name": f"{login} ({values['groups']})",
                "password": login,
                "email": f"{login}@example.com",
                **{key: value for key, value in values.items() if key != "groups"},
                "group_ids": [Command.set([env.ref(group).id for group in groups])],
            }
        )
    return env["res.users"].create(users)


class DealerMixin:
    """A machinery dealer: products, a template, people of every role, and invoices."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.partner_id.tz = "Asia/Bangkok"
        cls.customer = cls.env["res.partner"].create(
            {
                "name": "Baan Suan Hotel",
                "tz": "Asia/Bangkok",
                "email": "hotel@example.com",
            }
        )
        cls.service_visit = cls._make_product("Preventive visit", "service")
        cls.service_phone = cls._make_product("Phone support", "service")
        cls.service_install = cls._make_product("Installation", "service")
        cls.service_warranty = cls._make_product("Warranty", "service")
        cls.template = cls.env["service.contract.template"].create(
            {
                "name": "Gold care",
                "line_ids": [
                    Command.create(
                        {
                            "product_id": cls.service_visit.id,
                            "mode": "scheduled",
                            "quantity": 4,
                            "price_extra": 1500,
                        }
                    ),
                    Command.create(
                        {
                            "product_id": cls.service_install.id,
                            "is_installation": True,
                            "per_item": True,
                            "on_renewal": "once",
                        }
                    ),
                    Command.create(
                        {
                            "product_id": cls.service_warranty.id,
                            "is_warranty": True,
                            "is_unlimited": True,
                            "on_renewal": "once",
                            "period_count": 24,
                        }
                    ),
                ],
            }
        )
        cls.machine = cls._make_product("Sewing machine", "consu", 40000)
        cls.machine.service_template_id = cls.template
        cls.chair = cls._make_product("Chair", "consu", 900)
        cls._make_people()

    @classmethod
    def get_default_groups(cls):
        groups = super().get_default_groups()
        return groups | cls.env.ref("service_contract.group_service_manager")

    @classmethod
    def _get_people(cls):
        """Return {name of the attribute: groups} of the people to make."""
        service = "service_contract.group_service_"
        return {
            "technician": f"{service}technician",
            "dispatcher": f"{service}user",
            "salesperson": f"{service}user,account.group_account_readonly",
            "manager": f"{service}manager",
            "accountant": "account.group_account_invoice",
        }

    @classmethod
    def _make_people(cls):
        people = cls._get_people()
        users = new_test_users(
            cls.env, [cls._get_user_values(*person) for person in people.items()]
        )
        for login, user in zip(people, users, strict=True):
            setattr(cls, login, user)

    @classmethod
    def _make_user(cls, login, groups):
        return new_test_users(cls.env, [cls._get_user_values(login, groups)])

    @classmethod
    def _get_user_values(cls, login, groups):
        return {
            "login": f"service_{login}",
            "groups": f"base.group_user,{groups}",
            "company_id": cls.company.id,
            "company_ids": [Command.set(cls.company.ids)],
        }

    @classmethod
    def _make_product(cls, name, kind, price=0.0):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": kind,
                "lst_price": price,
                "taxes_id": [Command.clear()],
            }
        )

    @classmethod
    def _make_invoice(cls, lines=None, post=True, **values):
        """Make a customer invoice; ``lines`` are dicts, or products sold once at list
        price.
        """
        commands = []
        for line in lines or [cls.machine]:
            if not isinstance(line, dict):
                line = {"product_id": line.id}
            commands.append(Command.create({"tax_ids": [Command.clear()], **line}))
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_date": "2026-03-15",
                "invoice_line_ids": commands,
                **values,
            }
        )
        if post:
            move.action_post()
        return move

    @classmethod
    def _make_contract(cls, activate=False, lines=None, **values):
        """Make a contract of one year from 1 January 2026, with four visits."""
        contract = cls.env["service.contract"].create(
            {
                "partner_id": cls.customer.id,
                "date_start": "2026-01-01",
                "line_ids": [
                    Command.create(line)
                    for line in lines
                    or [
                        {
                            "product_id": cls.service_visit.id,
                            "quantity": 4,
                            "mode": "scheduled",
                        }
                    ]
                ],
                **values,
            }
        )
        if activate:
            contract.action_activate()
        return contract


class ChartMixin:
    """Takes the company of a fresh database, which has a chart of accounts already; one
    of its own, as Odoo's tests make it, takes a second longer for every class."""

    @classmethod
    def setup_independent_company(cls, **values):
        company = cls.env.ref("base.main_company")
        # sudo: what is there decides about the ground of the tests, nobody reads it
        used = cls.env["account.move"].sudo().search_count([], limit=1)
        if values or used or company.chart_template != "generic_coa":
            return super().setup_independent_company(**values)
        return company


class ServiceContractCommon(DealerMixin, ChartMixin, AccountTestInvoicingCommon):
    """The dealer, with a chart of accounts."""


class DealerCommon(DealerMixin, BaseCommon):
    """The dealer without accounts: much faster, for what needs no invoice."""

    @classmethod
    def setup_independent_user(cls):
        groups = cls.get_default_groups() | cls.env.ref("base.group_system")
        groups |= cls.env.ref("product.group_product_manager")
        user = new_test_user(cls.env, login="dealer", company_id=cls.env.company.id)
        user.group_ids |= groups
        return user

    @classmethod
    def setup_independent_company(cls):
        # sudo: as Odoo's own tests make their company
        return cls.env["res.company"].sudo().create({"name": "Dealer"})
