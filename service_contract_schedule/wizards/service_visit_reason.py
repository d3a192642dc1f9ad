from odoo import api, fields, models
from odoo.exceptions import UserError


class ServiceVisitReason(models.TransientModel):
    """Asks why, before visits are cancelled or taken out of the count."""

    _name = "service.visit.reason"
    _description = "Reason"

    visit_ids = fields.Many2many("service.visit", string="Visits", required=True)
    purpose = fields.Selection(
        selection=[("cancel", "Cancel"), ("no_right", "Doesn't count")],
        required=True,
        default="cancel",
    )
    reason = fields.Char()
    visit_count = fields.Integer(compute="_compute_visit_count")

    @api.depends("visit_ids")
    def _compute_visit_count(self):
        for wizard in self:
            wizard.visit_count = len(wizard.visit_ids)

    def action_apply(self):
        """Do it, with the reason.

        :raise UserError: no reason is given for a visit that doesn't count
        """
        self.ensure_one()
        if self.purpose == "cancel":
            self.visit_ids.action_cancel(self.reason)
        elif not self.reason:
            raise UserError(self.env._("Say why the visit doesn't count."))
        else:
            self.visit_ids.action_take_no_right(self.reason)
        return {"type": "ir.actions.act_window_close"}
