import babel.dates

from odoo import models
from odoo.tools.misc import babel_locale_parse

from ..tools.clock import format_hour
from .service_visit_pattern import MONTHS, WEEKDAYS


class ServiceVisitPattern(models.AbstractModel):
    """What a pattern means, in one sentence."""

    _inherit = "service.visit.pattern"

    def _describe_pattern(self):
        """Return the pattern as a sentence in the user's language; empty = no pattern.

        "every month on the second Monday at 09:00, 2 h"
        """
        self.ensure_one()
        if not self.visit_kind:
            return ""
        if self._get_pattern_problem():
            return self.env._("a pattern that can't be planned")
        when = getattr(self, f"_describe_{self.visit_kind}")()
        skipped = [
            babel.dates.get_month_names("abbreviated", locale=self._get_locale())[n]
            for n, month in enumerate(MONTHS, start=1)
            if self[f"skip_{month}"]
        ]
        if skipped and self.visit_kind != "dates":
            when = self.env._(
                "%(when)s, except in %(months)s", when=when, months=", ".join(skipped)
            )
        return self.env._(
            "%(when)s at %(hour)s, %(duration)s h",
            when=when,
            hour=format_hour(self.hour_start),
            duration=f"{self.duration:g}",
        )

    def _describe_even(self):
        count = self.visit_count or int(self._get_agreed_visits() or 0)
        if not count:
            return self.env._("spread evenly over the period")
        if count == 1:
            return self.env._("once, in the middle of the period")
        return self.env._("%(count)s times, spread evenly over the period", count=count)

    def _describe_dates(self):
        days = self._get_typed_dates()
        if not days:
            return self.env._("on dates that are still to be entered")
        shown = [self._format_pattern_day(day) for day in days[:3]]
        if len(days) > 3:
            return self.env._(
                "on %(dates)s and %(count)s more dates",
                dates=", ".join(shown),
                count=len(days) - 3,
            )
        return self.env._("on %(dates)s", dates=", ".join(shown))

    def _describe_recurring(self):
        return getattr(self, f"_describe_{self.rrule_type}")()

    def _describe_weekly(self):
        days = ", ".join(
            self._get_weekday_name(n) for n, name in enumerate(WEEKDAYS) if self[name]
        )
        if self.interval == 1:
            return self.env._("every week on %(days)s", days=days)
        return self.env._(
            "every %(count)s weeks on %(days)s", count=self.interval, days=days
        )

    def _describe_monthly(self):
        on = self._describe_day_of_month()
        if self.interval == 1:
            return self.env._("every month on %(day)s", day=on)
        return self.env._(
            "every %(count)s months on %(day)s", count=self.interval, day=on
        )

    def _describe_yearly(self):
        on = self._describe_day_of_month()
        number = int(self.visit_month or 0)
        if number:
            month = babel.dates.get_month_names("wide", locale=self._get_locale())
            month = month[number]
        else:
            month = self.env._("the month in which the service started")
        if self.interval == 1:
            return self.env._("every year on %(day)s in %(month)s", day=on, month=month)
        return self.env._(
            "every %(count)s years on %(day)s in %(month)s",
            count=self.interval,
            day=on,
            month=month,
        )

    def _describe_day_of_month(self):
        if self.month_by == "date":
            if self.day == 31:
                return self.env._("the last day")
            return self.env._("day %(day)s", day=self.day)
        name = self._get_weekday_name(self._get_pattern().weekday)
        return {
            "1": self.env._("the first %(weekday)s", weekday=name),
            "2": self.env._("the second %(weekday)s", weekday=name),
            "3": self.env._("the third %(weekday)s", weekday=name),
            "4": self.env._("the fourth %(weekday)s", weekday=name),
            "5": self.env._("the fifth %(weekday)s", weekday=name),
            "-1": self.env._("the last %(weekday)s", weekday=name),
        }[self.byday or "1"]

    def _get_agreed_visits(self):
        """Hook: how many visits were agreed; None = no limit."""
        return None

    def _format_pattern_day(self, day):
        """Hook: return a date as the user's language writes it."""
        return babel.dates.format_date(day, format="medium", locale=self._get_locale())

    def _get_locale(self):
        return babel_locale_parse(self.env.lang or "en_US")

    def _get_weekday_name(self, number):
        return babel.dates.get_day_names("wide", locale=self._get_locale())[number]
