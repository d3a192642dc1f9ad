from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class ServiceRenewalBase(models.TransientModel):
    """Agree on the base of future fees, item by item, where machines came back."""

    _name = "service.renewal.base"
    _description = "Review the Base of the Fee"

    contract_id = fields.Many2one("service.contract", required=True, readonly=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    base_now = fields.Monetary(
        string="Base until Now", related="contract_id.renewal_base_amount"
    )
    base_new = fields.Monetary(string="New Base", compute="_compute_base_new")
    line_ids = fields.One2many("service.renewal.base.line", "wizard_id")

    @api.depends("line_ids.amount_new", "line_ids.is_kept")
    def _compute_base_new(self):
        for wizard in self:
            wizard.base_new = sum(
                wizard.line_ids.filtered("is_kept").mapped("amount_new")
            )

    @api.model
    def _open_for(self, contract):
        """Return the dialog on ``contract``, with what was credited as proposal."""
        credited = contract._get_credited_amounts()
        which = (
            "amount_before_discount"
            if contract.renewal_base == "before_discount"
            else "amount_after_discount"
        )
        # sudo: the system makes the dialog of what this manager may change
        wizard = self.sudo().create(
            {
                "contract_id": contract.id,
                "line_ids": [
                    Command.create(
                        {
                            "item_id": item.id,
                            "amount": item[which],
                            "amount_credited": credited.get(item, 0.0),
                            "amount_new": max(
                                item[which] - credited.get(item, 0.0), 0.0
                            ),
                            "is_kept": item.counts_in_base,
                        }
                    )
                    for item in contract.item_ids._get_current()
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Review the Base"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_agree(self):
        """Take the new amounts as the base of all periods that are billed from now
        on.
        """
        self.ensure_one()
        contract = self.contract_id
        if contract.renewal_base == "manual":
            raise UserError(
                self.env._(
                    "Contract %(contract)s: its base was entered by hand. Change the "
                    "amount instead.",
                    contract=contract.display_name,
                )
            )
        for line in self.line_ids:
            line._apply()
        contract.write({"renewal_base_amount": contract._get_items_base()})
        return {"type": "ir.actions.act_window_close"}
