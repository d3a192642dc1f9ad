from odoo import models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """Ask a person about renewals whose payment is undone: no hook tells of it."""
        moves = (self.debit_move_id | self.credit_move_id).move_id
        # sudo: the accountant who undoes a payment may have no right on contracts
        service = moves.sudo().filtered(lambda move: move.service_billing == "renewal")
        result = super().unlink()
        service = service.exists()
        service._ask_about_lost_payment()
        service.service_renewal_ids._claim_after_credit()
        return result
