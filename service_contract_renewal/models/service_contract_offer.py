from datetime import datetime, time, timedelta

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import hash_sign, verify_hash_signed

from odoo.addons.service_contract.tools.roles import USER

SCOPE = "service_contract_renewal.answer"
ANSWER_DAYS = 365  # how long after the end the link of a mail still works


class ServiceContract(models.Model):
    """What the customer is offered, and the link by which they answer."""

    _inherit = "service.contract"

    # === BUSINESS METHODS === #

    def _get_offer_values(self):
        """Return what an offer, a letter and the page of the answer show.

        Amounts are in the contract's currency; texts in the environment's language.

        :return: dict: ``period`` and ``text`` of it, ``fee`` (untaxed) or None,
            ``tax``, ``total``, ``record`` (what was promised and given),
            ``next_lines``, ``move`` (the posted invoice that is to be paid, or empty)
        :raise AccessError: somebody without the role of a service user asks
        """
        self.ensure_one()
        self._check_may_offer()
        # sudo: what the customer is told of their own contract, by whoever sends it
        contract = self.sudo().with_company(self.company_id)
        live = contract._get_live_renewal()
        periods = contract._get_next_periods(1)
        if live:
            periods = [(live.date_start, live.date_end)]
        fee = live.amount if live else contract._get_renewal_fee()
        tax = total = None
        if fee is not None:
            tax, total = contract._get_offered_taxes(fee)
        return {
            "period": periods[0] if periods else None,
            "period_text": " – ".join(
                contract._format_day(day, self.env.lang, in_words=True)
                for day in (periods[0] if periods else ())
            ),
            "fee": fee,
            "is_free": fee is not None and contract.currency_id.is_zero(fee),
            "tax": tax,
            "total": total,
            "format_amount": contract.currency_id.format,
            "record": contract._get_rights_record(),
            "next_lines": contract._get_renewed_lines(),
            "move": contract._get_letter_move(),
        }

    def _check_may_offer(self):
        """Fees and the links by which customers decide aren't everybody's who may see a
        contract.

        :raise AccessError: somebody without the role of a service user asks
        """
        if not self.env.su and not self.env.user.has_group(USER):
            raise AccessError(
                self.env._("Only service users see what a customer is offered.")
            )

    def _get_offered_taxes(self, fee):
        """Return (tax, total) of a fee as its invoice would charge them."""
        product = self._get_fee_product()
        if not product:
            return 0.0, fee
        taxes = self._get_fee_taxes(product)
        price = self._get_price_of(product, taxes, fee)
        amounts = taxes.compute_all(
            price,
            currency=self.currency_id,
            product=product,
            partner=self._get_billed_partner(),
        )
        total = amounts["total_included"]
        return total - amounts["total_excluded"], total

    def _get_rights_record(self):
        """Return what was promised, given and is left, and what becomes of the rest.

        :return: rows of ``_get_service_record`` with ``becomes`` as text
        """
        self.ensure_one()
        rows = self._get_service_record()
        for row in rows:
            row["becomes"] = row["line"]._get_fate()
        return rows

    # === PORTAL === #

    @api.model
    def _get_waiting_domain(self):
        """Return the domain of contracts whose customer hasn't answered yet."""
        served = Domain("state", "in", ("active", "expired")) | (
            Domain("state", "=", "suspended")
            & Domain("suspension_reason", "!=", "manual")
        )
        return served & Domain("renewal_state", "in", ("due", "lapsed"))

    def _get_portal_values(self):
        values = super()._get_portal_values()
        # sudo: an invoice of the visitor's own contract
        contract = self.sudo()
        payers = (
            contract.partner_id | contract.partner_invoice_id
        ).commercial_partner_id
        moves = (contract | contract.predecessor_id).renewal_ids.move_id.filtered(
            lambda move: (
                # the period before may have been another customer's
                move.commercial_partner_id in payers
                and move.state == "posted"
                and move.payment_state in ("not_paid", "partial")
                and move.amount_residual
            )
        )
        asked = contract.renewal_state in ("due", "lapsed", "accepted", "declined")
        asked = asked and not contract._get_answer_problem()
        successor = contract.successor_id.filtered(
            lambda successor: (
                successor.state != "draft"
                and successor.partner_id.commercial_partner_id
                == contract.partner_id.commercial_partner_id
            )
        )
        return {
            **values,
            "renewal_successor": successor,
            "renewal_is_asked": asked,
            "renewal_decision": contract.renewal_decision,
            "renewal_offer": contract._get_offer_values() if asked else {},
            "renewal_url": contract._get_answer_url() if asked else "",
            "renewal_moves": moves,
        }

    # === THE ANSWER === #

    def _get_answer_url(self, answer=None):
        """Return the address at which the customer answers, without any account.

        Signed, for this contract and customer alone, until a year after its end; the
        same at each call. It shows a page; only what is confirmed there decides.

        :param answer: ``accept``, ``decline`` or ``ask``: what the page begins with
        :raise AccessError: somebody without the role of a service user asks
        """
        self.ensure_one()
        self._check_may_offer()
        token = hash_sign(
            self.sudo().env,  # sudo: to sign with the secret of the database
            SCOPE,
            [self.id, self.cycle, self.partner_id.commercial_partner_id.id],
            expiration=self.date_end
            and datetime.combine(self.date_end + timedelta(days=ANSWER_DAYS), time.min),
        )
        suffix = f"?answer={answer}" if answer else ""
        return f"{self.get_base_url()}/service-renewal/{token}{suffix}"

    @api.model
    def _find_by_answer_token(self, token):
        """Return the contract that a signed link is for; empty where it is forged, out
        of date, or the contract is no more, or another customer's by now.
        """
        try:
            # sudo: to verify with the secret of the database
            values = verify_hash_signed(self.sudo().env, SCOPE, token)
        except (ValueError, OverflowError, IndexError, TypeError):
            return self.browse()
        if not values or len(values) != 3:
            return self.browse()
        contract_id, cycle, customer_id = values
        # the signature was checked, the page is for whoever has the link; what follows
        # is the system's doing, since visitors have no address to write from
        contract = self.with_user(SUPERUSER_ID).browse(contract_id).exists()
        return contract.filtered(
            lambda contract: (
                contract.cycle == cycle
                and contract.partner_id.commercial_partner_id.id == customer_id
                and contract.active
                and contract.state not in ("draft", "cancelled")
            )
        ).with_company(contract.company_id)

    def _get_answer_qr_code(self):
        """Return a QR code (data URI of a PNG) of the page on which to renew."""
        self.ensure_one()
        return self._make_qr_code(self._get_answer_url(), box_size=4)

    def _get_offer_name(self):
        """Return the name of the offer's file, in the customer's language."""
        self.ensure_one()
        number = self.name.replace("/", "-")
        return self.env._("Renewal offer %(number)s", number=number)

    def _get_letter_name(self):
        """Return the name of the letter's file, in the customer's language."""
        self.ensure_one()
        number = self.name.replace("/", "-")
        return self.env._("Suspension letter %(number)s", number=number)
