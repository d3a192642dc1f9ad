from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.roles import MANAGER

COUNTERS = {
    "use": "quantity_used",
    "carry": "quantity_carried",
    "adjust": "quantity_adjusted",
}


class ServiceContractUsage(models.Model):
    """The ledger of rights: one row per movement, never changed afterwards."""

    _name = "service.contract.usage"
    _description = "Use of a Service Contract"
    _order = "date desc, id desc"
    _check_company_auto = True
    _rec_names_search = ["line_id", "note"]

    line_id = fields.Many2one(
        "service.contract.line",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    contract_id = fields.Many2one(
        related="line_id.contract_id", store=True, precompute=True, index=True
    )
    company_id = fields.Many2one(
        related="line_id.company_id", store=True, precompute=True
    )
    date = fields.Date(required=True, help="Local date of the service.")
    quantity = fields.Float(
        required=True,
        digits="Product Unit",
        help="Negative rows take an earlier row back.",
    )
    kind = fields.Selection(
        selection=[("use", "Use"), ("carry", "Carried over"), ("adjust", "Adjustment")],
        required=True,
        default="use",
    )
    origin = fields.Reference(selection="_selection_origin", index=True)
    is_billable = fields.Boolean(
        string="Billable",
        help="Beyond the rights: counts in none of them and will be billed.",
    )
    note = fields.Char()
    reverses_id = fields.Many2one(
        "service.contract.usage", readonly=True, index="btree_not_null"
    )
    reversed_by_ids = fields.One2many("service.contract.usage", "reverses_id")

    _reversed_once = models.UniqueIndex(
        "(reverses_id) WHERE reverses_id IS NOT NULL",
        "This use was taken back already.",
    )
    _quantity_not_zero = models.Constraint(
        "CHECK(quantity != 0)", "A movement can't be of zero."
    )

    @api.model
    def _selection_origin(self):
        """Return (model, label) of what can use a right, from
        :meth:`_get_origin_models`.
        """
        # sudo: names of models only
        models_ = self.env["ir.model"].sudo()
        return [(name, models_._get(name).name) for name in self._get_origin_models()]

    @api.model
    def _get_origin_models(self):
        """Hook: names of the models whose records can use a right."""
        return ["service.contract", "account.move"]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        moved = {}
        for row in rows.filtered(lambda row: not row.is_billable):
            counters = moved.setdefault(row.line_id, {})
            name = COUNTERS[row.kind]
            counters[name] = counters.get(name, row.line_id[name]) + row.quantity
        self.env["service.contract.line"]._write_counters(moved)
        return rows

    @api.model
    def _get_bookkeeping_fields(self):
        """Hook: names of the fields that the system writes on booked rows."""
        return set()

    def write(self, vals):
        free = {"note"} | (self._get_bookkeeping_fields() if self.env.su else set())
        if set(vals) - free:
            raise UserError(
                self.env._(
                    "A booked use can't be changed. Take it back and book it again."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("A booked use can't be deleted. Take it back instead.")
        )

    # === ACTIONS === #

    def action_take_back(self):
        """Give the rights of these rows back, by rows of the opposite sign.

        :raise UserError: somebody who is no manager asks, or it was done already
        """
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise UserError(
                self.env._("Only a service manager can take a booked use back.")
            )
        self._take_back()
        return True

    # === BUSINESS METHODS === #

    def _take_back(self, note=None):
        """Book the opposite of each row; to be called by whoever undoes the service.

        :return: the new rows
        """
        self._stamp()
        for row in self:
            if row.reversed_by_ids or row.reverses_id:
                raise UserError(
                    self.env._(
                        "“%(use)s” was taken back already.", use=row.display_name
                    )
                )
        # sudo: the ledger is written by the system only, after the checks of the caller
        return self.sudo().create(
            [
                {
                    "line_id": row.line_id.id,
                    "date": row.date,
                    "quantity": -row.quantity,
                    "kind": row.kind,
                    "origin": row.origin and f"{row.origin._name},{row.origin.id}",
                    "is_billable": row.is_billable,
                    "note": note or self.env._("Taken back"),
                    "reverses_id": row.id,
                }
                for row in self
            ]
        )

    def _stamp(self):
        """Touch the rows, so that two people who take one back at once meet here.

        The later transaction is repeated by the server and then sees the first.
        """
        self.flush_recordset()
        self.env.cr.execute(
            "UPDATE service_contract_usage SET write_date = write_date"
            " WHERE id = ANY(%s)",
            [self.ids],
        )

    @api.depends("line_id", "date", "quantity")
    def _compute_display_name(self):
        for row in self:
            day = row.contract_id._format_day(row.date, self.env.lang)
            row.display_name = f"{row.line_id.display_name}, {day}, {row.quantity:g}"
