from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_access import VisitAccessCommon

PATTERN = {
    "visit_kind": "recurring",
    "rrule_type": "weekly",
    "mon": True,
    "hour_start": 8,
    "duration": 2,
    "window_before": 1,
    "window_after": 1,
    "non_working_day": "skip",
    "skip_jan": True,
    "horizon_days": 30,
}
AGREED = {
    "quantity": 6000,
    "is_unlimited": True,
    "mode": "on_demand",
    "visit_anchor": "2020-01-01",
    "date_end": False,
}
SERVICE_USERS = ("user", "billing", "accountant", "salesperson")


@tagged("post_install", "-at_install")
class TestVisitDialogs(VisitAccessCommon):
    """Who plans by which pattern; what dialogs send back is checked again."""

    # === PATTERNS === #

    def test_patterns_of_running_contracts_are_the_dispatcher_s(self):
        """When and by whom is planned by users; how much was agreed is a manager's."""
        wrong = []
        for role in ("technician", *SERVICE_USERS, "manager"):
            line = self._as(role, self.line)
            for name, value in PATTERN.items():
                values = {**PATTERN, name: value}
                if (not self._refused(lambda v=values, o=line: o.write(v))) != (
                    role != "technician"
                ):
                    wrong.append((name, role))
            for name, value in AGREED.items():
                may = not self._refused(
                    lambda n=name, v=value, o=line: o.write({**PATTERN, n: v})
                )
                if may and role != "manager":
                    wrong.append((name, role))
        self.assertEqual(wrong, [])
        self._as("manager", self.line).write({"quantity": 6000})

    def test_typed_dates_follow_the_right_on_their_service(self):
        """Of a template they are a manager's, of company B nobody's here."""
        dates = self.env["service.visit.date"]
        day = self._at(20).date()
        on_template = dates.create(
            {"template_line_id": self.template.line_ids.id, "days_after": 3}
        )
        foreign = dates.create(
            {"line_id": self.line_b.id, "date": day + timedelta(days=9)}
        )
        own = dates.create({"line_id": self.line.id, "date": day})
        for role, may in (("technician", False), ("user", False), ("manager", True)):
            mine = self._as(role, on_template)
            for attempt in (
                lambda m=mine: m.write({"days_after": 9}),
                lambda m=mine: m.create(
                    {"template_line_id": self.template.line_ids.id, "days_after": 5}
                ),
                mine.unlink,
            ):
                self.assertEqual(not self._refused(attempt), may, role)
        for role in ("user", "manager"):
            theirs, mine = self._as(role, foreign), self._as(role, own)
            self.assertFalse(theirs.search([("id", "=", foreign.id)]))
            for attempt in (
                lambda t=theirs: t.read(["date"]),
                lambda t=theirs: t.write({"date": day + timedelta(days=1)}),
                theirs.unlink,
                lambda t=theirs: t.create(
                    {"line_id": self.line_b.id, "date": day + timedelta(days=2)}
                ),
                lambda m=mine: m.write({"line_id": self.line_b.id}),
                lambda m=mine: m.with_context(default_line_id=self.line_b.id).create(
                    {"date": day + timedelta(days=3)}
                ),
            ):
                self.assertTrue(self._refused(attempt), role)

    def test_a_date_given_to_another_service_leaves_no_visit_behind(self):
        dates = self.env["service.visit.date"]
        row = dates.create({"line_id": self.line.id, "date": self._at(20).date()})
        self._as("user", row).write({"line_id": self.line_of_beta.id})
        slots = self.line.visit_ids.filtered("occurrence_date")
        self.assertFalse(slots)
        self.assertTrue(self.line_of_beta.visit_ids.filtered("occurrence_date"))

    # === DIALOGS === #

    def _dialog(self, role, action):
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        return self._as(role, dialog)

    def test_the_dialog_of_a_pattern_stays_with_its_service(self):
        """Not even the name of another company's service is told by it."""
        dialog = self._dialog("user", self._as("user", self.line).action_edit_pattern())
        for forged in (
            {"line_id": self.line_b.id},
            {"line_id": self.line_of_beta.id},
            {"line_id": False, "template_line_id": self.template.line_ids.id},
        ):
            self.assertTrue(self._refused(lambda v=forged: dialog.write(v)), forged)

    def test_past_dates_are_planned_for_the_contract_that_was_asked(self):
        start = self._at(-60).date()
        contract = self._make_contract(self.acme, date_start=start)
        line = self._make_line(
            contract, visit_date_ids=[Command.create({"date": self._at(-30).date()})]
        )
        suspended = self._make_line(
            self._make_contract(self.acme, date_start=start),
            visit_date_ids=[Command.create({"date": self._at(-30).date()})],
        )
        suspended.contract_id.action_suspend()
        for forged in (
            {"line_id": suspended.id},
            {"line_id": self.line_b.id},
            {"slot": self._at(-31).date()},
            {"slot": self._at(100).date()},
        ):
            mine = self._as("user", contract)
            dialog = self._dialog("user", mine.action_plan_past_visits())
            self.assertEqual(dialog.row_ids.slot, self._at(-30).date())
            rows = dialog.row_ids
            self.assertTrue(
                self._refused(
                    lambda rows=rows, values=forged, dialog=dialog: (
                        rows.write(values) and dialog.action_plan()
                    )
                ),
                forged,
            )
        self.assertFalse(suspended.visit_ids)
        dialog.row_ids.invalidate_recordset()
        dialog.action_plan()
        self.assertEqual(line.visit_ids.occurrence_date, self._at(-30).date())

    def test_dialogs_reach_no_visit_of_another_company(self):
        theirs = self._make_visit(line=self.line_b, user="technician_b")
        env = self._env("manager")
        for model, values, button in (
            ("service.visit.move", {"how": "days", "days": 1}, "action_move"),
            ("service.visit.reason", {"reason": "Gone"}, "action_apply"),
        ):
            for given, context in (
                ({**values, "visit_ids": theirs.ids}, {}),
                (values, {"default_visit_ids": theirs.ids}),
                (values, {"active_model": "service.visit", "active_ids": theirs.ids}),
            ):
                dialogs = env[model].with_context(**context)

                def press(dialogs=dialogs, given=given, button=button):
                    getattr(dialogs.create(given), button)()
                    self.env.flush_all()
                    self.env.invalidate_all()
                    kept = (theirs.state, theirs.start)
                    self.assertEqual(kept, ("planned", self._at(2)), given)

                self._may(press, AccessError, UserError)

    def test_holidays_are_loaded_by_managers_into_their_own_company(self):
        leaves = self.env["resource.calendar.leaves"]
        row = Command.create({"date": "2026-05-05", "name": "Our day"})
        calendar_b = self.company_b.resource_calendar_id
        for role, company, may in (
            ("user", self.company_a, False),
            ("technician", self.company_a, False),
            ("manager", self.company_b, False),
            ("manager", self.company_a, True),
        ):
            env = self._env(role)

            def load(env=env, company=company):
                env["service.holiday.load"].create(
                    {
                        "company_id": company.id,
                        "country_id": self.env.ref("base.th").id,
                        "year": 2026,
                        "row_ids": [row],
                    }
                ).action_load()

            self.assertEqual(not self._refused(load), may, (role, company.name))
            if company == self.company_b:
                both = (self.company_a | self.company_b).ids
                env = env(context={"allowed_company_ids": both})
                self.assertTrue(self._refused(lambda e=env, go=load: go(e)), role)
        before = leaves.search_count([("calendar_id", "=", calendar_b.id)])
        load()
        made = leaves.search([("name", "=", "Our day")])
        self.assertEqual(made.calendar_id, self.company_a.resource_calendar_id)
        self.assertEqual(made.company_id, self.company_a)
        after = leaves.search_count([("calendar_id", "=", calendar_b.id)])
        self.assertEqual(before, after)
