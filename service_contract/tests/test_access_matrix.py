from odoo.fields import Command
from odoo.tests import tagged

from .common_access import READ, SERVICE_USERS, AccessCommon
from .common_access_checks import AccessMatrix

# Who may do what: r read, w write, c create, d delete. Roles that aren't named may
# nothing. Contracts and what belongs to them are drafts here, since what was agreed
# has its own rules further below; portal users read their own running contract.
MATRIX = {
    "service.contract": {"technician": "r", "portal": "r", SERVICE_USERS: "rwcd"},
    "service.contract.item": {"technician": "r", SERVICE_USERS: "rwcd"},
    "service.contract.line": {"technician": "r", SERVICE_USERS: "rwcd"},
    "service.contract.usage": {"technician": "r", SERVICE_USERS: "r", "manager": "rw"},
    "service.contract.template": {
        "technician": "r",
        SERVICE_USERS: "r",
        "manager": "rwcd",
    },
    "service.contract.template.line": {
        "technician": "r",
        SERVICE_USERS: "r",
        "manager": "rwcd",
    },
    "service.level": {"technician": "r", SERVICE_USERS: "r", "manager": "rwcd"},
    "service.contract.tag": {
        "technician": "r",
        SERVICE_USERS: "rwc",
        "manager": "rwcd",
    },
    # The system opens these dialogs on what the person may take; nobody forges one.
    "service.contract.create": {SERVICE_USERS: "rw"},
    "service.contract.create.line": {SERVICE_USERS: "rw"},
    "service.contract.pick.invoice": {SERVICE_USERS: "rw"},
    "service.contract.pick.invoice.line": {SERVICE_USERS: "rw"},
    "service.contract.record.use": {SERVICE_USERS: "rwc"},
    "service.contract.suspend": {"manager": "rwc"},
    # Source invoices: our addon grants no right on them.
    "account.move": {"accountant": "rwcd", "salesperson": "r", "portal": "r"},
    "account.move.line": {"accountant": "rwcd", "salesperson": "r", "portal": "r"},
}
ROLES = (
    "technician",
    *SERVICE_USERS,
    "internal",
    "portal",
    "portal_stranger",
    "public",
)


@tagged("post_install", "-at_install")
class TestAccessMatrix(AccessCommon, AccessMatrix):
    """Contracts and what belongs to them, by role."""

    addon = "service_contract"
    matrix = MATRIX
    tried_roles = ROLES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._make_invoice()
        cls.draft_invoice = cls._make_invoice(post=False)

    def _get_record(self, model, operation, role):
        contract = self.contract if operation == READ else self.draft
        invoice = self.invoice if operation == READ else self.draft_invoice
        return {
            "service.contract": lambda: contract,
            "service.contract.item": lambda: contract.item_ids,
            "service.contract.line": lambda: contract.line_ids,
            "service.contract.usage": lambda: self.usage,
            "service.contract.template": lambda: self.template,
            "service.contract.template.line": lambda: self.template.line_ids,
            "service.level": lambda: self.level,
            "service.contract.tag": lambda: self.tag,
            "account.move": lambda: invoice,
            "account.move.line": lambda: invoice.invoice_line_ids,
        }.get(model, lambda: self._get_dialog(model, role))()

    def _get_dialog(self, model, role):
        """Return a dialog as the system makes it for the person with ``role``."""
        owner = self.roles[role]
        wizard = self.env[model].with_user(owner).sudo()
        if model == "service.contract.create":
            return wizard.create(wizard._prepare_values(self.invoice))
        if model == "service.contract.create.line":
            return self._get_dialog("service.contract.create", role).line_ids
        if model == "service.contract.pick.invoice.line":
            return self._get_dialog("service.contract.pick.invoice", role).choice_ids
        return wizard.create(self._get_created(model))

    def _get_created(self, model):
        part = {"contract_id": self.draft.id, "product_id": self.machine.id}
        line = {"product_id": self.visit_product.id}
        return {
            "service.contract": {"partner_id": self.acme.id},
            "service.contract.item": part,
            "service.contract.line": dict(line, contract_id=self.draft.id),
            "service.contract.usage": {
                "line_id": self.contract.line_ids.id,
                "date": "2026-01-01",
                "quantity": 1,
            },
            "service.contract.template": {"name": "New"},
            "service.contract.template.line": dict(line, template_id=self.template.id),
            "service.level": {"name": "New"},
            "service.contract.tag": {"name": "New"},
            "service.contract.create": {
                "line_ids": [
                    Command.create({"move_line_id": self.invoice.invoice_line_ids.id})
                ]
            },
            "service.contract.create.line": {
                "wizard_id": 1,
                "move_line_id": self.invoice.invoice_line_ids.id,
            },
            "service.contract.pick.invoice": {
                "contract_id": self.draft.id,
                "choice_ids": [Command.create({"move_ref": self.invoice.id})],
            },
            "service.contract.pick.invoice.line": {"wizard_id": 1, "move_ref": 1},
            "service.contract.record.use": {
                "line_id": self.contract.line_ids.id,
                "date": "2026-01-01",
            },
            "service.contract.suspend": {
                "contract_ids": [Command.set(self.contract.ids)],
                "note": "Why",
            },
            "account.move": {
                "move_type": "out_invoice",
                "partner_id": self.acme.id,
                "company_id": self.company_a.id,
            },
            "account.move.line": {
                "move_id": self.draft_invoice.id,
                "name": "New",
                "price_unit": 1,
            },
        }[model]

    def _get_written(self, model):
        return {
            "service.contract": {"note": "<p>Changed</p>"},
            "service.contract.item": {"serial": "Changed"},
            "service.contract.line": {"quantity": 7},
            "service.contract.usage": {"note": "Changed"},
            "service.contract.create": {"is_confirmed": True},
            "service.contract.create.line": {"serials": "Changed"},
            "service.contract.pick.invoice": {"choice_ids": []},
            "service.contract.pick.invoice.line": {"is_chosen": True},
            "service.contract.record.use": {"note": "Changed"},
            "service.contract.suspend": {"note": "Changed"},
            "account.move": {"ref": "Changed"},
            "account.move.line": {"name": "Changed"},
        }.get(model, {"sequence": 5} if "line" in model else {"name": "Changed"})
