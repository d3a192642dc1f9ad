from odoo import fields, models


class ServiceRenewalHold(models.TransientModel):
    """Leave customers alone until a day, and say why."""

    _name = "service.renewal.hold"
    _description = "Don't Ask the Customer for a While"

    contract_ids = fields.Many2many("service.contract", required=True)
    date_until = fields.Date(string="Until", required=True)
    reason = fields.Char(required=True)

    def action_hold(self):
        """Hold reminders and suspension of the contracts."""
        self.ensure_one()
        self.contract_ids._hold(self.date_until, self.reason)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
