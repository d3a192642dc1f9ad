from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.service_contract.tools.roles import MANAGER


class ServiceRenewalTerminate(models.TransientModel):
    """End a contract before its time, with the credit that is due for it."""

    _name = "service.renewal.terminate"
    _description = "End a Contract Early"

    contract_id = fields.Many2one("service.contract", required=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    date_end = fields.Date(
        string="Last Day",
        required=True,
        default=fields.Date.context_today,
        help="The last local day on which the contract is served.",
    )
    reason_id = fields.Many2one("service.renewal.reason", required=True)
    note = fields.Char()
    credit = fields.Selection(
        selection=[
            ("none", "No credit"),
            ("pro_rata", "By the days left"),
            ("full", "In full"),
        ],
        required=True,
        default="pro_rata",
    )
    billed_amount = fields.Monetary(string="Billed", compute="_compute_billed")
    billed_move_id = fields.Many2one(
        "account.move", string="Invoice", compute="_compute_billed"
    )
    days_left = fields.Integer(compute="_compute_billed")
    credit_amount = fields.Monetary(
        compute="_compute_credit_amount",
        store=True,
        readonly=False,
        help="Untaxed; a draft credit note of this amount is made.",
    )

    @api.depends("contract_id", "date_end")
    def _compute_billed(self):
        for wizard in self:
            renewal = wizard.contract_id._get_paying_renewal()
            wizard.billed_amount = wizard.contract_id._get_billed_amount()
            wizard.billed_move_id = renewal.move_id
            wizard.days_left = wizard.contract_id._get_days_left(wizard.date_end)

    @api.depends("contract_id", "date_end", "credit")
    def _compute_credit_amount(self):
        for wizard in self:
            wizard.credit_amount = wizard.contract_id._get_credit_amount(
                wizard.credit, wizard.date_end
            )

    def action_terminate(self):
        """End the contract on the chosen day, and propose the credit as a draft.

        :return: the credit note, or the contract where nothing is credited
        """
        self.ensure_one()
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only a service manager can end a contract early.")
            )
        contract = self.contract_id
        if self.contract_id.currency_id.compare_amounts(self.credit_amount, 0) < 0:
            raise UserError(self.env._("The credit can't be negative."))
        refund = contract._terminate(
            self.date_end,
            self.reason_id,
            note=self.note,
            credit=0.0 if self.credit == "none" else self.credit_amount,
        )
        if refund and refund.has_access("read"):
            return refund._get_service_action(self.env._("Credit Note"))
        return {"type": "ir.actions.act_window_close"}
