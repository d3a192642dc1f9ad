from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def reverse_moves(self, is_modify=False):
        """Where an invoice is credited to be made anew, the new one bills the period.

        Several at once come back in another order: about those a person is asked.
        """
        # sudo: the accountant may have no right on service contracts
        old = self.move_ids.sudo().filtered(
            lambda move: move.service_billing == "renewal"
        )
        action = super().reverse_moves(is_modify=is_modify)
        if is_modify and old:
            new = self.new_move_ids.sudo().filtered(
                lambda move: move.move_type == "out_invoice"
            )
            if len(self.move_ids) == len(new) == 1:
                old._hand_over(new)
            else:
                for renewal in old.service_renewal_ids:
                    renewal.contract_id._ask_about_money(
                        self.env._("Renewal invoice made anew"),
                        self.env._(
                            "Invoice %(invoice)s was credited, and one in its place "
                            "was made by hand. Bill %(period)s again instead.",
                            invoice=renewal.move_id.name,
                            period=renewal.display_name,
                        ),
                    )
        return action
