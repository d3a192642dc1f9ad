from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

ACTIVITY_BILL = "service_contract_renewal.mail_activity_type_bill"
MOVES_END = {"date_start", "date_end", "term_count", "term_unit", "renewable"}


class ServiceContract(models.Model):
    """Will there be a next period? What people decide, and what follows from it."""

    _inherit = "service.contract"

    # Of what the house thinks, decides and does about it, customers read nothing here.
    renewal_decision = fields.Selection(
        selection=[("accepted", "Accepted"), ("declined", "Declined")],
        string="Decision",
        readonly=True,
        copy=False,
        tracking=True,
        groups="base.group_user",
    )
    renewal_state = fields.Selection(
        selection=[
            ("none", "Not due"),
            ("due", "Due"),
            ("accepted", "Accepted"),
            ("invoiced", "Invoiced"),
            ("renewed", "Renewed"),
            ("declined", "Declined"),
            ("lapsed", "Lapsed"),
        ],
        string="Renewal",
        compute="_compute_renewal_state",
        store=True,
        readonly=False,  # a card is dragged; see the board
        group_expand="_expand_renewal_states",
        copy=False,
        index=True,
        groups="base.group_user",
    )
    renewal_reason_id = fields.Many2one(
        "service.renewal.reason",
        string="Reason Lost",
        copy=False,
        tracking=True,
        index="btree_not_null",
        groups="base.group_user",
    )
    is_ended_early = fields.Boolean(
        readonly=True,
        copy=False,
        help="A manager ended it: customers can't renew it by themselves.",
        groups="base.group_user",
    )
    renewal_due_on = fields.Date(
        compute="_compute_renewal_due_on",
        store=True,
        precompute=True,
        copy=False,
        help="From this local date on the renewal is due.",
        groups="base.group_user",
    )
    renewal_is_due = fields.Boolean(readonly=True, copy=False, groups="base.group_user")
    reminder_hold_until = fields.Date(
        string="On Hold Until",
        copy=False,
        tracking=True,
        help="The customer isn't asked before this day.",
        groups="base.group_user",
    )
    renewal_ids = fields.One2many(
        "service.renewal",
        "contract_id",
        string="Billed Periods",
        groups="base.group_user",
    )
    renewal_is_billed = fields.Boolean(
        compute="_compute_renewal_state",
        store=True,
        copy=False,
        help="An invoice of the next period exists.",
        groups="base.group_user",
    )
    renewal_move_ids = fields.Many2many(
        "account.move",
        string="Renewal Invoices",
        compute="_compute_renewal_move_ids",
        compute_sudo=True,
        groups="service_contract.group_service_user",
    )
    renewal_move_count = fields.Integer(
        compute="_compute_renewal_move_count",
        groups="service_contract.group_service_user",
        help="Invoices of this contract that the user may open.",
    )
    first_period_is_billed = fields.Boolean(
        compute="_compute_first_period_is_billed", groups="base.group_user"
    )
    renewable_line_ids = fields.One2many(
        "service.contract.line",
        "contract_id",
        string="Rights of the Next Period",
        domain=[("on_renewal", "=", "renew")],
        copy=False,
        groups="base.group_user",
    )
    chain_ids = fields.Many2many(
        "service.contract",
        string="Chain of Periods",
        compute="_compute_chain_ids",
        groups="base.group_user",
    )

    # The order by the column makes the planner use it even when nothing is due.
    _renewal_due_idx = models.Index(
        "(renewal_due_on) WHERE state IN ('active', 'suspended')"
        " AND renewal_is_due IS NOT TRUE AND renewal_due_on IS NOT NULL"
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "state",
        "date_end",
        "renewable",
        "renewal_decision",
        "renewal_is_due",
        "successor_ids.state",
        "renewal_ids.state",
    )
    def _compute_renewal_state(self):
        for contract in self:
            live = contract._get_live_renewal()
            contract.renewal_is_billed = bool(live)
            contract.renewal_state = contract._get_renewal_state(live)

    def _get_renewal_state(self, live):
        """Return what follows from decision, invoice, time and successor.

        :param live: the ``service.renewal`` that bills the next period, or empty
        """
        self.ensure_one()
        if self.successor_ids.filtered(lambda c: c.state != "cancelled"):
            return "renewed"
        if self.state in ("draft", "cancelled"):
            return "none"
        if self.renewal_decision == "declined":
            return "declined"
        if not self.renewable or not self.date_end:
            return "none"
        if live.state == "posted":
            return "invoiced"
        # paid, but its contract was cancelled: there is something to decide again
        if self.renewal_decision == "accepted" and live.state != "renewed":
            return "accepted"
        # a draft alone is no answer: people make it ahead, or the nightly job; one that
        # was issued is about to be corrected
        if live.state == "draft" and live.move_id.posted_before:
            return "accepted"
        if self.state in ("expired", "suspended") and self._is_over():
            return "lapsed"
        return "due" if self.renewal_is_due else "none"

    @api.depends("date_end", "renewable", "company_id.service_renewal_due_days")
    def _compute_renewal_due_on(self):
        for contract in self:
            days = contract.company_id.service_renewal_due_days
            contract.renewal_due_on = (
                fields.Date.subtract(contract.date_end, days=days)
                if contract.date_end and contract.renewable
                else False
            )

    @api.depends("renewal_ids.move_id")
    def _compute_renewal_move_ids(self):
        for contract in self:
            contract.renewal_move_ids = contract.renewal_ids.move_id

    @api.depends_context("uid")
    def _compute_renewal_move_count(self):
        moves, counts = self.env["account.move"], {}
        if moves.has_access("read"):
            counts = dict(
                moves._read_group(
                    Domain("service_contract_id", "in", self.ids),
                    ["service_contract_id"],
                    ["__count"],
                )
            )
        for contract in self:
            contract.renewal_move_count = counts.get(contract, 0)

    @api.depends("renewal_ids.state")
    def _compute_first_period_is_billed(self):
        for contract in self:
            contract.first_period_is_billed = bool(contract._get_live_renewal(1))

    @api.depends("service_code_key", "predecessor_id", "successor_ids")
    def _compute_chain_ids(self):
        coded = self.filtered("service_code_key")
        chains = {}
        for company, contracts in coded.grouped("company_id").items():
            found = self.search_fetch(
                Domain("company_id", "=", company.id)
                & Domain("service_code_key", "in", contracts.mapped("service_code_key"))
                & Domain("state", "!=", "cancelled"),
                ["service_code_key"],
                order="cycle",
            )
            for code, chain in found.grouped("service_code_key").items():
                chains[company, code] = chain
        for contract in self:
            chain = chains.get((contract.company_id, contract.service_code_key))
            contract.chain_ids = chain if chain and len(chain) > 1 else False

    # === CRUD METHODS === #

    def write(self, vals):
        moves_end = MOVES_END & set(vals)
        # sudo: dates to compare with, once the caller's own write went through
        before = {c.sudo(): c.date_end for c in self} if moves_end else {}
        result = super().write(vals)
        if moves_end:
            self._check_next_period(before)
            # sudo: what follows from the end that somebody could move
            far = self.sudo().filtered(
                lambda contract: (
                    contract.renewal_is_due
                    and not (
                        contract.renewal_due_on
                        and contract.renewal_due_on <= contract._today()
                    )
                )
            )
            if far:
                far._write_quietly({"renewal_is_due": False})
        return result

    # === ACTIONS === #

    def action_view_renewal_moves(self):
        """Open the invoices of this contract that the user may see."""
        self.ensure_one()
        moves = self.env["account.move"].search(
            Domain("service_contract_id", "=", self.id)
        )
        return moves._get_service_action(self.env._("Renewal Invoices"))

    # === BUSINESS METHODS === #

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {
            "renewal_is_due",
            "renewal_decision",
            "is_ended_early",
        }

    def _get_renewal_problem(self):
        """Say why the contract can't have a next period; empty where it can."""
        self.ensure_one()
        name = self.display_name
        successor = self.sudo().successor_id  # sudo: the number of the next period
        if successor:
            return self.env._(
                "Contract %(contract)s has been renewed already, as %(successor)s.",
                contract=name,
                successor=successor.display_name,
            )
        if self.state in ("draft", "cancelled"):
            return self.env._(
                "Contract %(contract)s isn't in force: activate it before it is "
                "renewed.",
                contract=name,
            )
        if not self.date_end or self.term_count <= 0:
            return self.env._(
                "Contract %(contract)s has no end: there is nothing to renew.",
                contract=name,
            )
        if not self.renewable:
            return self.env._(
                "Contract %(contract)s is not renewable. A service manager can change "
                "that.",
                contract=name,
            )
        return ""

    def _get_live_renewal(self, cycle=None):
        """Return the ``service.renewal`` that bills a period, the next one if empty."""
        self.ensure_one()
        cycle = cycle or self.cycle + 1
        return self.renewal_ids.filtered(
            lambda renewal: renewal.cycle == cycle and renewal.state != "freed"
        )[:1]

    def _check_next_period(self, before):
        """Keep periods from overlapping: the next one, billed or there, has its dates.

        :param before: dict contract -> last date as it was
        :raise UserError: the end would reach into the next period
        """
        # sudo: the dates of the next period
        for contract in self.sudo():
            live = contract._get_live_renewal()
            start = contract.successor_id.date_start or (
                live.state in ("posted", "renewed") and live.date_start
            )
            end, old = contract.date_end, before[contract]
            if not start or end == old:
                continue
            if not end or end >= start:
                raise UserError(
                    self.env._(
                        "Contract %(contract)s can't end later: its next period begins "
                        "on %(date)s.",
                        contract=contract.display_name,
                        date=contract._format_day(start, self.env.lang),
                    )
                )
            if (not old or end < old) and contract.renewal_decision != "declined":
                contract._ask_about_money(
                    self.env._("End moved: the next period begins later"),
                    self.env._(
                        "The period ends on %(end)s, the next one begins on %(start)s.",
                        end=contract._format_day(end, self.env.lang),
                        start=contract._format_day(start, self.env.lang),
                    ),
                )

    def _write_quietly(self, values):
        self.with_context(tracking_disable=True).write(values)

    def _stamp_renewal(self):
        """Touch the contracts, so that two who bill, decide or renew at once meet here.

        The later transaction is repeated by the server and then sees the first.
        """
        self.flush_recordset()
        # what waits to be written on billed periods would be lost with their cache
        self.env["service.renewal"].flush_model()
        self.env.cr.execute(
            "UPDATE service_contract SET write_date = write_date WHERE id = ANY(%s)",
            [self.ids],
        )
        self.invalidate_recordset(flush=False)
        self.renewal_ids.invalidate_recordset(flush=False)

    def _get_due_renewals_domain(self):
        """Return the domain of contracts whose renewal has become due, running or on
        hold.

        By the date in UTC: some weeks ahead a few hours don't matter.
        """
        return (
            Domain("state", "in", ("active", "suspended"))
            & Domain("renewal_is_due", "=", False)
            & Domain("renewal_due_on", "!=", False)
            & Domain("renewal_due_on", "<=", fields.Date.today())
        )

    def _set_renewal_due(self):
        """Mark the renewal of these contracts as due."""
        self._write_quietly({"renewal_is_due": True})
