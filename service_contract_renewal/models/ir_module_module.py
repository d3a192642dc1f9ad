from odoo import api, models


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    @api.model
    def _load_module_terms(self, modules, langs, overwrite=False):
        """Name the stages of every company in the languages that are loaded: those of
        the data alone are in the files of the translation.
        """
        result = super()._load_module_terms(modules, langs, overwrite=overwrite)
        if "service_contract_renewal" in modules:
            self.env["res.company"]._translate_service_stages(langs)
        return result
