"""The clocks of the places that are visited, against a naive oracle.

What they show is found here by looking at them, without the addon's arithmetic.
"""

import os
import time
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_visit_properties import DAY, days, quick, thorough

from odoo.addons.service_contract_schedule.tools import clock

MINUTE = timedelta(minutes=1)
ZONES = sorted(available_timezones())
YEARS = ((2011, 2012), (2023, 2026))  # 2011: Samoa left a day out


def shown(instant, zone):
    """Return what the clocks of ``zone`` show at ``instant`` (both naive)."""
    return datetime.fromtimestamp(
        instant.replace(tzinfo=UTC).timestamp(), ZoneInfo(zone)
    ).replace(tzinfo=None)


def ahead(instant, zone):
    """Return by how much the clocks of ``zone`` are ahead of UTC."""
    return shown(instant, zone) - instant


def find_changes(zone, first_year, last_year):
    """Yield (instant, offset before, offset after) of every change of the clocks."""
    early = datetime(first_year, 1, 1)
    before = ahead(early, zone)
    while early.year <= last_year:
        # no zone changes its clocks twice in five days
        late = early + 5 * DAY
        after = ahead(late, zone)
        following = late
        if before != after:
            while late - early > MINUTE:
                middle = early + (late - early) // 2
                if ahead(middle, zone) == before:
                    early = middle
                else:
                    late = middle
            yield late.replace(second=0, microsecond=0), before, after
        early, before = following, after


@cache
def list_changes():
    """Return dict zone -> its changes, of zones that have any."""
    found = {
        zone: [change for span in YEARS for change in find_changes(zone, *span)]
        for zone in ZONES
    }
    return {zone: changes for zone, changes in found.items() if changes}


def every_change():
    """Yield (zone, instant, offset before, offset after)."""
    for zone, changes in list_changes().items():
        for change in changes:
            yield zone, *change


def asked(wall):
    """Return ``wall`` as a date and hours since midnight, as a pattern has them."""
    return wall.date(), wall.hour + wall.minute / 60


def check_wall(wall, zone, before, after):
    """Compare with the instants at which the clocks really show ``wall``."""
    found = clock.to_utc(*asked(wall), zone)
    real = [wall - offset for offset in (before, after)]
    real = [instant for instant in real if shown(instant, zone) == wall]
    if real:
        assert found == min(real), (zone, wall)
        assert shown(found, zone) == wall
    else:
        # skipped: as much later as the clocks jump
        assert shown(found, zone) == wall + (after - before), (zone, wall)
    return real


def test_every_change_of_every_zone():
    """A visit asked for at any time near a change is at that time by the clocks."""
    changes = skipped = twice = 0
    for zone, instant, before, after in every_change():
        changes += 1
        start = instant + min(before, after) - timedelta(hours=3)
        stop = instant + max(before, after) + timedelta(hours=3)
        wall = start
        while wall <= stop:
            real = check_wall(wall, zone, before, after)
            skipped += not real
            twice += len(set(real)) == 2
            wall += 15 * MINUTE
    assert changes > 1000
    assert skipped > 1000 and twice > 1000


def test_the_minutes_beside_every_change():
    for zone, instant, before, after in every_change():
        for offset in (before, after):
            for minutes in (-1, 0, 1):
                check_wall(instant + offset + minutes * MINUTE, zone, before, after)


def test_nine_stays_nine_through_every_change():
    """The visit of each week keeps its hour, whatever the clocks do in between."""
    for zone, instant, before, after in every_change():
        day = shown(instant, zone).date()
        visit = clock.to_utc(day - 7 * DAY, 9.0, zone)
        following = clock.move_days(visit, 14, zone)
        assert following == clock.to_utc(day + 7 * DAY, 9.0, zone)
        assert shown(following, zone).hour == 9
        near = [
            change
            for change, *_offsets in list_changes()[zone]
            if abs(change - instant) < 9 * DAY
        ]
        if abs(after - before) < DAY and len(near) == 1:
            assert following - visit == 14 * DAY - (after - before)


zones = st.sampled_from(ZONES)
changing = st.deferred(lambda: st.sampled_from(sorted(list_changes())))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1)).map(
    lambda found: found.replace(second=0, microsecond=0)
)


@given(instants, zones)
@quick
def test_there_and_back(instant, zone):
    """An instant, read off the clock and asked for again, is itself or its double."""
    local = clock.to_local(instant, zone)
    assert local.replace(tzinfo=None) == shown(instant, zone)
    again = clock.to_utc(*asked(local), zone)
    assert shown(again, zone) == shown(instant, zone)
    assert again <= instant
    assert again == instant or local.fold == 1


@given(instants, st.integers(-800, 800), zones | changing)
@example(datetime(2026, 10, 25, 1, 30), 0, "Europe/Brussels")  # the second 02:30
@example(datetime(2026, 10, 25, 1, 30), 371, "Europe/Brussels")  # to a first 02:30
@example(datetime(2026, 3, 28, 1, 30), 1, "Europe/Brussels")  # to the 02:30 skipped
@example(datetime(2026, 3, 28, 15, 15), 8, "Australia/Lord_Howe")  # half an hour
@thorough
def test_moving_by_days_keeps_the_hour(instant, days, zone):
    moved = clock.move_days(instant, days, zone)
    wall = shown(instant, zone) + days * DAY
    if not days:
        assert moved == instant
    elif shown(moved, zone) != wall:  # a time that the clocks skip that day
        assert shown(moved, zone) > wall
        jump = shown(moved, zone) - wall
        assert jump <= DAY
        assert ahead(moved, zone) - ahead(moved - jump, zone) == jump
    else:
        assert moved == clock.to_utc(*asked(wall), zone)
        assert shown(clock.move_days(moved, -days, zone), zone) >= shown(instant, zone)


@given(st.dates(date(2000, 1, 1), date(2037, 1, 1)), st.integers(0, 1439), changing)
@quick
def test_hours_are_read_to_the_minute(day, minutes, zone):
    """Hours are kept as fractions: 9:20 is 9.333…, and still 9:20."""
    instant = clock.to_utc(day, minutes / 60, zone)
    assert instant.second == instant.microsecond == 0
    assert instant == clock.to_utc(day, round(minutes / 60, 2), zone)
    text = f"{minutes // 60:02d}:{minutes % 60:02d}"
    assert clock.format_hour(minutes / 60) == text


@given(st.floats(0, 24, exclude_max=True), days)
@example(23.9999, date(2026, 1, 1))
@quick
def test_no_hour_spills_into_the_next_day(hour, day):
    """What is shown and what is planned is the same minute of the same day."""
    instant = clock.to_utc(day, hour, "UTC")
    assert instant.date() == day
    assert clock.format_hour(hour) == f"{instant:%H:%M}"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_the_zone_of_the_computer_does_not_matter(zone, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for place, before, after in (
            ("Europe/Brussels", 8, 7),
            ("Asia/Bangkok", 2, 2),
            ("America/New_York", 14, 13),
        ):
            winter, summer = date(2026, 3, 2), date(2026, 3, 30)
            start = clock.to_utc(winter, 9.0, place)
            assert start == datetime(2026, 3, 2, before)
            assert clock.move_days(start, 28, place) == datetime(2026, 3, 30, after)
            assert clock.to_utc(summer, 9.0, place) == datetime(2026, 3, 30, after)
            assert clock.to_local(start, place).hour == 9
    finally:
        monkeypatch.undo()
        os.environ.setdefault("TZ", "UTC")
        time.tzset()


@pytest.mark.parametrize("zone", [None, "", "Mars/Olympus"])
def test_a_place_without_a_known_zone_follows_utc(zone):
    assert clock.to_utc(date(2026, 3, 29), 2.5, zone) == datetime(2026, 3, 29, 2, 30)
