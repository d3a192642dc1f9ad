from odoo.fields import Domain
from odoo.http import request

from odoo.addons.service_contract.controllers.portal import ServiceContractPortal


class ServiceRenewalPortal(ServiceContractPortal):
    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "service_renewal_count" in counters:
            contracts = request.env["service.contract"]
            values["service_renewal_count"] = (
                # sudo: customers read no state of the renewal; the domain is of their
                # own contracts
                contracts.sudo().search_count(
                    self._get_service_contract_domain()
                    & contracts._get_waiting_domain()
                )
                if contracts.has_access("read")
                else 0
            )
        return values

    def _get_service_contract_filters(self):
        return {
            **super()._get_service_contract_filters(),
            "renewal": {
                "label": request.env._("Waiting for Your Answer"),
                "domain": Domain(request.env["service.contract"]._get_waiting_domain()),
            },
        }
