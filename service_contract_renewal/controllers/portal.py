from odoo.fields import Domain
from odoo.http import request

from odoo.addons.service_contract.controllers.portal import ServiceContractPortal
from odoo.addons.service_contract.tools.roles import USER


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

    def _get_service_contract_values(self, contract):
        """Leave out fees, invoices and the link to decide where the visitor isn't the
        customer: a technician, or whoever was given the link of the page, which never
        ends.
        """
        values = super()._get_service_contract_values(contract)
        if not self._sees_service_fees(contract):
            values.update(
                renewal_is_asked=False,
                renewal_offer={},
                renewal_url="",
                renewal_moves=contract.env["account.move"],
            )
        return values

    def _sees_service_fees(self, contract):
        user = request.env.user
        if user._is_public():
            return False
        if user._is_internal():
            return user.has_group(USER)
        own = self._get_service_contract_domain()
        return bool(contract.filtered_domain(own))

    def _get_service_contract_filters(self):
        return {
            **super()._get_service_contract_filters(),
            "renewal": {
                "label": request.env._("Waiting for Your Answer"),
                "domain": Domain(request.env["service.contract"]._get_waiting_domain()),
            },
        }
