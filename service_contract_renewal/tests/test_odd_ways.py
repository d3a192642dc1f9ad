from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common import RenewalCommon

MONEY = "service_contract_renewal.mail_activity_type_money"
BILL = "service_contract_renewal.mail_activity_type_bill"


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestOddWays(RenewalCommon):
    """Contract and invoice go ways that nobody planned, and nothing is lost."""

    def _asked(self, contract):
        return contract.activity_search([MONEY])

    # === FEES === #

    def test_a_share_of_nothing_is_asked_for_and_renews_nothing(self):
        contract = self._make_renewable(base=0)
        self.assertFalse(contract.has_renewal_fee)
        contract.action_renewal_accept()
        self.assertEqual(contract.renewal_state, "accepted")
        self.assertFalse(contract.successor_id)

    def test_a_typed_fee_is_not_stale_and_survives_a_refresh(self):
        contract = self._make_renewable()
        move = contract.sudo()._make_renewal_invoices(amounts={contract.sudo(): 25000})
        self.assertFalse(move.service_stale)
        move.invoice_line_ids = [
            Command.create({"name": "Extra filter", "price_unit": 700, "tax_ids": []})
        ]
        move.sudo().service_renewal_ids._refresh_draft()
        self.assertEqual(move.amount_untaxed, 25700)

    def test_free_of_charge_takes_the_older_draft_back(self):
        contract = self._make_renewable()
        move = contract.with_user(self.billing)._create_renewal_invoices()
        contract.renewal_term_ids.percent = 0
        contract.action_renewal_accept()
        self.assertFalse(move.exists())
        self.assertEqual(contract.renewal_state, "renewed")

    # === DATES === #

    def test_a_draft_follows_an_end_that_moved(self):
        contract = self._make_renewable()
        move = contract.with_user(self.billing)._create_renewal_invoices()
        contract.date_end = "2027-03-31"
        self.assertIn("period", move.service_stale)
        move.action_service_refresh()
        self.assertFalse(move.service_stale)
        self.assertEqual(str(move.invoice_line_ids.service_date_start), "2027-04-01")

    def test_the_end_never_reaches_into_the_next_period(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        for _time in ("billed", "renewed"):
            with (
                self.assertRaisesRegex(UserError, "next period begins"),
                self.cr.savepoint(),
            ):
                contract.date_end = "2027-03-31"
            self.env.invalidate_all()
            if not contract.successor_id:
                self._pay(move)
        contract.date_end = "2026-11-30"
        self.assertIn("later", self._asked(contract).summary)

    # === CREDIT NOTES === #

    def _credit(self, move, modify=False):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        wizard.reverse_moves(is_modify=modify)
        return wizard.new_move_ids

    def test_a_credit_note_undone_bills_the_period_again(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        refund = self._credit(move)
        refund.action_post()
        lines = (move | refund).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        )
        if move.payment_state != "reversed":
            lines.reconcile()
        self.assertEqual(contract._get_live_renewal().state, False)
        refund.button_draft()
        refund.button_cancel()
        self.assertEqual(contract.renewal_state, "invoiced")
        self._pay(move)
        self.assertEqual(contract.renewal_state, "renewed")

    def test_an_invoice_made_anew_bills_the_period(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        new = self._credit(move, modify=True)
        self.assertEqual(contract._get_live_renewal().move_id, new)
        self.assertEqual(
            new.invoice_line_ids.service_date_start,
            contract._get_live_renewal().date_start,
        )
        new.action_post()
        self._pay(new)
        self.assertEqual(contract.renewal_state, "renewed")

    def test_a_credit_note_that_names_no_invoice_gives_the_period_back(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": move.partner_id.id,
                "invoice_date": move.invoice_date,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.fee_product.id,
                            "price_unit": move.amount_untaxed,
                            "tax_ids": [],
                        }
                    )
                ],
            }
        )
        refund.action_post()
        (move | refund).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertEqual(move.payment_state, "reversed")
        self.assertFalse(contract.renewal_is_billed)

    # === STEPS OF THE CONTRACT === #

    def test_a_cancelled_contract_takes_its_draft_along(self):
        contract = self._make_renewable()
        contract.action_renewal_accept()
        move = contract._get_live_renewal().move_id
        contract.action_cancel()
        self.assertFalse(move.exists())
        self.assertFalse(contract.activity_search([BILL]))

    def test_cancelling_what_is_billed_asks_a_person(self):
        contract = self._make_renewable()
        self._issue(contract)
        contract.action_cancel()
        self.assertTrue(self._asked(contract))

    def test_cancelling_a_paid_period_asks_a_person(self):
        contract = self._make_renewable()
        self._pay(self._issue(contract))
        successor = contract.successor_id
        successor.action_cancel()
        self.assertTrue(self._asked(successor))

    def test_paying_does_not_lift_what_a_person_suspended(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        contract.action_suspend(review_date="2026-12-24")
        self._pay(move)
        successor = contract.successor_id
        self.assertEqual(successor.state, "suspended")
        self.assertEqual(str(successor.suspension_review_date), "2026-12-24")

    def test_nothing_to_go_on_with_is_told_before_it_is_billed(self):
        contract = self._make_renewable()
        contract.item_ids.unlink()
        contract.line_ids.on_renewal = "once"
        with self.assertRaisesRegex(UserError, "nothing of it goes on"):
            contract.with_user(self.billing)._create_renewal_invoices()
        contract.line_ids[:1].on_renewal = "renew"
        self._pay(self._issue(contract))
        self.assertEqual(contract.renewal_state, "renewed")

    def test_declining_cancels_a_draft_that_had_a_number(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        move.button_draft()
        self._issue(self._make_renewable())
        contract.action_renewal_decline(self.reason)
        self.assertEqual(move.state, "cancel")
        self.assertFalse(contract.renewal_is_billed)

    def test_taking_a_decision_back_takes_its_draft_back(self):
        contract = self._make_renewable()
        contract.action_renewal_accept()
        contract.action_renewal_reopen()
        self.assertEqual(contract.renewal_state, "none")
        self.assertFalse(contract.renewal_is_billed)

    def test_a_renewed_contract_whose_invoice_is_deleted_asks(self):
        self.company.service_renew_on = "posting"
        contract = self._make_renewable()
        move = self._issue(contract)
        self.assertEqual(contract.renewal_state, "renewed")
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self.assertTrue(self._asked(contract))

    # === RIGHTS === #

    def test_rights_used_before_a_take_over_come_first_from_what_was_carried(self):
        contract = self._make_renewable(
            activate=False,
            cycle=2,
            lines=[
                {
                    "product_id": self.service_phone.id,
                    "quantity": 4,
                    "carry_over": "all",
                    "opening_carried": 2,
                    "opening_used": 3,
                }
            ],
        )
        contract.action_activate()
        self.assertEqual(contract.line_ids._get_carry(), 3)

    def test_the_credit_is_what_was_billed(self):
        contract = self._make_renewable()
        move = contract.with_user(self.billing)._create_renewal_invoices()
        line = move.with_user(self.env.user).sudo().invoice_line_ids
        line.price_unit = 20000
        move.with_user(self.billing).action_service_post()
        self._pay(move.with_user(self.env.user))
        successor = contract.successor_id
        self.assertEqual(
            successor._get_credit_amount("full", successor.date_start), 20000
        )

    def test_a_line_deleted_from_a_draft_frees_its_service(self):
        contract = self._make_renewable(
            lines=[
                {
                    "product_id": self.service_phone.id,
                    "quantity": 1,
                    "price_extra": 500,
                }
            ]
        )
        line = contract.line_ids
        rows = line._consume(is_billable=True) | line._consume(is_billable=True)
        move = rows.with_user(self.billing)._create_service_invoices()
        move.sudo().invoice_line_ids[0].unlink()
        self.assertEqual(len(rows.filtered("is_to_bill")), 1)

    def test_what_waits_for_a_late_visit_holds_up_no_other_service(self):
        services = [
            {"product_id": product.id, "quantity": 4, "carry_over": "limited"}
            for product in (self.service_phone, self.service_visit)
        ]
        for line in services:
            line["carry_over_max"] = 1
        contract = self._make_renewable(lines=services)
        self._pay(self._issue(contract))
        phone, visit = contract.line_ids
        visit.sudo()._write_counters({visit.sudo(): {"quantity_reserved": 1}})
        with freeze_time("2027-01-01 03:00:00"):
            contract.sudo()._expire()
        new_phone, new_visit = contract.successor_id.line_ids
        carried = (new_phone.quantity_carried, new_visit.quantity_carried)
        self.assertEqual(carried, (1, 0))
        visit.sudo()._write_counters({visit.sudo(): {"quantity_reserved": 0}})
        with freeze_time("2027-01-03 03:00:00"):
            contract.sudo()._carry_over()
        carried = (new_phone.quantity_carried, new_visit.quantity_carried)
        self.assertEqual(carried, (1, 1))
        self.assertFalse(contract.carry_due_on)

    # === BILLING === #

    def test_billing_drafts_a_credit_note_that_an_accountant_posts(self):
        contract = self._make_renewable()
        move = self._issue(contract).with_user(self.billing)
        action = move.action_service_credit()
        refund = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(refund.with_user(self.billing).state, "draft")
        with self.assertRaises(AccessError):
            refund.with_user(self.billing).action_service_post()
        refund.action_post()
        (move.sudo() | refund).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()
        self.assertFalse(contract.renewal_is_billed)

    def test_a_bill_of_services_leads_to_its_contract(self):
        contract = self._make_renewable(
            lines=[
                {"product_id": self.service_phone.id, "quantity": 1, "price_extra": 9}
            ]
        )
        row = contract.line_ids._consume(is_billable=True)
        move = row.with_user(self.billing)._create_service_invoices()
        self.assertEqual(move.service_contract_id, contract)
        self.assertEqual(contract.with_user(self.billing).renewal_move_count, 1)
