from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common_access import VisitAccessCommon


@tagged("post_install", "-at_install")
class TestVisitCalendar(VisitAccessCommon):
    """A visit and the entry in its technician's calendar: who moves what, quietly."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.visit._take_step("confirmed")
        cls.event = cls.visit.calendar_event_id
        cls.later = {"start": cls._at(4), "stop": cls._at(4, 4)}

    def _theirs(self, role, records):
        """Return ``records`` as the person sees them in the web client: no context."""
        return self._env(role)[records._name].browse(records.ids)

    def _times(self):
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(self.event.allday)
        return (self.visit.start, self.visit.stop), (self.event.start, self.event.stop)

    # === MOVED IN THE CALENDAR === #

    def test_what_others_move_is_put_back(self):
        """The technician, a colleague, an employee: the visit is for dispatchers."""
        day = self._at(5).date()
        told = self._count_told()
        for role in ("technician", "colleague", "internal", "accountant_only"):
            event = self._theirs(role, self.event)
            for values in (
                self.later,
                {"stop": self._at(2, 9)},
                {"allday": True},
                {"allday": True, "start_date": day, "stop_date": day},
                {"duration": 5.0},
            ):
                event.write(dict(values))
                visit, entry = self._times()
                self.assertEqual(visit, (self._at(2), self._at(2, 4)), (role, values))
                self.assertEqual(entry, visit, (role, values))
        self.assertEqual(self.visit.state, "confirmed")
        self.assertEqual(self._count_told(), told, "nobody hears of dates that aren't")

    def test_a_dispatcher_of_another_company_moves_nothing(self):
        """No error on their screen either: the entry goes back to where it was."""
        self._theirs("user_b", self.event).write(dict(self.later))
        visit, entry = self._times()
        self.assertEqual(visit, (self._at(2), self._at(2, 4)))
        self.assertEqual(entry, visit)

    def test_a_dispatcher_moves_the_visit_by_its_entry(self):
        self._theirs("user", self.event).write(dict(self.later))
        visit, entry = self._times()
        self.assertEqual(visit, tuple(self.later.values()))
        self.assertEqual(entry, visit)
        self.assertEqual(
            self.visit.activity_ids.date_deadline, self.visit._get_local_date()
        )

    def test_what_is_over_is_put_back_for_dispatchers_too(self):
        self.visit._take_step("done")
        for role in ("user", "manager"):
            self._theirs(role, self.event).write(dict(self.later))
            visit, entry = self._times()
            self.assertEqual(visit, (self._at(2), self._at(2, 4)))
            self.assertEqual(entry, visit)

    def test_an_entry_isn_t_moved_out_of_the_contract(self):
        event = self._theirs("user", self.event)
        beyond = {"start": self._at(400), "stop": self._at(400, 5)}
        self.assertTrue(self._refused(lambda: event.write(beyond)))

    def test_deleting_the_entry_deletes_no_visit(self):
        self._theirs("technician", self.event).unlink()
        self.assertEqual(self.visit.state, "confirmed")
        self.assertFalse(self.visit.calendar_event_id)
        self._theirs("user", self.visit).write(dict(self.later))
        self.assertEqual(self.visit.calendar_event_id.start, self.later["start"])

    def test_a_visit_is_not_reached_through_its_entry(self):
        """The list of visits on an entry is no way around the rights on visits."""
        other = self._make_visit(user="colleague")
        commands = (
            [Command.link(other.id)],
            [Command.unlink(self.visit.id)],
            [Command.clear()],
            [Command.update(self.visit.id, {"name": "Forged"})],
            [Command.delete(self.visit.id)],
            [Command.create({"line_id": self.line.id, "start": self._at(9)})],
        )
        for role in ("technician", "internal", "user"):
            for command in commands:
                event = self._theirs(role, self.event)
                values = {"service_visit_ids": command}
                refused = self._refused(lambda e=event, v=values: e.write(v))
                # a dispatcher may rename and add visits, by whatever way
                plans = role == "user" and command[0][0] in (
                    Command.CREATE,
                    Command.UPDATE,
                )
                self.assertTrue(refused or plans, (role, command))
        self.assertEqual(self.visit.calendar_event_id, self.event)

    def test_calendars_of_people_without_visits_still_open(self):
        """An employee reads, copies and exports events as before."""
        for role in ("internal", "accountant_only", "technician", "user"):
            event = self._theirs(role, self.event)
            self.assertTrue(event.read(), role)
            self.assertTrue(event.search_read([("id", "=", event.id)]), role)
            self.assertTrue(event.copy(), role)
        internal = self._theirs("internal", self.event)
        self.assertFalse(
            self._may(
                lambda: internal.search([("service_visit_ids.result", "!=", False)]),
                AccessError,
                ValueError,
            )
        )

    def test_a_private_calendar(self):
        """The entry of somebody whose calendar is private is kept in step as well."""
        colleague = self.roles["colleague"]
        colleague.with_user(colleague).calendar_default_privacy = "private"
        visit = self._make_visit(user="colleague", start=self._at(3))
        self._theirs("user", visit).action_confirm()
        event = visit.calendar_event_id
        self.assertEqual(event.user_id, colleague)
        self._theirs("user", visit).write(dict(self.later))
        self.assertEqual(event.start, self.later["start"])
        self._theirs("colleague", event).write({"start": self._at(6)})
        self.env.invalidate_all()
        self.assertEqual(event.start, self.later["start"])
        self._theirs("user", visit).action_cancel("Closed")
        self.assertFalse(event.exists())

    # === QUIETLY === #

    def test_the_customer_is_never_an_attendee(self):
        self.assertEqual(self.event.partner_ids, self.technician.partner_id)
        self._theirs("user", self.visit).write({"user_id": self.roles["colleague"].id})
        attendees = self.visit.calendar_event_id.attendee_ids
        self.assertEqual(attendees.partner_id, self.roles["colleague"].partner_id)
        self.assertFalse(self.visit.message_partner_ids & (self.acme | self.anna))

    def test_nobody_gets_a_mail(self):
        """Planning, reassigning, confirming, moving, cancelling: no mail, no bell."""
        before = self._count_told()
        visits = self._env("user")["service.visit"]
        visit = visits.create(
            {
                "line_id": self.line.id,
                "start": self._at(3),
                "user_id": self.technician.id,
            }
        )
        self.assertEqual(self._count_told(), before, "planned")
        visit.write({"user_id": self.roles["colleague"].id})
        self.assertEqual(self._count_told(), before, "reassigned")
        visit.action_confirm()
        self.assertTrue(visit.calendar_event_id)
        self.assertEqual(self._count_told(), before, "confirmed")
        visit.write({"start": self._at(5)})
        visit.write({"user_id": self.technician.id})
        self.assertEqual(self._count_told(), before, "moved")
        visit.action_unconfirm()
        visit.action_confirm()
        visit.action_start()
        visit.action_done()
        visit.action_reopen()
        visit.action_cancel("Closed")
        self.assertEqual(self._count_told(), before, "over")
        self.assertFalse(visit.calendar_event_id)

    def _count_told(self):
        """Return how many mails and notifications were ever made, sent ones too."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT mails.last_value, bells.last_value"
            " FROM mail_mail_id_seq AS mails, mail_notification_id_seq AS bells"
        )
        return self.env.cr.fetchone()

    def test_a_suspension_tells_the_technicians_of_confirmed_visits(self):
        """The one thing that is told: don't go there."""
        contract = self._theirs("manager", self.line.contract_id)
        before = self.env["mail.notification"].search([])
        contract.action_suspend()
        told = self.env["mail.notification"].search([]) - before
        self.assertIn(self.technician.partner_id, told.res_partner_id)
        self.assertFalse(told.res_partner_id & (self.acme | self.anna))
        self.assertFalse(self.event.exists())
