from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.service_contract.tests.common_access import READ, SERVICE_USERS
from odoo.addons.service_contract.tests.common_access_checks import (
    AccessMatrix,
    PublicMethods,
)

from .common_access import VisitAccessCommon

# Who may do what: r read, w write, c create, d delete. Roles that aren't named may
# nothing. The visit is the technician's own, and nobody's slot.
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


class DialogsCommon(VisitAccessCommon):
    """A record of every new model, as the system makes it for a person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.date = cls.env["service.visit.date"].create(
            {"line_id": cls.line.id, "date": cls._at(40).date()}
        )

    def _get_record(self, model, operation, role):
        owner = self.roles.get(role) or self.env.user
        if model == "service.visit":
            return self.visit
        if model == "service.visit.date":
            return self.date
        values = self._get_created(model)
        if model.endswith((".row", ".edit.date")):
            parent, name = self._get_parent(model)
            values[name] = self._get_record(parent, operation, role).id
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
class TestVisitMatrix(DialogsCommon, AccessMatrix):
    """Visits and the dialogs about them, by role."""

    addon = "service_contract_schedule"
    matrix = MATRIX
    tried_roles = ROLES

    def test_rows_slipped_into_somebody_else_s_dialog_stay_unseen(self):
        """Whoever presses the button loads only what stands in the dialog for them."""
        mine = self._get_record("service.holiday.load", READ, "manager")
        env = self._env("manager_b")
        env["service.holiday.load.row"].create(
            {"wizard_id": mine.id, "date": "2026-05-05", "name": "Slipped in"}
        )
        dialog = self._as("manager", mine)
        self.assertFalse(dialog.row_ids)
        dialog.action_load()
        leaves = self.env["resource.calendar.leaves"]
        self.assertFalse(leaves.search([("name", "=", "Slipped in")]))


@tagged("post_install", "-at_install")
class TestVisitPublicMethods(DialogsCommon, PublicMethods):
    """Buttons of visits, called by whoever is logged in."""

    addon = "service_contract_schedule"
    public_methods = PUBLIC_METHODS
    strangers = ("colleague", *STRANGERS)
    # shades the days off in one's own calendar
    open_to = {("service.visit", "get_unusual_days"): ("colleague", "manager_b")}
    arguments = ARGUMENTS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.visits = {
            state: cls._make_visit(state)
            for state in {"planned", *STATE_BEFORE.values()}
        }

    def test_the_dispatcher_may_call_them(self):
        """Otherwise the tests above would prove nothing."""
        closed = [
            (model, method)
            for model, method in PUBLIC_METHODS
            if not self._call(model, method, "manager")
            and method not in ("action_plan_past_visits", "action_plan")
        ]
        self.assertEqual(closed, [])

    def _get_records(self, model, method):
        if model == "service.visit":
            return self.visits[STATE_BEFORE.get(method, "planned")]
        if model in MATRIX:
            return self._get_record(model, READ, "manager").sudo(False)
        self.template.company_id = self.company_a
        return {
            "res.partner": self.acme,
            "service.contract": self.line.contract_id,
            "service.contract.item": self.contract.item_ids,
            "service.contract.line": self.line,
            "service.contract.template.line": self.template.line_ids,
        }[model]
