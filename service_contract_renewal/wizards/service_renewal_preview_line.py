from odoo import fields, models


class ServiceRenewalPreviewLine(models.TransientModel):
    """One customer who would be asked today."""

    _name = "service.renewal.preview.line"
    _description = "Reminder of Today"

    preview_id = fields.Many2one(
        "service.renewal.preview", required=True, ondelete="cascade"
    )
    contract_id = fields.Many2one("service.contract", readonly=True, ondelete="cascade")
    partner_id = fields.Many2one(related="contract_id.partner_id", string="Customer")
    date_end = fields.Date(related="contract_id.date_end")
    channel = fields.Selection(
        selection=[
            ("mail", "By e-mail"),
            ("call", "To be called"),
            ("none", "Told to staff"),
            ("suspension", "Suspension"),
        ],
        readonly=True,
    )
    what = fields.Char(readonly=True)
    contact_id = fields.Many2one("res.partner", string="To", readonly=True)
    address = fields.Char(readonly=True)
