from datetime import timedelta

from odoo import models
from odoo.fields import Domain

THAI = "th_TH"
FEE_IN_THAI = "ค่าต่อสัญญาการบริการ"
# key: (customer, days ago, lines of (product, quantity, discount in percent))
OLD_SALE = ("garment", 1057, [("embroidery", 1, 10)])
# customers who said something: declined, put off, asked
LOST_SALE = ("bistro", 405, [("range", 1, 0)])
HELD_SALE = ("hospital", 318, [("washer", 1, 0)])
ASKED_SALE = ("garage", 292, [("compressor", 1, 5)])
HOLD_REASON = "Their budget of next year is approved at the end of the month"
QUESTION = "If we renew, could your technician come on Saturdays?"
COMMERCIAL_INVOICE = "l10n_th.action_report_commercial_invoice"


class ServiceContractDemo(models.AbstractModel):
    """The renewals of the demo company."""

    _inherit = "service.contract.demo"

    def _tell(self):
        result = super()._tell()
        company = self._get("company")
        demo = self.with_company(company).with_context(
            allowed_company_ids=company.ids, mail_activity_quick_update=True
        )
        if company.chart_template and not demo._has_renewals():
            demo._tell_renewals(company)
        return result

    def _has_renewals(self):
        return bool(
            self.env["service.renewal"].search_count(
                Domain("company_id", "=", self.env.company.id), limit=1
            )
        )

    def _tell_renewals(self, company):
        """A customer of three years, whose next invoice is out; others to be billed."""
        self._set_up(company)
        self._follow_fees()
        self._tell_years()
        self._tell_beyond_rights()
        self._tell_answers()
        # the nightly job has been here: what ends soon is due
        self.env["service.contract"].search(
            self.env["service.contract"]._get_due_renewals_domain()
            & Domain("company_id", "=", company.id)
        )._set_renewal_due()

    def _set_up(self, company):
        product = company.service_fee_product_id
        product.taxes_id = company.account_sale_tax_id
        if self.env["res.lang"]._get_data(code=THAI):
            product.with_context(lang=THAI).name = FEE_IN_THAI
        # the jobs of the running server send what is due since then
        company.service_reminders_since = self._ago(60)
        report = self.env.ref(COMMERCIAL_INVOICE, raise_if_not_found=False)
        if report:
            # on the chart of Thailand any other layout says “tax invoice”, which is
            # given on payment
            company.service_invoice_report_id = report

    def _follow_fees(self):
        """Give the fees of the templates to contracts that are older than them."""
        contracts = self.env["service.contract"].search(
            Domain("company_id", "=", self.env.company.id)
            & Domain("template_id", "!=", False)
            & Domain("renewal_term_ids", "=", False)
        )
        for contract in contracts:
            template = contract.template_id
            contract.write(
                {
                    "renewal_base": template.renewal_base,
                    "renewal_term_ids": template.renewal_term_ids._prepare_copies(
                        contract.currency_id, contract.company_id, contract.date_start
                    ),
                }
            )

    def _tell_years(self):
        """Sold three years ago, renewed twice and paid; the third invoice is open."""
        move = self._keep("invoice_years", self._make_invoice(*OLD_SALE))
        move.action_post()
        self._pay(move)
        contract = self._keep("contract_years", self._draft(move))
        contract.action_activate()
        for _period in range(2):
            bill = self._bill(contract, contract.date_end - timedelta(days=25))
            self._pay(bill)
            successor = contract.successor_id
            contract._expire()
            contract = successor
        self._keep("contract_third_year", contract)
        self._bill(contract, self._today() - timedelta(days=6))

    def _tell_answers(self):
        """One customer doesn't renew, one asks for time, one asks a question."""
        lost, held, asked = (
            self._keep(f"contract_{key}", self._sell_long_ago(key, sale))
            for key, sale in (
                ("lost", LOST_SALE),
                ("held", HELD_SALE),
                ("asked", ASKED_SALE),
            )
        )
        lost._expire()
        reason = self.env.ref("service_contract_renewal.reason_sold")
        staff = self._as("dispatcher")
        lost.with_env(staff.env).action_renewal_decline(reason)
        held.with_env(staff.env)._hold(self._today() + timedelta(days=25), HOLD_REASON)
        asked._set_renewal_due()
        asked._answer("ask", text=QUESTION)

    def _sell_long_ago(self, key, sale):
        move = self._keep(f"invoice_{key}", self._make_invoice(*sale))
        move.action_post()
        self._pay(move)
        contract = self._draft(move)
        contract.action_activate()
        return contract

    def _bill(self, contract, day):
        """Issue the renewal invoice on ``day``, as the person of billing does."""
        billed = contract.with_env(self._as("billing").env)
        move = billed._create_renewal_invoices()
        move.sudo().invoice_date = day  # sudo: the story tells of years ago
        move.action_service_post()
        return move.with_env(self.env)

    def _tell_beyond_rights(self):
        """Services beyond what was agreed: a manager let them be done, to be billed."""
        contract = self._get("contract_two_machines")
        lines = contract.line_ids.filtered("price_extra")
        for line, days, note in zip(
            lines, (19, 8), ("Third call of the month", "Main board"), strict=False
        ):
            line.with_env(self._as("manager").env)._consume(
                1.0, date=self._ago(days), note=note, is_billable=True
            )
