from itertools import product

from odoo.tests import tagged

from .cases_guarded_fields import GuardedFields
from .cases_money_guards import MoneyGuards
from .common_access import (
    AccessCommon,
)
from .common_guards import (
    BUTTONS,
    MANAGERS,
    NOBODY,
    ROLES,
    SERVICE_USERS,
    STATES,
    STEPS,
)


class StepGuards:
    """Who takes a contract from which state to which."""

    def test_every_step_by_every_role(self):
        wrong = []
        for before, after in product(STATES, STATES):
            if before == after:
                continue
            contract = self._in_state(before)
            if (before, after) == ("suspended", "expired"):
                contract.sudo().write(
                    {"date_start": "2020-01-01", "date_end": "2020-12-31"}
                )
            for role in ROLES:
                mine = self._as(role, contract)
                may = not self._refused(lambda m=mine, s=after: m.write({"state": s}))
                if may != (role in STEPS.get((before, after), NOBODY)):
                    wrong.append((before, after, role, "may" if may else "may not"))
        self.assertEqual(wrong, [])

    def test_every_button_by_every_role(self):
        wrong = []
        for button, (before, who) in BUTTONS.items():
            contract = self._in_state(before)
            for role in ROLES:
                mine = self._as(role, contract)
                may = not self._refused(getattr(mine, button))
                if may != (role in who):
                    wrong.append((button, role, "may" if may else "may not"))
        for before, who in (("draft", SERVICE_USERS), ("active", MANAGERS)):
            contract = self._in_state(before)
            for role in ROLES:
                mine = self._as(role, contract)
                if (not self._refused(mine.action_cancel)) != (role in who):
                    wrong.append(("action_cancel", before, role))
        self.assertEqual(wrong, [])

    def test_a_contract_is_born_as_a_draft(self):
        """By no value and by no default of the context is it born in force."""
        values = {"partner_id": self.acme.id}
        for role, state in product(("user", "manager"), STATES[1:]):
            mine = self._as(role, self.contract)
            self.assertTrue(
                self._refused(lambda m=mine, s=state: m.create(dict(values, state=s)))
            )
            by_default = mine.with_context(default_state=state)
            self.assertTrue(self._refused(lambda m=by_default: m.create(values)))
            self.assertTrue(
                self._refused(lambda m=mine, s=state: m.copy({"state": s})), state
            )


@tagged("post_install", "-at_install")
class TestGuards(MoneyGuards, StepGuards, GuardedFields, AccessCommon):
    """All of them on the same ground, which takes seconds to make."""
