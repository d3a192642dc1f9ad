from odoo import api, fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # Plain columns: an invoice says which period it pays for, and nothing is computed
    # over all the lines of a database.
    service_date_start = fields.Date(string="Service From", copy=False, readonly=True)
    service_date_end = fields.Date(string="Service Until", copy=False, readonly=True)
    service_usage_id = fields.Many2one(
        "service.contract.usage",
        string="Billed Service",
        copy=False,
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="service_contract.group_service_user",
    )

    @api.model
    def _reconcile_plan(self, reconciliation_plan):
        """Renew what is now paid enough: a rest may stay open, and no hook tells."""
        result = super()._reconcile_plan(reconciliation_plan)
        lines = self.browse()
        for part in _flatten(reconciliation_plan):
            lines |= part
        moves = lines.move_id
        moves._renew_if_paid()
        # credited by a credit note that names no invoice, too
        moves.filtered(lambda move: move.payment_state == "reversed")._follow_credit()
        return result

    def unlink(self):
        # sudo: the services that these lines bill, whoever may delete the lines
        usages = (
            self.sudo()
            .filtered("service_usage_id")
            .mapped("service_usage_id")
            .filtered(lambda usage: usage.billing_move_id in self.sudo().move_id)
        )
        result = super().unlink()
        usages._free()
        return result


def _flatten(plan):
    for part in plan:
        if isinstance(part, models.BaseModel):
            yield part
        else:
            yield from _flatten(part)
