from odoo import fields, models


class ServiceContractSuspend(models.TransientModel):
    """Asks until when to suspend."""

    _name = "service.contract.suspend"
    _description = "Suspend Service Contracts"

    contract_ids = fields.Many2many("service.contract", required=True)
    review_date = fields.Date(
        string="Look Again On",
        default=lambda self: self.env["service.contract"]._get_default_review_date(),
        required=True,
        help="The user responsible gets an activity on that day.",
    )
    note = fields.Char(string="Reason", required=True)

    def action_suspend(self):
        """Suspend the contracts by hand and say why in their chatter."""
        self.contract_ids.action_suspend(review_date=self.review_date)
        self.contract_ids._message_log_batch(
            bodies=dict.fromkeys(self.contract_ids.ids, self.note)
        )
        return {"type": "ir.actions.act_window_close"}
