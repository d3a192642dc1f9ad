from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.service_contract_builder import PlannedItem


class ServiceContractCreateLine(models.TransientModel):
    """One invoice line, and what is to become of it."""

    _name = "service.contract.create.line"
    _inherit = ["service.guard.mixin"]
    _description = "Invoice Line to Cover"

    wizard_id = fields.Many2one(
        "service.contract.create", required=True, ondelete="cascade"
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    move_line_id = fields.Many2one("account.move.line", required=True, readonly=True)
    invoice_name = fields.Char(string="Invoice", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    name = fields.Char(string="Description", readonly=True)
    quantity = fields.Float(digits="Product Unit", readonly=True)
    template_id = fields.Many2one(
        "service.contract.template", string="Template", readonly=True
    )
    is_item = fields.Boolean(string="Cover")
    counts_in_base = fields.Boolean(string="In the Base", default=True)
    per_unit = fields.Boolean(string="One per Unit")
    serials = fields.Char(
        string="Serial Numbers",
        help="Several are separated by commas; as many as units split them.",
    )
    amount_before = fields.Monetary(string="Before Discount", readonly=True)
    amount_after = fields.Monetary(string="After Discount", readonly=True)
    covered_by = fields.Char(string="Covered By", readonly=True)
    item_count = fields.Integer(string="Items", compute="_compute_item_count")

    @api.depends("per_unit", "serials", "quantity")
    def _compute_item_count(self):
        for line in self:
            line.item_count = line._prepare_planned_item().count

    @api.model
    def _get_system_fields(self):
        return set(self._fields) - {
            "is_item",
            "counts_in_base",
            "per_unit",
            "serials",
        }

    @api.model
    def _prepare_values(self, planned, template, shows_amounts=True):
        """Return the values of the wizard line of a :class:`PlannedItem`.

        :param template: the template whose contract the line would join
        :param shows_amounts: the person may see what the invoice amounts to
        """
        line = planned.line
        covered = line._get_service_items().contract_id
        return {
            "currency_id": line.currency_id.id,
            "move_line_id": line.id,
            "invoice_name": line.move_id.name,
            "product_id": line.product_id.id,
            "name": (line.name or line.product_id.display_name or "").split("\n")[0],
            "quantity": planned.quantity,
            "template_id": line._get_named_templates().id,
            "is_item": line._is_coverable() and not covered,
            "per_unit": template.per_unit,
            "amount_before": planned.before if shows_amounts else 0.0,
            "amount_after": planned.after if shows_amounts else 0.0,
            "covered_by": ", ".join(covered.mapped("name")),
        }

    def _is_fee(self):
        """Tell whether the line sells the contract itself: it makes one, unticked."""
        self.ensure_one()
        # sudo: the invoice was shown to this user already
        source = self.sudo().move_line_id
        return bool(
            self.template_id and not self.covered_by and not source._is_coverable()
        )

    def _check_serials(self):
        """Refuse serial numbers that don't fit the units, naming the product."""
        for line in self:
            planned = line._prepare_planned_item()
            given, units = len(planned.serials), f"{line.quantity:g}"
            fits = given <= planned.count if planned.count > 1 else given <= 1
            if not fits:
                raise UserError(
                    self.env._(
                        "%(product)s: %(given)s serial numbers for %(units)s units. "
                        "Enter one for each unit, separated by commas.",
                        product=line.product_id.display_name or line.name,
                        given=given,
                        units=units,
                    )
                )

    def _prepare_planned_item(self, amounts=None):
        """Return the :class:`PlannedItem` that this line stands for.

        :param amounts: dict invoice line -> (before, after) discount; else as shown
        """
        self.ensure_one()
        before, after = (amounts or {}).get(
            self.move_line_id, (self.amount_before, self.amount_after)
        )
        serials = [text.strip() for text in (self.serials or "").split(",")]
        return PlannedItem(
            self.move_line_id,
            self.quantity,
            before,
            after,
            per_unit=self.per_unit,
            counts_in_base=self.counts_in_base,
            serials=[text for text in serials if text],
        )
