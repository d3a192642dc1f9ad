from odoo import fields, models
from odoo.fields import Command

from .service_visit import QUIET

VISIT_ACTIVITY = "service_contract_schedule.mail_activity_type_visit"
MISSED_ACTIVITY = "service_contract_schedule.mail_activity_type_missed"
QUIET_EVENT = {
    **QUIET,
    "no_mail_to_attendees": True,
    "dont_notify": True,
    "skip_attendee_notification": True,
    "skip_contact_description": True,
    "is_calendar_event_new": True,
}


class ServiceVisit(models.Model):
    """The technician's calendar entry and activity, kept in step with the visit.

    Only the visit writes on them; the customer is never an attendee, so that nobody
    gets an invitation.
    """

    _inherit = "service.visit"

    calendar_event_id = fields.Many2one(
        "calendar.event",
        string="Calendar Entry",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
    )

    def _message_auto_subscribe_followers(self, updated_values, default_subtype_ids):
        """Let technicians follow their visits, but send them no mail for it."""
        return [
            (partner, subtypes, False)
            for partner, subtypes, _mail in super()._message_auto_subscribe_followers(
                updated_values, default_subtype_ids
            )
        ]

    def _sync_event_and_activity(self, state):
        """Make, finish or remove calendar entries and activities for a new status."""
        # sudo: entries of other people's calendars, after a step that was checked
        visits = self.sudo()
        if state == "confirmed":
            visits._remove_activities()
            visits._create_events()
            visits._create_activities()
        elif state in ("planned", "cancelled", "missed"):
            visits._remove_events()
            visits._remove_activities()
        elif state in ("done", "problem"):
            visits._remove_activities()
        if state == "missed":
            visits._tell_missed()

    def _follow_in_calendar(self):
        """Bring calendar entries and activities in line with moved visits."""
        # sudo: entries of other people's calendars, after a change that was checked
        visits = self.sudo()
        visits.filtered(lambda visit: not visit.user_id)._remove_events()
        for visit in visits.filtered("calendar_event_id"):
            event = visit.calendar_event_id.with_context(**QUIET_EVENT)
            values = {
                name: value
                for name, value in visit._prepare_event_values().items()
                if name not in ("partner_ids", "res_model_id", "res_id")
                and event._fields[name].convert_to_write(event[name], event) != value
            }
            if "user_id" in values:
                values["partner_ids"] = [Command.set(visit.user_id.partner_id.ids)]
            if values:
                event.write(values)
        confirmed = visits.filtered(
            lambda visit: visit.state == "confirmed" and not visit.is_on_hold
        )
        if confirmed:
            confirmed._remove_activities()
            confirmed._create_events()
            confirmed._create_activities()

    def _create_events(self):
        visits = self.filtered(
            lambda visit: visit.user_id and not visit.calendar_event_id
        )
        if not visits:
            return
        events = (
            self.env["calendar.event"]
            .with_context(**QUIET_EVENT)
            .create([visit._prepare_event_values() for visit in visits])
        )
        for visit, event in zip(visits, events, strict=True):
            visit.with_context(**QUIET)._write_as_system(
                {"calendar_event_id": event.id}
            )

    def _prepare_event_values(self):
        """Return the values of the technician's calendar entry."""
        self.ensure_one()
        return {
            "name": self.display_name,
            "start": self.start,
            "stop": self.stop,
            "allday": False,
            "user_id": self.user_id.id,
            "partner_ids": [Command.set(self.user_id.partner_id.ids)],
            "location": self.partner_service_id._display_address(
                without_company=True
            ).replace("\n", ", "),
            "show_as": "busy",
            "res_model_id": self.env["ir.model"]._get_id(self._name),
            "res_id": self.id,
        }

    def _remove_events(self):
        # sudo: entries that the visit made; nothing else hangs on them
        self.sudo().calendar_event_id.with_context(**QUIET_EVENT).unlink()

    def _create_activities(self):
        """Tell the technicians what they are to do, quietly."""
        kind = self.env.ref(VISIT_ACTIVITY, raise_if_not_found=False)
        model = self.env["ir.model"]._get_id(self._name)
        self.env["mail.activity"].with_context(**QUIET).create(
            [
                {
                    "res_model_id": model,
                    "res_id": visit.id,
                    "activity_type_id": kind.id if kind else False,
                    "summary": visit.display_name,
                    "date_deadline": visit._get_local_date(),
                    "user_id": visit.user_id.id,
                    "automated": True,
                }
                for visit in self
                if visit.user_id
            ]
        )

    def _remove_activities(self):
        self.with_context(**QUIET).activity_unlink([VISIT_ACTIVITY, MISSED_ACTIVITY])

    def _tell_missed(self):
        """Raise one activity for each missed visit, so that somebody plans it again."""
        for user, visits in self.grouped(lambda v: v._get_responsible()).items():
            visits.with_context(**QUIET).activity_schedule(
                MISSED_ACTIVITY,
                summary=self.env._("Missed: plan it again, or cancel it"),
                user_id=user.id,
            )

    def _tell_technicians_on_hold(self):
        """Tell the technicians of confirmed visits that these are on hold."""
        self._remove_activities()
        for visit in self.filtered("user_id"):
            visit.message_notify(
                partner_ids=visit.user_id.partner_id.ids,
                subject=self.env._("On hold: %(visit)s", visit=visit.display_name),
                body=self.env._(
                    "%(visit)s, %(time)s, is on hold: contract %(contract)s is "
                    "suspended. Don't go there until you are told.",
                    visit=visit.display_name,
                    time=visit.local_time,
                    contract=visit.contract_id.display_name,
                ),
            )
