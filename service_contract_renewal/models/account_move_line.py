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
        lines.move_id._renew_if_paid()
        return result


def _flatten(plan):
    for part in plan:
        if isinstance(part, models.BaseModel):
            yield part
        else:
            yield from _flatten(part)
