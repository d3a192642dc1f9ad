import json
from itertools import product

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.service.model import call_kw

from .common_access import DELETE, OPERATIONS, ORM_METHODS, READ, WRITE


class AccessMatrix:
    """Role × model × operation, each cell tried for real as that user.

    For a test class of each addon, which fills in the table and makes the records.
    """

    addon = None  # technical name of the addon
    # model -> role, or tuple of roles -> operations, such as ``rw``: who may do what.
    # Roles that aren't named may nothing; a role by its name goes before a tuple.
    matrix = {}
    tried_roles = ()

    # === THE TABLE === #

    def test_every_model_of_the_addon_is_in_the_table(self):
        """A new model can't be forgotten: it must get its row."""
        models = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == self.addon and not model._abstract
        }
        self.assertEqual(models - set(self.matrix), set())

    def test_matrix(self):
        wrong = []
        for model, role, operation in product(
            self.matrix, self.tried_roles, OPERATIONS
        ):
            mine = self._as(role, self._get_record(model, operation, role))
            may = self._may(self._attempt(mine, operation))
            if may != (operation in self._get_allowed(model, role)):
                wrong.append((model, role, operation, "may" if may else "may not"))
        self.assertEqual(wrong, [])

    def test_search_finds_what_may_be_read_and_nothing_else(self):
        wrong = []
        for model, role in product(self.matrix, self.tried_roles):
            if self.env[model]._transient:
                continue
            mine = self._as(role, self._get_record(model, READ, role))
            found = []
            self._may(lambda m=mine, f=found: f.extend(m.search([("id", "in", m.ids)])))
            if bool(found) != (READ in self._get_allowed(model, role)):
                wrong.append((model, role, found))
        self.assertEqual(wrong, [])

    def test_somebody_else_s_dialog_is_out_of_reach(self):
        """Dialogs hold what their owner may see: not even a manager looks into them."""
        wrong = []
        for model, role in product(self.matrix, ("user", "manager", "billing")):
            if not self.env[model]._transient:
                continue
            other = self._as(role, self._get_record(model, READ, "accountant"))
            for attempt in (
                self._attempt(other, READ),
                self._attempt(other, WRITE),
                self._attempt(other, DELETE),
                lambda o=other: o.web_read({"display_name": {}}),
                lambda o=other: o.search([("id", "in", o.ids)])[0],
            ):
                if self._may(attempt, AccessError, IndexError):
                    wrong.append((model, role))
        self.assertEqual(wrong, [])

    # === HOW A CELL IS TRIED === #

    def _get_allowed(self, model, role):
        """Return the operations of ``role`` on ``model``."""
        row = self.matrix[model]
        if role in row:
            return row[role]
        groups = [key for key in row if isinstance(key, tuple) and role in key]
        return row[groups[0]] if groups else ""

    def _attempt(self, mine, operation):
        """Return what is tried to do ``operation`` on the records ``mine``."""
        if operation == READ:
            plain = "write_date" if "write_date" in mine._fields else "display_name"
            return lambda: mine.read([plain])
        if operation == DELETE:
            return lambda: mine.unlink()
        if operation == WRITE:
            values = self._get_written(mine._name)
            return lambda: mine.write(values)
        values = self._get_created(mine._name)
        for parent in {"wizard_id", "edit_id"} & set(values):
            values[parent] = mine.sudo()[parent].id
        return lambda: mine.create(values)

    def _get_record(self, model, operation, role):
        """Return the record on which the person with ``role`` tries something, dialogs
        as the system makes them for that person.
        """
        raise NotImplementedError

    def _get_created(self, model):
        """Return values to create a record of ``model``; a parent is filled in."""
        raise NotImplementedError

    def _get_written(self, model):
        """Return values to write on a record of ``model``."""
        raise NotImplementedError


class PublicMethods:
    """Whatever has a public name can be called by anybody who is logged in."""

    addon = None  # technical name of the addon
    # (model, method) -> what people without the right get: "refused", or "harmless"
    # where it only describes a window to open
    public_methods = {}
    strangers = ("technician", "internal", "portal", "portal_stranger", "public")
    open_to = {}  # (model, method) -> strangers who may call it all the same
    arguments = {}  # method -> what it is called with

    def test_every_public_method_is_in_the_table(self):
        """A new button can't be forgotten: it must say what strangers get."""
        found = set()
        for name, model in self.env.registry.items():
            for parent in model.mro():
                if not parent.__module__.startswith(f"odoo.addons.{self.addon}."):
                    continue
                found |= {
                    (name, method)
                    for method, function in vars(parent).items()
                    if callable(function)
                    and not method.startswith("_")
                    and not getattr(function, "_api_private", False)
                    and method not in ORM_METHODS
                }
        self.assertEqual(found, set(self.public_methods))

    def test_strangers_get_nothing_done(self):
        """People without the right call each of them."""
        wrong = []
        for ((model, method), kind), role in product(
            self.public_methods.items(), self.strangers
        ):
            if role in self.open_to.get((model, method), ()):
                continue
            for answer in self._call(model, method, role):
                described = isinstance(answer, dict) and str(
                    answer.get("type", "")
                ).startswith("ir.actions.")
                if kind == "refused" or not described:
                    wrong.append((model, method, role, answer))
        self.assertEqual(wrong, [])

    def test_nobody_calls_what_belongs_to_the_other_company(self):
        """Managers have every right, in their own company."""
        wrong = []
        for (model, method), kind in self.public_methods.items():
            if "manager_b" in self.open_to.get((model, method), ()):
                continue
            answers = self._call(model, method, "manager_b")
            told = json.dumps(answers, default=str)
            if "access_token" in told or (answers and kind == "refused"):
                wrong.append((model, method, answers))
        self.assertEqual(wrong, [])

    def _call(self, model, method, role):
        """Return what the person gets for calling ``method``, as a list; empty if it
        is refused. Whatever it did is undone.
        """
        records = self._get_records(model, method)
        called = self._as(role, records)
        static = getattr(type(called), method)
        args = [] if getattr(static, "_api_model", False) else [records.ids]
        args += self.arguments.get(method, [])
        answers = []
        self._may(
            lambda: answers.append(call_kw(called.browse(), method, args, {})),
            AccessError,
            UserError,
            ValidationError,
        )
        return answers

    def _get_records(self, model, method):
        """Return records on which ``method`` could be called by whoever may."""
        raise NotImplementedError
