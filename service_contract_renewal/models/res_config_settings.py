from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    service_renewal_due_days = fields.Integer(
        related="company_id.service_renewal_due_days", readonly=False
    )
    service_invoice_days_before = fields.Integer(
        related="company_id.service_invoice_days_before", readonly=False
    )
    service_invoice_post = fields.Boolean(
        related="company_id.service_invoice_post", readonly=False
    )
    service_reminders_since = fields.Date(related="company_id.service_reminders_since")
    service_suspends = fields.Boolean(
        related="company_id.service_suspends", readonly=False
    )
    service_renew_on = fields.Selection(
        related="company_id.service_renew_on", readonly=False
    )
    service_paid_enough = fields.Float(
        related="company_id.service_paid_enough", readonly=False
    )
    service_fee_product_id = fields.Many2one(
        related="company_id.service_fee_product_id", readonly=False
    )
    service_journal_id = fields.Many2one(
        related="company_id.service_journal_id", readonly=False
    )
    service_invoice_report_id = fields.Many2one(
        related="company_id.service_invoice_report_id", readonly=False
    )
