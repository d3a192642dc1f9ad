from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import ServiceContractCommon

MOVE_LOGGER = "odoo.addons.service_contract.models.account_move"


@tagged("post_install", "-at_install")
class TestAutocreate(ServiceContractCommon):
    """Posting an invoice makes its contract, and is never stopped by it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template.autocreate = "draft"

    def _failing(self, only=None):
        """Make the contracts of one invoice fail, as a broken customization would."""
        builder = type(self.env["service.contract.builder"])
        build = builder._build

        def broken(this, plans):
            if not only or any(only in plan.moves for plan in plans):
                raise ValueError("The template is broken")
            return build(this, plans)

        return patch.object(builder, "_build", broken)

    def test_draft_or_active_as_the_template_says(self):
        invoice = self._make_invoice()
        self.assertEqual(invoice.service_contract_ids.state, "draft")
        self.template.autocreate = "active"
        contract = self._make_invoice().service_contract_ids
        self.assertEqual(contract.state, "active")
        self.assertTrue(contract.service_code)
        self.template.autocreate = "none"
        self.assertFalse(self._make_invoice().service_contract_ids)

    def test_an_accountant_without_any_service_role_posts(self):
        invoice = self._make_invoice(post=False)
        self.template.autocreate = "active"
        invoice.with_user(self.accountant).action_post()
        self.assertEqual(invoice.state, "posted")
        contract = invoice.sudo().service_contract_ids
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.user_id, invoice.invoice_user_id)

    def test_only_products_that_name_a_template(self):
        self.assertFalse(self._make_invoice([self.chair]).service_contract_ids)

    def test_the_company_can_switch_it_off(self):
        self.company.service_autocreate = False
        self.assertFalse(self._make_invoice().service_contract_ids)

    def test_posting_again_makes_no_second_contract(self):
        invoice = self._make_invoice()
        contract = invoice.service_contract_ids
        invoice.button_draft()
        invoice.action_post()
        self.assertEqual(invoice.service_contract_ids, contract)

    def test_a_failure_never_stops_the_posting_and_is_told_once(self):
        invoice = self._make_invoice(post=False)
        with self._failing(), self.assertLogs(MOVE_LOGGER, "ERROR"):
            invoice.with_user(self.accountant).action_post()
        self.assertEqual(invoice.state, "posted")
        self.assertFalse(invoice.service_contract_ids)
        self.assertEqual(invoice.service_contract_error, "The template is broken")
        self.assertEqual(len(invoice.activity_ids), 1)
        with self._failing(), mute_logger(MOVE_LOGGER):
            invoice.action_retry_service_contract()
        self.assertEqual(len(invoice.activity_ids), 1)
        invoice.action_retry_service_contract()
        self.assertTrue(invoice.service_contract_ids)
        self.assertFalse(invoice.service_contract_error)
        self.assertFalse(invoice.activity_ids)

    def test_one_bad_invoice_of_many_does_not_take_the_others_along(self):
        moves = self.env["account.move"].union(
            *[self._make_invoice(post=False) for _n in range(5)]
        )
        bad = moves[2]
        with self._failing(only=bad), mute_logger(MOVE_LOGGER):
            moves.action_post()
        self.assertEqual(moves.mapped("state"), ["posted"] * 5)
        self.assertEqual(
            [bool(move.service_contract_ids) for move in moves],
            [True, True, False, True, True],
        )
        self.assertEqual(moves.filtered("service_contract_error"), bad)

    def test_an_error_in_the_database_leaves_the_posting_clean(self):
        invoice = self._make_invoice(post=False)
        builder = type(self.env["service.contract.builder"])

        def broken(this, plans):
            this.env.cr.execute("SELECT 1 / 0")

        with (
            patch.object(builder, "_build", broken),
            mute_logger(MOVE_LOGGER, "odoo.sql_db"),
        ):
            invoice.action_post()
        self.assertEqual(invoice.state, "posted")
        self.assertTrue(invoice.name.startswith("INV/"))
        self.assertTrue(invoice.service_contract_error)

    def test_the_nightly_job_tries_again_the_next_day(self):
        with self._failing(), mute_logger(MOVE_LOGGER):
            invoice = self._make_invoice()
        cron = self.env.ref("service_contract.ir_cron_retry_service_contracts")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.assertFalse(invoice.service_contract_ids)
        with freeze_time("2099-01-01"), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        invoice.invalidate_recordset()
        self.assertTrue(invoice.service_contract_ids)
        self.assertFalse(invoice.service_contract_error)

    def test_an_invoice_that_is_no_longer_posted_makes_nothing_at_night(self):
        with self._failing(), mute_logger(MOVE_LOGGER):
            invoice = self._make_invoice()
        invoice.button_draft()
        cron = self.env.ref("service_contract.ir_cron_retry_service_contracts")
        with freeze_time("2099-01-01"), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        invoice.invalidate_recordset()
        self.assertFalse(invoice.service_contract_ids)
        self.assertFalse(invoice.service_contract_error)

    def test_a_contract_made_by_hand_clears_the_failure(self):
        with self._failing(), mute_logger(MOVE_LOGGER):
            invoice = self._make_invoice()
        invoice.with_user(self.salesperson)._create_service_contracts()
        self.assertFalse(invoice.service_contract_error)
        self.assertFalse(invoice.activity_ids)

    def test_a_line_entered_again_makes_no_second_contract(self):
        invoice = self._make_invoice()
        contract = invoice.service_contract_ids
        invoice.button_draft()
        self.assertIn("reset to draft", contract.activity_ids.summary)
        invoice.invoice_line_ids.unlink()
        invoice.invoice_line_ids = [
            Command.create({"product_id": self.machine.id, "tax_ids": []})
        ]
        invoice.action_post()
        self.assertEqual(invoice.service_contract_ids, contract)

    def test_whoever_is_told_can_open_what_failed(self):
        invoice = self._make_invoice(post=False)
        invoice.invoice_user_id = self.accountant
        with self._failing(), mute_logger(MOVE_LOGGER):
            invoice.action_post()
        told = invoice.activity_ids.user_id
        self.assertTrue(told.has_group("service_contract.group_service_technician"))
