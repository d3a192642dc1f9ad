"""Pure money arithmetic of renewal fees.

A row says what one period costs: a share of the base, or a fixed amount. A period
without a row of its own costs what the nearest earlier row says, so that the last row
holds for all later periods.
"""

from collections.abc import Iterable
from dataclasses import dataclass

PERCENT = "percent"
FIXED = "fixed"


@dataclass(frozen=True)
class Row:
    """The fee of one period and of all later ones up to the next row.

    :param cycle: the period that the fee pays for, 1 = the first
    :param method: ``percent`` of the base, or ``fixed``
    :param percent: 30.0 for 30 %
    :param amount: untaxed, in the currency of the contract
    """

    cycle: int
    method: str = PERCENT
    percent: float = 0.0
    amount: float = 0.0


def find_row(rows: Iterable[Row], cycle: int) -> Row | None:
    """Return the row that holds for period ``cycle``; None where no row begins by
    then.
    """
    begun = [row for row in rows if row.cycle <= cycle]
    return max(begun, key=lambda row: row.cycle, default=None)


def get_fee(rows: Iterable[Row], cycle: int, base: float, rounder) -> float | None:
    """Return the fee of period ``cycle``, or None where the rows don't say it.

    :param base: untaxed amount of which a percentage is taken; a share of nothing is
        no fee that anybody agreed on
    :param rounder: the rounding of the currency, such as ``currency.round``
    """
    row = find_row(rows, cycle)
    if row is None:
        return None
    if row.method == FIXED:
        return rounder(row.amount)
    if row.percent and not base:
        return None
    return rounder(base * row.percent / 100)


def get_share(amount: float, days: int, all_days: int, rounder) -> float:
    """Return the part of ``amount`` that falls on ``days`` of ``all_days``.

    :param days: days left of a period that ends early, its last one included
    """
    if all_days <= 0 or days <= 0:
        return 0.0
    return rounder(amount * min(days, all_days) / all_days)
