from odoo import fields
from odoo.tests import tagged

from .cases_billing_can import BillingCan
from .cases_billing_can_not import BillingCanNot
from .cases_billing_forges_nothing import BillingForgesNothing
from .cases_other_roles import OtherRoles
from .common_billing import BillingCommon


class BillingOfManyCompanies:
    """What is billed is of the contract's company, wherever the user stands."""

    def test_the_contract_s_company_decides(self):
        tax_a, tax_b = (
            self.env["account.tax"]
            .with_company(company)
            .create(
                {
                    "name": f"Tax of {company.name}",
                    "amount": rate,
                    "type_tax_use": "sale",
                    "company_id": company.id,
                    "country_id": company.account_fiscal_country_id.id,
                }
            )
            for company, rate in ((self.company_a, 7), (self.company_b, 10))
        )
        self.fee_product.taxes_id = tax_a | tax_b
        foreign = self._make_contract(
            self.acme,
            activate=True,
            company_id=self.company_b.id,
            currency_id=self.currency_b.id,
        )
        own = self._make_contract(self.acme, activate=True)
        person = self.roles["billing_of_both"]
        for company in self.company_a | self.company_b:
            env = self._env(
                "billing_of_both",
                allowed_company_ids=[
                    company.id,
                    *(person.company_ids - company).ids,
                ],
            )
            with self.subTest(company=company.name), self.env.cr.savepoint() as point:
                mine = env["service.contract"].browse((own | foreign).ids)
                action = mine.action_issue_renewal()
                dialog = env[action["res_model"]].browse(action["res_id"])
                dialog.action_issue_portion(dialog.line_ids.ids, True)
                for contract, tax in ((own, tax_a), (foreign, tax_b)):
                    move = contract._get_live_renewal().move_id
                    self.assertEqual(move.state, "posted")
                    self.assertEqual(move.company_id, contract.company_id)
                    self.assertEqual(move.journal_id.company_id, contract.company_id)
                    self.assertEqual(move.currency_id, contract.currency_id)
                    self.assertEqual(move.invoice_line_ids.tax_ids, tax)
                    accounts = move.line_ids.account_id
                    self.assertEqual(accounts.company_ids, contract.company_id)
                    row = dialog.line_ids.filtered(
                        lambda line, c=contract: line.contract_id.id == c.id
                    )
                    self.assertEqual(row.amount_total, move.amount_total)
                point.rollback()
                self.env.invalidate_all(flush=False)

    def test_services_of_two_companies_make_two_invoices(self):
        uses = self._make_billable_use() | self._make_billable_use(self.foreign)
        env = self._env("billing_of_both")
        env["service.contract.usage"].browse(uses.ids).action_bill()
        for use in uses:
            move = use.billing_move_id
            self.assertEqual(move.company_id, use.contract_id.company_id)
            self.assertEqual(move.journal_id.company_id, use.contract_id.company_id)

    def test_only_the_companies_one_stands_in(self):
        """Both are allowed, one is ticked in the company switcher."""
        env = self._env("billing_of_both", allowed_company_ids=self.company_a.ids)
        foreign = env["service.contract"].browse(self.foreign.id)
        self.assertTrue(self._refused(foreign.action_issue_renewal))
        self.assertFalse(
            env["account.move"].search([("id", "=", self.foreign_posted.id)])
        )
        self.assertTrue(fields.Date.today())


@tagged("post_install", "-at_install")
class TestBilling(
    BillingCan,
    BillingCanNot,
    BillingForgesNothing,
    OtherRoles,
    BillingOfManyCompanies,
    BillingCommon,
):
    """All of them on the same ground, which takes seconds to make."""
