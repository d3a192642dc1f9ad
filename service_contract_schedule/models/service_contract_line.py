from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import float_round

# what follows from the contract, and must not be held up by a pattern
PERIOD_FIELDS = {"date_start", "date_end"}


class ServiceContractLine(models.Model):
    """The visits that a line promises: its pattern, and the dates that it gives."""

    _name = "service.contract.line"
    _inherit = ["service.contract.line", "service.visit.pattern"]
    _rec_names_search = [
        "name",
        "contract_id.name",
        "contract_id.partner_id",
        "item_id.serial",
    ]

    visit_date_ids = fields.One2many(
        "service.visit.date", "line_id", string="Given Dates", copy=False
    )
    visit_anchor = fields.Date(
        string="Counted From",
        compute="_compute_visit_anchor",
        store=True,
        precompute=True,
        readonly=False,
        copy=False,
        help="The date from which every other week or month is counted. It stays from "
        "one period of the contract to the next.",
    )
    pattern_from = fields.Date(
        readonly=True,
        copy=False,
        help="The first date on which the present pattern holds.",
    )
    pattern_since = fields.Date(
        readonly=True,
        copy=False,
        help="The first date on which its present hour and technician hold.",
    )
    pattern_offset = fields.Integer(
        readonly=True,
        copy=False,
        help="How many visits were due by earlier patterns, before the present one.",
    )
    partner_service_id = fields.Many2one(
        "res.partner",
        string="Place",
        check_company=True,
        help="Where the visits go, if not to the contract's service address or the "
        "item's own place.",
    )
    visit_ids = fields.One2many("service.visit", "line_id", string="Visits")
    visit_done_count = fields.Integer(
        string="Visits Done", compute="_compute_visit_counts"
    )
    visit_coming_count = fields.Integer(
        string="Coming Visits", compute="_compute_visit_counts"
    )
    place_count = fields.Integer(
        compute="_compute_place_count",
        help="At how many places the machines of this service stand.",
    )
    visit_past_count = fields.Integer(
        string="Dates in the Past",
        compute="_compute_visit_past_count",
        help="Dates of the pattern that were past already when the contract was "
        "activated: no visit was planned for them, their rights are still there.",
    )

    # === COMPUTE METHODS === #

    @api.depends("date_start")
    def _compute_visit_anchor(self):
        for line in self:
            contract = line.contract_id
            # counted from earlier periods, or kept while visits are counted from it
            fixed = contract.predecessor_id or contract.state != "draft"
            line.visit_anchor = fixed and line.visit_anchor or line.date_start

    def _compute_visit_counts(self):
        counts = {}
        for line, state, count in self.env["service.visit"]._read_group(
            Domain("line_id", "in", self.ids), ["line_id", "state"], ["__count"]
        ):
            counts[line, state] = count
        for line in self:
            line.visit_done_count = sum(
                counts.get((line, state), 0) for state in ("done", "problem")
            )
            line.visit_coming_count = sum(
                counts.get((line, state), 0)
                for state in ("planned", "confirmed", "in_progress")
            )

    def _compute_visit_past_count(self):
        past = self._get_past_slots()
        for line in self:
            line.visit_past_count = len(past.get(line, []))

    @api.depends(
        "item_id",
        "partner_service_id",
        "mode",
        "contract_id.item_ids.partner_service_id",
    )
    def _compute_place_count(self):
        for line in self:
            line.place_count = len(line._find_places())

    @api.depends("contract_id.name", "contract_id.partner_id")
    @api.depends_context("show_contract")
    def _compute_display_name(self):
        result = super()._compute_display_name()
        if self.env.context.get("show_contract"):
            for line in self.filtered("contract_id"):
                contract = line.contract_id
                line.display_name = (
                    f"{contract.partner_id.name}: {line.display_name}"
                    f" – {contract.name}, {line.rights_display}"
                )
        return result

    # === CONSTRAINTS === #

    @api.constrains("technician_id")
    def _check_technician(self):
        for line in self.filtered("technician_id"):
            # sudo: which companies a technician works for is no secret here
            technician = line.technician_id.sudo()
            if technician.share or line.company_id not in technician.company_ids:
                raise UserError(line._get_technician_problem())

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._follow_pattern()
        return lines

    def write(self, vals):
        planning = self._get_planning_fields()
        if not planning & set(vals):
            return super().write(vals)
        if "contract_id" in vals:
            self._check_unvisited(vals["contract_id"])
        if "quantity" in vals or vals.get("is_unlimited") is False:
            self._give_up_visits(vals.get("quantity"))
        agreed = self.filtered(lambda line: line.contract_state != "draft")
        told = {line: line.visit_summary for line in agreed}
        before = {line: line._get_plan_key() for line in self}
        result = super().write(vals)
        agreed._log_on_contract(
            {
                line: self.env._(
                    "%(line)s, visits: %(old)s → %(new)s",
                    line=line.display_name,
                    old=told[line] or "–",
                    new=line.visit_summary or "–",
                )
                for line in agreed
                if line.visit_summary != told[line]
            }
        )
        changed = self.filtered(lambda line: line._get_plan_key() != before[line])
        if set(vals) & planning <= PERIOD_FIELDS:
            changed._follow_period()
        else:
            changed._follow_pattern()
        return result

    def unlink(self):
        contracts = self.contract_id
        # sudo: those with a history were refused; activities and entries go with them
        self._unlink_except_visited()
        self.visit_ids.sudo().unlink()
        result = super().unlink()
        # sudo: the job's own date, after lines were deleted with the user's rights
        contracts.exists().sudo()._set_visits_due()
        return result

    def _check_unvisited(self, contract_id):
        """Refuse to take lines with visits to another contract.

        :raise UserError: naming the line
        """
        for line in self.filtered(lambda line: line.contract_id.id != contract_id):
            if line.visit_ids:
                raise UserError(
                    self.env._(
                        "“%(line)s” of contract %(contract)s has visits and can't be "
                        "moved to another contract.",
                        line=line.display_name,
                        contract=line.contract_id.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_visited(self):
        for visit in self.visit_ids.filtered(
            lambda visit: visit.state not in ("planned", "cancelled", "missed")
        ):
            raise UserError(
                self.env._(
                    "“%(line)s” has visits that were confirmed or done (%(visit)s): it "
                    "can't be deleted. Cancel what is to come and lower its quantity "
                    "instead.",
                    line=visit.line_id.display_name,
                    visit=visit.display_name,
                )
            )

    # === ACTIONS === #

    def action_edit_pattern(self):
        """Open the dialog that edits the pattern, with the coming dates beside it."""
        return self.env["service.visit.pattern.edit"]._open_for(self)

    def action_view_visits(self):
        """Open the visits of these lines."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract_schedule.service_visit_action"
        )
        action["domain"] = [("line_id", "in", self.ids)]
        action["context"] = {"default_line_id": self.id if len(self) == 1 else False}
        return action

    # === BUSINESS METHODS === #

    @api.model
    def _get_entitlement_fields(self):
        return super()._get_entitlement_fields() + self._get_pattern_fields()

    @api.model
    def _get_free_fields(self):
        # when and by whom is for the dispatcher to plan; how often was agreed
        return super()._get_free_fields() | {
            *self._get_pattern_fields(),
            "visit_date_ids",
        }

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {
            "pattern_from",
            "pattern_offset",
            "pattern_since",
        }

    @api.model
    def _get_planning_fields(self):
        """Return the names of the fields on which the dates of visits depend."""
        return {
            *self._get_pattern_fields(),
            "contract_id",
            "mode",
            "name",
            "quantity",
            "is_unlimited",
            "date_start",
            "date_end",
            "visit_anchor",
            "item_id",
            "partner_service_id",
        }

    def _get_plan_key(self):
        return [self[name] for name in sorted(self._get_planning_fields())]

    @api.model
    def _get_summary_fields(self):
        return [*super()._get_summary_fields(), "mode", "visit_date_ids.date"]

    def _describe_pattern(self):
        if self.mode == "scheduled" and not self.visit_kind:
            return self.env._("not planned yet")
        return super()._describe_pattern() if self.mode == "scheduled" else ""

    def _get_agreed_visits(self):
        """Return for how many visits there is a right (float); None = no limit."""
        if self.is_unlimited:
            return None
        return self.quantity / self._get_visit_quantity()

    def _get_visit_quantity(self, hours=None):
        """Return how much of the line one visit takes, in the unit of its service.

        One, or for a service that is agreed in hours as many as the visit lasts.

        :param hours: how long the visit lasts; as the pattern says if empty
        """
        self.ensure_one()
        # asked for every visit: by the cached id, as env.ref looks into the database
        hour = self.env["uom.uom"].browse(
            self.env["ir.model.data"]._xmlid_to_res_id("uom.product_uom_hour")
        )
        unit = self.product_uom_id
        if hour and unit and unit._has_common_reference(hour):
            taken = hour._compute_quantity(hours or self.duration, unit, round=False)
            digits = self.env["decimal.precision"].precision_get("Product Unit")
            return float_round(taken, precision_digits=digits) or 1.0
        return 1.0
