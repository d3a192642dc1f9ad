from odoo import api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.service_contract.tools.roles import MANAGER


class ServiceContractLine(models.Model):
    """The rights of the next period, and what is carried into it."""

    _inherit = "service.contract.line"

    renewed_from_id = fields.Many2one(
        "service.contract.line",
        string="Service of the Previous Period",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    quantity_next = fields.Float(
        string="Next Period",
        digits="Product Unit",
        compute="_compute_quantity_next",
        inverse="_inverse_quantity_next",
        help="How many times (or hours) the customer may have it in the next period.",
    )
    quantity_next_typed = fields.Float(digits="Product Unit", copy=False)
    has_quantity_next = fields.Boolean(copy=False)
    carry_expected = fields.Float(
        string="To Be Carried",
        digits="Product Unit",
        compute="_compute_carry_expected",
        help="About so much will be carried from the previous period when it is over.",
    )

    # === COMPUTE METHODS === #

    @api.depends("quantity", "quantity_next_typed", "has_quantity_next")
    def _compute_quantity_next(self):
        for line in self:
            line.quantity_next = (
                line.quantity_next_typed if line.has_quantity_next else line.quantity
            )

    def _inverse_quantity_next(self):
        for line in self:
            typed = line._compare(line.quantity_next, line.quantity) != 0
            line.write(
                {
                    "has_quantity_next": typed,
                    "quantity_next_typed": line.quantity_next if typed else 0.0,
                }
            )

    @api.depends(
        "renewed_from_id.quantity_remaining",
        "renewed_from_id.contract_id.carry_due_on",
    )
    def _compute_carry_expected(self):
        for line in self:
            old = line.renewed_from_id
            line.carry_expected = (
                old._get_carry() if old.contract_id.carry_due_on else 0.0
            )

    # === BUSINESS METHODS === #

    @api.model
    def _get_logged_fields(self):
        return super()._get_logged_fields() | {"quantity_next_typed", "carry_again"}

    def _prepare_successor_values(self, date_start, date_end):
        values = super()._prepare_successor_values(date_start, date_end)
        return {**values, "renewed_from_id": self.id, "quantity": self.quantity_next}

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {"renewed_from_id"}

    def _get_carry(self):
        """Return how much of this service is carried into the next period.

        ``all`` = the whole remainder, ``limited`` = at most so much. Carried rights are
        used first, and aren't carried again unless the line says so.
        """
        self.ensure_one()
        if self.carry_over == "none" or self.is_unlimited:
            return 0.0
        carry = self.quantity_remaining
        if not self.carry_again:
            # what was carried into this period is used first
            carry = min(carry, self.quantity + max(self.quantity_adjusted, 0.0))
        if self.carry_over == "limited":
            carry = min(carry, self.carry_over_max)
        return max(carry, 0.0)

    def _is_lost_by_suspension(self):
        """Tell whether something of this service is left that nobody serves now; what
        is without limit is lost where it would go on still, such as a warranty.
        """
        self.ensure_one()
        if self.is_unlimited:
            return not self.date_end or self.date_end >= self.contract_id._today()
        return self._compare(self.quantity_remaining, 0) > 0

    def _get_fate(self):
        """Say what becomes of what is left of this service at the end; empty where
        nothing is left.
        """
        self.ensure_one()
        if self.is_unlimited:
            return self._get_until_text()
        if self._compare(self.quantity_remaining, 0) <= 0:
            return ""
        contract = self.contract_id
        lost = self.on_renewal != "renew" or (
            contract._has_letter() and contract._loses_unused_rights()
        )
        # renewed: only what waits is carried still
        lost = lost or (contract.successor_id and not contract.carry_due_on)
        carry = 0.0 if lost else self._get_carry()
        if self._compare(carry, 0) <= 0:
            return self.env._("ends with the period")
        if self._compare(carry, self.quantity_remaining) < 0:
            return self.env._(
                "%(quantity)s carried into the next period, the rest ends",
                quantity=f"{carry:g} {self._get_unit_name()}".strip(),
            )
        return self.env._("carried into the next period")

    def _get_until_text(self):
        """Say until when a service goes on beyond the period, such as a warranty; empty
        where it doesn't.
        """
        self.ensure_one()
        end = self.contract_id.date_end
        if not end or not self.date_end or self.date_end <= end:
            return ""
        return self.env._(
            "goes on until %(date)s",
            date=self.contract_id._format_day(
                self.date_end, self.env.lang, in_words=True
            ),
        )

    def _get_next_text(self):
        """Say how much of this service the next period has, with its unit."""
        self.ensure_one()
        if self.is_unlimited:
            return self.env._("Unlimited")
        return f"{self.quantity_next:g} {self._get_unit_name()}".strip()

    def _carry_to(self, successors):
        """Book what is carried from ``self`` into ``successors``, once for each line.

        Both ledgers say so: the old one gives, the new one gets.

        :param successors: dict old line -> new line
        """
        rows = []
        for old, new in successors.items():
            quantity = old._get_carry()
            if old._compare(quantity, 0) <= 0 or new.is_unlimited:
                continue
            rows += [
                {
                    "line_id": new.id,
                    "date": new.contract_id.date_start,
                    "quantity": quantity,
                    "kind": "carry",
                    "carried_from_id": old.id,
                    "note": self.env._(
                        "Carried over from %(contract)s", contract=old.contract_id.name
                    ),
                },
                {
                    "line_id": old.id,
                    "date": old.contract_id.date_end,
                    "quantity": -quantity,
                    "kind": "adjust",
                    "note": self.env._(
                        "Carried over to %(contract)s", contract=new.contract_id.name
                    ),
                },
            ]
        if rows:
            # sudo: the ledger is written by the system only
            self.env["service.contract.usage"].sudo().create(rows)

    def write(self, vals):
        if {"quantity_next", "quantity_next_typed", "has_quantity_next"} & set(vals):
            self._check_may_set_next()
        return super().write(vals)

    def _check_may_set_next(self):
        """The rights of the next period are agreed with the customer: a manager's."""
        agreed = self.filtered(lambda line: line.contract_state != "draft")
        if agreed and not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "%(line)s: only a service manager can change the rights of the "
                    "next period.",
                    line=agreed[:1].display_name,
                )
            )
