from odoo import models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    def _get_default_pdf_report_id(self, move):
        """Send service invoices in the layout of the settings, where one is chosen."""
        # sudo: the layout that the company chose
        report = move.company_id.sudo().service_invoice_report_id
        if move.service_billing and report.is_invoice_report:
            return report.sudo(False)
        return super()._get_default_pdf_report_id(move)
