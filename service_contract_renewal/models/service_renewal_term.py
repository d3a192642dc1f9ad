from odoo import api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.service_contract.tools.roles import MANAGER

from ..tools import fees


class ServiceRenewalTerm(models.Model):
    """What one period of a contract costs, and all later ones up to the next row."""

    _name = "service.renewal.term"
    _description = "Renewal Fee"
    _inherit = ["service.contract.part"]
    _order = "template_id, contract_id, cycle, id"
    _check_company_auto = True

    contract_id = fields.Many2one(required=False)
    template_id = fields.Many2one(
        "service.contract.template", ondelete="cascade", index="btree_not_null"
    )
    company_id = fields.Many2one(
        "res.company",
        related=None,
        compute="_compute_company_id",
        store=True,
        precompute=True,
    )
    currency_id = fields.Many2one(
        "res.currency", related=None, compute="_compute_currency_id"
    )
    cycle = fields.Integer(
        string="Period",
        required=True,
        default=2,
        help="The period that the fee pays for: 1 is the first one, so a contract in "
        "its first period renews at the row of period 2. The last row holds for all "
        "later periods.",
    )
    method = fields.Selection(
        selection=[(fees.PERCENT, "Percent of the base"), (fees.FIXED, "Fixed amount")],
        required=True,
        default=fees.PERCENT,
    )
    percent = fields.Float(digits=(16, 4), groups="service_contract.group_service_user")
    amount = fields.Monetary(
        groups="service_contract.group_service_user",
        help="Untaxed, for one period of the contract whatever its length.",
    )

    _one_owner = models.Constraint(
        "CHECK((contract_id IS NULL) != (template_id IS NULL))",
        "A renewal fee belongs to a contract or to a template.",
    )
    _cycle_positive = models.Constraint(
        "CHECK(cycle >= 1)", "The first period of a contract is 1."
    )
    _not_negative = models.Constraint(
        "CHECK(COALESCE(percent, 0) >= 0 AND COALESCE(amount, 0) >= 0)",
        "A renewal fee can't be negative.",
    )
    _once_per_contract = models.UniqueIndex(
        "(contract_id, cycle) WHERE contract_id IS NOT NULL",
        "There are two fees for the same period of a contract.",
    )
    _once_per_template = models.UniqueIndex(
        "(template_id, cycle) WHERE template_id IS NOT NULL",
        "There are two fees for the same period of a template.",
    )

    # === COMPUTE METHODS === #

    @api.depends("contract_id.company_id", "template_id.company_id")
    def _compute_company_id(self):
        for term in self:
            term.company_id = term.contract_id.company_id or term.template_id.company_id

    @api.depends("contract_id.currency_id", "template_id.currency_id")
    def _compute_currency_id(self):
        for term in self:
            owner = term.contract_id or term.template_id
            term.currency_id = owner.currency_id or self.env.company.currency_id

    @api.depends("cycle")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for term in self:
            term.display_name = self.env._("Fee of period %(cycle)s", cycle=term.cycle)

    # === BUSINESS METHODS === #

    @api.model
    def _get_logged_fields(self):
        return super()._get_logged_fields() | {"cycle", "method", "percent", "amount"}

    def _check_may_change(self):
        of_templates = self.filtered("template_id")
        if of_templates and not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._(
                    "Only a service manager can change the fees of template "
                    "%(template)s.",
                    template=of_templates[:1].template_id.display_name,
                )
            )
        return super(ServiceRenewalTerm, self - of_templates)._check_may_change()

    def _log_on_contract(self, messages):
        return super(ServiceRenewalTerm, self.filtered("contract_id"))._log_on_contract(
            messages
        )

    def _track_on_contract(self, before):
        if self.contract_id:
            return super()._track_on_contract(before)
        return None

    def _get_rows(self):
        """Return these rows as plain values for the arithmetic."""
        # sudo: amounts are used to compute a fee, shown to whoever may see that
        return [
            fees.Row(term.cycle, term.method, term.percent, term.amount)
            for term in self.sudo()  # sudo: what was agreed, whoever copies
        ]

    def _prepare_copies(self, currency, company, date):
        """Return the commands that give another owner the same rows.

        :param currency: that of the new owner; amounts are converted on ``date``
        """
        # sudo: whoever may use a template or renew a contract passes its fees on unseen
        return [
            fields.Command.create(
                {
                    "cycle": term.cycle,
                    "method": term.method,
                    "percent": term.percent,
                    "amount": term.currency_id._convert(
                        term.amount, currency, company, date
                    ),
                }
            )
            for term in self.sudo()
        ]
