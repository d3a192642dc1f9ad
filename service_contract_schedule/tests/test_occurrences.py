from datetime import date

from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from odoo.addons.service_contract.tools import periods

from .common import SECOND_MONDAY
from .common_occurrences import OccurrencesCommon, nth, on_day, weekly


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
