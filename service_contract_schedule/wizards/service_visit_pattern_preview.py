from datetime import timedelta

import babel.dates

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.service_contract.tools import dates, periods

from ..models.service_visit_pattern import DATE_FIELDS
from ..tools import occurrences
from ..tools.clock import format_hour, to_local

SHOWN = 40


class ServiceVisitPatternEdit(models.TransientModel):
    """The live preview: the coming dates, and what a change adds, moves, removes."""

    _inherit = "service.visit.pattern.edit"

    preview = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends(
        lambda self: [
            *self._get_pattern_fields(),
            "date_ids.date",
            "date_ids.days_after",
            "date_from",
            "line_id",
            "template_line_id",
        ]
    )
    @api.depends_context("lang")
    def _compute_preview(self):
        for edit in self:
            edit.preview = self.env["ir.qweb"]._render(
                "service_contract_schedule.visit_pattern_preview",
                {"edit": edit, **edit._get_preview_values()},
            )

    # === BUSINESS METHODS === #

    def _get_preview_values(self):
        """Return what the preview shows: rows of dates, notes, what changes."""
        self.ensure_one()
        values = {"rows": [], "notes": [], "changes": [], "problem": "", "more": 0}
        if problem := self._get_pattern_problem():
            values["problem"] = problem[:1].upper() + problem[1:]
            return values
        if not self.visit_kind:
            values["problem"] = self.env._("Choose a pattern.")
            return values
        start, end, today, horizon = self._get_preview_period()
        if self.visit_kind == "even" and not end:
            values["problem"] = self.env._(
                "Visits can't be spread over a contract without end. Choose another "
                "pattern."
            )
            return values
        last = max(horizon, today)
        if not (self.line_id and self.is_running):
            last = min(filter(None, (end, max(last, start + timedelta(days=400)))))
        try:
            days_off = self.company_id._get_days_off(
                min(start, today) - timedelta(days=31), last + timedelta(days=31)
            )
            holidays = self.company_id._get_holidays(min(start, today), last)
            if self.line_id and self.is_running:
                rows = self._list_changes(values, today, last, days_off)
            else:
                rows = self._list_dates(start, end, last, today, days_off)
        except UserError as error:
            values["problem"] = str(error)
            return values
        for row in rows:
            row["text"] = self._format_date(row["day"])
            row["holiday"] = holidays.get(row["slot"], "")
            row["off"] = row["slot"] in days_off
            row["hour"] = format_hour(self.hour_start)
            row["slot_text"] = self._format_date(row["slot"])
        values["more"] = max(len(rows) - SHOWN, 0)
        values["rows"] = rows[:SHOWN]
        values["notes"] = self._get_notes(start, end, last, today, rows)
        return values

    def _get_preview_period(self):
        """Return (start, end or None, today, horizon) of the service, local dates."""
        line = self.line_id
        if line:
            today = line.contract_id._today()
            days = self.horizon_days or line._get_horizon()
            start = line.date_start or today
            return start, line.date_end or None, today, today + timedelta(days=days)
        template_line = self.template_line_id
        today = start = template_line._get_sample_start()
        template = template_line.template_id
        end = None
        if template.term_count:
            end = periods.period_end(start, 0, template.term_count, template.term_unit)
        _first, end = template_line._get_own_period(start, end)
        days = self.horizon_days or self.company_id.service_visit_horizon_days or 400
        return start, end, today, today + timedelta(days=days)

    def _list_dates(self, start, end, last, today, days_off):
        """Return the rows of a pattern that isn't in use yet."""
        anchor = self.line_id.visit_anchor or start
        slots = self._list_slots(start, end, last, anchor, self._get_agreed_visits())
        rows = []
        for slot in slots:
            day = occurrences.shift(
                slot,
                self.non_working_day or "keep",
                days_off,
                start,
                end or occurrences.FAR,
            )
            mark = "past" if (day or slot) < today else "add"
            rows.append(
                {"slot": slot, "day": day or slot, "mark": mark if day else "skip"}
            )
        return rows

    def _list_changes(self, values, today, last, days_off):
        """Return the rows of a pattern in use: what is added, moved, removed, kept."""
        line = self.line_id
        start = max(self.date_from or today, today)
        changed = line.new(
            {
                **self._prepare_pattern_values(),
                **line._prepare_pattern_change(start, self._changes_dates()),
                "mode": "scheduled",
                "visit_date_ids": [
                    Command.clear(),
                    *(Command.create({"date": day}) for day in self._get_typed_dates()),
                ],
            },
            origin=line,
        )
        existing = line._read_coming_visits(today)[line]
        last = max(last, start + timedelta(days=line._get_horizon()))
        plan = changed._plan_line(today, last, existing, days_off)
        tz = line._get_tz()
        moved = {visit: new for visit, new in plan.move}
        rows = []
        for visit in existing:
            mark, day = "same", visit._get_local_date()
            if visit in moved:
                mark = "move"
                day = to_local(moved[visit].get("start", visit.start), tz).date()
            elif visit in plan.remove or visit in plan.end:
                mark = "remove"
            elif visit.is_manual or visit.state != "planned":
                mark = "kept"
            if mark in ("same", "kept") and day < today:
                continue
            if visit.state in ("cancelled", "missed") and mark == "kept":
                continue
            rows.append(
                {
                    "slot": visit.occurrence_date,
                    "day": day,
                    "mark": mark,
                    "visit": visit,
                }
            )
        for new in plan.add:
            day = to_local(new["start"], tz).date()
            rows.append({"slot": new["occurrence_date"], "day": day, "mark": "add"})
        rows += [{"slot": slot, "day": slot, "mark": "skip"} for slot in plan.skipped]
        rows += [{"slot": slot, "day": slot, "mark": "unpaid"} for slot in plan.unpaid]
        values["changes"] = [
            (mark, sum(row["mark"] == mark for row in rows))
            for mark in ("add", "move", "remove", "kept")
        ]
        return sorted(rows, key=lambda row: (row["day"], row["slot"]))

    def _get_notes(self, start, end, last, today, rows):
        """Return what a person should know about the dates, as sentences."""
        notes = []
        agreed = self._get_agreed_visits()
        until = end or last
        given = len(
            self._list_slots(
                start, end, until, self.line_id.visit_anchor or start, None
            )
        )
        if self.visit_kind == "even":
            given = self.visit_count or int(agreed or 0)
        if agreed is not None and (end or given > agreed):
            agreed = int(agreed)
            if given > agreed:
                notes.append(
                    self.env._(
                        "The pattern gives %(dates)s dates, but %(agreed)s visits were "
                        "agreed: only the first %(agreed)s are planned.",
                        dates=given,
                        agreed=agreed,
                    )
                )
            elif given < agreed:
                notes.append(
                    self.env._(
                        "The pattern gives %(dates)s dates for %(agreed)s visits: "
                        "%(rest)s are left to plan by hand.",
                        dates=given,
                        agreed=agreed,
                        rest=agreed - given,
                    )
                )
        lacking = occurrences.lacking_months(
            self._get_pattern(), self.line_id.visit_anchor or start, start, until
        )
        if lacking:
            notes.append(
                self.env._(
                    "There is no fifth %(weekday)s in %(months)s: no visit then.",
                    weekday=self._get_weekday_name(self._get_pattern().weekday),
                    months=", ".join(map(self._format_month, lacking[:12])),
                )
            )
        past = sum(row["mark"] == "past" for row in rows)
        if past:
            notes.append(
                self.env._(
                    "%(past)s of %(count)s dates are past: no visits are planned for "
                    "them, their rights stay available.",
                    past=past,
                    count=len(rows),
                )
            )
        if self.visit_kind == "dates" and self.line_id:
            outside = [
                day
                for day in self._get_typed_dates()
                if day < start or (end and day > end)
            ]
            if outside:
                notes.append(
                    self.env._(
                        "Outside the period of the service, so not planned: %(dates)s.",
                        dates=", ".join(map(self._format_date, outside)),
                    )
                )
        return notes

    def _changes_dates(self):
        """Tell whether other dates follow than from the pattern of the line."""
        line = self.line_id
        return self._get_typed_dates() != line._get_typed_dates() or any(
            self[name] != line[name] for name in DATE_FIELDS
        )

    def _format_month(self, day):
        """Return month and year of ``day``, in the Buddhist era where that is usual."""
        buddhist = (
            self.env.lang
            and self.env.lang.startswith("th")
            and self.company_id.service_buddhist_dates
        )
        year = day.year + (dates.BUDDHIST_ERA_OFFSET if buddhist else 0)
        month = babel.dates.format_date(day, "LLL", locale=self._get_locale())
        return f"{month} {year}"

    def _format_pattern_day(self, day):
        if self.line_id:
            return self.line_id._format_pattern_day(day)
        return super()._format_pattern_day(day)

    def _format_date(self, day):
        """Return a date with its weekday, as the user's language writes it."""
        text = self._format_pattern_day(day)
        names = babel.dates.get_day_names("abbreviated", locale=self._get_locale())
        return f"{names[day.weekday()]} {text}"
