from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged

from .common import RenewalCommon

MONEY = "service_contract_renewal.mail_activity_type_money"

# last day, days left, credit of 30,000 for the 365 days of 2027, worked out by hand
BY_DAYS = [
    ("2027-01-01", 364, 29917.81),  # 30,000 × 364 / 365 = 29,917.808…
    ("2027-01-31", 334, 27452.05),  # 27,452.054…
    ("2027-02-28", 306, 25150.68),  # 25,150.684…
    ("2027-06-30", 184, 15123.29),  # 15,123.287…
    ("2027-12-30", 1, 82.19),  # 82.191…
    ("2027-12-31", 0, 0.00),
]


@tagged("post_install", "-at_install")
@freeze_time("2027-03-10 03:00:00")
class TestTerminate(RenewalCommon):
    """A customer leaves in the middle of a paid year: last day, reason, credit."""

    def _make_paid(self, activate=True, **values):
        """Return the second period of a contract, 2027, paid with 30,000."""
        first = self._make_renewable(activate=activate, **values)
        self._pay(self._issue(first))
        return first.successor_id

    def _open(self, contract, user=None, **values):
        """Open the dialog as a manager does, and fill it in."""
        action = contract.with_user(user or self.manager).action_open_terminate()
        form = Form(
            self.env[action["res_model"]]
            .with_user(user or self.manager)
            .with_context(**action["context"])
        )
        form.reason_id = self.reason
        for name, value in values.items():
            setattr(form, name, value)
        return form

    def _end(self, contract, **values):
        """End the contract through the dialog; return the credit note, if any."""
        before = self._get_credits(contract)
        self._open(contract, **values).save().action_terminate()
        return self._get_credits(contract) - before

    def _get_credits(self, contract):
        return self.env["account.move"].search(
            [
                ("service_contract_id", "=", contract.id),
                ("move_type", "=", "out_refund"),
            ]
        )

    # === WHAT ENDS === #

    def test_a_contract_ends_on_the_day_that_was_chosen(self):
        contract = self._make_paid()
        self._end(contract, date_end="2027-06-30", note="Moves to Laos")
        self.assertEqual(contract.date_end, date(2027, 6, 30))
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.line_ids.date_end, date(2027, 6, 30))
        self.assertEqual(contract.renewal_state, "declined")
        self.assertEqual(contract.renewal_reason_id, self.reason)
        message = contract.message_ids.filtered(lambda m: "Ended early" in m.body)
        self.assertEqual(message.author_id, self.manager.partner_id)
        self.assertIn("06/30/2027: Too expensive. Moves to Laos", message.body)

    def test_the_note_is_shown_escaped(self):
        contract = self._make_paid()
        self._end(contract, date_end="2027-06-30", note="<b>bold</b>")
        message = contract.message_ids.filtered(lambda m: "Ended early" in m.body)
        self.assertIn("&lt;b&gt;bold", message.body)

    def test_the_dialog_proposes_today_at_the_place_of_service(self):
        contract = self._make_paid()
        with freeze_time("2027-03-10 20:00:00"):  # the 11th in Bangkok
            form = self._open(contract)
        self.assertEqual(form.date_end, date(2027, 3, 11))

    def test_what_is_planned_later_ends_through_the_hook(self):
        contract = self._make_paid()
        told = []
        self.patch(
            type(contract.line_ids),
            "_on_terminated",
            lambda lines, day: told.append((lines, day)),
        )
        self._end(contract, date_end="2027-06-30")
        self.assertEqual(told, [(contract.line_ids, date(2027, 7, 1))])

    def test_a_suspended_contract_ends_too(self):
        """Its planned work is on hold, and must not come back to life."""
        contract = self._make_paid()
        contract.action_suspend()
        told = []
        self.patch(
            type(contract.line_ids),
            "_on_terminated",
            lambda lines, day: told.append((lines, day)),
        )
        self._end(contract, date_end="2027-03-10")
        self.assertEqual(told, [(contract.line_ids, date(2027, 3, 11))])
        with freeze_time("2027-03-12 03:00:00"):
            contract.action_resume()
        self.assertEqual(contract.state, "expired")

    def test_after_its_last_day_it_is_not_in_force(self):
        contract = self._make_paid()
        self._end(contract, date_end="2027-03-10")
        contract.invalidate_recordset(["is_in_force"])
        self.assertTrue(contract.is_in_force)
        with freeze_time("2027-03-10 17:00:01"):  # midnight in Bangkok
            contract.invalidate_recordset(["is_in_force"])
            self.assertFalse(contract.is_in_force)

    def test_a_contract_without_end_can_be_ended(self):
        contract = self._make_renewable(term_count=0)
        refund = self._end(contract, date_end="2027-03-31")
        self.assertEqual(contract.date_end, date(2027, 3, 31))
        self.assertFalse(refund)

    # === WHAT IS CREDITED === #

    def test_the_credit_follows_the_days_left(self):
        contract = self._make_paid()
        form = self._open(contract)
        self.assertEqual(form.billed_amount, 30000)
        for day, left, credit in BY_DAYS:
            with self.subTest(last_day=day):
                form.date_end = day
                self.assertEqual(form.days_left, left)
                self.assertEqual(f"{form.credit_amount:.2f}", f"{credit:.2f}")

    def test_the_credit_is_rounded_by_the_currency(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        contract = self._make_paid(currency_id=yen.id)
        refund = self._end(contract, date_end="2027-06-30")
        self.assertEqual(refund.currency_id, yen)
        self.assertEqual(refund.amount_untaxed, 15123)

    def test_none_or_all_is_credited(self):
        contract = self._make_paid()
        form = self._open(contract, date_end="2027-06-30", credit="full")
        self.assertEqual(form.credit_amount, 30000)
        form.credit = "none"
        self.assertEqual(form.credit_amount, 0)
        form.save().action_terminate()
        self.assertFalse(self._get_credits(contract))

    def test_the_proposal_can_be_changed(self):
        contract = self._make_paid()
        refund = self._end(contract, date_end="2027-06-30", credit_amount=12345.67)
        self.assertEqual(refund.amount_untaxed, 12345.67)

    def test_a_negative_credit_is_refused(self):
        contract = self._make_paid()
        with self.assertRaisesRegex(UserError, "negative"):
            self._end(contract, date_end="2027-06-30", credit_amount=-1)
        self.assertEqual(contract.date_end, date(2027, 12, 31))

    def test_the_credit_note_is_an_ordinary_draft(self):
        plan = self.env["account.analytic.plan"].create({"name": "Branches"})
        branch = self.env["account.analytic.account"].create(
            {"name": "Chiang Mai", "plan_id": plan.id}
        )
        contract = self._make_paid(analytic_distribution={str(branch.id): 100})
        invoice = contract._get_paying_renewal().move_id
        refund = self._end(contract, date_end="2027-06-30")
        self.assertEqual(refund.state, "draft")
        self.assertEqual(refund.move_type, "out_refund")
        self.assertEqual(refund.service_billing, "credit")
        self.assertEqual(refund.reversed_entry_id, invoice)
        self.assertEqual(refund.service_contract_id, contract)
        self.assertEqual(refund.partner_id, invoice.partner_id)
        self.assertEqual(refund.journal_id, invoice.journal_id)
        self.assertEqual(refund.amount_untaxed, 15123.29)
        line = refund.invoice_line_ids
        self.assertIn("ended early on 06/30/2027", line.name)
        self.assertEqual(line.account_id, invoice.invoice_line_ids.account_id)
        self.assertEqual(line.analytic_distribution, {str(branch.id): 100})
        # whose it is: the manager's, though made by the system for want of rights
        self.assertEqual(refund.create_uid, self.manager)

    def test_the_taxes_are_those_of_the_invoice(self):
        """7 % in the price then, another tax now: what was charged is given back."""
        tax = self.env["account.tax"].create(
            {
                "name": "VAT 7 % in the price",
                "amount": 7,
                "price_include_override": "tax_included",
            }
        )
        self.fee_product.taxes_id = tax
        contract = self._make_paid()
        invoice = contract._get_paying_renewal().move_id
        self.assertEqual((invoice.amount_untaxed, invoice.amount_tax), (30000, 2100))
        self.fee_product.taxes_id = self.company_data["default_tax_sale"]
        refund = self._end(contract, date_end="2027-06-30")
        self.assertEqual(refund.invoice_line_ids.tax_ids, tax)
        # 15,123.29 × 7 % = 1,058.63
        self.assertEqual(
            (refund.amount_untaxed, refund.amount_tax), (15123.29, 1058.63)
        )

    def test_an_account_that_was_corrected_is_credited(self):
        contract = self._make_renewable()
        move = contract.with_user(self.billing)._create_renewal_invoices()
        move = move.with_user(self.env.user)
        other = self.company_data["default_account_revenue"].copy()
        move.invoice_line_ids.account_id = other
        move.action_post()
        self._pay(move)
        refund = self._end(contract.successor_id, date_end="2027-06-30")
        self.assertEqual(refund.invoice_line_ids.account_id, other)

    def test_the_accountant_posts_it_and_nothing_else_changes(self):
        contract = self._make_paid()
        refund = self._end(contract, date_end="2027-06-30")
        refund.with_user(self.accountant).action_post()
        self.assertEqual(refund.state, "posted")
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.predecessor_id.renewal_state, "renewed")

    def test_what_was_part_of_the_sale_is_not_credited_by_itself(self):
        """The first period has no invoice of its own; a person may credit all the
        same.
        """
        contract = self._make_renewable(
            date_start="2027-01-01", terms={2: 30}, partner_id=self.customer.id
        )
        form = self._open(contract, date_end="2027-06-30", credit="full")
        self.assertEqual(form.billed_amount, 0)
        self.assertEqual(form.credit_amount, 0)
        form.credit_amount = 500
        form.save().action_terminate()
        refund = self._get_credits(contract)
        self.assertEqual(refund.amount_untaxed, 500)
        self.assertFalse(refund.reversed_entry_id)
        self.assertEqual(refund.invoice_line_ids.product_id, self.fee_product)

    def test_a_first_period_that_was_billed_is_credited(self):
        contract = self._make_renewable(
            date_start="2027-01-01", terms={1: 40, 2: 30}, bill_first_period=True
        )
        move = self._issue_first(contract)
        self.assertEqual(move.state, "draft")
        form = self._open(contract, date_end="2027-06-30", credit="full")
        self.assertEqual(form.credit_amount, 0, "nothing is owed on a draft")
        move.action_post()
        refund = self._end(contract, date_end="2027-06-30")
        # 40,000 × 184 / 365 = 20,164.38…
        self.assertEqual(refund.amount_untaxed, 20164.38)
        self.assertEqual(refund.reversed_entry_id, move)

    def _issue_first(self, contract):
        action = contract.with_user(self.billing).action_issue_first_period()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        wizard.with_user(self.billing).action_make_drafts()
        return contract._get_live_renewal(1).move_id

    # === THE NEXT PERIOD === #

    def test_the_draft_of_the_next_period_is_deleted(self):
        contract = self._make_paid()
        draft = contract.with_user(self.billing)._create_renewal_invoices()
        self._end(contract, date_end="2027-06-30")
        self.assertFalse(draft.exists())
        self.assertFalse(contract.renewal_is_billed)

    def test_about_a_posted_invoice_of_the_next_period_a_person_is_asked(self):
        contract = self._make_paid()
        posted = self._issue(contract)
        self._end(contract, date_end="2027-06-30")
        self.assertEqual(posted.state, "posted")
        activity = contract.activity_search([MONEY])
        self.assertEqual(len(activity), 1)
        self.assertIn(posted.name, activity.note)
        self.assertIn("credit the next period", activity.summary)

    # === WHEN NOT, AND WHO === #

    def test_only_within_the_period(self):
        contract = self._make_paid()
        for day in ("2026-12-31", "2028-01-01"):
            with self.assertRaisesRegex(UserError, "within its period"):
                self._end(contract, date_end=day)
        self.assertEqual(contract.date_end, date(2027, 12, 31))

    def test_not_when_it_is_renewed(self):
        contract = self._make_paid()
        with self.assertRaisesRegex(UserError, "renewed already"):
            self._end(contract.predecessor_id, date_end="2026-12-30")

    def test_not_when_it_does_not_run(self):
        draft = self._make_renewable(activate=False)
        with self.assertRaisesRegex(UserError, "isn't running"):
            self._end(draft, date_end="2026-12-30")
        over = self._make_renewable()
        over.sudo()._expire()  # sudo: as the nightly job does
        with self.assertRaisesRegex(UserError, "isn't running"):
            self._end(over, date_end="2026-12-30")

    def test_what_was_credited_before_is_not_credited_again(self):
        """Ended in June, then already in May: only the days between are new."""
        contract = self._make_paid()
        first = self._end(contract, date_end="2027-06-30")
        self.assertEqual(first.amount_untaxed, 15123.29)
        form = self._open(contract, date_end="2027-05-31")
        # 30,000 × 214 / 365 = 17,589.04; 17,589.04 − 15,123.29
        self.assertEqual(form.credit_amount, 2465.75)
        form.credit = "full"
        self.assertEqual(form.credit_amount, 14876.71)
        first.unlink()
        again = self._open(contract, date_end="2027-05-31")
        self.assertEqual(again.credit_amount, 17589.04)

    def test_only_managers_end_a_contract(self):
        contract = self._make_paid()
        wizard = self._open(contract, date_end="2027-06-30").save()
        for user in (self.technician, self.dispatcher, self.billing, self.accountant):
            with self.assertRaises(AccessError):
                wizard.with_user(user).action_terminate()
            with self.assertRaises(AccessError):
                self.env["service.renewal.terminate"].with_user(user).create(
                    {"contract_id": contract.id, "reason_id": self.reason.id}
                )
        self.assertEqual(contract.date_end, date(2027, 12, 31))

    def test_a_manager_without_any_right_in_accounting_ends_it(self):
        contract = self._make_paid()
        self.assertFalse(
            self.env["account.move"].with_user(self.manager).has_access("read")
        )
        form = self._open(contract, date_end="2027-06-30")
        wizard = form.save()
        action = wizard.action_terminate()
        self.assertEqual(action["type"], "ir.actions.act_window_close")
        self.assertEqual(self._get_credits(contract).state, "draft")

    def test_a_manager_who_also_bills_is_shown_the_credit_note(self):
        both = self._make_user(
            "both",
            "service_contract.group_service_manager,"
            "service_contract.group_service_billing",
        )
        contract = self._make_paid()
        wizard = self._open(contract, user=both, date_end="2027-06-30").save()
        action = wizard.action_terminate()
        self.assertEqual(action["res_id"], self._get_credits(contract).id)
        with self.assertRaisesRegex(AccessError, "posted by an accountant"):
            self._get_credits(contract).with_user(both).action_service_post()

    def test_a_manager_of_another_company_cannot(self):
        other = self.setup_other_company(name="Elsewhere")["company"]
        foreign = self._make_user("foreign", "service_contract.group_service_manager")
        foreign.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        contract = self._make_paid()
        with self.assertRaises(AccessError):
            self.env["service.renewal.terminate"].with_user(foreign).create(
                {"contract_id": contract.id, "reason_id": self.reason.id}
            ).action_terminate()
