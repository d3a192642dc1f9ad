import random
from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import RenewalCommon

# currency, base, percent -> fee, 7 % of it, together; worked out by hand
CURRENCIES = [
    ("THB", 99999.99, 30, 30000.00, 2100.00, 32100.00),  # 29,999.997
    ("USD", 1234.56, 30, 370.37, 25.93, 396.30),  # 370.368; 25.9259
    ("EUR", 333.33, 12.5, 41.67, 2.92, 44.59),  # 41.66625; 2.9169
    ("JPY", 123456, 30, 37037, 2593, 39630),  # 37,036.8; 2,592.59
    ("BHD", 1234.567, 30, 370.370, 25.926, 396.296),  # 370.3701; 25.9259
]

# fees for which a price with 7 % in it is awkward: the tax ends just at or beside half
# a cent, or the fee is tiny or huge
AWKWARD = [
    0.01, 0.07, 0.08, 0.14, 0.50, 1.07, 1.50, 3.57, 10.07, 11.49, 11.50, 11.51,
    99.99, 100.07, 333.33, 1234.56, 2804.67, 9345.79, 12149.53, 99999.99,
    123456.78, 7777777.77, 98765432.10,
]  # fmt: skip


class MoneyCommon(RenewalCommon):
    """Ways to make taxes, and to bill a contract of any fee."""

    @classmethod
    def _make_tax(cls, amount, included=False, **values):
        return cls.env["account.tax"].create(
            {
                "name": f"{amount} {'in' if included else 'on'} {len(values)}",
                "amount": amount,
                "price_include_override": (
                    "tax_included" if included else "tax_excluded"
                ),
                **values,
            }
        )

    def _use_currency(self, code):
        currency = self.env.ref(f"base.{code}")
        currency.active = True
        return currency

    def _draft(self, contract, **options):
        """Return the draft invoice of the next period, made by somebody of billing."""
        moves = contract.with_user(self.billing)._create_renewal_invoices(**options)
        return moves.with_user(self.env.user)

    def _make_of_fee(self, fee, **values):
        """Make a running contract whose next period costs ``fee``."""
        return self._make_renewable(base=fee, terms={2: 100}, **values)

    def _make_plain_invoice(self, contract, price, product=None):
        """Return the invoice that an accountant would make by hand in plain Odoo."""
        return self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": contract.partner_id.id,
                "currency_id": contract.currency_id.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": (product or self.fee_product).id,
                            "price_unit": price,
                        }
                    )
                ],
            }
        )

    def _open_issue(self, contracts, first=False):
        name = "action_issue_first_period" if first else "action_issue_renewal"
        action = getattr(contracts.with_user(self.billing), name)()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        return wizard.with_user(self.billing)


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


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestPaidInPart(MoneyCommon):
    """Withholding and cash-basis taxes on the fee: ordinary invoices, ordinary ends."""

    def test_a_withheld_tax_on_the_invoice(self):
        """30,000 + 7 % VAT − 3 % withheld = 31,200, and paying that renews."""
        self.fee_product.taxes_id = self._make_tax(7) | self._make_tax(-3)
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self.assertEqual(
            (move.amount_untaxed, move.amount_tax, move.amount_total),
            (30000, 1200, 31200),
        )
        self._pay(move)
        self.assertTrue(contract.successor_id)

    def test_a_tax_withheld_at_payment_is_paid_enough(self):
        """32,100 billed, 900 withheld: 2.8 % stay open until the certificate comes."""
        self.fee_product.taxes_id = self._make_tax(7)
        self.company.service_paid_enough = 3
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self._pay(move, amount=31200)
        self.assertEqual(move.payment_state, "partial")
        self.assertEqual(move.amount_residual, 900)
        self.assertTrue(contract.successor_id)
        self.assertEqual(contract.renewal_state, "renewed")

    def test_a_rest_beyond_paid_enough_is_not(self):
        self.company.service_paid_enough = 3
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self._pay(move, amount=29000)  # 3.3 % stay open
        self.assertFalse(contract.successor_id)
        self._pay(move, amount=100)  # exactly 3 %
        self.assertTrue(contract.successor_id)

    def test_without_the_setting_the_rest_must_be_written_off(self):
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self._pay(move, amount=29100)
        self.assertFalse(contract.successor_id)
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create(
                {
                    "payment_date": "2026-11-20",
                    "amount": 1,
                    "payment_difference_handling": "reconcile",
                    "writeoff_account_id": (
                        self.company_data["default_account_expense"].id
                    ),
                }
            )
        )
        wizard._create_payments()
        self.assertTrue(contract.successor_id)

    def test_a_cash_basis_tax_becomes_due_with_the_payment(self):
        self.company.tax_exigibility = True
        waiting, due = self.env["account.account"].create(
            [
                {
                    "code": f"TAX{number}",
                    "name": name,
                    "account_type": "liability_current",
                    "reconcile": True,
                }
                for number, name in enumerate(("VAT not due yet", "VAT due"))
            ]
        )
        tax = self._make_tax(
            7,
            tax_exigibility="on_payment",
            cash_basis_transition_account_id=waiting.id,
        )
        tax.invoice_repartition_line_ids[-1].account_id = due
        self.fee_product.taxes_id = tax
        contract = self._make_of_fee(30000)
        move = self._issue(contract)
        self.assertEqual(move.amount_total, 32100)
        tax_line = move.line_ids.filtered("tax_line_id")
        self.assertEqual((tax_line.account_id, tax_line.balance), (waiting, -2100))
        self._pay(move)
        self.assertTrue(contract.successor_id)
        entry = move.tax_cash_basis_created_move_ids
        self.assertEqual(entry.state, "posted")
        booked = {line.account_id: line.balance for line in entry.line_ids}
        self.assertEqual((booked[waiting], booked[due]), (2100, -2100))


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestInvoiceContents(MoneyCommon):
    """An ordinary invoice: whose, where, when due, and what its line says."""

    def test_payment_terms_are_the_customers(self):
        self.customer.property_payment_term_id = self.env.ref(
            "account.account_payment_term_30days"
        )
        move = self._issue(self._make_of_fee(100))
        self.assertEqual(
            move.invoice_payment_term_id, self.customer.property_payment_term_id
        )
        self.assertEqual(move.invoice_date, date(2026, 11, 20))
        self.assertEqual(move.invoice_date_due, date(2026, 12, 20))

    def test_the_journal_of_the_settings_is_used(self):
        journal = self.company_data["default_journal_sale"].copy({"code": "SVC"})
        self.assertNotEqual(
            self._draft(self._make_of_fee(100)).journal_id,
            journal,
        )
        self.company.service_journal_id = journal
        self.assertEqual(self._draft(self._make_of_fee(100)).journal_id, journal)

    def test_analytic_distribution_follows_the_contract(self):
        plan = self.env["account.analytic.plan"].create({"name": "Branches"})
        branch = self.env["account.analytic.account"].create(
            {"name": "Chiang Mai", "plan_id": plan.id}
        )
        contract = self._make_of_fee(100, analytic_distribution={str(branch.id): 100})
        move = self._issue(contract)
        self.assertEqual(
            move.invoice_line_ids.analytic_distribution, {str(branch.id): 100}
        )
        self._pay(move)
        self.assertEqual(
            contract.successor_id.analytic_distribution, {str(branch.id): 100}
        )
        self.assertFalse(
            self._draft(self._make_of_fee(100)).invoice_line_ids.analytic_distribution
        )

    def test_the_invoice_goes_to_the_invoice_address(self):
        office, site = self.env["res.partner"].create(
            [
                {"name": "Head office", "parent_id": self.customer.id},
                {"name": "Beach", "parent_id": self.customer.id, "type": "delivery"},
            ]
        )
        contract = self._make_of_fee(
            100, partner_invoice_id=office.id, partner_service_id=site.id
        )
        move = self._draft(contract)
        self.assertEqual(move.partner_id, office)
        self.assertEqual(move.partner_shipping_id, site)
        self.assertEqual(move.commercial_partner_id, self.customer)

    def test_the_line_says_contract_period_and_service_id(self):
        contract = self._make_of_fee(100)
        move = self._draft(contract)
        line = move.invoice_line_ids
        self.assertEqual(
            line.name,
            f"{self.fee_product.display_name}: contract {contract.name}, period "
            f"01/01/2027 – 12/31/2027\nService ID {contract.service_code_display}",
        )
        self.assertEqual(line.service_date_start, date(2027, 1, 1))
        self.assertEqual(line.service_date_end, date(2027, 12, 31))
        self.assertEqual(move.ref, contract.service_code_display)
        self.assertEqual(move.invoice_origin, contract.name)
        self.assertEqual(move.service_contract_id, contract)

    def test_the_line_is_in_the_language_of_who_pays(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.fee_product.with_context(lang="fr_FR").name = "Contrat d'entretien"
        office = self.env["res.partner"].create(
            {"name": "Siège", "parent_id": self.customer.id, "lang": "fr_FR"}
        )
        contract = self._make_of_fee(100, partner_invoice_id=office.id)
        text = self._draft(contract).invoice_line_ids.name
        self.assertIn("Contrat d'entretien", text)
        self.assertIn("01/01/2027 – 31/12/2027", text)

    def test_thai_dates_count_the_buddhist_era(self):
        self.env["res.lang"]._activate_lang("th_TH")
        self.customer.lang = "th_TH"
        self.company.service_buddhist_dates = True
        leap = self._make_of_fee(100, date_start="2027-03-01")
        self.assertIn("2571", self._draft(leap).invoice_line_ids.name)
        contract = self._make_of_fee(100)
        text = self._draft(contract).invoice_line_ids.name
        self.assertIn("01/01/2570 – 31/12/2570", text)
        self.company.service_buddhist_dates = False
        text = self._draft(self._make_of_fee(100)).invoice_line_ids.name
        self.assertIn("01/01/2027 – 31/12/2027", text)

    def test_the_product_of_the_contract_comes_before_that_of_the_settings(self):
        self.service_phone.taxes_id = self._make_tax(7)
        contract = self._make_of_fee(100, renewal_product_id=self.service_phone.id)
        move = self._draft(contract)
        self.assertEqual(move.invoice_line_ids.product_id, self.service_phone)
        self.assertEqual(move.amount_total, 107)
        self._issue_draft(move)
        self._pay(move)
        self.assertEqual(contract.successor_id.renewal_product_id, self.service_phone)

    def _issue_draft(self, move):
        move.with_user(self.billing).action_service_post()

    # === FIRST PERIOD === #

    def test_the_first_period_is_billed_once_and_renews_nothing(self):
        contract = self._make_renewable(terms={1: 40, 2: 30}, bill_first_period=True)
        wizard = self._open_issue(contract, first=True)
        self.assertEqual(
            (wizard.line_ids.date_start, wizard.line_ids.date_end),
            (date(2026, 1, 1), date(2026, 12, 31)),
        )
        wizard.action_issue()
        move = contract._get_live_renewal(1).move_id
        self.assertEqual((move.state, move.amount_untaxed), ("posted", 40000))
        line = move.invoice_line_ids
        self.assertEqual(
            (line.service_date_start, line.service_date_end),
            (date(2026, 1, 1), date(2026, 12, 31)),
        )
        self.assertEqual(contract.renewal_state, "none")
        self._pay(move)
        self.assertFalse(contract.successor_id)
        self.assertEqual(contract.renewal_state, "none")
        self.assertEqual(contract._get_live_renewal(1).state, "renewed")
        again = self._open_issue(contract, first=True)
        self.assertIn("billed already", again.line_ids.problem)
        with self.assertRaises(UserError):
            again.action_issue()
        # the next one is billed as ever
        second = self._issue(contract)
        self.assertEqual(second.amount_untaxed, 30000)
        self._pay(second)
        successor = contract.successor_id
        self.assertFalse(successor.bill_first_period)
        self.assertIn(
            "isn't to be billed",
            self._open_issue(successor, first=True).line_ids.problem,
        )

    def test_a_first_period_that_was_part_of_the_sale_is_not_billed(self):
        contract = self._make_renewable(terms={1: 40, 2: 30})
        wizard = self._open_issue(contract, first=True)
        self.assertIn("isn't to be billed", wizard.line_ids.problem)
        with self.assertRaises(UserError):
            wizard.action_issue()
        self.assertFalse(contract.renewal_ids)

    # === ASKED FOR === #

    def test_where_no_row_says_the_fee_a_person_enters_it(self):
        contract = self._make_renewable(terms={})
        with self.assertRaisesRegex(UserError, "no fee for period 2: enter one"):
            self._draft(contract)
        wizard = self._open_issue(contract)
        self.assertIn("enter one", wizard.line_ids.problem)
        with self.assertRaisesRegex(UserError, "None of these"):
            wizard.action_issue()
        wizard.line_ids.amount = 1234.567
        self.assertFalse(wizard.line_ids.problem)
        wizard.action_issue()
        move = contract._get_live_renewal().move_id
        self.assertEqual(move.amount_untaxed, 1234.57)
        self.assertEqual(move.state, "posted")
        self._pay(move)
        self.assertFalse(contract.successor_id.has_renewal_fee)

    def test_a_negative_amount_is_refused(self):
        contract = self._make_renewable(terms={})
        wizard = self._open_issue(contract)
        wizard.line_ids.amount = -1
        self.assertIn("can't be negative", wizard.line_ids.problem)

    def test_a_negative_base_bills_nothing(self):
        contract = self._make_renewable(base=-100)
        with self.assertRaisesRegex(UserError, "can't be negative"):
            self._draft(contract)


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestBadInput(MoneyCommon):
    """What stands in the way is named, with the contract; nothing is left behind."""

    def _assert_refused(self, contract, reason, **options):
        with self.assertRaisesRegex(UserError, reason) as caught:
            self._draft(contract, **options)
        self.assertIn(contract.name, str(caught.exception))
        self.assertFalse(contract.renewal_ids)
        self.assertIn(contract.name, self._open_issue(contract).line_ids.problem or "")

    def test_an_archived_product(self):
        contract = self._make_of_fee(100)
        self.fee_product.active = False
        self._assert_refused(contract, "is archived")

    def test_no_product_at_all(self):
        contract = self._make_of_fee(100)
        self.company.service_fee_product_id = False
        self._assert_refused(contract, "choose a fee product")

    def test_a_product_that_went_to_another_company(self):
        contract = self._make_of_fee(100)
        other = self.setup_other_company(name="Elsewhere")["company"]
        self._move_product(other)
        self._assert_refused(contract, "belongs to another company")

    @mute_logger("odoo.models")
    def _move_product(self, company):
        """Give the fee product to another company, as by an import: no form lets
        anybody do so while it is used.
        """
        self.env.cr.execute(
            "UPDATE product_template SET company_id = %s WHERE id = %s",
            [company.id, self.fee_product.product_tmpl_id.id],
        )
        self.env.invalidate_all()

    def test_an_archived_journal(self):
        contract = self._make_of_fee(100)
        journal = self.company_data["default_journal_sale"].copy({"code": "SVC"})
        self.company.service_journal_id = journal
        journal.active = False
        self._assert_refused(contract, "is archived: choose another one")

    def test_no_income_account(self):
        contract = self._make_of_fee(100)
        self.fee_product.categ_id = self.env["product.category"].create(
            {"name": "No accounts", "property_account_income_categ_id": False}
        )
        if "income_account_id" in self.company._fields:
            self.company.sudo().income_account_id = False  # sudo: a company's default
        self.company_data["default_journal_sale"].default_account_id = False
        self._assert_refused(contract, "no income account")

    def test_a_currency_that_was_switched_off(self):
        euro = self._use_currency("EUR")
        contract = self._make_of_fee(100, currency_id=euro.id)
        euro.active = False
        self._assert_refused(contract, "EUR is switched off")

    def test_an_archived_invoice_address(self):
        office = self.env["res.partner"].create(
            {"name": "Old office", "parent_id": self.customer.id}
        )
        contract = self._make_of_fee(100, partner_invoice_id=office.id)
        office.active = False
        self._assert_refused(contract, "Old office is archived")

    def test_a_start_before_the_end(self):
        contract = self._make_of_fee(100)
        for day in (date(2026, 12, 31), date(2026, 1, 1)):
            with self.assertRaisesRegex(UserError, "can't begin before 01/01/2027"):
                self._draft(contract, date_start=day)
        self.assertFalse(contract.renewal_ids)

    def test_a_gap_only_after_a_suspension(self):
        contract = self._make_of_fee(100)
        with self.assertRaisesRegex(UserError, "only after a suspension"):
            self._draft(contract, date_start=date(2027, 2, 1))
        contract.action_suspend(reason="not_renewed")
        with freeze_time("2027-02-01 03:00:00"):
            move = self._draft(contract, date_start=date(2027, 2, 1))
        line = move.invoice_line_ids
        self.assertEqual(
            (line.service_date_start, line.service_date_end),
            (date(2027, 2, 1), date(2028, 1, 31)),
        )
        self.assertEqual(move.amount_untaxed, 100)
        self.assertEqual(contract.date_end, date(2026, 12, 31))

    def test_one_broken_contract_of_a_batch_names_itself(self):
        good = self._make_of_fee(100)
        bad = self._make_renewable(terms={})
        with self.assertRaisesRegex(UserError, bad.name):
            self._draft(good | bad)
        self.assertFalse((good | bad).renewal_ids)
        wizard = self._open_issue(good | bad)
        self.assertEqual((wizard.ready_count, wizard.problem_count), (1, 1))
        wizard.action_make_drafts()
        self.assertEqual(good._get_live_renewal().move_id.amount_untaxed, 100)
        self.assertFalse(bad.renewal_ids)

    def test_a_fee_in_another_currency_than_the_companys(self):
        """The invoice is in the contract's currency, its entry in the company's."""
        euro = self._use_currency("EUR")
        if self.company.currency_id == euro:
            euro = self._use_currency("USD")
        self.env["res.currency.rate"].create(
            {
                "currency_id": euro.id,
                "name": "2026-01-01",
                "rate": 0.5,
                "company_id": self.company.id,
            }
        )
        move = self._issue(self._make_of_fee(100, currency_id=euro.id))
        self.assertEqual((move.currency_id, move.amount_untaxed), (euro, 100))
        self.assertEqual(move.invoice_line_ids.balance, -200)
