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
    is_past: bool = False  # it asked about an end that has moved far away since


@dataclass(frozen=True)
class Due:
    """The reminder to send now."""

    key: int  # of its stage
    number: int  # 0 = the first of the stage
    day: date  # local date since which it is due


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


def _get_steps(plan, sent):
    """Return when each stage that is still to come does so, as [(day, index)].

    Behind is what was sent, and what was due before the last reminder: neither other
    days nor another end bring it back. It is repeated until the next stage begins.
    """
    last = max((row.day for row in sent.values()), default=None)
    steps = []
    for index, (due, stage) in enumerate(plan):
        row = sent.get(stage.key)
        behind = (last and due <= last) or (row and not row.is_past)
        if not behind:
            steps.append((due, index))
        elif stage.repeat_days:
            again = max(last + timedelta(days=stage.repeat_days), due)
            if index + 1 == len(plan) or again < plan[index + 1][0]:
                steps.append((again, index))
    return steps


def get_next_day(plan, sent):
    """Return the local date on which the next reminder is due; None = never.

    :param plan: of :func:`get_plan`
    :param sent: dict key of a stage -> :class:`Sent`
    """
    return min((day for day, _index in _get_steps(plan, sent)), default=None)


def get_due(plan, sent, today):
    """Return the :class:`Due` of now, or None.

    Where several stages have come meanwhile only the latest is sent.
    """
    come = [(index, day) for day, index in _get_steps(plan, sent) if day <= today]
    if not come:
        return None
    index, day = max(come)
    key = plan[index][1].key
    return Due(key, sent[key].number + 1 if key in sent else 0, day)
