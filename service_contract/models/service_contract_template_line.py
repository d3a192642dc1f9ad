from odoo import fields, models


class ServiceContractTemplateLine(models.Model):
    """A service that a template grants."""

    _name = "service.contract.template.line"
    _description = "Service of a Contract Template"
    _inherit = ["service.entitlement.mixin"]
    _order = "template_id, sequence, id"
    _check_company_auto = True

    template_id = fields.Many2one(
        "service.contract.template", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="template_id.company_id", store=True, precompute=True
    )
    currency_id = fields.Many2one(related="template_id.currency_id")
    per_item = fields.Boolean(
        string="For Each Item",
        help="One line for each covered item, so that two machines can't be confused.",
    )

    def _is_per_item(self):
        self.ensure_one()
        return self.per_item or self.is_warranty

    def _prepare_general_lines(self, contract):
        """Return the values of the lines that are for all items of ``contract``."""
        return [
            line._prepare_line_values(contract)
            for line in self
            if not line._is_per_item()
        ]

    def _prepare_item_lines(self, contract, items, start=None):
        """Return the values of the lines that each of ``items`` gets.

        :param start: first date of items that join later; empty = with the contract
        """
        values = []
        for line in self.filtered(lambda line: line._is_per_item()):
            dates = {}
            if start and start > contract.date_start and not line.is_warranty:
                first, last = line._get_own_period(start, contract.date_end)
                dates = {"date_start": first, "date_end": last}
            values += [
                dict(line._prepare_line_values(contract), item_id=item.id, **dates)
                for item in items
            ]
        return values

    def _prepare_line_values(self, contract):
        """Return the values of the contract line that this one becomes."""
        self.ensure_one()
        values = self._prepare_entitlement_values()
        if self._has_default_name():
            values["name"] = self._get_default_name(contract.partner_id.lang)
        company = contract.company_id or self.env.company
        # sudo: the price is passed on unseen, as in the entitlement's values
        line = self.sudo()
        if (
            line.currency_id
            and contract.currency_id
            and line.currency_id != contract.currency_id
        ):
            values["price_extra"] = line.currency_id._convert(
                line.price_extra, contract.currency_id, company, contract.date_start
            )
        return values

    def _has_default_name(self):
        """Tell whether the description is the product's own, in whatever language."""
        self.ensure_one()
        return any(
            self.name == self._get_default_name(code)
            for code, _name in self.env["res.lang"].get_installed()
        )
