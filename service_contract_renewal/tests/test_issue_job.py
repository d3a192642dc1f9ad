from datetime import date, datetime, timedelta

from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common_renewal_jobs import BILL, JOB_LOGGER, NOW, PROBLEM, RenewalJobsCommon


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestIssueJob(RenewalJobsCommon):
    """Every night the job marks what is due, and makes the invoices that it is told."""

    def test_what_is_on_hold_is_due_and_lapses_too(self):
        contract = self._make_renewable()
        with freeze_time("2026-06-01 03:00:00"):
            contract.action_suspend()
        self._run(self.issue_job)
        self.assertEqual(contract.renewal_state, "due")
        self._run(self.issue_job, at="2026-12-31 16:59:00")
        self.assertEqual(contract.renewal_state, "due")
        self._run(self.issue_job, at="2026-12-31 17:01:00")
        self.assertEqual(contract.renewal_state, "lapsed")
        self.assertEqual(contract.state, "suspended")

    def _count(self, contracts):
        return len(contracts.renewal_ids.filtered(lambda row: row.state != "freed"))

    def test_a_renewal_becomes_due_so_many_days_before_the_end(self):
        self.company.service_renewal_due_days = 30
        contract = self._make_renewable()
        self._run(self.issue_job, "2026-11-30 03:00:00")
        self.assertEqual(contract.renewal_state, "none")
        self._run(self.issue_job, "2026-12-01 03:00:00")
        self.assertEqual(contract.renewal_state, "due")
        self.assertFalse(contract.renewal_ids, "the invoice is left to people")

    def test_a_night_without_a_run_loses_nothing(self):
        contract = self._make_renewable()
        self.company.service_invoice_days_before = 30
        self._run(self.issue_job, "2026-12-20 03:00:00")
        self.assertEqual(self._count(contract), 1)

    def test_drafts_are_made_so_many_local_days_before_the_end(self):
        self.company.service_invoice_days_before = 30
        bangkok = self._make_renewable()
        brussels = self._make_renewable(tz="Europe/Brussels")
        self._run(self.issue_job, "2026-11-30 16:59:00")
        self.assertFalse(bangkok.renewal_ids | brussels.renewal_ids)
        self._run(self.issue_job, "2026-11-30 17:00:00")
        self.assertEqual((self._count(bangkok), self._count(brussels)), (1, 0))
        self._run(self.issue_job, "2026-11-30 23:00:00")
        self.assertEqual(self._count(brussels), 1)

    def test_a_draft_comes_with_one_task_for_billing(self):
        self.company.service_invoice_days_before = 60
        contract = self._make_renewable()
        self._run(self.issue_job)
        move = contract._get_live_renewal().move_id
        self.assertEqual(move.state, "draft")
        self.assertEqual(contract.renewal_state, "due", "nobody has decided")
        task = contract.activity_search([BILL])
        self.assertEqual((len(task), task.user_id), (1, self.billing))
        move.with_user(self.billing).action_service_post()
        self.assertFalse(contract.activity_search([BILL]))

    def test_ten_runs_a_day_make_one(self):
        self.company.service_invoice_days_before = 60
        contracts = self._make_renewable() | self._make_renewable()
        for hour in range(10):
            self._run(self.issue_job, f"2026-11-20 {hour:02d}:00:00")
        self.assertEqual(self._count(contracts), 2)
        self.assertEqual(
            self.env["account.move"].search_count(
                [("service_contract_id", "in", contracts.ids)]
            ),
            2,
        )
        self.assertEqual(len(contracts.activity_search([BILL])), 2)

    def test_each_company_has_its_own_days_and_posts_or_not(self):
        other = self.setup_other_company(name="Branch")["company"]
        other.service_fee_product_id = self.fee_product
        here = self._make_renewable()
        there = self._make_renewable(company_id=other.id, tz="Asia/Bangkok")
        other.write({"service_invoice_days_before": 60, "service_invoice_post": True})
        self._run(self.issue_job)
        self.assertFalse(here.renewal_ids, "0 days: people make them")
        move = there._get_live_renewal().move_id
        self.assertEqual((move.state, move.company_id), ("posted", other))
        self.assertEqual(there.renewal_state, "invoiced")
        self.assertFalse(there.activity_search([BILL]), "nothing is left to do")
        self.company.service_invoice_days_before = 60
        self._run(self.issue_job)
        self.assertEqual(here._get_live_renewal().move_id.state, "draft")

    def test_a_contract_on_hold_waits(self):
        self.company.service_invoice_days_before = 60
        contract = self._make_renewable()
        contract.sudo().reminder_hold_until = "2026-12-01"
        self._run(self.issue_job, "2026-11-30 03:00:00")
        self.assertFalse(contract.renewal_ids)
        self._run(self.issue_job, "2026-12-01 03:00:00")
        self.assertEqual(self._count(contract), 1)

    def test_who_declined_or_has_no_renewal_gets_no_invoice(self):
        self.company.service_invoice_days_before = 60
        declined = self._make_renewable()
        declined.action_renewal_decline(self.reason)
        fixed = self._make_renewable(renewable=False)
        endless = self._make_renewable(term_count=0)
        self._run(self.issue_job)
        self.assertFalse((declined | fixed | endless).renewal_ids)

    def test_where_the_company_renews_on_posting_the_job_renews(self):
        self.company.write(
            {
                "service_invoice_days_before": 60,
                "service_invoice_post": True,
                "service_renew_on": "posting",
            }
        )
        contract = self._make_renewable()
        self._run(self.issue_job)
        self.assertEqual(contract.successor_id.state, "active")
        self.assertEqual(contract.successor_id.date_start, date(2027, 1, 1))
        self.assertEqual(contract._get_live_renewal().move_id.payment_state, "not_paid")


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestBrokenContracts(RenewalJobsCommon):
    """Five contracts can't be billed, each for another reason; the others are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        data = cls.setup_other_company(name="Branch")
        cls.branch = data["company"]
        branch_journal = data["default_journal_sale"].copy({"name": "Service"})
        cls.branch.write(
            {
                "service_fee_product_id": cls.fee_product.id,
                "service_invoice_days_before": 60,
                "service_journal_id": branch_journal.id,
            }
        )
        cls.company.service_invoice_days_before = 60
        cls.good = cls.env["service.contract"].union(
            *[cls._make_renewable() for _n in range(6)]
        )
        # a branch whose journal was closed
        cls.no_journal = cls._make_renewable(company_id=cls.branch.id)
        branch_journal.active = False
        # a fee product without an account, in a journal that has none either
        category = cls.env["product.category"].create({"name": "Unaccounted"})
        category.property_account_income_categ_id = False
        cls.company.income_account_id = False
        cls.unaccounted = cls._make_product("Unaccounted service", "service")
        cls.unaccounted.categ_id = category
        cls.company_data["default_journal_sale"].default_account_id = False
        income = cls.company_data["default_account_revenue"]
        cls.fee_product.property_account_income_id = income
        cls.no_account = cls._make_renewable(renewal_product_id=cls.unaccounted.id)
        # a fee product that is no longer sold
        cls.gone = cls._make_product("Old service", "service")
        cls.gone.property_account_income_id = income
        cls.archived = cls._make_renewable(renewal_product_id=cls.gone.id)
        cls.gone.active = False
        # a fee product that an import gave to the branch, with the branch's tax
        cls.taxed_there = cls._make_product("Branch service", "service")
        cls.taxed_there.property_account_income_id = income
        cls.taxed_there.taxes_id = data["default_tax_sale"]
        cls.other_tax = cls._make_renewable(renewal_product_id=cls.taxed_there.id)
        cls._give_to(cls.branch)
        # a currency that was switched off
        cls.crown = cls.env.ref("base.ISK")
        cls.crown.active = True
        cls.no_currency = cls._make_renewable(currency_id=cls.crown.id)
        cls.crown.active = False
        cls.env.flush_all()
        cls.reasons = {
            cls.no_journal: "is archived",
            cls.no_account: "has no income account",
            cls.archived: "is archived",
            cls.other_tax: "belongs to another company",
            cls.no_currency: "is switched off",
        }
        cls.broken = cls.env["service.contract"].union(*cls.reasons)

    @classmethod
    def _give_to(cls, company):
        """No form lets a product change its company while contracts use it."""
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE product_template SET company_id = %s WHERE id = %s",
            [company.id or None, cls.taxed_there.product_tmpl_id.id],
        )
        cls.env.invalidate_all()

    def _issue_all(self, at=NOW):
        with mute_logger(JOB_LOGGER):
            self._run(self.issue_job, at)

    def test_the_others_are_billed_and_each_broken_one_says_why(self):
        self._issue_all()
        for contract in self.good:
            self.assertEqual(contract._get_live_renewal().move_id.state, "draft")
            self.assertFalse(contract.job_error)
        for contract, reason in self.reasons.items():
            self.assertFalse(contract.renewal_ids, reason)
            self.assertIn(reason, contract.job_error)
            self.assertIn(contract.name, contract.job_error)
            activity = contract.activity_search([PROBLEM])
            self.assertEqual(len(activity), 1)
            self.assertIn(reason, activity.note)

    def test_after_twenty_nights_there_is_still_one_activity_each(self):
        for day in range(20):
            at = datetime(2026, 11, 20, 3) + timedelta(days=day)
            self._issue_all(at.strftime("%Y-%m-%d %H:%M:%S"))
        for contract in self.broken:
            self.assertEqual(len(contract.activity_search([PROBLEM])), 1)
        self.assertEqual(len(self.good.renewal_ids), len(self.good))

    def test_what_was_mended_is_billed_the_next_night_and_the_problem_is_gone(self):
        self._issue_all()
        self.branch.service_journal_id.active = True
        self.unaccounted.property_account_income_id = self.company_data[
            "default_account_revenue"
        ]
        self.gone.active = True
        self._give_to(self.branch.browse())
        self.taxed_there.taxes_id = self.company_data["default_tax_sale"]
        self.crown.active = True
        self._issue_all("2026-11-21 03:00:01")
        for contract in self.broken:
            self.assertEqual(contract._get_live_renewal().state, "draft", contract.name)
            self.assertFalse(contract.job_error)
            self.assertFalse(contract.activity_search([PROBLEM]))

    def test_issued_by_hand_the_problem_is_gone_too(self):
        self._issue_all()
        self.gone.active = True
        self._issue(self.archived)
        self.assertFalse(self.archived.job_error)
        self.assertFalse(self.archived.activity_search([PROBLEM]))
