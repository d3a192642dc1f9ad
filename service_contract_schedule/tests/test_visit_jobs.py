from datetime import date
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import SECOND_MONDAY, ScheduleCommon

JOB_LOGGER = "odoo.addons.service_contract.models.service_job_mixin"
PROBLEM = "service_contract.mail_activity_type_job_error"
MISSED = "service_contract_schedule.mail_activity_type_missed"
TO_CONFIRM = "service_contract_schedule.mail_activity_type_to_confirm"


class VisitJobs(ScheduleCommon):
    """Runs the nightly jobs at moments of one's choice."""

    def _run(self, job, at):
        self.env.flush_all()
        cron = self.env.ref(f"service_contract_schedule.ir_cron_{job}")
        with freeze_time(at), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _make_running(self, quantity=4, contract=None, **values):
        """Make a running contract of the dispatcher; return its line."""
        contract = contract or self._make_contract(user_id=self.dispatcher.id)
        return self._make_line(
            contract, quantity, activate=True, **{**SECOND_MONDAY, **values}
        )

    def _told(self, record, kind):
        return record.activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref(kind)
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 03:00:00")
class TestPlanningJob(VisitJobs):
    """Every night what has come within the horizon is planned, whatever is broken."""

    def test_what_comes_within_the_horizon(self):
        line = self._make_running(
            quantity=40,
            contract=self._make_contract(term_count=0),
            horizon_days=60,
        )
        self.assertEqual(self._slots(line.visit_ids), ["2026-01-12", "2026-02-09"])
        self._run("generate_visits", "2026-01-07 12:00:00")
        self.assertEqual(len(line.visit_ids), 2)
        self._run("generate_visits", "2026-01-09 12:00:00")
        self.assertEqual(self._slots(line.visit_ids)[2:], ["2026-03-09"])
        # a job that didn't run for months makes up for it
        self._run("generate_visits", "2026-06-01 12:00:00")
        self.assertEqual(self._slots(line.visit_ids)[3:], ["2026-06-08", "2026-07-13"])

    def test_suspended_contracts_wait(self):
        line = self._make_running(horizon_days=30)
        self.assertEqual(len(line.visit_ids), 1)
        line.contract_id.action_suspend()
        self._run("generate_visits", "2026-02-01 12:00:00")
        self.assertEqual(len(line.visit_ids), 1)

    def test_archived_contracts_are_served_too(self):
        line = self._make_running(horizon_days=30)
        line.contract_id.action_archive()
        self._run("generate_visits", "2026-02-01 12:00:00")
        self.assertEqual(self._slots(line.visit_ids), ["2026-01-12", "2026-02-09"])

    # -- broken ones

    def _break(self, table, column, value, record):
        """Write what no form would accept, as an import or a bug may."""
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE {table} SET {column} = %s WHERE id = %s", [value, record.id]
        )
        self.env.invalidate_all()

    def _assert_skipped_and_told_once(self, words, harm, mend, bad=None):
        """Run the job beside a broken contract until it is mended.

        :param words: part of what the person reads
        """
        lines = [self._make_running(horizon_days=30) for _n in range(2)]
        bad = bad or self._make_running(horizon_days=30)
        lines.append(self._make_running(horizon_days=30))
        harm(bad)
        with mute_logger(JOB_LOGGER):
            for day in ("02-01", "02-01", "02-02", "02-03", "02-04"):
                self._run("generate_visits", f"2026-{day} 12:00:00")
        for line in lines:
            self.assertEqual(len(line.visit_ids), 2, "the others get their visits")
        contract = bad.contract_id
        self.assertEqual(len(bad.visit_ids), 1)
        self.assertIn(words, contract.job_error)
        self.assertIn(contract.name, contract.job_error)
        told = self._told(contract, PROBLEM)
        self.assertEqual(len(told), 1)
        self.assertEqual(told.user_id, self.dispatcher)
        self.assertIn(words, told.note)
        mend(bad)
        self._run("generate_visits", "2026-02-06 12:00:00")
        self.assertEqual(len(bad.visit_ids), 2)
        self.assertFalse(contract.job_error)
        self.assertFalse(self._told(contract, PROBLEM))

    def test_archived_service(self):
        product = self._make_product("Deep cleaning", "service")
        bad = self._make_running(
            contract=self._make_contract(
                user_id=self.dispatcher.id, lines=[{"product_id": product.id}]
            ),
            horizon_days=30,
        )
        self._assert_skipped_and_told_once(
            "is archived",
            lambda line: product.action_archive(),
            lambda line: product.action_unarchive(),
            bad,
        )

    def test_interval_of_zero(self):
        self._assert_skipped_and_told_once(
            "not every 0",
            lambda line: self._break("service_contract_line", "interval", 0, line),
            lambda line: line.write({"interval": 1}),
        )

    def test_technician_of_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        elsewhere = {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        bad = self._make_running(horizon_days=30, technician_id=self.technician.id)
        self._assert_skipped_and_told_once(
            "doesn't work for",
            lambda line: self.technician.write(elsewhere),
            lambda line: line.write({"technician_id": False}),
            bad,
        )

    def test_archived_technician(self):
        bad = self._make_running(horizon_days=30, technician_id=self.technician.id)
        self._assert_skipped_and_told_once(
            "is archived. Choose another technician",
            lambda line: self.technician.action_archive(),
            lambda line: line.write({"technician_id": False}),
            bad,
        )

    def test_company_without_working_hours(self):
        """Those that visit on any day are planned all the same."""
        company = self.company
        bad = self._make_running(horizon_days=30, non_working_day="next")
        good = self._make_running(horizon_days=30, non_working_day="keep")
        self._break("res_company", "resource_calendar_id", None, company)
        with mute_logger(JOB_LOGGER):
            for day in ("02-01", "02-02", "02-03"):
                self._run("generate_visits", f"2026-{day} 12:00:00")
        self.assertEqual((len(bad.visit_ids), len(good.visit_ids)), (1, 2))
        contract = bad.contract_id
        self.assertIn("has no working hours", contract.job_error)
        self.assertEqual(len(self._told(contract, PROBLEM)), 1)
        company.resource_calendar_id = self.calendar
        self._run("generate_visits", "2026-02-05 12:00:00")
        self.assertEqual(len(bad.visit_ids), 2)
        self.assertFalse(contract.job_error)
        self.assertFalse(self._told(contract, PROBLEM))


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 03:00:00")
class TestMissedJob(VisitJobs):
    """What is past without an outcome is missed, told once, and given back."""

    def test_missed_after_a_day(self):
        line = self._make_running(technician_id=self.technician.id)
        first, second = line.visit_ids.sorted("start")[:2]
        first.action_confirm()
        self._run("missed_visits", "2026-01-13 02:59:00")  # ended a minute less ago
        self.assertEqual(first.state, "confirmed")
        self._run("missed_visits", "2026-01-13 03:00:00")
        self.assertEqual((first.state, second.state), ("missed", "planned"))
        self.assertFalse(first.calendar_event_id)
        self.assertEqual(line.quantity_reserved, 3)
        self.assertEqual(line.quantity_available, 1)
        for _night in range(2):
            self._run("missed_visits", "2026-01-14 03:00:00")
        self.assertEqual(len(first.activity_ids), 1)
        self.assertEqual(self._told(first, MISSED).user_id, self.dispatcher)

    def test_what_has_an_outcome_or_goes_on_is_left_alone(self):
        line = self._make_running()
        visits = line.visit_ids.sorted("start")
        visits[0].action_done()
        visits[1].action_cancel("The hotel is closed")
        visits[2].action_start()
        self._run("missed_visits", "2026-06-01")
        self.assertEqual(
            visits.mapped("state"), ["done", "cancelled", "in_progress", "missed"]
        )

    def test_every_company_has_its_own_days(self):
        """Without a word of who runs the job, and whatever company that one is in."""
        other = self.env["res.company"].create(
            {"name": "Patient", "service_missed_days": 20}
        )
        self.env.user.company_ids |= other
        line = self._make_running()
        theirs = self.env["service.contract"].with_company(other)
        patient = self._make_running(
            contract=theirs.create(
                {
                    "partner_id": self.customer.id,
                    "company_id": other.id,
                    "date_start": "2026-01-01",
                    "line_ids": [Command.create({"product_id": self.machine.id})],
                }
            )
        )
        first = [one.visit_ids.sorted("start")[0] for one in (line, patient)]
        self._run("missed_visits", "2026-01-20")
        self.assertEqual([visit.state for visit in first], ["missed", "planned"])
        self._run("missed_visits", "2026-02-02")
        self.assertEqual([visit.state for visit in first], ["missed", "missed"])

    def test_on_hold_is_not_missed(self):
        line = self._make_running()
        line.contract_id.action_suspend()
        self._run("missed_visits", "2026-03-01")
        self.assertEqual(set(line.visit_ids.mapped("state")), {"planned"})

    def test_planned_again_and_missed_again_is_told_again(self):
        line = self._make_running()
        visit = line.visit_ids.sorted("start")[0]
        self._run("missed_visits", "2026-01-20")
        with freeze_time("2026-01-20 05:00:00"):
            visit.with_user(self.dispatcher).write(
                {"start": "2026-01-22 03:00:00", "stop": "2026-01-22 04:00:00"}
            )
        self.assertEqual(visit.state, "planned")
        self.assertFalse(self._told(visit, MISSED))
        self._run("missed_visits", "2026-01-24")
        self.assertEqual(visit.state, "missed")
        self.assertEqual(len(self._told(visit, MISSED)), 1)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 03:00:00")
class TestConfirmJob(VisitJobs):
    """A week ahead the dispatcher is asked, or the company confirms by itself."""

    def _asked(self, user=None):
        return self.env["mail.activity"].search(
            [
                ("activity_type_id", "=", self.env.ref(TO_CONFIRM).id),
                ("user_id", "=", (user or self.dispatcher).id),
            ]
        )

    def test_one_question_for_each_dispatcher_and_day(self):
        mine = [self._make_running() for _n in range(3)]
        his = self._make_running(contract=self._make_contract(user_id=self.manager.id))
        self._run("confirm_visits", "2026-01-04 12:00:00")
        self.assertFalse(self._asked(), "eight days before")
        self._run("confirm_visits", "2026-01-05 12:00:00")
        (asked,) = self._asked()
        self.assertEqual(asked.date_deadline, date(2026, 1, 5))
        self.assertEqual(asked.note.count("<li>"), 3)
        self.assertEqual(len(self._asked(self.manager)), 1)
        late = self._make_running()
        for _again in range(2):
            self._run("confirm_visits", "2026-01-05 16:00:00")
        self.assertEqual(self._asked(), asked, "one activity for the day")
        self.assertEqual(asked.note.count("<li>"), 4)
        self._run("confirm_visits", "2026-01-06 12:00:00")
        self.assertEqual(self._asked(), asked, "nothing new the next day")
        visits = self.env["service.visit"].union(
            *[line.visit_ids.sorted("start")[0] for line in (*mine, his, late)]
        )
        self.assertEqual(set(visits.mapped("state")), {"planned"})
        self.assertFalse(visits.calendar_event_id)

    def test_asked_again_where_it_was_moved(self):
        line = self._make_running()
        self._run("confirm_visits", "2026-01-05 12:00:00")
        visit = line.visit_ids.sorted("start")[0]
        with freeze_time("2026-01-06 05:00:00"):
            visit.with_user(self.dispatcher).write(
                {"start": "2026-01-30 03:00:00", "stop": "2026-01-30 04:00:00"}
            )
        self._run("confirm_visits", "2026-01-24 12:00:00")
        self.assertEqual(len(self._asked()), 2)

    def test_confirmed_by_itself(self):
        """Where the company says so, and a technician is chosen."""
        self.company.service_auto_confirm = True
        line = self._make_running(technician_id=self.technician.id)
        nobody = self._make_running()
        self._run("confirm_visits", "2026-01-05 12:00:00")
        first, second = line.visit_ids.sorted("start")[:2]
        self.assertEqual((first.state, second.state), ("confirmed", "planned"))
        self.assertEqual(first.calendar_event_id.user_id, self.technician)
        self.assertEqual(first.activity_ids.user_id, self.technician)
        self.assertEqual(nobody.visit_ids.sorted("start")[0].state, "planned")
        self.assertEqual(self._asked().note.count("<li>"), 1)

    def test_on_hold_is_not_asked_about(self):
        line = self._make_running()
        line.contract_id.action_suspend()
        self._run("confirm_visits", "2026-01-05 12:00:00")
        self.assertFalse(self._asked())
        line.contract_id.action_resume()
        self._run("confirm_visits", "2026-01-05 13:00:00")
        self.assertEqual(len(self._asked()), 1)

    def test_one_that_fails_stops_nobody(self):
        self.company.service_auto_confirm = True
        lines = [self._make_running(technician_id=self.technician.id) for _n in "abc"]
        visits = [line.visit_ids.sorted("start")[0] for line in lines]
        visit = type(self.env["service.visit"])
        create_events = visit._create_events

        def broken(records):
            if visits[1] in records:
                raise ValueError("This one is broken")
            return create_events(records)

        with patch.object(visit, "_create_events", broken), mute_logger(JOB_LOGGER):
            for day in ("05", "06", "07", "08"):
                self._run("confirm_visits", f"2026-01-{day} 12:00:00")
        states = [one.state for one in visits]
        self.assertEqual(states, ["confirmed", "planned", "confirmed"])
        self.assertEqual(visits[1].job_error, "This one is broken")
        self.assertEqual(len(self._told(visits[1], PROBLEM)), 1)
        self._run("confirm_visits", "2026-01-10 12:00:00")
        self.assertEqual(visits[1].state, "confirmed")
        self.assertFalse(visits[1].job_error)
        self.assertFalse(self._told(visits[1], PROBLEM))
