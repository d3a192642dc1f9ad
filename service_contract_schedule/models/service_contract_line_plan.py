from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from odoo import fields, models
from odoo.fields import Domain

from ..tools import occurrences
from ..tools.clock import to_local, to_utc
from .service_visit import OPEN

LOOK_AHEAD_DAYS = 366
MOST_DAYS_OFF = timedelta(days=31)  # as far as a day off puts a visit off
NEAR_ENOUGH = timedelta(days=15)
FOLLOWING = {
    "start",
    "stop",
    "tz",
    "user_id",
    "partner_service_id",
    "quantity",
    "date_earliest",
    "date_latest",
    "name",
}
REVIVED = {"state": "planned", "is_ended": False, "cancel_reason": False}


@dataclass
class VisitPlan:
    """What the pattern of one line asks for, compared with the visits that exist."""

    add: list = field(default_factory=list)  # values of visits to create
    move: list = field(default_factory=list)  # (visit, values that change)
    remove: list = field(default_factory=list)  # visits no longer due
    end: list = field(default_factory=list)  # visits beyond the end of the line
    keep: list = field(default_factory=list)  # visits changed by hand, off the pattern
    skipped: list = field(default_factory=list)  # slots that fall on a day off
    unpaid: list = field(default_factory=list)  # slots for which no right is left
    given: frozenset = frozenset()  # the slots of the present pattern
    next_slot: date | None = None  # the first one beyond the horizon


class ServiceContractLine(models.Model):
    """What the patterns ask for, compared with the visits that exist."""

    _inherit = "service.contract.line"

    def _plan_visits(self, date_to=None):
        """Stamp the lines, then compare their patterns with the visits that exist.

        :param date_to: as for :meth:`_generate_visits`
        :return: dict line -> :class:`VisitPlan`
        """
        self._check_plannable()
        # where visits are planned for the first time
        self.filtered(lambda line: not line.visit_generation)._check_one_place()
        self._stamp_generation()
        todays = {line: line.contract_id._today() for line in self}
        ends = {}
        for line in self:
            horizon = date_to or todays[line] + timedelta(days=line._get_horizon())
            ends[line] = horizon
        existing = self._read_coming_visits(min(todays.values(), default=None))
        last = max(
            [
                *ends.values(),
                *(v.occurrence_date for vs in existing.values() for v in vs),
            ],
            default=None,
        )
        days_off = self._get_days_off(min(todays.values(), default=None), last)
        return {
            line: line._plan_line(
                todays[line], ends[line], existing[line], days_off[line.company_id]
            )
            for line in self
        }

    def _read_coming_visits(self, today):
        """Return dict line -> its visits with a slot that is due, or takes place, from
        ``today`` on.
        """
        found = defaultdict(lambda: self.env["service.visit"])
        if not self:
            return found
        instant = fields.Datetime.to_datetime(today) - timedelta(days=1)
        # slots of the last days, too: they may have been put off to today or later
        first = today - MOST_DAYS_OFF
        visits = self.env["service.visit"].search_fetch(
            Domain("line_id", "in", self.ids)
            & Domain("occurrence_date", "!=", False)
            & (Domain("occurrence_date", ">=", first) | Domain("start", ">=", instant)),
            [
                "line_id",
                "occurrence_date",
                "state",
                "is_manual",
                "is_ended",
                "start",
                "stop",
                "tz",
                "user_id",
                "partner_service_id",
                "quantity",
                "date_earliest",
                "date_latest",
            ],
            order="occurrence_date, id",
        )
        by_line = visits.grouped("line_id")
        found.update(by_line)
        return found

    def _get_days_off(self, first, last):
        """Return dict company -> the dates on which it doesn't work, where a line asks.

        :raise UserError: a company has no working hours
        """
        asked = self.filtered(
            lambda line: line.visit_kind and line.non_working_day != "keep"
        )
        days_off = {company: frozenset() for company in self.company_id}
        for company in asked.company_id:
            # more on both ends, where visits may be moved from and to
            days_off[company] = company._get_days_off(
                first - MOST_DAYS_OFF, last + MOST_DAYS_OFF
            )
        return days_off

    def _plan_line(self, today, horizon, existing, days_off):
        """Return the :class:`VisitPlan` of one line.

        :param existing: visits with a slot that is due, or that take place, from today
            on, of any state
        """
        self.ensure_one()
        plan = VisitPlan()
        by_slot = {visit.occurrence_date: visit for visit in existing}
        wanted = self._get_wanted(plan, today, horizon, by_slot, days_off)
        # free rights are counted down as visits take and give back theirs
        free = None if self.is_unlimited else self.quantity_available
        for visit in existing:
            free = self._plan_removal(plan, visit, wanted, today, free)
        for visit in existing:
            free = self._plan_change(plan, visit, wanted, today, free)
        self._take_nearest_slots(plan, wanted, by_slot)
        for slot, values in wanted.items():
            if slot in by_slot:
                continue
            if free is not None and self._compare(free, values["quantity"]) < 0:
                plan.unpaid.append(slot)
                continue
            free = free and free - values["quantity"]
            plan.add.append(values)
        return plan

    def _get_wanted(self, plan, today, horizon, by_slot, days_off):
        """Return dict slot -> values of the visits that there should be from today on.

        Notes on ``plan`` what falls on a day off, and when to look again.
        """
        last = max([horizon, *by_slot])
        beyond = last + timedelta(days=LOOK_AHEAD_DAYS)
        slots = self._get_slots(self.date_start, beyond)
        plan.given = frozenset(slots)
        if self.pattern_from:
            # what earlier patterns gave stands on the visits alone
            slots = [
                *(
                    slot
                    for slot, visit in by_slot.items()
                    if self.date_start <= slot < self.pattern_from
                    and (not self.date_end or slot <= self.date_end)
                    and self._is_followed(visit)
                ),
                *slots,
            ]
        tz = self._get_tz()
        common = self._prepare_visit_values(self._get_place(), tz)
        wanted = {}
        for slot in slots:
            if slot > horizon and slot not in by_slot:
                plan.next_slot = plan.next_slot or slot
                continue
            day = self._shift(slot, days_off, today)
            if day is None:
                plan.skipped.append(slot)
            elif day >= today and self.pattern_since and slot < self.pattern_since:
                values = self._prepare_kept_values(by_slot.get(slot), slot, day, tz)
                wanted[slot] = {**common, **values}
            elif day >= today:
                wanted[slot] = {**common, **self._prepare_slot_values(slot, day, tz)}
        endless = not self.date_end or self.date_end > beyond
        if self._has_pattern() and endless and not plan.next_slot:
            plan.next_slot = beyond  # nothing up to there: look again then
        return wanted

    def _is_followed(self, visit):
        """Tell whether the pattern still decides about ``visit``."""
        return visit.state == "planned" or (
            visit.state == "cancelled" and visit.is_ended
        )

    def _plan_removal(self, plan, visit, wanted, today, free):
        """Plan to take a visit away that is no longer due; return the free rights."""
        slot = visit.occurrence_date
        if slot in wanted or visit.state != "planned":
            return free
        if visit.is_manual:
            plan.keep.append(visit)
            return free
        if visit._get_local_date() < today:
            return free
        out = slot < self.date_start or (self.date_end and slot > self.date_end)
        (plan.end if out else plan.remove).append(visit)
        return None if free is None else free + visit.quantity

    def _plan_change(self, plan, visit, wanted, today, free):
        """Plan what changes about a visit that stays; return the free rights."""
        values = wanted.get(visit.occurrence_date)
        if visit.state == "cancelled" and visit.is_ended:
            if not values and not (visit.is_manual and self._covers(visit)):
                return free
            # cancelled with the contract, which goes on after all
            if visit.is_manual:
                values = {"quantity": visit.quantity}
            if free is not None and self._compare(free, values["quantity"]) < 0:
                plan.unpaid.append(visit.occurrence_date)
                return free
            plan.move.append((visit, dict(values, **REVIVED)))
            return free and free - values["quantity"]
        if not values or visit.state != "planned" or visit.is_manual:
            return free
        if visit._get_local_date() < today:
            return free
        changed = {
            name: value
            for name, value in values.items()
            if name in FOLLOWING
            and visit._fields[name].convert_to_write(visit[name], visit) != value
        }
        if changed:
            plan.move.append((visit, changed))
        more = values["quantity"] - visit.quantity
        return None if free is None else free - more

    def _covers(self, visit):
        """Tell whether ``visit`` takes place within the period of the line, from today
        on.
        """
        day = visit._get_local_date()
        first = max(self.date_start, self.contract_id._today())
        return first <= day and (not self.date_end or day <= self.date_end)

    def _take_nearest_slots(self, plan, wanted, by_slot):
        """Let visits that somebody changed stand for the slots nearest to them.

        After a change of the pattern such a visit has a slot that is no longer given:
        without this there would be another one beside it, and none at the end.
        """
        for visit in by_slot.values():
            slot = visit.occurrence_date
            if slot in plan.given or (self.pattern_from and slot < self.pattern_from):
                continue
            if visit.state not in OPEN or visit in (*plan.remove, *plan.end):
                continue
            missing = [day for day in wanted if day not in by_slot]
            nearest = min(missing, key=lambda day: abs(day - slot), default=None)
            if nearest and (
                not self.is_unlimited or abs(nearest - slot) <= NEAR_ENOUGH
            ):
                del wanted[nearest]

    def _shift(self, slot, days_off, today):
        """Return the date of the visit of ``slot``; None where there is none.

        Never before today, except for slots that are past themselves.
        """
        first = max(self.date_start, today) if slot >= today else self.date_start
        last = self.date_end or occurrences.FAR
        return occurrences.shift(
            slot, self.non_working_day or "keep", days_off, first, last
        )

    def _prepare_visit_values(self, place, tz):
        """Return the values that all visits of this line have in common."""
        return {
            "line_id": self.id,
            "contract_id": self.contract_id.id,
            "company_id": self.company_id.id,
            "partner_id": self.contract_id.partner_id.id,
            "partner_service_id": place.id,
            "name": self._get_visit_title(),
            "tz": tz,
            "user_id": self.technician_id.id,
            "quantity": self._get_visit_quantity(),
            "state": "planned",
        }

    def _prepare_slot_values(self, slot, day, tz):
        """Return the values of the visit of ``slot`` that takes place on ``day``."""
        start = to_utc(day, self.hour_start, tz)
        earliest = day - timedelta(days=self.window_before)
        latest = day + timedelta(days=self.window_after)
        return {
            "occurrence_date": slot,
            "start": start,
            "stop": start + timedelta(minutes=round(self.duration * 60)),
            "date_earliest": max(earliest, self.date_start),
            "date_latest": min(latest, self.date_end or latest),
        }

    def _prepare_kept_values(self, visit, slot, day, tz):
        """Return what follows for a visit that stays as it was, but for its day."""
        if not visit:
            return self._prepare_slot_values(slot, day, tz)
        local = to_local(visit.start, visit.tz)
        start = to_utc(day, local.hour + local.minute / 60, tz)
        return {
            "occurrence_date": slot,
            "start": start,
            "stop": start + (visit.stop - visit.start),
            "user_id": visit.user_id.id,
            "quantity": visit.quantity,
            "date_earliest": visit.date_earliest or False,
            "date_latest": visit.date_latest or False,
        }

    def _get_next_free_start(self, visit):
        """Return the UTC instant of the next working day after ``visit`` and today."""
        self.ensure_one()
        today = max(visit._get_local_date(), self.contract_id._today())
        days_off = self.company_id._get_days_off(today, today + timedelta(days=31))
        last = self._get_last_visit_day() or occurrences.FAR
        day = occurrences.shift(
            today + timedelta(days=1), "next", days_off, today, occurrences.FAR
        )
        return to_utc(max(min(day, last), today), self.hour_start, visit.tz)

    def _get_visit_title(self):
        self.ensure_one()
        title = (self.name or self.product_id.display_name or "").split("\n")[0]
        item = self._get_current_item()
        if not item:
            return title
        machine = f"{item.name} {item.serial}" if item.serial else item.label
        return f"{title} ({machine})"
