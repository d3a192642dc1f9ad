from datetime import date

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common_money import MoneyCommon


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
