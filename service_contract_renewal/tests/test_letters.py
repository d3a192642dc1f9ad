from odoo.tests import freeze_time, tagged

from .common_reminder import ReminderCommon

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
TEMPLATES = ("offer", "last_call", "payment", "suspension")


@tagged("post_install", "-at_install")
@freeze_time("2026-12-01 03:00:00")
class TestLetters(ReminderCommon):
    """What the customer reads: the offer, the mails, the letter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # else Odoo asks for the layout of documents first
        cls.company.external_report_layout_id = cls.env.ref(
            "web.external_layout_standard"
        )
        cls.env["res.lang"]._activate_lang("th_TH")
        cls.env["ir.module.module"]._load_module_terms(
            ["service_contract", "service_contract_renewal"], ["th_TH"]
        )
        cls.dispatcher.write({"name": "Nok", "email": "nok@example.com"})
        cls.dispatcher.partner_id.phone = "02 765 4321"
        tax = cls.company_data["default_tax_sale"].copy({"amount": 7, "name": "VAT 7"})
        cls.fee_product.taxes_id = tax
        cls.contract = cls._make_renewable(
            user_id=cls.dispatcher.id,
            item_ids=[(0, 0, {"product_id": cls.machine.id, "serial": "JK-77"})],
            lines=[
                {"product_id": cls.service_visit.id, "quantity": 4},
                {
                    "product_id": cls.service_phone.id,
                    "quantity": 10,
                    "carry_over": "limited",
                    "carry_over_max": 2,
                },
                {
                    "product_id": cls.service_warranty.id,
                    "is_unlimited": True,
                    "is_warranty": True,
                    "on_renewal": "once",
                    "date_end": "2027-12-31",
                },
            ],
        )
        visit, phone, _warranty = cls.contract.line_ids
        visit._consume(3)
        phone._consume(5)

    def _print(self, report, contracts=None, day="2026-12-01"):
        with freeze_time(f"{day} 03:00:00"):
            return self._render(report, contracts or self.contract)

    def _render(self, report, contracts):
        html, _kind = self.env["ir.actions.report"]._render_qweb_html(
            f"service_contract_renewal.report_{report}",
            contracts.ids,
        )
        return " ".join(html.decode().split())

    def _suspend(self, reason="not_renewed", day="2027-01-16"):
        self._run(self.expiry_job, "2027-01-01 03:00:00")
        with freeze_time(f"{day} 03:00:00"):
            self.contract.action_suspend(reason=reason)

    def test_the_offer_says_what_was_and_what_comes(self):
        html = self._print("offer")
        for text in (
            self.contract.name,
            "December 31, 2026",  # when it ends
            "JK-77",  # what is covered
            "Preventive visit",
            ">4</td>",  # promised
            ">3</td>",  # given
            "ends with the period",  # what becomes of the visit that is left
            "2 carried into the next period, the rest ends",
            "January 1, 2027 – December 31, 2027",
            "30,000.00",
            "2,100.00",  # the tax
            "32,100.00",
            'alt="QR code"',
            "/service-renewal/",
            "Nok",
            "02 765 4321",
        ):
            self.assertIn(text, html)
        self.assertNotIn("Warranty", html.split("The next period")[1])

    def test_an_offer_without_a_fee_says_so(self):
        self.contract.renewal_term_ids.unlink()
        html = self._print("offer")
        self.assertIn("agreed with you before the next period begins", html)
        self.assertNotIn("30,000", html)

    def test_the_mail_of_an_offer_has_all_three_answers(self):
        self._run_all("2026-12-01")
        body = self.contract.notice_ids.mail_id.body_html
        for answer in ("accept", "decline", "ask"):
            self.assertIn(f"?answer={answer}", body)
        self.assertIn("32,100.00", body)

    def test_the_letter_names_what_is_lost_and_the_way_back(self):
        self._suspend()
        html = self._print("suspension", day="2027-01-20")
        for text in (
            "Since <strong>January 16, 2027",
            "It ended on December 31, 2026, and we received no renewal",
            "Preventive visit",
            ">1</span>",
            "Phone support",
            ">5</span>",
            "carried into the next",
            "How to come back",
            "January 1, 2027 – December 31, 2027",
            "32,100.00",
            'alt="QR code"',
            "Renew online",
            "Nok",
            "02 765 4321",
        ):
            self.assertIn(text.replace("'", "&#39;"), html)
        # a warranty that would go on is lost, too
        self.assertIn("Warranty", html.split("How to come back")[0])
        self.assertIn("until December 31, 2027", html)

    def test_what_becomes_of_the_rest_is_what_became_of_it(self):
        phone = self.contract.line_ids[1]
        self.assertIn("2 carried", phone._get_fate())
        self._suspend()
        self.assertEqual(phone._get_fate(), "ends with the period")
        with freeze_time("2027-02-01 03:00:00"):
            self._pay(self._issue(self.contract))
        self.assertFalse(self.contract._has_letter())
        self.assertEqual(phone._get_fate(), "ends with the period", "paid, and lost")

    def test_an_offer_that_is_free_of_charge(self):
        self.contract.renewal_term_ids.percent = 0
        self.assertIn("Free of charge", self._print("offer"))
        self._run_all("2026-12-01")
        self.assertIn("Free of charge", self.contract.notice_ids.mail_id.body_html)

    def test_after_the_end_the_offer_says_so(self):
        self._run(self.expiry_job, "2027-01-01 03:00:00")
        html = self._print("offer", day="2027-01-02")
        self.assertIn("ended on <strong>December 31, 2026", html)
        self.assertIn("January 15, 2027", html)

    def test_every_mail_is_signed(self):
        for name in TEMPLATES:
            template = self.env.ref(f"service_contract_renewal.mail_template_{name}")
            body = template._render_field("body_html", self.contract.ids)
            body = body[self.contract.id]
            for text in ("Yours sincerely", "Nok", "02 765 4321", self.company.name):
                self.assertIn(text, body, name)

    def test_the_letter_about_an_open_invoice(self):
        move = self._issue(self.contract)
        self._suspend("unpaid")
        html = self._print("suspension")
        self.assertIn(f"Invoice {move.name}, due on", html)
        self.assertIn("32,100.00", html)
        self.assertIn("See the invoice", html)
        page = self.contract._get_offer_values()
        self.assertEqual(page["move"], move)
        self._pay(move)
        self.assertFalse(self.contract._get_offer_values()["move"])

    def test_the_letter_of_a_period_that_began_without_payment(self):
        """Its link leads to the invoice of this period, and offers no other one."""
        self.company.service_renew_on = "posting"
        move = self._issue(self.contract)
        successor = self.contract.successor_id
        self._run(self.expiry_job, "2027-01-01 03:00:00")
        with freeze_time("2027-01-20 03:00:00"):
            successor.action_suspend(reason="unpaid")
        self.assertIn(move.name, self._print("suspension", successor))
        self.assertEqual(successor._get_offer_values()["move"], move)
        self.assertIn("is still open", successor._get_answer_problem())
        self._pay(move)
        self.assertFalse(successor._get_answer_problem())

    def test_in_thai(self):
        self.customer.lang = "th_TH"
        self.company.service_buddhist_dates = True
        html = self._print("offer")
        for text in ("31 ธันวาคม 2569", "1 มกราคม 2570", "งวดถัดไป", "32,100.00"):
            self.assertIn(text, html)
        self._suspend()
        html = self._print("suspension", day="2027-01-20")
        for text in ("16 มกราคม 2570", "ระงับ", "Preventive visit", "ต่อสัญญาทางออนไลน์"):
            self.assertIn(text, html)
        for text in ("suspended", "Renew", "Scan", "Promised", "2026", "2027"):
            self.assertNotIn(text, html.replace(self.contract.name, ""))

    def test_the_last_call_says_until_when(self):
        template = self.env.ref("service_contract_renewal.mail_template_last_call")

        def render():
            bodies = template._render_field("body_html", self.contract.ids)
            return " ".join(str(bodies[self.contract.id]).split())

        self._run(self.expiry_job, "2027-01-01 03:00:00")
        self.assertIn("January 15, 2027", render())
        self.assertIn("the rights that are left will be lost", render())
        self.contract.carry_after_suspension = True
        self.assertNotIn("will be lost", render())
        self.assertIn("it will be suspended", render())
        self.company.service_suspends = False
        self.assertNotIn("suspended", render())

    def test_who_left_the_house_signs_nothing(self):
        self.dispatcher.active = False
        self._run_all("2026-12-01")
        mail = self.contract.notice_ids.mail_id
        self.assertNotIn("nok@example.com", mail.email_from)

    def test_what_people_typed_is_shown_escaped(self):
        self.customer.name = HOSTILE
        self.contract.item_ids.write({"name": HOSTILE, "serial": HOSTILE})
        self.contract.line_ids.name = HOSTILE
        self.dispatcher.name = HOSTILE
        self.first.name = self.second.name = HOSTILE
        shown = [self._print("offer")]
        for name in TEMPLATES:
            template = self.env.ref(f"service_contract_renewal.mail_template_{name}")
            bodies = template._render_field("body_html", self.contract.ids)
            shown.append(str(bodies[self.contract.id]))
        self._run_all("2026-12-01")
        shown += [str(note) for note in self.contract.activity_ids.mapped("note")]
        self._suspend()
        shown.append(self._print("suspension"))
        self.assertGreaterEqual(sum("&lt;script&gt;" in text for text in shown), 6)
        for text in shown:
            self.assertNotIn("<script>alert", text)
            self.assertNotIn("<img src=x", text)

    def test_letters_for_post_are_one_document(self):
        other = self._make_renewable(
            partner_id=self.env["res.partner"].create({"name": "Second Ltd."}).id
        )
        self._suspend()
        other.action_suspend(reason="not_renewed")
        letters = (self.contract | other).notice_ids
        self.contract.action_resume()
        action = letters.action_print_letters()
        self.assertEqual(action["context"]["active_ids"], other.ids)
        self.contract.action_suspend(reason="not_renewed")
        action = letters.action_print_letters()
        self.assertEqual(
            set(action["context"]["active_ids"]), set((self.contract | other).ids)
        )
        html = self._print("suspension", self.contract | other)
        self.assertIn(self.contract.name, html)
        self.assertIn("Second Ltd.", html)
        self.assertEqual(html.count("Your service contract is suspended"), 2)
