from datetime import date

import psycopg2.errors

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .common_renewal_jobs import NOW, RenewalJobsCommon

AFTER = "2027-01-01 03:00:00"  # the period is over in Bangkok


class CarryCommon(RenewalJobsCommon):
    """Four visits a year, some of them unused when the year is over."""

    def _make_unused(self, carry_over="all", used=1, quantity=4, **line):
        contract = self._make_renewable(
            lines=[
                {
                    "product_id": self.service_visit.id,
                    "quantity": quantity,
                    "carry_over": carry_over,
                    **line,
                }
            ]
        )
        for _n in range(used):
            contract.line_ids._consume()
        return contract

    def _renew(self, contract):
        self._pay(self._issue(contract))
        return contract.successor_id

    def _end(self, at=AFTER):
        """Let the clock pass the end: the hourly jobs run."""
        self._run(self.expiry_job, at)
        self._run(self.paid_job, at)

    def _carried(self, contract):
        return contract.line_ids.usage_ids.filtered(lambda row: row.kind == "carry")


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestCarry(CarryCommon):
    """What was promised and not used goes on into the next period, by its policy."""

    def test_nothing_all_or_at_most_so_many(self):
        for policy, limit, used, carried in (
            ("none", 0, 1, 0),
            ("all", 0, 0, 4),
            ("all", 0, 1, 3),
            ("all", 0, 4, 0),
            ("limited", 2, 1, 2),
            ("limited", 2, 3, 1),
            ("limited", 2, 4, 0),
        ):
            with self.subTest(policy=policy, limit=limit, used=used):
                contract = self._make_unused(policy, used, carry_over_max=limit)
                successor = self._renew(contract)
                self._end()
                line = successor.line_ids
                self.assertEqual(line.quantity_carried, carried)
                self.assertEqual(line.quantity_available, 4 + carried)
                self.assertEqual(len(self._carried(successor)), bool(carried))

    def test_both_ledgers_say_where_the_rights_went(self):
        contract = self._make_unused()
        successor = self._renew(contract)
        self._end()
        row = self._carried(successor)
        self.assertEqual((row.quantity, row.date), (3, date(2027, 1, 1)))
        self.assertEqual(row.carried_from_id, contract.line_ids)
        self.assertIn(contract.name, row.note)
        given = contract.line_ids.usage_ids.filtered(lambda use: use.kind == "adjust")
        self.assertEqual((given.quantity, given.date), (-3, date(2026, 12, 31)))
        self.assertIn(successor.name, given.note)
        self.assertEqual(contract.line_ids.quantity_remaining, 0, "none exists twice")

    def test_until_the_end_about_so_many_are_expected(self):
        contract = self._make_unused()
        successor = self._renew(contract)
        line = successor.line_ids
        self.assertEqual((line.carry_expected, line.quantity_carried), (3, 0))
        contract.line_ids._consume()
        self.assertEqual(line.carry_expected, 2)
        self._run(self.paid_job, "2026-12-31 16:00:00")
        self.assertEqual(line.quantity_carried, 0, "the year isn't over")
        self._end()
        self.assertEqual((line.carry_expected, line.quantity_carried), (0, 2))

    def test_the_running_period_is_not_touched_by_renewing_early(self):
        contract = self._make_unused()
        self._renew(contract)
        self.assertEqual(
            (contract.state, contract.date_end), ("active", date(2026, 12, 31))
        )
        self.assertTrue(contract.is_in_force)
        self.assertFalse(contract.successor_id.is_in_force)
        contract.line_ids._consume(2)
        self.assertEqual(contract.line_ids.quantity_remaining, 1)
        self.assertEqual(contract.successor_id.line_ids.quantity_available, 4)

    def test_paid_after_the_end_rights_are_carried_at_once(self):
        contract = self._make_unused()
        move = self._issue(contract)
        self._end()
        with freeze_time("2027-01-10 03:00:00"):
            self._pay(move)
        self.assertEqual(contract.successor_id.line_ids.quantity_carried, 3)

    def test_what_is_used_in_grace_is_not_carried(self):
        contract = self._make_unused()
        move = self._issue(contract)
        self._end()
        with freeze_time("2027-01-10 03:00:00"):
            contract.line_ids._consume()
            self._pay(move)
        self.assertEqual(contract.successor_id.line_ids.quantity_carried, 2)

    def test_carried_rights_are_not_carried_again(self):
        contract = self._make_unused(used=1)
        second = self._renew(contract)
        self._end()
        with freeze_time("2027-06-01 03:00:00"):
            second.line_ids._consume()  # one of the three that came over
            third = self._renew(second)
        self._end("2028-01-01 03:00:00")
        self.assertEqual(third.line_ids.quantity_carried, 4, "its own four alone")

    def test_carried_again_where_the_line_says_so(self):
        contract = self._make_unused(used=1, carry_again=True)
        second = self._renew(contract)
        self.assertTrue(second.line_ids.carry_again)
        self._end()
        with freeze_time("2027-06-01 03:00:00"):
            second.line_ids._consume()
            third = self._renew(second)
        self._end("2028-01-01 03:00:00")
        self.assertEqual(third.line_ids.quantity_carried, 6)

    def test_unlimited_rights_need_no_carrying(self):
        contract = self._make_unused(used=0, is_unlimited=True)
        successor = self._renew(contract)
        self._end()
        self.assertFalse(self._carried(successor))

    def test_hours_are_carried_with_their_fractions(self):
        contract = self._make_unused(used=0, quantity=8)
        contract.line_ids._consume(2.25)
        successor = self._renew(contract)
        self._end()
        self.assertEqual(successor.line_ids.quantity_carried, 5.75)

    def test_however_often_the_jobs_run_it_is_carried_once(self):
        contract = self._make_unused()
        successor = self._renew(contract)
        for hour in range(6):
            self._end(f"2027-01-01 0{hour}:00:00")
        self.assertEqual(len(self._carried(successor)), 1)
        contract.sudo().carry_due_on = "2027-01-01"
        self._end("2027-01-02 03:00:00")
        self.assertEqual(successor.line_ids.quantity_carried, 3)

    def test_the_database_carries_each_line_once(self):
        contract = self._make_unused()
        successor = self._renew(contract)
        self._end()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self._carried(successor).sudo().copy({"quantity": 1}).flush_recordset()

    def test_a_cancelled_next_period_gets_nothing(self):
        contract = self._make_unused()
        successor = self._renew(contract)
        successor.action_cancel()
        self._end()
        self.assertFalse(successor.line_ids.usage_ids)
        self.assertEqual(contract.line_ids.quantity_remaining, 3)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestCarryWaits(CarryCommon):
    """A visit of the old period that is still to be made keeps its right."""

    def test_what_a_late_visit_reserves_waits_for_it(self):
        self._assert_waits("Asia/Bangkok")

    def test_it_waits_where_the_day_begins_later_too(self):
        self._assert_waits("America/Los_Angeles")

    def _assert_waits(self, tz):
        self.customer.tz = tz
        contract = self._make_unused()
        successor = self._renew(contract)
        line, other = contract.line_ids, self._make_unused()
        other_successor = self._renew(other)
        # what a planned visit does, whichever addon plans it
        line.sudo()._write_counters({line.sudo(): {"quantity_reserved": 1}})
        for day in ("01", "02", "03"):
            for hour in ("01", "12", "23"):
                self._end(f"2027-01-{day} {hour}:00:00")
        self.assertEqual(other_successor.line_ids.quantity_carried, 3)
        self.assertEqual(successor.line_ids.quantity_carried, 0)
        self.assertEqual(successor.line_ids.carry_expected, 3)
        line.sudo()._write_counters(
            {line.sudo(): {"quantity_reserved": 0, "quantity_used": 2}}
        )
        self._end("2027-01-05 03:00:00")
        self.assertEqual(successor.line_ids.quantity_carried, 2)

    def test_a_reserved_right_that_is_never_carried_holds_up_nothing(self):
        contract = self._make_unused()
        contract.line_ids = [
            Command.create({"product_id": self.service_phone.id, "quantity": 2})
        ]
        successor = self._renew(contract)
        phone = contract.line_ids.filtered(
            lambda line: line.product_id == self.service_phone
        ).sudo()
        phone._write_counters({phone: {"quantity_reserved": 1}})
        self._end()
        self.assertEqual(sum(successor.line_ids.mapped("quantity_carried")), 3)

    def test_with_visits_the_late_one_keeps_its_right(self):
        if "service.visit" not in self.env:
            self.skipTest("Visits are planned by another addon, which isn't here")
        contract = self._make_unused(used=0, mode="scheduled", quantity=2)
        successor = self._renew(contract)
        visit = self.env["service.visit"].create(
            {
                "line_id": contract.line_ids.id,
                "start": "2026-12-30 03:00:00",
                "user_id": self.technician.id,
            }
        )
        self.assertEqual(contract.line_ids.quantity_reserved, 1)
        self._end()
        self.assertEqual(successor.line_ids.quantity_carried, 0)
        with freeze_time("2027-01-03 03:00:00"):
            visit.action_cancel()
        self._end("2027-01-04 03:00:00")
        self.assertEqual(successor.line_ids.quantity_carried, 2)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestCarryAfterSuspension(CarryCommon):
    """Who lets a contract be suspended for not renewing loses what was unused."""

    def _suspend(self, contract, reason="not_renewed"):
        self._run(self.expiry_job, AFTER)
        with freeze_time("2027-01-20 03:00:00"):
            contract.action_suspend(reason)

    def _pay_late(self, contract):
        with freeze_time("2027-02-10 03:00:00"):
            return self._renew(contract)

    def test_nothing_is_carried(self):
        contract = self._make_unused()
        self._suspend(contract)
        successor = self._pay_late(contract)
        self.assertEqual((contract.state, successor.state), ("expired", "active"))
        self._end("2027-02-11 03:00:00")
        self.assertEqual(successor.line_ids.quantity_carried, 0)
        self.assertEqual(successor.line_ids.carry_expected, 0)

    def test_a_manager_may_carry_all_the_same(self):
        contract = self._make_unused()
        self._suspend(contract)
        with self.assertRaises(AccessError):
            contract.with_user(self.dispatcher).carry_after_suspension = True
        contract.with_user(self.manager).carry_after_suspension = True
        successor = self._pay_late(contract)
        self.assertEqual(successor.line_ids.quantity_carried, 3)

    def test_also_when_the_manager_thinks_of_it_after_the_payment(self):
        contract = self._make_unused()
        self._suspend(contract)
        successor = self._pay_late(contract)
        with freeze_time("2027-02-11 03:00:00"):
            contract.with_user(self.manager).carry_after_suspension = True
            contract.with_user(self.manager).carry_after_suspension = False
            contract.with_user(self.manager).carry_after_suspension = True
        self.assertEqual(successor.line_ids.quantity_carried, 3)

    def test_suspended_by_hand_for_another_reason_nothing_is_lost(self):
        contract = self._make_unused()
        contract.action_suspend("manual")
        successor = self._renew(contract)
        self.assertEqual(contract.state, "suspended", "whoever suspended it resumes it")
        with freeze_time("2027-01-20 03:00:00"):
            contract.action_resume()
        self._end("2027-01-20 04:00:00")
        self.assertEqual(successor.line_ids.quantity_carried, 3)

    def test_paying_before_the_end_lifts_the_suspension(self):
        contract = self._make_unused()
        move = self._issue(contract)
        contract.action_suspend("unpaid")
        self._pay(move)
        self.assertEqual(contract.state, "active")
        self._end()
        self.assertEqual(contract.successor_id.line_ids.quantity_carried, 0)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestNextPeriod(CarryCommon):
    """What the next period promises, and from when to when."""

    def _assert_chain(self, start, unit, count, expected):
        """Renew ten times, each paid a month before the end; compare the starts."""
        contract = self._make_renewable(
            date_start=start, term_unit=unit, term_count=count, terms={2: 30}
        )
        starts, ends = [], [contract.date_end]
        for _n in range(10):
            with freeze_time(fields.Date.subtract(contract.date_end, days=10)):
                contract = self._renew(contract)
            starts.append(contract.date_start)
            ends.append(contract.date_end)
        self.assertEqual(contract.cycle, 11)
        self.assertEqual([str(day) for day in starts], expected)
        for end, following in zip(ends[:-1], starts, strict=True):
            self.assertEqual((following - end).days, 1, "no gap, no overlap")
        codes = contract.chain_ids.mapped("service_code")
        self.assertEqual((len(codes), len(set(codes))), (11, 1))

    def test_ten_years_from_the_29th_of_february(self):
        self._assert_chain(
            *("2024-02-29", "year", 1),
            [
                *("2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"),
                *("2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"),
                *("2033-02-28", "2034-02-28"),
            ],
        )

    def test_ten_months_from_the_31st_of_january(self):
        self._assert_chain(
            *("2026-01-31", "month", 1),
            [
                *("2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"),
                *("2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30"),
                *("2026-10-31", "2026-11-30"),
            ],
        )

    def test_ten_quarters_from_the_30th_of_november(self):
        self._assert_chain(
            *("2026-11-30", "month", 3),
            [
                *("2027-02-28", "2027-05-30", "2027-08-30", "2027-11-30"),
                *("2028-02-29", "2028-05-30", "2028-08-30", "2028-11-30"),
                *("2029-02-28", "2029-05-30"),
            ],
        )

    def test_however_late_it_is_paid_the_dates_are_those_of_the_invoice(self):
        contract = self._make_renewable()
        move = self._issue(contract)
        self._end()
        with freeze_time("2027-03-20 03:00:00"):
            self._pay(move)
        line = move.invoice_line_ids
        successor = contract.successor_id
        self.assertEqual(
            (successor.date_start, successor.date_end),
            (line.service_date_start, line.service_date_end),
        )
        self.assertEqual(successor.date_start, date(2027, 1, 1))

    def test_quantities_as_a_manager_set_them(self):
        contract = self._make_unused()
        with self.assertRaises(AccessError):
            contract.line_ids.with_user(self.dispatcher).quantity_next = 6
        contract.line_ids.with_user(self.manager).quantity_next = 6
        self.assertEqual(contract.line_ids.quantity, 4, "this year stays as agreed")
        successor = self._renew(contract)
        self.assertEqual(successor.line_ids.quantity, 6)
        self.assertEqual(successor.line_ids.quantity_next, 6, "and so on")
        self.assertFalse(successor.line_ids.has_quantity_next)

    def test_what_was_agreed_later_is_what_the_next_period_has(self):
        contract = self._make_unused()
        contract.line_ids.with_user(self.manager).quantity = 5
        self.assertEqual(self._renew(contract).line_ids.quantity, 5)

    def test_once_lines_are_not_copied_and_the_others_are(self):
        contract = self._make_renewable(
            lines=[
                {"product_id": self.service_visit.id, "quantity": 4},
                {"product_id": self.service_phone.id, "quantity": 2},
                {
                    "product_id": self.service_install.id,
                    "quantity": 1,
                    "on_renewal": "once",
                    "carry_over": "all",
                },
            ]
        )
        successor = self._renew(contract)
        self.assertEqual(
            successor.line_ids.product_id, self.service_visit | self.service_phone
        )
        self.assertEqual(
            successor.line_ids.renewed_from_id,
            contract.line_ids.filtered(lambda line: line.on_renewal == "renew"),
        )
        self._end()
        self.assertFalse(self._carried(successor), "an installation isn't owed again")

    def test_a_manager_sets_it_in_the_form(self):
        contract = self._make_unused().with_user(self.manager)
        with (
            Form(contract) as form,
            form.renewable_line_ids.edit(0) as line,
        ):
            line.quantity_next = 3
        self.assertEqual(contract.line_ids.quantity_next, 3)
