import json
from itertools import product

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.service_contract.tests.common_access import (
    SECRET_PRICE,
    SECRET_PRICE_TEXT,
)

from .common_access import PATHS, VisitAccessCommon

SERVICE_USERS = {"user", "manager", "billing", "accountant", "salesperson"}
STRANGERS = ("accountant_only", "internal", "portal", "portal_stranger", "public")
# The technician of the visit, another one, the other company's people, and the rest.
ROLES = (
    "technician",
    "colleague",
    "technician_b",
    "user_b",
    *sorted(SERVICE_USERS),
    *STRANGERS,
)
# Who may take which step, by button or by writing the state; all others are refused.
OWN = SERVICE_USERS | {"technician"}
STEPS = {
    "planned": {
        "confirmed": SERVICE_USERS,
        "in_progress": OWN,
        "done": SERVICE_USERS,
        "problem": SERVICE_USERS,
        "cancelled": SERVICE_USERS,
    },
    "confirmed": {
        "planned": SERVICE_USERS,
        "in_progress": OWN,
        "done": OWN,
        "problem": OWN,
        "cancelled": SERVICE_USERS,
    },
    "in_progress": {
        "confirmed": OWN,
        "done": OWN,
        "problem": OWN,
        "cancelled": SERVICE_USERS,
    },
    "done": {"confirmed": SERVICE_USERS, "problem": SERVICE_USERS},
    "problem": {"confirmed": SERVICE_USERS, "done": SERVICE_USERS},
    "missed": {
        "planned": SERVICE_USERS,
        "done": SERVICE_USERS,
        "problem": SERVICE_USERS,
        "cancelled": SERVICE_USERS,
    },
    "cancelled": {"planned": SERVICE_USERS},
}
BUTTONS = {
    "action_confirm": ("planned", "confirmed"),
    "action_start": ("confirmed", "in_progress"),
    "action_done": ("in_progress", "done"),
    "action_problem": ("in_progress", "problem"),
    "action_cancel": ("confirmed", "cancelled"),
    "action_reopen": ("done", "confirmed"),
    "action_unconfirm": ("confirmed", "planned"),
}


@tagged("post_install", "-at_install")
class TestVisitSteps(VisitAccessCommon):
    """Who takes a visit from which status to which, who sees it, and for what price."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.visits = {state: cls._make_visit(state) for state in PATHS}

    # === STEPS === #

    def test_every_step_by_every_role(self):
        wrong = []
        for before, after, role in product(PATHS, PATHS, ROLES):
            if before == after:
                continue
            mine = self._as(role, self.visits[before])
            may = not self._refused(lambda m=mine, s=after: m.write({"state": s}))
            if may != (role in STEPS[before].get(after, ())):
                wrong.append((before, after, role, "may" if may else "may not"))
        self.assertEqual(wrong, [])

    def test_every_button_by_every_role(self):
        wrong = []
        for (button, (before, after)), role in product(BUTTONS.items(), ROLES):
            mine = self._as(role, self.visits[before])
            may = not self._refused(getattr(mine, button))
            if may != (role in STEPS[before][after]):
                wrong.append((button, role, "may" if may else "may not"))
        self.assertEqual(wrong, [])

    def test_a_step_is_taken_once(self):
        """A double click, or two people at once: the second is told, nothing counts
        twice.
        """
        for button, (_before, after) in BUTTONS.items():
            if button not in ("action_reopen", "action_unconfirm"):
                mine = self._as("manager", self.visits[after])
                self.assertTrue(self._refused(getattr(mine, button)), button)

    def test_a_visit_is_born_planned(self):
        """By no value, copy or default of the context is it born in another status."""
        values = {"line_id": self.line.id, "start": self._at(3)}
        for role, state in product(("user", "manager"), PATHS):
            if state == "planned":
                continue
            mine = self._as(role, self.visit)
            by_default = mine.with_context(default_state=state)
            for attempt in (
                lambda m=mine, s=state: m.create(dict(values, state=s)),
                lambda m=by_default: m.create(values),
                lambda m=mine, s=state: m.copy({"state": s}),
            ):
                self.assertTrue(self._refused(attempt), (role, state))
        copies = self._as("user", self.visits["done"]).copy()
        self.assertEqual(copies.state, "planned")
        self.assertFalse(copies.calendar_event_id or copies.actual_start)

    def test_technicians_plan_nothing(self):
        """Not by a copy, by an import, by a follow-up, or by way of the contract."""
        values = {"line_id": self.line.id, "start": self._at(3)}
        problem = self._as("technician", self.visits["problem"])
        line = self._as("technician", self.line)
        for attempt in (
            lambda: problem.create(values),
            problem.copy,
            problem.unlink,
            problem.action_follow_up,
            line.action_edit_pattern,
            line.contract_id.action_plan_past_visits,
            lambda: line.write({"technician_id": self.technician.id}),
            lambda: line.write({"visit_ids": [(0, 0, values)]}),
            lambda: line.write({"visit_date_ids": [(0, 0, {"date": self._at(9)})]}),
        ):
            self.assertTrue(self._refused(attempt), attempt)
        self.assertFalse(self.visits["problem"].follow_up_ids)
        dispatched = self._as("user", self.visits["problem"])
        first, again = dispatched.action_follow_up(), dispatched.action_follow_up()
        self.assertEqual(first["res_id"], again["res_id"])
        answer = problem.load(
            ["line_id/.id", "start"], [[str(self.line.id), "2026-12-01 03:00:00"]]
        )
        self.assertFalse(answer["ids"])

    def test_not_counting_is_for_managers(self):
        for role in ROLES:
            mine = self._as(role, self.visits["problem"])
            may = not self._refused(lambda m=mine: m.action_take_no_right("Ours"))
            self.assertEqual(may, role == "manager", role)
        for state in PATHS:
            if state != "problem":
                mine = self._as("manager", self.visits[state])
                self.assertTrue(
                    self._refused(lambda m=mine: m.action_take_no_right("Ours")), state
                )
        dialog = self._env("user")["service.visit.reason"].create(
            {
                "visit_ids": self.visits["problem"].ids,
                "purpose": "no_right",
                "reason": "Ours",
            }
        )
        self.assertTrue(self._refused(dialog.action_apply))

    def test_what_happened_is_not_deleted(self):
        for role, state in product(("user", "manager"), PATHS):
            mine = self._as(role, self.visits[state])
            may = not self._refused(mine.unlink)
            self.assertEqual(may, state in ("planned", "cancelled"), (role, state))

    def test_the_slot_of_a_pattern_is_cancelled_not_deleted(self):
        self.env["service.visit.date"].create(
            {"line_id": self.line.id, "date": self._at(30).date()}
        )
        slot = self.line.visit_ids.filtered("occurrence_date")
        self.assertEqual(len(slot), 1)
        for role in ("user", "manager"):
            self.assertTrue(self._refused(self._as(role, slot).unlink))

    def test_what_is_over_or_begun_is_not_moved(self):
        for state, values in product(
            ("in_progress", "done", "problem", "cancelled"),
            (
                {"start": self._at(5)},
                {"stop": self._at(6)},
                {"duration": 9},
                {"user_id": self.roles["colleague"].id},
                {"partner_service_id": self.anna.id},
            ),
        ):
            mine = self._as("manager", self.visits[state])
            self.assertTrue(
                self._refused(lambda m=mine, v=values: m.write(v)), (state, values)
            )

    # === CONTRACTS THAT AREN'T SERVED === #

    def test_a_suspended_contract_refuses_with_its_reason(self):
        visits = self.visits
        self.line.contract_id.action_suspend()
        reason = self.line.contract_id._get_refusal()
        self.assertIn("suspended", reason)
        for role, (state, button) in product(
            ("technician", "user", "manager"),
            (
                ("planned", "action_confirm"),
                ("confirmed", "action_start"),
                ("planned", "action_start"),
                ("confirmed", "action_done"),
                ("confirmed", "action_problem"),
            ),
        ):
            if role == "technician" and button == "action_confirm":
                continue
            mine = self._as(role, visits[state])
            with self.assertRaises(UserError, msg=(role, button)) as caught:
                getattr(mine, button)()
            self.assertEqual(str(caught.exception), reason)
        # what was begun in time is finished
        self._as("technician", visits["in_progress"]).action_done()

    def test_visits_of_contracts_that_are_over_are_not_called_back(self):
        """Neither by reopening nor by moving can a right be held that nobody serves."""
        contract = self.line.contract_id
        cancelled, missed = self.visits["cancelled"], self.visits["missed"]
        beyond = {"start": self._at(400), "stop": self._at(400, 5)}
        for visit, values in (
            (missed, beyond),
            (self.visit, beyond),
            (self.visit, {**beyond, "state": "done"}),
        ):
            mine = self._as("user", visit)
            self.assertTrue(self._refused(lambda m=mine, v=values: m.write(v)), values)
        contract.action_cancel()
        for visit in (cancelled, missed, self.visit):
            self.assertTrue(self._refused(self._as("user", visit).action_reopen))

    # === WHO SEES === #

    def test_who_sees_which_visits(self):
        """Technicians see their own and what was done; those of company B nothing."""
        others = {state: self._make_visit(state, "colleague") for state in PATHS}
        nobody = self._make_visit(user=False)
        history = others["done"] | others["problem"]
        own = self.visit.union(*self.visits.values())
        everything = own.union(*others.values()) | nobody
        foreign = self._make_visit(line=self.line_b, user="technician_b")
        everyone = everything | foreign
        for role, seen in {
            "technician": own | history,
            "technician_b": foreign,
            "user_b": foreign,
            **dict.fromkeys(SERVICE_USERS, everything),
        }.items():
            visits = self._as(role, everyone)
            self.assertEqual(
                visits.search([("id", "in", everyone.ids)]), visits & seen, role
            )
            for visit in visits - seen:
                self.assertFalse(
                    self._may(lambda v=visit: v.web_read({"name": {}})), role
                )
        self.company_a.service_technicians_see_all = True
        mine = self._as("technician", everyone)
        self.assertEqual(mine.search([("id", "in", everyone.ids)]), mine & everything)
        for visit in (*others.values(), nobody):
            theirs = self._as("technician", visit)
            self.assertFalse(self._may(lambda v=theirs: v.write({"result": "Mine"})))

    # === MONEY === #

    def test_technicians_find_no_price_by_any_way(self):
        """The price of the service stands one step away; every way there is shut."""
        self.assertEqual(self.line.price_extra, SECRET_PRICE)
        path = "line_id.price_extra"
        open_ways = {}
        for role in ("technician", "user"):
            mine = self._as(role, self.visits["done"])
            ways = {
                "search": lambda m=mine: m.search([(path, ">", 1)]),
                "order": lambda m=mine: m.search([], order="line_id.price_extra"),
                "group": lambda m=mine: m.formatted_read_group([], [path], ["__count"]),
                "sum": lambda m=mine: m.formatted_read_group([], [], [f"{path}:max"]),
                "export": lambda m=mine: m.export_data(["line_id/price_extra"]),
                "web_read": lambda m=mine: m.web_read(
                    {"line_id": {"fields": {"price_extra": {}}}}
                ),
                "mapped": lambda m=mine: m.mapped(path),
                "filtered": lambda m=mine: m.filtered_domain([(path, ">", 1)]),
            }
            open_ways[role] = {
                way
                for way, attempt in ways.items()
                if self._may(attempt, AccessError, ValueError)
            }
        self.assertEqual(open_ways["technician"], set())
        self.assertLessEqual({"search", "export", "web_read"}, open_ways["user"])

    def test_technicians_read_everything_of_a_visit_and_no_price(self):
        self._as("manager", self.visits["problem"]).action_take_no_right("Ours")
        for state in ("confirmed", "done", "problem"):
            mine = self._as("technician", self.visits[state])
            names = list(mine.fields_get())
            told = [
                mine.read(),
                mine.web_read({name: {} for name in names}),
                mine.line_id.read(),
                mine.export_data(names),
                mine.message_ids.mapped("body"),
                mine.activity_ids.mapped("note"),
                mine.usage_ids.read(),
            ]
            text = json.dumps(told, default=str)
            for secret in SECRET_PRICE_TEXT:
                self.assertNotIn(secret, text)

    def test_no_new_field_or_view_names_money(self):
        kinds = ("form", "list", "kanban", "calendar", "pivot", "graph", "activity")
        env = self._env("technician")
        for model in ("service.visit", "service.visit.date"):
            for name, field in env[model].fields_get().items():
                self.assertNotEqual(field["type"], "monetary", name)
            shown = kinds if model == "service.visit" else ("form", "list")
            views = env[model].get_views([(False, kind) for kind in (*shown, "search")])
            told = json.dumps(views, default=str)
            for word in ("price_extra", "amount_", "currency_id", "is_billable"):
                self.assertNotIn(word, json.dumps(views["views"]), word)
            self.assertNotIn("price_extra", told)
