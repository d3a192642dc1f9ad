from datetime import date

from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..models import service_contract_jobs
from .common_renewal_jobs import JOB_LOGGER, MONEY, NOW, PROBLEM, RenewalJobsCommon


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
