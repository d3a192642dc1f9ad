from odoo import models


class AccountMoveSendBatchWizard(models.TransientModel):
    _inherit = "account.move.send.batch.wizard"

    def action_send_and_print(self, force_synchronous=False, allow_fallback_pdf=False):
        """Let Service Billing send many invoices: Odoo notes on each that it is to be
        sent, which takes the right to write it.
        """
        wizard = self
        if not self.move_ids.has_access("write"):
            self.move_ids._check_may_bill()
            wizard = self.sudo()  # sudo: role and link were checked just now
        return super(AccountMoveSendBatchWizard, wizard).action_send_and_print(
            force_synchronous=force_synchronous, allow_fallback_pdf=allow_fallback_pdf
        )
