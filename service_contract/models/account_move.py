import logging
from datetime import timedelta

from markupsafe import escape

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..tools.roles import USER

_logger = logging.getLogger(__name__)

QUIET = {
    "tracking_disable": True,
    "mail_create_nosubscribe": True,
    "mail_activity_quick_update": True,
}
ACTIVITY_FAILED = "service_contract.mail_activity_type_job_error"
ACTIVITY_REFUND = "service_contract.mail_activity_type_credit_note"
RETRY_AFTER = timedelta(days=1)


class AccountMove(models.Model):
    _inherit = "account.move"

    service_contract_ids = fields.Many2many(
        "service.contract",
        "service_contract_source_move_rel",
        "move_id",
        "contract_id",
        string="Service Contracts",
        copy=False,
        groups="service_contract.group_service_technician",
    )
    service_contract_count = fields.Integer(
        compute="_compute_service_contract_count",
        groups="service_contract.group_service_technician",
    )
    service_contract_stamp = fields.Integer(
        copy=False, readonly=True, groups="base.group_system"
    )
    service_contract_error = fields.Text(
        string="Service Contract Problem",
        copy=False,
        readonly=True,
        groups="service_contract.group_service_user",
        help="Why no service contract was made when the invoice was posted.",
    )
    service_contract_retry_at = fields.Datetime(
        copy=False, readonly=True, groups="base.group_system"
    )

    _service_retry_idx = models.Index(
        "(service_contract_retry_at) WHERE service_contract_retry_at IS NOT NULL"
    )

    def _compute_service_contract_count(self):
        for move in self:
            move.service_contract_count = len(move.service_contract_ids)

    # === ACTIONS === #

    def action_create_service_contract(self):
        """Open the wizard that shows which contracts the invoices give, before they are
        made.

        :raise UserError: a document isn't a posted customer invoice
        """
        self.check_access("read")
        self.env["service.contract.builder"]._check_moves(self)
        return self.env["service.contract.create"]._open_for(self)

    def action_view_service_contracts(self):
        """Open the contracts made from this invoice."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract.service_contract_action"
        )
        contracts = self.service_contract_ids
        action["domain"] = [("id", "in", contracts.ids)]
        action["context"] = {"create": False}
        if len(contracts) == 1:
            action.update(views=[(False, "form")], res_id=contracts.id)
        return action

    def action_retry_service_contract(self):
        """Try again to make the contracts that failed when the invoice was posted."""
        self.check_access("read")
        if not self.env.user.has_group(USER):
            raise AccessError(
                self.env._("Only service users can make service contracts.")
            )
        # sudo: the invoice may be read, and only what failed when it was posted is made
        failed = self.sudo().filtered("service_contract_error")
        wanted = failed._get_autocreate_moves()
        (failed - wanted)._clear_service_contract_error()
        wanted._make_service_contracts()

    # === CRON === #

    @api.model
    def _cron_retry_service_contracts(self):
        """Try again, once a day, the invoices whose automatic contract failed."""
        due = Domain("service_contract_retry_at", "<=", fields.Datetime.now())
        progress = self.env["ir.cron"]._commit_progress
        while moves := self.search(due, order="service_contract_retry_at", limit=100):
            wanted = moves._get_autocreate_moves()
            # no longer posted, covered by hand meanwhile, or switched off
            (moves - wanted)._clear_service_contract_error()
            # first put off: whatever happens, none stays due and spins
            wanted.service_contract_retry_at = fields.Datetime.now() + RETRY_AFTER
            wanted._make_service_contracts()
            if not progress(len(moves)):
                break

    # === BUSINESS METHODS === #

    def _create_service_contracts(self, template=None, per_unit=False):
        """Make draft contracts from posted customer invoices, without any dialog.

        One contract per invoice and template; lines that a contract covers already are
        left out.

        :param template: ``service.contract.template`` for all of them; else each
            product's, else the company's
        :param per_unit: one covered item per unit sold
        :return: the new contracts
        :raise UserError: a document isn't a posted customer invoice, or nothing is to
            cover
        """
        builder = self.env["service.contract.builder"]
        builder._check_moves(self)
        plans = builder._plan(self, template=template, per_unit=per_unit)
        planned = self.browse().union(*[plan.moves for plan in plans])
        for move in self - planned:
            raise UserError(
                self.env._(
                    "Invoice %(invoice)s has nothing left to cover: no goods, or all "
                    "of them are covered by a contract already.",
                    invoice=move.display_name,
                )
            )
        return builder._build(plans)

    def _post(self, soft=True):
        posted = super()._post(soft=soft)
        # sudo: the accountant who posts may have no right on service contracts
        moves = posted.sudo()
        making = moves._get_autocreate_moves()
        refunds = moves._get_credit_notes_to_tell()
        if making or refunds:
            # the caller's own errors surface here, not inside our try
            self.env.flush_all()
        making._make_service_contracts()
        refunds._tell_contracts("_tell_credit_note")
        return posted

    def button_draft(self):
        result = super().button_draft()
        # sudo: the accountant may have no right on service contracts
        self.sudo()._tell_contracts("_tell_reset")
        return result

    def _get_autocreate_moves(self):
        """Return the invoices in ``self`` that make contracts by themselves."""
        return self.filtered(
            lambda move: (
                move.move_type == "out_invoice"
                and move.state == "posted"
                and move.company_id.service_autocreate
                and not move._get_live_contracts()
                and any(
                    template.autocreate != "none"
                    for template in move.invoice_line_ids._get_named_templates()
                )
            )
        )

    def _make_service_contracts(self):
        """Make the contracts of posted invoices; a failure never stops the caller.

        Halves the invoices where it fails, down to the one to blame, which keeps the
        reason
        and tells a person.
        """
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self.with_context(**QUIET)._make_service_contracts_unguarded()
                self.filtered("service_contract_error")._clear_service_contract_error()
        except Exception as error:
            if len(self) > 1:
                half = len(self) // 2
                self[:half]._make_service_contracts()
                self[half:]._make_service_contracts()
                return
            _logger.exception("No service contract could be made from %s", self.name)
            self._flag_service_contract_error(error)

    def _make_service_contracts_unguarded(self):
        for company, moves in self.grouped("company_id").items():
            builder = self.env["service.contract.builder"].with_company(company)
            plans = [
                plan
                for plan in builder._plan(moves)
                if plan.template.autocreate != "none" and moves._names_template(plan)
            ]
            contracts = builder._build(plans)
            contracts.filtered(
                lambda contract: contract.template_id.autocreate == "active"
            ).action_activate()

    def _names_template(self, plan):
        return plan.template in plan.moves.invoice_line_ids._get_named_templates()

    def _flag_service_contract_error(self, error):
        """Keep why no contract was made, and tell a person once; never raises."""
        try:
            with self.env.cr.savepoint():
                self.with_context(**QUIET).write(
                    {
                        "service_contract_error": str(error),
                        "service_contract_retry_at": fields.Datetime.now()
                        + RETRY_AFTER,
                    }
                )
                if not self.activity_search([ACTIVITY_FAILED]):
                    self.activity_schedule(
                        ACTIVITY_FAILED,
                        summary=self.env._("No service contract was made"),
                        note=escape(str(error)),
                        user_id=self.company_id._get_service_contact(
                            self.invoice_user_id
                        ).id,
                    )
        except Exception:
            _logger.exception("The failure on %s could not be stored", self.name)

    def _clear_service_contract_error(self):
        self.write(
            {"service_contract_error": False, "service_contract_retry_at": False}
        )
        self.activity_unlink([ACTIVITY_FAILED])

    def _get_live_contracts(self):
        """Return the contracts made from these invoices that weren't cancelled."""
        # sudo: whether there are any is asked for people who may not read contracts
        return self.sudo().service_contract_ids.filtered(
            lambda contract: contract.state != "cancelled"
        )

    def _get_credit_notes_to_tell(self):
        """Return the credit notes in ``self`` of invoices that have contracts."""
        return self.filtered(
            lambda move: (
                move.move_type == "out_refund"
                and move.reversed_entry_id._get_live_contracts()
            )
        )

    def _tell_contracts(self, teller):
        """Call the method ``teller`` on each of ``self``; a failure stops nobody."""
        for move in self:
            try:
                with self.env.cr.savepoint():
                    getattr(move, teller)()
            except Exception:
                _logger.exception("%s could not be told of", move.name)

    def _tell_credit_note(self):
        """Ask a person what a credit note means for the contracts of its invoice."""
        invoice = self.reversed_entry_id
        refunds = invoice.reversal_move_ids.filtered(
            lambda refund: refund.state == "posted"
        )
        credited = sum(refunds.mapped("amount_total"))
        if self.currency_id.compare_amounts(credited, invoice.amount_total) >= 0:
            summary = self.env._("Invoice credited in full: cancel this contract?")
        else:
            summary = self.env._("Invoice credited in part: review this contract")
        # Technicians read this too: it names no amount.
        note = self.env._(
            "Credit note %(refund)s was posted for invoice %(invoice)s. Nothing was "
            "changed in the contract.",
            refund=self.name,
            invoice=invoice.name,
        )
        invoice._schedule_review(summary, note)

    def _tell_reset(self):
        """Ask a person to look at the contracts of an invoice that was reset."""
        self._schedule_review(
            self.env._("Invoice reset to draft: review this contract"),
            self.env._(
                "Invoice %(invoice)s was reset to draft. Nothing was changed in the "
                "contract.",
                invoice=self.name,
            ),
        )

    def _schedule_review(self, summary, note):
        """Give the responsible of each live contract an activity, once per reason."""
        for contract in self._get_live_contracts():
            told = contract.activity_search([ACTIVITY_REFUND])
            if not any(escape(note) in (text or "") for text in told.mapped("note")):
                contract.activity_schedule(
                    ACTIVITY_REFUND,
                    summary=summary,
                    note=escape(note),
                    user_id=contract._get_responsible().id,
                )
