from odoo import fields
from odoo.fields import Command

from odoo.addons.service_contract.tests.common_access import (
    GROUPS,
    SECRET_PRICE,
    AccessCommon,
)

BILLING = GROUPS["billing"]
MORE_GROUPS = {
    # reads every invoice besides, as salespeople of Odoo do
    "billing_reader": f"{BILLING},account.group_account_readonly",
    "billing_accountant": f"{BILLING},account.group_account_invoice",
    "accountant_only": "account.group_account_invoice",
}


class RenewalAccessCommon(AccessCommon):
    """Two companies whose contracts renew at a fee that nobody may see by chance.

    ``contract`` isn't billed yet; ``billed`` has a posted invoice (``posted``) and
    ``waiting`` a draft (``drafted``). Company B has the same (``foreign``,
    ``foreign_posted``, ``foreign_drafted``).
    """

    bills_in_b = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fee_product = cls.env.ref("service_contract_renewal.product_fee")
        cls.fee_product.taxes_id = False
        companies = cls.company_a | cls.company_b
        companies.service_fee_product_id = cls.fee_product
        cls.reason = cls.env.ref("service_contract_renewal.reason_price")
        cls.template.renewal_term_ids = [
            Command.create({"cycle": 2, "method": "fixed", "amount": SECRET_PRICE})
        ]
        cls.billed = cls._make_contract(cls.acme, activate=True)
        cls.waiting = cls._make_contract(cls.acme, activate=True)
        cls.billed_b, cls.waiting_b = (
            cls._make_contract(cls.acme, activate=True, company_id=cls.company_b.id)
            for _time in range(2)
        )
        cls.posted, cls.drafted = cls._bill(cls.billed), cls._bill(cls.waiting)
        cls.foreign_posted = cls._bill(cls.billed_b)
        cls.foreign_drafted = cls._bill(cls.waiting_b)
        (cls.posted | cls.foreign_posted)._post_service_invoices()

    @classmethod
    def _get_people(cls):
        both = [Command.set((cls.company_a | cls.company_b).ids)]
        return {
            **super()._get_people(),
            **{role: (groups, {}) for role, groups in MORE_GROUPS.items()},
            "billing_b": (BILLING, cls._in_company_b()),
            "billing_of_both": (BILLING, {"company_ids": both}),
        }

    @classmethod
    def _make_contract(cls, partner, activate=False, **values):
        terms = [
            Command.create({"cycle": 1, "method": "fixed", "amount": SECRET_PRICE}),
            Command.create({"cycle": 2, "method": "fixed", "amount": SECRET_PRICE}),
        ]
        return super()._make_contract(
            partner, activate, **{"renewal_term_ids": terms, **values}
        )

    @classmethod
    def _bill(cls, contracts):
        """Make the draft invoices of the next periods, as the system does."""
        return contracts._create_renewal_invoices()

    @classmethod
    def _make_billable_use(cls, contract=None):
        """Book a service beyond the rights, to be billed."""
        return (contract or cls.contract).line_ids._consume(is_billable=True)

    @classmethod
    def _make_bill(cls, **values):
        """Make a bill of a vendor, posted."""
        return cls._make_invoice(
            partner=cls.beta, move_type="in_invoice", ref="Bill", **values
        )

    @classmethod
    def _make_payment(cls, move):
        """Register a payment, as the accountant does."""
        return (
            cls.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"payment_date": fields.Date.today()})
            ._create_payments()
        )

    def _open_issue(self, role, contracts):
        """Return the dialog on ``contracts``, as the person with ``role`` opens it."""
        action = self._as(role, contracts).action_issue_renewal()
        return self._as(role, self.env[action["res_model"]].browse(action["res_id"]))
