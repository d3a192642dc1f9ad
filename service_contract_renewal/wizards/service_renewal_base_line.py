from odoo import api, fields, models


class ServiceRenewalBaseLine(models.TransientModel):
    """One covered item, and how much of it counts in the base from now on."""

    _name = "service.renewal.base.line"
    _description = "Item in the Base"
    _inherit = ["service.guard.mixin"]

    wizard_id = fields.Many2one(
        "service.renewal.base", required=True, ondelete="cascade"
    )
    item_id = fields.Many2one("service.contract.item", required=True, readonly=True)
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    amount = fields.Monetary(string="Until Now", readonly=True)
    amount_credited = fields.Monetary(string="Credited", readonly=True)
    amount_new = fields.Monetary(string="From Now On")
    is_kept = fields.Boolean(string="In the Base")

    @api.model
    def _get_system_fields(self):
        """Which item a row is about is the system's, and what it is compared with."""
        return super()._get_system_fields() | {
            "wizard_id",
            "item_id",
            "amount",
            "amount_credited",
        }

    def _apply(self):
        """Write what was agreed on the item; both bases shrink alike."""
        self.ensure_one()
        item, currency = self.item_id, self.currency_id
        values = {}
        if item.counts_in_base != self.is_kept:
            values["counts_in_base"] = self.is_kept
        if currency.compare_amounts(self.amount_new, self.amount):
            share = self.amount_new / self.amount if self.amount else 0.0
            chosen = self.wizard_id.contract_id.renewal_base
            for name in ("amount_before_discount", "amount_after_discount"):
                same = name.startswith("amount_" + chosen.split("_")[0])
                values[name] = (
                    self.amount_new if same else currency.round(item[name] * share)
                )
        if values:
            item.write(values)
