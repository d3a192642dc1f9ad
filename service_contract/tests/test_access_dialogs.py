from functools import partial

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_access import (
    SECRET_PRICE,
    AccessCommon,
)
from .common_guards import ROLES


@tagged("post_install", "-at_install")
class TestDialogs(AccessCommon):
    """Dialogs offer what a person may take; what they send back is checked again."""

    bills_in_b = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoice = cls._make_invoice()
        cls.invoice_of_beta = cls._make_invoice(partner=cls.beta)
        cls.invoice_b = cls._make_invoice(company=cls.company_b)

    def _open(self, role, moves):
        action = self._as(role, moves).action_create_service_contract()
        return self._dialog(role, action)

    def _dialog(self, role, action):
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        return self._as(role, dialog)

    def _pick(self, role, contract):
        return self._dialog(role, self._as(role, contract).action_fill_from_invoice())

    def test_who_may_open_the_dialog_on_an_invoice(self):
        may = [
            role
            for role in ROLES
            if not self._refused(
                self._as(role, self.invoice).action_create_service_contract
            )
        ]
        self.assertEqual(set(may), {"accountant", "salesperson"})

    def test_amounts_come_from_the_invoice_whatever_the_dialog_says(self):
        """An amount written into the dialog by RPC doesn't become the contract's."""
        for forged in (
            {"amount_before": 1, "amount_after": 1},
            {"quantity": 99},
            {"move_line_id": self.invoice_of_beta.invoice_line_ids.id},
            {"covered_by": False},
        ):
            wizard = self._open("salesperson", self.invoice)
            self._may(lambda w=wizard, f=forged: w.line_ids.write(f))
            made = []
            forge = partial(self._forge, wizard, forged, made)
            self._may(forge, AccessError, UserError)
            self.assertIn(made, ([], [SECRET_PRICE, 1, self.acme.id]), forged)

    def _forge(self, wizard, forged, made):
        """Change what the dialog shows, make the contract, and tell what it has."""
        wizard.line_ids.write(forged)
        contract = wizard._create_contracts().sudo()
        made.extend(contract.item_ids.mapped("amount_after_discount"))
        made.extend(contract.item_ids.mapped("quantity"))
        made.extend(contract.partner_id.ids)

    def test_a_line_covered_meanwhile_needs_a_confirmation(self):
        """Two people open the dialog on one invoice: the second is asked."""
        first = self._open("salesperson", self.invoice)
        second = self._open("accountant", self.invoice)
        first.action_create()
        with self.assertRaisesRegex(UserError, "covered by a contract already"):
            second.action_create()

    def test_picked_invoice_shows_number_date_and_lines_only(self):
        """A service user without rights on invoices is shown no amount of theirs."""
        pick = self._pick("user", self.draft)
        offered = pick.choice_ids.sudo().mapped("move_ref")
        self.assertIn(self.invoice.id, offered)
        self.assertNotIn(self.invoice_of_beta.id, offered)
        self.assertNotIn(self.invoice_b.id, offered)
        pick.choice_ids[0].is_chosen = True
        wizard = self._dialog("user", pick.action_next())
        shown = [
            wizard.amount_invoice,
            wizard.amount_before,
            wizard.amount_after,
            *wizard.line_ids.mapped("amount_before"),
            *wizard.line_ids.mapped("amount_after"),
        ]
        self.assertEqual(set(shown), {0.0})
        before = self.draft.amount_after_discount
        wizard.action_create()
        self.assertEqual(
            self.draft.amount_after_discount, before + SECRET_PRICE, "it was taken"
        )

    def test_forged_picks(self):
        """An invoice that wasn't offered can't be picked by its number in the table."""
        for forged in (self.invoice_of_beta, self.invoice_b):
            pick = self._pick("user", self.draft)
            choice = pick.choice_ids[0]
            choice.is_chosen = True

            def forge(choice=choice, forged=forged, pick=pick):
                choice.write({"move_ref": forged.id})
                return pick.action_next()

            self.assertTrue(self._refused(forge))

    def test_contracts_that_can_t_be_added_to(self):
        """Of another customer, another company, or out of the person's reach."""
        for contract in (self.contract_of_beta, self.foreign):
            wizard = self._open("salesperson", self.invoice)

            def add(wizard=wizard, contract=contract):
                wizard.write({"mode": "add", "contract_id": contract.id})
                wizard.action_create()

            self.assertTrue(self._refused(add))

    def test_template_of_another_company_isn_t_taken(self):
        template_b = self.template.copy({"company_id": self.company_b.id})
        for mode, contract in (("each", False), ("add", self.contract.id)):
            wizard = self._open("salesperson", self.invoice)

            def take(wizard=wizard, mode=mode, contract=contract):
                wizard.write(
                    {
                        "mode": mode,
                        "contract_id": contract,
                        "template_id": template_b.id,
                    }
                )
                wizard.action_create()

            self.assertTrue(self._refused(take))

    def test_use_is_recorded_in_reach_only(self):
        for role, line in (
            ("user", self.foreign.line_ids),
            ("technician", self.contract.line_ids),
        ):
            env = self.env(user=self.roles[role], su=False)

            def record(env=env, line=line):
                wizard = env["service.contract.record.use"].create({"line_id": line.id})
                wizard.action_record()

            self.assertTrue(self._refused(record))

    def test_beyond_the_rights_is_for_managers(self):
        for role, may in (("user", False), ("billing", False), ("manager", True)):
            env = self.env(user=self.roles[role], su=False)

            def record(env=env):
                env["service.contract.record.use"].create(
                    {"line_id": self.contract.line_ids.id, "is_billable": True}
                ).action_record()

            self.assertEqual(not self._refused(record), may, role)
