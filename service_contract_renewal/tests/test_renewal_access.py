from itertools import product

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.service_contract.tests.common_access import READ, SERVICE_USERS
from odoo.addons.service_contract.tests.common_access_checks import (
    AccessMatrix,
    PublicMethods,
)

from .common_access import RenewalAccessCommon

BILLERS = ("billing", "billing_reader", "billing_accountant")
ACCOUNTANTS = ("accountant", "accountant_only", "billing_accountant")
MANAGERS = ("manager",)
USERS = (*SERVICE_USERS, "billing_reader", "billing_accountant")

# Who may do what: r read, w write, c create, d delete. Roles that aren't named may
# nothing. Fees are those of a draft, since what was agreed is a manager's to change.
MATRIX = {
    "service.renewal": {("technician", *USERS): "r"},
    "service.renewal.term": {USERS: "rwcd"},
    "service.renewal.reason": {("technician", *USERS): "r", "manager": "rwcd"},
    "service.renewal.decline": {USERS: "rwc"},
    "service.renewal.hold": {USERS: "rwc"},
    "service.renewal.stage": {("technician", *USERS): "r", "manager": "rwcd"},
    "service.renewal.notice": {USERS: "r"},
    "service.renewal.report": {USERS: "r"},
    "service.renewal.preview": {MANAGERS: "r"},
    "service.renewal.preview.line": {MANAGERS: "r"},
    "service.renewal.terminate": {"manager": "rwc"},
    # The system opens these dialogs on what the person may take; nobody forges one.
    "service.renewal.issue": {BILLERS: "rw"},
    "service.renewal.issue.line": {BILLERS: "rwd"},
    "service.renewal.base": {"manager": "rw"},
    "service.renewal.base.line": {"manager": "rw"},
    # An invoice of a service contract.
    "account.move": {
        ACCOUNTANTS: "rwcd",
        ("billing", "billing_reader", "salesperson", "portal"): "r",
    },
    "account.move.line": {
        ACCOUNTANTS: "rwcd",
        ("billing", "billing_reader", "salesperson", "portal"): "r",
    },
}
ROLES = (
    "technician",
    *USERS,
    "accountant_only",
    "internal",
    "portal",
    "portal_stranger",
    "public",
)

# Every method that this addon lets the client call, and who gets something done by it;
# None where it only describes a window to open.
BUTTONS = {
    ("service.contract", "action_issue_renewal"): BILLERS,
    ("service.contract", "action_issue_first_period"): BILLERS,
    ("service.contract", "action_renewal_accept"): USERS,
    ("service.contract", "action_renewal_decline"): USERS,
    ("service.contract", "action_renewal_reopen"): USERS,
    ("service.contract", "action_update_base"): MANAGERS,
    ("service.contract", "action_review_base"): MANAGERS,
    ("service.contract", "action_open_decline"): None,
    ("service.contract", "action_open_hold"): None,
    ("service.contract", "action_release_hold"): USERS,
    ("service.contract", "action_print_letter"): None,
    ("service.contract", "get_renewal_dashboard"): USERS,
    ("service.renewal.notice", "action_print_letters"): None,
    ("service.renewal.hold", "action_hold"): USERS,
    ("service.renewal.preview", "action_open"): MANAGERS,
    ("service.renewal.preview", "action_start"): MANAGERS,
    ("service.renewal.preview", "action_stop"): MANAGERS,
    ("service.contract", "action_open_terminate"): None,
    ("service.contract", "action_view_renewal_moves"): None,
    ("service.contract.usage", "action_bill"): BILLERS,
    ("account.move", "action_service_post"): BILLERS,
    ("account.move", "action_service_cancel"): BILLERS,
    ("account.move", "action_service_refresh"): BILLERS,
    ("account.move", "action_service_send"): BILLERS,
    ("account.move", "action_service_credit"): BILLERS,
    ("account.move", "action_service_view_contract"): None,
    ("account.move", "get_formview_id"): None,
    # Odoo's own, which give periods back: they ask for no less than Odoo does.
    ("account.move", "button_draft"): ACCOUNTANTS,
    ("account.move.reversal", "reverse_moves"): ACCOUNTANTS,
    ("account.move", "button_cancel"): ACCOUNTANTS,
    ("account.move.send.batch.wizard", "action_send_and_print"): {
        *BILLERS,
        *ACCOUNTANTS,
    },
    ("service.renewal.issue", "action_make_drafts"): BILLERS,
    ("service.renewal.issue", "action_issue"): BILLERS,
    ("service.renewal.issue", "action_issue_portion"): BILLERS,
    ("service.renewal.issue", "action_view_moves"): BILLERS,
    ("service.renewal.decline", "action_decline"): USERS,
    ("service.renewal.terminate", "action_terminate"): MANAGERS,
    ("service.renewal.base", "action_agree"): MANAGERS,
}


class RecordsCommon(RenewalAccessCommon):
    """A record of every new model, as the system makes it for a person."""

    def _get_record(self, model, operation, role):
        owner = self.roles[role]
        draft = self.drafted if operation != READ else self.posted
        records = {
            "service.renewal": lambda: self.billed.renewal_ids,
            "service.renewal.term": lambda: self.draft.renewal_term_ids[0],
            "service.renewal.reason": lambda: self.reason,
            "service.renewal.stage": lambda: self.company_a.sudo().service_stage_ids[
                :1
            ],
            "service.renewal.notice": self._get_notice,
            "service.renewal.report": lambda: self.env["service.renewal.report"].browse(
                self.contract.id
            ),
            "account.move": lambda: draft,
            "account.move.line": lambda: draft.invoice_line_ids,
        }
        if model in records:
            return records[model]()
        wizard = self.env[model].with_user(owner).sudo()
        if model == "service.renewal.preview":
            preview = wizard.create({"company_id": self.company_a.id})
            preview.line_ids = [Command.create({"contract_id": self.contract.id})]
            return preview
        if model == "service.renewal.issue":
            return wizard.browse(wizard._open_for(self.contract)["res_id"])
        if model == "service.renewal.base":
            return wizard.browse(wizard._open_for(self.contract)["res_id"])
        if model.endswith(".line"):
            parent = model.removesuffix(".line")
            return self._get_record(parent, operation, role).line_ids
        return wizard.create(self._get_created(model))

    def _get_notice(self):
        """Return what says that the customer was asked by the first stage."""
        contract = self.billed.sudo()
        return contract.notice_ids or contract.notice_ids.create(
            contract._prepare_notice_values(
                self.company_a.sudo().service_stage_ids[:1], 0, contract._today()
            )
        )

    def _get_created(self, model):
        stage = self.company_a.sudo().service_stage_ids[:1]
        return {
            "service.renewal.hold": {
                "contract_ids": [Command.set(self.contract.ids)],
                "date_until": fields.Date.add(self.contract._today(), days=9),
                "reason": "A pause",
            },
            "service.renewal.stage": {
                "name": "New",
                "company_id": self.company_a.id,
            },
            "service.renewal.notice": {
                "contract_id": self.contract.id,
                "stage_id": stage.id,
                "repeat_no": 0,
                "due_date": "2026-10-01",
                "day": "2026-10-01",
                "channel": "mail",
            },
            "service.renewal.report": {},
            "service.renewal.preview": {"company_id": self.company_a.id},
            "service.renewal.preview.line": {
                "preview_id": 1,
                "contract_id": self.contract.id,
            },
            "service.renewal": {
                "contract_id": self.contract.id,
                "cycle": 2,
                "date_start": "2027-01-01",
                "date_end": "2027-12-31",
            },
            "service.renewal.term": {"contract_id": self.draft.id, "cycle": 9},
            "service.renewal.reason": {"name": "New"},
            "service.renewal.decline": {
                "contract_ids": [Command.set(self.contract.ids)],
                "reason_id": self.reason.id,
            },
            "service.renewal.terminate": {
                "contract_id": self.contract.id,
                "date_end": self.contract._today(),
                "reason_id": self.reason.id,
            },
            "service.renewal.issue": {"is_first": True},
            "service.renewal.issue.line": {
                "wizard_id": 1,
                "contract_id": self.contract.id,
            },
            "service.renewal.base": {"contract_id": self.contract.id},
            "service.renewal.base.line": {
                "wizard_id": 1,
                "item_id": self.contract.item_ids.id,
            },
            "account.move": {
                "move_type": "out_invoice",
                "partner_id": self.acme.id,
                "company_id": self.company_a.id,
            },
            "account.move.line": {
                "move_id": self.drafted.id,
                "name": "New",
                "price_unit": 1,
            },
        }[model].copy()

    def _get_written(self, model):
        return {
            "service.renewal": {"cycle": 7},
            "service.renewal.term": {"amount": 7},
            "service.renewal.reason": {"name": "Changed"},
            "service.renewal.decline": {"reason_id": self.reason.id},
            "service.renewal.hold": {"reason": "Changed"},
            "service.renewal.stage": {"name": "Changed"},
            "service.renewal.notice": {"repeat_no": 7},
            "service.renewal.report": {"cycle": 7},
            "service.renewal.preview": {"mail_count": 7},
            "service.renewal.preview.line": {"what": "Changed"},
            "service.renewal.terminate": {"note": "Changed"},
            "service.renewal.issue": {"line_ids": []},
            "service.renewal.issue.line": {"amount": 7},
            "service.renewal.base": {"line_ids": []},
            "service.renewal.base.line": {"amount_new": 7},
            "account.move": {"ref": "Changed"},
            "account.move.line": {"name": "Changed"},
        }[model]


@tagged("post_install", "-at_install")
class TestRenewalMatrix(RecordsCommon, AccessMatrix):
    """Billed periods, fees, invoices and the dialogs about them, by role."""

    addon = "service_contract_renewal"
    matrix = MATRIX
    tried_roles = ROLES


@tagged("post_install", "-at_install")
class TestRenewalButtons(RecordsCommon, PublicMethods):
    """Buttons of renewals and their invoices, called by whoever is logged in."""

    addon = "service_contract_renewal"
    public_methods = {
        key: "harmless" if who is None else "refused" for key, who in BUTTONS.items()
    }
    strangers = ("technician", "internal", "portal", "portal_stranger", "public")
    # tells which form opens, and nothing about the invoice
    open_to = {
        ("account.move", "get_formview_id"): (*strangers, "manager_b"),
        # of their own company
        ("service.contract", "get_renewal_dashboard"): ("manager_b",),
        ("service.renewal.preview", "action_open"): ("manager_b",),
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = "manager"
        cls.first = cls._make_contract(cls.acme, activate=True, bill_first_period=True)
        cls.declined = cls._make_contract(cls.acme, activate=True)
        cls.declined.action_renewal_decline(cls.reason)
        cls.suspended = cls._make_contract(cls.acme, activate=True)
        cls.suspended.action_suspend(reason="unpaid")
        cls.beyond = cls._make_billable_use()
        another = cls._bill(cls._make_contract(cls.acme, activate=True))
        another._post_service_invoices()
        cls.many = cls.posted | another
        cls.arguments = {"action_issue_portion": [[]]}

    def test_every_button_by_every_role(self):
        """Each gets something done for those who may, and for nobody else."""
        wrong = []
        for ((model, method), who), role in product(BUTTONS.items(), ROLES):
            if who is None:
                continue
            self.owner = role
            may = bool(self._call(model, method, role))
            if may != (role in who):
                wrong.append((model, method, role, "may" if may else "may not"))
        self.assertEqual(wrong, [])

    def test_windows_open_for_service_users(self):
        """Those on invoices for Billing only: the others see none."""
        of_invoices = (
            "action_view_renewal_moves",
            "action_service_view_contract",
            "get_formview_id",
        )
        closed = [
            (model, method, role)
            for ((model, method), who), role in product(
                BUTTONS.items(), ("user", "manager", "billing")
            )
            if who is None
            and (role == "billing" or method not in of_invoices)
            and not self._call(model, method, role)
        ]
        self.assertEqual(closed, [])

    def _get_records(self, model, method):
        if model == "account.move.send.batch.wizard":
            owner = self.env[model].with_user(self.roles[self.owner]).sudo()
            return owner.create({"move_ids": self.many.ids}).sudo(False)
        if model == "account.move.reversal":
            owner = self.env[model].with_user(self.roles[self.owner]).sudo()
            values = {
                "move_ids": self.posted.ids,
                "journal_id": self.posted.journal_id.id,
                "company_id": self.posted.company_id.id,
            }
            return owner.create(values).sudo(False)
        if method == "action_print_letters":
            return self.suspended.notice_ids
        if model in MATRIX and model != "account.move":
            return self._get_record(model, READ, self.owner).sudo(False)
        sent = ("action_service_send", "action_service_credit", "button_draft")
        return {
            "action_issue_first_period": self.first,
            "action_renewal_reopen": self.declined,
            "action_print_letter": self.suspended,
            "action_bill": self.beyond,
            **dict.fromkeys(sent, self.posted),
        }.get(method, self.drafted if model == "account.move" else self.contract)
