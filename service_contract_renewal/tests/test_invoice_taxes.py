import random

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common_money import AWKWARD, CURRENCIES, MoneyCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestTaxes(MoneyCommon):
    """The untaxed amount of a renewal invoice is the fee, whatever the taxes are."""

    def test_five_currencies_with_tax_on_top(self):
        self.fee_product.taxes_id = self._make_tax(7)
        self._check_currencies()

    def test_five_currencies_with_the_tax_in_the_price(self):
        self.fee_product.taxes_id = self._make_tax(7, included=True)
        self._check_currencies()

    def _check_currencies(self):
        for code, base, percent, fee, tax, total in CURRENCIES:
            with self.subTest(currency=code):
                contract = self._make_renewable(
                    base=base,
                    terms={2: percent},
                    currency_id=self._use_currency(code).id,
                )
                move = self._draft(contract)
                self.assertEqual(move.currency_id.name, code)
                self.assertEqual(
                    [
                        f"{amount:.3f}"
                        for amount in (
                            move.amount_untaxed,
                            move.amount_tax,
                            move.amount_total,
                        )
                    ],
                    [f"{amount:.3f}" for amount in (fee, tax, total)],
                )

    def test_as_an_accountant_would_bill_it_in_plain_odoo(self):
        """Taxes on top: line by line and tax by tax the same as Odoo's own invoice."""
        vat, excise = self._make_tax(7), self._make_tax(3.3)
        group = self._make_tax(
            0,
            amount_type="group",
            children_tax_ids=[Command.set((vat | excise).ids)],
        )
        affecting = self._make_tax(10, include_base_amount=True, sequence=0)
        fixed = self._make_tax(2.5, amount_type="fixed")
        for taxes in (vat, vat | excise, group, affecting | vat, fixed | vat):
            self.fee_product.taxes_id = taxes
            for fee in (0.01, 99.99, 12345.67):
                with self.subTest(taxes=taxes.mapped("name"), fee=fee):
                    contract = self._make_of_fee(fee)
                    ours = self._draft(contract)
                    theirs = self._make_plain_invoice(contract, fee)
                    self.assertEqual(ours.amount_untaxed, fee)
                    self.assertEqual(ours.tax_totals, theirs.tax_totals)
                    self.assertEqual(self._get_entry(ours), self._get_entry(theirs))

    def _get_entry(self, move):
        return sorted(
            (line.account_id.code, line.tax_line_id.name or "", line.balance)
            for line in move.line_ids
        )

    def test_seven_percent_in_the_price_of_many_fees(self):
        """Each fee comes back to the cent, and the tax is what it would be on top."""
        randomly = random.Random(20260101)
        fees = AWKWARD + [cents / 100 for cents in range(43, 58)]
        fees += [round(randomly.uniform(1, 10**6), 2) for _n in range(12)]
        contracts = self._make_contracts(fees)
        within, on_top = self._make_tax(7, included=True), self._make_tax(7)
        for method in ("round_globally", "round_per_line"):
            self.company.tax_calculation_rounding_method = method
            self.fee_product.taxes_id = within
            included = self._draft(contracts)
            untaxed, tax = (
                included.mapped("amount_untaxed"),
                included.mapped("amount_tax"),
            )
            included.unlink()
            self.assertEqual(untaxed, fees)
            self.fee_product.taxes_id = on_top
            excluded = self._draft(contracts)
            self.assertEqual(excluded.mapped("amount_untaxed"), fees)
            self.assertEqual(tax, excluded.mapped("amount_tax"))
            excluded.unlink()

    def _make_contracts(self, fees):
        contracts = self.env["service.contract"].create(
            [
                {
                    "partner_id": self.customer.id,
                    "date_start": "2026-01-01",
                    "line_ids": [Command.create({"product_id": self.service_visit.id})],
                    "renewal_base": "manual",
                    "renewal_base_amount": fee,
                    "renewal_term_ids": [Command.create({"cycle": 2, "percent": 100})],
                }
                for fee in fees
            ]
        )
        contracts.action_activate()
        return contracts

    def test_several_taxes_in_the_price(self):
        vat, levy = self._make_tax(7, included=True), self._make_tax(3, included=True)
        on_top = self._make_tax(5)
        withheld = self._make_tax(-3)
        division = self._make_tax(7, included=True, amount_type="division")
        group = self._make_tax(
            0,
            amount_type="group",
            children_tax_ids=[Command.set((vat | levy).ids)],
        )
        chain = self._make_tax(7, included=True, include_base_amount=True, sequence=0)
        mixes = (
            vat | levy,
            vat | on_top,
            vat | withheld,
            division,
            group,
            chain | levy,
        )
        contracts = self._make_contracts(AWKWARD)
        for method in ("round_globally", "round_per_line"):
            self.company.tax_calculation_rounding_method = method
            for taxes in mixes:
                with self.subTest(method=method, taxes=taxes.mapped("name")):
                    self.fee_product.taxes_id = taxes
                    moves = self._draft(contracts)
                    self.assertEqual(moves.mapped("amount_untaxed"), AWKWARD)
                    moves.unlink()

    def test_a_mixed_invoice_by_hand(self):
        """100 + 7 % in the price + 5 % on top = 112."""
        self.fee_product.taxes_id = self._make_tax(7, included=True) | self._make_tax(5)
        move = self._draft(self._make_of_fee(100))
        self.assertEqual(move.invoice_line_ids.price_unit, 107)
        self.assertEqual(
            (move.amount_untaxed, move.amount_tax, move.amount_total), (100, 12, 112)
        )

    def test_a_fiscal_position_maps_the_tax(self):
        """Sold abroad: the tax in the price becomes none, and the fee stays the fee."""
        home = self._make_tax(7, included=True)
        abroad = self.env["account.fiscal.position"].create({"name": "Abroad"})
        self._make_tax(
            0,
            name="Export 0 %",
            fiscal_position_ids=abroad.ids,
            original_tax_ids=home.ids,
        )
        self.fee_product.taxes_id = home
        contract = self._make_of_fee(30000)
        self.assertEqual(self._draft(contract).amount_total, 32100)
        self.customer.property_account_position_id = abroad
        other = self._make_of_fee(30000)
        move = self._draft(other)
        self.assertEqual(move.fiscal_position_id, abroad)
        self.assertEqual(move.invoice_line_ids.tax_ids.name, "Export 0 %")
        self.assertEqual((move.amount_untaxed, move.amount_total), (30000, 30000))

    def test_a_fiscal_position_is_found_by_the_country(self):
        home = self._make_tax(7)
        laos = self.env.ref("base.la")
        abroad = self.env["account.fiscal.position"].create(
            {"name": "Laos", "auto_apply": True, "country_id": laos.id}
        )
        self._make_tax(
            10,
            name="Lao 10 %",
            fiscal_position_ids=abroad.ids,
            original_tax_ids=home.ids,
        )
        self.fee_product.taxes_id = home
        self.customer.country_id = laos
        move = self._draft(self._make_of_fee(100))
        self.assertEqual(move.fiscal_position_id, abroad)
        self.assertEqual(move.amount_total, 110)

    def test_a_fiscal_position_maps_the_account(self):
        home = self.company_data["default_account_revenue"]
        export = home.copy()
        self.customer.property_account_position_id = self.env[
            "account.fiscal.position"
        ].create(
            {
                "name": "Abroad",
                "account_ids": [
                    Command.create(
                        {"account_src_id": home.id, "account_dest_id": export.id}
                    )
                ],
            }
        )
        self.fee_product.property_account_income_id = home
        move = self._draft(self._make_of_fee(100))
        self.assertEqual(move.invoice_line_ids.account_id, export)

    def test_taxes_come_from_the_income_account_where_the_product_has_none(self):
        account = self.company_data["default_account_revenue"].copy()
        for tax in (self._make_tax(7), self._make_tax(7, included=True)):
            account.tax_ids = tax
            self.fee_product.property_account_income_id = account
            contract = self._make_of_fee(30000)
            move = self._draft(contract)
            self.assertEqual(move.invoice_line_ids.tax_ids, tax)
            self.assertEqual((move.amount_untaxed, move.amount_total), (30000, 32100))
            plain = self._make_plain_invoice(contract, 30000)
            self.assertEqual(plain.invoice_line_ids.tax_ids, tax)

    def test_taxes_come_from_the_account_of_the_journal(self):
        """The product has no account at all: Odoo takes the journal's, with its tax."""
        tax = self._make_tax(7)
        journal = self.company_data["default_journal_sale"]
        journal.default_account_id = journal.default_account_id.copy()
        journal.default_account_id.tax_ids = tax
        self.company.service_journal_id = journal
        self._leave_without_account()
        contract = self._make_of_fee(30000)
        move = self._draft(contract)
        self.assertEqual(move.invoice_line_ids.account_id, journal.default_account_id)
        self.assertEqual(move.invoice_line_ids.tax_ids, tax)
        self.assertEqual((move.amount_untaxed, move.amount_total), (30000, 32100))

    def _leave_without_account(self):
        """Take the fee product's income account away, and that of its category."""
        self.fee_product.categ_id = self.env["product.category"].create(
            {"name": "No accounts", "property_account_income_categ_id": False}
        )
        self.fee_product.property_account_income_id = False
        # sudo: the default of a whole company
        company = self.company.sudo()
        if "income_account_id" in company._fields:
            company.income_account_id = False

    def test_taxes_of_other_companies_are_passed_over(self):
        """A product of all companies has the taxes of each."""
        other = self.setup_other_company(name="Elsewhere")
        mine = self._make_tax(7)
        # sudo: an accountant of each company gave it theirs
        self.fee_product.sudo().taxes_id = mine | other["default_tax_sale"]
        move = self._draft(self._make_of_fee(100))
        self.assertEqual(move.invoice_line_ids.tax_ids, mine)
        self.assertEqual(move.amount_total, 107)

    def test_a_product_without_tax_here_may_be_taxed_elsewhere(self):
        """Odoo gives products of all companies the default taxes of the others."""
        other = self.setup_other_company(name="Elsewhere")
        product = self._make_product("Care", "service")
        # sudo: as Odoo does for the other company
        product.sudo().taxes_id = other["default_tax_sale"]
        contract = self._make_of_fee(100, renewal_product_id=product.id)
        move = self._draft(contract)
        self.assertFalse(move.invoice_line_ids.tax_ids)
        plain = self._make_plain_invoice(contract, 100, product)
        self.assertEqual(move.tax_totals, plain.tax_totals)

    def test_the_preview_says_what_the_invoice_will(self):
        for tax in (self._make_tax(7), self._make_tax(7, included=True)):
            self.fee_product.taxes_id = tax
            contract = self._make_of_fee(333.33)
            line = self._open_issue(contract).line_ids
            self.assertEqual(line.amount, 333.33)
            self.assertEqual(line.amount_total, self._draft(contract).amount_total)
