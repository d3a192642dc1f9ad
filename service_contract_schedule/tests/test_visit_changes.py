from datetime import date, datetime

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common import SECOND_MONDAY, ScheduleCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 03:00:00")
class TestVisitChanges(ScheduleCommon):
    """Contracts change while visits exist: the visits follow, people's changes stay."""

    def _run_job(self):
        with self.enter_registry_test_mode():
            self.env.ref(
                "service_contract_schedule.ir_cron_generate_visits"
            ).method_direct_trigger()

    def _open(self, line):
        return line.visit_ids.filtered(lambda v: v.state in ("planned", "confirmed"))

    # === PERIODS === #

    def test_expired_then_prolonged(self):
        line = self._make_line(quantity=24, activate=True, **SECOND_MONDAY)
        self.assertEqual(len(line.visit_ids), 12)
        with freeze_time("2027-01-05 03:00:00"):
            line.contract_id.sudo()._expire()
            line.contract_id.date_end = "2027-12-31"
            self.assertEqual(line.contract_id.state, "active")
            self.assertEqual(len(line.visit_ids), 24)

    def test_the_end_of_a_line_reaches_confirmed_and_moved_visits(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        _first, _second, third, fourth = line.visit_ids.sorted("start")
        third.action_confirm()
        fourth.with_user(self.dispatcher).start = "2026-04-15 02:00:00"
        line.date_end = "2026-02-28"
        self.assertEqual((third.state, fourth.state), ("cancelled", "cancelled"))
        self.assertEqual(line.quantity_reserved, 2)

    def test_ended_while_suspended(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        line.visit_ids.sorted("start")[3].action_confirm()
        line.contract_id.action_suspend()
        line.contract_id.date_end = "2026-02-28"
        line.contract_id.action_resume()
        self.assertEqual(self._slots(self._open(line)), ["2026-01-12", "2026-02-09"])
        self.assertEqual(line.quantity_reserved, 2)

    def test_cancelled_the_day_after_a_visit(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        with freeze_time("2026-01-13 03:00:00"):
            line.contract_id.action_cancel()
        self.assertEqual(set(line.visit_ids.mapped("state")), {"cancelled"})
        self.assertEqual(line.quantity_reserved, 0)

    def test_prolonged_again_moved_and_extra_visits_come_back_as_they_were(self):
        line = self._make_line(quantity=6, activate=True, **SECOND_MONDAY)
        line.visit_ids.sorted("start")[5].action_cancel()
        moved = line.visit_ids.sorted("start")[1]
        moved.with_user(self.dispatcher).start = "2026-02-11 06:00:00"
        extra = (
            self.env["service.visit"]
            .with_user(self.dispatcher)
            .create({"line_id": line.id, "start": "2026-02-20 03:00:00"})
        )
        line.contract_id.date_end = "2026-01-31"
        self.assertEqual((moved.state, extra.state), ("cancelled", "cancelled"))
        line.contract_id.date_end = "2026-12-31"
        self.assertEqual((moved.state, extra.state), ("planned", "planned"))
        self.assertEqual(moved.start, datetime(2026, 2, 11, 6))
        self.assertEqual(line.quantity_reserved, 6)

    def test_a_draft_that_starts_later_counts_from_there(self):
        line = self._make_line(
            quantity=2, visit_kind="recurring", rrule_type="yearly", weekday="MON"
        )
        line.contract_id.date_start = "2026-09-01"
        line.contract_id.action_activate()
        self.assertEqual(line.visit_anchor, date(2026, 9, 1))
        self.assertEqual(self._slots(line.visit_ids), ["2026-09-07"])

    # === PATTERNS === #

    def test_another_technician_changes_no_date_and_no_right(self):
        with freeze_time("2026-03-01 03:00:00"):
            line = self._make_line(activate=True, **SECOND_MONDAY)
            self.assertEqual(line.visit_past_count, 2)
            line._change_pattern(
                {"technician_id": self.technician.id, "hour_start": 14}
            )
            self.env.invalidate_all()
            self.assertEqual(self._slots(line.visit_ids), ["2026-03-09", "2026-04-13"])
            self.assertEqual(line.visit_ids.user_id, self.technician)
            self.assertEqual(line.visit_past_count, 2)

    def test_another_technician_from_a_date_on(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        line._change_pattern(
            {"technician_id": self.technician.id, "hour_start": 14}, date(2026, 3, 1)
        )
        visits = line.visit_ids.sorted("start")
        self.assertEqual(visits.mapped("user_id.id"), [self.technician.id])
        self.assertFalse(visits[:2].user_id)
        self.assertEqual(visits[1].start, datetime(2026, 2, 9, 2))
        self.assertEqual(visits[2].start, datetime(2026, 3, 9, 7))
        # days off still reach the visits before that date, at their own hour
        self._make_holiday("2026-02-09")
        self._run_job()
        self.assertEqual(visits[1].start, datetime(2026, 2, 10, 2))

    def test_a_kept_visit_stands_for_the_nearest_date(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        moved = line.visit_ids.sorted("start")[1]
        moved.with_user(self.dispatcher).start = "2026-02-11 02:00:00"
        line._change_pattern({"weekday": "TUE"})
        self.assertEqual(
            self._days(line.visit_ids),
            ["2026-01-13", "2026-02-11", "2026-03-10", "2026-04-14"],
        )

    def test_a_reopened_visit_survives_the_night(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        visit = line.visit_ids.sorted("start")[1].with_user(self.dispatcher)
        visit.action_cancel()
        line._change_pattern({"weekday": "TUE"})
        self._open(line).sorted("start")[3].action_cancel()
        visit.action_reopen()
        line._generate_visits()
        self.assertEqual(visit.exists().state, "planned")

    def test_what_a_person_says_about_a_visit_stays(self):
        line = self._make_line(activate=True, window_after=3, **SECOND_MONDAY)
        visit = line.visit_ids.sorted("start")[0].with_user(self.dispatcher)
        visit.write({"name": "Ask for Khun Lek", "date_latest": "2026-01-30"})
        line._change_pattern({"hour_start": 10})
        self.assertEqual(visit.name, "Ask for Khun Lek")
        self.assertEqual(visit.date_latest, date(2026, 1, 30))

    def test_on_demand_again(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        line.mode = "on_demand"
        self.assertFalse(line.visit_ids)
        self.assertEqual(line.quantity_reserved, 0)
        self.assertFalse(line.contract_id.visits_due_on)

    def test_the_job_ends_where_nothing_is_planned_any_more(self):
        line = self._make_line(
            contract=self._make_contract(term_count=0), activate=True, **SECOND_MONDAY
        )
        contract = line.contract_id
        contract.sudo().visits_due_on = "2026-01-01"
        line.sudo().mode = "on_demand"
        contract.sudo().visits_due_on = "2025-12-31"
        self._run_job()
        self.assertFalse(contract.visits_due_on)

    # === DAYS OFF === #

    def test_a_slot_put_off_onto_today_isnt_planned_twice(self):
        line = self._make_line(
            contract=self._make_contract(
                lines=[
                    {
                        "product_id": self.service_visit.id,
                        "mode": "scheduled",
                        "is_unlimited": True,
                    }
                ]
            ),
            activate=True,
            visit_kind="recurring",
            month_by="date",
            day=10,
            non_working_day="next",
        )
        visit = line.visit_ids.sorted("start")[0]  # Saturday 10, put off to Monday 12
        self.assertEqual(self._days(visit), ["2026-01-12"])
        visit.with_user(self.dispatcher).start = "2026-01-08 02:00:00"
        with freeze_time("2026-01-08 05:00:00"):
            visit.action_done()
        with freeze_time("2026-01-11 05:00:00"):
            self.assertFalse(line._generate_visits())

    def test_a_day_off_that_is_taken_back_brings_the_visit_back(self):
        line = self._make_line(activate=True, non_working_day="skip", **SECOND_MONDAY)
        holiday = self._make_holiday("2026-02-09")
        self._run_job()
        self.assertNotIn("2026-02-09", self._slots(line.visit_ids))
        holiday.unlink()
        self._run_job()
        self.assertIn("2026-02-09", self._slots(line.visit_ids))

    def test_a_day_in_the_middle_becomes_a_working_day(self):
        days = [self._make_holiday(f"2026-02-{day:02d}") for day in (9, 10, 11, 12)]
        line = self._make_line(activate=True, non_working_day="next", **SECOND_MONDAY)
        self.assertIn("2026-02-13", self._days(line.visit_ids))
        days[2].unlink()
        self._run_job()
        self.assertIn("2026-02-11", self._days(line.visit_ids))

    def test_skipped_days_are_no_past_dates(self):
        self._make_holiday("2026-02-09")
        line = self._make_line(activate=True, non_working_day="skip", **SECOND_MONDAY)
        with freeze_time("2026-02-12 03:00:00"):
            self.assertEqual(line.visit_past_count, 0)

    @freeze_time("2026-02-08 03:00:00")
    def test_previous_never_means_before_today(self):
        line = self._make_line(
            activate=True, non_working_day="previous", **SECOND_MONDAY
        )
        self._make_holiday("2026-02-09")
        self._run_job()
        self.assertEqual(self._days(line.visit_ids)[0], "2026-02-10")

    def test_other_working_days(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        monday = self.calendar.attendance_ids.filtered(lambda a: a.dayofweek == "0")
        monday.unlink()
        self._run_job()
        self.assertEqual(self._days(line.visit_ids)[0], "2026-01-13")

    def test_a_farther_horizon(self):
        self.company.service_visit_horizon_days = 30
        line = self._make_line(activate=True, **SECOND_MONDAY)
        self.assertEqual(len(line.visit_ids), 1)
        self.company.service_visit_horizon_days = 90
        self._run_job()
        self.assertEqual(len(line.visit_ids), 3)

    # === PLACES === #

    def test_all_machines_at_a_branch(self):
        branch = self.env["res.partner"].create(
            {"name": "Branch", "parent_id": self.customer.id, "tz": "Europe/Brussels"}
        )
        contract = self._make_contract(
            item_ids=[
                Command.create({"name": "Oven", "partner_service_id": branch.id}),
            ]
        )
        line = self._make_line(contract=contract, activate=True, **SECOND_MONDAY)
        visit = line.visit_ids.sorted("start")[0]
        self.assertEqual(visit.partner_service_id, branch)
        self.assertEqual(visit.tz, "Europe/Brussels")
        self.assertEqual(visit.start, datetime(2026, 1, 12, 8))
        self.assertEqual(visit.item_ids, contract.item_ids)
        contract.item_ids.partner_service_id = False
        self.assertEqual(visit.tz, "Asia/Bangkok")

    def test_a_replaced_machine(self):
        contract = self._make_contract(
            item_ids=[Command.create({"name": "Oven", "serial": "OV-1"})]
        )
        line = self._make_line(contract=contract, **SECOND_MONDAY)
        line.item_id = contract.item_ids
        contract.action_activate()
        new = self.env["service.contract.item"].create(
            {"contract_id": contract.id, "name": "Oven", "serial": "OV-2"}
        )
        line.item_id.replaced_by_id = new
        self.assertIn("OV-2", line.visit_ids[0].name)

    def test_a_place_chosen_by_hand_brings_its_clocks(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        place = self.env["res.partner"].create({"name": "Fair", "tz": "Asia/Tokyo"})
        line.visit_ids[0].partner_service_id = place
        self.assertEqual(line.visit_ids[0].tz, "Asia/Tokyo")

    # === RIGHTS === #

    def test_hours(self):
        hours = self.env["product.product"].create(
            {
                "name": "Support on site",
                "type": "service",
                "uom_id": self.env.ref("uom.product_uom_hour").id,
            }
        )
        contract = self._make_contract(
            lines=[{"product_id": hours.id, "mode": "scheduled", "quantity": 8}]
        )
        line = self._make_line(
            contract=contract, quantity=8, duration=2, activate=True, **SECOND_MONDAY
        )
        self.assertEqual((len(line.visit_ids), line.quantity_reserved), (4, 8))
        line._change_pattern({"duration": 1})
        self.assertEqual((len(line.visit_ids), line.quantity_reserved), (8, 8))
        last = line.visit_ids.sorted("start")[7]
        last.action_cancel()
        first = line.visit_ids.sorted("start")[0]
        first.with_user(self.dispatcher).write({"duration": 2})
        self.assertEqual(first.quantity, 2)
        self.assertEqual(line.quantity_available, 0)

    def test_no_longer_unlimited(self):
        contract = self._make_contract(
            lines=[
                {
                    "product_id": self.service_visit.id,
                    "mode": "scheduled",
                    "is_unlimited": True,
                }
            ]
        )
        line = self._make_line(contract=contract, activate=True, **SECOND_MONDAY)
        self.assertEqual(len(line.visit_ids), 12)
        line.write({"is_unlimited": False, "quantity": 5})
        self.assertEqual(len(line.visit_ids), 5)
        self.assertEqual(line.quantity_available, 0)

    # === PEOPLE === #

    def test_a_trip_leaves_behind_who_may_not_go_along(self):
        contract = self._make_contract(
            lines=[
                {"product_id": product.id, "mode": "scheduled", **SECOND_MONDAY}
                for product in (self.service_visit, self.service_phone)
            ],
            activate=True,
        )
        first, second = contract.visit_ids.sorted("start")[:2]
        second.line_id.date_end = "2026-01-20"
        first.with_user(self.dispatcher).start = "2026-01-26 02:00:00"
        self.assertEqual(self._days(first), ["2026-01-26"])
        self.assertEqual(self._days(second), ["2026-01-12"])
        self.assertIn("outside the period", first.message_ids[0].body)

    def test_a_technician_who_left_holds_up_nobody(self):
        line = self._make_line(
            activate=True, technician_id=self.technician.id, **SECOND_MONDAY
        )
        self.technician.active = False
        contract = line.contract_id
        contract.action_suspend()
        contract.action_resume()
        self.assertEqual(contract.state, "active")
        self.assertIn("is archived", contract.job_error)
        contract.date_end = "2026-02-28"
        self.assertEqual(len(self._open(line)), 2)
        successor = contract.sudo()._create_successors(
            {contract: (date(2026, 3, 1), date(2027, 2, 28))}
        )
        self.assertFalse(successor.line_ids.technician_id)
        successor.action_activate()

    def test_what_cannot_be_planned_holds_no_paid_period_up(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        contract = line.contract_id
        line.product_id.active = False
        successor = contract.sudo()._create_successors(
            {contract: (date(2027, 1, 1), date(2027, 12, 31))}
        )
        successor.action_activate()
        self.assertEqual(successor.state, "active")
        self.assertIn("is archived", successor.job_error)

    def test_a_warranty_outlasts_its_contract(self):
        contract = self._make_contract(
            lines=[
                {
                    "product_id": self.service_warranty.id,
                    "mode": "scheduled",
                    "is_warranty": True,
                    "is_unlimited": True,
                    "period_count": 24,
                    **SECOND_MONDAY,
                }
            ],
            activate=True,
        )
        with freeze_time("2027-01-05 03:00:00"):
            contract.sudo()._expire()
            visit = contract.visit_ids.filtered(
                lambda v: v.occurrence_date == date(2027, 1, 11)
            )
            self.assertTrue(visit)
            visit.action_confirm()
            self.assertEqual(visit.state, "confirmed")

    def test_follow_ups_need_a_contract_in_force(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        visit = line.visit_ids.sorted("start")[0]
        with freeze_time("2026-01-12 05:00:00"):
            visit.action_problem()
            line.contract_id.action_cancel()
            with self.assertRaisesRegex(UserError, "was cancelled"):
                visit.action_follow_up()

    def test_a_line_with_visits_stays_with_its_contract(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        with self.assertRaisesRegex(UserError, "has visits"):
            line.contract_id = self._make_contract()

    def test_a_deleted_line_leaves_no_activity(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        with freeze_time("2026-01-20 03:00:00"):
            line.visit_ids.sorted("start")[0].sudo()._take_step("missed")
        visits = line.visit_ids
        line.unlink()
        self.assertFalse(
            self.env["mail.activity"].search(
                [("res_model", "=", "service.visit"), ("res_id", "in", visits.ids)]
            )
        )

    def test_no_past_date_is_typed_for_a_past_slot(self):
        with freeze_time("2026-03-01 03:00:00"):
            line = self._make_line(activate=True, **SECOND_MONDAY)
            action = line.contract_id.action_plan_past_visits()
            wizard = self.env[action["res_model"]].browse(action["res_id"])
            wizard.row_ids[0].date = "2026-02-01"
            with self.assertRaisesRegex(UserError, "from today on"):
                wizard.action_plan()

    def test_past_slots_after_a_second_activation(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        contract = line.contract_id
        with freeze_time("2026-03-01 03:00:00"):
            contract.action_cancel()
            contract.action_reset_draft()
            contract.action_activate()
            self.env.invalidate_all()
            self.assertEqual(line.visit_past_count, 2)
            action = contract.action_plan_past_visits()
            self.env[action["res_model"]].browse(action["res_id"]).action_plan()
            self.assertEqual(len(self._open(line)), 4)
            self.assertEqual(line.quantity_available, 0)
