import psycopg2.errors

from odoo import models
from odoo.exceptions import AccessError, ConcurrencyError, UserError
from odoo.fields import Command

from ..tools.roles import BILLING

QUIET = {
    "mail_create_nosubscribe": True,
    "mail_activity_quick_update": True,
}


class ServiceContract(models.Model):
    """Invoices of the next period, made in advance by those who serve."""

    _inherit = "service.contract"

    # === ACTIONS === #

    def action_issue_renewal(self):
        """Show what would be billed for these contracts, before it is.

        :raise AccessError: somebody who isn't of billing asks
        """
        self._check_may_bill()
        return self.env["service.renewal.issue"]._open_for(self)

    def action_issue_first_period(self):
        """Show the invoice of the contracts' own first period, before it is made."""
        self._check_may_bill()
        return self.env["service.renewal.issue"]._open_for(self, first=True)

    # === BUSINESS METHODS === #

    def _check_may_bill(self):
        """Refuse whoever isn't of billing, before anything is done as superuser.

        :raise AccessError: the role is missing, or a contract is out of reach
        """
        if not self.env.su and not self.env.user.has_group(BILLING):
            raise AccessError(
                self.env._("Only people of Service Billing can issue these invoices.")
            )
        self.check_access("write")

    def _create_renewal_invoices(self, date_start=None):
        """Make the draft invoices of the next periods, one for each contract.

        :param date_start: first local date of the next period: the day after the end,
            or today where the contract is suspended; never earlier
        :return: the new ``account.move`` records, in the order of ``self``
        :raise AccessError: somebody who isn't of billing asks
        :raise UserError: a contract can't be billed, naming it and what to mend
        :raise ConcurrencyError: somebody else bills the same period; to be tried again
        """
        self._check_may_bill()
        self._stamp_renewal()
        moves = self.env["account.move"]
        for company, contracts in self.grouped("company_id").items():
            # sudo: role and access were checked above; the company is the contract's
            contracts = contracts.sudo().with_company(company)
            moves |= contracts._make_renewal_invoices(date_start=date_start)
        by_contract = {move.service_contract_id.id: move.id for move in moves}
        return moves.browse([by_contract[contract.id] for contract in self]).sudo(
            self.env.su
        )

    def _make_renewal_invoices(self, date_start=None, amounts=None, first=False):
        """Make the draft invoices; to be called as superuser, in one company, after a
        check of who may.

        :param date_start: as in :meth:`_create_renewal_invoices`
        :param amounts: dict contract -> fee that a person typed
        :param first: bill the first period instead of the next one
        :return: the new moves
        """
        amounts = amounts or {}
        rows = []
        for contract in self:
            problem = contract._get_billing_problem(
                first=first, amount=amounts.get(contract), date_start=date_start
            )
            if problem:
                raise UserError(problem)
            cycle = contract.cycle + (not first)
            start, end = (
                contract._get_dates()
                if first
                else contract._get_next_periods(1, date_start)[0]
            )
            fee = amounts.get(contract)
            if fee is None:
                fee = contract._get_renewal_fee(cycle)
            rows.append(
                {
                    "contract_id": contract.id,
                    "cycle": cycle,
                    "date_start": start,
                    "date_end": end,
                    "amount": contract.currency_id.round(fee),
                    "is_typed": contract._is_other_fee(cycle, amounts.get(contract)),
                }
            )
        try:
            renewals = self.env["service.renewal"].create(rows)
            renewals.flush_recordset()
        except psycopg2.errors.UniqueViolation as error:
            raise ConcurrencyError("The same periods are billed just now") from error
        moves = (
            self.env["account.move"]
            .with_context(**QUIET)
            .create(
                [
                    contract._prepare_renewal_invoice_values(renewal)
                    for contract, renewal in zip(self, renewals, strict=True)
                ]
            )
        )
        for renewal, move in zip(renewals, moves, strict=True):
            renewal.move_id = move
        return moves

    def _is_other_fee(self, cycle, amount):
        """Tell whether ``amount``, typed by a person, isn't what the rows say."""
        fee = self._get_renewal_fee(cycle)
        return amount is not None and (
            fee is None or bool(self.currency_id.compare_amounts(fee, amount))
        )

    def _get_billing_problem(self, first=False, amount=None, date_start=None):
        """Say why the next period can't be billed; empty where it can.

        :param first: the contract's own first period instead
        :param amount: fee that a person typed, or None
        :return: one translated sentence that names the contract and what to mend
        """
        self.ensure_one()
        name = self.display_name
        if first:
            problem = self._get_first_period_problem()
        else:
            problem = self._get_renewal_problem()
        if problem:
            return problem
        cycle = self.cycle + (not first)
        live = self._get_live_renewal(cycle)
        if live:
            return self.env._(
                "Contract %(contract)s: period %(cycle)s is billed already, by invoice "
                "%(invoice)s.",
                contract=name,
                cycle=cycle,
                invoice=live.move_id.display_name or "–",
            )
        if not first and self.renewal_decision == "declined":
            return self.env._(
                "Contract %(contract)s: the customer declined. Take the decision back "
                "first.",
                contract=name,
            )
        if date_start and not first:
            if date_start <= self.date_end:
                return self.env._(
                    "Contract %(contract)s: the next period can't begin before "
                    "%(date)s.",
                    contract=name,
                    date=self._format_day(
                        self._get_next_periods(1)[0][0], self.env.lang
                    ),
                )
            follows = self._get_next_periods(1)[0][0]
            if date_start != follows and self.state != "suspended":
                return self.env._(
                    "Contract %(contract)s: only after a suspension may the next "
                    "period begin later than %(date)s.",
                    contract=name,
                    date=self._format_day(follows, self.env.lang),
                )
        if (
            not first
            and not self.item_ids._get_current()
            and not self._get_renewed_lines()
        ):
            return self.env._(
                "Contract %(contract)s: nothing of it goes on after this period. Let "
                "a service be renewed, or add what is covered.",
                contract=name,
            )
        fee = self._get_renewal_fee(cycle) if amount is None else amount
        if fee is None:
            return self.env._(
                "Contract %(contract)s has no fee for period %(cycle)s: enter one.",
                contract=name,
                cycle=cycle,
            )
        if fee < 0:
            return self.env._(
                "Contract %(contract)s: the fee can't be negative.", contract=name
            )
        return self._get_accounting_problem()

    def _get_first_period_problem(self):
        if self.state in ("draft", "cancelled"):
            return self.env._(
                "Contract %(contract)s isn't in force: activate it before it is "
                "billed.",
                contract=self.display_name,
            )
        if not self.bill_first_period or self.cycle != 1 or not self.date_end:
            return self.env._(
                "Contract %(contract)s: its first period isn't to be billed.",
                contract=self.display_name,
            )
        return ""

    def _get_fee_product(self):
        """Return the product on the invoice: the contract's, else that of the
        settings.
        """
        self.ensure_one()
        return self.renewal_product_id or self.company_id.service_fee_product_id

    def _get_billed_partner(self):
        self.ensure_one()
        return self.partner_invoice_id or self.partner_id

    def _get_accounting_problem(self):
        """Say what is missing in products, accounts, taxes or currency for an
        invoice.
        """
        self.ensure_one()
        product = self._get_fee_product()
        if not product:
            return self.env._(
                "Contract %(contract)s: choose a fee product, on the contract or in "
                "the settings of Service Contracts.",
                contract=self.display_name,
            )
        if not product.active:
            return self.env._(
                "Contract %(contract)s: its fee product %(product)s is archived. "
                "Choose another one.",
                contract=self.display_name,
                product=product.display_name,
            )
        return self._get_invoicing_problem(product)

    def _get_invoicing_problem(self, product):
        """Say what is missing for an invoice of this contract that charges
        ``product``: company, currency, journal, address, account.
        """
        self.ensure_one()
        # sudo: service staff have no right on accounts; it is the contract's company
        contract = self.sudo().with_company(self.company_id)
        company, name = contract.company_id, self.display_name
        product = product.sudo().with_company(company)  # sudo: as above
        if product.company_id and product.company_id not in company.parent_ids:
            return self.env._(
                "Contract %(contract)s: product %(product)s belongs to another company "
                "by now. Choose another one.",
                contract=name,
                product=product.display_name,
            )
        if not contract.currency_id.active:
            return self.env._(
                "Contract %(contract)s: its currency %(currency)s is switched off. An "
                "accountant can switch it on again.",
                contract=name,
                currency=contract.currency_id.name,
            )
        try:
            journal = company._get_service_journal()
        except UserError as error:
            return self.env._(
                "Contract %(contract)s: %(problem)s", contract=name, problem=error
            )
        partner = contract._get_billed_partner()
        if not partner.active:
            return self.env._(
                "Contract %(contract)s: its invoice address %(partner)s is archived.",
                contract=name,
                partner=partner.display_name,
            )
        position = contract._get_fiscal_position()
        income = product.product_tmpl_id.get_product_accounts(position)["income"]
        if not income and not journal.default_account_id:
            return self.env._(
                "Contract %(contract)s: product %(product)s has no income account.",
                contract=name,
                product=product.display_name,
            )
        return ""

    def _get_fiscal_position(self):
        """Return the fiscal position of the invoice address, as Odoo finds it."""
        return (
            self.env["account.fiscal.position"]
            .with_company(self.company_id)
            ._get_fiscal_position(
                self._get_billed_partner(),
                delivery=self.partner_service_id,
            )
        )

    def _prepare_renewal_invoice_values(self, renewal):
        """Hook: the values of the invoice that bills ``renewal``."""
        self.ensure_one()
        return {
            "move_type": "out_invoice",
            "service_billing": "renewal",
            "service_contract_id": self.id,
            "company_id": self.company_id.id,
            "journal_id": self.company_id._get_service_journal().id,
            "currency_id": self.currency_id.id,
            "partner_id": self._get_billed_partner().id,
            "partner_shipping_id": self.partner_service_id.id,
            "invoice_user_id": self.user_id.id,
            "invoice_origin": self.name,
            "ref": self.service_code_display or False,
            "fiscal_position_id": self._get_fiscal_position().id,
            "invoice_line_ids": [
                Command.create(self._prepare_renewal_line_values(renewal))
            ],
        }

    def _prepare_renewal_line_values(self, renewal):
        """Hook: the values of the line that charges the fee of ``renewal``."""
        product = self._get_fee_product()
        taxes = self._get_fee_taxes(product)
        return {
            "product_id": product.id,
            "name": self._get_renewal_line_text(renewal),
            "quantity": 1.0,
            "price_unit": self._get_price_of(product, taxes, renewal.amount),
            "tax_ids": [Command.set(taxes.ids)],
            "service_date_start": renewal.date_start,
            "service_date_end": renewal.date_end,
            **(
                {"analytic_distribution": self.analytic_distribution}
                if self.analytic_distribution
                else {}
            ),
        }

    def _get_renewal_line_text(self, renewal):
        """Return what the invoice line says, in the customer's language."""
        lang = self._get_billed_partner().lang or self.env.lang
        contract = self.with_context(lang=lang)
        text = contract.env._(
            "%(product)s: contract %(contract)s, period %(period)s",
            product=contract._get_fee_product().display_name,
            contract=contract.name,
            period=contract._format_period(renewal.date_start, renewal.date_end, lang),
        )
        if contract.service_code_display:
            text += "\n" + contract.env._(
                "Service ID %(code)s", code=contract.service_code_display
            )
        return text

    def _get_fee_taxes(self, product):
        """Return the taxes of ``product`` on an invoice of this contract, by its
        fiscal position.

        Those of the product, else those of its income account, as Odoo takes them.
        Taxes of other companies are no sign of a mistake: Odoo gives every product of
        all companies the default taxes of the others, also one without tax here.
        """
        self.ensure_one()
        position = self._get_fiscal_position()
        taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        if not taxes:
            income = (
                product.product_tmpl_id.get_product_accounts(position)["income"]
                or self.company_id._get_service_journal().default_account_id
            )
            taxes = income.tax_ids.filtered(
                lambda tax: tax.type_tax_use == "sale"
            )._filter_taxes_by_company(self.company_id)
        return position.map_tax(taxes) if position else taxes

    def _get_price_of(self, product, taxes, fee):
        """Return the price of a line of one whose untaxed amount is to be ``fee``.

        Fees are untaxed. Where taxes are included in the price, the price is the fee
        with these on top, as Odoo's own tax engine adds them.
        """
        self.ensure_one()
        if not any(taxes.flatten_taxes_hierarchy().mapped("price_include")):
            return fee
        # Rounded tax by tax, also where the company rounds globally: only such a price
        # gives the fee back, to the cent, with several taxes in it.
        details = taxes._get_tax_details(
            fee,
            1.0,
            precision_rounding=self.currency_id.rounding,
            rounding_method="round_per_line",
            product=product,
            special_mode="total_excluded",
        )
        included = sum(
            data["tax_amount"]
            for data in details["taxes_data"]
            if data["tax"].price_include
        )
        return self.currency_id.round(fee + included)
