from odoo import fields
from odoo.fields import Command

from odoo.addons.service_contract.tests.common import ServiceContractCommon


class RenewalCommon(ServiceContractCommon):
    """A dealer who renews at 40 % (period 1), 30 % and then 20 % of what was sold."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fee_product = cls.env.ref("service_contract_renewal.product_fee")
        cls.fee_product.taxes_id = False
        cls.company.service_fee_product_id = cls.fee_product
        cls.template.write(
            {
                "renewal_base": "after_discount",
                "renewal_term_ids": [
                    Command.create({"cycle": 1, "percent": 40}),
                    Command.create({"cycle": 2, "percent": 30}),
                    Command.create({"cycle": 3, "percent": 20}),
                ],
            }
        )
        cls.reason = cls.env.ref("service_contract_renewal.reason_price")

    @classmethod
    def _get_people(cls):
        billing = {"billing": "service_contract.group_service_billing"}
        return {**super()._get_people(), **billing}

    @classmethod
    def _make_renewable(cls, activate=True, base=100000.0, terms=None, **values):
        """Make a contract of the year 2026 with a typed base and fees by year."""
        terms = {2: 30, 3: 20} if terms is None else terms
        return cls._make_contract(
            activate=activate,
            renewal_base="manual",
            renewal_base_amount=base,
            renewal_term_ids=[
                Command.create({"cycle": cycle, "percent": percent})
                for cycle, percent in terms.items()
            ],
            **values,
        )

    def _issue(self, contract, user=None, **options):
        """Issue and post the invoice of the next period, as somebody of billing."""
        contract = contract.with_user(user or self.billing)
        move = contract._create_renewal_invoices(**options)
        move.action_service_post()
        return move.with_user(self.env.user)

    def _pay(self, move, amount=None, date=None):
        """Register a payment as the accountant does, in plain Odoo."""
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(
                {
                    "payment_date": date or fields.Date.today(),
                    **({"amount": amount} if amount is not None else {}),
                }
            )
        )
        return wizard._create_payments()
