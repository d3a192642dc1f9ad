"""From the wall clock at a place to the instants that the database keeps."""

from datetime import UTC, date, datetime, time, timedelta

from odoo.addons.service_contract.tools.dates import get_zone

MINUTES_A_DAY = 24 * 60


def to_utc(day: date, hour: float, tz: str | None) -> datetime:
    """Return the UTC instant (naive) at which clocks in ``tz`` show ``hour``.

    :param hour: hours since midnight as people read them (9.5 = half past nine), to the
        minute

    A time that the clocks skip is as much later as they jump; of one that comes twice,
    the first is meant (PEP 495, ``fold=0``).
    """
    minutes = _get_minutes(hour)
    wall = datetime.combine(day, time(minutes // 60, minutes % 60), tzinfo=get_zone(tz))
    return wall.astimezone(UTC).replace(tzinfo=None)


def to_local(instant: datetime, tz: str | None) -> datetime:
    """Return the naive UTC ``instant`` as the wall clock in ``tz`` shows it (aware)."""
    return instant.replace(tzinfo=UTC).astimezone(get_zone(tz))


def move_days(instant: datetime, days: int, tz: str | None) -> datetime:
    """Return ``instant`` (naive UTC) moved by whole days, at the same hour by the
    clocks of ``tz``.

    By no day it stays that instant, even if its hour comes twice and it is the second.
    """
    if not days:
        return instant
    local = to_local(instant, tz).replace(tzinfo=None, fold=0) + timedelta(days=days)
    wall = local.replace(tzinfo=get_zone(tz))
    return wall.astimezone(UTC).replace(tzinfo=None)


def format_hour(hour: float) -> str:
    """Return ``hour`` as the clock shows it: 9.5 is 09:30."""
    minutes = _get_minutes(hour)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _get_minutes(hour):
    """Return the minutes since midnight; the last minute of the day at most."""
    return min(max(round(hour * 60), 0), MINUTES_A_DAY - 1)
