from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import float_compare

from ..tools.roles import MANAGER

COUNTERS = (
    "quantity_carried",
    "quantity_adjusted",
    "quantity_used",
    "quantity_reserved",
)


class ServiceContractLine(models.Model):
    """The rights of a line: what is agreed, carried, reserved, used, left."""

    _inherit = "service.contract.line"

    usage_ids = fields.One2many("service.contract.usage", "line_id", string="Ledger")
    # Counters of the ledger. They stand on the row so that two bookings at once meet
    # here: the later one is repeated by the server and then sees what is left.
    quantity_carried = fields.Float(
        string="Carried", digits="Product Unit", readonly=True, copy=False
    )
    quantity_adjusted = fields.Float(
        string="Adjusted", digits="Product Unit", readonly=True, copy=False
    )
    quantity_used = fields.Float(
        string="Used", digits="Product Unit", readonly=True, copy=False
    )
    quantity_reserved = fields.Float(
        string="Reserved", digits="Product Unit", readonly=True, copy=False
    )
    quantity_remaining = fields.Float(
        string="Remaining",
        compute="_compute_rights",
        store=True,
        digits="Product Unit",
        help="Agreed + carried + adjusted − used.",
    )
    quantity_available = fields.Float(
        string="Available",
        compute="_compute_rights",
        store=True,
        digits="Product Unit",
        help="What is left to book: remaining − reserved by planned visits.",
    )
    rights_display = fields.Char(string="Left", compute="_compute_rights_display")
    opening_used = fields.Float(
        string="Used Before",
        digits="Product Unit",
        copy=False,
        help="Taking over a running contract: what was used of this service so far.",
    )
    opening_carried = fields.Float(
        string="Carried Before",
        digits="Product Unit",
        copy=False,
        help="Taking over a running contract: what was carried into this period.",
    )

    _rights_not_negative = models.Constraint(
        # columns that were never written are NULL, and a CHECK that is NULL passes
        "CHECK(COALESCE(is_unlimited, FALSE) OR COALESCE(quantity, 0) + "
        "COALESCE(quantity_carried, 0) + COALESCE(quantity_adjusted, 0) - "
        "COALESCE(quantity_used, 0) - COALESCE(quantity_reserved, 0) >= 0)",
        "Nothing is left of this service: more would be used and reserved than was "
        "agreed.",
    )
    _opening_not_negative = models.Constraint(
        "CHECK(opening_used >= 0 AND opening_carried >= 0)",
        "What was used or carried before can't be negative.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "quantity",
        "quantity_carried",
        "quantity_adjusted",
        "quantity_used",
        "quantity_reserved",
        "is_unlimited",
    )
    def _compute_rights(self):
        for line in self:
            remaining = 0.0
            if not line.is_unlimited:
                remaining = (
                    line.quantity
                    + line.quantity_carried
                    + line.quantity_adjusted
                    - line.quantity_used
                )
            line.quantity_remaining = remaining
            line.quantity_available = (
                0.0 if line.is_unlimited else remaining - line.quantity_reserved
            )

    @api.depends("quantity_remaining", "is_unlimited", "quantity", "product_uom_id")
    def _compute_rights_display(self):
        for line in self:
            if line.is_unlimited:
                line.rights_display = self.env._("Unlimited")
                continue
            # "3 of 12" times, but "3 of 12 Hours"
            unit = line._get_unit_name()
            rights = self.env._(
                "%(left)s of %(total)s",
                left=f"{line.quantity_remaining:g}",
                total=f"{line.quantity + line.quantity_carried:g}",
            )
            line.rights_display = f"{rights} {unit}" if unit else rights

    # === CONSTRAINTS === #

    @api.constrains("quantity", "is_unlimited")
    def _check_quantity_left(self):
        """Say in words what the CHECK refuses: less than what was used already."""
        for line in self:
            if not line.is_unlimited and line._compare(line.quantity_available, 0) < 0:
                raise ValidationError(
                    self.env._(
                        "%(line)s, contract %(contract)s: %(taken)s were used or "
                        "reserved already, so no less can be agreed.",
                        line=line.display_name,
                        contract=line.contract_id.display_name,
                        taken=f"{line.quantity - line.quantity_available:g}",
                    )
                )

    # === BUSINESS METHODS === #

    def _get_unit_name(self):
        """Return the unit to write behind a quantity; empty for plain *times*."""
        self.ensure_one()
        pieces = self.env.ref("uom.product_uom_unit", raise_if_not_found=False)
        return "" if self.product_uom_id == pieces else self.product_uom_id.name or ""

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | set(COUNTERS)

    def _get_reserved(self):
        """Hook: what planned work reserves of each line.

        :return: dict line -> quantity in the unit of its service; lines without any may
            lack
        """
        return {}

    def _sync_reserved(self):
        """Write what is reserved now on the lines; to be called wherever that may
        change.

        :raise UserError: more would be reserved than is left
        """
        reserved = self._get_reserved()
        # sudo: a counter, written by the system whoever was allowed to plan the work
        self._write_counters(
            {
                line.sudo(): {"quantity_reserved": reserved.get(line, 0.0)}
                for line in self
                if line._compare(reserved.get(line, 0.0), line.quantity_reserved)
            }
        )

    def _compare(self, left, right):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return float_compare(left, right, precision_digits=digits)

    def _check_available(self, quantity):
        """Check that ``quantity`` (in the unit of the service) can be booked.

        :raise UserError: less is available, naming line and contract
        """
        for line in self:
            if (
                not line.is_unlimited
                and line._compare(line.quantity_available, quantity) < 0
            ):
                line._raise_nothing_left(quantity, line.quantity_available)

    def _raise_nothing_left(self, quantity, left):
        raise UserError(
            self.env._(
                "%(line)s, contract %(contract)s: %(quantity)s asked for, %(left)s "
                "left. A service manager can book it as billable.",
                line=self.display_name,
                contract=self.contract_id.display_name,
                quantity=f"{quantity:g}",
                left=f"{max(left, 0):g}",
            )
        )

    def _consume(
        self, quantity=1.0, date=None, origin=None, note=None, is_billable=False
    ):
        """Book the use of a right, guarded against bookings at the same instant.

        :param quantity: in the unit of the service (times or hours), above 0
        :param date: local date of the service, today if empty: it decides which period
            pays
        :param origin: record that used the right (a visit, a request), or None
        :param note: text shown in the ledger
        :param is_billable: the use is beyond the rights and will be billed (managers
            only)
        :return: the new ``service.contract.usage`` row
        :raise UserError: the contract isn't in force, or nothing is left
        """
        self.ensure_one()
        contract = self.contract_id
        date = date or contract._today()
        if self._compare(quantity, 0) <= 0:
            raise UserError(
                self.env._(
                    "%(line)s: enter a quantity above zero.", line=self.display_name
                )
            )
        outlasting = self.is_warranty and contract.state in ("active", "expired")
        refusal = "" if outlasting else contract._get_refusal(date)
        if not refusal and (
            (self.date_start and date < self.date_start)
            or (self.date_end and date > self.date_end)
        ):
            # in grace the lines that ended with the contract go on with it
            in_grace = contract.date_end and self.date_end == contract.date_end < date
            if not in_grace:
                refusal = self.env._(
                    "%(line)s isn't covered on %(date)s.",
                    line=self.display_name,
                    date=contract._format_day(date, self.env.lang),
                )
        if refusal:
            raise UserError(refusal)
        if is_billable and not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "%(line)s: only a service manager can book beyond the rights.",
                    line=self.display_name,
                )
            )
        if not is_billable and not self.is_unlimited:
            if (
                self._compare(
                    self.quantity_remaining - self.quantity_reserved, quantity
                )
                < 0
            ):
                self._raise_nothing_left(quantity, self.quantity_available)
        return self._book("use", quantity, date, origin, note, is_billable)

    def _book(self, kind, quantity, date, origin=None, note=None, is_billable=False):
        """Write one row of the ledger and its counter, in one go."""
        self.ensure_one()
        # sudo: the ledger is written by the system only, after the checks of the caller
        return (
            self.env["service.contract.usage"]
            .sudo()
            .create(
                {
                    "line_id": self.id,
                    "date": date,
                    "quantity": quantity,
                    "kind": kind,
                    "origin": f"{origin._name},{origin.id}" if origin else False,
                    "note": note,
                    "is_billable": is_billable,
                }
            )
            .sudo(self.env.su)
        )

    def _check_counters(self, values):
        """Refuse in words, not by a CHECK, counters that take more than there is."""
        self.ensure_one()
        after = {name: values.get(name, self[name]) for name in COUNTERS}
        left = (
            self.quantity
            + after["quantity_carried"]
            + after["quantity_adjusted"]
            - after["quantity_used"]
            - after["quantity_reserved"]
        )
        if not self.is_unlimited and self._compare(left, 0) < 0:
            asked = sum(values.values()) - sum(self[name] for name in values)
            self._raise_nothing_left(abs(asked), self.quantity_available)

    @api.model
    def _write_counters(self, counters):
        """Write the counters of many lines at once, in a few statements.

        :param counters: dict line -> values of its counters
        :raise UserError: more would be used or reserved than there is
        """
        for line, values in counters.items():
            line._check_counters(values)
            line.write(values)
        self.union(*counters).flush_recordset(COUNTERS)

    def _check_opening(self):
        """Opening balances are a manager's, and only while the contract is a draft."""
        for line in self:
            may = self.env.su or self.env.user.has_group(MANAGER)
            if line.contract_id.state != "draft" or line.usage_ids or not may:
                raise AccessError(
                    self.env._(
                        "%(line)s: only a service manager can enter what was used "
                        "before, and only while the contract is a draft.",
                        line=line.display_name,
                    )
                )

    def _book_opening_balance(self):
        """Turn the opening balances of contracts taken over into rows of the ledger."""
        note = self.env._("Opening balance, taken over")
        rows = [
            {
                "line_id": line.id,
                "date": line.contract_id.date_start,
                "quantity": quantity,
                "kind": kind,
                "note": note,
            }
            for line in self
            if not line.usage_ids  # booked once, also where it became a draft again
            for kind, quantity in (
                ("carry", line.opening_carried),
                ("adjust", -line.opening_used),
            )
            if quantity
        ]
        if rows:
            # sudo: the ledger is written by the system only; the opening balances were
            # checked when they were entered
            self.env["service.contract.usage"].sudo().create(rows)
