from odoo import api, fields, models
from odoo.fields import Domain

from ..tools import periods


class ServiceContractTemplate(models.Model):
    """A ready-made offer; a product can name the one that comes with it."""

    _name = "service.contract.template"
    _description = "Service Contract Template"
    _inherit = ["mail.thread"]
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", index="btree_not_null")
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="The currency of the extra prices; contracts in another one convert them.",
    )
    term_count = fields.Integer(
        string="Term",
        default=1,
        help="How long a period is; 0 for a contract without end.",
    )
    term_unit = fields.Selection(
        selection=periods.TERM_UNITS, string="Term Unit", required=True, default="year"
    )
    level_id = fields.Many2one(
        "service.level", string="Service Level", check_company=True
    )
    renewable = fields.Boolean(default=True)
    autocreate = fields.Selection(
        selection=[
            ("none", "By hand"),
            ("draft", "Draft contract when the invoice is posted"),
            ("active", "Active contract when the invoice is posted"),
        ],
        string="Automatic Creation",
        required=True,
        default="none",
        tracking=True,
    )
    per_unit = fields.Boolean(
        string="One Item per Unit",
        help="An invoice line of six units gives six covered items instead of one with "
        "quantity 6.",
    )
    line_ids = fields.One2many(
        "service.contract.template.line", "template_id", string="Services", copy=True
    )
    note = fields.Html(string="Terms", translate=True)
    contract_count = fields.Integer(compute="_compute_contract_count")

    _term_not_negative = models.Constraint(
        "CHECK(term_count >= 0)",
        "The term of a contract can't be negative: 0 means without end.",
    )

    @api.depends("company_id")
    def _compute_currency_id(self):
        for template in self:
            template.currency_id = (
                template.company_id.currency_id
                or template.currency_id
                or self.env.company.currency_id
            )

    def _compute_contract_count(self):
        counts = dict(
            self.env["service.contract"]._read_group(
                Domain("template_id", "in", self.ids), ["template_id"], ["__count"]
            )
        )
        for template in self:
            template.contract_count = counts.get(template, 0)

    def action_view_contracts(self):
        """Open the contracts made from this template."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract.service_contract_action"
        )
        action["domain"] = [("template_id", "in", self.ids)]
        action["context"] = {}
        return action

    def _prepare_contract_values(self, partner=None, currency=None):
        """Hook: the values of a contract made from this template, without its lines.

        :param partner: the customer, in whose language the terms are written
        :param currency: that of the contract, to which amounts are converted; the
            template's if empty
        """
        self.ensure_one()
        template = (
            self.with_context(lang=partner.lang) if partner and partner.lang else self
        )
        return {
            "term_count": template.term_count,
            "term_unit": template.term_unit,
            "renewable": template.renewable,
            "note": template.note,
        }
