from odoo import api, models


class ServiceContractItem(models.Model):
    _inherit = "service.contract.item"

    @api.model_create_multi
    def create(self, vals_list):
        items = super().create(vals_list)
        joined = items.filtered(
            lambda item: item.contract_id.state != "draft" and item.counts_in_base
        )
        for contract, added in joined.grouped("contract_id").items():
            # sudo: who may add an item to a running contract was checked by create
            contract, added = contract.sudo(), added.sudo()
            if contract.renewal_base != "manual":
                name = f"amount_{contract.renewal_base}"
                contract.renewal_base_amount += sum(added.mapped(name))
        return items

    def _get_priced(self):
        """Return the items that make up the base: those that weren't replaced, and
        replaced ones whose amount still counts.
        """
        return self.filtered(
            lambda item: (
                not item.replaced_by_id
                or item.amount_before_discount
                or item.amount_after_discount
            )
        )
