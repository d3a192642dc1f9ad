from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from odoo import fields, models
from odoo.fields import Domain

from ..tools import occurrences
from ..tools.clock import to_local, to_utc

LOOK_AHEAD_DAYS = 366
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
    next_slot: date | None = None  # the first one beyond the horizon


class ServiceContractLine(models.Model):
    """What the patterns ask for, compared with the visits that exist."""

    _inherit = "service.contract.line"

    def _plan_visits(self, date_to=None, check=True):
        """Compare the patterns with the visits that exist.

        :param date_to: as for :meth:`_generate_visits`
        :param check: stamp the lines first, as whoever writes the plan must
        :return: dict line -> :class:`VisitPlan`
        """
        if check:
            self._check_plannable()
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
        visits = self.env["service.visit"].search_fetch(
            Domain("line_id", "in", self.ids)
            & Domain("occurrence_date", "!=", False)
            & (Domain("occurrence_date", ">=", today) | Domain("start", ">=", instant)),
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
            # a week more on both ends, where visits may be moved to
            days_off[company] = company._get_days_off(
                first - timedelta(days=31), last + timedelta(days=31)
            )
        return days_off

    def _plan_line(self, today, horizon, existing, days_off):
        """Return the :class:`VisitPlan` of one line.

        :param existing: visits with a slot from today on, of any state
        """
        self.ensure_one()
        plan = VisitPlan()
        by_slot = {visit.occurrence_date: visit for visit in existing}
        last = max([horizon, *by_slot])
        beyond = last + timedelta(days=LOOK_AHEAD_DAYS)
        slots = self._get_slots(self.date_start, beyond)
        begin = max(filter(None, (today, self.pattern_from)))
        wanted = {}
        place, tz = self._get_place(), self._get_tz()
        common = self._prepare_visit_values(place, tz)
        # free rights are counted down as visits take and give back theirs
        free = None if self.is_unlimited else self.quantity_available
        for slot in slots:
            if slot > horizon and slot not in by_slot:
                plan.next_slot = plan.next_slot or slot
                continue
            day = self._shift(slot, days_off)
            if day is None:
                plan.skipped.append(slot)
            elif day >= today:
                wanted[slot] = {**common, **self._prepare_slot_values(slot, day, tz)}
        if not plan.next_slot and (not self.date_end or self.date_end > beyond):
            plan.next_slot = beyond  # nothing up to there: look again then
        for visit in existing:
            free = self._plan_existing(plan, visit, wanted, begin, today, free)
        for slot, values in wanted.items():
            if slot in by_slot:
                continue
            if free is not None and self._compare(free, values["quantity"]) < 0:
                plan.unpaid.append(slot)
                continue
            free = free and free - values["quantity"]
            plan.add.append(values)
        return plan

    def _plan_existing(self, plan, visit, wanted, begin, today, free):
        """Decide about one visit that exists; return the rights that are free then."""
        slot = visit.occurrence_date
        values = wanted.get(slot)
        if visit.state == "cancelled" and visit.is_ended and values:
            # cancelled with the contract, which goes on after all
            if free is None or self._compare(free, values["quantity"]) >= 0:
                plan.move.append((visit, dict(values, **REVIVED)))
                return free and free - values["quantity"]
            plan.unpaid.append(slot)
            return free
        if visit.state != "planned" or visit.is_manual:
            if not values and visit.state == "planned":
                plan.keep.append(visit)
            return free
        out = self.date_end and slot > self.date_end
        past = to_local(visit.start, visit.tz).date() < today
        if past or (slot < begin and not out):
            return free
        if values:
            changed = {
                name: value
                for name, value in values.items()
                if name in FOLLOWING
                and visit._fields[name].convert_to_write(visit[name], visit) != value
            }
            if changed:
                plan.move.append((visit, changed))
            return free
        (plan.end if out else plan.remove).append(visit)
        return None if free is None else free + visit.quantity

    def _shift(self, slot, days_off):
        last = self.date_end or occurrences.FAR
        return occurrences.shift(
            slot, self.non_working_day or "keep", days_off, self.date_start, last
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

    def _get_next_free_start(self, visit):
        """Return the UTC instant of the next working day after ``visit`` and today."""
        self.ensure_one()
        day = max(visit._get_local_date(), self.contract_id._today())
        days_off = self.company_id._get_days_off(day, day + timedelta(days=31))
        day = occurrences.shift(
            day + timedelta(days=1), "next", days_off, day, occurrences.FAR
        )
        return to_utc(day, self.hour_start, visit.tz)

    def _get_visit_title(self):
        self.ensure_one()
        title = (self.name or self.product_id.display_name or "").split("\n")[0]
        item = self.item_id
        if not item:
            return title
        machine = f"{item.name} {item.serial}" if item.serial else item.label
        return f"{title} ({machine})"
