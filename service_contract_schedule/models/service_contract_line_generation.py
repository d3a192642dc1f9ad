from datetime import timedelta

import psycopg2.errors

from odoo import fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .service_contract_line_plan import REVIVED
from .service_visit import OPEN

VISITS_AT_ONCE = 5000
RUNNING = ("active",)


class ServiceContractLine(models.Model):
    """Makes the visits that the patterns ask for: what is missing, and no more."""

    _inherit = "service.contract.line"

    # Written by every generation, so that two at the same instant meet on this row: the
    # later transaction is repeated by the server and then sees the visits of the first.
    visit_generation = fields.Integer(readonly=True, copy=False)
    visits_due_on = fields.Date(
        readonly=True,
        copy=False,
        help="The local date on which the next visit comes within the days planned "
        "ahead.",
    )

    def _get_system_fields(self):
        return super()._get_system_fields() | {"visit_generation", "visits_due_on"}

    # === HOOKS OF THE CONTRACT === #

    def _on_activated(self, date):
        result = super()._on_activated(date)
        # a next period was paid for: what can't be planned doesn't hold it up
        renewed = self.filtered(lambda line: line.contract_id.predecessor_id)
        (self - renewed)._generate_visits()
        renewed._generate_or_tell()
        return result

    def _on_resumed(self, date):
        self._end_outside_period()
        self._get_waiting_visits()._go_on_after_hold(date)
        result = super()._on_resumed(date)
        self._generate_or_tell()
        return result

    def _on_prolonged(self, date):
        result = super()._on_prolonged(date)
        self._generate_or_tell()
        return result

    def _on_interrupted(self, date):
        result = super()._on_interrupted(date)
        self._get_waiting_visits()._put_on_hold()
        return result

    def _on_terminated(self, date):
        cancelled = self.filtered(lambda line: line.contract_state == "cancelled")
        cancelled._get_waiting_visits()._end_with_contract()
        (self - cancelled)._get_visits_from(date)._end_with_contract()
        return super()._on_terminated(date)

    def _end_outside_period(self):
        """Cancel the coming visits that lie outside the periods of their lines."""
        waiting = self._get_waiting_visits()
        waiting.filtered(lambda visit: visit._get_period_problem())._end_with_contract()

    def _get_waiting_visits(self):
        """Return the visits of these lines that are planned or confirmed."""
        return self.env["service.visit"].search(
            Domain("line_id", "in", self.ids)
            & Domain("state", "in", ("planned", "confirmed"))
        )

    def _get_visits_from(self, day):
        """Return the visits of these lines that take place on local ``day`` or later,
        and aren't over.
        """
        visits = self.env["service.visit"].search(
            Domain("line_id", "in", self.ids)
            & Domain("state", "in", ("planned", "confirmed", "missed"))
            & Domain(
                "start", ">=", fields.Datetime.to_datetime(day) - timedelta(days=1)
            )
        )
        return visits.filtered(lambda visit: visit._get_local_date() >= day)

    def _get_reserved(self):
        reserved = super()._get_reserved()
        # sudo: a sum of what is planned, whoever may see the visits
        for line, quantity in (
            self.env["service.visit"]
            .sudo()
            ._read_group(
                Domain("line_id", "in", self.ids)
                & Domain("state", "in", OPEN)
                & Domain("is_billable", "=", False),
                ["line_id"],
                ["quantity:sum"],
            )
        ):
            line = line.sudo(self.env.su)
            reserved[line] = reserved.get(line, 0.0) + quantity
        return reserved

    # === GENERATION === #

    def _follow_pattern(self):
        """Bring the coming visits of running contracts in line with their patterns."""
        running = self.filtered(lambda line: line.contract_id.state in RUNNING)
        if running:
            running._generate_visits()

    def _follow_period(self):
        """Bring the visits of running contracts in line with a changed period."""
        running = self.filtered(lambda line: line.contract_id.state in RUNNING)
        if running:
            running._end_outside_period()
            running._generate_or_tell()

    def _generate_or_tell(self):
        """Plan the visits as far as that is possible; else a person is told.

        For steps that must not be held up by, say, a technician who left.
        """
        lines = self.filtered(lambda line: line.visit_generation or line._has_pattern())
        if not lines:
            return
        contracts = lines.contract_id
        try:
            with self.env.cr.savepoint():
                lines._generate_visits()
            return
        except UserError as error:
            if len(contracts) == 1:
                # sudo: the job's own marks, whoever took the step
                contracts.sudo()._tell_job_error(error, "_generate_due_visits")
                return
        half = contracts[: len(contracts) // 2]
        first = lines.filtered(lambda line: line.contract_id in half)
        first._generate_or_tell()
        (lines - first)._generate_or_tell()

    def _give_up_visits(self, quantity):
        """Give back what planned visits reserve beyond ``quantity``, the last first.

        Visits that somebody moved, confirmed or made by hand stay.
        """
        served = self.filtered(
            lambda line: line.contract_id.state in (*RUNNING, "suspended")
        )
        for line in served:
            agreed = line.quantity if quantity is None else quantity
            rights = agreed + line.quantity_carried + line.quantity_adjusted
            over = line.quantity_used + line.quantity_reserved - rights
            visits = line.visit_ids.filtered(
                lambda visit: (
                    visit.state == "planned"
                    and not visit.is_manual
                    and visit.occurrence_date
                )
            )
            given_up = visits.browse()
            for visit in visits.sorted("start", reverse=True):
                if line._compare(over, 0) <= 0:
                    break
                over -= visit.quantity
                given_up |= visit
            earlier = given_up.filtered(
                lambda visit, line=line: (
                    line.pattern_from and visit.occurrence_date < line.pattern_from
                )
            )
            # sudo: visits that were planned by the system are taken back by it; who may
            # change the quantity is checked by the line
            if earlier:
                line.sudo().pattern_offset -= len(earlier)
            given_up.sudo().unlink()
            line._sync_reserved()

    def _generate_visits(self, date_to=None):
        """Create the visits that are due up to the horizon, and no visit twice.

        Removes planned ones that are no longer due, moves those whose hour or
        technician follows the pattern; never touches a visit that somebody changed or
        that is past *planned*, nor any before today.

        :param date_to: last local date to plan for; the horizon of each line if empty
        :return: the new ``service.visit`` records
        :raise UserError: a line can't be planned, naming it and what to mend
        :raise ConcurrencyError: somebody else planned the same line; to be tried again
        """
        lines = self.filtered(
            lambda line: (
                line.contract_id.state in RUNNING
                and line.date_start
                and (line.visit_generation or line._has_pattern())
            )
        )
        created = self.env["service.visit"]
        # sudo: the system plans, by patterns that were checked when they were written
        for chunk in lines.sudo()._split_by_size():
            created += chunk._apply_plans(chunk._plan_visits(date_to))
        lines.sudo().contract_id._set_visits_due()
        return created.sudo(self.env.su)

    def _has_pattern(self):
        self.ensure_one()
        return bool(self.mode == "scheduled" and self.visit_kind)

    def _find_ended_extras(self):
        """Return visits without a slot that were cancelled with their contract, which
        goes on after all.
        """
        ended = self.env["service.visit"].search(
            Domain("line_id", "in", self.ids)
            & Domain("occurrence_date", "=", False)
            & Domain("state", "=", "cancelled")
            & Domain("is_ended", "=", True)
            & Domain("start", ">=", fields.Datetime.now())
        )
        return ended.filtered(
            lambda visit: (
                visit.line_id._covers(visit)
                and (
                    visit.line_id.is_unlimited
                    or visit.is_billable
                    or visit.line_id.quantity_available >= visit.quantity
                )
            )
        )

    def _split_by_size(self):
        """Yield parts of ``self`` that make about as many visits as memory likes."""
        batch, size = self.browse(), 0
        for line in self:
            agreed = line._get_agreed_visits()
            size += 100 if agreed is None else min(int(agreed), 400) + 1
            batch += line
            if size >= VISITS_AT_ONCE:
                yield batch.with_prefetch(self._prefetch_ids)
                batch, size = self.browse(), 0
        if batch:
            yield batch.with_prefetch(self._prefetch_ids)

    def _stamp_generation(self):
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE service_contract_line"
                " SET visit_generation = COALESCE(visit_generation, 0) + 1"
                " WHERE id = ANY(%s)",
                list(self.ids),
            )
        )
        self.invalidate_recordset(["visit_generation"], flush=False)

    def _apply_plans(self, plans):
        """Write the plans of ``self``; returns the new visits."""
        Visit = self.env["service.visit"]
        removed = Visit.union(*(v for plan in plans.values() for v in plan.remove))
        ended = Visit.union(*(v for plan in plans.values() for v in plan.end))
        removed.unlink()
        ended._end_with_contract()
        self._find_ended_extras()._follow_plan(REVIVED)
        for plan in plans.values():
            for visit, values in plan.move:
                visit._follow_plan(values)
        try:
            created = Visit._create_planned(
                [values for plan in plans.values() for values in plan.add]
            )
        except psycopg2.errors.UniqueViolation as error:
            raise ConcurrencyError("The same visits are planned just now") from error
        touched = self.filtered(
            lambda line: (
                plans[line].add
                or plans[line].remove
                or plans[line].move
                or plans[line].end
            )
        )
        touched.with_prefetch(self._prefetch_ids)._sync_reserved()
        for line, plan in plans.items():
            due = plan.next_slot and (
                plan.next_slot - timedelta(days=line._get_horizon())
            )
            if line.visits_due_on != (due or False):
                line.visits_due_on = due
        return created
