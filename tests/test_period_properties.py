"""Periods, local midnights and Service IDs, for every date, zone and code that
hypothesis can think of.

What is expected is worked out here in another, slower way than the addon's.
"""

import calendar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.addons.service_contract.tools import dates, periods, service_code

UNITS = [unit for unit, _label in periods.TERM_UNITS]
DAY = timedelta(days=1)
ANCHORS = [
    date.fromordinal(day)
    for day in range(date(2023, 1, 1).toordinal(), date(2028, 12, 31).toordinal() + 1)
]
starts = st.sampled_from(ANCHORS)
counts = st.integers(1, 36)
units = st.sampled_from(UNITS)
ZONES = available_timezones()
zones = st.sampled_from(sorted(ZONES))
days = st.dates(date(1990, 1, 1), date(2050, 12, 31))
bodies = st.text("0123456789", min_size=7, max_size=12)
quick = settings(max_examples=300, deadline=None)


def nth_start(anchor, n, count, unit):
    """Return the start of the n-th period by counting calendar pages one by one."""
    if unit in ("day", "week"):
        day = anchor
        for _step in range(n * count):
            day += DAY * (7 if unit == "week" else 1)
        return day
    year, month = anchor.year, anchor.month
    for _step in range(n * count * (12 if unit == "year" else 1)):
        month += 1
        if month > 12:
            year, month = year + 1, 1
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def test_every_start_and_every_unit_tiles():
    """All 2,192 starts with the usual terms: no day is missed, none is twice."""
    usual = [("day", 1), ("week", 2)]
    usual += [("month", 1), ("month", 3), ("month", 12), ("year", 1)]
    for anchor in ANCHORS:
        for unit, count in usual:
            last = anchor - DAY
            for n in range(13):
                start = periods.period_start(anchor, n, count, unit)
                end = periods.period_end(anchor, n, count, unit)
                assert start == last + DAY, (anchor, unit, count, n)
                assert end >= start
                last = end


@given(starts, counts, units, st.integers(0, 14))
@example(date(2024, 1, 31), 1, "month", 1)
@example(date(2024, 2, 29), 1, "year", 1)
@example(date(2024, 2, 29), 1, "year", 4)
@example(date(2023, 8, 31), 6, "month", 1)
@quick
def test_a_start_is_anchor_and_terms_cut_to_the_month(anchor, count, unit, n):
    expected = nth_start(anchor, n, count, unit)
    assert periods.period_start(anchor, n, count, unit) == expected
    after = nth_start(anchor, n + 1, count, unit)
    assert periods.period_end(anchor, n, count, unit) == after - DAY


@given(starts, counts, units)
@quick
def test_periods_tile_whatever_the_term(anchor, count, unit):
    spans = [
        (
            periods.period_start(anchor, n, count, unit),
            periods.period_end(anchor, n, count, unit),
        )
        for n in range(15)
    ]
    assert spans[0][0] == anchor
    for (start, end), (following, _end) in zip(spans, spans[1:], strict=False):
        assert start <= end
        assert following == end + DAY


@given(starts, counts, units)
@quick
def test_the_index_is_the_inverse_of_the_start(anchor, count, unit):
    grid = {}
    for n in range(15):
        grid[periods.period_start(anchor, n, count, unit)] = n
    for start, n in grid.items():
        assert periods.period_index(anchor, start, count, unit) == n
        for near in (start - DAY, start + DAY):
            expected = grid.get(near)
            if near < max(grid):
                assert periods.period_index(anchor, near, count, unit) == expected
    assert periods.period_index(anchor, anchor - DAY, count, unit) is None


@given(starts, counts, units, st.integers(0, 800))
@quick
def test_the_end_of_any_start_is_on_the_grid_or_counted_from_it(
    anchor, count, unit, later
):
    start = anchor + later * DAY
    end = periods.period_end_from(anchor, start, count, unit)
    n = periods.period_index(anchor, start, count, unit)
    if n is None:
        assert end == nth_start(start, 1, count, unit) - DAY
    else:
        assert end == nth_start(anchor, n + 1, count, unit) - DAY
    assert end >= start


@given(days, zones)
@example(date(2018, 11, 4), "America/Sao_Paulo")  # midnight is skipped
@example(date(2016, 10, 30), "Asia/Beirut")
@example(date(2011, 12, 31), "Pacific/Apia")  # the day after the one left out
@example(date(2011, 12, 30), "Pacific/Apia")  # the day that never was
@example(date(1993, 8, 21), "Pacific/Kwajalein")
@example(date(2020, 3, 8), "America/Havana")
@example(date(2020, 11, 1), "America/Havana")  # midnight comes twice
@quick
def test_a_day_begins_at_its_first_instant_in_every_zone(day, zone):
    start = dates.local_midnight(day, zone)
    following = dates.local_midnight(day + DAY, zone)
    assert start <= following
    if start == following:  # a day that the zone left out when it crossed the date line
        assert dates.local_date(start, zone) != day
        return
    assert dates.local_date(start, zone) == day
    assert dates.local_date(start - timedelta(seconds=1), zone) < day
    last = following - timedelta(seconds=1)
    assert dates.local_date(last, zone) == day


@given(days, zones)
@quick
def test_an_instant_belongs_to_the_day_that_its_zone_says(day, zone):
    noon = datetime(day.year, day.month, day.day, 12)
    expected = noon.replace(tzinfo=UTC).astimezone(dates.get_zone(zone)).date()
    assert dates.local_date(noon, zone) == expected
    assert dates.local_midnight(expected, zone) <= noon
    assert noon < dates.local_midnight(expected + DAY, zone)


@given(days, st.text(max_size=20) | st.none())
@quick
def test_an_unknown_zone_is_utc(day, name):
    if name in ZONES:
        return
    midnight = datetime(day.year, day.month, day.day)
    assert dates.local_midnight(day, name) == midnight


@given(bodies, st.data())
@quick
def test_every_single_wrong_digit_is_found(body, data):
    code = service_code.make(body)
    assert service_code.is_valid(code)
    assert code.startswith(body) and len(code) == len(body) + 1
    place = data.draw(st.integers(0, len(code) - 1))
    for digit in "0123456789":
        if digit != code[place]:
            wrong = code[:place] + digit + code[place + 1 :]
            assert not service_code.is_valid(wrong)


@given(
    bodies,
    st.lists(st.sampled_from(" -./\u00a0\u200b\t_"), max_size=6),
    st.randoms(use_true_random=False),
)
@quick
def test_formatting_never_matters(body, marks, random):
    """Blanks, dashes, misread letters, other scripts' digits: the key is the same."""
    code = service_code.make(body)
    assert service_code.fold(code) == code
    assert service_code.fold(service_code.group(code)) == code
    same = {"0": "0Oo๐０", "1": "1Il๑１i"}
    typed = [random.choice(same.get(digit, digit)) for digit in code]
    for mark in marks:
        typed.insert(random.randint(0, len(typed)), mark)
    assert service_code.fold("".join(typed)) == code


@given(bodies, st.sampled_from(["ID: ", "Service ID ", "SC-", "รหัส ", "https://x.th/"]))
@quick
def test_a_prefix_is_cut_off(body, prefix):
    code = service_code.make(body)
    stripped = service_code.strip_prefix(prefix + service_code.group(code))
    assert service_code.fold(stripped) == code


@given(st.text(max_size=40))
@example("ᾶ")
@quick
def test_any_text_folds_to_a_stable_key(text):
    key = service_code.fold(text)
    assert service_code.fold(key) == key
    assert key == key.upper()
    assert not any(char.isspace() for char in key)
    assert service_code.is_valid(text) in (True, False)
    assert text.endswith(service_code.strip_prefix(text))
