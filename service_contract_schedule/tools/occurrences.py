"""Pure date arithmetic of visit patterns: which local dates does a pattern give?

Every date is computed from the anchor and never from the date before it. The names
are those of RFC 5545, whose recurrences ``dateutil`` expands, with one difference: a
day that a month lacks is its last day instead of none. An nth weekday that a month
lacks (a fifth Monday) stays none, as in RFC 5545.
"""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from dateutil.relativedelta import relativedelta
from dateutil.rrule import MO, MONTHLY, WEEKLY, YEARLY, rrule
from dateutil.rrule import weekday as rule_weekday

ALL_MONTHS = frozenset(range(1, 13))
FAR = date(9999, 12, 31)


@dataclass(frozen=True)
class Pattern:
    """When to visit.

    :param kind: ``recurring``, ``even`` (spread over the period) or ``dates`` (typed)
    :param freq: ``weekly``, ``monthly`` or ``yearly``
    :param interval: every so many weeks, months or years, counted from the anchor's
    :param weekdays: of a weekly pattern, 0 = Monday
    :param month_by: ``date`` (a day of the month) or ``day`` (an nth weekday)
    :param day: day of the month; where a month is shorter, its last day
    :param byday: which ``weekday`` of the month: 1 to 5, or -1 for the last
    :param month: of a yearly pattern; 0 = the anchor's
    :param months: the months in which visits may be
    :param dates: the typed ones
    """

    kind: str = "recurring"
    freq: str = "monthly"
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    month_by: str = "day"
    day: int = 1
    byday: int = 1
    weekday: int = 0
    month: int = 0
    months: frozenset[int] = ALL_MONTHS
    dates: tuple[date, ...] = ()


def iterate(pattern: Pattern, anchor: date, first: date, last: date) -> Iterator[date]:
    """Yield the dates of a recurring or typed pattern, from ``first`` to ``last``.

    :param anchor: the date whose week, month or year the interval counts from
    :raise ValueError: the interval is below 1
    """
    if pattern.kind == "dates":
        yield from sorted({day for day in pattern.dates if first <= day <= last})
    elif pattern.kind == "recurring":
        yield from _expand(pattern, anchor, first, last)


def spread(first: date, last: date, count: int, months=ALL_MONTHS) -> list[date]:
    """Return ``count`` dates that divide ``first`` … ``last`` (inclusive) evenly.

    Each is the middle of its share, so that the distance stays the same from one period
    to the next. Days of other months than ``months`` count as if they weren't there.
    """
    if months == ALL_MONTHS:
        length = (last - first).days + 1
        days = None
    else:
        days = list(_days(first, last, months))
        length = len(days)
    if count <= 0 or length <= 0:
        return []
    middles = sorted({(2 * n + 1) * length // (2 * count) for n in range(count)})
    return [days[n] if days else first + timedelta(days=n) for n in middles]


def shift(day: date, rule: str, days_off, first: date, last: date) -> date | None:
    """Return the date on which a visit due on ``day`` takes place; None = not at all.

    :param rule: what to do on a day off: ``keep``, ``next``, ``previous``, ``skip``
    :param days_off: collection of dates on which nobody works
    :param first: no visit before this date, nor after ``last``: where all days on one
        side are off, the nearest working day on the other is taken, else ``day`` stays
    """
    if rule == "keep" or day not in days_off:
        return day
    if rule == "skip":
        return None
    steps = (1, -1) if rule == "next" else (-1, 1)
    for step in steps:
        moved = day
        while first <= moved <= last and moved in days_off:
            moved += timedelta(days=step)
        if first <= moved <= last:
            return moved
    return day


def take(dates: Iterable[date], count: int | None) -> list[date]:
    """Return the first ``count`` of ``dates``; all where ``count`` is None."""
    return list(dates if count is None else islice(dates, max(count, 0)))


def lacking_months(
    pattern: Pattern, anchor: date, first: date, last: date
) -> list[date]:
    """Return the first days of the months that lack the nth weekday of ``pattern``."""
    if pattern.kind != "recurring" or pattern.freq == "weekly":
        return []
    if pattern.month_by != "day" or pattern.byday != 5:
        return []
    begin, end = first.replace(day=1), _last_of_month(last)
    found = {(day.year, day.month) for day in _expand(pattern, anchor, begin, end)}
    every = Pattern(
        freq=pattern.freq,
        interval=pattern.interval,
        month_by="date",
        day=1,
        month=pattern.month,
        months=pattern.months,
    )
    return [
        day
        for day in _expand(every, anchor, begin, end)
        if (day.year, day.month) not in found
    ]


def move_to_period(day: date, old_start: date, new_start: date) -> date:
    """Return the date that lies in the new period where ``day`` lay in the old one.

    Whole months between the starts keep the day of the month (3 March stays 3 March);
    otherwise the number of days from the start is kept.
    """
    months = (new_start.year - old_start.year) * 12 + new_start.month - old_start.month
    if old_start + relativedelta(months=months) == new_start:
        return day + relativedelta(months=months)
    return day + (new_start - old_start)


def _expand(pattern: Pattern, anchor: date, first: date, last: date) -> Iterator[date]:
    if pattern.interval < 1:
        raise ValueError("The interval of a pattern is at least 1.")
    rule = _RULES[pattern.freq](pattern, anchor, first)
    if rule is None or first > last:
        return
    begin = datetime.combine(first, time.min)
    until = datetime.combine(last, time.min)
    for instant in rrule(**rule, interval=pattern.interval, until=until, wkst=MO):
        if instant >= begin and _is_nth(pattern, instant):
            yield instant.date()


def _weekly(pattern, anchor, first):
    monday = anchor - timedelta(days=anchor.weekday())
    weeks = (first - monday).days // 7 // pattern.interval * pattern.interval
    if not pattern.weekdays or not pattern.months:
        return None
    return {
        "freq": WEEKLY,
        "dtstart": datetime.combine(monday + timedelta(weeks=weeks), time.min),
        "byweekday": [rule_weekday(day) for day in pattern.weekdays],
        **_only(pattern.months),
    }


def _monthly(pattern, anchor, first):
    month = anchor.replace(day=1)
    apart = (first.year - month.year) * 12 + first.month - month.month
    begin = month + relativedelta(months=apart // pattern.interval * pattern.interval)
    # an interval that only ever meets excluded months gives nothing
    if not pattern.months or not pattern.months & {
        (begin + relativedelta(months=n * pattern.interval)).month for n in range(12)
    }:
        return None
    return {
        "freq": MONTHLY,
        "dtstart": datetime.combine(begin, time.min),
        **_day_of_month(pattern),
        **_only(pattern.months),
    }


def _yearly(pattern, anchor, first):
    month = pattern.month or anchor.month
    if month not in pattern.months:
        return None
    years = (first.year - anchor.year) // pattern.interval * pattern.interval
    return {
        "freq": YEARLY,
        "dtstart": datetime(anchor.year + years, 1, 1),
        "bymonth": month,
        **_day_of_month(pattern),
    }


def _day_of_month(pattern):
    if pattern.month_by == "day" and pattern.byday == 5:
        # every such weekday: were the fifth asked for, a February that never has one
        # would be sought until the year 9999
        return {"byweekday": rule_weekday(pattern.weekday)}
    if pattern.month_by == "day":
        return {"byweekday": rule_weekday(pattern.weekday, pattern.byday)}
    day = min(max(pattern.day, 1), 31)
    # the last of those of 28 … day that the month has: 31 is 30, 29 or 28 where needed
    return {"bymonthday": list(range(min(day, 28), day + 1)), "bysetpos": -1}


def _is_nth(pattern, day):
    """Say whether ``day`` is the fifth weekday of its month, where that is meant."""
    if pattern.freq == "weekly" or pattern.month_by != "day" or pattern.byday != 5:
        return True
    return day.day > 28


def _only(months):
    return {} if months == ALL_MONTHS else {"bymonth": sorted(months)}


def _days(first, last, months):
    day = first
    while day <= last:
        if day.month in months:
            yield day
            day += timedelta(days=1)
        else:
            day = _last_of_month(day) + timedelta(days=1)


def _last_of_month(day):
    _weekday, length = calendar.monthrange(day.year, day.month)
    return day.replace(day=length)


_RULES = {"weekly": _weekly, "monthly": _monthly, "yearly": _yearly}
