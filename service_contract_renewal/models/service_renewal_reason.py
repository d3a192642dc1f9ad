from odoo import api, fields, models


class ServiceRenewalReason(models.Model):
    """Why a customer doesn't renew, or leaves early."""

    _name = "service.renewal.reason"
    _description = "Reason Lost"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    is_offered = fields.Boolean(
        string="Shown to Customers",
        default=True,
        help="Customers can choose it on the page on which they answer.",
    )

    @api.model
    def _get_offered(self):
        """Return the reasons that customers choose from."""
        return self.search([("is_offered", "=", True)])
