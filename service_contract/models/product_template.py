from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    service_template_id = fields.Many2one(
        "service.contract.template",
        string="Service Contract",
        check_company=True,
        index="btree_not_null",
        help="The service contract that comes with this product when it is sold.",
    )
