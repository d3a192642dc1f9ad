import re

from odoo.fields import Command
from odoo.tools import html2plaintext


class FeeMixin:
    """Ways to make a contract that is worth 125,000, sold for 100,000."""

    def _make_worth(self, activate=True, **values):
        values.setdefault(
            "renewal_term_ids",
            [
                Command.create({"cycle": 2, "percent": 30}),
                Command.create({"cycle": 3, "percent": 20}),
            ],
        )
        values.setdefault(
            "item_ids",
            [
                Command.create(
                    {
                        "name": "Press",
                        "amount_before_discount": 100000,
                        "amount_after_discount": 80000,
                    }
                ),
                Command.create(
                    {
                        "name": "Boiler",
                        "amount_before_discount": 25000,
                        "amount_after_discount": 20000,
                    }
                ),
            ],
        )
        return self._make_contract(activate=activate, **values)

    def _preview(self, contract):
        """Return the text of the preview, one line for each row, as people read it."""
        rows = re.findall(r"<tr[^>]*>(.*?)</tr>", contract.renewal_preview, re.DOTALL)
        return [
            " ".join(html2plaintext(row).replace("\xa0", " ").split()) for row in rows
        ]
