from odoo import api, models


class ServiceContractUsage(models.Model):
    _inherit = "service.contract.usage"

    @api.model
    def _get_origin_models(self):
        return [*super()._get_origin_models(), "service.visit"]
