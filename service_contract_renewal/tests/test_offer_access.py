import json

from dateutil.relativedelta import relativedelta

from odoo import http
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.service_contract.tests.common_access import SECRET_PRICE_TEXT

from .common_access import RenewalAccessCommon

REPORTS = ("report_offer", "report_suspension")


@tagged("post_install", "-at_install")
class TestOfferAccess(RenewalAccessCommon, HttpCase):
    """What a renewal costs, and the links by which it is decided, aren't everybody's
    who may see a contract.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.companies = cls.company_a | cls.company_b
        cls.companies.service_reminders_since = "2000-01-01"
        begin = cls.contract._today() - relativedelta(months=11)
        cls.contract = cls._make_contract(
            cls.acme, activate=True, date_start=begin, date_anchor=begin
        )
        cls.contract.renewal_is_due = True
        cls.contract._portal_ensure_token()
        cls.env.flush_all()

    def _log_in(self, role):
        if role == "public":
            self.authenticate(None, None)
        else:
            login = self.roles[role].login
            self.authenticate(login, f"{login}-password")

    def _get(self, url):
        with mute_logger("odoo.http", "odoo.addons.base.models.ir_rule"):
            return self.url_open(url)

    def _tells_money(self, text):
        return any(secret in text for secret in SECRET_PRICE_TEXT)

    def _path(self, contract=None, answer=None):
        contract = (contract or self.contract).sudo()
        return contract._get_answer_url(answer).removeprefix(contract.get_base_url())

    def _answer(self, role, contract=None, files=None, **values):
        self._log_in(role)
        with mute_logger("odoo.http"):
            response = self.url_open(
                f"{self._path(contract)}/answer",
                data={"csrf_token": http.Request.csrf_token(self), **values},
                files=files,
            )
        self.env.invalidate_all()
        return response

    # === TECHNICIANS === #

    def test_offers_and_links_are_for_service_users(self):
        for role, may in (("technician", False), ("user", True), ("billing", True)):
            mine = self._as(role, self.contract)
            for method in ("_get_offer_values", "_get_letter_move", "_get_answer_url"):
                with self.subTest(role=role, method=method):
                    if may:
                        getattr(mine, method)()
                    else:
                        with self.assertRaises(AccessError):
                            getattr(mine, method)()

    def test_prints_tell_technicians_and_customers_no_fee(self):
        for role in ("technician", "internal", "portal", "user"):
            self._log_in(role)
            for report in REPORTS:
                with self.subTest(role=role, report=report):
                    page = self._get(
                        f"/report/html/service_contract_renewal.{report}"
                        f"/{self.contract.id}"
                    ).text
                    told = self._tells_money(page) and "/service-renewal/" in page
                    self.assertEqual(told, role == "user")

    def test_the_customer_s_page_shows_the_fee_to_the_customer(self):
        page = f"/my/service-contracts/{self.contract.id}"
        shared = f"{page}?access_token={self.contract.access_token}"
        for role, url, may in (
            ("portal", page, True),
            ("portal_colleague", page, True),
            ("user", page, True),
            ("technician", page, False),
            ("public", shared, False),
            ("portal_stranger", shared, False),
        ):
            with self.subTest(role=role):
                self._log_in(role)
                text = self._get(url).text
                self.assertIn(self.contract.name, text)
                self.assertEqual(self._tells_money(text), may)
                self.assertEqual("/service-renewal/" in text, may)

    def test_an_invoice_is_shown_to_whoever_pays_it(self):
        page = f"/my/service-contracts/{self.billed.id}"
        for role, may in (("portal", True), ("technician", False)):
            self._log_in(role)
            text = self._get(page).text
            self.assertEqual(self.posted.name in text, may, role)
        self.company_a.service_renew_on = "posting"
        self.posted.sudo()._renew_if_paid()
        successor = self.billed.successor_id
        self.assertTrue(successor)
        self.assertIn(self.posted, successor._get_portal_values()["renewal_moves"])
        successor.partner_id = successor.partner_invoice_id = self.beta
        self.assertFalse(successor._get_portal_values()["renewal_moves"])

    def test_what_was_sent_is_read_by_service_users_only(self):
        self.contract._remind()
        self.acme.email = self.anna.email = False
        self.billed.action_suspend(reason="unpaid")
        self.assertEqual(self.billed.notice_ids.mapped("channel"), ["post"])
        self.env.flush_all()
        notices = (self.contract | self.billed).notice_ids
        messages = notices.message_id
        attachments = messages.attachment_ids | notices.mail_id.attachment_ids
        self.assertEqual(len(messages), 2)
        self.assertGreaterEqual(len(attachments), 2)
        self.assertTrue(any(map(self._tells_money, messages.mapped("body"))))
        self.env.invalidate_all()
        for record in (*messages, *attachments, *notices):
            with self.subTest(record=record):
                self.assertTrue(self._as("user", record).has_access("read"))
                self.assertFalse(self._as("technician", record).has_access("read"))
        for one in self.contract | self.billed:
            bodies = self._as("technician", one).message_ids.mapped("body")
            self.assertFalse(any(map(self._tells_money, bodies)))

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_a_template_renders_for_technicians_no_fee(self):
        template = self.env.ref("service_contract_renewal.mail_template_offer")
        for role, told in (("user", True), ("technician", False)):
            preview = self.env["mail.template.preview"].with_user(self.roles[role])
            preview = preview.create(
                {
                    "mail_template_id": template.id,
                    "resource_ref": f"service.contract,{self.contract.id}",
                }
            )
            shown = f"{preview.body_html} {preview.error_msg}"
            self.assertEqual(self._tells_money(shown), told, role)
        with self.assertRaises(UserError):
            self._as("technician", template).send_mail(self.contract.id)

    def test_a_technician_decides_nothing_on_the_page(self):
        for answer in ("accept", "decline"):
            page = self._answer("technician", answer=answer)
            self.assertIn("Only service users", page.text)
            self.assertFalse(self.contract.renewal_decision)
        self._answer("user", answer="decline", reason=str(self.reason.id))
        self.assertEqual(self.contract.renewal_decision, "declined")
        said = str(self.contract.message_ids.mapped("body"))
        self.assertIn(f"by {self.roles['user'].name}", said)
        self.assertNotIn("by the customer", said)

    # === THE LINK === #

    def test_a_link_ends_with_its_customer_and_its_contract(self):
        path = self._path()
        self.assertIn(self.contract.name, self._get(path).text)
        self.contract.partner_id = self.beta
        self.env.flush_all()
        self.assertNotIn(self.contract.name, self._get(path).text)
        path = self._path()
        self.assertIn(self.contract.name, self._get(path).text)
        self.contract.active = False
        self.env.flush_all()
        self.assertNotIn(self.contract.name, self._get(path).text)
        self.contract.active = True
        self.contract.action_cancel()
        self.env.flush_all()
        self.assertNotIn(self.contract.name, self._get(path).text)

    def test_who_was_ended_or_put_on_hold_by_hand_calls(self):
        self.contract.action_suspend()
        page = self._answer("public", answer="accept").text
        self.assertIn("is suspended. Please call us", page)
        self.contract.action_resume()
        self.contract._terminate(self.contract._today(), self.reason)
        page = self._answer("public", answer="accept").text
        self.assertIn("renewed here. Please call us", page)
        self.assertEqual(self.contract.renewal_decision, "declined")
        self.contract.action_renewal_reopen()
        self.assertFalse(self.contract.is_ended_early)

    def test_forged_forms_are_refused_in_peace(self):
        answer = self._answer("public", answer="ask", files={"text": ("a.txt", b"x")})
        self.assertEqual(answer.status_code, 200)
        self.assertIn("Please write your question", answer.text)
        answer = self._answer("public", answer="ask", text="a\0b" + "x" * 5000)
        self.assertEqual(answer.status_code, 200)
        [task] = self.contract.activity_search(
            ["service_contract_renewal.mail_activity_type_question"]
        )
        self.assertIn("abxx", task.note)
        self.assertLess(len(task.note), 2100)
        page = self._get(f"{self._path()}?done=accept").text
        self.assertNotIn("You renew", page)

    def test_house_words_stay_in_the_house(self):
        """What is wrong with the settings of accounting is no customer's business."""

        words = "Account 4711 is missing"

        def fail(contracts):
            contracts._write_quietly({"renewal_decision": "accepted"})
            raise UserError(words)

        self.patch(self.registry["service.contract"], "action_renewal_accept", fail)
        with mute_logger("odoo.addons.service_contract_renewal.controllers.renewal"):
            page = self._answer("public", answer="accept")
        self.assertNotIn("4711", page.text)
        self.assertIn("take your answer just now", page.text)
        self.assertFalse(self.contract.renewal_decision, "nothing is half-written")

    def test_only_reasons_that_are_offered_are_seen(self):
        hidden = self.reason.copy({"name": "Bad payer", "is_offered": False})
        self.assertNotIn("Bad payer", self._get(self._path(answer="decline")).text)
        self._answer("public", answer="decline", reason=str(hidden.id))
        self.assertFalse(self.contract.renewal_reason_id)

    def test_the_counter_is_the_list(self):
        for role, seen in (("portal", True), ("portal_stranger", False)):
            self._log_in(role)
            listed = self._get("/my/service-contracts?filterby=renewal").text
            self.assertEqual(self.contract.name in listed, seen, role)
            answer = self.url_open(
                "/my/counters",
                data=json.dumps({"params": {"counters": ["service_renewal_count"]}}),
                headers={"Content-Type": "application/json"},
            ).json()
            count = answer["result"]["service_renewal_count"]
            self.assertEqual(count, 1 if seen else 0, role)

    # === SETTINGS === #

    def test_a_stage_stays_in_its_own_company(self):
        stage = self.company_a.sudo().service_stage_ids[:1]
        template = self.template.copy({"company_id": self.company_b.id})
        for values in (
            {"company_id": self.company_b.id},
            {"template_id": template.id},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                with self.env.cr.savepoint():
                    self._as("manager", stage).write(values)
        self.env.invalidate_all()
        self.assertEqual(stage.company_id, self.company_a)

    def test_stages_write_about_contracts_only(self):
        stage = self._as("manager", self.company_a.sudo().service_stage_ids[:1])
        mails = self.env["mail.template"]
        other = mails.create(
            {"name": "Invoice", "model_id": self.env["ir.model"]._get_id("res.partner")}
        )
        printing = mails.create(
            {
                "name": "With an invoice",
                "model_id": self.env["ir.model"]._get_id("service.contract"),
                "report_template_ids": [
                    Command.link(self.env.ref("account.account_invoices").id)
                ],
            }
        )
        for mail in other | printing:
            with self.assertRaises(ValidationError):
                stage.mail_template_id = mail
        # changed behind the back of the stage
        template = self.contract._get_due_reminder()[0].mail_template_id
        template.report_template_ids = self.env.ref("account.account_invoices")
        with self.assertRaisesRegex(UserError, "isn't printed"):
            self.contract._remind()

    def test_other_companies_see_nothing(self):
        self.contract._remind()
        stage = self.company_a.sudo().service_stage_ids[:1]
        report = self.env["service.renewal.report"].browse(self.contract.id)
        for record in (stage, self.contract.notice_ids, report):
            with self.subTest(record=record):
                self.assertTrue(self._as("manager", record).has_access("read"))
                self.assertFalse(self._as("manager_b", record).has_access("read"))
                found = record.with_user(self.manager_b).search([])
                self.assertFalse(record & found)

    def test_what_the_system_keeps_of_renewals(self):
        today = str(self.contract._today())
        for name, value in (
            ("reminder_hold_until", "2030-01-01"),
            ("reminder_hold_reason", "Me"),
            ("renewal_reason_id", self.reason.id),
            ("suspended_on", today),
            ("is_ended_early", True),
        ):
            with self.subTest(name=name), self.assertRaises(AccessError):
                self._as("manager", self.contract).write({name: value})
        for role in ("user", "manager", "billing"):
            with self.assertRaises(AccessError):
                self._as(role, self.company_a).service_reminders_since = today

    def test_customers_read_no_setting_about_money(self):
        with self.assertRaises(AccessError):
            self._as("portal", self.company_a).read(["service_paid_enough"])
