from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    service_visit_horizon_days = fields.Integer(
        related="company_id.service_visit_horizon_days", readonly=False
    )
    service_confirm_days = fields.Integer(
        related="company_id.service_confirm_days", readonly=False
    )
    service_auto_confirm = fields.Boolean(
        related="company_id.service_auto_confirm", readonly=False
    )
    service_missed_days = fields.Integer(
        related="company_id.service_missed_days", readonly=False
    )
    service_dispatcher_id = fields.Many2one(
        related="company_id.service_dispatcher_id", readonly=False
    )
    service_technicians_see_all = fields.Boolean(
        related="company_id.service_technicians_see_all", readonly=False
    )
