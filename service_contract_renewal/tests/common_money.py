from odoo.fields import Command

from .common import RenewalCommon

# currency, base, percent -> fee, 7 % of it, together; worked out by hand
CURRENCIES = [
    ("THB", 99999.99, 30, 30000.00, 2100.00, 32100.00),  # 29,999.997
    ("USD", 1234.56, 30, 370.37, 25.93, 396.30),  # 370.368; 25.9259
    ("EUR", 333.33, 12.5, 41.67, 2.92, 44.59),  # 41.66625; 2.9169
    ("JPY", 123456, 30, 37037, 2593, 39630),  # 37,036.8; 2,592.59
    ("BHD", 1234.567, 30, 370.370, 25.926, 396.296),  # 370.3701; 25.9259
]

# fees for which a price with 7 % in it is awkward: the tax ends just at or beside half
# a cent, or the fee is tiny or huge
AWKWARD = [
    0.01, 0.07, 0.08, 0.14, 0.50, 1.07, 1.50, 3.57, 10.07, 11.49, 11.50, 11.51,
    99.99, 100.07, 333.33, 1234.56, 2804.67, 9345.79, 12149.53, 99999.99,
    123456.78, 7777777.77, 98765432.10,
]  # fmt: skip


class MoneyCommon(RenewalCommon):
    """Ways to make taxes, and to bill a contract of any fee."""

    @classmethod
    def _make_tax(cls, amount, included=False, **values):
        return cls.env["account.tax"].create(
            {
                "name": f"{amount} {'in' if included else 'on'} {len(values)}",
                "amount": amount,
                "price_include_override": (
                    "tax_included" if included else "tax_excluded"
                ),
                **values,
            }
        )

    def _use_currency(self, code):
        currency = self.env.ref(f"base.{code}")
        currency.active = True
        return currency

    def _draft(self, contract, **options):
        """Return the draft invoice of the next period, made by somebody of billing."""
        moves = contract.with_user(self.billing)._create_renewal_invoices(**options)
        return moves.with_user(self.env.user)

    def _make_of_fee(self, fee, **values):
        """Make a running contract whose next period costs ``fee``."""
        return self._make_renewable(base=fee, terms={2: 100}, **values)

    def _make_plain_invoice(self, contract, price, product=None):
        """Return the invoice that an accountant would make by hand in plain Odoo."""
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": contract.partner_id.id,
                "currency_id": contract.currency_id.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": (product or self.fee_product).id,
                            "price_unit": price,
                        }
                    )
                ],
            }
        )

    def _open_issue(self, contracts, first=False):
        name = "action_issue_first_period" if first else "action_issue_renewal"
        action = getattr(contracts.with_user(self.billing), name)()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        return wizard.with_user(self.billing)
