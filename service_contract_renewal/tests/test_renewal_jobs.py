from datetime import date, datetime, timedelta

from odoo import fields
from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..models import service_contract_jobs
from .common import RenewalCommon

JOB_LOGGER = "odoo.addons.service_contract.models.service_job_mixin"
BILL = "service_contract_renewal.mail_activity_type_bill"
MONEY = "service_contract_renewal.mail_activity_type_money"
PROBLEM = "service_contract.mail_activity_type_job_error"
NOW = "2026-11-20 03:00:00"  # ten in the morning in Bangkok


class RenewalJobsCommon(RenewalCommon):
    """Runs the jobs as the server does, at a time of one's choice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issue_job = cls.env.ref("service_contract_renewal.ir_cron_issue_invoices")
        cls.paid_job = cls.env.ref("service_contract_renewal.ir_cron_renew_paid")
        cls.expiry_job = cls.env.ref("service_contract.ir_cron_expire_contracts")

    def _run(self, job, at=NOW):
        self.env.flush_all()
        with freeze_time(at), self.enter_registry_test_mode():
            job.method_direct_trigger()
        self.env.invalidate_all()

    def _bank_line(self, amount):
        """Make a line of a bank statement, as it is imported."""
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": "2026-11-20",
                "payment_ref": "Baan Suan Hotel",
                "partner_id": self.customer.id,
                "amount": amount,
            }
        )

    def _match(self, bank_line, move):
        """Reconcile a bank line with an invoice, as the accountant does."""
        _liquidity, suspense, _other = bank_line._seek_for_lines()
        receivable = self._receivable(move)
        suspense.write({"account_id": receivable.account_id.id})
        (suspense | receivable).reconcile()

    def _receivable(self, move):
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )

    def _reverse(self, move, post=True, **values):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": "2026-11-20"})
        )
        action = wizard.reverse_moves()
        credit = self.env["account.move"].browse(action["res_id"])
        if values:
            credit.invoice_line_ids.write(values)
        if post:
            credit.action_post()
            (self._receivable(credit) | self._receivable(move)).filtered(
                lambda line: not line.reconciled
            ).reconcile()
        return credit


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


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestSettled(RenewalJobsCommon):
    """However an invoice is settled, the contract is renewed: at once, or by the job
    where Odoo tells nobody.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._make_renewable()

    def _assert_renewed(self, contract, move):
        self.assertEqual(contract.renewal_state, "renewed")
        self.assertEqual(len(contract.successor_ids), 1)
        self.assertEqual(contract.successor_id.state, "active")
        self.assertEqual(
            (contract.successor_id.date_start, contract.successor_id.date_end),
            (date(2027, 1, 1), date(2027, 12, 31)),
        )
        self.assertEqual(contract._get_live_renewal().state, "renewed")
        self.assertEqual(contract._get_live_renewal().move_id, move)

    def _sweep_changes_nothing(self, contract):
        successor = contract.successor_ids
        self._run(self.paid_job)
        self._run(self.paid_job)
        self.assertEqual(contract.successor_ids, successor)

    def test_a_part_and_then_the_rest(self):
        move = self._issue(self.contract)
        self._pay(move, 10000)
        self.assertEqual(move.payment_state, "partial")
        self._run(self.paid_job)
        self.assertFalse(self.contract.successor_id)
        self._pay(move)
        self._assert_renewed(self.contract, move)
        self._sweep_changes_nothing(self.contract)

    def test_two_invoices_in_one_payment(self):
        other = self._make_renewable()
        moves = self._issue(self.contract) | self._issue(other)
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"group_payment": True})
        )
        wizard._create_payments()
        self._assert_renewed(self.contract, moves[0])
        self._assert_renewed(other, moves[1])

    def test_the_bank_pays_the_match_is_undone_and_made_again(self):
        move = self._issue(self.contract)
        line = self._bank_line(30000)
        self._match(line, move)
        self._assert_renewed(self.contract, move)
        successor = self.contract.successor_id
        line.action_undo_reconciliation()
        self.assertEqual(move.payment_state, "not_paid")
        self.assertEqual(self.contract.successor_id, successor)
        self.assertEqual(successor.state, "active")
        self.assertEqual(len(self.contract.activity_search([MONEY])), 1)
        self._match(line, move)
        self._sweep_changes_nothing(self.contract)
        line.action_undo_reconciliation()
        self.assertEqual(len(self.contract.activity_search([MONEY])), 1, "told once")

    def test_an_invoice_of_zero_renews_when_it_is_posted(self):
        contract = self._make_renewable(terms={2: 0})
        move = self._issue(contract)
        self.assertEqual(move.payment_state, "paid")
        self._assert_renewed(contract, move)

    def test_a_full_credit_note_gives_the_period_back(self):
        move = self._issue(self.contract)
        self._reverse(move)
        self.assertEqual(move.payment_state, "reversed")
        self.assertFalse(self.contract.successor_id)
        self.assertFalse(self.contract.renewal_is_billed)
        self._run(self.paid_job)
        self.assertFalse(self.contract.successor_id)
        again = self._issue(self.contract)
        self._pay(again)
        self._assert_renewed(self.contract, again)

    def test_paid_as_a_draft_and_posted_later(self):
        move = self.contract.with_user(self.billing)._create_renewal_invoices()
        move = move.with_user(self.env.user)
        self._match(self._bank_line(30000), move)
        self.assertEqual((move.state, move.payment_state), ("draft", "paid"))
        self._run(self.paid_job)
        self.assertFalse(self.contract.successor_id, "a draft renews nothing")
        move.with_user(self.billing).action_service_post()
        self._assert_renewed(self.contract, move)

    def test_paid_reset_to_draft_and_posted_again(self):
        move = self._issue(self.contract)
        self._pay(move)
        move.button_draft()
        move.action_post()
        self._assert_renewed(self.contract, move)
        self._sweep_changes_nothing(self.contract)

    def test_reset_to_draft_before_it_was_paid(self):
        move = self._issue(self.contract)
        move.button_draft()
        self.assertEqual(self.contract.renewal_state, "accepted")
        move.action_post()
        self._pay(move)
        self._assert_renewed(self.contract, move)

    def test_blocked_then_paid_is_found_by_the_job(self):
        move = self._issue(self.contract)
        move.action_toggle_block_payment()
        self.assertEqual(move.payment_state, "blocked")
        self._run(self.paid_job)
        self.assertFalse(self.contract.successor_id)
        self._match(self._bank_line(30000), move)
        self.assertEqual(move.payment_state, "blocked")
        self._run(self.paid_job)
        self._assert_renewed(self.contract, move)
        self._sweep_changes_nothing(self.contract)

    def test_a_payment_without_an_entry_is_found_by_the_job(self):
        move = self._issue(self.contract)
        payment = self.env["account.payment"].create(
            {
                "partner_id": self.customer.id,
                "amount": 30000,
                "invoice_ids": [Command.link(move.id)],
            }
        )
        payment.outstanding_account_id = False
        payment.action_post()
        self.assertFalse(payment.move_id)
        self.assertIn(move.payment_state, ("in_payment", "paid"))
        self._run(self.paid_job)
        self._assert_renewed(self.contract, move)

    def test_paid_enough_where_tax_is_withheld(self):
        self.company.service_paid_enough = 3
        move = self._issue(self.contract)
        self._pay(move, 29000)
        self._run(self.paid_job)
        self.assertFalse(self.contract.successor_id, "3.3 % are open")
        self._pay(move, 100)
        self.assertEqual((move.payment_state, move.amount_residual), ("partial", 900))
        self._assert_renewed(self.contract, move)
        self._sweep_changes_nothing(self.contract)

    def test_a_rest_is_forgiven_later_by_the_setting(self):
        move = self._issue(self.contract)
        self._pay(move, 29100)
        self._run(self.paid_job)
        self.assertFalse(self.contract.successor_id)
        self.company.service_paid_enough = 3
        self._run(self.paid_job)
        self._assert_renewed(self.contract, move)

    def test_a_rest_is_compared_as_its_currency_rounds(self):
        """Yen have no decimals: 3 % of 150 are 5 then."""
        self.company.service_paid_enough = 3
        yen = self.setup_other_currency("JPY", rounding=1.0)
        contract = self._make_renewable(base=500, currency_id=yen.id)
        move = self._issue(contract)
        self.assertEqual(move.amount_total, 150)
        find = self.env["service.renewal"]._find_settled
        self._pay(move, 144)
        self.assertFalse(find()._get_settled(), "6 are open")
        self._pay(move, 1)
        self.assertEqual(len(contract.successor_ids), 1)
        contract._get_live_renewal().sudo().state = "posted"  # as if no hook had told
        self.assertTrue(find()._get_settled(), "the job sees it as the hook does")

    def test_posting_is_enough_where_the_company_says_so(self):
        self.company.service_renew_on = "posting"
        move = self._issue(self.contract)
        self.assertEqual(move.payment_state, "not_paid")
        self._assert_renewed(self.contract, move)

    def test_a_company_changes_its_mind_and_renews_on_posting(self):
        move = self._issue(self.contract)
        self.company.service_renew_on = "posting"
        self._run(self.paid_job)
        self._assert_renewed(self.contract, move)

    def test_the_invoice_of_the_first_period_renews_nothing(self):
        contract = self._make_renewable(terms={1: 40, 2: 30}, bill_first_period=True)
        contracts = contract.sudo().with_company(self.company)
        move = contracts._make_renewal_invoices(first=True)
        move.action_post()
        move.action_toggle_block_payment()
        self._match(self._bank_line(40000), move)
        self._run(self.paid_job)
        self.assertEqual(contract._get_live_renewal(1).state, "renewed")
        self.assertFalse(contract.successor_id)

    def test_more_than_a_batch_is_settled(self):
        """What can't be renewed stands first, and is no obstacle for the others."""
        contracts = self.contract | self._make_renewable() | self._make_renewable()
        moves = self.env["account.move"].union(*[self._issue(c) for c in contracts])
        contracts[0].sudo().renewable = False
        for move in moves:
            move.action_toggle_block_payment()
            self._match(self._bank_line(30000), move)
        self.patch(service_contract_jobs, "BATCH", 1)
        with mute_logger(JOB_LOGGER):
            self._run(self.paid_job)
        self.assertFalse(contracts[0].successor_id)
        self.assertIn("not renewable", contracts[0].job_error)
        for contract in contracts[1:]:
            self.assertTrue(contract.successor_id)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestPaymentComesFirst(RenewalJobsCommon):
    """Whatever is wrong with a contract, the accountant's work is never held up."""

    def _break(self, contract):
        """Let something be wrong that nobody sees before it is renewed."""
        contract.sudo().renewable = False
        self.env.flush_all()

    def test_the_payment_is_registered_and_the_job_tells_a_person(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        self._break(contract)
        with mute_logger(JOB_LOGGER):
            self._pay(move)
            self.assertEqual(move.payment_state, "paid")
            self.assertFalse(contract.successor_id)
            for hour in range(3):
                self._run(self.paid_job, f"2026-11-20 0{3 + hour}:00:00")
        self.assertIn("not renewable", contract.job_error)
        self.assertEqual(len(contract.activity_search([PROBLEM])), 1)
        contract.renewable = True
        self._run(self.paid_job, "2026-11-20 08:00:00")
        self.assertTrue(contract.successor_id)
        self.assertFalse(contract.job_error)
        self.assertFalse(contract.activity_search([PROBLEM]))

    def test_one_broken_contract_in_a_payment_of_two_holds_up_nothing(self):
        good, bad = self._make_renewable(), self._make_renewable()
        moves = self._issue(good) | self._issue(bad)
        self._break(bad)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=moves.ids
        ).create({"group_payment": True})._create_payments()
        self.assertEqual(moves.mapped("payment_state"), ["paid", "paid"])
        self.assertTrue(good.successor_id)
        self.assertFalse(bad.successor_id)

    def test_an_accountant_without_any_right_on_contracts_is_paid(self):
        contract = self._make_renewable()
        move = self._issue(contract).with_user(self.accountant)
        self._match(self._bank_line(30000), move.with_user(self.env.user))
        self.assertTrue(contract.successor_id)
        other = self._make_renewable()
        move = self._issue(other).with_user(self.accountant)
        wizard = (
            self.env["account.payment.register"]
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )
        payment = wizard._create_payments()
        self.assertTrue(other.successor_id)
        payment.action_draft()
        payment.action_cancel()
        self.assertEqual(len(other.activity_search([MONEY])), 1)

    def test_a_payment_undone_takes_no_contract_away(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        payment = self._pay(move)
        successor = contract.successor_id
        payment.action_draft()
        payment.action_cancel()
        self.assertEqual(move.payment_state, "not_paid")
        self.assertEqual(
            (contract.successor_id, successor.state), (successor, "active")
        )
        told = contract.activity_search([MONEY])
        self.assertEqual(len(told), 1)
        self.assertIn(move.name, told.note)
        self._run(self.paid_job)
        self.assertEqual(contract.successor_ids, successor)
        self._pay(move)
        self.assertEqual(contract.successor_ids, successor)

    def test_a_match_undone_that_never_renewed_tells_nobody(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        payment = self._pay(move, 100)
        payment.action_draft()
        payment.action_cancel()
        self.assertFalse(contract.activity_search([MONEY]))

    def test_paid_though_the_contract_was_ended_early(self):
        """The customer left, and paid all the same: a person decides."""
        contract = self._make_renewable()
        move = self._issue(contract)
        contract._terminate(date(2026, 11, 30), self.reason)
        self._pay(move)
        self.assertEqual(move.payment_state, "paid")
        self.assertFalse(contract.successor_id)
        with mute_logger(JOB_LOGGER):
            self._run(self.paid_job)
        self.assertFalse(contract.successor_id)
        self.assertIn("declined", contract.job_error)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestGrace(RenewalJobsCommon):
    """Between the end and the payment: served while a posted invoice is open."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.service_grace_days = 15
        cls.customer.property_payment_term_id = False
        cls.contract = cls._make_renewable()

    def _expire(self, at="2026-12-31 17:00:00"):
        self._run(self.expiry_job, at)

    def _assert_in_force(self, at, expected):
        self.env.invalidate_all()
        with freeze_time(at):
            self.assertEqual(self.contract.is_in_force, expected, at)
            self.assertEqual(bool(self.contract._get_refusal()), not expected, at)
            found = self.env["service.contract"].search(
                [("is_in_force", "=", True), ("id", "=", self.contract.id)]
            )
            self.assertEqual(bool(found), expected, at)

    def test_without_an_invoice_it_ends_at_its_end(self):
        self.assertFalse(self.contract._get_grace_end())
        self._assert_in_force("2026-12-31 16:59:59", True)
        self._assert_in_force("2026-12-31 17:00:00", False)
        self._expire()
        self._assert_in_force("2027-01-01 03:00:00", False)

    def test_a_draft_gives_no_grace(self):
        self.contract.with_user(self.billing)._create_renewal_invoices()
        self.assertFalse(self.contract._get_grace_end())

    def test_served_from_the_end_to_the_last_day_of_grace(self):
        self._issue(self.contract)
        self.assertEqual(self.contract._get_grace_end(), date(2027, 1, 15))
        self._assert_in_force("2026-12-31 17:00:00", True)
        self._expire()
        self.assertEqual(self.contract.state, "expired")
        self._assert_in_force("2027-01-15 16:59:59", True)
        self._assert_in_force("2027-01-15 17:00:00", False)

    def test_between_midnight_and_the_next_run_of_the_job(self):
        self._issue(self.contract)
        with freeze_time("2026-12-31 17:20:00"):
            self.assertEqual(self.contract.state, "active")
        self._assert_in_force("2026-12-31 17:20:00", True)

    def test_the_due_date_counts_where_it_is_later(self):
        move = self._issue(self.contract)
        move.invoice_date_due = "2027-02-10"
        self.assertEqual(self.contract._get_grace_end(), date(2027, 2, 25))
        self._expire()
        self._assert_in_force("2027-02-25 16:00:00", True)
        self._assert_in_force("2027-02-25 17:00:00", False)
        move.invoice_date_due = "2027-01-10"
        self._assert_in_force("2027-01-25 16:00:00", True)
        self._assert_in_force("2027-02-10 17:00:00", False)

    def test_the_days_of_the_settings_count_at_once(self):
        self._issue(self.contract)
        self.company.service_grace_days = 3
        self._assert_in_force("2027-01-03 16:00:00", True)
        self._assert_in_force("2027-01-03 17:00:00", False)

    def test_an_invoice_reset_to_draft_ends_the_grace(self):
        move = self._issue(self.contract)
        self._expire()
        move.button_draft()
        self._assert_in_force("2027-01-02 03:00:00", False)
        move.action_post()
        self._assert_in_force("2027-01-02 03:00:00", True)

    def test_credited_ends_the_grace(self):
        move = self._issue(self.contract)
        self._reverse(move)
        self._assert_in_force("2027-01-02 03:00:00", False)

    def test_posted_after_the_end_it_begins_late(self):
        self._expire()
        self._assert_in_force("2027-01-05 03:00:00", False)
        with freeze_time("2027-01-05 03:00:00"):
            self._issue(self.contract)
        self._assert_in_force("2027-01-06 03:00:00", True)
        due = self.contract._get_live_renewal().move_id.invoice_date_due
        self.assertEqual(self.contract._get_grace_end(), fields.Date.add(due, days=15))

    def test_ended_early_there_is_no_grace(self):
        self._issue(self.contract)
        self.contract._terminate(date(2026, 12, 15), self.reason)
        self.assertFalse(self.contract._get_grace_end())
        self._assert_in_force("2026-12-16 03:00:00", False)

    def test_paid_in_grace_the_next_period_serves(self):
        move = self._issue(self.contract)
        self._expire()
        with freeze_time("2027-01-08 03:00:00"):
            self._pay(move)
            successor = self.contract.successor_id
            self.assertEqual(successor.date_start, date(2027, 1, 1))
            self.assertTrue(successor.is_in_force)
        self._assert_in_force("2027-01-08 03:00:00", False)

    def test_rights_left_over_may_be_used_in_grace(self):
        self._issue(self.contract)
        self._expire()
        line = self.contract.line_ids
        with freeze_time("2027-01-10 03:00:00"):
            line._consume()
        self.assertEqual(line.quantity_remaining, 3)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestRenewalQueries(RenewalJobsCommon):
    """Five times as many contracts cost no more SQL than Odoo's own invoices do."""

    def _make_many(self, count):
        return self.env["service.contract"].union(
            *[self._make_renewable() for _n in range(count)]
        )

    def _count_sql(self, work):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        result = work()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before, result

    def _assert_constant(self, title, few, many):
        self.assertLessEqual(many, few + 3, f"{title}: {few} SQL, then {many}")

    def _cost(self, count):
        """Return SQL of issuing, posting and renewing beyond what Odoo itself needs."""
        journal = self.company_data["default_journal_sale"]
        self.company.service_journal_id = journal
        contracts = self._make_many(count)
        values = [
            {
                "move_type": "out_invoice",
                "journal_id": journal.id,
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.fee_product.id,
                            "name": "Service contract",
                            "price_unit": 30000,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
            for _n in range(count)
        ]
        moves = self.env["account.move"]
        plain_sql, plain = self._count_sql(lambda: moves.create(values))
        ours_sql, ours = self._count_sql(contracts.sudo()._create_renewal_invoices)
        post_plain, _none = self._count_sql(plain.action_post)
        post_ours, _none = self._count_sql(ours._post_service_invoices)
        renew, _successors = self._count_sql(contracts.sudo()._renew)
        return ours_sql - plain_sql, post_ours - post_plain, renew

    def test_the_same_sql_for_many_as_for_few(self):
        self._cost(2)  # what is read once
        few, many = self._cost(4), self._cost(20)
        for title, one, other in zip(
            ("issue", "post", "renew"), few, many, strict=True
        ):
            self._assert_constant(title, one, other)
