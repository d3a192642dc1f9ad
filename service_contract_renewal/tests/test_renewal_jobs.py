from datetime import date

from odoo import fields
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common_renewal_jobs import NOW, RenewalJobsCommon


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
