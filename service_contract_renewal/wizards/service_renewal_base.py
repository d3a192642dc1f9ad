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
        proposals = contract._get_credited_amounts()
        # sudo: the system makes the dialog of what this manager may change
        wizard = self.sudo().create(
            {
                "contract_id": contract.id,
                "line_ids": [
                    Command.create(
                        {
                            "item_id": item.id,
                            "amount": amount,
                            "amount_credited": credited,
                            "amount_new": amount - credited,
                            "is_kept": item.counts_in_base,
                        }
                    )
                    for item, (amount, credited) in proposals.items()
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
        if any(line.amount_new < 0 for line in self.line_ids):
            raise UserError(self.env._("An amount in the base can't be negative."))
        for line in self.line_ids:
            line._apply()
        contract.write({"renewal_base_amount": contract._get_items_base()})
        return {"type": "ir.actions.act_window_close"}
