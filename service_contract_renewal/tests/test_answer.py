from dateutil.relativedelta import relativedelta

from odoo import fields, http
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import HttpCase, freeze_time, tagged

from .common_reminder import ASK, BILL, ReminderCommon

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@tagged("post_install", "-at_install")
class TestAnswer(ReminderCommon, HttpCase):
    """The customer answers by the link of a mail, without any account."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        today = fields.Date.today()
        cls.dates = {
            "date_start": today - relativedelta(months=11),
            "date_anchor": today - relativedelta(months=11),
        }
        cls.contract = cls._make_renewable(user_id=cls.dispatcher.id, **cls.dates)
        cls.contract.sudo().renewal_is_due = True

    def _path(self, contract=None, answer=None):
        contract = contract or self.contract
        return contract._get_answer_url(answer).removeprefix(contract.get_base_url())

    def _answer(self, answer, path=None, **values):
        self.authenticate(None, None)
        response = self.url_open(
            f"{path or self._path()}/answer",
            data={
                "csrf_token": http.Request.csrf_token(self),
                "answer": answer,
                **values,
            },
        )
        self.env.invalidate_all()
        return response

    def test_opening_the_link_decides_nothing(self):
        for answer in (None, "accept", "decline", "ask"):
            response = self.url_open(self._path(answer=answer))
            self.assertEqual(response.status_code, 200)
            self.assertIn(self.contract.name, response.text)
        self.env.invalidate_all()
        self.assertFalse(self.contract.renewal_decision)
        self.assertEqual(self.contract.renewal_state, "due")

    def test_accepting_makes_the_draft_and_a_task_for_billing(self):
        response = self._answer("accept")
        self.assertIn("Thank you for renewing", response.text)
        self.assertEqual(self.contract.renewal_decision, "accepted")
        self.assertEqual(self.contract.renewal_move_ids.state, "draft")
        self.assertTrue(self.contract.activity_search([BILL]))

    def test_a_double_click_is_one_click(self):
        self._answer("accept")
        response = self._answer("accept")
        self.assertIn("Thank you for renewing", response.text)
        self.assertEqual(len(self.contract.renewal_ids), 1)

    def test_declining_with_a_reason(self):
        self._answer("decline", reason=self.reason.id, text="Budget cut")
        self.assertEqual(self.contract.renewal_state, "declined")
        self.assertEqual(self.contract.renewal_reason_id, self.reason)
        self.assertIn("Budget cut", str(self.contract.message_ids.mapped("body")))

    def test_a_made_up_reason_is_none(self):
        self._answer("decline", reason="999999")
        self.assertEqual(self.contract.renewal_state, "declined")
        self.assertFalse(self.contract.renewal_reason_id)

    def test_they_change_their_mind_until_the_invoice_is_posted(self):
        self._answer("decline")
        self._answer("accept")
        self.assertEqual(self.contract.renewal_state, "accepted")
        self._answer("decline")
        self.assertEqual(self.contract.renewal_state, "declined")
        self.assertFalse(self.contract.renewal_move_ids)
        self._answer("accept")
        self.contract.renewal_move_ids.with_user(self.billing).action_service_post()
        response = self._answer("decline")
        self.assertIn("has been issued", response.text)
        self.assertEqual(self.contract.renewal_state, "invoiced")
        page = self.url_open(self._path())
        self.assertIn("See and pay the invoice", page.text)
        self.assertNotIn("Yes, renew my contract", page.text)

    def test_a_question_is_a_task_with_the_text(self):
        response = self._answer("ask", text=f"Is the spare part included? {HOSTILE}")
        self.assertIn("Thank you for your question", response.text)
        task = self.contract.activity_search([ASK])
        self.assertEqual(task.user_id, self.dispatcher)
        self.assertIn("Is the spare part included?", task.note)
        self.assertNotIn("<script>", task.note)
        self.assertNotIn("<img", task.note)
        for body in self.contract.message_ids.mapped("body"):
            self.assertNotIn("<script>", body)
            self.assertNotIn("<img", body)
        self.assertFalse(self.contract.renewal_decision)

    def test_an_empty_question_and_too_many(self):
        self.assertIn("write your question", self._answer("ask", text="  ").text)
        for number in range(7):
            self._answer("ask", text=f"Question {number}")
        self.assertEqual(len(self.contract.activity_search([ASK])), 5)

    def test_forged_and_old_links_open_nothing(self):
        path = self._path()
        other = self._make_renewable(**self.dates)
        forged = [
            path[:-2],
            path[:-1] + ("A" if path[-1] != "A" else "B"),
            "/service-renewal/x",
            "/service-renewal/" + "A" * 200,
            f"/service-renewal/{self.contract.id}",
            f"/service-renewal/{self.contract._portal_ensure_token()}",
        ]
        for link in forged:
            self.assertIn("work any more", self.url_open(link).text, link)
            self.assertIn("work any more", self._answer("accept", path=link).text)
        with freeze_time(self.contract.date_end + relativedelta(days=367)):
            self.assertFalse(
                self.env["service.contract"]._find_by_answer_token(path.split("/")[-1])
            )
        self.assertFalse((self.contract | other).filtered("renewal_decision"))

    def test_a_link_is_for_its_own_period(self):
        path = self._path()
        self.contract.sudo().cycle = 2
        self.assertIn("work any more", self.url_open(path).text)

    def test_without_the_token_of_the_session_nothing_is_taken(self):
        self.authenticate(None, None)
        response = self.url_open(
            f"{self._path()}/answer", data={"answer": "accept", "csrf_token": "x"}
        )
        self.assertEqual(response.status_code, 400)
        self.env.invalidate_all()
        self.assertFalse(self.contract.renewal_decision)

    def test_the_page_speaks_thai(self):
        self.env["res.lang"]._activate_lang("th_TH")
        self.env["ir.module.module"]._load_module_terms(
            ["service_contract", "service_contract_renewal"], ["th_TH"]
        )
        self.customer.lang = "th_TH"
        self.assertIn("ต่อสัญญา", self.url_open(self._path()).text)

    def test_the_portal_shows_what_waits(self):
        user = self._create_new_portal_user()
        user.partner_id.parent_id = self.customer
        self.authenticate(user.login, user.login)
        page = self.url_open(f"/my/service-contracts/{self.contract.id}").text
        self.assertIn("Will you renew?", page)
        listed = self.url_open("/my/service-contracts?filterby=renewal").text
        self.assertIn(self.contract.name, listed)
        self._pay(self._issue(self.contract))
        self.authenticate(user.login, user.login)
        listed = self.url_open("/my/service-contracts?filterby=renewal").text
        self.assertNotIn(self.contract.name, listed)

    def test_an_open_invoice_on_the_portal(self):
        user = self._create_new_portal_user()
        user.partner_id.parent_id = self.customer
        move = self._issue(self.contract)
        self.authenticate(user.login, user.login)
        page = self.url_open(f"/my/service-contracts/{self.contract.id}").text
        self.assertIn(move.name, page)
        self.assertIn(move.access_token, page)

    # === THE BOARD === #

    def test_dragging_a_card_decides(self):
        card = self.contract.with_user(self.dispatcher)
        card.write({"renewal_state": "accepted"})
        self.assertEqual(self.contract.renewal_decision, "accepted")
        card.write({"renewal_state": "due"})
        self.assertFalse(self.contract.renewal_decision)
        for state in ("invoiced", "renewed", "lapsed", "none"):
            with self.assertRaisesRegex(UserError, "nobody decides"):
                card.write({"renewal_state": state})
        with self.assertRaisesRegex(RedirectWarning, "say why"):
            card.write({"renewal_state": "declined"})
        self.assertEqual(self.contract.renewal_state, "due")

    def test_nobody_else_drags(self):
        with self.assertRaises(AccessError):
            self.contract.with_user(self.technician).write(
                {"renewal_state": "accepted"}
            )
        with self.assertRaises(AccessError):
            self.env["service.contract"].with_user(self.manager).create(
                {
                    "partner_id": self.customer.id,
                    "renewal_state": "renewed",
                }
            )
