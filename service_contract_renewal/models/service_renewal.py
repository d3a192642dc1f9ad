import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class ServiceRenewal(models.Model):
    """The link contract – invoice – next period, and the claim on that period.

    At most one live row per contract and period: the database sees to it, whoever
    issues at the same instant.
    """

    _name = "service.renewal"
    _description = "Billed Period of a Service Contract"
    _inherit = ["service.guard.mixin"]
    _order = "date_start desc, id desc"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "service.contract",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, precompute=True
    )
    currency_id = fields.Many2one(related="contract_id.currency_id")
    cycle = fields.Integer(string="Period", required=True, readonly=True)
    date_start = fields.Date(string="From", required=True, readonly=True)
    date_end = fields.Date(string="Until", required=True, readonly=True)
    amount = fields.Monetary(
        string="Fee", readonly=True, groups="service_contract.group_service_user"
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
        groups="service_contract.group_service_user",
    )
    move_name = fields.Char(
        string="Invoice Number",
        compute="_compute_move_name",
        compute_sudo=True,
        groups="service_contract.group_service_user",
    )
    state = fields.Selection(
        selection=[
            ("draft", "Draft invoice"),
            ("posted", "Invoiced"),
            ("renewed", "Paid"),
            ("freed", "Given back"),
        ],
        required=True,
        readonly=True,
        default="draft",
    )
    is_typed = fields.Boolean(
        readonly=True, help="A person entered this fee when it was billed."
    )
    is_first_period = fields.Boolean(
        compute="_compute_is_first_period",
        store=True,
        precompute=True,
        help="Bills the contract's own period and renews nothing.",
    )

    _one_live = models.UniqueIndex(
        "(contract_id, cycle) WHERE state != 'freed'",
        "This period of the contract has been billed already.",
    )
    # What waits for its payment; the nightly job asks this index and no invoice else.
    _posted_idx = models.Index("(id) WHERE state = 'posted'")

    # === COMPUTE METHODS === #

    @api.depends("cycle", "contract_id")
    def _compute_is_first_period(self):
        for renewal in self:
            renewal.is_first_period = renewal.cycle == renewal.contract_id.cycle

    @api.depends("move_id.name")
    def _compute_move_name(self):
        for renewal in self:
            renewal.move_name = renewal.move_id.name

    @api.depends("contract_id.name", "date_start", "date_end")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for renewal in self:
            contract = renewal.contract_id
            period = contract._format_period(renewal.date_start, renewal.date_end)
            renewal.display_name = f"{contract.name}, {period}"

    # === BUSINESS METHODS === #

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | set(self._fields) - {"id"}

    def _set_state(self, state):
        """Write ``state``; as superuser, by what happened to the invoice."""
        changed = self.filtered(lambda renewal: renewal.state != state)
        if changed:
            changed.write({"state": state})
            changed.flush_recordset(["state"])  # the unique index speaks now

    def _free(self):
        """Give periods back whose invoice is no longer there; renewed ones stay."""
        self.filtered(lambda renewal: renewal.state in ("draft", "posted"))._set_state(
            "freed"
        )

    def _give_back(self):
        """Give periods back, and see what it means for their contracts: who accepted
        is to be billed again, and nobody is suspended for an invoice that is no more.
        """
        self._free()
        contracts = self._get_next_period()
        contracts._tell_billing_again()
        contracts.filtered(
            lambda contract: (
                contract.state == "suspended"
                and contract.suspension_reason == "unpaid"
                and not contract._get_unpaid_renewal()
            )
        ).suspension_reason = "not_renewed"

    def _get_next_period(self):
        """Return the contracts of these rows that bill the period after theirs."""
        return self.filtered(lambda renewal: not renewal.is_first_period).contract_id

    def _look_again_at_payment(self):
        """Let the jobs see again who is to be reminded, or suspended, for want of a
        payment: of a period that began without it nothing else tells.
        """
        contracts = self.contract_id
        periods = contracts | contracts.successor_id
        for name in ("suspension_due_at", "reminder_next_at"):
            self.env.add_to_compute(periods._fields[name], periods)

    def _claim_again(self):
        """Take periods that were given back, for an invoice that is a draft again.

        :raise UserError: another invoice bills the period meanwhile
        """
        freed = self.filtered(lambda renewal: renewal.state == "freed")
        if not freed:
            return
        freed.contract_id._stamp_renewal()
        for renewal in freed:
            other = renewal.contract_id.renewal_ids.filtered(
                lambda live, renewal=renewal: (
                    live.cycle == renewal.cycle and live.state != "freed"
                )
            )
            if other:
                raise UserError(
                    self.env._(
                        "%(period)s is billed by invoice %(invoice)s meanwhile: this "
                        "one can't become a draft again.",
                        period=renewal.display_name,
                        invoice=other.move_id.display_name,
                    )
                )
        freed._set_state("draft")

    def _claim_after_credit(self):
        """Take periods again whose invoice is open once more: a credit note was undone.

        Where another invoice bills the period meanwhile, a person is asked.
        """
        freed = self.filtered(
            lambda renewal: (
                renewal.state == "freed"
                and renewal.move_id.state == "posted"
                and renewal.move_id.payment_state != "reversed"
            )
        )
        if not freed:
            return
        freed.contract_id._stamp_renewal()
        for renewal in freed:
            contract = renewal.contract_id
            other = contract._get_live_renewal(renewal.cycle)
            if other:
                contract._ask_about_money(
                    self.env._("The same period is billed twice"),
                    self.env._(
                        "Invoice %(invoice)s is open again, and %(other)s bills "
                        "%(period)s too.",
                        invoice=renewal.move_id.name,
                        other=other.move_id.display_name,
                        period=renewal.display_name,
                    ),
                )
            else:
                renewal._set_state("posted")

    def _get_stale_reasons(self):
        """Say what changed since the draft invoice was made; empty where nothing did.

        :return: list of translated sentences
        """
        self.ensure_one()
        move = self.move_id
        if not move or move.state != "draft":
            return []
        reasons = []
        contract, currency = self.contract_id, self.currency_id
        fee = self._get_fee_now()
        if currency.compare_amounts(fee, self.amount):
            reasons.append(
                self.env._(
                    "The fee is %(now)s now, the draft says %(draft)s.",
                    now=currency.format(fee),
                    draft=currency.format(self.amount),
                )
            )
        dates = self._get_dates_now()
        if dates != (self.date_start, self.date_end):
            reasons.append(
                self.env._(
                    "The period is %(now)s now, the draft says %(draft)s.",
                    now=contract._format_period(*dates),
                    draft=contract._format_period(self.date_start, self.date_end),
                )
            )
        lines = move.invoice_line_ids.filtered("service_date_start")
        invoiced = sum(lines.mapped("price_subtotal"))
        if currency.compare_amounts(invoiced, self.amount):
            reasons.append(
                self.env._(
                    "The draft charges %(invoiced)s, %(agreed)s was agreed.",
                    invoiced=currency.format(invoiced),
                    agreed=currency.format(self.amount),
                )
            )
        for line in lines:
            if line.tax_ids != contract._get_fee_taxes(line.product_id):
                reasons.append(
                    self.env._(
                        "The taxes of %(product)s changed.",
                        product=line.product_id.display_name,
                    )
                )
        if move.partner_id != contract._get_billed_partner():
            reasons.append(
                self.env._(
                    "The draft is for %(old)s, the contract for %(new)s.",
                    old=move.partner_id.display_name,
                    new=contract._get_billed_partner().display_name,
                )
            )
        return reasons

    def _get_fee_now(self):
        """Return the fee that the contract says now; a typed one stays."""
        self.ensure_one()
        fee = self.contract_id._get_renewal_fee(self.cycle)
        return self.amount if fee is None or self.is_typed else fee

    def _get_dates_now(self):
        """Return the (first, last) date that the billed period has by now.

        After a suspension a person chose the first date; it stays.
        """
        self.ensure_one()
        contract = self.contract_id
        if self.is_first_period:
            return contract._get_dates()
        periods = contract._get_next_periods(1)
        chosen = self.date_start > (contract.date_end or self.date_start)
        if not periods or (contract.state == "suspended" and chosen):
            return self.date_start, self.date_end
        return periods[0]

    def _refresh_draft(self):
        """Bring draft invoices up to date with contract, fee and taxes.

        To be called as superuser, after a check of who may.
        """
        for renewal in self:
            contract = renewal.contract_id.with_company(renewal.company_id)
            renewal.amount = renewal._get_fee_now()
            renewal.date_start, renewal.date_end = renewal._get_dates_now()
            values = contract._prepare_renewal_invoice_values(renewal)
            lines = values.pop("invoice_line_ids")
            for name in ("move_type", "company_id", "currency_id", "journal_id"):
                values.pop(name, None)
            renewal.move_id.write(
                {
                    **values,
                    # what a person added stays
                    "invoice_line_ids": [
                        *(
                            fields.Command.delete(line.id)
                            for line in renewal.move_id.invoice_line_ids
                            if line.service_date_start
                        ),
                        *lines,
                    ],
                }
            )

    # === PAYMENT === #

    def _get_settled(self):
        """Return the posted periods whose invoice counts as paid.

        Paid or in payment; blocked with nothing left to pay; or, where the company says
        so, with an open rest of at most n % (withholding tax). Where the company renews
        on posting, every posted one.
        """
        return self.filtered(
            lambda renewal: (
                renewal.state == "posted"
                and renewal.move_id.state == "posted"
                and (
                    renewal.company_id.service_renew_on == "posting"
                    or renewal.move_id._is_service_paid()
                )
            )
        )

    def _renew_or_leave(self):
        """Renew the contracts of settled periods; what fails is left to the nightly
        job, which tells a person. Never raises.
        """
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self._renew_settled()
        except Exception:
            if len(self) > 1:
                half = len(self) // 2
                self[:half]._renew_or_leave()
                self[half:]._renew_or_leave()
                return
            _logger.info("%s is left to the nightly job", self, exc_info=True)

    def _renew_settled(self):
        """Renew what these periods pay for; the first period of a contract renews
        nothing.
        """
        first = self.filtered("is_first_period")
        first._set_state("renewed")
        (self - first).contract_id._renew()
        # also where the next period was there before its invoice was paid
        self._set_state("renewed")

    @api.model
    def _find_settled(self, after=0, limit=200):
        """Return posted periods whose invoice may be settled, though no hook told so.

        Begins with the few periods that wait for a payment, and reads of invoices
        nothing but theirs. :meth:`_get_settled` decides to the last cent.

        :param after: id of the last one that was looked at
        """
        self.flush_model(["state", "move_id"])
        self.env["account.move"].flush_model(
            ["state", "payment_state", "amount_residual", "amount_total"]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT renewal.id
                  FROM service_renewal renewal
                  JOIN account_move move ON move.id = renewal.move_id
                  JOIN res_company company ON company.id = renewal.company_id
                  JOIN res_currency currency ON currency.id = move.currency_id
                  JOIN service_contract contract ON contract.id = renewal.contract_id
                 WHERE renewal.state = 'posted'
                   AND renewal.id > %s
                   AND move.state = 'posted'
                   AND (contract.job_retry_at IS NULL OR contract.job_retry_at <= %s
                        OR contract.job_work IS DISTINCT FROM '_renew_by_job')
                   AND (company.service_renew_on = 'posting'
                        OR move.payment_state IN ('paid', 'in_payment')
                        OR (move.payment_state = 'blocked'
                            AND move.amount_residual < currency.rounding)
                        OR (move.payment_state = 'partial'
                            AND company.service_paid_enough > 0
                            AND move.amount_residual <= currency.rounding
                                + move.amount_total
                                * company.service_paid_enough / 100))
                 ORDER BY renewal.id
                 LIMIT %s
                """,
                after,
                fields.Datetime.now(),
                limit,
            )
        )
        return self.browse([renewal for (renewal,) in rows])
