from odoo import api, fields, models
from odoo.exceptions import UserError


class ServiceContractRecordUse(models.TransientModel):
    """Books the use of a right by hand."""

    _name = "service.contract.record.use"
    _description = "Record a Service"

    line_id = fields.Many2one("service.contract.line", string="Service", required=True)
    uom_id = fields.Many2one(related="line_id.product_uom_id")
    rights_display = fields.Char(related="line_id.rights_display")
    date = fields.Date(
        compute="_compute_date",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    quantity = fields.Float(default=1.0, digits="Product Unit", required=True)
    is_billable = fields.Boolean(
        string="Beyond the Rights", help="It counts in no right and will be billed."
    )
    can_manage = fields.Boolean(compute="_compute_can_manage")
    note = fields.Char()

    @api.depends("line_id")
    def _compute_date(self):
        for wizard in self:
            wizard.date = wizard.line_id and wizard.line_id.contract_id._today()

    @api.depends_context("uid")
    def _compute_can_manage(self):
        self.can_manage = self.env.user.has_group(
            "service_contract.group_service_manager"
        )

    def action_record(self):
        """Book the use.

        :raise UserError: nothing is left, or the contract isn't in force
        """
        self.ensure_one()
        contract = self.line_id.contract_id
        contract.check_access("write")
        if self.date > contract._today():
            raise UserError(
                self.env._(
                    "%(line)s: a service is recorded when it was given, not before.",
                    line=self.line_id.display_name,
                )
            )
        self.line_id._consume(
            self.quantity, date=self.date, note=self.note, is_billable=self.is_billable
        )
        return {"type": "ir.actions.act_window_close"}
