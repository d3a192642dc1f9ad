from odoo import api, fields, models

from odoo.addons.service_contract.tools.roles import TECHNICIAN, USER

from .service_visit_event import QUIET_EVENT
from .service_visit_guard import MOVABLE


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    service_visit_ids = fields.One2many(
        "service.visit", "calendar_event_id", groups=TECHNICIAN
    )

    @api.model
    def _get_activity_excluded_models(self):
        # visits raise their own activity for the technician
        return [*super()._get_activity_excluded_models(), "service.visit"]

    def write(self, vals):
        times = self._get_time_fields() | {"allday", "duration"}
        visits = self._find_service_visits() if times & set(vals) else None
        if not visits:
            return super().write(vals)
        # nobody is told of a date to which the visit may not move
        quiet = self.with_context(**QUIET_EVENT)
        result = super(CalendarEvent, quiet).write(vals)
        self._move_service_visits(visits)
        return result

    def _find_service_visits(self):
        """Return the visits that these entries stand for, as the system sees them."""
        # sudo: which visits these entries belong to, whoever may see them
        visits = self.env["service.visit"].sudo()
        return visits.search([("calendar_event_id", "in", self.ids)])

    def _move_service_visits(self, visits):
        """Let visits follow the calendar entries that somebody moved, where that person
        may move visits; else put the entries back.

        :param visits: with the rights of the system
        """
        for visit in visits:
            event = visit.calendar_event_id
            times = event.start, event.stop
            if not event.allday and times == (visit.start, visit.stop):
                continue
            mine = visit.sudo(self.env.su)
            may = self.env.su or (
                self.env.user.has_group(USER) and mine.has_access("write")
            )
            if may and not event.allday and visit.state in MOVABLE:
                mine.write({"start": event.start, "stop": event.stop})
            else:
                event.with_context(**QUIET_EVENT).write(
                    {"allday": False, "start": visit.start, "stop": visit.stop}
                )
