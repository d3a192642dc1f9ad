from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    service_item_ids = fields.One2many(
        "service.contract.item",
        "source_move_line_id",
        string="Covered Items",
        groups="service_contract.group_service_technician",
    )

    def _is_service_source(self):
        """Tell whether this line sells something: no section, note, rounding or down
        payment.
        """
        self.ensure_one()
        downpayment = "is_downpayment" in self._fields and self.is_downpayment
        return (
            self.display_type == "product" and bool(self.quantity) and not downpayment
        )

    def _is_coverable(self):
        """Tell whether this line sells goods that a contract covers by default.

        Services (delivery, the service fee itself, labour) and lines without a product
        can be covered only where a person ticks them.
        """
        self.ensure_one()
        return (
            self._is_service_source()
            and self.product_id.type in ("consu", "combo")
            and self.quantity > 0
        )

    def _get_named_templates(self):
        """Return the templates that the products of these lines name, as far as they
        are in use and of the company of the invoice (a product may serve several).
        """
        templates = self.env["service.contract.template"]
        for line in self:
            # sudo: the template that a product names may be another company's
            named = line.product_id.sudo().service_template_id
            if named.active and named.company_id in (
                line.company_id,
                line.company_id.browse(),
            ):
                templates |= templates.browse(named.id)
        return templates

    def _get_service_items(self):
        """Return the live covered items that were taken from these lines."""
        # sudo: to warn of a second contract, also where the user may not read the first
        return self.sudo().service_item_ids.filtered(
            lambda item: (
                item.contract_id.state != "cancelled" and not item.predecessor_id
            )
        )

    def _get_service_quantity(self):
        """Return the quantity of this line in the product's own unit."""
        self.ensure_one()
        if self.product_id and self.product_uom_id:
            return self.product_uom_id._compute_quantity(
                self.quantity, self.product_id.uom_id
            )
        return self.quantity

    def _get_service_amounts(self):
        """Return what each line costs, untaxed, in the currency of its invoice.

        Before discount is quantity × unit price, without the taxes that the price may
        include. After discount is the line's subtotal minus its share, by subtotals, of
        the invoice-wide discounts (lines of negative amount, down payments excepted);
        what rounding leaves goes to the largest line.

        :return: dict line -> (before, after)
        """
        amounts = {}
        for move, lines in self.grouped("move_id").items():
            currency = move.currency_id
            sold = move.invoice_line_ids.filtered(
                lambda line: line._is_service_source()
            )
            positive = sold.filtered(lambda line: line.price_subtotal > 0)
            discount = sum((sold - positive).mapped("price_subtotal"))
            shares = positive._share_by_subtotal(discount, currency)
            for line in lines:
                after = max(
                    currency.round(line.price_subtotal + shares.get(line, 0.0)), 0.0
                )
                amounts[line] = (line._get_amount_before_discount(), after)
        return amounts

    def _share_by_subtotal(self, amount, currency):
        """Split ``amount`` over ``self`` by subtotals, exactly to the last cent."""
        total = sum(self.mapped("price_subtotal"))
        if not self or currency.is_zero(amount):
            return {}
        shares = {
            line: currency.round(amount * line.price_subtotal / total) for line in self
        }
        largest = max(self, key=lambda line: line.price_subtotal)
        shares[largest] += amount - sum(shares.values())
        return shares

    def _get_amount_before_discount(self):
        self.ensure_one()
        if any(tax.price_include for tax in self.tax_ids.flatten_taxes_hierarchy()):
            taxes = self.tax_ids.compute_all(
                self.price_unit,
                currency=self.currency_id,
                quantity=self.quantity,
                product=self.product_id,
                partner=self.partner_id,
            )
            return taxes["total_excluded"]
        return self.currency_id.round(self.quantity * self.price_unit)
