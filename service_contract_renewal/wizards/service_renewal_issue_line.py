import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.service_contract.models.service_job_mixin import COLLISIONS
from odoo.addons.service_contract.tools.roles import MANAGER

_logger = logging.getLogger(__name__)


class ServiceRenewalIssueLine(models.TransientModel):
    """One contract to be billed: period, fee, and what stands in the way."""

    _name = "service.renewal.issue.line"
    _description = "Renewal Invoice to Issue"
    _inherit = ["service.guard.mixin"]

    wizard_id = fields.Many2one(
        "service.renewal.issue", required=True, ondelete="cascade"
    )
    contract_id = fields.Many2one("service.contract", required=True, readonly=True)
    partner_id = fields.Many2one(related="contract_id.partner_invoice_id")
    contract_state = fields.Selection(related="contract_id.state")
    currency_id = fields.Many2one(related="contract_id.currency_id")
    cycle = fields.Integer(string="Period", compute="_compute_period")
    date_start = fields.Date(string="From")
    date_end = fields.Date(string="Until", compute="_compute_period")
    amount = fields.Monetary(string="Fee")
    amount_total = fields.Monetary(string="With Taxes", compute="_compute_total")
    has_amount = fields.Boolean(readonly=True)
    can_type = fields.Boolean(compute="_compute_can_type")
    problem = fields.Char(compute="_compute_problem", store=True)
    move_id = fields.Many2one("account.move", readonly=True)

    @api.depends("date_start", "contract_id")
    def _compute_period(self):
        for line in self:
            contract, first = line.contract_id, line.wizard_id.is_first
            line.cycle = contract.cycle + (not first)
            if first:
                line.date_end = contract.date_end
            else:
                periods = contract._get_next_periods(1, line.date_start)
                line.date_end = periods[0][1] if periods else False

    @api.depends("has_amount")
    @api.depends_context("uid")
    def _compute_can_type(self):
        manages = self.env.user.has_group(MANAGER)
        for line in self:
            line.can_type = manages or not line.has_amount

    @api.depends("amount", "contract_id")
    def _compute_total(self):
        for line in self:
            # sudo: the taxes of the fee product, in the company of the contract
            contract = line.contract_id.sudo().with_company(line.contract_id.company_id)
            product = contract._get_fee_product()
            taxes = contract._get_fee_taxes(product) if product else False
            line.amount_total = (
                taxes.compute_all(
                    contract._get_price_of(product, taxes, line.amount),
                    contract.currency_id,
                    product=product,
                    partner=contract._get_billed_partner(),
                )["total_included"]
                if taxes
                else line.amount
            )

    @api.depends("date_start", "amount", "has_amount", "contract_id")
    def _compute_problem(self):
        for line in self:
            line.problem = (
                line._get_fee_problem()
                or line.contract_id._get_billing_problem(
                    first=line.wizard_id.is_first,
                    amount=line._get_typed(),
                    date_start=line.date_start,
                )
            )

    def _get_fee_problem(self):
        """Say that another fee was typed than was agreed, by somebody who isn't to
        change it; empty where that isn't so.
        """
        self.ensure_one()
        contract = self.contract_id
        fee = contract._get_renewal_fee(self.cycle)
        if (
            fee is None
            or not contract.currency_id.compare_amounts(fee, self.amount)
            or self.env.user.has_group(MANAGER)  # not su: problems are stored
        ):
            return ""
        return self.env._(
            "Contract %(contract)s: %(fee)s was agreed for period %(cycle)s. Only a "
            "service manager can bill another amount.",
            contract=contract.display_name,
            fee=contract.currency_id.format(fee),
            cycle=self.cycle,
        )

    @api.model
    def _get_system_fields(self):
        """Which contract and invoice a row is about is the system's: a row names them
        to its owner, who needn't have a right on whatever id is put there.
        """
        return super()._get_system_fields() | {
            "wizard_id",
            "contract_id",
            "has_amount",
            "move_id",
        }

    def _get_typed(self):
        """Return the fee that the dialog says; None where nobody entered one."""
        return self.amount if self.amount or self.has_amount else None

    def _issue(self, post):
        """Make (and post) the invoices of these rows; each keeps its own problem.

        Halves the rows where it fails, down to the one to blame.
        """
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self._issue_unguarded(post)
        except COLLISIONS:
            raise
        except Exception as error:
            if len(self) > 1:
                half = len(self) // 2
                self[:half]._issue(post)
                self[half:]._issue(post)
                return
            if not isinstance(error, UserError):
                _logger.warning("%s can't be billed", self.contract_id, exc_info=True)
            self.sudo().write({"problem": str(error)})  # sudo: what became of it

    def _issue_unguarded(self, post):
        contracts = self.contract_id
        contracts._check_may_bill()
        contracts._stamp_renewal()
        for line in self:
            if problem := line._get_fee_problem():
                raise UserError(problem)
        wizard = self.wizard_id
        for (company, _start), lines in self.grouped(
            lambda line: (line.contract_id.company_id, line._get_other_start())
        ).items():
            # sudo: role and access were checked above; the company is the contract's
            billed = lines.contract_id.sudo().with_company(company)
            moves = billed._make_renewal_invoices(
                date_start=lines[:1]._get_other_start(),
                amounts={
                    line.contract_id.sudo().with_company(company): line._get_typed()
                    for line in lines
                },
                first=wizard.is_first,
            )
            if post:
                moves._post_service_invoices()
            by_contract = {move.service_contract_id.id: move for move in moves}
            for line in lines.sudo():  # sudo: what became of it
                line.move_id = by_contract[line.contract_id.id]

    def _get_other_start(self):
        """Return the first date where it isn't the day after the end; else None."""
        periods = self.contract_id._get_next_periods(1)
        follows = periods and periods[0][0]
        if self.wizard_id.is_first or self.date_start == follows:
            return None
        return self.date_start
