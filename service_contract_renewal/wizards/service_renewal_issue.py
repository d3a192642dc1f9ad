from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command


class ServiceRenewalIssue(models.TransientModel):
    """What would be billed, shown before it is; then issued, many at once."""

    _name = "service.renewal.issue"
    _description = "Issue Renewal Invoices"
    _inherit = ["service.guard.mixin"]

    is_first = fields.Boolean(readonly=True)
    line_ids = fields.One2many(
        "service.renewal.issue.line", "wizard_id", string="Contracts"
    )
    ready_count = fields.Integer(compute="_compute_counts")
    problem_count = fields.Integer(compute="_compute_counts")

    @api.depends("line_ids.problem")
    def _compute_counts(self):
        for wizard in self:
            problems = wizard.line_ids.filtered("problem")
            wizard.problem_count = len(problems)
            wizard.ready_count = len(wizard.line_ids - problems)

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {"is_first"}

    @api.model
    def _open_for(self, contracts, first=False):
        """Return the action that shows what would be billed for ``contracts``."""
        # sudo: the system makes the dialog of what this person may bill, checked before
        wizard = self.sudo().create(
            {
                "is_first": first,
                "line_ids": [
                    Command.create(self._prepare_line_values(contract, first))
                    for contract in contracts
                ],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Issue Renewal Invoices"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    @api.model
    def _prepare_line_values(self, contract, first):
        fee = contract._get_renewal_fee(contract.cycle + (not first))
        start = contract.date_start
        if not first:
            periods = contract._get_next_periods(1)
            start = periods[0][0] if periods else False
        return {
            "contract_id": contract.id,
            "date_start": start,
            "amount": fee or 0.0,
            "has_amount": fee is not None,
        }

    def action_make_drafts(self):
        """Make the invoices as drafts."""
        return self._start(post=False)

    def action_issue(self):
        """Make the invoices and post them."""
        return self._start(post=True)

    def _start(self, post):
        """Begin to issue: in the browser, portion by portion, with a progress bar."""
        self.ensure_one()
        self._check_own()
        lines = self.line_ids.filtered(lambda line: not line.problem)
        if not lines:
            raise UserError(
                self.env._("None of these contracts can be billed. See the reasons.")
            )
        if len(lines) == 1:
            lines._issue(post)
            if lines.problem:
                raise UserError(lines.problem)
            return lines.move_id._get_service_action(self.env._("Renewal Invoices"))
        return {
            "type": "ir.actions.client",
            "tag": "service_contract_renewal.issue",
            "name": self.env._("Issue Renewal Invoices"),
            "target": "new",
            "params": {"wizard_id": self.id, "line_ids": lines.ids, "post": post},
        }

    def action_issue_portion(self, line_ids, post=False):
        """Issue some of the invoices; called by the browser, which shows the progress.

        :param line_ids: ids of rows of this dialog
        :param post: whether they are posted, else they stay drafts
        :return: dict with ``done`` (ids of invoices) and ``failed`` (list of
            [contract, reason])
        """
        self.ensure_one()
        self._check_own()
        lines = self.line_ids.filtered(
            lambda line: line.id in line_ids and not line.move_id
        )
        lines._issue(bool(post))
        return {
            "done": lines.move_id.ids,
            "failed": [
                [line.contract_id.display_name, line.problem]
                for line in lines
                if line.problem
            ],
        }

    def action_view_moves(self):
        """Open the invoices that were made."""
        self.ensure_one()
        return self.line_ids.move_id._get_service_action(self.env._("Renewal Invoices"))

    def _check_own(self):
        self.line_ids.contract_id._check_may_bill()
        if not self.env.su and self.create_uid != self.env.user:
            raise AccessError(self.env._("This dialog belongs to somebody else."))
