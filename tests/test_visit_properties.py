"""The dates of visit patterns, against a naive oracle.

What is expected is found here by walking day by day, without ``dateutil``
and without the addon's arithmetic.
"""

import calendar
import sys
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.addons.service_contract_schedule.tools import occurrences
from odoo.addons.service_contract_schedule.tools.occurrences import Pattern

DAY = timedelta(days=1)
ALL_MONTHS = frozenset(range(1, 13))
RULES = ("keep", "next", "previous", "skip")
thorough = settings(max_examples=2000, deadline=None)
quick = settings(max_examples=500, deadline=None)


# === THE ORACLE === #


def walk(first, last):
    """Return every day from ``first`` to ``last``, one by one."""
    return [first + n * DAY for n in range((last - first).days + 1)]


def length_of(day):
    """Return how many days the month of ``day`` has."""
    return calendar.monthrange(day.year, day.month)[1]


def is_that_day(pattern, day):
    """Say whether ``day`` is the day of its month that the pattern means."""
    if pattern.month_by == "date":
        # RFC 5545 skips a month that is too short; here its last day is taken: a
        # customer who was promised twelve visits on the 31st gets twelve, not seven
        return day.day == min(pattern.day, length_of(day))
    same = [
        other
        for other in range(1, length_of(day) + 1)
        if day.replace(day=other).weekday() == pattern.weekday
    ]
    if pattern.byday == -1:
        return day.day == same[-1]
    return same[pattern.byday - 1 : pattern.byday] == [day.day]


def is_due(pattern, anchor, day):
    """Say whether a visit is due on ``day``, by looking at nothing but a calendar."""
    if day.month not in pattern.months:
        return False
    if pattern.freq == "weekly":
        week, first_week = ((d.toordinal() - 1) // 7 for d in (day, anchor))
        return (
            day.weekday() in pattern.weekdays
            and (week - first_week) % pattern.interval == 0
        )
    if pattern.freq == "monthly":
        apart = (day.year - anchor.year) * 12 + day.month - anchor.month
    else:
        apart = day.year - anchor.year
        if day.month != (pattern.month or anchor.month):
            return False
    return apart % pattern.interval == 0 and is_that_day(pattern, day)


def expected(pattern, anchor, first, last):
    return [day for day in walk(first, last) if is_due(pattern, anchor, day)]


# === WHAT IS TRIED === #

days = st.dates(date(1996, 1, 1), date(2052, 12, 31))
lengths = st.integers(-2, 800)
counts = st.integers(0, 60)
month_sets = st.just(ALL_MONTHS) | st.frozensets(st.integers(1, 12), max_size=12)
months_of_date = st.integers(1, 31) | st.integers(28, 31)
weekly = st.builds(
    Pattern,
    freq=st.just("weekly"),
    interval=st.integers(1, 60),
    weekdays=st.sets(st.integers(0, 6)).map(lambda found: tuple(sorted(found))),
    months=month_sets,
)
by_month = st.builds(
    Pattern,
    freq=st.sampled_from(["monthly", "yearly"]),
    interval=st.integers(1, 4) | st.integers(5, 40),
    month_by=st.sampled_from(["day", "date"]),
    day=months_of_date,
    byday=st.sampled_from([1, 2, 3, 4, 5, -1]),
    weekday=st.integers(0, 6),
    month=st.integers(0, 12),
    months=month_sets,
)
patterns = weekly | by_month
fifth = st.builds(
    Pattern,
    freq=st.sampled_from(["monthly", "yearly"]),
    interval=st.integers(1, 6),
    byday=st.just(5),
    weekday=st.integers(0, 6),
    month=st.integers(0, 12),
    months=month_sets,
)
LEAP_DAY = Pattern(freq="yearly", month_by="date", day=29, month=2)
LAST_DAY = Pattern(month_by="date", day=31)


# === DATES === #


@given(patterns, days, days, lengths)
@example(LEAP_DAY, date(2024, 2, 29), date(2024, 1, 1), 800)
@example(LEAP_DAY, date(2025, 2, 28), date(2023, 1, 1), 800)
@example(LAST_DAY, date(2024, 1, 31), date(2024, 2, 1), 400)
@example(LAST_DAY, date(2024, 1, 31), date(2024, 2, 29), 0)
@example(Pattern(freq="weekly", interval=2, weekdays=(6,)), *[date(2026, 1, 4)] * 2, 60)
@thorough
def test_a_pattern_gives_the_days_that_a_walk_finds(pattern, anchor, first, length):
    last = first + length * DAY
    found = list(occurrences.iterate(pattern, anchor, first, last))
    assert found == expected(pattern, anchor, first, last)


@given(patterns, days, st.integers(-3000, 3000), lengths)
@thorough
def test_the_anchor_may_lie_on_either_side(pattern, first, apart, length):
    """The interval is counted both ways, so a late or early anchor loses nothing."""
    anchor, last = first + apart * DAY, first + length * DAY
    found = list(occurrences.iterate(pattern, anchor, first, last))
    assert found == expected(pattern, anchor, first, last)


@given(patterns, days, days, lengths, st.data())
@quick
def test_a_window_is_a_slice_of_the_whole(pattern, anchor, first, length, data):
    """No date depends on where somebody started to look."""
    last = first + length * DAY
    whole = list(occurrences.iterate(pattern, anchor, first, last))
    begin = first + data.draw(st.integers(-2, max(length, 0))) * DAY
    end = begin + data.draw(st.integers(-1, 400)) * DAY
    window = list(
        occurrences.iterate(pattern, anchor, max(begin, first), min(end, last))
    )
    assert window == [day for day in whole if begin <= day <= end]


@given(patterns, days, st.integers(0, 3000))
@quick
def test_the_next_period_keeps_the_phase(pattern, anchor, later):
    """An anchor that is itself a multiple of the interval later changes nothing."""
    weeks = later // 7 // pattern.interval * pattern.interval
    if pattern.freq == "weekly":
        other = anchor + 7 * weeks * DAY
    else:
        years = later // 365 * pattern.interval
        other = date(anchor.year + years, anchor.month, min(anchor.day, 28))
    first, last = anchor + later * DAY, anchor + (later + 500) * DAY
    assert list(occurrences.iterate(pattern, other, first, last)) == list(
        occurrences.iterate(pattern, anchor, first, last)
    )


@given(months_of_date, st.integers(1, 13), days)
@example(31, 1, date(2024, 1, 31))
@example(30, 1, date(2023, 1, 30))
@quick
def test_a_date_that_months_lack_never_drifts(day, interval, anchor):
    """Day 31 is 30 April and 28 February, then 31 March again: each from the anchor."""
    pattern = Pattern(month_by="date", day=day, interval=interval)
    begin = anchor.replace(day=1)
    found = occurrences.take(
        occurrences.iterate(pattern, anchor, begin, occurrences.FAR), 24
    )
    assert len(found) == 24
    assert all(one.day == min(day, length_of(one)) for one in found)
    months = [one.year * 12 + one.month for one in found]
    assert months == list(range(months[0], months[0] + 24 * interval, interval))


@pytest.mark.parametrize("freq", ["weekly", "monthly", "yearly"])
@pytest.mark.parametrize("interval", [0, -1])
def test_an_interval_below_one_is_refused(freq, interval):
    pattern = Pattern(freq=freq, interval=interval, weekdays=(0,))
    day = date(2026, 1, 1)
    with pytest.raises(ValueError, match="interval"):
        list(occurrences.iterate(pattern, day, day, day + 400 * DAY))


@pytest.mark.parametrize("freq", ["monthly", "yearly"])
def test_a_day_that_never_comes_is_not_sought_for_ever(freq):
    """In odd years February has no fifth Monday: known at once, not in the year 9999.

    Counted in function calls, which are the same on every computer.
    """
    interval = 24 if freq == "monthly" else 2
    rule = {"freq": freq, "interval": interval, "month": 2}
    usual, found = count_calls(Pattern(byday=4, **rule))
    assert len(found) == 3
    never, found = count_calls(Pattern(byday=5, **rule))
    assert found == []
    assert never < 3 * usual


def count_calls(pattern):
    """Return (calls of functions that it takes, dates) of five odd years."""
    calls = []
    sys.setprofile(lambda _frame, event, _arg: calls.append(event))
    try:
        found = list(
            occurrences.iterate(
                pattern, date(2025, 2, 1), date(2025, 2, 1), date(2029, 12, 31)
            )
        )
    finally:
        sys.setprofile(None)
    return len(calls), found


@given(st.lists(days, max_size=20), days, days, lengths)
@quick
def test_typed_dates_are_sorted_once_and_inside(typed, anchor, first, length):
    pattern = Pattern(kind="dates", dates=tuple(typed))
    last = first + length * DAY
    found = list(occurrences.iterate(pattern, anchor, first, last))
    assert found == [day for day in walk(first, last) if day in typed]


@given(patterns, days, lengths, st.none() | st.integers(-3, 30))
@quick
def test_taking_never_takes_more(pattern, first, length, count):
    last = first + length * DAY
    every = expected(pattern, first, first, last)
    taken = occurrences.take(occurrences.iterate(pattern, first, first, last), count)
    assert taken == (every if count is None else every[: max(count, 0)])


# === SPREADING === #


@given(days, st.integers(-1, 1200), counts, month_sets)
@example(date(2026, 1, 1), 364, 4, ALL_MONTHS)
@example(date(2024, 2, 29), 0, 3, ALL_MONTHS)
@example(date(2026, 1, 1), 9, 50, ALL_MONTHS)  # more visits than days
@thorough
def test_spreading_divides_the_days_evenly(first, length, count, months):
    last = first + length * DAY
    allowed = [day for day in walk(first, last) if day.month in months]
    found = occurrences.spread(first, last, count, months)
    assert len(found) == min(count, len(allowed))
    assert found == sorted(set(found))
    assert set(found) <= set(allowed)
    if not found:
        return
    if count <= len(allowed):
        share = Fraction(len(allowed), count)
        assert found == [allowed[int(share * n + share / 2)] for n in range(count)]
    places = [allowed.index(day) for day in found]
    # the first of the next period, if that is as long, is as far as any other
    places.append(places[0] + len(allowed))
    apart = [after - before for before, after in zip(places, places[1:], strict=False)]
    assert max(apart) - min(apart) <= 1


# === DAYS OFF === #


@given(
    days,
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from(RULES),
    st.sets(st.integers(-45, 45), max_size=91) | st.just(set(range(-45, 46))),
)
@thorough
def test_a_day_off_moves_to_the_nearest_day_inside(day, before, after, rule, off):
    first, last = day - before * DAY, day + after * DAY
    days_off = {day + n * DAY for n in off}
    moved = occurrences.shift(day, rule, days_off, first, last)
    if rule == "keep" or day not in days_off:
        assert moved == day
        return
    if rule == "skip":
        assert moved is None
        return
    free = [other for other in walk(first, last) if other not in days_off]
    earlier = [other for other in free if other < day]
    later = [other for other in free if other > day]
    if rule == "next":
        nearest = later[:1] or earlier[-1:]
    else:
        nearest = earlier[-1:] or later[:1]
    assert moved == (nearest or [day])[0]
    assert first <= moved <= last


# === MONTHS THAT LACK A FIFTH WEEKDAY === #


@given(fifth, days, days, st.integers(0, 500))
@example(Pattern(byday=5), date(2026, 1, 1), date(2026, 3, 1), 9)  # 30 March is later
@thorough
def test_months_without_a_fifth_weekday_are_named(pattern, anchor, first, length):
    last = first + length * DAY
    begin = first.replace(day=1)
    end = last.replace(day=length_of(last))
    any_day = [
        day
        for day in walk(begin, last)
        if day.day == 1
        and is_due(
            Pattern(
                freq=pattern.freq,
                interval=pattern.interval,
                month_by="date",
                day=1,
                month=pattern.month,
                months=pattern.months,
            ),
            anchor,
            day,
        )
    ]
    with_one = {(d.year, d.month) for d in expected(pattern, anchor, begin, end)}
    lacking = [day for day in any_day if (day.year, day.month) not in with_one]
    assert occurrences.lacking_months(pattern, anchor, first, last) == lacking


@given(patterns.filter(lambda p: p.byday != 5 or p.month_by == "date"), days)
@quick
def test_no_month_lacks_anything_else(pattern, first):
    last = first + 400 * DAY
    assert occurrences.lacking_months(pattern, first, first, last) == []


# === FROM ONE PERIOD TO THE NEXT === #


@given(days, st.integers(1, 48), st.integers(0, 1400))
@example(date(2026, 1, 1), 12, 61)  # 3 March
@example(date(2023, 3, 1), 12, 365)  # 29 February
@quick
def test_typed_dates_keep_their_place_in_the_next_period(start, months, later):
    """After whole months the day of the month stays, cut to the month."""
    start, day = start.replace(day=1), start.replace(day=1) + later * DAY
    page = start.year * 12 + start.month - 1 + months
    new_start = date(page // 12, page % 12 + 1, 1)
    moved = occurrences.move_to_period(day, start, new_start)
    page = day.year * 12 + day.month - 1 + months
    assert (moved.year, moved.month) == (page // 12, page % 12 + 1)
    assert moved.day == min(day.day, length_of(moved))
    assert moved >= new_start


@given(days, days, st.integers(0, 800))
@quick
def test_otherwise_the_number_of_days_from_the_start_stays(old, new, later):
    day = old + later * DAY
    moved = occurrences.move_to_period(day, old, new)
    if new.day == min(old.day, length_of(new)):
        assert moved.day == min(day.day, length_of(moved))
    else:
        assert moved - new == day - old
