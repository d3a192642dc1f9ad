from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

from ..tools import occurrences
from .service_visit_pattern import DATE_FIELDS, ROUNDING

DEFAULT_HORIZON = 400


class ServiceContractLine(models.Model):
    """The dates that the pattern of a line gives: pure arithmetic."""

    _inherit = "service.contract.line"

    def _get_horizon(self):
        """Return how many days ahead visits of this line are planned."""
        self.ensure_one()
        return (
            self.horizon_days
            or self.company_id.service_visit_horizon_days
            or DEFAULT_HORIZON
        )

    def _format_pattern_day(self, day):
        return self.contract_id._format_day(day, self.env.lang)

    def _get_typed_dates(self):
        return sorted(filter(None, self.visit_date_ids.mapped("date")))

    def _get_slots(self, first, last):
        """Return the slots of the present pattern from ``first`` to ``last``, in order.

        Slots beyond what was agreed aren't among them.
        """
        self.ensure_one()
        if self.mode != "scheduled" or not self.visit_kind or not self.date_start:
            return []
        days = self._list_slots(
            max(filter(None, (self.date_start, self.pattern_from))),
            self.date_end or None,
            last,
            self.visit_anchor or self.date_start,
            self._get_agreed_visits(),
            self.pattern_offset,
        )
        return [day for day in days if day >= first]

    def _get_occurrences(self, date_from=None, date_to=None):
        """Return the local dates that the pattern gives, past ones included.

        Pure arithmetic: holidays, and what became of the visits, change nothing here.

        :param date_from: first local date; the start of the line if empty
        :param date_to: last local date; the end of the line if empty, else as far as
            visits are planned ahead
        :return: sorted list of dates within the period of the line, at most as many as
            were agreed
        :raise UserError: the pattern can't be expanded
        """
        self.ensure_one()
        first = date_from or self.date_start
        horizon = self.contract_id._today() + timedelta(days=self._get_horizon())
        last = date_to or self.date_end or horizon
        if not first or self.mode != "scheduled" or not self.visit_kind:
            return []
        self._check_plannable()
        return self._get_slots(first, last)

    def _get_past_slots(self):
        """Return the dates of the patterns for which it was too late to plan a visit,
        as far as their rights are left.

        :return: dict line -> sorted list of local dates
        """
        running = self.filtered(
            lambda line: (
                line.contract_id.state in ("active", "suspended", "expired")
                and line.mode == "scheduled"
                and line.visit_kind
                and not line._get_pattern_problem()
            )
        )
        days = {}
        for line in running:
            yesterday = line.contract_id._today() - timedelta(days=1)
            if found := line._get_slots(line.date_start or yesterday, yesterday):
                days[line] = found
        taken = {
            (line, day)
            for line, day in self.env["service.visit"]._read_group(
                Domain("line_id", "in", [line.id for line in days])
                & Domain("occurrence_date", "!=", False)
                & Domain("is_ended", "=", False),
                ["line_id", "occurrence_date:day"],
            )
        }
        skipped = self.browse().union(*days)._get_skipped(days)
        free = {
            line: [
                day
                for day in found
                if (line, day) not in taken and day not in skipped.get(line, ())
            ]
            for line, found in days.items()
        }
        # what was used or reserved otherwise meanwhile isn't there to be planned
        left = {
            line: found
            if line.is_unlimited
            else found[max(0, len(found) - line._count_available()) :]
            for line, found in free.items()
        }
        return {line: found for line, found in left.items() if found}

    def _get_skipped(self, days):
        """Return dict line -> days off, of the lines that have no visit on such days.

        :param days: dict line -> sorted list of dates
        """
        skipping = self.filtered(lambda line: line.non_working_day == "skip")
        return {
            line: line.company_id._get_days_off(days[line][0], days[line][-1])
            for line in skipping
        }

    def _count_available(self):
        """Return for how many more visits there is a right."""
        return int(self.quantity_available / self._get_visit_quantity() + ROUNDING)

    def _get_technician_problem(self):
        return self.env._(
            "%(line)s, contract %(contract)s: %(technician)s doesn't work for "
            "%(company)s. Choose another technician.",
            line=self.display_name,
            contract=self.contract_id.display_name,
            technician=self.technician_id.name,
            company=self.company_id.name,
        )

    def _check_plannable(self):
        """Check what visits are planned by.

        :raise UserError: naming line and contract, and what to mend
        """
        for line in self.filtered(lambda line: line._has_pattern()):
            names = {
                "line": line.display_name,
                "contract": line.contract_id.display_name,
            }
            # sudo: whether a technician is still there, and for which companies
            technician = line.technician_id.sudo()
            if problem := line._get_pattern_problem():
                raise UserError(
                    self.env._(
                        "%(line)s, contract %(contract)s: %(problem)s",
                        problem=problem,
                        **names,
                    )
                )
            if not line.product_id.active:
                raise UserError(
                    self.env._(
                        "%(line)s, contract %(contract)s: the service %(product)s is "
                        "archived. Restore it, or end the line.",
                        product=line.product_id.display_name,
                        **names,
                    )
                )
            if technician and not technician.active:
                raise UserError(
                    self.env._(
                        "%(line)s, contract %(contract)s: %(technician)s is archived. "
                        "Choose another technician.",
                        technician=technician.name,
                        **names,
                    )
                )
            if technician and line.company_id not in technician.company_ids:
                raise UserError(line._get_technician_problem())
            if line.visit_kind == "even" and not line.date_end:
                raise UserError(
                    self.env._(
                        "%(line)s, contract %(contract)s: visits can't be spread over "
                        "a contract without end. Choose a fixed rhythm.",
                        **names,
                    )
                )

    def _change_pattern(self, values, date_from=None):
        """Write another pattern, which holds from ``date_from`` on.

        :param values: of the fields of the pattern and ``visit_date_ids``
        :param date_from: local date; visits before it stay as they are. Today at the
            earliest, and if empty.
        """
        self.ensure_one()
        if self.contract_id.state == "active":
            today = self.contract_id._today()
            start = max(date_from or today, today)
            if start > today:
                # what the old pattern asks for until then is planned, however far ahead
                self._generate_visits(start - timedelta(days=1))
            dates = values.get("visit_date_ids") or any(
                self._fields[name].convert_to_write(self[name], self) != values[name]
                for name in DATE_FIELDS
                if name in values
            )
            # sudo: bookkeeping of the pattern, which the user was allowed to change
            self.sudo().write(self._prepare_pattern_change(start, dates))
        self.write(values)

    def _prepare_pattern_change(self, start, dates):
        """Return the values that remember a pattern which ends before ``start``.

        :param dates: whether other dates follow from the new pattern, and not only
            another hour or technician
        """
        values = {"pattern_since": start}
        if dates:
            values["pattern_from"] = start
            values["pattern_offset"] = self.env["service.visit"].search_count(
                Domain("line_id", "=", self._origin.id)
                & Domain("occurrence_date", "<", start)
                & Domain("state", "not in", ("cancelled", "missed"))
            )
        return values

    def _prepare_successor_values(self, date_start, date_end):
        values = super()._prepare_successor_values(date_start, date_end)
        values["visit_anchor"] = self.visit_anchor
        values["partner_service_id"] = self.partner_service_id.id
        # sudo: whether a technician is still there, and for which companies
        technician = self.technician_id.sudo()
        if technician and (
            not technician.active or self.company_id not in technician.company_ids
        ):
            values["technician_id"] = False
        if self.visit_kind == "dates":
            old = self.contract_id.date_start
            days = [
                occurrences.move_to_period(day, old, date_start)
                for day in self._get_typed_dates()
            ]
            values["visit_date_ids"] = [
                Command.create({"date": day}) for day in sorted(set(days))
            ]
        return values
