import logging

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from odoo.addons.service_contract.tools.roles import USER

from ..models.service_contract_answer import AnswerError

_logger = logging.getLogger(__name__)

ANSWERS = ("accept", "decline", "ask")


class ServiceRenewal(http.Controller):
    """The page on which a customer says whether to renew; by a signed link, without any
    account. Opening it decides nothing: mail scanners open links, too.
    """

    def _find_contract(self, token):
        """Return the contract of a link, in the customer's language and the company of
        the contract; empty where the link isn't valid.
        """
        contract = request.env["service.contract"]._find_by_answer_token(token)
        if not contract:
            return contract
        lang = contract.renewal_contact_id.lang or contract.partner_id.lang
        if lang and request.env.user._is_public():
            request.update_context(lang=lang)
        return contract.with_context(lang=request.env.lang)

    def _render(self, contract, token, **values):
        return request.render(
            "service_contract_renewal.portal_answer",
            {
                "contract": contract,
                "token": token,
                "offer": contract._get_offer_values(),
                "problem": contract._get_answer_problem(),
                "reasons": contract.env["service.renewal.reason"]._get_offered(),
                "format_day": contract._format_day,
                "page_name": "service_renewal",
                "res_company": contract.company_id,  # its logo, whoever looks
                **values,
            },
        )

    @http.route(
        "/service-renewal/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["GET"],
    )
    def show_answer(self, token, answer=None, done=None, **kwargs):
        """Show the offer and the answers; decides nothing."""
        contract = self._find_contract(token)
        if not contract:
            return request.render("service_contract_renewal.portal_answer_gone", {})
        return self._render(
            contract,
            token,
            answer=answer if answer in ANSWERS else None,
            done=done if contract._has_answered(done) else None,
        )

    @http.route(
        "/service-renewal/<string:token>/answer",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["POST"],
    )
    def take_answer(self, token, answer=None, reason=None, text="", **kwargs):
        """Take the answer that was confirmed on the page."""
        contract = self._find_contract(token)
        if not contract:
            return request.render("service_contract_renewal.portal_answer_gone", {})
        if answer not in ANSWERS:
            return self._render(contract, token)
        user = request.env.user
        if user._is_internal() and not user.has_group(USER):
            error = request.env._("Only service users record what a customer decided.")
            return self._render(contract, token, answer=answer, error=error)
        try:
            # a refusal leaves nothing half-written
            with request.env.cr.savepoint():
                contract._answer(
                    answer,
                    reason=self._get_reason(contract, reason),
                    text=text,
                    author=None if user._is_public() else user.partner_id,
                )
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # the server tries again
        except AnswerError as error:
            return self._render(contract, token, answer=answer, error=str(error))
        except UserError:
            # in the words of the house, about its own settings
            _logger.exception("The answer to %s couldn't be taken", contract)
            error = request.env._(
                "We couldn't take your answer just now. Please call us."
            )
            return self._render(contract, token, answer=answer, error=error)
        return request.redirect(f"/service-renewal/{token}?done={answer}")

    def _get_reason(self, contract, reason):
        """Return the reason that was chosen, of those that were offered."""
        reasons = contract.env["service.renewal.reason"]._get_offered()
        return reasons.filtered(lambda row: str(row.id) == str(reason))
