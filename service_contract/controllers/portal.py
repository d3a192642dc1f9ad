from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal, pager

REPORT = "service_contract.action_report_service_contract"


class ServiceContractPortal(CustomerPortal):
    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "service_contract_count" in counters:
            contracts = request.env["service.contract"]
            values["service_contract_count"] = (
                contracts.search_count(self._get_service_contract_domain())
                if contracts.has_access("read")
                else 0
            )
        return values

    def _get_service_contract_domain(self):
        """Return the domain of the contracts of the visitor's own company."""
        return request.env["service.contract"]._get_portal_domain(
            request.env.user.partner_id
        )

    def _get_service_contract_sortings(self):
        return {
            "end": {
                "label": request.env._("Last Day"),
                "order": "date_end desc, id desc",
            },
            "start": {
                "label": request.env._("First Day"),
                "order": "date_start desc, id desc",
            },
            "name": {"label": request.env._("Number"), "order": "name desc, id desc"},
        }

    def _get_service_contract_filters(self):
        return {
            "all": {"label": request.env._("All"), "domain": Domain.TRUE},
            "in_force": {
                "label": request.env._("In Force"),
                "domain": Domain("is_in_force", "=", True),
            },
            "suspended": {
                "label": request.env._("Suspended"),
                "domain": Domain("state", "=", "suspended"),
            },
            "expired": {
                "label": request.env._("Expired"),
                "domain": Domain("state", "=", "expired"),
            },
        }

    def _get_service_contract_inputs(self):
        return {
            "all": {
                "input": "all",
                "label": request.env._("Search in Everything"),
                "sequence": 10,
            },
            "code": {
                "input": "code",
                "label": request.env._("Search by Service ID"),
                "sequence": 20,
            },
            "item": {
                "input": "item",
                "label": request.env._("Search by Machine or Serial"),
                "sequence": 30,
            },
        }

    def _get_service_contract_search_domain(self, search_in, search):
        contracts = request.env["service.contract"].sudo()
        # sudo: only to word the domain; it is joined with that of the visitor's own
        # contracts
        keys = Domain("service_code_key", "in", contracts._get_code_keys(search))
        items = Domain("item_ids.name", "ilike", search) | Domain(
            "item_ids.serial", "ilike", search
        )
        if search_in == "code":
            return keys
        if search_in == "item":
            return items
        return keys | items | Domain("name", "ilike", search)

    @http.route(
        ["/my/service-contracts", "/my/service-contracts/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_my_service_contracts(
        self,
        page=1,
        sortby="end",
        filterby="all",
        search=None,
        search_in="all",
        **kwargs,
    ):
        """The list of the visitor's contracts: sorted, filtered, searched, in pages."""
        sortings = self._get_service_contract_sortings()
        filters = self._get_service_contract_filters()
        inputs = self._get_service_contract_inputs()
        sortby = sortby if sortby in sortings else "end"
        filterby = filterby if filterby in filters else "all"
        search_in = search_in if search_in in inputs else "all"
        contracts = request.env["service.contract"]
        # The visitor's own contracts, by a domain that says so whatever else is asked.
        own = self._get_service_contract_domain()
        domain = own & filters[filterby]["domain"]
        search = (search or "").replace("\0", "")  # PostgreSQL takes no NUL
        if search:
            domain &= self._get_service_contract_search_domain(search_in, search)
        if not contracts.has_access("read"):
            domain = Domain.FALSE
        # sudo: the domain above holds only what the visitor's company owns, as the
        # record rule does; covered items are searched without giving portal users any
        # right on them
        contracts = contracts.sudo()
        paging = pager(
            url="/my/service-contracts",
            total=contracts.search_count(domain),
            page=page,
            step=self._items_per_page,
            url_args={
                "sortby": sortby,
                "filterby": filterby,
                "search_in": search_in,
                "search": search,
            },
        )
        found = contracts.search(
            domain,
            order=sortings[sortby]["order"],
            limit=self._items_per_page,
            offset=paging["offset"],
        )
        request.session["my_service_contracts_history"] = found.ids[:100]
        values = self._prepare_portal_layout_values()
        values.update(
            contracts=found,
            page_name="service_contracts",
            pager=paging,
            default_url="/my/service-contracts",
            searchbar_sortings=sortings,
            sortby=sortby,
            searchbar_filters=filters,
            filterby=filterby,
            searchbar_inputs=inputs,
            search_in=search_in,
            search=search,
        )
        return request.render("service_contract.portal_my_service_contracts", values)

    @http.route(
        "/my/service-contracts/<int:contract_id>",
        type="http",
        auth="public",
        website=True,
    )
    def portal_service_contract(
        self, contract_id, access_token=None, report_type=None, download=False, **kwargs
    ):
        """The page of one contract, or its PDF; for its customer or by its token."""
        try:
            contract = self._document_check_access(
                "service.contract", contract_id, access_token=access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        if contract.state == "draft" and not request.env.user._is_internal():
            return request.redirect("/my")
        if report_type in ("html", "pdf", "text"):
            return self._show_report(
                model=contract,
                report_type=report_type,
                report_ref=REPORT,
                download=download,
            )
        values = self._get_page_view_values(
            contract,
            access_token,
            {
                **self._get_service_contract_values(
                    contract.with_context(lang=request.env.lang)
                ),
                "page_name": "service_contract",
                "report_type": "html",
                "backend_url": f"/odoo/service-contracts/{contract.id}",
            },
            "my_service_contracts_history",
            False,
            **kwargs,
        )
        return request.render("service_contract.portal_service_contract", values)

    def _get_service_contract_values(self, contract):
        """Hook: what the page of a contract shows to this visitor.

        :param contract: as superuser, after the visitor's access was checked
        """
        return contract._get_portal_values()

    @http.route(
        "/my/service-contracts/<int:contract_id>/signed", type="http", auth="public"
    )
    def portal_service_contract_signed(self, contract_id, access_token=None, **kwargs):
        """The signed copy of a contract, for its customer or by its token."""
        try:
            contract = self._document_check_access(
                "service.contract", contract_id, access_token=access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        if contract.state == "draft" and not request.env.user._is_internal():
            return request.redirect("/my")
        if not contract.signed_document:
            return request.not_found()
        stream = request.env["ir.binary"]._get_stream_from(
            contract, "signed_document", filename=contract.signed_document_name
        )
        return stream.get_response(as_attachment=True)

    @http.route("/my/service-id/<string:code>", type="http", auth="user", website=True)
    def portal_service_id(self, code, **kwargs):
        """What the QR code leads to: the running period of a Service ID, if the visitor
        may see it.
        """
        contracts = request.env["service.contract"]
        if contracts.has_access("read"):
            contract = contracts.search(
                Domain("service_code_key", "in", contracts._get_code_keys(code)),
                order="date_start desc",
            ).sorted(lambda found: not found.is_in_force)[:1]
            if contract and request.env.user._is_internal():
                return request.redirect(f"/odoo/service-contracts/{contract.id}")
            if contract:
                return request.redirect(f"/my/service-contracts/{contract.id}")
        return request.redirect("/my/service-contracts")
