from lxml import etree

from odoo.addons.service_contract.tests.common_access import (
    SECRET_PRICE,
)
from odoo.addons.service_contract.tests.common_reads import _specification

from .common_billing import BILLERS, SERVICE_FORM, SERVICE_LIST


class BillingCan:
    """From the contract to the sent invoice, with the role of Service Billing alone, by
    somebody who reads invoices besides, and by an accountant who bills.
    """

    def test_each_issues_shows_and_sends(self):
        for role in BILLERS:
            with self.subTest(role=role):
                self._issue_and_send(role)

    def _issue_and_send(self, role):
        contract = self._make_contract(self.acme, activate=True)
        mine = self._as(role, contract)
        self._show(mine, "form")
        dialog = self._open_issue(role, contract)
        (shown,) = self._show(dialog, "form")
        self.assertEqual(shown["ready_count"], 1)
        self._request()
        action = dialog.action_make_drafts()
        move = self._open(role, action)
        form = action["views"][0][0]
        (shown,) = self._show(move, "form", SERVICE_FORM)
        self.assertEqual(form, self.env.ref(SERVICE_FORM).id)
        self.assertEqual(shown["amount_total"], SECRET_PRICE)
        self._show(move, "list", SERVICE_LIST)
        self._request()
        move.action_service_post()
        self._request()
        self.assertEqual(move.state, "posted")
        self.assertEqual(move.sudo().write_uid, self.roles[role])
        (shown,) = self._show(move, "form", SERVICE_FORM)
        self.assertEqual(shown["state"], "posted")
        # the smart buttons: to the contract, and back to the invoice
        self._request()
        there = move.action_service_view_contract()
        self.assertEqual(there["res_id"], contract.id)
        self.assertEqual(mine.renewal_move_count, 1)
        self.assertEqual(mine.action_view_renewal_moves()["res_id"], move.id)
        self._write_to_customer(role, move)
        self._send_one(role, move)

    def _write_to_customer(self, role, move):
        """In the chatter, people talk about the invoice."""
        move.message_post(body="Will you pay?", subtype_xmlid="mail.mt_comment")
        message = move.message_ids[0]
        self.assertEqual(message.author_id, self.roles[role].partner_id)

    def test_many_are_issued_and_sent_at_once(self):
        for role in BILLERS:
            contracts = self.env["service.contract"].union(
                *(self._make_contract(self.acme, activate=True) for _time in range(3))
            )
            dialog = self._open_issue(role, contracts)
            action = dialog.action_issue()
            self.assertEqual(action["tag"], "service_contract_renewal.issue")
            self._request()
            answer = dialog.action_issue_portion(action["params"]["line_ids"], True)
            self.assertEqual((len(answer["done"]), answer["failed"]), (3, []))
            moves = self._env(role)["account.move"].browse(answer["done"])
            self.assertEqual(set(moves.mapped("state")), {"posted"})
            self._show(moves, "list", SERVICE_LIST)
            action = moves.action_service_send()
            wizard = self._env(role, **action["context"])[action["res_model"]]
            arch = etree.fromstring(wizard.get_view(False, "form")["arch"])
            (shown,) = wizard.web_save({}, _specification(wizard, arch))
            self._request()
            wizard.browse(shown["id"]).action_send_and_print()
            moves.invalidate_recordset()
            self.assertTrue(all(moves.mapped("sending_data")), role)
            with self.enter_registry_test_mode():
                self.env.ref(
                    "account.ir_cron_account_move_send"
                ).method_direct_trigger()
            moves.invalidate_recordset()
            self.assertTrue(all(moves.mapped("is_move_sent")), role)

    def test_services_beyond_the_rights_are_billed(self):
        mine = self._as("billing", self.usage_beyond)
        move = self._open("billing", mine.action_bill())
        (shown,) = self._show(move, "form", SERVICE_FORM)
        self.assertEqual(shown["amount_untaxed"], SECRET_PRICE)
        move.action_service_post()
        self.assertEqual(move.state, "posted")

    def test_a_draft_is_refreshed_and_deleted(self):
        self.waiting.renewal_term_ids.filtered(lambda term: term.cycle == 2).amount = (
            SECRET_PRICE + 1
        )
        mine = self._as("billing", self.drafted)
        (shown,) = self._show(mine, "form", SERVICE_FORM)
        self.assertIn("The fee is", shown["service_stale"])
        mine.action_service_refresh()
        self.assertEqual(mine.amount_untaxed, SECRET_PRICE + 1)
        mine.action_service_cancel()
        self.assertFalse(self.drafted.exists())
        self.assertFalse(self.waiting.renewal_is_billed)

    def test_which_form_opens(self):
        """Ours where Odoo's own can't be read; accountants keep Odoo's."""
        ours = self.env.ref(SERVICE_FORM).id
        for role, expected in (
            ("billing", ours),
            ("billing_reader", False),
            ("billing_accountant", False),
            ("accountant_only", False),
        ):
            mine = self._as(role, self.posted)
            form = mine.get_formview_id()
            self.assertEqual(form == ours, bool(expected), role)
            if not expected:
                self._show(mine, "form")
                self._show(self._as(role, self.sale), "form")
        self.assertTrue(self._as("billing", self.posted).has_access("read"))

    def test_the_list_of_service_invoices_holds_nothing_else(self):
        action = self.env.ref("service_contract_renewal.account_move_service_action")
        env = self._env("billing")
        everything = env["account.move"].search([])
        self.assertLessEqual(self.posted | self.drafted, everything)
        self.assertFalse(everything.sudo() & self.others)
        self.assertFalse(everything.sudo() & (self.foreign_posted))
        self.assertEqual(set(everything.sudo().mapped("service_billing")), {"renewal"})
        self.assertTrue(action)
        # with the right to read invoices, the others come back
        reader = self._env("billing_reader")["account.move"].search([])
        self.assertIn(self.sale, reader)
