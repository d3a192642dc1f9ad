from odoo import fields, models


class ServiceRenewalDecline(models.TransientModel):
    """Why the customer doesn't renew."""

    _name = "service.renewal.decline"
    _description = "The Customer Doesn't Renew"

    contract_ids = fields.Many2many("service.contract", required=True)
    reason_id = fields.Many2one("service.renewal.reason", required=True)

    def action_decline(self):
        """Note the decision on all contracts."""
        self.ensure_one()
        self.contract_ids.action_renewal_decline(self.reason_id)
        # also where a card was dragged: the board shows where it is now
        return {"type": "ir.actions.client", "tag": "soft_reload"}
