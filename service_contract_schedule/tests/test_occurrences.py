from datetime import date

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from odoo.addons.service_contract.tools import periods

from .common import SECOND_MONDAY, ScheduleCommon

MIDSUMMER = ("06", "07")
DAYS_OF_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)


def weekly(*weekdays, **values):
    return {
        "visit_kind": "recurring",
        "rrule_type": "weekly",
        **{day: day in weekdays for day in DAYS_OF_WEEK},
        **values,
    }


def nth(byday, weekday, freq="monthly", **values):
    return {
        "visit_kind": "recurring",
        "rrule_type": freq,
        "month_by": "day",
        "byday": str(byday),
        "weekday": weekday,
        **values,
    }


def on_day(day, freq="monthly", **values):
    return {
        "visit_kind": "recurring",
        "rrule_type": freq,
        "month_by": "date",
        "day": day,
        **values,
    }


def only_in(*months):
    return {f"skip_{month}": month not in months for month in MONTHS}


class OccurrencesCommon(ScheduleCommon):
    def _occurrences(self, line, date_from=None, date_to=None):
        return [str(day) for day in line._get_occurrences(date_from, date_to)]

    def _make_lines(self, start, patterns, **values):
        """Return the lines of a contract without end, one for each pattern."""
        return self._make_contract(
            date_start=start,
            term_count=0,
            lines=[
                {
                    "product_id": self.service_visit.id,
                    "mode": "scheduled",
                    "is_unlimited": True,
                    **pattern,
                    **values,
                }
                for pattern in patterns
            ],
        ).line_ids


@tagged("post_install", "-at_install")
@freeze_time("1997-09-01 12:00:00")
class TestRecurrencesOfTheStandard(OccurrencesCommon):
    """The examples of RFC 5545, section 3.8.5.3, with the dates that it gives.

    Where it names several days in one rule, several lines share them. What no pattern
    says: days and weeks of the year, days counted from the end of the month, and
    Friday the 13th.
    """

    def _check(self, start, patterns, until, *expected, count=None):
        """Compare with ``expected``: years and months in front of their days."""
        found = {
            day
            for line in self._make_lines(start, patterns)
            for day in line._get_occurrences(date_to=date.fromisoformat(until))
        }
        months = {}
        for day in sorted(found)[:count]:
            months.setdefault(f"{day:%Y-%m}", []).append(day.day)
        shown = [f"{month}: {str(days)[1:-1]}" for month, days in months.items()]
        self.assertEqual(shown, list(expected))

    def test_weekly(self):
        self._check(
            "1997-09-02",
            [weekly("tue")],
            "1997-12-24",
            "1997-09: 2, 9, 16, 23, 30",
            "1997-10: 7, 14, 21, 28",
            "1997-11: 4, 11, 18, 25",
            "1997-12: 2, 9, 16, 23",
        )

    def test_weekly_for_ten_occurrences(self):
        [line] = self._make_lines(
            "1997-09-02", [weekly("tue")], is_unlimited=False, quantity=10
        )
        found = self._occurrences(line, date_to=date(1999, 1, 1))
        self.assertEqual(len(found), 10)
        self.assertEqual(found[-1], "1997-11-04")

    def test_every_other_week(self):
        self._check(
            "1997-09-02",
            [weekly("tue", interval=2)],
            "1998-02-17",
            "1997-09: 2, 16, 30",
            "1997-10: 14, 28",
            "1997-11: 11, 25",
            "1997-12: 9, 23",
            "1998-01: 6, 20",
            "1998-02: 3, 17",
        )

    def test_weekly_on_tuesday_and_thursday_for_five_weeks(self):
        self._check(
            "1997-09-02",
            [weekly("tue", "thu")],
            "1997-10-06",
            "1997-09: 2, 4, 9, 11, 16, 18, 23, 25, 30",
            "1997-10: 2",
        )

    def test_every_other_week_on_monday_wednesday_and_friday(self):
        self._check(
            "1997-09-01",
            [weekly("mon", "wed", "fri", interval=2)],
            "1997-12-23",  # the rule's UNTIL is the midnight before the 24th
            "1997-09: 1, 3, 5, 15, 17, 19, 29",
            "1997-10: 1, 3, 13, 15, 17, 27, 29, 31",
            "1997-11: 10, 12, 14, 24, 26, 28",
            "1997-12: 8, 10, 12, 22",
        )

    def test_every_other_week_on_tuesday_and_thursday_for_eight_occurrences(self):
        self._check(
            "1997-09-02",
            [weekly("tue", "thu", interval=2)],
            "1998-12-31",
            "1997-09: 2, 4, 16, 18, 30",
            "1997-10: 2, 14, 16",
            count=8,
        )

    def test_first_friday_for_ten_occurrences(self):
        self._check(
            "1997-09-05",
            [nth(1, "FRI")],
            "1999-12-31",
            *("1997-09: 5", "1997-10: 3", "1997-11: 7", "1997-12: 5"),
            *("1998-01: 2", "1998-02: 6", "1998-03: 6", "1998-04: 3"),
            *("1998-05: 1", "1998-06: 5"),
            count=10,
        )

    def test_first_friday_until_christmas_eve(self):
        self._check(
            "1997-09-05",
            [nth(1, "FRI")],
            "1997-12-24",
            *("1997-09: 5", "1997-10: 3", "1997-11: 7", "1997-12: 5"),
        )

    def test_every_other_month_on_the_first_and_last_sunday(self):
        self._check(
            "1997-09-07",
            [nth(1, "SUN", interval=2), nth(-1, "SUN", interval=2)],
            "1999-12-31",
            *("1997-09: 7, 28", "1997-11: 2, 30"),
            *("1998-01: 4, 25", "1998-03: 1, 29", "1998-05: 3, 31"),
            count=10,
        )

    def test_the_second_and_the_fifteenth(self):
        self._check(
            "1997-09-02",
            [on_day(2), on_day(15)],
            "1999-12-31",
            *("1997-09: 2, 15", "1997-10: 2, 15", "1997-11: 2, 15", "1997-12: 2, 15"),
            "1998-01: 2, 15",
            count=10,
        )

    def test_the_first_and_the_last_day(self):
        """The standard writes -1 for the last day; here day 31 means it."""
        self._check(
            "1997-09-30",
            [on_day(1), on_day(31)],
            "1999-12-31",
            *("1997-09: 30", "1997-10: 1, 31", "1997-11: 1, 30", "1997-12: 1, 31"),
            *("1998-01: 1, 31", "1998-02: 1"),
            count=10,
        )

    def test_every_eighteen_months(self):
        self._check(
            "1997-09-10",
            [on_day(day, interval=18) for day in range(10, 16)],
            "2009-12-31",
            "1997-09: 10, 11, 12, 13, 14, 15",
            "1999-03: 10, 11, 12, 13",
            count=10,
        )

    def test_every_tuesday_every_other_month(self):
        self._check(
            "1997-09-02",
            [nth(n, "TUE", interval=2) for n in (1, 2, 3, 4, 5)],
            "1998-03-31",
            "1997-09: 2, 9, 16, 23, 30",
            "1997-11: 4, 11, 18, 25",
            "1998-01: 6, 13, 20, 27",
            "1998-03: 3, 10, 17, 24, 31",
        )

    def test_yearly_in_june_and_july(self):
        self._check(
            "1997-06-10",
            [on_day(10, **only_in("jun", "jul"))],
            "2009-12-31",
            *(
                f"{year}-{month}: 10"
                for year in range(1997, 2002)
                for month in MIDSUMMER
            ),
            count=10,
        )
        # the same, said as two yearly visits
        self._check(
            "1997-06-10",
            [on_day(10, "yearly", visit_month=month) for month in ("6", "7")],
            "2001-12-31",
            *(
                f"{year}-{month}: 10"
                for year in range(1997, 2002)
                for month in MIDSUMMER
            ),
        )

    def test_every_other_year_in_january_february_and_march(self):
        self._check(
            "1997-03-10",
            [
                on_day(10, "yearly", interval=2, visit_month=month)
                for month in ("1", "2", "3")
            ],
            "2019-12-31",
            "1997-03: 10",
            *(f"{year}-0{n}: 10" for year in (1999, 2001, 2003) for n in (1, 2, 3)),
            count=10,
        )

    def test_every_day_in_january_for_three_years(self):
        every = ", ".join(str(day) for day in range(1, 32))
        self._check(
            "1998-01-01",
            [weekly(*DAYS_OF_WEEK, **only_in("jan"))],
            "2000-01-31",
            *(f"{year}-01: {every}" for year in (1998, 1999, 2000)),
        )

    def test_every_thursday_in_march(self):
        self._check(
            "1997-03-13",
            [weekly("thu", **only_in("mar"))],
            "1999-12-31",
            "1997-03: 13, 20, 27",
            "1998-03: 5, 12, 19, 26",
            "1999-03: 4, 11, 18, 25",
        )

    def test_every_thursday_in_summer(self):
        self._check(
            "1997-06-05",
            [weekly("thu", **only_in("jun", "jul", "aug"))],
            "1999-12-31",
            "1997-06: 5, 12, 19, 26",
            "1997-07: 3, 10, 17, 24, 31",
            "1997-08: 7, 14, 21, 28",
            "1998-06: 4, 11, 18, 25",
            "1998-07: 2, 9, 16, 23, 30",
            "1998-08: 6, 13, 20, 27",
            "1999-06: 3, 10, 17, 24",
            "1999-07: 1, 8, 15, 22, 29",
            "1999-08: 5, 12, 19, 26",
        )

    def test_the_week_starts_on_monday(self):
        """WKST=MO; a week that started on Sunday would give 5, 17, 19 and 31."""
        self._check(
            "1997-08-05",
            [weekly("tue", "sun", interval=2)],
            "1998-12-31",
            "1997-08: 5, 10, 19, 24",
            count=4,
        )

    def test_a_date_that_february_lacks(self):
        """Here we differ: the standard ignores 30 February, we take its last day.

        Who was promised a visit each month gets one in February, too.
        """
        self._check(
            "2007-01-15",
            [on_day(15), on_day(30)],
            "2007-03-31",
            *("2007-01: 15, 30", "2007-02: 15, 28", "2007-03: 15, 30"),
        )

    def test_a_weekday_that_a_month_lacks(self):
        """Here we don't differ: no fifth Monday, no visit."""
        self._check(
            "2026-01-01",
            [nth(5, "MON")],
            "2026-12-31",
            *("2026-03: 30", "2026-06: 29", "2026-08: 31", "2026-11: 30"),
        )

    def test_yearly_on_an_nth_weekday(self):
        """The clocks of New York as section 3.6.5 has them."""
        self._check(
            "1997-01-01",
            [
                nth(1, "SUN", "yearly", visit_month="4"),
                nth(-1, "SUN", "yearly", visit_month="10"),
            ],
            "1999-12-31",
            *("1997-04: 6", "1997-10: 26", "1998-04: 5", "1998-10: 25"),
            *("1999-04: 4", "1999-10: 31"),
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 03:00:00")
class TestOccurrences(OccurrencesCommon):
    """The dates that a line promises: inside its period, and as many as agreed."""

    def test_never_more_than_agreed(self):
        line = self._make_line(quantity=3, **SECOND_MONDAY)
        days = ["2026-01-12", "2026-02-09", "2026-03-09"]
        self.assertEqual(self._occurrences(line), days)
        # the third right isn't free again because somebody looks later
        self.assertEqual(self._occurrences(line, date(2026, 2, 10)), days[2:])
        self.assertEqual(self._occurrences(line, date(2026, 4, 1)), [])
        line.quantity = 0
        self.assertEqual(self._occurrences(line), [])

    def test_never_outside_the_period(self):
        line = self._make_line(quantity=99, **on_day(31))
        line.write({"date_start": "2026-02-28", "date_end": "2026-07-30"})
        days = ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]
        self.assertEqual(self._occurrences(line), days)
        around = date(2020, 1, 1), date(2030, 12, 31)
        self.assertEqual(self._occurrences(line, *around), days)
        line.write({"visit_kind": "even"})
        spread = line._get_occurrences(*around)
        self.assertEqual(len(spread), 99)
        self.assertTrue(date(2026, 2, 28) <= spread[0] < spread[-1])
        self.assertLessEqual(spread[-1], date(2026, 7, 30))
        line.write(
            {
                "visit_kind": "dates",
                "visit_date_ids": [
                    Command.create({"date": day})
                    for day in ("2026-02-27", "2026-02-28", "2026-07-30", "2026-07-31")
                ],
            }
        )
        self.assertEqual(self._occurrences(line, *around), ["2026-02-28", "2026-07-30"])

    def test_both_ends_belong_to_the_window(self):
        line = self._make_line(quantity=12, **on_day(15))
        self.assertEqual(
            self._occurrences(line, date(2026, 3, 15), date(2026, 5, 15)),
            ["2026-03-15", "2026-04-15", "2026-05-15"],
        )

    def test_past_dates_are_among_them(self):
        line = self._make_line(activate=True, **SECOND_MONDAY)
        with freeze_time("2026-03-20"):
            self.assertEqual(len(line._get_occurrences()), 4)

    def test_holidays_change_nothing(self):
        line = self._make_line(quantity=2, **SECOND_MONDAY)
        self._make_holiday("2026-01-12")
        self.assertEqual(self._occurrences(line), ["2026-01-12", "2026-02-09"])

    def test_without_end_as_far_as_is_planned_ahead(self):
        [line] = self._make_lines(
            "2026-01-01", [SECOND_MONDAY], is_unlimited=False, quantity=40
        )
        line.horizon_days = 60
        self.assertEqual(self._occurrences(line), ["2026-01-12", "2026-02-09"])
        self.assertEqual(len(self._occurrences(line, date_to=date(2035, 1, 1))), 40)

    def test_without_a_pattern_none(self):
        line = self._make_line()
        self.assertEqual(line._get_occurrences(), [])
        line.write({**SECOND_MONDAY, "mode": "on_demand"})
        self.assertEqual(line._get_occurrences(), [])

    def test_spread_evenly_over_the_year(self):
        """In the middle of each quarter, so that the next year goes on alike."""
        line = self._make_line(quantity=4, visit_kind="even")
        days = ["2026-02-15", "2026-05-17", "2026-08-17", "2026-11-16"]
        self.assertEqual(self._occurrences(line), days)
        line.visit_count = 2
        self.assertEqual(self._occurrences(line), ["2026-04-02", "2026-10-01"])
        line.visit_count = 9  # never more than agreed
        self.assertEqual(self._occurrences(line), days)
        line.write({"is_unlimited": True, "visit_count": 4})
        self.assertEqual(self._occurrences(line), days)

    def test_months_left_out(self):
        line = self._make_line(quantity=99, **on_day(1, skip_apr=True, skip_dec=True))
        months = [day.month for day in line._get_occurrences()]
        self.assertEqual(months, [1, 2, 3, 5, 6, 7, 8, 9, 10, 11])
        line.write({"visit_kind": "even", "quantity": 20})
        spread = line._get_occurrences()
        self.assertEqual(len(spread), 20)
        self.assertFalse({4, 12} & {day.month for day in spread})

    def test_the_last_day_of_every_month(self):
        line = self._make_line(quantity=12, **on_day(31))
        days = line._get_occurrences()
        self.assertEqual(
            [day.day for day in days],
            [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
        )

    def test_a_leap_day_each_year(self):
        [line] = self._make_lines("2026-01-01", [on_day(29, "yearly", visit_month="2")])
        self.assertEqual(
            self._occurrences(line, date_to=date(2030, 12, 31)),
            ["2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28", "2030-02-28"],
        )

    def test_yearly_in_the_month_in_which_it_started(self):
        [line] = self._make_lines("2026-05-20", [nth(2, "MON", "yearly")])
        self.assertEqual(
            self._occurrences(line, date_to=date(2028, 12, 31)),
            ["2027-05-10", "2028-05-08"],
        )

    # === RIGHTS IN HOURS === #

    def _make_hours(self, unit, **values):
        self.service_visit.uom_id = self.env.ref(unit)
        return self._make_line(**SECOND_MONDAY, **values)

    def test_hours_are_used_up_by_the_length_of_visits(self):
        line = self._make_hours("uom.product_uom_hour", quantity=8, duration=2)
        self.assertEqual(len(line._get_occurrences()), 4)
        line.duration = 3  # the two hours left aren't enough for a third visit
        self.assertEqual(len(line._get_occurrences()), 2)
        line.write({"quantity": 1, "duration": 1 / 3})
        self.assertEqual(len(line._get_occurrences()), 3)
        line.write({"quantity": 0.7, "duration": 0.1})  # 6.999999 are seven
        self.assertEqual(len(line._get_occurrences()), 7)

    def test_hours_of_visits_that_were_planned(self):
        line = self._make_hours(
            "uom.product_uom_hour", quantity=7, duration=2, activate=True
        )
        self.assertEqual(len(line.visit_ids), 3)
        self.assertEqual(line.quantity_reserved, 6)
        self.assertEqual(line.quantity_available, 1)

    def test_days_are_used_up_by_the_length_of_visits(self):
        line = self._make_hours("uom.product_uom_day", quantity=2, duration=4)
        self.assertEqual(len(line._get_occurrences()), 4)

    # === ANOTHER PATTERN FROM A DATE ON === #

    def test_the_rest_of_the_rights_follow_the_new_pattern(self):
        line = self._make_line(activate=True, quantity=6, **SECOND_MONDAY)
        line._change_pattern(on_day(20), date(2026, 3, 1))
        self.assertEqual(line.pattern_from, date(2026, 3, 1))
        self.assertEqual(line.pattern_offset, 2)
        days = ["2026-03-20", "2026-04-20", "2026-05-20", "2026-06-20"]
        self.assertEqual(self._occurrences(line), days)
        self.assertEqual(
            self._slots(line.visit_ids), ["2026-01-12", "2026-02-09", *days]
        )
        line._change_pattern({"visit_kind": "even"}, date(2026, 5, 1))
        self.assertEqual(line.pattern_offset, 4)
        rest = line._get_occurrences()
        self.assertEqual(len(rest), 2)
        self.assertGreaterEqual(rest[0], date(2026, 5, 1))
        self.assertEqual(len(line.visit_ids), 6)

    def test_another_pattern_keeps_the_anchor(self):
        """Every other week goes on in the same weeks when only the weekday changes."""
        line = self._make_line(activate=True, quantity=30, **weekly("mon", interval=2))
        self.assertEqual(self._occurrences(line)[:2], ["2026-01-12", "2026-01-26"])
        line._change_pattern(weekly("thu", interval=2), date(2026, 2, 2))
        self.assertEqual(self._occurrences(line)[:2], ["2026-02-12", "2026-02-26"])

    # === THE NEXT PERIOD === #

    def _renew(self, line, count=1):
        """Return the line of the next period, ``count`` times renewed."""
        for _period in range(count):
            contract = line.contract_id.sudo()
            index = contract.cycle
            term = contract.term_count, contract.term_unit
            start = periods.period_start(contract.date_anchor, index, *term)
            end = periods.period_end(contract.date_anchor, index, *term)
            line = contract._create_successors({contract: (start, end)}).line_ids
        return line

    def test_every_other_week_keeps_its_phase(self):
        """53 weeks lie between the years: counted anew, it would be 3 February."""
        contract = self._make_contract(date_start="2026-02-01")
        line = self._make_line(contract, quantity=99, **weekly("wed", interval=2))
        days = line._get_occurrences()
        self.assertEqual(str(days[0]), "2026-02-11")
        following = self._renew(line)
        self.assertEqual(following.date_start, date(2027, 2, 1))
        self.assertEqual(following.visit_anchor, date(2026, 2, 1))
        days += following._get_occurrences()
        self.assertIn(date(2027, 2, 10), days)
        self.assertEqual(
            {(after - day).days for day, after in zip(days, days[1:], strict=False)},
            {14},
        )

    def test_every_quarter_of_a_monthly_contract(self):
        contract = self._make_contract(
            date_start="2026-01-31", term_count=1, term_unit="month"
        )
        line = self._make_line(contract, quantity=9, **on_day(31, interval=3))
        days = []
        for _month in range(13):
            days += self._occurrences(line)
            line = self._renew(line)
        self.assertEqual(
            days,
            ["2026-01-31", "2026-04-30", "2026-07-31", "2026-10-31", "2027-01-31"],
        )

    def test_yearly_stays_in_the_month_of_the_first_period(self):
        contract = self._make_contract(
            date_start="2026-01-31", term_count=18, term_unit="month"
        )
        line = self._make_line(contract, quantity=9, **on_day(15, "yearly"))
        line = self._renew(line)
        self.assertEqual(line.date_start, date(2027, 7, 31))
        self.assertEqual(self._occurrences(line), ["2028-01-15", "2029-01-15"])

    def test_given_dates_move_with_the_period(self):
        line = self._make_line(
            visit_kind="dates",
            visit_date_ids=[
                Command.create({"date": day}) for day in ("2026-03-10", "2026-03-03")
            ],
        )
        self.assertEqual(self._occurrences(line), ["2026-03-03", "2026-03-10"])
        following = self._renew(line, count=3)
        self.assertEqual(self._occurrences(following), ["2029-03-03", "2029-03-10"])
        # the present period keeps its own
        self.assertEqual(self._occurrences(line), ["2026-03-03", "2026-03-10"])

    # === THE SENTENCE === #

    def _say(self, line, sentence, **values):
        line.write({"interval": 1, **values})
        self.assertEqual(line.visit_summary, sentence)

    def test_the_sentence_of_a_rhythm_in_weeks(self):
        line = self._make_line()
        self._say(line, "not planned yet")
        self._say(line, "every week on Monday at 09:00, 1 h", **weekly("mon"))
        self._say(
            line,
            "every 2 weeks on Tuesday, Friday at 13:30, 1.5 h",
            **weekly("tue", "fri", interval=2, hour_start=13.5, duration=1.5),
        )
        self._say(
            line,
            "every week on Sunday, except in Apr, Dec at 13:30, 1.5 h",
            **weekly("sun", skip_apr=True, skip_dec=True),
        )

    def test_the_sentence_of_a_rhythm_in_months(self):
        line = self._make_line(duration=2)
        for byday, name in (
            *((1, "first"), (2, "second"), (3, "third")),
            *((4, "fourth"), (5, "fifth"), (-1, "last")),
        ):
            self._say(
                line,
                f"every month on the {name} Monday at 09:00, 2 h",
                **nth(byday, "MON"),
            )
        self._say(line, "every month on day 30 at 09:00, 2 h", **on_day(30))
        self._say(line, "every month on the last day at 09:00, 2 h", **on_day(31))
        self._say(
            line,
            "every 3 months on the last day at 09:00, 2 h",
            **on_day(31, interval=3),
        )

    def test_the_sentence_of_a_rhythm_in_years(self):
        line = self._make_line()
        self._say(
            line,
            "every year on the second Monday in March at 09:00, 1 h",
            **nth(2, "MON", "yearly", visit_month="3"),
        )
        self._say(
            line,
            "every 2 years on the last day in February at 09:00, 1 h",
            **on_day(31, "yearly", interval=2, visit_month="2"),
        )
        self._say(
            line,
            "every year on day 7 in the month in which the service started at "
            "09:00, 1 h",
            **on_day(7, "yearly", visit_month=False),
        )

    def test_the_sentence_of_visits_spread_evenly(self):
        line = self._make_line(visit_kind="even", quantity=4)
        sentence = "%s times, spread evenly over the period at 09:00, 1 h"
        self._say(line, sentence % 4)
        self._say(line, sentence % 3, visit_count=3)
        self._say(
            line, "once, in the middle of the period at 09:00, 1 h", visit_count=1
        )

    def test_the_sentence_of_given_dates(self):
        line = self._make_line(visit_kind="dates")
        self._say(line, "on dates that are still to be entered at 09:00, 1 h")
        rows = [
            Command.create({"date": day})
            for day in ("2026-03-10", "2026-03-03", "2026-05-01", "2026-06-01")
        ]
        self._say(
            line, "on 03/03/2026, 03/10/2026 at 09:00, 1 h", visit_date_ids=rows[:2]
        )
        self._say(
            line,
            "on 03/03/2026, 03/10/2026, 05/01/2026 and 1 more dates at 09:00, 1 h",
            visit_date_ids=rows[2:],
        )
