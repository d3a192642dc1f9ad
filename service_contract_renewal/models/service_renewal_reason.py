from odoo import fields, models


class ServiceRenewalReason(models.Model):
    """Why a customer doesn't renew, or leaves early."""

    _name = "service.renewal.reason"
    _description = "Reason Lost"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
