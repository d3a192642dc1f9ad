from odoo import api, fields, models


class ServiceEntitlementMixin(models.AbstractModel):
    _inherit = "service.entitlement.mixin"

    carry_again = fields.Boolean(
        string="Carried Again",
        help="What was carried into a period and isn't used there either is carried on "
        "once more.",
    )

    @api.model
    def _get_entitlement_fields(self):
        return [*super()._get_entitlement_fields(), "carry_again"]
