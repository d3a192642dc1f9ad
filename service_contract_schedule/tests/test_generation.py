from datetime import date, datetime

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged

from .common import SECOND_MONDAY, ScheduleCommon

DAYS_2026 = ["2026-01-12", "2026-02-09", "2026-03-09", "2026-04-13"]


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 03:00:00")
class TestGeneration(ScheduleCommon):
    """Visits that plan themselves, once, and leave alone what people changed."""

    def test_activation_plans_the_visits_that_were_agreed(self):
        line = self._make_line(**SECOND_MONDAY)
        self.assertFalse(line.visit_ids)
        line.contract_id.action_activate()
        visits = line.visit_ids.sorted("start")
        self.assertEqual(self._slots(visits), DAYS_2026)
        self.assertEqual(visits[0].start, datetime(2026, 1, 12, 2))  # 09:00 in Bangkok
        self.assertEqual(visits[0].stop, datetime(2026, 1, 12, 3))
        self.assertEqual(set(visits.mapped("state")), {"planned"})
        self.assertEqual(line.quantity_reserved, 4)
        self.assertEqual(line.quantity_available, 0)
        self.assertEqual(line.quantity_remaining, 4)
        self.assertEqual(visits[2].number_display, "3 of 4")
        self.assertFalse(visits.activity_ids)
        self.assertFalse(visits.calendar_event_id)

    def test_generating_again_changes_nothing(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        before = line.visit_ids.read(["start", "state", "write_date"])
        self.assertFalse(line._generate_visits())
        self.env.invalidate_all()
        self.assertEqual(line.visit_ids.read(["start", "state", "write_date"]), before)

    def test_a_moved_visit_survives(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        moved = line.visit_ids.sorted("start")[1]
        moved.with_user(self.dispatcher).write(
            {"start": "2026-02-11 06:00:00", "stop": "2026-02-11 07:00:00"}
        )
        self.assertTrue(moved.is_manual)
        self.assertEqual(moved.occurrence_date, date(2026, 2, 9))
        line._change_pattern({"weekday": "TUE"})
        self.assertEqual(moved.start, datetime(2026, 2, 11, 6))
        self.assertIn("2026-01-13", self._slots(line.visit_ids))
        self.assertNotIn("2026-01-12", self._slots(line.visit_ids))
        line._generate_visits()
        self.assertEqual(moved.start, datetime(2026, 2, 11, 6))
        self.assertEqual(line.quantity_reserved, 4)

    def test_a_cancelled_visit_does_not_come_back(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        visit = line.visit_ids.sorted("start")[1]
        visit.with_user(self.dispatcher).action_cancel("The hotel is closed")
        self.assertEqual(line.quantity_available, 1)
        line._generate_visits()
        self.assertEqual(visit.state, "cancelled")
        self.assertEqual(len(line.visit_ids), 4)
        self.assertEqual(line.quantity_available, 1)

    @freeze_time("2026-03-01 03:00:00")
    def test_past_slots_are_listed_and_planned_on_request(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        self.assertEqual(self._slots(line.visit_ids), DAYS_2026[2:])
        self.assertEqual(line.visit_past_count, 2)
        self.assertEqual(line.quantity_available, 2)
        action = line.contract_id.with_user(self.dispatcher).action_plan_past_visits()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.dispatcher)
            .browse(action["res_id"])
        )
        wizard.action_plan()
        self.assertEqual(self._slots(line.visit_ids), DAYS_2026)
        self.assertTrue(all(v.start >= datetime(2026, 3, 1) for v in line.visit_ids))
        self.assertEqual(line.quantity_available, 0)
        self.env.invalidate_all()
        self.assertEqual(line.visit_past_count, 0)

    def test_horizon(self):
        line = self._make_line(
            contract=self._make_contract(term_count=0),
            quantity=40,
            horizon_days=60,
            **SECOND_MONDAY,
        )
        line.contract_id.action_activate()
        self.assertEqual(self._slots(line.visit_ids), ["2026-01-12", "2026-02-09"])
        self.assertEqual(line.contract_id.visits_due_on, date(2026, 1, 8))
        with freeze_time("2026-01-07 12:00:00"), self.enter_registry_test_mode():
            self._run_job()
        self.assertEqual(len(line.visit_ids), 2)
        with freeze_time("2026-01-09 12:00:00"), self.enter_registry_test_mode():
            self._run_job()
        self.assertEqual(len(line.visit_ids), 3)

    def _run_job(self):
        self.env.ref(
            "service_contract_schedule.ir_cron_generate_visits"
        ).method_direct_trigger()

    def test_holidays_move_what_falls_on_them(self):
        self._make_holiday("2026-02-09", "Makha Bucha")
        line = self._make_line(activate=True, non_working_day="next", **SECOND_MONDAY)
        self.assertEqual(self._slots(line.visit_ids), DAYS_2026)
        self.assertEqual(self._days(line.visit_ids)[1], "2026-02-10")
        self.assertFalse(any(line.visit_ids.mapped("is_manual")))

    def test_a_holiday_entered_later_moves_the_visit_at_night(self):
        line = self._make_line(activate=True, non_working_day="next", **SECOND_MONDAY)
        self._make_holiday("2026-03-09")
        with self.enter_registry_test_mode():
            self._run_job()
        self.assertEqual(self._days(line.visit_ids)[2], "2026-03-10")

    def test_lowering_the_quantity_gives_up_the_last_visits(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        line.quantity = 2
        self.assertEqual(self._slots(line.visit_ids), DAYS_2026[:2])
        self.assertEqual(line.quantity_available, 0)
        line.quantity = 3
        self.assertEqual(self._slots(line.visit_ids), DAYS_2026[:3])

    def test_cancelled_contract_and_back(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        contract = line.contract_id
        contract.action_cancel()
        self.assertEqual(set(line.visit_ids.mapped("state")), {"cancelled"})
        self.assertEqual(line.quantity_reserved, 0)
        contract.action_reset_draft()
        contract.action_activate()
        self.assertEqual(set(line.visit_ids.mapped("state")), {"planned"})
        self.assertEqual(len(line.visit_ids), 4)
        self.assertEqual(line.quantity_reserved, 4)

    def test_ended_earlier(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        line.contract_id.date_end = "2026-03-01"
        states = line.visit_ids.sorted("start").mapped("state")
        self.assertEqual(states, ["planned", "planned", "cancelled", "cancelled"])
        self.assertTrue(line.visit_ids.sorted("start")[3].cancel_reason)
        self.assertEqual(line.quantity_reserved, 2)
        line.contract_id.date_end = "2026-12-31"
        line.date_end = "2026-12-31"
        self.assertEqual(set(line.visit_ids.mapped("state")), {"planned"})

    def test_outcomes_use_rights(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        line.technician_id = self.technician
        first, second, third, fourth = line.visit_ids.sorted("start")
        self.assertEqual(first.user_id, self.technician)
        first.with_user(self.dispatcher).action_confirm()
        self.assertEqual(first.calendar_event_id.user_id, self.technician)
        self.assertEqual(first.activity_ids.user_id, self.technician)
        first.with_user(self.technician).action_start()
        first.with_user(self.technician).action_done()
        self.assertEqual(line.quantity_used, 1)
        self.assertEqual(line.quantity_reserved, 3)
        self.assertEqual(line.quantity_remaining, 3)
        self.assertEqual(line.rights_display, "3 of 4")
        second.action_confirm()
        second.action_problem()
        self.assertEqual(line.quantity_used, 2)
        action = second.action_follow_up()
        follow_up = self.env["service.visit"].browse(action["res_id"])
        self.assertEqual(follow_up.quantity, 0)
        self.assertEqual(line.quantity_reserved, 2)
        second.action_take_no_right("Our own fault")
        self.assertEqual(line.quantity_used, 1)
        first.action_reopen()
        self.assertEqual(first.state, "confirmed")
        self.assertEqual(line.quantity_used, 0)

    def test_on_hold_while_suspended(self):
        line = self._make_line(
            activate=True, technician_id=self.technician.id, **SECOND_MONDAY
        )
        first, second = line.visit_ids.sorted("start")[:2]
        first.action_confirm()
        line.contract_id.action_suspend()
        self.assertTrue(first.is_on_hold)
        self.assertFalse(first.calendar_event_id)
        with self.assertRaises(UserError):
            second.action_confirm()
        with freeze_time("2026-01-20 03:00:00"):
            line.contract_id.action_resume()
        self.assertEqual(first.state, "missed")
        self.assertTrue(first.activity_ids)
        self.assertEqual(second.state, "planned")

    def test_a_pattern_from_a_date_on(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        line._change_pattern({"weekday": "FRI", "byday": "1"}, date(2026, 2, 20))
        self.assertEqual(
            self._slots(line.visit_ids),
            ["2026-01-12", "2026-02-09", "2026-03-06", "2026-04-03"],
        )

    def test_refused_outside_the_period(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        with self.assertRaises(ValidationError):
            line.visit_ids[0].start = "2027-02-01 03:00:00"

    def test_an_extra_visit_from_the_calendar(self):
        """The form opens with a time only; the service is chosen then."""
        line = self._make_line(quantity=5, activate=True, **SECOND_MONDAY)
        self.assertEqual(line.quantity_available, 0)
        line.visit_ids.sorted("start")[0].action_cancel()
        visits = self.env["service.visit"].with_user(self.dispatcher)
        form = Form(
            visits.with_context(
                default_start="2026-05-05 02:00:00", default_stop="2026-05-05 03:00:00"
            )
        )
        form.line_id = line.with_user(self.dispatcher)
        visit = form.save()
        self.assertTrue(visit.is_manual)
        self.assertFalse(visit.occurrence_date)
        self.assertEqual(visit.name, "Preventive visit")
        self.assertEqual(line.quantity_available, 0)
        with self.assertRaisesRegex(UserError, "asked for, 0 left"):
            visits.create({"line_id": line.id, "start": "2026-05-06 02:00:00"})

    def test_a_trip_moves_together(self):
        """Two services for one customer on one day: both go to the new day."""
        values = {"mode": "scheduled", "quantity": 4, **SECOND_MONDAY}
        contract = self._make_contract(
            lines=[
                {"product_id": self.service_visit.id, "hour_start": 9, **values},
                {"product_id": self.service_phone.id, "hour_start": 13.5, **values},
            ],
            activate=True,
        )
        first, second = contract.visit_ids.sorted("start")[:2]
        self.assertEqual(first.trip_size, 2)
        first.with_user(self.dispatcher).start = "2026-01-14 04:00:00"
        self.assertEqual(first.stop, datetime(2026, 1, 14, 5))
        self.assertEqual(second.start, datetime(2026, 1, 14, 6, 30))
        self.assertEqual(second.stop, datetime(2026, 1, 14, 7, 30))
        self.assertTrue(second.is_manual)
        self.assertEqual(first.line_id.quantity_reserved, 4)
        # on the same day, only the one that was moved
        first.with_user(self.dispatcher).start = "2026-01-14 02:00:00"
        self.assertEqual(second.start, datetime(2026, 1, 14, 6, 30))
