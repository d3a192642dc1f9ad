from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class ServiceContractItem(models.Model):
    """A covered product: one machine, or several units of the same."""

    _name = "service.contract.item"
    _description = "Covered Item"
    _inherit = ["service.contract.part"]
    _order = "contract_id, sequence, id"
    _check_company_auto = True
    _rec_names_search = ["name", "serial"]

    partner_id = fields.Many2one(
        related="contract_id.partner_id", store=True, precompute=True, index=True
    )
    product_id = fields.Many2one(
        "product.product", string="Product", check_company=True, index="btree_not_null"
    )
    name = fields.Char(
        string="Description",
        compute="_compute_name",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    label = fields.Char(
        string="Item",
        compute="_compute_label",
        help="The description, numbered while several without serial number are alike.",
    )
    serial = fields.Char(string="Serial Number", copy=False, index="trigram")
    serial_key = fields.Char(
        compute="_compute_serial_key",
        store=True,
        precompute=True,
        index="btree_not_null",
    )
    serial_warning = fields.Char(compute="_compute_serial_warning")
    quantity = fields.Float(default=1.0, digits="Product Unit")
    source_move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoice Line",
        readonly=True,
        check_company=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )
    amount_before_discount = fields.Monetary(
        string="Before Discount",
        copy=False,
        groups="service_contract.group_service_user",
        help="Untaxed amount before any discount, frozen when taken from the invoice.",
    )
    amount_after_discount = fields.Monetary(
        string="After Discount",
        copy=False,
        groups="service_contract.group_service_user",
        help="Untaxed amount after all discounts, frozen when taken from the invoice.",
    )
    counts_in_base = fields.Boolean(
        string="In the Base",
        default=True,
        groups="service_contract.group_service_user",
        help="Whether the amount of this item counts in the base of the renewal fee.",
    )
    partner_service_id = fields.Many2one(
        "res.partner",
        string="Own Place",
        check_company=True,
        help="Where this item stands, if not at the contract's service address.",
    )
    date_installed = fields.Date(string="Installed On", copy=False)
    warranty_end = fields.Date(
        string="Warranty Until",
        compute="_compute_warranty_end",
        store=True,
        precompute=True,
        readonly=False,
        copy=False,
    )
    predecessor_id = fields.Many2one(
        "service.contract.item", readonly=True, copy=False, index="btree_not_null"
    )
    replaced_by_id = fields.Many2one(
        "service.contract.item",
        copy=False,
        domain="[('contract_id', '=', contract_id), ('id', '!=', id)]",
        help="The item that stands in this one's place now.",
    )
    replaces_ids = fields.One2many(
        "service.contract.item", "replaced_by_id", string="Replaces"
    )
    line_ids = fields.One2many(
        "service.contract.line", "item_id", string="Own Services"
    )

    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0)", "A covered item has a quantity above zero."
    )

    # === COMPUTE METHODS === #

    @api.depends("name", "contract_id.item_ids.name", "contract_id.item_ids.serial")
    def _compute_label(self):
        for item in self:
            twins = item.contract_id.item_ids.filtered(
                lambda twin, item=item: not twin.serial and twin.name == item.name
            )
            item.label = item.name
            if len(twins) > 1 and item in twins:
                item.label = self.env._(
                    "%(name)s (%(number)s of %(total)s)",
                    name=item.name,
                    number=list(twins).index(item) + 1,
                    total=len(twins),
                )

    @api.depends("product_id")
    def _compute_name(self):
        for item in self:
            if item.product_id:
                item.name = item.contract_id._get_product_name(item.product_id)

    @api.depends("serial")
    def _compute_serial_key(self):
        for item in self:
            # cut to what an index takes
            key = "".join((item.serial or "").split()).upper()
            item.serial_key = key[:200] or False

    @api.depends("line_ids.date_end", "line_ids.is_warranty")
    def _compute_warranty_end(self):
        for item in self:
            ends = [
                line.date_end
                for line in item.line_ids
                if line.is_warranty and line.date_end
            ]
            item.warranty_end = max(ends) if ends else item.warranty_end

    @api.depends("serial_key", "contract_id.state", "product_id", "company_id")
    def _compute_serial_warning(self):
        keys = [key for key in self.mapped("serial_key") if key]
        live = Domain("contract_id.state", "in", ("draft", "active", "suspended"))
        others = (
            self.search(Domain("serial_key", "in", keys) & live)
            if keys
            else self.browse()
        )
        for item in self:
            clash = others.filtered(
                lambda other, item=item: (
                    other.serial_key == item.serial_key
                    and other != item._origin
                    and other.company_id == item.company_id
                    and (
                        not item.product_id
                        or not other.product_id
                        or other.product_id == item.product_id
                    )
                    and other.contract_id not in item._get_contract_chain()
                )
            )
            item.serial_warning = bool(clash) and self.env._(
                "Serial number %(serial)s is covered by contract %(contract)s already.",
                serial=item.serial,
                contract=", ".join(clash.contract_id.mapped("display_name")),
            )

    @api.depends("label", "serial", "date_installed")
    def _compute_display_name(self):
        for item in self:
            parts = [item.label or ""]
            if item.serial:
                parts.append(self.env._("S/N %(serial)s", serial=item.serial))
            if item.date_installed:
                day = item.contract_id._format_day(item.date_installed, self.env.lang)
                parts.append(self.env._("installed %(date)s", date=day))
            item.display_name = ", ".join(parts)

    # === CONSTRAINTS === #

    @api.constrains("replaced_by_id", "contract_id")
    def _check_replaced_by(self):
        for item in self:
            if item.replaced_by_id and (
                item.replaced_by_id.contract_id != item.contract_id
                or item.replaced_by_id == item
            ):
                raise ValidationError(
                    self.env._(
                        "“%(item)s” can only be replaced by another item of contract "
                        "%(contract)s.",
                        item=item.name,
                        contract=item.contract_id.display_name,
                    )
                )

    # === ONCHANGE METHODS === #

    @api.onchange("serial", "product_id")
    def _onchange_serial(self):
        if self.serial_warning:
            return {
                "warning": {
                    "title": self.env._("Covered already"),
                    "message": self.serial_warning,
                    "type": "notification",
                }
            }
        return None

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_own_lines(self):
        """An item takes its own services along; used ones refuse, naming themselves."""
        self.line_ids.unlink()

    @api.model_create_multi
    def create(self, vals_list):
        items = super().create(vals_list)
        items._check_source()
        return items

    def write(self, vals):
        warranties = self.line_ids.filtered("is_warranty")
        if "date_installed" not in vals:
            warranties = warranties.browse()
        before = {
            line: line._get_period(*line.contract_id._get_dates())
            for line in warranties
        }
        result = super().write(vals)
        warranties._follow(before)
        if vals.get("source_move_line_id"):
            self._check_source()
        return result

    def _check_source(self):
        """An invoice line is linked by those who may read it, or by the system.

        :raise AccessError: the user may not read it
        """
        if lines := self.source_move_line_id:
            lines.check_access("read")

    # === BUSINESS METHODS === #

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {"predecessor_id"}

    @api.model
    def _get_free_fields(self):
        return super()._get_free_fields() | {
            "serial",
            "date_installed",
            "replaced_by_id",
        }

    @api.model
    def _get_logged_fields(self):
        return super()._get_logged_fields() | {
            "product_id",
            "name",
            "serial",
            "quantity",
            "amount_before_discount",
            "amount_after_discount",
            "counts_in_base",
            "partner_service_id",
            "date_installed",
            "warranty_end",
            "replaced_by_id",
        }

    def _get_contract_chain(self):
        """Return the contracts before and after this item's own: the same agreement."""
        return self.contract_id.predecessor_id | self.contract_id.successor_id

    def _get_chain(self):
        """Return this item with the records of the same machine in earlier periods, and
        of those that it replaced.
        """
        chain = self
        todo = self
        while todo:
            todo = (todo.predecessor_id | todo.replaces_ids) - chain
            chain |= todo
        return chain

    def _get_replacement(self):
        """Return the item that stands in this one's place now; itself if none does."""
        self.ensure_one()
        seen = current = self
        while current.replaced_by_id and current.replaced_by_id not in seen:
            current = current.replaced_by_id
            seen |= current
        return current

    def _get_current(self):
        """Return the items that weren't replaced by another."""
        current = self.filtered(lambda item: not item.replaced_by_id)
        return current.with_prefetch(self._prefetch_ids)

    def _get_warranty_start(self):
        """Return the first date of the warranty: the installation, else the invoice's
        date, else the contract's start.
        """
        self.ensure_one()
        # sudo: only the date of the invoice that the item was taken from
        invoiced = self.sudo().source_move_line_id.move_id.invoice_date
        return self.date_installed or invoiced or self.contract_id.date_start

    def _get_place(self):
        """Return the partner at whose address the item stands."""
        self.ensure_one()
        return self.partner_service_id or self.contract_id.partner_service_id

    def _prepare_successor_values(self, contract):
        """Return the values of this item in the next period ``contract``."""
        self.ensure_one()
        # sudo: whoever may renew passes the frozen base on unseen
        item = self.sudo()
        # a replacement without money of its own carries that of what it replaced
        paid = item
        if not item.amount_before_discount:
            paid = item._get_chain().filtered(
                lambda other: other.contract_id == item.contract_id
            )
        return {
            "contract_id": contract.id,
            "predecessor_id": item.id,
            "sequence": item.sequence,
            "product_id": item.product_id.id,
            "name": item.name,
            "serial": item.serial,
            "quantity": item.quantity,
            "source_move_line_id": (
                item.source_move_line_id or paid.source_move_line_id[:1]
            ).id,
            "amount_before_discount": sum(paid.mapped("amount_before_discount")),
            "amount_after_discount": sum(paid.mapped("amount_after_discount")),
            "counts_in_base": item.counts_in_base,
            "partner_service_id": item.partner_service_id.id,
            "date_installed": item.date_installed,
            "warranty_end": item.warranty_end,
        }
