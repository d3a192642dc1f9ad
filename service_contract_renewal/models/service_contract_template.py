from odoo import fields, models
from odoo.fields import Command

BASES = [
    ("before_discount", "Invoice amount before discount"),
    ("after_discount", "Invoice amount after discount"),
    ("manual", "Amount entered by hand"),
]


class ServiceContractTemplate(models.Model):
    _inherit = "service.contract.template"

    renewal_base = fields.Selection(
        selection=BASES,
        string="Base of the Fee",
        required=True,
        default="after_discount",
    )
    renewal_term_ids = fields.One2many(
        "service.renewal.term",
        "template_id",
        string="Renewal Fees",
        copy=True,
        groups="service_contract.group_service_user",
    )
    bill_first_period = fields.Boolean(
        string="Bill the First Period",
        help="The first period wasn't part of the sale: it is billed once, at the fee "
        "of period 1.",
    )
    renewal_product_id = fields.Many2one(
        "product.product",
        string="Fee Product",
        domain="[('type', '=', 'service'), ('sale_ok', '=', True)]",
        check_company=True,
        help="The product on renewal invoices; it brings taxes and account. Empty: "
        "that of the settings.",
    )
    renewal_stage_ids = fields.One2many(
        "service.renewal.stage",
        "template_id",
        string="Own Reminder Plan",
        copy=True,
        groups="service_contract.group_service_user",
    )

    def _prepare_contract_values(self, partner=None, currency=None):
        values = super()._prepare_contract_values(partner, currency)
        company = self.company_id or self.env.company
        terms = self.sudo().renewal_term_ids  # sudo: passed on unseen
        return {
            **values,
            "renewal_base": self.renewal_base,
            "bill_first_period": self.bill_first_period,
            "renewal_product_id": self.renewal_product_id.id,
            "renewal_term_ids": [
                Command.clear(),
                *terms._prepare_copies(
                    currency or self.currency_id, company, fields.Date.today()
                ),
            ],
        }
