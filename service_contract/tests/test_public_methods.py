from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_access import AccessCommon
from .common_access_checks import PublicMethods
from .common_guards import BUTTONS, PUBLIC_METHODS


@tagged("post_install", "-at_install")
class TestPublicMethods(AccessCommon, PublicMethods):
    """Buttons of contracts, invoices and dialogs, called by whoever is logged in."""

    addon = "service_contract"
    public_methods = PUBLIC_METHODS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._make_invoice()

    def test_retry_makes_no_contract_that_wasn_t_due(self):
        """A customer can't call a cancelled contract back to life by its invoice."""
        self.template.autocreate = "active"
        self.machine.service_template_id = self.template
        invoice = self._make_invoice()
        contract = invoice.service_contract_ids
        self.assertEqual(contract.state, "active")
        contract.action_cancel()
        for role in ("portal", "salesperson", "accountant"):
            mine = self._as(role, invoice)
            self._may(mine.action_retry_service_contract, AccessError, UserError)
            try:
                mine.action_retry_service_contract()
            except (AccessError, UserError):
                pass
            self.assertEqual(invoice.service_contract_ids, contract, role)

    def test_reasons_of_failures_are_not_for_customers(self):
        invoice = self._make_invoice()
        invoice.service_contract_error = "Internal detail"
        mine = self._as("portal", invoice)
        self.assertFalse(self._may(lambda: mine.read(["service_contract_error"])))

    def _get_records(self, model, method):
        state = BUTTONS.get(method, ("active",))[0]
        if model == "service.contract":
            if method == "action_fill_from_invoice":
                return self.draft
            return self.contract if state == "active" else self._in_state(state)
        wizard = self.env[model].with_user(self.roles["manager"]).sudo()
        made = {
            "service.contract.line": lambda: self.contract.line_ids,
            "service.contract.usage": lambda: self.usage,
            "service.contract.template": lambda: self.template,
            "service.level": lambda: self.level,
            "res.partner": lambda: self.acme,
            "account.move": lambda: self.invoice,
            "service.contract.create": lambda: wizard.create(
                wizard._prepare_values(self.invoice)
            ),
            "service.contract.pick.invoice": lambda: wizard.create(
                {"contract_id": self.draft.id}
            ),
            "service.contract.record.use": lambda: wizard.create(
                {"line_id": self.contract.line_ids.id}
            ),
            "service.contract.suspend": lambda: wizard.create(
                {"contract_ids": [Command.set(self.contract.ids)], "note": "Why"}
            ),
        }
        return made[model]().sudo(False) if model in made else self.env[model]
