from lxml import etree

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

    def _refuse(self, attempts):
        """Check that each attempt is refused, and tell those that aren't."""
        wrong = [
            what for what, attempt in attempts.items() if not self._refused(attempt)
        ]
        self.assertEqual(wrong, [])

    def _mine(self, records):
        return self._as("billing", records).with_context(lang="en_US")
