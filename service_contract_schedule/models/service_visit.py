from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..tools.clock import to_local

QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_activity_quick_update": True,
}
OPEN = ("planned", "confirmed", "in_progress")
PLANNED = "__planned__"  # values that the planner gives, on their way through create()


class ServiceVisit(models.Model):
    """One visit, from the first rough date to its outcome."""

    _name = "service.visit"
    _description = "Service Visit"
    _inherit = [
        "rating.mixin",
        "mail.activity.mixin",
        "service.job.mixin",
        "service.guard.mixin",
    ]
    _order = "start, id"
    _check_company_auto = True
    _mail_post_access = "read"

    name = fields.Char(
        string="Service",
        compute="_compute_from_line",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    line_id = fields.Many2one(
        "service.contract.line",
        string="Promised Service",
        required=True,
        ondelete="cascade",
        index=True,
        domain="[('contract_id.state', 'in', ('active', 'expired'))]",
    )
    contract_id = fields.Many2one(
        related="line_id.contract_id", store=True, precompute=True, index=True
    )
    company_id = fields.Many2one(
        related="line_id.company_id", store=True, precompute=True, index=True
    )
    partner_id = fields.Many2one(
        related="contract_id.partner_id",
        string="Customer",
        store=True,
        precompute=True,
        index=True,
    )
    partner_service_id = fields.Many2one(
        "res.partner",
        string="Place",
        compute="_compute_from_line",
        store=True,
        precompute=True,
        readonly=False,
        index="btree_not_null",
    )
    item_ids = fields.Many2many(
        "service.contract.item",
        string="Machines",
        compute="_compute_item_ids",
        search="_search_item_ids",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Technician",
        compute="_compute_from_line",
        store=True,
        precompute=True,
        readonly=False,
        index="btree_not_null",
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    start = fields.Datetime(required=True, tracking=True, index=True)
    stop = fields.Datetime(
        string="End",
        compute="_compute_stop",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    duration = fields.Float(
        string="Hours", compute="_compute_duration", inverse="_inverse_duration"
    )
    tz = fields.Char(
        string="Time Zone",
        compute="_compute_from_line",
        store=True,
        precompute=True,
        readonly=True,
        help="The clocks of this zone are meant: those of the place of service.",
    )
    local_time = fields.Char(
        string="At the Place",
        compute="_compute_local_time",
        help="Date and hour by the clocks of the place of service.",
    )
    occurrence_date = fields.Date(
        string="Slot",
        readonly=True,
        copy=False,
        help="The date that the pattern gave. It stays when the visit is moved, so "
        "that the same visit is never planned twice.",
    )
    date_earliest = fields.Date(string="Not Before", copy=False)
    date_latest = fields.Date(string="Not After", copy=False)
    is_outside_window = fields.Boolean(compute="_compute_local_time")
    quantity = fields.Float(
        string="Takes",
        compute="_compute_quantity",
        store=True,
        precompute=True,
        digits="Product Unit",
        copy=False,
        help="How much of the promised service this visit takes, in its unit.",
    )
    is_billable = fields.Boolean(
        string="Billable",
        copy=False,
        help="Beyond the rights: the visit takes none of them and will be billed. A "
        "service manager decides that.",
    )
    is_manual = fields.Boolean(
        string="Changed by Hand",
        readonly=True,
        copy=False,
        help="Somebody moved or reassigned this visit: the pattern leaves it alone.",
    )
    follow_up_of_id = fields.Many2one(
        "service.visit",
        string="Follow-Up Of",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    follow_up_ids = fields.One2many("service.visit", "follow_up_of_id")
    number = fields.Integer(compute="_compute_number")
    total = fields.Integer(compute="_compute_number")
    number_display = fields.Char(string="Visit", compute="_compute_number")
    trip_size = fields.Integer(
        string="Visits on This Trip",
        compute="_compute_trip_size",
        help="How many visits there are to this customer and place on the same day.",
    )

    _slot_once = models.UniqueIndex(
        "(line_id, occurrence_date) WHERE occurrence_date IS NOT NULL",
        "This visit is planned already.",
    )
    _stop_after_start = models.Constraint(
        "CHECK(stop > start)", "A visit ends after it begins."
    )
    _trip_idx = models.Index("(partner_id, start)")

    # === COMPUTE METHODS === #

    @api.depends("line_id")
    def _compute_from_line(self):
        for visit in self:
            line = visit.line_id
            if line:
                visit.name = line._get_visit_title()
                visit.partner_service_id = line._get_place()
                visit.tz = line._get_tz()
                visit.user_id = visit.user_id or line.technician_id

    @api.depends("line_id", "follow_up_of_id", "start", "stop")
    def _compute_quantity(self):
        for visit in self:
            follows = visit.follow_up_of_id
            visit.quantity = (
                0.0
                if follows or not visit.line_id
                else visit.line_id._get_visit_quantity(
                    visit.stop
                    and visit.start
                    and (visit.stop - visit.start).total_seconds() / 3600
                )
            )

    @api.depends("start", "line_id")
    def _compute_stop(self):
        for visit in self:
            if visit.start and not (visit.stop and visit.stop > visit.start):
                hours = visit.line_id.duration or 1.0
                visit.stop = visit.start + timedelta(minutes=round(hours * 60))

    @api.depends("start", "stop")
    def _compute_duration(self):
        for visit in self:
            seconds = (
                (visit.stop - visit.start).total_seconds()
                if visit.stop and visit.start
                else 0
            )
            visit.duration = seconds / 3600

    def _inverse_duration(self):
        for visit in self.filtered("start"):
            visit.stop = visit.start + timedelta(minutes=round(visit.duration * 60))

    @api.depends("start", "tz", "date_earliest", "date_latest", "contract_id")
    @api.depends_context("lang")
    def _compute_local_time(self):
        for visit in self:
            if not visit.start or not visit.contract_id:
                visit.local_time, visit.is_outside_window = "", False
                continue
            local = to_local(visit.start, visit.tz)
            day = visit.contract_id._format_day(local.date(), self.env.lang)
            visit.local_time = f"{day} {local:%H:%M}"
            earliest = visit.date_earliest or local.date()
            latest = visit.date_latest or local.date()
            visit.is_outside_window = not earliest <= local.date() <= latest

    @api.depends(
        "line_id.item_id", "line_id.partner_service_id", "contract_id.item_ids"
    )
    def _compute_item_ids(self):
        by_line = {
            line: line._get_visited_items() if line else line.item_id
            for line in self.line_id
        }
        for visit in self:
            visit.item_ids = by_line.get(visit.line_id)

    def _search_item_ids(self, operator, value):
        if operator != "in":
            return NotImplemented
        items = self.env["service.contract.item"].browse(value)
        chains = items.union(*(item._get_chain() for item in items))
        places = Domain.OR(
            Domain("contract_id", "=", item.contract_id.id)
            & Domain(
                "partner_service_id",
                "=",
                (item.partner_service_id or item.contract_id.partner_service_id).id,
            )
            for item in chains
        )
        return Domain("line_id.item_id", "in", chains.ids) | (
            Domain("line_id.item_id", "=", False) & places
        )

    @api.depends("name", "partner_id.display_name")
    def _compute_display_name(self):
        for visit in self:
            partner = visit.partner_id.display_name
            visit.display_name = ": ".join(filter(None, (partner, visit.name)))

    # === CONSTRAINTS === #

    @api.constrains("start", "line_id")
    def _check_inside_period(self):
        # a missed one is planned again where it is moved to
        for visit in self.filtered(lambda visit: visit.state in (*OPEN, "missed")):
            if problem := visit._get_period_problem():
                raise ValidationError(problem)

    def _get_period_problem(self, start=None):
        """Say that the visit lies outside the period of its service; else empty.

        :param start: UTC instant to look at instead of the visit's own
        """
        self.ensure_one()
        line, contract = self.line_id, self.contract_id
        day = to_local(start or self.start, self.tz).date()
        first, last = line.date_start, line._get_last_visit_day()
        if not ((first and day < first) or (last and day > last)):
            return ""
        return self.env._(
            "%(visit)s: %(day)s is outside the period of the service, %(first)s to "
            "%(last)s.",
            visit=self.display_name,
            day=contract._format_day(day, self.env.lang),
            first=contract._format_day(first, self.env.lang),
            last=(last and contract._format_day(last, self.env.lang)) or "…",
        )

    @api.constrains("user_id", "line_id")
    def _check_technician(self):
        for visit in self.filtered("user_id"):
            # sudo: which companies a technician works for is no secret here
            technician = visit.user_id.sudo()
            if technician.share or visit.company_id not in technician.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(visit)s: %(technician)s doesn't work for %(company)s. "
                        "Choose another technician.",
                        visit=visit.display_name,
                        technician=visit.user_id.name,
                        company=visit.company_id.name,
                    )
                )

    # === ONCHANGE METHODS === #

    @api.onchange("start")
    def _onchange_start(self):
        # the length stays when the beginning moves
        if self.start and self._origin.start:
            self.stop = self.start + (self._origin.stop - self._origin.start)

    # === BUSINESS METHODS === #

    def _get_local_date(self):
        """Return the date of the visit by the clocks of its place."""
        self.ensure_one()
        return to_local(self.start, self.tz).date()

    def _get_responsible(self):
        """Return the user who plans this visit; never an idle one."""
        self.ensure_one()
        return self.contract_id._get_dispatcher()

    @api.model
    def get_unusual_days(self, date_from, date_to=None):
        """Return the days on which the company doesn't work, for Odoo's calendar.

        :param date_from: first day, as text (``YYYY-MM-DD …``)
        :param date_to: last day, the same day if empty
        :return: dict of dates as text -> whether it is a day off
        :raise AccessError: to somebody who sees no visits at all
        """
        self.browse().check_access("read")
        first = fields.Date.to_date(date_from)
        last = fields.Date.to_date(date_to) or first
        company = self.env.company
        # sudo: whether there are working hours; without them no day is off
        known = company.sudo().resource_calendar_id
        days_off = company._get_days_off(first, last) if known else ()
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return {fields.Date.to_string(day): day in days_off for day in days}

    @api.model
    def _create_planned(self, vals_list):
        """Create visits that a pattern asks for, quietly and in one batch."""
        visits = self.with_context(**QUIET, service_visit_planned=True).create(
            vals_list
        )
        return visits.with_env(self.env)

    # Odoo drops given values of readonly computed fields and computes them for each
    # record, on a draft of it, which takes as long again as all the rest. The planner
    # knows them for a whole line at once.

    @api.model
    def _prepare_create_values(self, vals_list):
        if self.env.su and self.env.context.get("service_visit_planned"):
            vals_list = [{**vals, PLANNED: vals} for vals in vals_list]
        return super()._prepare_create_values(vals_list)

    @api.model
    def _add_precomputed_values(self, vals_list):
        for vals in vals_list:
            vals.update(vals.pop(PLANNED, ()))
        return super()._add_precomputed_values(vals_list)
