"""When is a customer asked whether to renew? Pure arithmetic on local dates.

A reminder is due when its day has come and it isn't in the ledger, whatever the day of
the last run: one that was late catches up, and nothing is sent twice.
"""

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Stage:
    """One step of a reminder plan."""

    key: int
    days_before: int  # the last day; negative = after it
    repeat_days: int = 0  # 0 = once


@dataclass(frozen=True)
class Sent:
    """What the ledger says of one stage."""

    number: int  # of the last reminder; 0 = the first
    day: date  # local date of the last reminder


def get_plan(stages, start, end):
    """Return the stages that apply to a period as [(due date, stage)], by due date.

    A stage applies where its days are at most half of the period's length. Where no
    stage before the end does, the latest of them is due after half of the period.

    :param start: first local date of the period
    :param end: its last local date
    """
    half = ((end - start).days + 1) // 2
    plan = [(stage.days_before, stage) for stage in stages if stage.days_before <= half]
    if not any(days > 0 for days, _stage in plan):
        before = [stage for stage in stages if stage.days_before > half]
        if before:
            plan.append((half, min(before, key=lambda stage: stage.days_before)))
    return sorted(
        ((end - timedelta(days=days), stage) for days, stage in plan),
        key=lambda row: (row[0], -row[1].days_before, row[1].key),
    )


def _get_latest(plan, sent):
    """Return the index of the latest stage that is behind; -1 = none.

    Behind is what was sent, and what was due before the last reminder: neither other
    days nor another end bring it back.
    """
    last = max((row.day for row in sent.values()), default=None)
    behind = [
        index
        for index, (due, stage) in enumerate(plan)
        if stage.key in sent or (last and due <= last)
    ]
    return max(behind, default=-1)


def _get_repeat(plan, sent, index):
    """Return the day of the next follow-up of a stage that is behind, or None."""
    if index < 0:
        return None
    due, stage = plan[index]
    if not stage.repeat_days:
        return None
    last = max(row.day for row in sent.values())
    return max(last + timedelta(days=stage.repeat_days), due)


def get_next_day(plan, sent):
    """Return the local date on which the next reminder is due; None = never.

    :param plan: of :func:`get_plan`
    :param sent: dict key of a stage -> :class:`Sent`
    """
    index = _get_latest(plan, sent)
    following = plan[index + 1][0] if index + 1 < len(plan) else None
    repeat = _get_repeat(plan, sent, index)
    return min((day for day in (following, repeat) if day), default=None)


def get_due(plan, sent, today):
    """Return (key of the stage, number of the reminder) that is due now, or None.

    Where several stages have come meanwhile only the latest is sent.
    """
    behind = _get_latest(plan, sent)
    come = max((i for i, (due, _stage) in enumerate(plan) if due <= today), default=-1)
    if come > behind:
        return plan[come][1].key, 0
    repeat = _get_repeat(plan, sent, behind)
    if repeat and repeat <= today:
        key = plan[behind][1].key
        return key, sent[key].number + 1 if key in sent else 0
    return None
