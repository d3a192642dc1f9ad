from .common import ScheduleCommon

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
