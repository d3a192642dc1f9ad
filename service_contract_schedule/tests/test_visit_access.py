from itertools import product

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import tagged

from .common_access import VisitAccessCommon

READ, WRITE, CREATE, DELETE = "rwcd"
OPERATIONS = READ + WRITE + CREATE + DELETE

# Who may do what: r read, w write, c create, d delete. Roles that aren't named may
# nothing. The visit is the technician's own, and nobody's slot.
SERVICE_USERS = ("user", "manager", "billing", "accountant", "salesperson")
MATRIX = {
    "service.visit": {"technician": "rw", SERVICE_USERS: "rwcd"},
    "service.visit.date": {"technician": "r", SERVICE_USERS: "rwcd"},
    # The system opens these dialogs on what the person may take; nobody forges one.
    "service.visit.pattern.edit": {SERVICE_USERS: "rw"},
    "service.visit.pattern.edit.date": {SERVICE_USERS: "rwcd"},
    "service.visit.plan.past": {SERVICE_USERS: "rw"},
    "service.visit.plan.past.row": {SERVICE_USERS: "rwd"},
    "service.visit.move": {SERVICE_USERS: "rwc"},
    "service.visit.reason": {SERVICE_USERS: "rwc"},
    "service.holiday.load": {"manager": "rwc"},
    "service.holiday.load.row": {"manager": "rwcd"},
}
ROLES = (
    "technician",
    *SERVICE_USERS,
    "accountant_only",
    "internal",
    "portal",
    "portal_stranger",
    "public",
)
STRANGERS = ("accountant_only", "internal", "portal", "portal_stranger", "public")

# Every method that this addon lets the client call, and what people without the right
# get: "refused", or "harmless" where it only describes a window to open.
PUBLIC_METHODS = {
    ("res.partner", "action_view_service_visits"): "harmless",
    ("service.contract", "action_plan_past_visits"): "refused",
    ("service.contract", "action_view_visits"): "harmless",
    ("service.contract.item", "action_view_visits"): "harmless",
    ("service.contract.line", "action_edit_pattern"): "refused",
    ("service.contract.line", "action_split_by_place"): "refused",
    ("service.contract.line", "action_view_visits"): "harmless",
    ("service.contract.template.line", "action_edit_pattern"): "refused",
    ("service.holiday.load", "action_fetch"): "refused",
    ("service.holiday.load", "action_load"): "refused",
    ("service.visit", "action_ask_reason"): "harmless",
    ("service.visit", "action_cancel"): "refused",
    ("service.visit", "action_confirm"): "refused",
    ("service.visit", "action_done"): "refused",
    ("service.visit", "action_follow_up"): "refused",
    ("service.visit", "action_problem"): "refused",
    ("service.visit", "action_reopen"): "refused",
    ("service.visit", "action_start"): "refused",
    ("service.visit", "action_take_no_right"): "refused",
    ("service.visit", "action_unconfirm"): "refused",
    ("service.visit", "get_unusual_days"): "refused",
    ("service.visit.move", "action_move"): "refused",
    ("service.visit.pattern.edit", "action_remove"): "refused",
    ("service.visit.pattern.edit", "action_save"): "refused",
    ("service.visit.plan.past", "action_plan"): "refused",
    ("service.visit.reason", "action_apply"): "refused",
}
ORM_METHODS = {"create", "write", "copy_data", "default_get", "unlink"}
# The state in which a visit could take the step, if only the person were another one.
STATE_BEFORE = {
    "action_done": "confirmed",
    "action_follow_up": "problem",
    "action_problem": "confirmed",
    "action_reopen": "done",
    "action_start": "confirmed",
    "action_take_no_right": "problem",
    "action_unconfirm": "confirmed",
}
ARGUMENTS = {
    "action_take_no_right": ["Because"],
    "get_unusual_days": ["2026-01-01", "2026-01-31"],
}


def allowed(model, role):
    """Return the operations of ``role`` on ``model``; the role by name goes first."""
    row = MATRIX[model]
    if role in row:
        return row[role]
    return next((row[key] for key in row if isinstance(key, tuple) and role in key), "")


class DialogsCommon(VisitAccessCommon):
    """A record of every new model, as the system makes it for a person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.date = cls.env["service.visit.date"].create(
            {"line_id": cls.line.id, "date": cls._at(40).date()}
        )
        cls.roles["manager_b"] = cls.manager_b

    def _get_record(self, model, role):
        """Return the record on which the person with ``role`` tries something."""
        owner = self.roles.get(role) or self.env.user
        if model == "service.visit":
            return self.visit
        if model == "service.visit.date":
            return self.date
        values = self._get_created(model)
        if model.endswith((".row", ".edit.date")):
            parent, name = self._get_parent(model)
            values[name] = self._get_record(parent, role).id
        return self.env[model].with_user(owner).sudo().create(values)

    def _get_parent(self, model):
        parent, _dot, _last = model.rpartition(".")
        return parent, "edit_id" if parent.endswith("edit") else "wizard_id"

    def _get_created(self, model):
        visits = {"visit_ids": [Command.set(self.visit.ids)]}
        return {
            "service.visit": {"line_id": self.line.id, "start": self._at(3)},
            "service.visit.date": {
                "line_id": self.line.id,
                "date": self._at(50).date(),
            },
            "service.visit.pattern.edit": {
                "line_id": self.line.id,
                "visit_kind": "even",
            },
            "service.visit.pattern.edit.date": {
                "edit_id": 1,
                "date": self._at(9).date(),
            },
            "service.visit.plan.past": {"contract_id": self.line.contract_id.id},
            "service.visit.plan.past.row": {
                "wizard_id": 1,
                "line_id": self.line.id,
                "slot": self._at(-9).date(),
                "date": self._at(9).date(),
            },
            "service.visit.move": {"how": "days", "days": 1, **visits},
            "service.visit.reason": {"reason": "Because", **visits},
            "service.holiday.load": {
                "company_id": self.company_a.id,
                "country_id": self.env.ref("base.th").id,
                "year": 2026,
            },
            "service.holiday.load.row": {
                "wizard_id": 1,
                "date": "2026-01-01",
                "name": "New Year",
            },
        }[model].copy()

    def _get_written(self, model):
        day = self._at(60).date()
        return {
            "service.visit": {"result": "All is well"},
            "service.visit.date": {"date": day},
            "service.visit.pattern.edit": {"hour_start": 8},
            "service.visit.pattern.edit.date": {"date": day},
            "service.visit.plan.past": {"row_ids": []},
            "service.visit.plan.past.row": {"date": day},
            "service.visit.move": {"days": 2},
            "service.visit.reason": {"reason": "Another one"},
            "service.holiday.load": {"year": 2027},
            "service.holiday.load.row": {"load": False},
        }[model]


@tagged("post_install", "-at_install")
class TestVisitMatrix(DialogsCommon):
    """Role × model × operation, each cell tried for real as that user."""

    def test_every_model_of_the_addon_is_in_the_table(self):
        """A new model can't be forgotten: it must get its row."""
        models = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == "service_contract_schedule"
            and not model._abstract
        }
        self.assertEqual(models - set(MATRIX), set())

    def test_matrix(self):
        wrong = []
        for model, role, operation in product(MATRIX, ROLES, OPERATIONS):
            may = self._may(self._attempt(model, role, operation))
            if may != (operation in allowed(model, role)):
                wrong.append((model, role, operation, "may" if may else "may not"))
        self.assertEqual(wrong, [])

    def test_search_finds_what_may_be_read_and_nothing_else(self):
        wrong = []
        for model, role in product(MATRIX, ROLES):
            if self.env[model]._transient:
                continue
            mine = self._as(role, self._get_record(model, role))
            found = []
            self._may(lambda m=mine, f=found: f.extend(m.search([("id", "=", m.id)])))
            if bool(found) != (READ in allowed(model, role)):
                wrong.append((model, role, found))
        self.assertEqual(wrong, [])

    def test_somebody_else_s_dialog_is_out_of_reach(self):
        """Dialogs hold what their owner may see: not even a manager looks into them."""
        wrong = []
        for model, role in product(MATRIX, ("user", "manager", "billing")):
            if not self.env[model]._transient:
                continue
            other = self._as(role, self._get_record(model, "accountant"))
            values = self._get_written(model)
            for attempt in (
                lambda o=other: o.read(["write_date"]),
                lambda o=other: o.web_read({"display_name": {}}),
                lambda o=other, v=values: o.write(v),
                other.unlink,
                lambda o=other: o.search([("id", "=", o.id)])[0],
            ):
                if self._may(attempt, AccessError, IndexError):
                    wrong.append((model, role))
        self.assertEqual(wrong, [])

    def test_rows_slipped_into_somebody_else_s_dialog_stay_unseen(self):
        """Whoever presses the button loads only what stands in the dialog for them."""
        mine = self._get_record("service.holiday.load", "manager")
        env = self._env("manager_b")
        env["service.holiday.load.row"].create(
            {"wizard_id": mine.id, "date": "2026-05-05", "name": "Slipped in"}
        )
        dialog = self._as("manager", mine)
        self.assertFalse(dialog.row_ids)
        dialog.action_load()
        leaves = self.env["resource.calendar.leaves"]
        self.assertFalse(leaves.search([("name", "=", "Slipped in")]))

    def _attempt(self, model, role, operation):
        mine = self._as(role, self._get_record(model, role))
        if operation == READ:
            return lambda: mine.read(["write_date"])
        if operation == DELETE:
            return lambda: mine.unlink()
        if operation == WRITE:
            return lambda: mine.write(self._get_written(model))
        values = self._get_created(model)
        for parent in {"wizard_id", "edit_id"} & set(values):
            values[parent] = mine.sudo()[parent].id
        return lambda: mine.create(values)


@tagged("post_install", "-at_install")
class TestVisitPublicMethods(DialogsCommon):
    """Whatever has a public name can be called by anybody who is logged in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.visits = {
            state: cls._make_visit(state)
            for state in {"planned", *STATE_BEFORE.values()}
        }

    def test_every_public_method_is_in_the_table(self):
        """A new button can't be forgotten: it must say what strangers get."""
        found = set()
        for name, model in self.env.registry.items():
            for parent in model.mro():
                if not parent.__module__.startswith(
                    "odoo.addons.service_contract_schedule."
                ):
                    continue
                found |= {
                    (name, method)
                    for method, function in vars(parent).items()
                    if callable(function)
                    and not method.startswith("_")
                    and not getattr(function, "_api_private", False)
                    and method not in ORM_METHODS
                }
        self.assertEqual(found, set(PUBLIC_METHODS))

    def test_strangers_get_nothing_done(self):
        """Another technician, an employee, an accountant, customers call each of
        them.
        """
        wrong = []
        roles = ("colleague", *STRANGERS)
        for ((model, method), kind), role in product(PUBLIC_METHODS.items(), roles):
            if (method, role) == ("get_unusual_days", "colleague"):
                continue  # shades the days off in the technician's own calendar
            answers = self._call(model, method, role)
            for answer in answers:
                described = isinstance(answer, dict) and str(
                    answer.get("type", "")
                ).startswith("ir.actions.")
                if kind == "refused" or not described:
                    wrong.append((model, method, role, answer))
        self.assertEqual(wrong, [])

    def test_nobody_calls_what_belongs_to_the_other_company(self):
        """Managers have every right, in their own company."""
        wrong = []
        for (model, method), kind in PUBLIC_METHODS.items():
            if kind == "harmless" or method == "get_unusual_days":
                continue
            if model == "service.contract.template.line":
                self.template.company_id = self.company_a
            if answers := self._call(model, method, "manager_b"):
                wrong.append((model, method, answers))
        self.assertEqual(wrong, [])

    def test_the_dispatcher_may_call_them(self):
        """Otherwise the tests above would prove nothing."""
        closed = [
            (model, method)
            for model, method in PUBLIC_METHODS
            if not self._call(model, method, "manager")
            and method not in ("action_plan_past_visits", "action_plan")
        ]
        self.assertEqual(closed, [])

    def _call(self, model, method, role):
        """Return what the person gets for calling ``method``, as a list; empty if it
        is refused. Whatever it did is undone.
        """
        records = self._get_records(model, method)
        called = self._as(role, records)
        static = getattr(type(called), method)
        args = [] if getattr(static, "_api_model", False) else [records.ids]
        args += ARGUMENTS.get(method, [])
        answers = []
        self._may(
            lambda: answers.append(call_kw(called.browse(), method, args, {})),
            AccessError,
            UserError,
            ValidationError,
        )
        return answers

    def _get_records(self, model, method):
        if model == "service.visit":
            return self.visits[STATE_BEFORE.get(method, "planned")]
        if model in MATRIX:
            return self._get_record(model, "manager").sudo(False)
        return {
            "res.partner": self.acme,
            "service.contract": self.line.contract_id,
            "service.contract.item": self.contract.item_ids,
            "service.contract.line": self.line,
            "service.contract.template.line": self.template.line_ids,
        }[model]
