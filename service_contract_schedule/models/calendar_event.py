from odoo import api, fields, models

from odoo.addons.service_contract.tools.roles import USER

from .service_visit_event import QUIET_EVENT
from .service_visit_guard import MOVABLE


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    service_visit_ids = fields.One2many("service.visit", "calendar_event_id")

    @api.model
    def _get_activity_excluded_models(self):
        # visits raise their own activity for the technician
        return [*super()._get_activity_excluded_models(), "service.visit"]

    def write(self, vals):
        result = super().write(vals)
        if self._get_time_fields() & set(vals) or "allday" in vals:
            self._move_service_visits()
        return result

    def _move_service_visits(self):
        """Let visits follow the calendar entries that somebody moved, where that person
        may move visits; else put the entries back.
        """
        # sudo: which visits these entries belong to, whoever may see them
        visits = (
            self.env["service.visit"]
            .sudo()
            .search([("calendar_event_id", "in", self.ids)])
        )
        may = self.env.su or self.env.user.has_group(USER)
        for visit in visits:
            event = visit.calendar_event_id
            if (event.start, event.stop) == (visit.start, visit.stop):
                continue
            if may and not event.allday and visit.state in MOVABLE:
                visit.sudo(self.env.su).write(
                    {"start": event.start, "stop": event.stop}
                )
            else:
                event.with_context(**QUIET_EVENT).write(
                    {"allday": False, "start": visit.start, "stop": visit.stop}
                )
