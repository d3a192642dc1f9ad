import json
from functools import partial

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.service_contract.tests.common_access import (
    SECRET_PRICE,
    SECRET_PRICE_TEXT,
)
from odoo.addons.service_contract.tests.common_reads import _specification

from .common_access import RenewalAccessCommon

BILLERS = ("billing", "billing_reader", "billing_accountant")
SERVICE_FORM = "service_contract_renewal.account_move_view_form_service"
SERVICE_LIST = "service_contract_renewal.account_move_view_list_service"


class BillingCommon(RenewalAccessCommon):
    """A database with several companies and invoices of every kind."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sale = cls._make_invoice()
        cls.sale_draft = cls._make_invoice(post=False)
        cls.sale_b = cls._make_invoice(company=cls.company_b)
        cls.bill = cls._make_bill()
        cls.refund = cls._make_invoice(move_type="out_refund")
        cls.paid_sale = cls._make_invoice(partner=cls.beta)
        cls.payment = cls._make_payment(cls.paid_sale)
        cls.entry = cls.payment.move_id or cls.paid_sale
        cls.usage_beyond = cls._make_billable_use()
        cls.others = cls.sale | cls.sale_draft | cls.sale_b | cls.bill | cls.refund
        cls.others |= cls.paid_sale | cls.entry

    def _env(self, role, **context):
        self.env.flush_all()
        self.env.invalidate_all()
        context = {"lang": "en_US", **context}
        return self.env(user=self.roles[role], su=False, context=context)

    def _open(self, role, action):
        """Return the record that ``action`` shows the person."""
        return self._env(role)[action["res_model"]].browse(action["res_id"])

    def _request(self):
        """Begin another request of the client: nothing is left in the cache of what
        was read for somebody else.
        """
        self.env.flush_all()
        self.env.invalidate_all()

    def _show(self, records, kind, view=False):
        """Read what the web client reads to show ``records``, by the real view."""
        self._request()
        view = view and self.env.ref(view).id
        arch = etree.fromstring(records.get_view(view, kind)["arch"])
        return records.web_read(_specification(records, arch))

    def _send_one(self, role, move):
        """By Odoo's own dialog, as the client opens it: onchange, save, button."""
        self._request()
        action = move.action_service_send()
        wizard = self._env(role, **action["context"])[action["res_model"]]
        arch = etree.fromstring(wizard.get_view(False, "form")["arch"])
        specification = _specification(wizard, arch)
        self._request()
        wizard.onchange({}, [], specification)
        self._request()
        (shown,) = wizard.web_save({}, specification)
        self._request()
        wizard = wizard.browse(shown["id"])
        wizard.action_send_and_print(allow_fallback_pdf=True)
        move.invalidate_recordset()
        pdf = move.invoice_pdf_report_id
        self.assertTrue(pdf)
        self.assertTrue(move.is_move_sent)
        (mail,) = move.message_ids.filtered(
            lambda message: message.attachment_ids and message.partner_ids
        )
        self.assertEqual(mail.partner_ids, self.acme)


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


@tagged("post_install", "-at_install")
class TestBillingPages(BillingCommon, HttpCase):
    """The pages that the browser opens beside the client: preview and files."""

    def test_preview_and_download(self):
        self._send_one("billing", self._as("billing", self.posted))
        mine = self._as("billing", self.posted)
        login = self.roles["billing"].login
        self.authenticate(login, f"{login}-password")
        url = mine.preview_invoice()["url"]
        self.env.flush_all()
        page = self.url_open(url)
        self.assertEqual(page.status_code, 200)
        self.assertIn(self.posted.name, page.text)
        pdf = self.posted.invoice_pdf_report_id
        answer = self.url_open(f"/account/download_invoice_attachments/{pdf.id}")
        self.assertEqual(answer.status_code, 200)
        answer = self.url_open(f"/account/download_invoice_documents/{mine.id}/pdf")
        self.assertEqual(answer.status_code, 200)
        for report in (
            "account.report_invoice_with_payments",
            "account.report_invoice",
        ):
            for paid in (False, True):
                if paid and self.posted.payment_state == "not_paid":
                    self._make_payment(self.posted)
                self.env.flush_all()
                with mute_logger("odoo.http", "odoo.sql_db"):  # Odoo stamps the invoice
                    printed = self.url_open(f"/report/html/{report}/{mine.id}")
                self.assertEqual(printed.status_code, 200)
                self.assertIn(self.posted.name, printed.text)
        for move in self.sale | self.bill | self.refund | self.foreign_posted:
            with mute_logger("odoo.http", "odoo.addons.base.models.ir_rule"):
                answer = self.url_open(
                    f"/account/download_invoice_documents/{move.id}/pdf"
                )
                printed = self.url_open(
                    f"/report/html/account.report_invoice_with_payments/{move.id}"
                )
            self.assertNotEqual(answer.status_code, 200, move.name)
            self.assertNotIn(move.name, printed.text)


class BillingCanNot:
    """What Service Billing can't, with the role alone; what accounting can isn't its
    business.
    """

    def _refuse(self, attempts):
        """Check that each attempt is refused, and tell those that aren't."""
        wrong = [
            what for what, attempt in attempts.items() if not self._refused(attempt)
        ]
        self.assertEqual(wrong, [])

    def _mine(self, records):
        return self._as("billing", records).with_context(lang="en_US")

    def test_post(self):
        attempts = {}
        for move in self.sale_draft | self.drafted:
            mine = self._mine(move)
            attempts |= {
                f"post {move}": mine.action_post,
                f"post softly {move}": partial(mine._post, soft=False),
                f"write state {move}": partial(mine.write, {"state": "posted"}),
            }
        mine = self._mine(self.sale_draft)
        attempts["our button, another's invoice"] = mine.action_service_post
        mine = self._mine(self.sale_draft | self.drafted)
        attempts["our button, one among ours"] = mine.action_service_post
        mine = self._mine(self.foreign_drafted)
        attempts["our button, other company"] = mine.action_service_post
        refund = self._make_credit_note()
        attempts["our button, a credit note"] = self._mine(refund).action_service_post
        attempts["our button, posted already"] = self._mine(
            self.posted
        ).action_service_post
        self._refuse(attempts)

    def _make_credit_note(self):
        """Make the draft that ending a contract early leaves to the accountant."""
        wizard = self.env["service.renewal.terminate"].create(
            {
                "contract_id": self.contract.id,
                "date_end": self.contract._today(),
                "reason_id": self.reason.id,
                "credit_amount": 10,
            }
        )
        wizard.action_terminate()
        refund = self.env["account.move"].search(
            [("service_contract_id", "=", self.contract.id)]
        )
        self.assertEqual(refund.move_type, "out_refund")
        return refund

    def test_write_any_move_or_line(self):
        attempts = {}
        for move in self.others | self.posted | self.drafted | self.foreign_drafted:
            mine, line = self._mine(move), self._mine(move.line_ids[:1])
            attempts |= {
                f"write {move}": partial(mine.write, {"ref": "x"}),
                f"line {move}": partial(line.write, {"price_unit": 1}),
                f"line by command {move}": partial(
                    mine.write,
                    {"invoice_line_ids": [Command.update(line.id, {"name": "x"})]},
                ),
                f"save {move}": partial(mine.web_save, {"narration": "x"}, {}),
                f"delete {move}": mine.unlink,
                f"delete line {move}": line.unlink,
                f"copy {move}": mine.copy,
            }
        values = {"move_type": "out_invoice", "partner_id": self.acme.id}
        moves = self._env("billing")["account.move"]
        attempts["create"] = partial(moves.create, values)
        attempts["create a line"] = partial(
            moves.line_ids.create, {"move_id": self.drafted.id, "name": "x"}
        )
        self._refuse(attempts)

    def test_cancel_reset_reverse_and_pay(self):
        attempts = {}
        for move in self.sale | self.drafted | self.posted | self.bill:
            mine = self._mine(move)
            env = self._env("billing", active_model="account.move", active_ids=move.ids)
            attempts |= {
                f"cancel {move}": mine.button_cancel,
                f"reset {move}": mine.button_draft,
                f"reverse {move}": mine._reverse_moves,
                f"reverse by dialog {move}": partial(
                    lambda e, m: (
                        e["account.move.reversal"]
                        .create({"journal_id": m.journal_id.id})
                        .refund_moves()
                    ),
                    env,
                    move,
                ),
                f"pay {move}": partial(
                    lambda e: (
                        e["account.payment.register"]
                        .create({})
                        .action_create_payments()
                    ),
                    env,
                ),
                f"reconcile {move}": lambda m=mine: m.line_ids.reconcile(),
                f"mark as checked {move}": partial(mine.write, {"checked": True}),
            }
        for move in self.posted | self.foreign_drafted | self.sale_draft:
            mine = self._mine(move)
            attempts[f"delete draft {move}"] = mine.action_service_cancel
            attempts[f"refresh {move}"] = mine.action_service_refresh
        attempts["send a draft"] = self._mine(self.drafted).action_service_send
        attempts["send another's"] = self._mine(self.sale).action_service_send
        self._refuse(attempts)
        paid = self._mine(self.paid_sale.line_ids)
        self._refuse({"undo a payment": paid.remove_move_reconcile})

    def test_who_reads_every_invoice_bills_no_other(self):
        """The buttons of service invoices take nothing else, whatever one may read."""
        attempts = {}
        for role in ("billing_reader", "billing_accountant"):
            draft, sale = self._as(role, self.sale_draft), self._as(role, self.sale)
            self.assertTrue((draft | sale).has_access("read"))
            attempts |= {
                f"{role} post": draft.action_service_post,
                f"{role} post among ours": (
                    draft | self._as(role, self.drafted)
                ).action_service_post,
                f"{role} delete": draft.action_service_cancel,
                f"{role} refresh": draft.action_service_refresh,
                f"{role} send": sale.action_service_send,
            }
        many = (self.sale | self.paid_sale).ids
        attempts |= {
            "reader sends": partial(
                self._send, self._env("billing_reader", active_ids=self.sale.ids)
            ),
            "reader sends many": partial(
                self._send_many, self._env("billing_reader", active_ids=many)
            ),
        }
        self._refuse(attempts)

    def test_a_draft_that_was_posted_before_isn_t_deleted(self):
        self.posted.button_draft()
        with self.assertRaisesRegex(UserError, "was posted"):
            self._mine(self.posted).action_service_cancel()

    def test_read_print_or_send_what_isn_t_theirs(self):
        attempts = {}
        for move in self.others | self.foreign_posted | self.foreign_drafted:
            mine = self._mine(move)
            line = self._mine(move.line_ids[:1])
            with_it = {"active_model": "account.move", "active_ids": move.ids}
            env = self._env("billing", **with_it)
            both = self._env(
                "billing",
                active_model="account.move",
                active_ids=[self.posted.id, move.id],
            )
            attempts |= {
                f"read {move}": partial(mine.read, ["name"]),
                f"web_read {move}": partial(mine.web_read, {"amount_total": {}}),
                f"attribute {move}": partial(getattr, mine, "amount_total"),
                f"read line {move}": partial(line.read, ["debit"]),
                f"export {move}": partial(mine.export_data, ["name"]),
                f"preview {move}": mine.preview_invoice,
                f"chatter {move}": partial(mine.message_post, body="x"),
                f"messages {move}": partial(mine.read, ["message_ids"]),
                f"send {move}": partial(self._send, env),
                f"send many {move}": partial(self._send_many, env),
                f"send among ours {move}": partial(self._send_many, both),
                f"slip into the dialog {move}": partial(self._slip_in, move),
            }
        self._refuse(attempts)

    def test_the_same_ways_are_open_to_what_is_theirs(self):
        """Otherwise the test above would prove nothing."""
        ids = self.posted.ids
        mine = self._mine(self.posted)
        env = self._env("billing", active_model="account.move", active_ids=ids)
        another = self._bill(self.contract)
        another._post_service_invoices()
        both = self._env("billing", active_ids=[*ids, another.id])
        for way in (
            partial(mine.read, ["name"]),
            partial(mine.export_data, ["name"]),
            partial(mine.line_ids.read, ["debit"]),
            mine.preview_invoice,
            partial(mine.message_post, body="x"),
            partial(self._send, env),
            partial(self._send_many, both),
            partial(self._slip_in, another),
        ):
            self.assertTrue(self._may(way, AccessError, UserError), way)

    def _send(self, env):
        env["account.move.send.wizard"].create({}).action_send_and_print(
            allow_fallback_pdf=True
        )

    def _send_many(self, env):
        wizard = env["account.move.send.batch.wizard"].create({})
        wizard.action_send_and_print()

    def _slip_in(self, move):
        """Open the dialog on an invoice of one's own, then put another one into it."""
        env = self._env("billing", active_ids=self.posted.ids)
        wizard = env["account.move.send.wizard"].create({})
        wizard.write({"move_id": move.id})
        wizard.action_send_and_print(allow_fallback_pdf=True)

    def test_another_s_attachment_isn_t_sent_along(self):
        secret = self.env["ir.attachment"].create(
            {
                "name": "bill.pdf",
                "raw": b"%PDF secret",
                "res_model": "account.move",
                "res_id": self.bill.id,
            }
        )
        own = secret.copy({"res_id": self.posted.id, "name": "terms.pdf"})

        def send(attachment):
            env = self._env("billing", active_ids=self.posted.ids)
            wizard = env["account.move.send.wizard"].create({})
            wizard.mail_attachments_widget = [
                *wizard.mail_attachments_widget,
                {
                    "id": attachment.id,
                    "name": "more.pdf",
                    "mimetype": "application/pdf",
                    "manual": True,
                },
            ]
            self._request()
            wizard.action_send_and_print(allow_fallback_pdf=True)

        self._refuse({"send": partial(send, secret)})
        self.assertTrue(self._may(partial(send, own), AccessError, UserError))

    def test_no_search_group_or_sum_tells_of_other_invoices(self):
        """Neither by domains and groups, nor through other models that lead there."""
        env = self._env("billing")
        moves, lines = env["account.move"], env["account.move.line"]
        for model in (moves, lines):
            (group,) = model.formatted_read_group(
                [("company_id", "in", (self.company_a | self.company_b).ids)],
                [],
                ["__count"],
            )
            own = model.sudo().search_count(
                [
                    ("company_id", "=", self.company_a.id),
                    (
                        "service_billing"
                        if model._name == "account.move"
                        else "move_id.service_billing",
                        "!=",
                        False,
                    ),
                ]
            )
            self.assertEqual(group["__count"], own)
        self.assertFalse(moves.search([("id", "in", self.others.ids)]))
        self.assertFalse(lines.search([("move_id", "in", self.others.ids)]))
        self.assertFalse(moves.name_search(self.bill.name))
        partners = env["res.partner"].search([("invoice_ids.ref", "=", "Bill")])
        self.assertFalse(partners)

    def test_call_an_invoice_theirs(self):
        """By RPC on create and write, by defaults in the context or kept for oneself:
        not even people of accounting link an invoice to a contract.
        """
        attempts = {}
        values = {"move_type": "out_invoice", "partner_id": self.acme.id}
        forged = {"service_billing": "renewal", "service_contract_id": self.contract.id}
        for role in ("billing", "billing_accountant", "accountant"):
            for name, value in forged.items():
                mine = self._as(role, self.sale_draft)
                by_default = mine.browse().with_context(**{f"default_{name}": value})
                attempts |= {
                    f"{role} write {name}": partial(mine.write, {name: value}),
                    f"{role} create {name}": partial(
                        mine.create, {**values, name: value}
                    ),
                    f"{role} copy {name}": partial(mine.copy, {name: value}),
                    f"{role} default {name}": partial(by_default.create, values),
                    f"{role} kept default {name}": partial(
                        self._create_with_kept_default, mine, name, value, values
                    ),
                }
        self._refuse(attempts)

    def _create_with_kept_default(self, mine, name, value, values):
        mine.env["ir.default"].set(mine._name, name, value, user_id=True)
        self.env.flush_all()
        mine.create(values)

    def test_accountants_make_invoices_as_ever(self):
        """Otherwise the test above would prove nothing."""
        values = {"move_type": "out_invoice", "partner_id": self.acme.id}
        for role in ("billing_accountant", "accountant", "accountant_only"):
            mine = self._as(role, self.sale_draft)
            self.assertFalse(mine.copy().service_billing)
            self.assertFalse(mine.create(values).service_billing)
            mine.write({"ref": "x"})

    def test_change_the_settings_of_accounting(self):
        journal = self.posted.journal_id
        tax = self.company_data["default_tax_sale"]
        account = self.company_data["default_account_revenue"]
        term = self.env["account.payment.term"].create({"name": "Never"})
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        attempts = {}
        for record in (journal, tax, account, term, position):
            mine = self._mine(record)
            attempts |= {
                f"write {record}": partial(mine.write, {"name": "Changed"}),
                f"create {record}": partial(mine.create, {"name": "New"}),
                f"delete {record}": mine.unlink,
            }
        product = self._mine(self.fee_product)
        attempts |= {
            "account of a product": partial(
                product.write, {"property_account_income_id": account.id}
            ),
            "taxes of a product": partial(product.write, {"taxes_id": False}),
            "settings": partial(
                self._mine(self.company_a).write, {"service_fee_product_id": False}
            ),
            "settings dialog": lambda: (
                self._env("billing")["res.config.settings"].create({}).execute()
            ),
        }
        self._refuse(attempts)

    def test_read_payments_statements_and_the_like(self):
        statement_line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "amount": SECRET_PRICE,
                "payment_ref": "Secret",
            }
        )
        reconciled = self.paid_sale.line_ids.matched_credit_ids
        self.assertTrue(reconciled)
        attempts = {}
        for record in (self.payment, statement_line, reconciled):
            mine = self._mine(record)
            attempts[f"read {record}"] = partial(mine.read, ["write_date"])
            attempts[f"search {record}"] = partial(mine.search, [])
        attempts["report"] = lambda: self._env("billing")[
            "account.invoice.report"
        ].search([])
        self._refuse(attempts)

    def test_journals_tell_no_figures(self):
        """The journal that may be read has a dashboard with everybody's totals."""
        for journal in (self.sale | self.bill).journal_id:
            mine = self._mine(journal)

            def ask(mine=mine):
                told = ""
                for name in ("kanban_dashboard", "kanban_dashboard_graph"):
                    told += json.dumps(mine.read([name]), default=str)
                for secret in SECRET_PRICE_TEXT:
                    if secret in told:
                        raise AssertionError(told)

            self._may(ask, AccessError)

    def test_partner_banks_as_any_employee(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "123", "partner_id": self.beta.id}
        )
        for operation in ("read", "write", "create", "unlink"):
            self.assertEqual(
                self._mine(bank).has_access(operation),
                self._as("internal", bank).has_access(operation),
            )

    def test_forge_the_dialog(self):
        """A row names its contract and invoice to its owner: nobody puts others in."""
        dialog = self._open_issue("billing", self.contract)
        foreign = self._open_issue("billing_b", self.foreign)
        other = self._open_issue("billing_reader", self.contract)
        row = dialog.line_ids
        env = dialog.env
        attempts = {
            "contract of another company": partial(
                row.write, {"contract_id": self.foreign.id}
            ),
            "contract by command": partial(
                dialog.write,
                {
                    "line_ids": [
                        Command.update(row.id, {"contract_id": self.foreign.id})
                    ]
                },
            ),
            "invoice": partial(row.write, {"move_id": self.bill.id}),
            "invoice by command": partial(
                dialog.web_save,
                {"line_ids": [Command.update(row.id, {"move_id": self.bill.id})]},
                {},
            ),
            "problem": partial(row.write, {"problem": False}),
            "first period": partial(dialog.write, {"is_first": True}),
            "asked for": partial(row.write, {"has_amount": False}),
            "new row": partial(
                row.create, {"wizard_id": dialog.id, "contract_id": self.foreign.id}
            ),
            "new row by command": partial(
                dialog.write,
                {"line_ids": [Command.create({"contract_id": self.foreign.id})]},
            ),
            "new dialog": partial(dialog.create, {}),
            "another's row": partial(
                dialog.write, {"line_ids": [Command.link(other.line_ids.id)]}
            ),
            "another's dialog": env[dialog._name].browse(other.id).action_issue,
            "another's portion": partial(
                env[dialog._name].browse(other.id).action_issue_portion,
                other.line_ids.ids,
            ),
            "another's invoices": env[dialog._name].browse(other.id).action_view_moves,
            "other company's": env[dialog._name].browse(foreign.id).action_issue,
        }
        self._refuse(attempts)
        answer = dialog.action_issue_portion(foreign.line_ids.ids, True)
        self.assertEqual(answer, {"done": [], "failed": []})

    def test_a_dialog_opened_before_the_role_was_lost(self):
        """Who is no longer of billing issues nothing from a dialog left open."""
        dialog = self._open_issue("billing", self.contract)
        self.roles["billing"].write(
            {
                "group_ids": [
                    Command.unlink(
                        self.env.ref("service_contract.group_service_billing").id
                    )
                ]
            }
        )
        self._refuse({"issue": dialog.action_issue})

    def test_what_the_system_keeps(self):
        """State, decision, links and dates follow from the rest: by RPC and by
        defaults, no role sets them.
        """
        kept = {
            "service.contract": {
                "renewal_state": "renewed",
                "renewal_decision": "accepted",
                "renewal_is_due": True,
                "renewal_is_billed": True,
                "renewal_due_on": "2020-01-01",
                "renewal_fee": 1,
                "has_renewal_fee": True,
                "carry_due_on": "2020-01-01",
            },
            "service.contract.line": {"renewed_from_id": self.contract.line_ids.id},
            "service.renewal": {
                "move_id": self.drafted.id,
                "amount": 1,
                "state": "renewed",
                "cycle": 9,
                "date_start": "2020-01-01",
            },
            "service.contract.usage": {
                "billing_move_id": self.drafted.id,
                "is_to_bill": False,
                "carried_from_id": self.contract.line_ids.id,
            },
        }
        records = {
            "service.contract": self.draft,
            "service.contract.line": self.draft.line_ids,
            "service.renewal": self.billed.renewal_ids,
            "service.contract.usage": self.usage_beyond,
        }
        born = {
            "service.contract": {"partner_id": self.acme.id},
            "service.contract.line": {
                "contract_id": self.draft.id,
                "product_id": self.visit_product.id,
            },
            "service.renewal": {
                "contract_id": self.contract.id,
                "date_end": "2030-01-01",
            },
            "service.contract.usage": {
                "line_id": self.contract.line_ids.id,
                "date": "2026-01-01",
                "quantity": 1,
            },
        }
        attempts = {}
        for model, fields_ in kept.items():
            for name, value in fields_.items():
                for role in ("user", "manager", "billing", "billing_accountant"):
                    mine = self._as(role, records[model])
                    by_default = mine.browse().with_context(
                        **{f"default_{name}": value}
                    )
                    key = f"{role} {model} {name}"
                    attempts |= {
                        f"{key} write": partial(mine.write, {name: value}),
                        f"{key} create": partial(
                            mine.create, {**born[model], name: value}
                        ),
                    }
                    if value:
                        attempts[f"{key} default"] = partial(
                            by_default.create, born[model]
                        )
        self._refuse(attempts)

    def test_fees_and_base_are_a_manager_s(self):
        contract, terms = self.contract, self.contract.renewal_term_ids
        changes = {
            "term": lambda r: self._as(r, terms[0]).write({"amount": 1}),
            "new term": lambda r: self._as(r, terms).create(
                {"contract_id": contract.id, "cycle": 7, "percent": 1}
            ),
            "term by command": lambda r: self._as(r, contract).write(
                {"renewal_term_ids": [Command.update(terms[0].id, {"percent": 1})]}
            ),
            "delete term": lambda r: self._as(r, terms[0]).unlink(),
            "term moved in": lambda r: self._as(
                r, self.draft.renewal_term_ids[0]
            ).write({"contract_id": contract.id, "cycle": 8}),
            "term moved out": lambda r: self._as(r, terms[0]).write(
                {"contract_id": self.draft.id, "cycle": 8}
            ),
            "term into a template": lambda r: self._as(
                r, self.draft.renewal_term_ids[0]
            ).write(
                {"contract_id": False, "template_id": self.template.id, "cycle": 8}
            ),
            "term of a template": lambda r: self._as(
                r, self.template.renewal_term_ids
            ).write({"amount": 1}),
            "new term of a template": lambda r: self._as(r, terms).create(
                {"template_id": self.template.id, "cycle": 7, "percent": 1}
            ),
            "kind of base": lambda r: self._as(r, contract).write(
                {"renewal_base": "before_discount"}
            ),
            "base": lambda r: self._as(r, contract).write(
                {"renewal_base": "manual", "renewal_base_amount": 1}
            ),
            "first period": lambda r: self._as(r, contract).write(
                {"bill_first_period": True}
            ),
            "fee product": lambda r: self._as(r, contract).write(
                {"renewal_product_id": self.visit_product.id}
            ),
            "carry": lambda r: self._as(r, contract).write(
                {"carry_after_suspension": True}
            ),
            "next rights": lambda r: self._as(r, contract.line_ids).write(
                {"quantity_next": 99}
            ),
        }
        wrong = []
        for what, change in changes.items():
            for role in ("technician", "user", "billing", "accountant", "manager"):
                may = not self._refused(partial(change, role))
                if may != (role == "manager"):
                    wrong.append((what, role))
        self.assertEqual(wrong, [])

    def test_another_fee_than_was_agreed_is_billed_by_managers(self):
        """A fee that nobody agreed on is typed by whoever bills."""
        manager = self._make_user(
            "access_billing_manager",
            "service_contract.group_service_billing,"
            "service_contract.group_service_manager",
        )
        self.roles["billing_manager"] = manager
        open_fee = self._make_contract(self.acme, activate=True, renewal_term_ids=[])
        for role, contract, may in (
            ("billing", self.contract, False),
            ("billing", open_fee, True),
            ("billing_manager", self.contract, True),
        ):
            dialog = self._open_issue(role, contract)
            row = dialog.line_ids
            self.assertEqual(bool(row.problem), contract == open_fee)
            row.write({"amount": 5})
            self.assertEqual(not row.problem, may, row.problem)
            answer = dialog.action_issue_portion(row.ids, True)
            self.assertEqual(bool(answer["done"]), may)
            if may:
                move = contract._get_live_renewal().move_id
                self.assertEqual(move.amount_untaxed, 5)

    def test_see_or_bill_another_company(self):
        env = self._env("billing")
        foreign = env["service.contract"].browse(self.foreign.id)
        renewals = env["service.renewal"]
        attempts = {
            "contract": partial(foreign.read, ["name"]),
            "bill it": foreign.action_issue_renewal,
            "bill it with ours": (
                foreign | self._mine(self.contract)
            ).action_issue_renewal,
            "make it": foreign._create_renewal_invoices,
            "decide": foreign.action_renewal_accept,
            "decline": foreign.action_renewal_decline,
            "period": partial(
                renewals.browse(self.billed_b.renewal_ids.id).read, ["amount"]
            ),
            "fees": partial(
                env["service.renewal.term"]
                .browse(self.foreign.renewal_term_ids.ids)
                .read,
                ["amount"],
            ),
            "services": self._mine(self._make_billable_use(self.foreign)).action_bill,
        }
        self._refuse(attempts)
        self.assertFalse(renewals.search([("company_id", "=", self.company_b.id)]))

    def test_other_roles_bill_nothing(self):
        """A dispatcher, a manager, an accountant without the role."""
        for role in ("user", "manager", "accountant", "salesperson"):
            self._refuse(
                {
                    f"{role} issue": self._as(role, self.contract).action_issue_renewal,
                    f"{role} make": self._as(
                        role, self.contract
                    )._create_renewal_invoices,
                    f"{role} post": self._as(role, self.drafted).action_service_post,
                    f"{role} bill": self._as(role, self.usage_beyond).action_bill,
                }
            )


class OtherRoles:
    """Technicians see no money, dispatchers decide, customers see nothing new."""

    def test_a_dispatcher_opens_any_contract_with_everything_in_it(self):
        for role in ("user", "manager", "billing", "billing_reader", "accountant"):
            for contract in self.contract | self.billed | self.waiting | self.draft:
                (shown,) = self._show(self._as(role, contract), "form")
                self.assertIn("renewal_preview", shown)
            self._show(self._as(role, self.billed | self.waiting), "list")
            self._show(
                self._as(role, self.contract | self.billed),
                "list",
                "service_contract_renewal.service_contract_view_list_to_bill",
            )
            self._show(
                self._as(role, self.usage_beyond),
                "list",
                "service_contract_renewal.service_contract_usage_view_list_to_bill",
            )
            self._show(self._as(role, self.template), "form")
            self._show(self._as(role, self.billed.renewal_ids), "list")

    def test_a_dispatcher_opens_the_contract_whose_service_was_billed(self):
        self._as("billing", self.usage_beyond).action_bill()
        for role in ("user", "technician"):
            self._show(self._as(role, self.contract), "form")
            self._show(self._as(role, self.contract.line_ids), "form")
            self._show(self._as(role, self.contract.line_ids.usage_ids), "list")

    def test_a_technician_opens_the_contract_too(self):
        for contract in self.contract | self.billed | self.waiting:
            (shown,) = self._show(self._as("technician", contract), "form")
            self.assertNotIn("renewal_fee", shown)
            self.assertNotIn("48271", json.dumps(shown, default=str))

    def test_a_dispatcher_records_what_the_customer_decided(self):
        mine = self._as("user", self.contract)
        mine.action_renewal_accept()
        move = self.contract._get_live_renewal().move_id
        self.assertEqual(move.state, "draft")
        self._show(mine, "form")
        self.assertFalse(self._as("user", move).has_access("read"))
        self.assertTrue(self._refused(self._as("user", move).action_service_post))
        wizard = mine.env["service.renewal.decline"].create(
            {"contract_ids": mine.ids, "reason_id": self.reason.id}
        )
        wizard.action_decline()
        self.assertEqual(self.contract.renewal_state, "declined")
        self.assertFalse(move.exists())

    def test_accepted_and_declined_in_one_go(self):
        """The draft that accepting made is still known when it is taken back."""
        self.contract.action_renewal_accept()
        renewal = self.contract.renewal_ids
        move = renewal.move_id
        self.contract.action_renewal_decline(self.reason)
        self.assertFalse(move.exists())
        self.assertEqual(renewal.state, "freed")
        self.assertFalse(self.contract.renewal_is_billed)

    MONEY = {
        "service.contract": (
            "renewal_base_amount",
            "renewal_base_difference",
            "renewal_fee",
            "has_renewal_fee",
            "renewal_preview",
            "renewal_term_ids",
            "renewal_move_ids",
            "renewal_move_count",
        ),
        "service.renewal": ("amount", "move_id", "move_name"),
        "service.renewal.term": ("percent", "amount", "cycle"),
        "service.contract.usage": (
            "price_extra",
            "amount_extra",
            "billing_move_id",
            "is_to_bill",
        ),
        "service.contract.template": ("renewal_term_ids",),
        "account.move": ("name", "amount_total", "service_stale"),
        "account.move.line": ("price_subtotal", "name"),
    }

    def _money_records(self):
        return {
            "service.contract": self.billed,
            "service.renewal": self.billed.renewal_ids,
            "service.renewal.term": self.billed.renewal_term_ids,
            "service.contract.usage": self.usage_beyond,
            "service.contract.template": self.template,
            "account.move": self.posted,
            "account.move.line": self.posted.invoice_line_ids,
        }

    def test_a_technician_has_no_way_to_money(self):
        """Read, searched, sorted, grouped, exported, through a related model."""
        roots = {
            "service.renewal": ("service.contract", "renewal_ids"),
            "service.contract.usage": ("service.contract.line", "usage_ids"),
            "service.contract": ("service.renewal", "contract_id"),
            "service.renewal.term": ("service.contract", "renewal_term_ids"),
        }
        open_ways, closed = [], []
        for model, names in self.MONEY.items():
            for role, found in (("technician", open_ways), ("billing", closed)):
                mine = self._as(role, self._money_records()[model])
                for name in names:
                    stored = mine._fields[name].store
                    ways = {
                        "read": partial(mine.read, [name]),
                        "web_read": partial(mine.web_read, {name: {}}),
                        "attribute": partial(
                            lambda m, n: [record[n] for record in m], mine, name
                        ),
                        "export": partial(mine.export_data, ["id", name]),
                    }
                    if role == "technician":
                        ways |= {
                            "search": partial(mine.search, [(name, "!=", False)]),
                            "order": partial(mine.search, [], order=name),
                            "group": partial(
                                mine.formatted_read_group, [], [name], ["__count"]
                            ),
                            "sum": partial(
                                mine.formatted_read_group, [], [], [f"{name}:max"]
                            ),
                            "onchange": partial(self._ask, mine, name),
                        }
                        if model in roots and stored:
                            other, path = roots[model]
                            other = mine.env[other]
                            ways["path"] = partial(
                                other.search, [(f"{path}.{name}", "!=", False)]
                            )
                            ways["path read"] = partial(
                                lambda o, p, n: o.search([]).web_read(
                                    {p: {"fields": {n: {}}}}
                                ),
                                other,
                                path,
                                name,
                            )
                    for way, attempt in ways.items():
                        may = self._may(attempt, AccessError, ValueError, UserError)
                        if may == (role == "technician"):
                            found.append((model, name, way))
        self.assertEqual(open_ways, [])
        self.assertEqual(closed, [])

    def test_a_technician_sums_no_price(self):
        """Odoo asks for no group of a related field that it reads by SQL."""
        usage = self._as("technician", self.usage_beyond)
        open_ways = [
            fname
            for fname, field in usage._fields.items()
            if field.groups and not field.store and field.related
            if self._may(
                partial(usage.formatted_read_group, [], [], [f"{fname}:max"]),
                AccessError,
                ValueError,
            )
        ]
        self.assertEqual(open_ways, [])

    def _ask(self, mine, name):
        answer = mine.onchange({}, [], {name: {}})["value"]
        if not answer.get(name):
            raise AccessError(name)
        return answer

    def test_views_show_technicians_no_money(self):
        names = {
            name
            for model in ("service.contract", "service.renewal", "account.move")
            for name in self.MONEY[model]
            if name != "name"
        }
        for model in ("service.contract", "service.contract.template"):
            views = [(False, kind) for kind in ("form", "list", "search")]
            told = {}
            for role in ("technician", "user"):
                answer = self._env(role)[model].get_views(views)
                told[role] = {
                    name
                    for arch in answer["views"].values()
                    for name in names
                    if f'"{name}"' in arch["arch"]
                }
            self.assertFalse(told["technician"])
            self.assertTrue(told["user"])

    def test_the_chatter_tells_technicians_no_amount(self):
        """Fees change, invoices are made, renewed, credited and ended early."""
        contract = self.billed
        term = contract.renewal_term_ids[0]
        self._as("manager", term).write({"amount": SECRET_PRICE + 1})
        self._as("manager", contract).write(
            {"renewal_base": "manual", "renewal_base_amount": SECRET_PRICE + 2}
        )
        self._make_payment(self.posted)
        self.assertEqual(contract.renewal_state, "renewed")
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=self.posted.ids
        ).create({"journal_id": self.posted.journal_id.id}).refund_moves()
        self.posted.reversal_move_ids.action_post()
        successor = contract.successor_id
        wizard = self.env["service.renewal.terminate"].create(
            {
                "contract_id": self.contract.id,
                "date_end": self.contract._today(),
                "reason_id": self.reason.id,
                "credit": "full",
                "credit_amount": SECRET_PRICE,
            }
        )
        wizard.action_terminate()
        self._as("user", self.waiting).action_renewal_decline(self.reason)
        self.env.flush_all()
        tracked = 0
        for one in contract | successor | self.contract | self.waiting:
            mine = self._as("technician", one)
            texts = [str(text) for text in mine.message_ids.mapped("body")]
            texts += [str(text) for text in mine.message_ids.mapped("preview")]
            for activity in mine.activity_ids:
                texts += [str(activity.note), str(activity.summary)]
            one.invalidate_recordset(["message_ids"])  # what the technician saw
            values = one.sudo().message_ids.tracking_value_ids
            tracked += len(values)
            seen = values._filter_has_field_access(mine.env)
            texts += [str(value) for value in seen.mapped("new_value_float")]
            texts += [str(value) for value in seen.mapped("old_value_float")]
            for text in texts:
                for secret in SECRET_PRICE_TEXT:
                    self.assertNotIn(secret, text)
        self.assertTrue(tracked, "or there was nothing to hide")

    def test_customers_see_nothing_new(self):
        """Of this addon, a portal user reads neither a model nor a field of their
        contract; of their invoice, what stands on it.
        """
        env = self._env("portal")
        mine = env["service.contract"].browse(self.billed.id)
        self.assertTrue(mine.name)
        told = self._get_told(mine)
        for name in ("renewal_state", "renewal_reason_id", "renewal_ids", "chain_ids"):
            self.assertNotIn(name, told)
        models = [
            name
            for name, model in self.env.registry.items()
            if model._original_module == "service_contract_renewal"
        ]
        self.assertGreater(len(models), 5)
        for model in models:
            self.assertFalse(env[model].has_access("read"), model)
        move = env["account.move"].browse(self.posted.id)
        self.assertEqual(move.amount_total, SECRET_PRICE)
        self.assertLessEqual(self._get_told(move), {"service_billing"})
        self.assertFalse(env["account.move"].browse(self.drafted.id).has_access("read"))

    def test_customers_read_no_field_of_renewals(self):
        mine = self._env("portal")["service.contract"].browse(self.billed.id)
        self.assertEqual(self._get_told(mine), set())

    def _get_told(self, mine):
        """Return the names of the fields of this addon that the person may read."""
        return {
            name
            for name in mine.fields_get()
            if mine._fields[name]._module == "service_contract_renewal"
        }


class BillingOfManyCompanies:
    """What is billed is of the contract's company, wherever the user stands."""

    def test_the_contract_s_company_decides(self):
        tax_a, tax_b = (
            self.env["account.tax"]
            .with_company(company)
            .create(
                {
                    "name": f"Tax of {company.name}",
                    "amount": rate,
                    "type_tax_use": "sale",
                    "company_id": company.id,
                    "country_id": company.account_fiscal_country_id.id,
                }
            )
            for company, rate in ((self.company_a, 7), (self.company_b, 10))
        )
        self.fee_product.taxes_id = tax_a | tax_b
        foreign = self._make_contract(
            self.acme,
            activate=True,
            company_id=self.company_b.id,
            currency_id=self.currency_b.id,
        )
        own = self._make_contract(self.acme, activate=True)
        person = self.roles["billing_of_both"]
        for company in self.company_a | self.company_b:
            env = self._env(
                "billing_of_both",
                allowed_company_ids=[
                    company.id,
                    *(person.company_ids - company).ids,
                ],
            )
            with self.subTest(company=company.name), self.env.cr.savepoint() as point:
                mine = env["service.contract"].browse((own | foreign).ids)
                action = mine.action_issue_renewal()
                dialog = env[action["res_model"]].browse(action["res_id"])
                dialog.action_issue_portion(dialog.line_ids.ids, True)
                for contract, tax in ((own, tax_a), (foreign, tax_b)):
                    move = contract._get_live_renewal().move_id
                    self.assertEqual(move.state, "posted")
                    self.assertEqual(move.company_id, contract.company_id)
                    self.assertEqual(move.journal_id.company_id, contract.company_id)
                    self.assertEqual(move.currency_id, contract.currency_id)
                    self.assertEqual(move.invoice_line_ids.tax_ids, tax)
                    accounts = move.line_ids.account_id
                    self.assertEqual(accounts.company_ids, contract.company_id)
                    row = dialog.line_ids.filtered(
                        lambda line, c=contract: line.contract_id.id == c.id
                    )
                    self.assertEqual(row.amount_total, move.amount_total)
                point.rollback()
                self.env.invalidate_all(flush=False)

    def test_services_of_two_companies_make_two_invoices(self):
        uses = self._make_billable_use() | self._make_billable_use(self.foreign)
        env = self._env("billing_of_both")
        env["service.contract.usage"].browse(uses.ids).action_bill()
        for use in uses:
            move = use.billing_move_id
            self.assertEqual(move.company_id, use.contract_id.company_id)
            self.assertEqual(move.journal_id.company_id, use.contract_id.company_id)

    def test_only_the_companies_one_stands_in(self):
        """Both are allowed, one is ticked in the company switcher."""
        env = self._env("billing_of_both", allowed_company_ids=self.company_a.ids)
        foreign = env["service.contract"].browse(self.foreign.id)
        self.assertTrue(self._refused(foreign.action_issue_renewal))
        self.assertFalse(
            env["account.move"].search([("id", "=", self.foreign_posted.id)])
        )
        self.assertTrue(fields.Date.today())


HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"


@tagged("post_install", "-at_install")
class TestBilling(
    BillingCan, BillingCanNot, OtherRoles, BillingOfManyCompanies, BillingCommon
):
    """All of them on the same ground, which takes seconds to make."""


@tagged("post_install", "-at_install")
class TestHostileRenewals(RenewalAccessCommon):
    """What people type is shown as they typed it."""

    def test_names_reasons_and_notes(self):
        self.machine.name = HOSTILE
        self.acme.name = HOSTILE
        self.fee_product.name = HOSTILE
        self.reason.name = HOSTILE
        self.visit_product.name = HOSTILE
        sale = self._make_invoice(ref=HOSTILE)
        contract = self._make_contract(self.acme, name=HOSTILE)
        contract.item_ids.write(
            {
                "name": HOSTILE,
                "serial": HOSTILE,
                "source_move_line_id": sale.invoice_line_ids.id,
            }
        )
        sale.name = HOSTILE
        contract.action_activate()
        contract.name = HOSTILE
        self._assert_harmless(contract.renewal_preview)
        self.assertIn("&lt;script&gt;", contract.renewal_preview)
        contract.action_renewal_accept()
        contract.action_renewal_decline(self.reason)
        contract.action_renewal_reopen()
        contract.line_ids.quantity_next = 7
        contract.action_renewal_accept()
        move = contract._get_live_renewal().move_id
        move.action_service_post()
        self._make_payment(move)
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"journal_id": move.journal_id.id, "reason": HOSTILE}).refund_moves()
        move.reversal_move_ids.action_post()
        ended = self._make_contract(self.acme, activate=True)
        ended.name = HOSTILE
        self.env["service.renewal.terminate"].create(
            {
                "contract_id": ended.id,
                "date_end": ended._today(),
                "reason_id": self.reason.id,
                "note": HOSTILE,
                "credit_amount": 10,
            }
        ).action_terminate()
        # a fee product of this name that can't be billed: the task says why
        self.company_a.service_fee_product_id = False
        stuck = self._make_contract(self.acme, activate=True)
        stuck.name = HOSTILE
        stuck.action_renewal_accept()
        shown = 0
        for one in contract | contract.successor_id | ended | stuck:
            for text in (
                *one.message_ids.mapped("body"),
                *one.activity_ids.mapped("note"),
            ):
                self._assert_harmless(text)
                shown += "&lt;script&gt;" in (text or "")
        self.assertGreater(shown, 3)
        self.assertTrue(stuck.activity_ids)
        self.assertIn("&lt;script&gt;", stuck.activity_ids.note)

    def _assert_harmless(self, html):
        self.assertNotIn("<script", html or "")
        self.assertNotIn("<img", html or "")
