import psycopg2.errors
from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

ACTIVITY_MONEY = "service_contract_renewal.mail_activity_type_money"


class ServiceContract(models.Model):
    """The next period comes into being: paid, posted, or free of charge."""

    _inherit = "service.contract"

    carry_after_suspension = fields.Boolean(
        string="Carry over after Suspension",
        copy=False,
        tracking=True,
        help="A contract that was suspended for not being renewed carries no unused "
        "rights, unless a manager says so here.",
        groups="base.group_user",
    )

    carry_due_on = fields.Date(
        readonly=True,
        copy=False,
        help="From this local date on the unused rights of the period are carried into "
        "the next one.",
        groups="base.group_user",
    )

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if vals.get("carry_after_suspension"):
            # sudo: a manager, who alone may tick it, says so after the payment
            contracts = self.sudo()
            rows = self.env["service.contract.usage"].sudo()
            carried = rows.search([("carried_from_id", "in", contracts.line_ids.ids)])
            late = contracts.filtered(
                lambda contract: contract.successor_id and not contract.carry_due_on
            )
            late -= carried.carried_from_id.contract_id
            for contract in late:
                contract.carry_due_on = fields.Date.add(contract.date_end, days=1)
            late.filtered(lambda contract: contract.state == "expired")._carry_over()
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {"carry_due_on"}

    def _on_expired(self, date):
        result = super()._on_expired(date)
        self.filtered("carry_due_on")._carry_over()
        return result

    def _carry_over(self):
        """Carry the unused rights of periods that are over into the next ones.

        A service of which a late visit still reserves something waits for it: the
        contract is looked at again on the next day.
        """
        todo = self.filtered(lambda contract: contract.carry_due_on)
        over = todo.filtered(lambda contract: contract.state == "expired")
        held = over.line_ids.filtered(
            lambda line: (
                line.carry_over != "none"
                and line._compare(line.quantity_reserved, 0) > 0
            )
        )
        waiting = (todo - over) | held.contract_id
        for contract in waiting:
            # the job asks by the date in UTC, which may be a day ahead
            today = max(contract._today(), fields.Date.today())
            contract.carry_due_on = max(
                contract.carry_due_on, fields.Date.add(today, days=1)
            )
        # sudo: the ledger and its bookkeeping are the system's, whatever made it due
        lines = over.sudo().successor_id.line_ids
        free = (over.line_ids - held).sudo()
        # carried on an earlier day, while another line waited
        free -= (
            self.env["service.contract.usage"]
            .sudo()
            .search([("carried_from_id", "in", free.ids)])
            .carried_from_id
        )
        free._carry_to(
            {
                line.renewed_from_id: line
                for line in lines
                if line.renewed_from_id in free
            }
        )
        # sudo: bookkeeping of the job, as for the rights just carried
        (todo - waiting).sudo().carry_due_on = False

    def _renew(self):
        """Create and activate the next periods; those that have one keep it.

        To be called as superuser, after a check of what renews: a settled invoice, or
        an accepted fee of zero. Dates are those of the billed period, however late it
        is paid; the running period isn't cut short.

        :return: the successors, new and old, in the order of ``self``
        :raise UserError: a contract can't be renewed, naming it
        :raise ConcurrencyError: somebody else renews it just now; to be tried again
        """
        self._stamp_renewal()
        todo = self.filtered(lambda contract: not contract.successor_id)
        for company, contracts in todo.grouped("company_id").items():
            contracts.with_company(company)._make_successors()
        return self.browse([contract.successor_id.id for contract in self])

    def _make_successors(self):
        dates = {}
        for contract in self:
            if problem := contract._get_renewal_problem():
                raise UserError(problem)
            if contract.renewal_decision == "declined":
                raise UserError(
                    self.env._(
                        "Contract %(contract)s: the customer declined, yet the invoice "
                        "of the next period is settled. Have it credited, or take the "
                        "decision back.",
                        contract=contract.display_name,
                    )
                )
            renewal = contract._get_live_renewal()
            dates[contract] = (
                (renewal.date_start, renewal.date_end)
                if renewal
                else contract._get_next_periods(1)[0]
            )
        suspended = self.filtered(lambda contract: contract._has_letter())
        lost = suspended.filtered(lambda c: not c.carry_after_suspension)
        try:
            successors = self.with_context(tracking_disable=True)._create_successors(
                dates
            )
            self.env.flush_all()
        except psycopg2.errors.UniqueViolation as error:
            raise ConcurrencyError("The contracts are renewed just now") from error
        for old in self - lost:
            old.carry_due_on = fields.Date.add(old.date_end, days=1)
        successors.action_activate()
        if suspended:
            # paying lifts the suspension: by its dates the old period is over or not
            suspended.action_resume()
        for old in self.filtered(lambda contract: contract.state == "suspended"):
            # a person suspended it, and a person lifts that
            old.successor_id.action_suspend(
                reason=old.suspension_reason, review_date=old.suspension_review_date
            )
        self._get_next_renewals()._set_state("renewed")
        self._close_reminder_tasks()
        self._hand_over_hold()
        self.filtered(lambda contract: contract.state == "expired")._carry_over()
        self._message_log_batch(
            bodies={
                old.id: self.env._(
                    "Renewed as %(successor)s, %(period)s.",
                    successor=new.name,
                    period=new._format_period(new.date_start, new.date_end),
                )
                for old, new in zip(self, successors, strict=True)
            }
        )
        return successors

    def _hand_over_hold(self):
        """Let a hold go on with the period that would now be suspended."""
        for old in self.filtered("reminder_is_held"):
            hold = {"reminder_hold_until": False, "reminder_hold_reason": False}
            new = {name: old[name] for name in hold}
            old._write_quietly(hold)
            if old.company_id.service_renew_on == "posting":
                old.successor_id._write_quietly(new)

    def _get_next_renewals(self):
        """Return the live rows that bill the next periods of these contracts."""
        return self.env["service.renewal"].union(
            *(contract._get_live_renewal() for contract in self)
        )

    def _for_staff(self):
        """Return the contract in the language of the user responsible for it."""
        self.ensure_one()
        return self.with_context(lang=self._get_responsible().lang)

    def _ask_about_money(self, summary, note):
        """Give the responsible an activity about an invoice, unless one is open for
        this reason.
        """
        for contract in self:
            told = contract.activity_search([ACTIVITY_MONEY])
            # as text: what was stored was cleaned, and quotes are written otherwise
            texts = [Markup(text or "").striptags() for text in told.mapped("note")]
            if " ".join(note.split()) not in texts:
                contract.activity_schedule(
                    ACTIVITY_MONEY,
                    summary=summary,
                    note=escape(note),
                    user_id=contract._get_responsible().id,
                )

    # === GRACE === #

    @api.depends(
        "renewal_decision",
        "renewal_ids.state",
        "renewal_ids.move_id.state",
        "renewal_ids.move_id.invoice_date_due",
        "company_id.service_grace_days",
    )
    def _compute_service_instants(self):
        return super()._compute_service_instants()

    def _get_grace_end(self):
        """Return the last local date of grace: while a posted invoice of the next
        period is open, so many days after the end or the invoice's due date, whichever
        is later.
        """
        self.ensure_one()
        grace = super()._get_grace_end()
        # sudo: the due date alone
        live = self.sudo()._get_live_renewal()
        if live.state != "posted" or self.renewal_decision == "declined":
            return grace
        last = max(filter(None, (self.date_end, live.move_id.invoice_date_due)))
        # sudo: the setting of the contract's company, which whoever looks at the
        # contract may not be allowed to read
        return fields.Date.add(last, days=self.company_id.sudo().service_grace_days)
