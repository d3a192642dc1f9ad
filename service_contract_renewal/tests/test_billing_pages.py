from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_billing import BillingCommon


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
