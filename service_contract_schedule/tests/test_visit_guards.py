from itertools import product

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_access import VisitAccessCommon

WHEN = "2030-01-01 00:00:00"
# Stored columns that follow from the rest; asked of nobody, whatever the form shows.
SYSTEM = {
    "occurrence_date": "2030-01-01",
    "is_manual": False,
    "is_ended": True,
    "is_uncounted": True,
    "quantity": 0.5,
    "tz": "Asia/Tokyo",
    "cancel_reason": "Forged",
    "actual_start": WHEN,
    "actual_stop": WHEN,
    "confirm_asked_on": "2030-01-01",
    "job_error": "Forged",
    "job_retry_at": WHEN,
    "job_work": "Forged",
}
LINE_SYSTEM = {
    "visit_generation": 7,
    "visits_due_on": "2030-01-01",
    "pattern_from": "2030-01-01",
    "pattern_offset": 3,
}
SERVICE_USERS = ("user", "billing", "accountant", "salesperson")


@tagged("post_install", "-at_install")
class TestVisitGuards(VisitAccessCommon):
    """What is typed into a field, a default or a dialog by RPC is checked again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.roles["manager"]
        cls.event = cls.env["calendar.event"].create({"name": "Any"})

    # === FIELDS === #

    def test_what_the_system_keeps_is_nobody_s_to_write(self):
        links = {
            "calendar_event_id": self.event.id,
            "follow_up_of_id": self._make_visit("problem").id,
            "contract_id": self.line_of_beta.contract_id.id,
            "partner_id": self.beta.id,
            "company_id": self.company_b.id,
        }
        given = {"line_id": self.line.id, "start": self._at(3)}
        open_ways = []
        for (name, value), role in product(
            {**SYSTEM, **links}.items(), ("technician", "user", "manager")
        ):
            mine = self._as(role, self.visit)
            by_default = mine.with_context(**{f"default_{name}": value})
            attempts = {
                "write": lambda m=mine, n=name, v=value: m.write({n: v}),
                "create": lambda m=mine, n=name, v=value: m.create({**given, n: v}),
            }
            if value:
                attempts["default"] = lambda m=by_default: m.create(given)
            open_ways += [
                (name, role, way)
                for way, attempt in attempts.items()
                if not self._refused(attempt) and not self._ignored(attempt, name)
            ]
        self.assertEqual(open_ways, [])

    def _ignored(self, attempt, name):
        """Tell whether a visit is made as if the forged value hadn't been given."""
        seen = []

        def look():
            made = attempt()
            if not isinstance(made, bool):
                seen.append(made.sudo()[name])

        self._may(look, AccessError, UserError)
        neutral = self._make_visit(user=False, start=self._at(3))
        return seen == [neutral[name]]

    def test_what_the_system_keeps_on_lines_and_contracts(self):
        draft = self.draft.line_ids
        cases = [(draft, name, value) for name, value in LINE_SYSTEM.items()]
        cases.append((self.draft, "visits_due_on", "2030-01-01"))
        wrong = [
            (name, role)
            for (record, name, value), role in product(cases, ("user", "manager"))
            if not self._refused(
                lambda r=record, n=name, v=value, who=role: self._as(who, r).write(
                    {n: v}
                )
            )
        ]
        self.assertEqual(wrong, [])

    def test_technicians_write_what_they_found_and_nothing_else(self):
        """Every field of a visit is tried, those that come in later, too."""
        self._as("technician", self.visit).write({"result": "Belt replaced"})
        mine = self._as("technician", self.visit)
        written = []
        for name, field in sorted(mine._fields.items()):
            if name.startswith(("activity_", "message_")) or name in (
                "id",
                "state",
                "result",
            ):
                continue
            if not field.store and not field.inverse:
                continue
            value = field.convert_to_write(self.visit[name], self.visit)
            if self._may(lambda n=name, v=value: mine.write({n: v}), AccessError):
                written.append(name)
        # the ORM takes these from nobody, without a word
        self.assertEqual(set(written) - set(self.env["base"]._fields), set())

    def test_technicians_write_on_their_own_visits_only(self):
        visits = {
            "colleague's": self._make_visit(user="colleague"),
            "nobody's": self._make_visit(user=False),
            "colleague's history": self._make_visit("done", user="colleague"),
            "company B's": self._make_visit(line=self.line_b, user="technician_b"),
        }
        for whose, visit in visits.items():
            mine = self._as("technician", visit)
            self.assertTrue(
                self._refused(lambda m=mine: m.write({"result": "Mine"})), whose
            )
        own = self._make_visit("done")
        self._as("technician", own).write({"result": "One more word"})
        self.assertEqual(own.result, "One more word")

    def test_billable_is_for_managers_and_before_the_visit(self):
        given = {"line_id": self.line.id, "start": self._at(3)}
        for role in ("technician", *SERVICE_USERS, "manager"):
            mine = self._as(role, self.visit)
            by_default = mine.with_context(default_is_billable=True)
            ways = (
                lambda m=mine: m.write({"is_billable": True}),
                lambda m=mine: m.create({**given, "is_billable": True}),
                lambda m=by_default: m.create(given),
            )
            may = [not self._refused(way) for way in ways]
            self.assertEqual(may, [role == "manager"] * 3, role)
        for state in ("done", "problem", "cancelled"):
            over = self._as("manager", self._make_visit(state))
            self.assertTrue(
                self._refused(lambda o=over: o.write({"is_billable": True})), state
            )

    def test_a_visit_stays_with_its_service(self):
        mine = self._as("manager", self.visit)
        for line in (self.line_of_beta, self.line_b):
            for role in ("user", "manager"):
                mine = self._as(role, self.visit)
                self.assertTrue(
                    self._refused(lambda m=mine, v=line: m.write({"line_id": v.id}))
                )

    def test_extra_visits_need_a_contract_that_is_served(self):
        suspended = self._make_line(self._make_contract(self.acme))
        suspended.contract_id.action_suspend()
        ended = self._make_line(self._make_contract(self.acme))
        ended.contract_id.action_cancel()
        for line in (self.draft.line_ids, suspended, ended, self.line_b):
            mine = self._as("manager", self.visit)
            values = {"line_id": line.id, "start": self._at(3)}
            self.assertTrue(self._refused(lambda m=mine, v=values: m.create(v)))

    def test_rights_are_not_overdrawn_by_extra_visits(self):
        line = self._make_line(self._make_contract(self.acme), quantity=1)
        values = {"line_id": line.id, "start": self._at(3)}
        mine = self._as("user", self.visit)
        mine.create(values)
        self.assertEqual(line.quantity_available, 0)
        self.assertTrue(self._refused(lambda: mine.create(values)))
        self.assertTrue(self._refused(lambda: mine.create([values, values])))

    def test_who_can_be_sent(self):
        """People of the company, by no way a customer or somebody else's people."""
        mine = self._as("manager", self.visit)
        line = self._as("manager", self.draft.line_ids)
        move = self._env("manager")["service.visit.move"]
        for role in ("technician_b", "portal"):
            user = self.roles[role]
            given = {"line_id": self.line.id, "start": self._at(3)}
            dialog = move.create(
                {
                    "visit_ids": self.visit.ids,
                    "how": "stay",
                    "change_technician": True,
                    "user_id": user.id,
                }
            )
            for attempt in (
                lambda u=user: mine.write({"user_id": u.id}),
                lambda u=user, g=given: mine.create({**g, "user_id": u.id}),
                lambda u=user: line.write({"technician_id": u.id}),
                dialog.action_move,
            ):
                self.assertTrue(self._refused(attempt), role)

    def test_places_out_of_reach_are_not_fished_for(self):
        """The calendar entry would tell the address of whatever number is written."""
        secret = self.env["res.partner"].create(
            {"name": "Of B", "street": "Hidden 1", "company_id": self.company_b.id}
        )
        mine = self._as("user", self.visit)
        given = {"line_id": self.line.id, "start": self._at(3)}
        for attempt in (
            lambda: mine.write({"partner_service_id": secret.id}),
            lambda: mine.create({**given, "partner_service_id": secret.id}),
            lambda: mine.with_context(default_partner_service_id=secret.id).create(
                given
            ),
        ):
            self.assertTrue(self._refused(attempt))

    def test_what_was_booked_keeps_its_visit(self):
        """An outcome taken back leaves rows in the ledger, so the visit stays."""
        visit = self._make_visit("done")
        mine = self._as("user", visit)
        mine.action_reopen()
        mine.action_unconfirm()
        self.assertEqual(visit.state, "planned")
        self.assertTrue(self._refused(mine.unlink))
