from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..tools.roles import MANAGER, USER

# step allowed -> by whom; everything else is refused, whoever asks
STEPS = {
    ("draft", "active"): USER,
    ("draft", "cancelled"): USER,
    ("cancelled", "draft"): MANAGER,
    ("active", "suspended"): MANAGER,
    ("expired", "suspended"): MANAGER,
    ("suspended", "active"): MANAGER,
    ("suspended", "expired"): MANAGER,
    ("active", "cancelled"): MANAGER,
    ("active", "expired"): None,  # time does that, nobody by hand
    ("expired", "active"): None,  # a manager moved the end
}


class ServiceContract(models.Model):
    """The steps between the states, and who may take them."""

    _inherit = "service.contract"

    state = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("active", "Active"),
            ("suspended", "Suspended"),
            ("expired", "Expired"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        tracking=True,
        group_expand=True,
        index=True,
    )
    suspension_reason = fields.Selection(
        selection=[
            ("manual", "By hand"),
            ("unpaid", "Not paid"),
            ("not_renewed", "Not renewed"),
        ],
        readonly=True,
        copy=False,
        tracking=True,
    )
    suspension_review_date = fields.Date(
        string="Review Suspension On",
        copy=False,
        help="The day on which somebody looks again whether the suspension should go "
        "on.",
    )
    is_in_force = fields.Boolean(
        compute="_compute_is_in_force",
        search="_search_is_in_force",
        help="Whether the customer can be served now.",
    )

    # The order by period_end_at makes the planner use this index even when nothing is
    # due.
    _end_idx = models.Index("(period_end_at) WHERE state = 'active'")

    # === COMPUTE METHODS === #

    @api.depends("state", "service_start_at", "service_end_at")
    def _compute_is_in_force(self):
        now = fields.Datetime.now()
        for contract in self:
            contract.is_in_force = bool(
                contract.state in ("active", "expired")
                and contract.service_start_at
                and contract.service_start_at <= now
                and (not contract.service_end_at or now < contract.service_end_at)
            )

    def _search_is_in_force(self, operator, value):
        if operator != "in":
            return NotImplemented
        now = fields.Datetime.now()
        return (
            Domain("state", "in", ("active", "expired"))
            & Domain("service_start_at", "<=", now)
            & (
                Domain("service_end_at", "=", False)
                | Domain("service_end_at", ">", now)
            )
        )

    # === CRUD METHODS === #

    def write(self, vals):
        self._check_write_values(vals)
        if "state" not in vals:
            return super().write(vals)
        moving = self.filtered(lambda contract: contract.state != vals["state"])
        before = {contract: contract.state for contract in moving}
        moving._prepare_step(vals["state"])
        if vals["state"] != "suspended":
            vals = dict(vals, suspension_reason=False, suspension_review_date=False)
        result = super().write(vals)
        # at once, since unique indexes leave out cancelled contracts
        self.flush_recordset(["state"])
        moving._finish_step(before, vals["state"])
        return result

    # === ACTIONS === #

    def action_activate(self):
        """Put draft contracts in force (from their start on) and give them a Service
        ID.

        :raise UserError: a contract isn't a draft, or lacks what the customer is
            entitled to
        """
        return self._take_step("active")

    def action_suspend(self, reason="manual", review_date=None):
        """Stop serving until somebody resumes; rights and visits stay, on hold.

        :param reason: ``manual``, ``unpaid`` or ``not_renewed``
        :param review_date: local date on which to look again
        :raise UserError: a contract is neither active nor expired
        """
        return self._take_step(
            "suspended", suspension_reason=reason, suspension_review_date=review_date
        )

    def action_resume(self):
        """Serve suspended contracts again: active up to their last day, else expired.

        :raise UserError: a contract isn't suspended
        """
        self._check_state("suspended", self.env._("resumed"))
        over = self.filtered(lambda contract: contract._is_over())
        if over:
            over._take_step("expired")
        if self - over:
            (self - over)._take_step("active")
        return True

    def action_cancel(self):
        """Cancel drafts and active contracts; what was planned after today ends.

        :raise UserError: a contract is neither a draft nor active
        """
        return self._take_step("cancelled")

    def action_reset_draft(self):
        """Make cancelled contracts drafts again, to correct and activate them.

        :raise UserError: a contract isn't cancelled, or was already served
        """
        return self._take_step("draft")

    def action_open_suspend(self):
        """Ask for the reason and the review date, then suspend."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspend"),
            "res_model": "service.contract.suspend",
            "view_mode": "form",
            "target": "new",
            "context": {"default_contract_ids": self.ids},
        }

    # === CRON === #

    @api.model
    def _cron_expire_contracts(self):
        """Expire the active contracts whose last day is over at their place of
        service.
        """
        # archived ones end too
        self.with_context(active_test=False)._process_due(
            Domain("state", "=", "active")
            & Domain("period_end_at", "<=", fields.Datetime.now()),
            "_expire",
            order="period_end_at",
        )

    def _expire(self):
        self._take_step("expired")

    # === BUSINESS METHODS === #

    def _check_state(self, state, verb):
        for contract in self:
            if contract.state != state:
                self._raise_step(contract, verb)

    def _raise_step(self, contract, verb):
        state = dict(self._fields["state"]._description_selection(self.env))[
            contract.state
        ]
        raise UserError(
            self.env._(
                "Contract %(contract)s can't be %(verb)s: it is %(state)s.",
                contract=contract.display_name,
                verb=verb,
                state=state.lower(),
            )
        )

    def _take_step(self, state, **values):
        """Write ``state`` on all, quietly, and log the step in one go for all of
        them.
        """
        for contract in self:
            if contract.state == state:
                self._raise_step(contract, self._get_verb(state))
        before = {contract: contract.state for contract in self}
        quiet = self.with_context(tracking_disable=True)
        quiet.write({"state": state, **values})
        labels = dict(self._fields["state"]._description_selection(self.env))
        bodies = {
            contract.id: self.env._(
                "%(before)s → %(after)s",
                before=labels[before[contract]],
                after=labels[state],
            )
            for contract in self
        }
        self._message_log_batch(bodies=bodies)
        return True

    def _get_verb(self, state):
        """Return what is done to a contract that goes to ``state``, in words."""
        return {
            "draft": self.env._("set to draft"),
            "active": self.env._("activated"),
            "suspended": self.env._("suspended"),
            "expired": self.env._("expired"),
            "cancelled": self.env._("cancelled"),
        }[state]

    def _is_over(self):
        """Tell whether the last day of the contract lies before today, grace aside."""
        self.ensure_one()
        return bool(self.date_end) and self.date_end < self._today()

    def _check_never_served(self):
        for contract in self:
            if contract.line_ids.usage_ids.filtered(lambda row: row.kind == "use"):
                raise UserError(
                    self.env._(
                        "Contract %(contract)s was already served: it can't become a "
                        "draft again.",
                        contract=contract.display_name,
                    )
                )

    def _check_resumed_as(self, state):
        """A suspended contract goes on as what it would be by its dates."""
        for contract in self:
            if contract._is_over() != (state == "expired"):
                raise UserError(
                    self.env._(
                        "Contract %(contract)s must be resumed: its dates say what it "
                        "is then.",
                        contract=contract.display_name,
                    )
                )

    def _prepare_step(self, state):
        """Check that ``self`` may go to ``state``, then do what must precede it."""
        verb = self._get_verb(state)
        for old, contracts in self.grouped("state").items():
            if (old, state) not in STEPS:
                self._raise_step(contracts[0], verb)
            group = STEPS[old, state]
            if not self.env.su and not (group and self.env.user.has_group(group)):
                raise AccessError(
                    self.env._(
                        "Contract %(contract)s can't be %(verb)s by you: ask a service "
                        "manager.",
                        contract=contracts[0].display_name,
                        verb=verb,
                    )
                )
            if (old, state) == ("draft", "active"):
                contracts._check_complete()
                contracts._assign_service_codes()
            elif state == "draft":
                contracts._check_never_served()
            elif old == "suspended":
                contracts._check_resumed_as(state)

    def _finish_step(self, before, state):
        """Tell everybody who hooks in that ``self`` went from ``before`` to
        ``state``.
        """
        # what the hooks do is told as usual, however quiet the step itself was
        loud = self.with_context(tracking_disable=False)
        for old, contracts in loud.grouped(before.get).items():
            by_day = contracts.grouped(lambda contract: contract._today())
            for today, group in by_day.items():
                if state == "active" and old == "draft":
                    group._on_activated(today)
                elif state == "suspended":
                    group._on_interrupted(today)
                elif old == "suspended":
                    group._on_resumed(today)
                elif state == "active" and old == "expired":
                    group._on_prolonged(today)
                elif state == "cancelled":
                    group._on_terminated(today)
                elif state == "expired":
                    group._on_expired(today)

    def _check_complete(self):
        """Refuse to activate a contract that entitles the customer to nothing."""
        for contract in self:
            if not contract.item_ids and not contract.line_ids:
                raise UserError(
                    self.env._(
                        "Contract %(contract)s is empty. Add covered items or services "
                        "first, or choose a template.",
                        contract=contract.display_name,
                    )
                )

    # === HOOKS === #

    def _on_activated(self, date):
        """Hook: drafts have become active on local ``date``. Books opening balances."""
        self.line_ids._book_opening_balance()
        self.line_ids._on_activated(date)

    def _on_interrupted(self, date):
        """Hook: contracts were suspended on local ``date``; planned work is on hold."""
        self.line_ids._on_interrupted(date)

    def _on_resumed(self, date):
        """Hook: suspended contracts are served again from local ``date``."""
        self.line_ids._on_resumed(date)

    def _on_prolonged(self, date):
        """Hook: the end of expired contracts was moved, so that they are active from
        local ``date`` on.
        """
        self.line_ids._on_prolonged(date)

    def _on_terminated(self, date):
        """Hook: contracts were cancelled, or their end was moved earlier.

        :param date: first local date that is no longer served
        """
        self.line_ids._on_terminated(date)

    def _on_expired(self, date):
        """Hook: the last day of active contracts was over on local ``date``.

        A suspended contract that is resumed after its end comes through
        :meth:`_on_resumed` instead.
        """
        self.line_ids._on_expired(date)
