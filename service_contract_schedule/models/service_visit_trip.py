from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.clock import move_days, to_local
from .service_visit import OPEN


class ServiceVisit(models.Model):
    """Visits among others: which of how many, and on which trip."""

    _inherit = "service.visit"

    @api.depends("line_id", "state", "start")
    @api.depends_context("lang")
    def _compute_number(self):
        lines = self.line_id
        self.flush_model(
            ["line_id", "state", "start", "follow_up_of_id", "is_billable"]
        )
        ranks = {}
        if lines.ids:
            ranks = {
                visit: (number, count)
                for visit, number, count in self.env.execute_query(
                    SQL(
                        """
                        SELECT id,
                               row_number() OVER (PARTITION BY line_id
                                                  ORDER BY start, id),
                               count(*) OVER (PARTITION BY line_id)
                          FROM service_visit
                         WHERE line_id = ANY(%s)
                           AND state NOT IN ('cancelled', 'missed')
                           AND is_billable IS NOT TRUE
                           AND follow_up_of_id IS NULL
                        """,
                        list(lines.ids),
                    )
                )
            }
        for visit in self:
            number, count = ranks.get(visit._origin.id, (0, 0))
            agreed = visit.line_id and visit.line_id._get_agreed_visits()
            visit.number = number
            visit.total = max(count, int(agreed or 0)) if number else 0
            visit.number_display = (
                self.env._("%(number)s of %(total)s", number=number, total=visit.total)
                if number
                else ""
            )

    @api.depends("partner_id", "partner_service_id", "start", "state")
    def _compute_trip_size(self):
        trips = self._get_trips()
        for visit in self:
            visit.trip_size = len(trips.get(visit, visit))

    # === BUSINESS METHODS === #

    def _get_trips(self):
        """Return dict visit -> all visits to its customer and place on its day.

        Those that are over or cancelled are no part of a trip.
        """
        visits = self.filtered(lambda visit: visit.start and visit.partner_id)
        if not visits:
            return {}
        starts = visits.mapped("start")
        # few columns in one query, as there may be many: a page spans months
        near = self.search_fetch(
            Domain("partner_id", "in", visits.partner_id.ids)
            & Domain("start", ">=", min(starts) - timedelta(days=1))
            & Domain("start", "<=", max(starts) + timedelta(days=1))
            & Domain("state", "in", OPEN),
            ["partner_id", "partner_service_id", "start", "tz"],
        )
        by_trip = near.grouped(lambda visit: visit._get_trip_key())
        return {
            visit: by_trip.get(visit._get_trip_key(), visit.browse()) | visit._origin
            for visit in visits
        }

    def _get_trip_key(self):
        return self.partner_id.id, self.partner_service_id.id, self._get_local_date()

    def _take_trip_along(self, starts):
        """Move the other visits of a trip by as many days; each keeps its hour."""
        for visit, start in starts.items():
            day = to_local(start, visit.tz).date()
            days = (visit._get_local_date() - day).days
            if not days:
                continue
            for other in visit._find_trip_on(day) - self:
                moved = move_days(other.start, days, other.tz)
                problem = other._get_period_problem(moved)
                if problem or other.is_on_hold:
                    visit._message_log(
                        body=problem
                        or self.env._(
                            "%(visit)s stays on its day: it is on hold.",
                            visit=other.display_name,
                        )
                    )
                    continue
                # the length by the clock of physics, also where clocks are changed
                other.with_context(service_visit_alone=True).write(
                    {"start": moved, "stop": moved + (other.stop - other.start)}
                )

    def _find_trip_on(self, day):
        """Return the visits to this one's customer and place on local ``day`` that can
        still be moved.
        """
        self.ensure_one()
        start = fields.Datetime.to_datetime(day)
        near = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "=", self.partner_id.id),
                ("partner_service_id", "=", self.partner_service_id.id),
                ("start", ">=", fields.Datetime.subtract(start, days=1)),
                ("start", "<", fields.Datetime.add(start, days=2)),
                ("state", "in", ("planned", "confirmed")),
                ("id", "not in", self.ids),
            ]
        )
        return near.filtered(lambda visit: visit._get_local_date() == day)
