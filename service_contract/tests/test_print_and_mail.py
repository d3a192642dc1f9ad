from datetime import date

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..tools import dates
from .common import ServiceContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 05:00:00")
class TestPrintAndMail(ServiceContractCommon):
    """What the customer gets in hand: print and mail, in their language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("th_TH")
        cls.contract = cls._make_invoice()._create_service_contracts()
        cls.contract.item_ids.write({"serial": "JK-1", "date_installed": "2026-03-20"})
        cls.contract.level_id = cls.env["service.level"].create(
            {"name": "Gold", "description": "Answered within four hours."}
        )
        cls.contract.action_activate()

    def _print(self):
        report = self.env["ir.actions.report"]
        html, _type = report._render_qweb_html(
            "service_contract.report_service_contract", self.contract.ids
        )
        return " ".join(html.decode().split())

    def test_the_print_says_all_that_was_agreed(self):
        html = self._print()
        for text in (
            self.contract.name,
            self.contract.service_code_display,
            "Baan Suan Hotel",
            "Sewing machine",
            "JK-1",
            "03/20/2026",
            "Preventive visit",
            "Unlimited",
            "Answered within four hours.",
            'alt="QR code"',
            "03/15/2026",
            "03/14/2027",
        ):
            self.assertIn(text, html)

    def test_thai_customers_read_thai_dates_of_the_buddhist_era(self):
        self.customer.lang = "th_TH"
        self.company.service_buddhist_dates = True
        html = self._print()
        self.assertIn("15/03/2569", html)
        self.assertNotIn("15/03/2026", html)
        self.company.service_buddhist_dates = False
        self.assertIn("15/03/2026", self._print())

    def test_the_buddhist_era_changes_the_year_shown_only(self):
        thai = self.env["res.lang"]._get_data(code="th_TH")
        self.assertEqual(dates.format_day(thai, date(2024, 2, 29), True), "29/02/2567")
        self.assertEqual(dates.format_day(thai, date(2024, 2, 29)), "29/02/2024")
        self.assertEqual(dates.format_day(thai, False, True), "")

    def test_on_for_thai_companies(self):
        company = self.env["res.company"].create(
            {"name": "สยาม", "country_id": self.env.ref("base.th").id}
        )
        self.assertTrue(company.service_buddhist_dates)
        self.assertFalse(
            self.env["res.company"].create({"name": "Other"}).service_buddhist_dates
        )

    def test_english_customers_never_read_the_buddhist_era(self):
        self.company.service_buddhist_dates = True
        self.assertIn("03/15/2026", self._print())

    def test_a_contract_without_service_id_prints_too(self):
        self.contract = self._make_contract(term_count=0)
        html = self._print()
        self.assertIn("without end", html)
        self.assertNotIn("QR code", html)

    def test_the_mail_has_service_id_link_and_pdf(self):
        action = self.contract.with_user(self.salesperson).action_send()
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.salesperson)
            .with_context(**action["context"])
            .create({})
        )
        self.assertIn(self.contract.service_code_display, composer.subject)
        composer._action_send_mail()
        message = self.contract.message_ids[0]
        self.assertIn(self.contract.service_code_display, message.body)
        self.assertIn(f"/my/service-contracts/{self.contract.id}", message.body)
        self.assertIn(self.customer, message.partner_ids)
        # the copy that was sent stays with the message, whatever changes later
        self.assertEqual(len(message.attachment_ids), 1)
        self.assertEqual(message.attachment_ids.res_id, self.contract.id)
        number = self.contract.name.replace("/", "-")
        self.assertIn(number, message.attachment_ids.name)

    def test_the_mail_is_in_the_customer_s_language(self):
        self.customer.lang = "th_TH"
        self.company.service_buddhist_dates = True
        template = self.env.ref("service_contract.mail_template_contract")
        body = template._render_field("body_html", self.contract.ids, compute_lang=True)
        self.assertIn("15/03/2569", body[self.contract.id])

    def test_a_draft_is_not_sent(self):
        with self.assertRaisesRegex(UserError, "still a draft"):
            self._make_contract().action_send()

    def test_the_terms_of_the_template_are_in_the_customer_s_language(self):
        self.template.note = "<p>English terms</p>"
        self.template.update_field_translations(
            "note", {"th_TH": {"English terms": "เงื่อนไขภาษาไทย"}}
        )
        contract = self._make_invoice()._create_service_contracts()
        self.assertIn("English terms", contract.note)
        self.customer.lang = "th_TH"
        contract = self._make_invoice()._create_service_contracts()
        self.assertIn("เงื่อนไขภาษาไทย", contract.note)

    def test_products_and_services_are_named_in_the_customer_s_language(self):
        for product, name in (
            (self.machine, "จักรเย็บผ้า"),
            (self.service_visit, "ตรวจเช็ก"),
        ):
            product.with_context(lang="th_TH").name = name
        self.template.line_ids[1].name = "Our own words"
        self.customer.lang = "th_TH"
        contract = self._make_invoice()._create_service_contracts()
        self.assertEqual(contract.item_ids.name, "จักรเย็บผ้า")
        names = contract.line_ids.mapped("name")
        self.assertIn("ตรวจเช็ก", names)
        self.assertIn("Our own words", names)
        by_hand = self._make_contract()
        self.assertEqual(by_hand.line_ids.name, "ตรวจเช็ก")

    def test_buttons_open_what_they_say(self):
        contract = self.contract
        self.assertIn(str(contract.id), contract.action_preview()["url"])
        self.assertEqual(
            contract.with_user(self.dispatcher).action_print()["report_name"],
            "service_contract.report_service_contract",
        )
        self.assertEqual(
            contract.action_view_source_moves()["res_id"], contract.source_move_ids.id
        )
        self.assertIn(
            ("contract_id", "=", contract.id), contract.action_view_items()["domain"]
        )
        self.assertEqual(
            contract.source_move_ids.action_view_service_contracts()["res_id"],
            contract.id,
        )
        self.assertEqual(self.customer.service_contract_count, 1)
