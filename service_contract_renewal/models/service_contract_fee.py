from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.service_contract.tools import periods

from ..tools import fees
from .service_contract_template import BASES

PREVIEWED = 5
AGREED_FIELDS = {
    "renewal_base",
    "renewal_base_amount",
    "bill_first_period",
    "renewal_product_id",
    "carry_after_suspension",
}


class ServiceContract(models.Model):
    """What the next periods cost: the frozen base and the fees by year."""

    _name = "service.contract"
    _inherit = ["service.contract", "analytic.mixin"]

    renewal_base = fields.Selection(
        selection=BASES,
        string="Base of the Fee",
        required=True,
        default="after_discount",
        tracking=True,
        groups="base.group_user",
    )
    renewal_base_amount = fields.Monetary(
        string="Base",
        compute="_compute_renewal_base_amount",
        store=True,
        readonly=False,
        copy=False,
        tracking=True,
        groups="service_contract.group_service_user",
        help="Untaxed. Follows the covered items while the contract is a draft, and is "
        "frozen with it.",
    )
    renewal_base_difference = fields.Monetary(
        compute="_compute_renewal_base_difference",
        groups="service_contract.group_service_user",
        help="What the covered items amount to now, less the frozen base.",
    )
    renewal_term_ids = fields.One2many(
        "service.renewal.term",
        "contract_id",
        string="Renewal Fees",
        copy=True,
        groups="service_contract.group_service_user",
    )
    bill_first_period = fields.Boolean(
        string="Bill the First Period",
        tracking=True,
        help="The first period wasn't part of the sale: it is billed once, at the fee "
        "of period 1.",
        groups="base.group_user",
    )
    renewal_product_id = fields.Many2one(
        "product.product",
        string="Fee Product",
        domain="[('type', '=', 'service'), ('sale_ok', '=', True)]",
        check_company=True,
        help="The product on renewal invoices; it brings taxes and account. Empty: "
        "that of the settings.",
        groups="base.group_user",
    )
    renewal_fee = fields.Monetary(
        string="Next Fee",
        compute="_compute_renewal_fee",
        store=True,
        groups="service_contract.group_service_user",
        help="Untaxed fee of the next period.",
    )
    has_renewal_fee = fields.Boolean(
        compute="_compute_renewal_fee",
        store=True,
        groups="service_contract.group_service_user",
        help="Whether the fee of the next period was agreed; else it is asked for.",
    )
    renewal_preview = fields.Html(
        compute="_compute_renewal_preview",
        sanitize=False,
        groups="service_contract.group_service_user",
    )

    # === COMPUTE METHODS === #

    @api.depends("renewal_base", "amount_before_discount", "amount_after_discount")
    def _compute_renewal_base_amount(self):
        for contract in self:
            contract.renewal_base_amount = (
                contract._get_items_base()
                if contract._follows_items()
                else contract.renewal_base_amount
            )

    @api.depends(
        "renewal_base_amount",
        "renewal_base",
        "amount_before_discount",
        "amount_after_discount",
    )
    def _compute_renewal_base_difference(self):
        for contract in self:
            contract.renewal_base_difference = (
                0.0
                if contract.renewal_base == "manual"
                else contract._get_items_base() - contract.renewal_base_amount
            )

    @api.depends(
        "cycle",
        "currency_id",
        "renewal_base_amount",
        "renewal_term_ids.cycle",
        "renewal_term_ids.method",
        "renewal_term_ids.percent",
        "renewal_term_ids.amount",
    )
    def _compute_renewal_fee(self):
        for contract in self:
            fee = contract._get_renewal_fee()
            contract.renewal_fee = fee or 0.0
            contract.has_renewal_fee = fee is not None

    @api.depends(
        "renewal_fee",
        "bill_first_period",
        "date_start",
        "date_end",
        "date_anchor",
        "term_count",
        "item_ids.replaced_by_id",
    )
    @api.depends_context("lang")
    def _compute_renewal_preview(self):
        for contract in self:
            contract.renewal_preview = self.env["ir.qweb"]._render(
                "service_contract_renewal.fee_preview",
                contract._prepare_preview_values(),
            )

    # === CRUD METHODS === #

    def write(self, vals):
        if (
            vals.get("renewal_base") in (None, "manual")
            or "renewal_base_amount" in vals
        ):
            return super().write(vals)
        result = super().write(vals)
        for contract in self.filtered(lambda contract: contract.state != "draft"):
            # another kind of base was chosen on purpose, by somebody who may
            contract.renewal_base_amount = contract._get_items_base()
        return result

    # === ACTIONS === #

    def action_update_base(self):
        """Agree that the base follows the covered items as they are now.

        For periods that are billed from now on; invoices that exist aren't changed.

        :raise AccessError: the contract runs, and somebody asks who is no manager
        """
        self.check_access("write")
        for contract in self:
            if contract.renewal_base == "manual":
                raise UserError(
                    self.env._(
                        "Contract %(contract)s: its base was entered by hand. Change "
                        "the amount instead.",
                        contract=contract.display_name,
                    )
                )
            contract.write({"renewal_base_amount": contract._get_items_base()})
        return True

    # === BUSINESS METHODS === #

    @api.model
    def _get_agreed_fields(self):
        return super()._get_agreed_fields() | AGREED_FIELDS

    @api.model
    def _get_system_fields(self):
        # a base is frozen, not computed behind somebody's back: it is written
        return super()._get_system_fields() - {"renewal_base_amount"}

    def _prepare_step(self, state):
        # sudo: the base that still follows the items is computed before it is frozen,
        # anew: what was written into it meanwhile isn't what the items amount to
        contracts = self.sudo()
        base = self._fields["renewal_base_amount"]
        self.env.add_to_compute(base, contracts.filtered(lambda c: c._follows_items()))
        contracts.mapped("renewal_base_amount")
        return super()._prepare_step(state)

    def _follows_items(self):
        """Tell whether the base is what the covered items amount to, not frozen yet."""
        self.ensure_one()
        return (
            self.renewal_base != "manual"
            and self.state == "draft"
            and not self.predecessor_id
        )

    def _get_items_base(self):
        """Return what the covered items amount to now, before or after discount."""
        self.ensure_one()
        # sudo: an amount to compute with, shown to whoever may see it
        contract = self.sudo()
        if contract.renewal_base == "before_discount":
            return contract.amount_before_discount
        return contract.amount_after_discount

    def _get_renewal_fee(self, cycle=None):
        """Return the untaxed fee of a period, in the contract's currency, rounded.

        :param cycle: the period that is paid for; the next one if empty
        :return: amount, or None where no row says it: a person is asked then
        """
        self.ensure_one()
        # sudo: the frozen base, to compute a fee that is shown to whoever may see it
        contract = self.sudo()
        return fees.get_fee(
            contract.renewal_term_ids._get_rows(),
            cycle or self.cycle + 1,
            contract.renewal_base_amount,
            contract.currency_id.round,
        )

    def _get_fee_text(self, cycle):
        """Say in words how the fee of a period comes about, in the user's language."""
        self.ensure_one()
        contract = self.sudo()  # sudo: as in _get_renewal_fee
        row = fees.find_row(contract.renewal_term_ids._get_rows(), cycle)
        if row is None:
            return self.env._("asked for when it is billed")
        fee = self._get_renewal_fee(cycle)
        if fee is None:
            return self.env._("asked for when it is billed: the base is empty")
        amount = contract.currency_id.format(fee)
        if row.method == fees.FIXED:
            return self.env._("fixed: %(amount)s", amount=amount)
        return self.env._(
            "%(percent)s %% of %(base)s = %(amount)s",
            percent=f"{row.percent:.4f}".rstrip("0").rstrip("."),
            base=contract.currency_id.format(contract.renewal_base_amount),
            amount=amount,
        )

    def _get_next_periods(self, count, date_start=None):
        """Return the coming periods as [(first date, last date)], local dates.

        :param date_start: first date of the first of them; the day after the end if
            empty
        :return: empty for a contract without end
        """
        self.ensure_one()
        if not self.date_end or self.term_count <= 0:
            return []
        follows = self.date_end + timedelta(days=1)
        start = date_start or follows
        anchor, length = (
            self.date_anchor or self.date_start,
            (
                self.term_count,
                self.term_unit,
            ),
        )
        first = (
            periods.period_index(anchor, start, *length) if start == follows else None
        )
        if first is None:
            anchor, first = start, 0
        return [
            (
                periods.period_start(anchor, n, *length),
                periods.period_end(anchor, n, *length),
            )
            for n in range(first, first + count)
        ]

    def _prepare_preview_values(self):
        """Return what the preview of the fees shows."""
        self.ensure_one()
        contract = self.sudo()  # sudo: as in _get_renewal_fee
        # of the invoices only those that the user may read on their own
        moves = contract.item_ids.source_move_line_id.move_id
        moves = moves.sudo(self.env.su)._filtered_access("read").sudo()
        rows = []
        if contract.bill_first_period and contract.cycle == 1 and contract.date_start:
            rows.append(self._prepare_preview_row(1, *contract._get_dates()))
        for ahead, dates in enumerate(contract._get_next_periods(PREVIEWED), start=1):
            rows.append(self._prepare_preview_row(contract.cycle + ahead, *dates))
        return {
            "contract": contract,
            "rows": rows,
            "items": contract.item_ids._get_priced(),
            "moves": moves,
            "is_manual": contract.renewal_base == "manual",
            "format": contract.currency_id.format,
        }

    def _prepare_preview_row(self, cycle, start, end):
        return {
            "cycle": cycle,
            "period": self._format_period(start, end),
            "text": self._get_fee_text(cycle),
            "amount": self._get_renewal_fee(cycle),
        }

    def _format_period(self, start, end, lang_code=None):
        """Return a period as people write it, in the user's or the given language."""
        lang_code = lang_code or self.env.lang
        return (
            f"{self._format_day(start, lang_code)} – {self._format_day(end, lang_code)}"
        )

    def _prepare_successor_values(self, date_start, date_end):
        values = super()._prepare_successor_values(date_start, date_end)
        # sudo: whoever may renew passes the money on unseen
        contract = self.sudo()
        return {
            **values,
            "renewal_base": contract.renewal_base,
            "renewal_base_amount": contract.renewal_base_amount,
            "renewal_product_id": contract.renewal_product_id.id,
            "analytic_distribution": contract.analytic_distribution,
            "renewal_term_ids": [
                Command.create(
                    {
                        "cycle": term.cycle,
                        "method": term.method,
                        "percent": term.percent,
                        "amount": term.amount,
                    }
                )
                for term in contract.renewal_term_ids
            ],
        }
