from odoo import api, fields, models

from ..tools import periods


class ServiceEntitlementMixin(models.AbstractModel):
    """What a line of a contract and a line of a template have in common."""

    _name = "service.entitlement.mixin"
    _description = "Entitlement to a Service"

    sequence = fields.Integer(default=10)
    # Both come from the contract or template that the line belongs to.
    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one("res.currency")
    product_id = fields.Many2one(
        "product.product",
        string="Service",
        required=True,
        domain="[('type', '=', 'service')]",
        check_company=True,
        index=True,
    )
    product_uom_id = fields.Many2one(related="product_id.uom_id", string="Unit")
    name = fields.Text(
        string="Description",
        compute="_compute_name",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    mode = fields.Selection(
        selection=[("scheduled", "Scheduled"), ("on_demand", "On demand")],
        required=True,
        default="on_demand",
        help="Scheduled: visits are planned ahead. On demand: the customer calls.",
    )
    quantity = fields.Float(
        default=1.0,
        digits="Product Unit",
        help="How many times (or hours, by the unit of the service) the customer may "
        "have it.",
    )
    is_unlimited = fields.Boolean(string="Unlimited")
    is_warranty = fields.Boolean(
        string="Warranty",
        help="Looked at first when a service is covered; may outlast the period.",
    )
    is_installation = fields.Boolean(
        string="Installation",
        help="When done, it sets the installation date of its item.",
    )
    price_extra = fields.Monetary(
        string="Extra Price",
        groups="service_contract.group_service_user",
        help="What one more costs once the rights are used up.",
    )
    on_renewal = fields.Selection(
        selection=[("renew", "Again each period"), ("once", "Only once")],
        required=True,
        default="renew",
    )
    carry_over = fields.Selection(
        selection=[
            ("none", "Lapses"),
            ("all", "All carried over"),
            ("limited", "Up to a limit"),
        ],
        string="Unused at the End",
        required=True,
        default="none",
    )
    carry_over_max = fields.Float(string="Carried at Most", digits="Product Unit")
    period_count = fields.Integer(
        string="Own Period",
        help="How long this service lasts; 0 = as long as the contract.",
    )
    period_unit = fields.Selection(
        selection=periods.TERM_UNITS,
        string="Own Period Unit",
        required=True,
        default="month",
    )

    _quantity_not_negative = models.Constraint(
        "CHECK(quantity >= 0)", "A customer can't be entitled to less than nothing."
    )
    _carry_over_not_negative = models.Constraint(
        "CHECK(carry_over_max >= 0)", "What is carried over can't be negative."
    )
    _period_not_negative = models.Constraint(
        "CHECK(period_count >= 0)", "The period of a service can't be negative."
    )

    @api.depends("product_id")
    def _compute_name(self):
        for line in self:
            if line.product_id:
                line.name = line._get_default_name(line._get_customer_lang())

    @api.onchange("is_warranty")
    def _onchange_is_warranty(self):
        if self.is_warranty:
            self.update(
                {"is_unlimited": True, "mode": "on_demand", "on_renewal": "once"}
            )

    @api.model
    def _get_entitlement_fields(self):
        """Hook: names of the fields that go from template to contract and on to
        successors.
        """
        return [
            "sequence",
            "product_id",
            "name",
            "mode",
            "quantity",
            "is_unlimited",
            "is_warranty",
            "is_installation",
            "price_extra",
            "on_renewal",
            "carry_over",
            "carry_over_max",
            "period_count",
            "period_unit",
        ]

    def _get_customer_lang(self):
        """Hook: code of the language that the customer reads; empty = the user's."""
        return ""

    def _get_default_name(self, lang):
        """Return the description of the service in the language ``lang``."""
        product = self.product_id
        if lang:
            product = product.with_context(lang=lang)
        return product.get_product_multiline_description_sale()

    def _prepare_entitlement_values(self):
        """Return the values of one entitlement, for another line made from it."""
        self.ensure_one()
        # sudo: whoever may use a template or renew a contract passes its extra price on
        # unseen
        line = self.sudo()
        return {
            name: line._fields[name].convert_to_write(line[name], line)
            for name in self._get_entitlement_fields()
        }

    def _get_own_period(self, start, contract_end):
        """Return (first, last) local dates of the service that begins on ``start``.

        Only a warranty outlasts the contract, which ends on ``contract_end`` or never.
        """
        self.ensure_one()
        if not self.period_count:
            return start, contract_end
        end = periods.period_end(start, 0, self.period_count, self.period_unit)
        if contract_end and not self.is_warranty:
            end = min(end, contract_end)
        return start, end
