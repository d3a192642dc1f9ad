from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class ServiceContractLine(models.Model):
    """An entitlement: so many of a service, for all items or for one."""

    _name = "service.contract.line"
    _description = "Entitlement of a Service Contract"
    _inherit = ["service.contract.part", "service.entitlement.mixin"]
    _order = "contract_id, sequence, id"
    _check_company_auto = True

    item_id = fields.Many2one(
        "service.contract.item",
        string="For Item",
        domain="[('contract_id', '=', contract_id)]",
        ondelete="restrict",
        index="btree_not_null",
        help="The item that this service is for; empty = all items of the contract.",
    )
    date_start = fields.Date(
        string="From",
        compute="_compute_period",
        store=True,
        precompute=True,
        readonly=False,
        copy=False,
    )
    date_end = fields.Date(
        string="Until",
        compute="_compute_period",
        store=True,
        precompute=True,
        readonly=False,
        copy=False,
    )

    # === COMPUTE METHODS === #

    # Not by the dates of contract and item: what a person typed would be lost.
    @api.depends("contract_id", "item_id", "period_count", "period_unit", "is_warranty")
    def _compute_period(self):
        for line in self:
            contract = line.contract_id
            if contract.date_start:
                line.date_start, line.date_end = line._get_period(
                    contract.date_start, contract.date_end
                )

    @api.depends("name", "item_id.display_name")
    def _compute_display_name(self):
        for line in self:
            title = (line.name or line.product_id.display_name or "").split("\n")[0]
            line.display_name = (
                f"{title} ({line.item_id.display_name})" if line.item_id else title
            )

    # === CONSTRAINTS === #

    @api.constrains("item_id", "contract_id")
    def _check_item(self):
        for line in self:
            if line.item_id and line.item_id.contract_id != line.contract_id:
                raise ValidationError(
                    self.env._(
                        "“%(line)s” is for an item of another contract. Choose one of "
                        "contract %(contract)s.",
                        line=line.name,
                        contract=line.contract_id.display_name,
                    )
                )

    @api.constrains("date_start", "date_end", "contract_id", "is_warranty")
    def _check_period(self):
        for line in self:
            contract = line.contract_id
            if line.date_start and line.date_end and line.date_end < line.date_start:
                raise ValidationError(
                    self.env._(
                        "“%(line)s” ends before it starts.", line=line.display_name
                    )
                )
            if line.is_warranty:
                continue
            too_late = contract.date_end and (
                not line.date_end or line.date_end > contract.date_end
            )
            if too_late or (line.date_start and line.date_start < contract.date_start):
                raise ValidationError(
                    self.env._(
                        "“%(line)s” lies outside contract %(contract)s. Only a "
                        "warranty may outlast the contract.",
                        line=line.display_name,
                        contract=contract.display_name,
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.filtered(
            lambda line: line.opening_used or line.opening_carried
        )._check_opening()
        return lines

    def write(self, vals):
        if "contract_id" in vals:
            self.filtered(
                lambda line: line.contract_id.id != vals["contract_id"]
            )._check_unused()
        result = super().write(vals)
        if {"opening_used", "opening_carried"} & set(vals):
            self._check_opening()
        return result

    def _check_unused(self):
        """Refuse to take lines to another contract that have rows in the ledger.

        :raise UserError: a line was used
        """
        for line in self.filtered("usage_ids"):
            raise UserError(
                self.env._(
                    "“%(line)s” of contract %(contract)s was used already and can't be "
                    "moved to another contract.",
                    line=line.display_name,
                    contract=line.contract_id.display_name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for line in self:
            if line.usage_ids:
                raise UserError(
                    self.env._(
                        "“%(line)s” of contract %(contract)s was used already and "
                        "can't be deleted. Lower its quantity instead.",
                        line=line.display_name,
                        contract=line.contract_id.display_name,
                    )
                )

    # === ACTIONS === #

    def action_record_use(self):
        """Open the dialog that books the use of a right by hand."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Record a Service"),
            "res_model": "service.contract.record.use",
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_id": self.id},
        }

    # === BUSINESS METHODS === #

    @api.model
    def _get_logged_fields(self):
        return super()._get_logged_fields() | {
            "product_id",
            "name",
            "item_id",
            "quantity",
            "is_unlimited",
            "price_extra",
            "date_start",
            "date_end",
            "on_renewal",
            "carry_over",
            "carry_over_max",
        }

    def _get_period(self, contract_start, contract_end):
        """Return the (first, last) dates that follow from those of the contract."""
        self.ensure_one()
        start = contract_start
        if self.is_warranty and self.item_id:
            start = self.item_id._get_warranty_start()
        return self._get_own_period(start, contract_end)

    def _follow_contracts(self, before):
        """Move the dates that followed from their contract's; typed ones stay.

        :param before: dict contract -> (start, end) as they were
        """
        self._follow(
            {line: line._get_period(*before[line.contract_id]) for line in self}
        )

    def _follow(self, before):
        """Move the dates of lines that were what followed before.

        :param before: dict line -> (first, last) date that followed until now
        """
        for line in self:
            now = line._get_period(*line.contract_id._get_dates())
            moved = {
                name: new
                for name, old, new in zip(
                    ("date_start", "date_end"), before[line], now, strict=True
                )
                if line[name] == old and old != new
            }
            if not line.is_warranty:
                moved.update(line._get_dates_inside(moved))
            if moved:
                # sudo: the rule moves them, after a change that was allowed
                line.sudo().write(moved)

    def _get_dates_inside(self, moved):
        """Return what must be cut to the contract's dates, ``moved`` applied."""
        contract = self.contract_id
        start = moved.get("date_start", self.date_start)
        end = moved.get("date_end", self.date_end)
        cut = {}
        if contract.date_end and (not end or end > contract.date_end):
            cut["date_end"] = end = contract.date_end
        if start and start < contract.date_start:
            cut["date_start"] = contract.date_start
        elif start and end and start > end:
            cut["date_start"] = end
        return cut

    def _get_customer_lang(self):
        return self.contract_id.partner_id.lang

    def _prepare_successor_values(self, date_start, date_end):
        """Hook: the values of this line in the next period, without contract and item.

        :param date_start: first local date of the next period
        :param date_end: its last date (inclusive), or False
        """
        self.ensure_one()
        return self._prepare_entitlement_values()

    # === HOOKS === #

    def _on_activated(self, date):
        """Hook: the contracts of these lines became active on local ``date``."""

    def _on_interrupted(self, date):
        """Hook: their contracts were suspended on local ``date``; reservations stay."""

    def _on_resumed(self, date):
        """Hook: their contracts are served again from local ``date``."""
        self._sync_reserved()

    def _on_prolonged(self, date):
        """Hook: their contracts were expired and are active again from local
        ``date``.
        """

    def _on_terminated(self, date):
        """Hook: their contracts ended on local ``date``; reservations are given
        back.
        """
        self._sync_reserved()

    def _on_expired(self, date):
        """Hook: the period of their contracts was over on local ``date``."""
