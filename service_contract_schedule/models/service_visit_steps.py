from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from odoo.addons.service_contract.tools.roles import TECHNICIAN, USER

from .service_visit import OPEN, QUIET

# step allowed -> by whom; a technician only on own visits; None = by the system alone
STEPS = {
    ("planned", "confirmed"): USER,
    ("planned", "in_progress"): TECHNICIAN,
    ("planned", "done"): USER,
    ("planned", "problem"): USER,
    ("planned", "cancelled"): USER,
    ("planned", "missed"): None,
    ("confirmed", "planned"): USER,
    ("confirmed", "in_progress"): TECHNICIAN,
    ("confirmed", "done"): TECHNICIAN,
    ("confirmed", "problem"): TECHNICIAN,
    ("confirmed", "cancelled"): USER,
    ("confirmed", "missed"): None,
    ("in_progress", "confirmed"): TECHNICIAN,
    ("in_progress", "done"): TECHNICIAN,
    ("in_progress", "problem"): TECHNICIAN,
    ("in_progress", "cancelled"): USER,
    ("done", "confirmed"): USER,
    ("done", "problem"): USER,
    ("problem", "confirmed"): USER,
    ("problem", "done"): USER,
    ("missed", "planned"): USER,
    ("missed", "done"): USER,
    ("missed", "problem"): USER,
    ("missed", "cancelled"): USER,
    ("cancelled", "planned"): USER,
}
# of Odoo's palette for calendars
COLORS = {
    "planned": 4,
    "confirmed": 10,
    "in_progress": 3,
    "done": 7,
    "problem": 1,
    "cancelled": 12,
    "missed": 2,
}
OUTCOMES = ("done", "problem")
SERVED = ("confirmed", "in_progress", "done", "problem")


class ServiceVisit(models.Model):
    """The steps of a visit, who may take them, and what they do to the rights."""

    _inherit = "service.visit"

    state = fields.Selection(
        selection=[
            ("planned", "Planned"),
            ("confirmed", "Confirmed"),
            ("in_progress", "In progress"),
            ("done", "Done"),
            ("problem", "Problem"),
            ("cancelled", "Cancelled"),
            ("missed", "Missed"),
        ],
        string="Status",
        required=True,
        readonly=True,
        copy=False,
        default="planned",
        group_expand=True,
        index=True,
    )
    is_on_hold = fields.Boolean(
        string="On Hold",
        compute="_compute_is_on_hold",
        search="_search_is_on_hold",
        help="The contract is suspended: the visit can't be confirmed or begun.",
    )
    is_ended = fields.Boolean(
        readonly=True,
        copy=False,
        help="Cancelled with the contract, not by a person.",
    )
    cancel_reason = fields.Char(readonly=True, copy=False)
    result = fields.Text(help="What was done and found.", copy=False)
    actual_start = fields.Datetime(string="Began", readonly=True, copy=False)
    actual_stop = fields.Datetime(string="Finished", readonly=True, copy=False)
    is_uncounted = fields.Boolean(
        string="Doesn't Count",
        readonly=True,
        copy=False,
        help="A service manager said that this visit uses no right.",
    )
    usage_ids = fields.Many2many(
        "service.contract.usage", string="Ledger", compute="_compute_usage_ids"
    )
    state_color = fields.Integer(compute="_compute_state_color")
    can_plan = fields.Boolean(compute="_compute_can_plan")

    # The order by stop makes the planner use this index even when nothing is due.
    _open_idx = models.Index("(stop) WHERE state IN ('planned', 'confirmed')")

    # === COMPUTE METHODS === #

    @api.depends("contract_id.state", "state")
    def _compute_is_on_hold(self):
        for visit in self:
            visit.is_on_hold = (
                visit.contract_id.state == "suspended" and visit.state in OPEN
            )

    def _search_is_on_hold(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("state", "in", OPEN) & Domain(
            "contract_id.state", "=", "suspended"
        )

    def _compute_usage_ids(self):
        # the reference is matched as text: it has no inverse
        usages = self.env["service.contract.usage"].search(
            Domain("origin", "in", [f"{self._name},{id_}" for id_ in self.ids]),
            order="id",
        )
        by_visit = usages.grouped("origin")
        for visit in self:
            visit.usage_ids = by_visit.get(visit._origin, usages.browse())

    @api.depends("state")
    def _compute_state_color(self):
        for visit in self:
            visit.state_color = COLORS[visit.state]

    @api.depends_context("uid")
    def _compute_can_plan(self):
        self.can_plan = self.env.user.has_group(USER)

    # === ACTIONS === #

    def action_confirm(self):
        """Confirm planned visits: their technicians get an activity and an entry in
        their calendar.

        Where no technician is chosen yet, they come with the technician.

        :raise UserError: a visit isn't planned, or its contract can't be served on
            that day
        """
        return self._take_step("confirmed")

    def action_start(self):
        """Begin visits; the time is noted.

        :raise UserError: a visit is over, or its contract can't be served
        """
        return self._take_step("in_progress", actual_start=fields.Datetime.now())

    def action_done(self):
        """Finish visits as done: each uses its right.

        :raise UserError: a visit is over, or its contract can't be served
        """
        return self._finish("done")

    def action_problem(self):
        """Finish visits with a problem: they use their right, a follow-up takes none.

        :raise UserError: a visit is over, or its contract can't be served
        """
        return self._finish("problem")

    def action_cancel(self, reason=None):
        """Cancel visits that aren't over: their rights are given back, their slots
        stay empty.

        :param reason: text that stays on the visit
        :raise UserError: a visit is over
        """
        return self._take_step("cancelled", cancel_reason=reason or False)

    def action_reopen(self):
        """Take an outcome back: done and problem become confirmed, cancelled and missed
        planned.

        :raise UserError: a visit isn't over, or nothing is left of its service
        """
        for visit in self:
            if visit.state in OPEN:
                visit._raise_step(self.env._("reopened"))
        for state, visits in self.grouped("state").items():
            visits._take_step("confirmed" if state in OUTCOMES else "planned")
        return True

    def action_unconfirm(self):
        """Make confirmed visits rough again: activities and calendar entries go.

        :raise UserError: a visit isn't confirmed
        """
        return self._take_step("planned")

    def action_ask_reason(self):
        """Ask why a visit is cancelled, or doesn't count, then do it."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env.context.get("reason_title") or self.env._("Reason"),
            "res_model": "service.visit.reason",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_visit_ids": self.ids,
                "default_purpose": self.env.context.get("reason_for", "cancel"),
            },
        }

    # === CRUD METHODS === #

    def write(self, vals):
        if "state" not in vals:
            return super().write(vals)
        moving = self.filtered(lambda visit: visit.state != vals["state"])
        before = {visit: visit.state for visit in moving}
        moving._check_step(vals["state"])
        result = super().write(vals)
        if vals["state"] != "cancelled":
            # sudo: marks of the system, after a step that was checked
            marked = moving.sudo().filtered(lambda v: v.cancel_reason or v.is_ended)
            marked.write({"cancel_reason": False, "is_ended": False})
        self.flush_recordset(["state"])
        moving._finish_step(before, vals["state"])
        return result

    # === BUSINESS METHODS === #

    def _finish(self, state):
        """Write the outcome ``state`` with the time, where it wasn't known before."""
        now = fields.Datetime.now()
        for begun, visits in self.grouped(lambda v: bool(v.actual_start)).items():
            times = {"actual_stop": now}
            if not begun:
                # sudo: the planned time is what is known of a visit noted afterwards
                for visit in visits.sudo():
                    visit.actual_start = min(visit.start, now)
            visits._take_step(state, **times)
        return True

    def _take_step(self, state, **values):
        """Write ``state`` on all, quietly, and log the step in one go for all."""
        for visit in self:
            if visit.state == state:
                visit._raise_step(self._get_verb(state))
        before = {visit: visit.state for visit in self}
        quiet = self.with_context(tracking_disable=True)
        quiet.write({"state": state})
        if values:
            # sudo: what goes with a step is the system's to write; it was checked above
            quiet.sudo().write(values)
        labels = dict(self._fields["state"]._description_selection(self.env))
        bodies = {}
        for visit in self:
            bodies[visit.id] = self.env._(
                "%(before)s → %(after)s",
                before=labels[before[visit]],
                after=labels[state],
            )
            if visit.cancel_reason and state == "cancelled":
                bodies[visit.id] += f" ({visit.cancel_reason})"
        # sudo: a technician has no right to write what the step writes
        self.sudo()._message_log_batch(
            bodies=bodies, author_id=self.env.user.partner_id.id
        )
        return True

    def _check_step(self, state):
        """Check that each of ``self`` may go to ``state``, and by this user."""
        verb = self._get_verb(state)
        self.check_access("read")
        for visit in self:
            step = (visit.state, state)
            if step not in STEPS:
                visit._raise_step(verb)
            if self.env.su:
                continue
            group = STEPS[step]
            own = group == TECHNICIAN and visit.user_id == self.env.user
            if not group or not (self.env.user.has_group(USER) or own):
                raise AccessError(
                    self.env._(
                        "“%(visit)s” can't be %(verb)s by you: it is another "
                        "technician's, or the dispatcher's to decide.",
                        visit=visit.display_name,
                        verb=verb,
                    )
                )
        for visit in self:
            again = state == "planned" and visit.state in ("cancelled", "missed")
            served = state in SERVED and visit.state not in OUTCOMES
            if again or served or state == "confirmed":
                visit._check_servable(state)

    def _check_servable(self, state):
        """Refuse a step for which the contract must be in force that day."""
        self.ensure_one()
        begun = self.state == "in_progress" and state in OUTCOMES
        # what was begun in time is finished, whatever happened to the contract since
        refusal = "" if begun else self._get_refusal()
        if refusal:
            raise UserError(refusal)

    def _get_refusal(self):
        """Say why this visit can't be served on its day; empty where it can."""
        self.ensure_one()
        contract = self.contract_id
        if self.line_id.is_warranty and contract.state in ("active", "expired"):
            return self._get_period_problem() or ""  # it may outlast the contract
        return contract._get_refusal(self._get_local_date())

    def _finish_step(self, before, state):
        """Do what the step means: rights, times, calendar, activities."""
        undone = self.filtered(lambda visit: before[visit] in OUTCOMES)
        counted = undone.filtered(lambda visit: not visit.is_uncounted)
        if state not in OUTCOMES:
            counted._give_back()
        if undone and state != "problem":
            # sudo: times and marks of the system
            undone.sudo().write(
                {"is_uncounted": False}
                | ({} if state == "done" else {"actual_stop": False})
            )
        # sudo: counters, written by the system whoever was allowed to take the step
        self.line_id.sudo()._sync_reserved()
        if state in OUTCOMES:
            served = self - (counted if state == "done" else undone)
            served._use_rights()
        if state == "done":
            self._note_installation()
        self._sync_event_and_activity(state)
        if state == "planned" and not self.env.su:
            # sudo: what a person took back is left alone by patterns
            reopened = self.sudo().with_context(**QUIET)
            reopened._write_as_system({"is_manual": True})

    def _raise_step(self, verb):
        state = dict(self._fields["state"]._description_selection(self.env))
        raise UserError(
            self.env._(
                "“%(visit)s” can't be %(verb)s: it is %(state)s.",
                visit=self[:1].display_name,
                verb=verb,
                state=state[self[:1].state].lower(),
            )
        )

    def _get_verb(self, state):
        """Return what is done to a visit that goes to ``state``, in words."""
        return {
            "planned": self.env._("planned again"),
            "confirmed": self.env._("confirmed"),
            "in_progress": self.env._("started"),
            "done": self.env._("finished as done"),
            "problem": self.env._("finished with a problem"),
            "cancelled": self.env._("cancelled"),
            "missed": self.env._("marked as missed"),
        }[state]
