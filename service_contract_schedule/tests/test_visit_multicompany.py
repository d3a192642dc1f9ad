from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .common_access import VisitAccessCommon


@tagged("post_install", "-at_install")
class TestVisitMultiCompany(VisitAccessCommon):
    """Each company plans by its own days off, settings and dispatcher."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dispatcher_of_both = cls._make_user(
            "access_dispatcher_of_both",
            "service_contract.group_service_user",
            company_ids=[Command.set((cls.company_a | cls.company_b).ids)],
        )
        cls.company_a.write(
            {
                "service_confirm_days": 7,
                "service_missed_days": 1,
                "service_dispatcher_id": cls.roles["user"].id,
            }
        )
        cls.company_b.write(
            {
                "service_confirm_days": 2,
                "service_missed_days": 30,
                "service_auto_confirm": True,
                "service_dispatcher_id": cls.roles["user_b"].id,
                "service_visit_horizon_days": 10,
            }
        )

    def _run(self, job):
        with self.enter_registry_test_mode():
            self.env.ref(f"service_contract_schedule.{job}").method_direct_trigger()
        self.env.invalidate_all()

    def _make_old_line(self, company):
        contract = self._make_contract(
            self.acme, company_id=company.id, date_start=self._at(-60).date()
        )
        return self._make_line(contract)

    def _in_b(self, days, **values):
        return self._make_visit(
            line=self.line_b, user="technician_b", start=self._at(days), **values
        )

    # === JOBS === #

    def test_each_company_confirms_as_it_wishes(self):
        in_a, far_b, near_b = self._make_visit(), self._in_b(4), self._in_b(1)
        self._run("ir_cron_confirm_visits")
        self.assertEqual(in_a.state, "planned")
        self.assertTrue(in_a.confirm_asked_on)
        self.assertEqual((far_b.state, far_b.confirm_asked_on), ("planned", False))
        self.assertEqual(near_b.state, "confirmed")
        self.assertEqual(near_b.activity_ids.user_id, self.roles["technician_b"])
        self.assertEqual(near_b.calendar_event_id.user_id, self.roles["technician_b"])
        self.assertEqual(self._get_asked().user_id, self.roles["user"])

    def test_each_company_misses_after_its_own_days(self):
        visits = []
        for company, technician in (
            (self.company_a, "technician"),
            (self.company_b, "technician_b"),
        ):
            visits.append(
                self._make_visit(
                    line=self._make_old_line(company),
                    user=technician,
                    start=self._at(-5),
                )
            )
        self._run("ir_cron_missed_visits")
        in_a, in_b = visits
        self.assertEqual((in_a.state, in_b.state), ("missed", "planned"))
        self.assertEqual(in_a.activity_ids.user_id, self.roles["user"])

    def test_a_dispatcher_of_both_is_asked_for_each_company(self):
        """The note of one company names no customer of the other."""
        both = self.dispatcher_of_both
        self.company_a.service_dispatcher_id = both
        self.company_b.write(
            {"service_dispatcher_id": both.id, "service_auto_confirm": False}
        )
        in_a = self._make_visit(name="Visit in A")
        in_b = self._in_b(1, name="Visit in B")
        self._run("ir_cron_confirm_visits")
        self.assertTrue(in_a.confirm_asked_on and in_b.confirm_asked_on)
        asked = self._get_asked()
        self.assertEqual(len(asked), 2)
        self.assertEqual(asked.user_id, both)
        for activity in asked:
            place = self.env[activity.res_model].browse(activity.res_id).company_id
            own, other = ("A", "B") if place == self.company_a else ("B", "A")
            self.assertIn(f"Visit in {own}", activity.note)
            self.assertNotIn(f"Visit in {other}", activity.note)

    def _get_asked(self):
        """Return the activities by which dispatchers are asked to confirm visits."""
        kind = "service_contract_schedule.mail_activity_type_to_confirm"
        return self.env["mail.activity"].search(
            [("activity_type_id", "=", self.env.ref(kind).id)]
        )

    def test_each_company_plans_as_far_ahead_as_it_wishes(self):
        days = [self._at(5).date(), self._at(40).date()]
        for line in self.line | self.line_b:
            line.visit_date_ids = [Command.create({"date": day}) for day in days]
        slots = [
            sorted(filter(None, line.visit_ids.mapped("occurrence_date")))
            for line in (self.line, self.line_b)
        ]
        self.assertEqual(slots, [days, days[:1]])
        self.line_b.contract_id.company_id.service_visit_horizon_days = 60
        self.line_b.contract_id.visits_due_on = self._at(-2).date()
        self._run("ir_cron_generate_visits")
        self.assertEqual(
            sorted(filter(None, self.line_b.visit_ids.mapped("occurrence_date"))), days
        )

    # === DAYS OFF === #

    def test_days_off_are_those_of_the_visit_s_company(self):
        """Whoever plans, and whichever company they work in just now."""
        day = self._at(6).date()
        while day.weekday() > 2:
            day += timedelta(days=1)
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Closed in B",
                "calendar_id": self.company_b.resource_calendar_id.id,
                "company_id": self.company_b.id,
                "resource_id": False,
                "date_from": f"{day - timedelta(days=1)} 17:00:00",
                "date_to": f"{day} 16:59:59",
            }
        )
        both = (self.company_a | self.company_b).ids
        for order in (both, both[::-1]):
            env = self.env(
                user=self.manager_of_both,
                su=False,
                context={"allowed_company_ids": order},
            )
            for company, expected in (
                (self.company_a, day),
                (self.company_b, day + timedelta(days=1)),
            ):
                contract = self._make_contract(self.acme, company_id=company.id)
                line = self._make_line(
                    contract,
                    activate=False,
                    non_working_day="next",
                    horizon_days=60,
                    visit_date_ids=[Command.create({"date": day})],
                )
                env["service.contract"].browse(contract.id).action_activate()
                self.assertEqual(line.visit_ids.company_id, company)
                self.assertEqual(line.visit_ids._get_local_date(), expected)
                self.assertEqual(line.visit_ids.occurrence_date, day)
            visits = env["service.visit"]
            shaded = visits.get_unusual_days(str(day), str(day))
            first = self.env["res.company"].browse(order[0])
            self.assertEqual(shaded, {str(day): first == self.company_b})

    # === WHAT IS SEEN === #

    def test_people_of_both_see_what_they_work_in(self):
        in_b = self._in_b(3)
        for companies, seen in (
            (self.company_a, self.visit),
            (self.company_b, in_b),
            (self.company_a | self.company_b, self.visit | in_b),
        ):
            self.env.invalidate_all()
            env = self.env(
                user=self.dispatcher_of_both,
                su=False,
                context={"allowed_company_ids": companies.ids},
            )
            found = env["service.visit"].search([("partner_id", "=", self.acme.id)])
            self.assertEqual(found.ids, sorted(seen.ids, key=found.ids.index))
            self.assertEqual(
                env["res.partner"].browse(self.acme.id).service_visit_count, len(seen)
            )

    def test_a_trip_stays_in_its_company(self):
        """Two companies visit one customer on one day: each moves its own."""
        in_b = self._in_b(2)
        mine = self._as("user", self.visit)
        self.assertEqual(mine.trip_size, 1)
        mine.write({"start": self._at(4), "stop": self._at(4, 4)})
        self.assertEqual(in_b.start, self._at(2))

    def test_the_whole_team_is_a_setting_of_each_company(self):
        theirs = self._make_visit(user="colleague")
        self.company_b.service_technicians_see_all = True
        mine = self._as("technician", theirs)
        self.assertFalse(mine.search([("id", "=", theirs.id)]))
        self.company_a.service_technicians_see_all = True
        mine = self._as("technician", theirs | self._in_b(3))
        self.assertEqual(mine.search([("id", "in", mine.ids)]).ids, theirs.ids)
