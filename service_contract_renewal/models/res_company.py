from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.roles import BILLING


class ResCompany(models.Model):
    _inherit = "res.company"

    service_renewal_due_days = fields.Integer(
        string="Renewal Due",
        default=90,
        help="So many days before the end the renewal of a contract is due.",
    )
    service_invoice_days_before = fields.Integer(
        string="Make Renewal Invoices",
        help="So many days before the end the nightly job makes the renewal invoice; "
        "0 = people make it.",
    )
    service_invoice_post = fields.Boolean(
        string="Post Renewal Invoices at Once",
        help="Invoices made by the nightly job are posted at once, not left as drafts.",
    )
    service_renew_on = fields.Selection(
        selection=[
            ("payment", "When the invoice is paid"),
            ("posting", "When the invoice is posted"),
        ],
        string="Contracts Are Renewed",
        required=True,
        default="payment",
    )
    service_paid_enough = fields.Float(
        groups="base.group_user",  # not for customers to know
        string="Paid Enough",
        digits=(5, 2),
        help="An open rest of at most so many percent counts as paid, for customers "
        "who withhold tax.",
    )
    service_fee_product_id = fields.Many2one(
        "product.product",
        string="Fee Product",
        domain="[('type', '=', 'service')]",
        help="The product on renewal invoices; it brings taxes and account.",
    )
    service_journal_id = fields.Many2one(
        "account.journal",
        string="Journal of Service Invoices",
        domain="[('type', '=', 'sale'), ('company_id', '=', id)]",
        check_company=True,
        help="Empty: the first sales journal.",
    )
    service_invoice_report_id = fields.Many2one(
        "ir.actions.report",
        string="Printed Service Invoice",
        domain="[('model', '=', 'account.move'), ('report_type', '=', 'qweb-pdf')]",
        help="The layout that is printed and sent; empty: Odoo's own choice.",
    )

    service_used_journal_id = fields.Many2one(
        "account.journal",
        compute="_compute_service_used_journal_id",
        compute_sudo=True,
        help="The journal of service invoices: the chosen one, else the first.",
    )

    _service_renewal_days_not_negative = models.Constraint(
        "CHECK(service_renewal_due_days >= 0 AND"
        " COALESCE(service_invoice_days_before, 0) >= 0)",
        "Days before the end can't be negative.",
    )
    _service_paid_enough_percent = models.Constraint(
        "CHECK(COALESCE(service_paid_enough, 0) >= 0"
        " AND COALESCE(service_paid_enough, 0) < 100)",
        "“Paid enough” is a percentage from 0 to less than 100.",
    )

    @api.depends("service_journal_id")
    def _compute_service_used_journal_id(self):
        journals = self.env["account.journal"]
        for company in self:
            company.service_used_journal_id = (
                company.service_journal_id
                or journals.search(
                    [
                        *journals._check_company_domain(company),
                        ("type", "=", "sale"),
                    ],
                    limit=1,
                )
            )

    def _get_billing_contact(self, preferred):
        """Return whom to tell that something is to be billed in this company.

        :param preferred: the user responsible, if that person bills
        :return: ``res.users``: else somebody of billing, else a service manager
        """
        self.ensure_one()
        # sudo: to find somebody who may be told, other users' companies are looked at
        company, preferred = self.sudo(), preferred.sudo()
        people = (
            self.env.ref(BILLING)
            .sudo()  # sudo: as above
            .all_user_ids.filtered(
                lambda user: user.active and company in user.company_ids
            )
        )
        people -= self.env.ref("base.user_root")
        found = (preferred & people) or (people - self.env.ref("base.user_admin"))[:1]
        if found or people:
            return self.env["res.users"].browse((found or people)[:1].id)
        return self._get_service_contact(preferred)

    def _get_service_journal(self):
        """Return the journal of renewal invoices.

        :raise UserError: the journal is archived, or there is none
        """
        self.ensure_one()
        # sudo: service staff have no right on journals; it is their own company's
        company = self.sudo()
        journal = company.service_used_journal_id
        if not journal:
            raise UserError(
                self.env._(
                    "Company %(company)s has no sales journal: an accountant can make "
                    "one.",
                    company=company.name,
                )
            )
        if not journal.active:
            raise UserError(
                self.env._(
                    "Journal %(journal)s is archived: choose another one in the "
                    "settings of Service Contracts.",
                    journal=journal.display_name,
                )
            )
        return journal

    @api.model
    def _give_service_fee_products(self):
        """Name the default fee product in all companies that have none."""
        product = self.env.ref(
            "service_contract_renewal.product_fee", raise_if_not_found=False
        )
        if product:
            self.search(
                [("service_fee_product_id", "=", False)]
            ).service_fee_product_id = product

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        product = self.env.ref(
            "service_contract_renewal.product_fee", raise_if_not_found=False
        )
        if product:
            for company in companies.filtered(lambda c: not c.service_fee_product_id):
                company.sudo().service_fee_product_id = product  # sudo: a default
        companies._allow_invoice_reports()
        return companies

    def write(self, vals):
        result = super().write(vals)
        if "service_invoice_report_id" in vals:
            self._allow_invoice_reports()
        return result

    def _allow_invoice_reports(self):
        """Tell Odoo that the chosen layouts may be sent: it refuses others."""
        # sudo: who may change the settings of the company chose them
        self.sudo().service_invoice_report_id.filtered(
            lambda report: not report.is_invoice_report
        ).is_invoice_report = True
