from datetime import date

from odoo.tests import freeze_time, tagged

from .common_occurrences import (
    DAYS_OF_WEEK,
    MIDSUMMER,
    OccurrencesCommon,
    nth,
    on_day,
    only_in,
    weekly,
)


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
