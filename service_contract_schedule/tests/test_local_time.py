import os
import time
from datetime import date, datetime
from unittest.mock import patch

from odoo.tests import freeze_time, tagged

from .common import ScheduleCommon
from .common_occurrences import on_day, weekly

# where, and what UTC shows at 9:00 there in January and in July
PLACES = {
    "Asia/Bangkok": ("02:00", "02:00"),
    "Europe/Brussels": ("08:00", "07:00"),
    "America/New_York": ("14:00", "13:00"),
    "Asia/Kathmandu": ("03:15", "03:15"),
    "Australia/Lord_Howe": ("22:00", "22:30"),  # of the day before; half an hour of DST
}


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 03:00:00")
class TestLocalTime(ScheduleCommon):
    """Visits are at the hour that was asked for, by the clocks of their place."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # nobody's zone and no computer's may matter
        cls.env.user.tz = "Pacific/Honolulu"
        cls.env.ref("base.user_root").tz = False
        cls.env.cr.execute("SET LOCAL TIME ZONE 'America/St_Johns'")
        cls._set_computer_zone()

    @classmethod
    def _set_computer_zone(cls):
        computer = patch.dict(os.environ, TZ="Asia/Tokyo")
        computer.start()
        cls.addClassCleanup(time.tzset)
        cls.addClassCleanup(computer.stop)
        time.tzset()

    def _make_line_in(self, zone, activate=True, **values):
        place = self.env["res.partner"].create({"name": f"Hotel {zone}", "tz": zone})
        contract = self._make_contract(partner_id=place.id)
        self.assertEqual(contract.tz, zone)
        values = {"quantity": 60, "non_working_day": "keep", **values}
        return self._make_line(contract, activate=activate, **values)

    def _stored(self, line):
        """Return dict slot -> start, as the database has it: text, in no zone."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT occurrence_date::text, to_char(start, 'YYYY-MM-DD HH24:MI')"
            " FROM service_visit WHERE line_id = %s ORDER BY start",
            [line.id],
        )
        return dict(self.env.cr.fetchall())

    def _run_job(self):
        self.env.ref(
            "service_contract_schedule.ir_cron_generate_visits"
        ).method_direct_trigger()

    def test_nine_is_nine_everywhere_all_year(self):
        """Both changes of the clocks lie within the year, north and south."""
        lines = {
            zone: self._make_line_in(zone, quantity=120, **weekly("mon", "sun"))
            for zone in PLACES
        }
        for zone, (winter, summer) in PLACES.items():
            line = lines[zone]
            self.assertEqual(len(line.visit_ids), 104, zone)
            stored = self._stored(line)
            self.assertIn(winter, stored["2026-01-05"], zone)
            self.assertIn(summer, stored["2026-07-06"], zone)
            for visit in line.visit_ids:
                slot = visit.occurrence_date
                self.assertEqual(visit._get_local_date(), slot, zone)
                self.assertEqual(visit.local_time[-5:], "09:00", zone)
                self.assertEqual((visit.stop - visit.start).total_seconds(), 3600)
        self.assertEqual(
            self._stored(lines["Australia/Lord_Howe"])["2026-01-05"],
            "2026-01-04 22:00",
        )

    def test_the_nightly_job_has_no_zone(self):
        """What the job adds in spring has the same hour as what was there in winter."""
        lines = {
            zone: self._make_line_in(zone, horizon_days=60, **weekly("mon"))
            for zone in PLACES
        }
        before = {line: line.visit_ids for line in lines.values()}
        with freeze_time("2026-09-15 20:00:00"), self.enter_registry_test_mode():
            self._run_job()
        for zone, (_winter, summer) in PLACES.items():
            new = lines[zone].visit_ids - before[lines[zone]]
            # by then it is tomorrow east of Brussels, but no visit is due that day
            self.assertEqual(min(new.mapped("occurrence_date")), date(2026, 9, 21))
            self.assertEqual(max(new.mapped("occurrence_date")), date(2026, 11, 9))
            self.assertEqual({visit.local_time[-5:] for visit in new}, {"09:00"})
            self.assertIn(summer, self._stored(lines[zone])["2026-09-21"])

    def test_today_is_that_of_the_place(self):
        """20:00 UTC on the 11th is the 12th in Bangkok: its visit is past planning
        only when that day is over there.
        """
        asked = {"quantity": 1, **on_day(12)}
        for instant, zone, planned in (
            ("2026-01-12 16:30:00", "Asia/Bangkok", True),  # 23:30
            ("2026-01-12 17:30:00", "Asia/Bangkok", False),  # 00:30, the 13th
            ("2026-01-13 04:30:00", "America/New_York", True),  # 23:30, the 12th
            ("2026-01-13 05:30:00", "America/New_York", False),
        ):
            with self.subTest(instant=instant, zone=zone), freeze_time(instant):
                line = self._make_line_in(zone, **asked)
                self.assertEqual(bool(line.visit_ids), planned)
                self.assertEqual(line.visit_past_count, 0 if planned else 1)

    def test_half_past_two_on_the_night_of_the_change(self):
        line = self._make_line_in("Europe/Brussels", hour_start=2.5, **weekly("sun"))
        stored = self._stored(line)
        self.assertEqual(stored["2026-03-22"], "2026-03-22 01:30")
        # 02:30 is left out that night: as much later as the clocks jump, 03:30
        self.assertEqual(stored["2026-03-29"], "2026-03-29 01:30")
        self.assertEqual(stored["2026-04-05"], "2026-04-05 00:30")
        # 02:30 comes twice: the first one
        self.assertEqual(stored["2026-10-25"], "2026-10-25 00:30")
        self.assertEqual(stored["2026-11-01"], "2026-11-01 01:30")
        shown = {v.occurrence_date: v.local_time[-5:] for v in line.visit_ids}
        self.assertEqual(shown.pop(date(2026, 3, 29)), "03:30")
        self.assertEqual(set(shown.values()), {"02:30"})
        self.assertEqual(len(stored), 52)

    def test_half_past_two_in_new_york(self):
        line = self._make_line_in("America/New_York", hour_start=1.5, **weekly("sun"))
        stored = self._stored(line)
        self.assertEqual(stored["2026-03-08"], "2026-03-08 06:30")
        self.assertEqual(stored["2026-11-01"], "2026-11-01 05:30")  # the first 01:30
        line.hour_start = 2.5
        stored = self._stored(line)
        self.assertEqual(stored["2026-03-08"], "2026-03-08 07:30")  # shown as 03:30
        self.assertEqual(stored["2026-11-01"], "2026-11-01 07:30")  # only once

    def test_a_visit_lasts_as_long_on_the_night_of_the_change(self):
        line = self._make_line_in(
            "Europe/Brussels", hour_start=1.5, duration=3, **weekly("sun")
        )
        self.assertEqual({v.duration for v in line.visit_ids}, {3.0})

    def test_the_first_and_the_last_minute_of_the_period(self):
        """By UTC these visits are on the day before, or the day after the end."""
        for zone, hour, shown in (
            ("Asia/Bangkok", 0.0, "00:00"),
            ("America/New_York", 23.75, "23:45"),
            ("Pacific/Kiritimati", 0.0, "00:00"),
            ("Pacific/Niue", 23.75, "23:45"),
        ):
            with self.subTest(zone=zone), freeze_time("2025-12-20 12:00:00"):
                line = self._make_line_in(
                    zone, hour_start=hour, **weekly(*"mon tue wed thu fri".split())
                )
                line.quantity = 400
                line._generate_visits()
                days = sorted(line.visit_ids.mapped("occurrence_date"))
                self.assertEqual(days[0], date(2026, 1, 1))
                self.assertEqual(days[-1], date(2026, 12, 31))
                self.assertEqual({v.local_time[-5:] for v in line.visit_ids}, {shown})

    def test_another_place_has_other_clocks(self):
        """The visit goes where the line says, and is at nine there."""
        line = self._make_line_in("Asia/Bangkok", activate=False, **weekly("mon"))
        line.partner_service_id = self.env["res.partner"].create(
            {
                "name": "Factory in Brussels",
                "tz": "Europe/Brussels",
                "parent_id": line.contract_id.partner_id.id,
            }
        )
        line.contract_id.action_activate()
        self.assertEqual(set(line.visit_ids.mapped("tz")), {"Europe/Brussels"})
        self.assertEqual(self._stored(line)["2026-07-06"], "2026-07-06 07:00")

    def test_moved_by_a_week_across_the_change(self):
        line = self._make_line_in("Europe/Brussels", **weekly("mon"))
        visit = line.visit_ids.filtered(
            lambda visit: visit.occurrence_date == date(2026, 3, 23)
        )
        self.assertEqual(visit.start, datetime(2026, 3, 23, 8))
        wizard = self.env["service.visit.move"].create(
            {"visit_ids": visit.ids, "how": "days", "days": 8}
        )
        wizard.action_move()
        self.assertEqual(visit.start, datetime(2026, 3, 31, 7))
        self.assertEqual(visit.local_time[-5:], "09:00")
        self.assertEqual(visit.duration, 1)
