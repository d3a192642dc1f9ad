"""Pure date arithmetic of contract periods.

Every start is computed from the anchor and never from the previous date, so that a
contract that starts on 31 January doesn't drift to the 28th for good. Ends are
inclusive: the next period starts the day after.
"""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

TERM_UNITS = [
    ("day", "Day(s)"),
    ("week", "Week(s)"),
    ("month", "Month(s)"),
    ("year", "Year(s)"),
]


def period_start(anchor: date, n: int, count: int, unit: str) -> date:
    """Return the first day of the ``n``-th period (0 = the one that starts on anchor).

    :param count: length of a period in ``unit`` (``day week month year``), above 0
    """
    return anchor + relativedelta(**{f"{unit}s": n * count})


def period_end(anchor: date, n: int, count: int, unit: str) -> date:
    """Return the last day (inclusive) of the ``n``-th period of ``anchor``."""
    return period_start(anchor, n + 1, count, unit) - timedelta(days=1)


def period_index(anchor: date, start: date, count: int, unit: str) -> int | None:
    """Return the ``n`` whose period of ``anchor`` starts on ``start``, else None."""
    if unit in ("day", "week"):
        step = count * (7 if unit == "week" else 1)
        n, rest = divmod((start - anchor).days, step)
        return n if not rest and n >= 0 else None
    months = count * (12 if unit == "year" else 1)
    apart = (start.year - anchor.year) * 12 + start.month - anchor.month
    n = apart // months
    if n >= 0 and period_start(anchor, n, count, unit) == start:
        return n
    return None


def period_end_from(anchor: date, start: date, count: int, unit: str) -> date:
    """Return the last day of the period that starts on ``start``.

    Where ``start`` lies on the grid of ``anchor``, the grid gives the end (after
    31 Jan–27 Feb comes 28 Feb–30 Mar); else the period is counted from ``start``.
    """
    n = period_index(anchor, start, count, unit)
    if n is None:
        anchor, n = start, 0
    return period_end(anchor, n, count, unit)
