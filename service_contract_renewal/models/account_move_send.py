from odoo import models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    def _get_default_pdf_report_id(self, move):
        """Send service invoices in the layout of the settings, where one is chosen."""
        if not move.service_billing:
            return super()._get_default_pdf_report_id(move)
        # sudo: the layout that company, customer or journal chose, which people of
        # Service Billing may not read
        move = move.sudo()
        report = move.company_id.service_invoice_report_id
        if not report.is_invoice_report:
            report = super()._get_default_pdf_report_id(move)
        return report.sudo(self.env.su)
