from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    service_default_template_id = fields.Many2one(
        related="company_id.service_default_template_id",
        readonly=False,
        domain="[('company_id', 'in', (company_id, False))]",
    )
    service_default_level_id = fields.Many2one(
        related="company_id.service_default_level_id",
        readonly=False,
        domain="[('company_id', 'in', (company_id, False))]",
    )
    service_grace_days = fields.Integer(
        related="company_id.service_grace_days", readonly=False
    )
    service_review_days = fields.Integer(
        related="company_id.service_review_days", readonly=False
    )
    service_autocreate = fields.Boolean(
        related="company_id.service_autocreate", readonly=False
    )
    service_buddhist_dates = fields.Boolean(
        related="company_id.service_buddhist_dates", readonly=False
    )
    service_contract_sequence_id = fields.Many2one(
        related="company_id.service_contract_sequence_id", readonly=False
    )
    service_code_sequence_id = fields.Many2one(
        related="company_id.service_code_sequence_id", readonly=False
    )
