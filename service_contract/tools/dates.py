"""Instants, zones, and dates as people read them."""

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import babel.dates

from odoo.tools.misc import babel_locale_parse, posix_to_ldml

BUDDHIST_ERA_OFFSET = 543


def get_zone(name: str | None) -> ZoneInfo:
    """Return the zone called ``name``; UTC where it is empty or unknown."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def local_midnight(day: date, tz: str | None) -> datetime:
    """Return the UTC instant (naive) at which ``day`` begins in ``tz``.

    Where midnight is skipped by a change of clocks, the day begins when the clocks
    have jumped; where it comes twice, at the first one (PEP 495, ``fold=0``).
    """
    start = datetime.combine(day, time.min, tzinfo=get_zone(tz))
    return start.astimezone(UTC).replace(tzinfo=None)


def local_date(instant: datetime, tz: str | None) -> date:
    """Return the date in ``tz`` at the naive UTC ``instant``."""
    return instant.replace(tzinfo=UTC).astimezone(get_zone(tz)).date()


def format_day(
    lang, day: date, buddhist_era: bool = False, in_words: bool = False
) -> str:
    """Return ``day`` as the language writes it.

    :param lang: ``res.lang`` record
    :param in_words: with the name of the month, for letters: 12/01 is read in two ways
    :param buddhist_era: show the year + 543. Only the number shown changes: the date
        stays Gregorian, since 29 February 2567 doesn't exist in Python's calendar.
    """
    if not day:
        return ""
    locale = babel_locale_parse(lang.code)
    if in_words:
        # without the era, which Thai writes in its long form
        pattern = re.sub(r"\s*G+", "", locale.date_formats["long"].pattern)
    else:
        pattern = posix_to_ldml(lang.date_format, locale=locale)
    if buddhist_era:
        year = str(day.year + BUDDHIST_ERA_OFFSET)
        pattern = re.sub(
            r"y+",
            lambda m: f"'{year[-len(m[0]) :] if len(m[0]) == 2 else year}'",
            pattern,
        )
    return babel.dates.format_date(day, format=pattern, locale=locale)
