from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.service_contract.tools import dates

from .service_visit import OPEN

SERVED = ("done", "problem")
LAST_ZONE = "Etc/GMT+12"  # where a day begins last on earth (IANA tz database)


class ServiceContract(models.Model):
    _inherit = "service.contract"

    visit_ids = fields.One2many("service.visit", "contract_id", string="Visits")
    visit_count = fields.Integer(compute="_compute_visit_counts")
    visit_open_count = fields.Integer(
        string="Coming Visits", compute="_compute_visit_counts"
    )
    visit_past_count = fields.Integer(
        string="Dates in the Past", compute="_compute_visit_past_count"
    )
    has_places = fields.Boolean(compute="_compute_has_places")
    visits_due_on = fields.Date(
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="The date on which the nightly job plans the next visit of this contract.",
    )

    # The order by visits_due_on makes the planner use it even when nothing is due.
    _visits_due_idx = models.Index(
        "(visits_due_on) WHERE state = 'active' AND visits_due_on IS NOT NULL"
    )

    # === COMPUTE METHODS === #

    def _compute_visit_counts(self):
        counts = {}
        for contract, state, count in self.env["service.visit"]._read_group(
            Domain("contract_id", "in", self.ids), ["contract_id", "state"], ["__count"]
        ):
            counts[contract, state] = count
        for contract in self:
            mine = {s: n for (c, s), n in counts.items() if c == contract}
            contract.visit_count = sum(mine.values())
            contract.visit_open_count = sum(mine.get(state, 0) for state in OPEN)

    @api.depends("line_ids.partner_service_id")
    def _compute_has_places(self):
        for contract in self:
            contract.has_places = bool(contract.line_ids.partner_service_id)

    def _compute_visit_past_count(self):
        past = self.line_ids._get_past_slots()
        for contract in self:
            contract.visit_past_count = sum(
                len(past.get(line, ())) for line in contract.line_ids
            )

    # === CRUD METHODS === #

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {"visits_due_on"}

    def write(self, vals):
        moved = {"partner_id", "partner_service_id", "tz"} & set(vals)
        result = super().write(vals)
        if moved:
            # visits go to the new place, by its clocks
            self.line_ids._follow_pattern()
        return result

    # === ACTIONS === #

    def action_view_visits(self):
        """Open the visits of these contracts."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract_schedule.service_visit_action"
        )
        action["domain"] = [("contract_id", "in", self.ids)]
        action["context"] = {}
        return action

    def action_plan_past_visits(self):
        """Open the dialog that plans visits in place of those whose date was past."""
        return self.env["service.visit.plan.past"]._open_for(self)

    # === CRON === #

    @api.model
    def _cron_generate_visits(self):
        """Plan the visits that have come within the horizon of their contracts."""
        # archived ones are still served
        self.with_context(active_test=False)._process_due(
            Domain("state", "=", "active")
            & Domain("visits_due_on", "!=", False)
            # due by the clocks of every place, so that planning takes it out again
            & Domain("visits_due_on", "<=", self._get_due_date()),
            "_generate_due_visits",
            order="visits_due_on",
        )

    def _generate_due_visits(self):
        self.line_ids._generate_visits()
        self._set_visits_due()  # also where no line has a pattern any more

    # === BUSINESS METHODS === #

    def _set_visits_due(self):
        """Store when the next visit of each contract is to be planned."""
        for contract in self:
            due = min(
                filter(None, contract.line_ids.mapped("visits_due_on")), default=False
            )
            if contract.visits_due_on != due:
                contract.visits_due_on = due

    def _look_again(self):
        """Let the next nightly run compare these contracts with their visits."""
        running = self.filtered(lambda contract: contract.state == "active")
        running.write({"visits_due_on": self._get_due_date()})

    @api.model
    def _get_due_date(self):
        """Return the date that it is, or was already, all over the earth."""
        return dates.local_date(fields.Datetime.now(), LAST_ZONE)

    def _get_dispatcher(self):
        """Return the user who plans the visits of this contract; never an idle one."""
        self.ensure_one()
        # sudo: a setting of the company
        company = self.company_id.sudo()
        return company._get_service_contact(
            company.service_dispatcher_id or self.user_id
        )

    def _check_complete(self):
        result = super()._check_complete()
        first = self.filtered(lambda contract: not contract.predecessor_id)
        first.line_ids._check_one_place()
        return result

    def _get_portal_values(self):
        values = super()._get_portal_values()
        visits = self.visit_ids
        # what visits used is told by the visits
        values["usages"] = values["usages"].filtered(
            lambda usage: not usage.origin or usage.origin._name != visits._name
        )
        values["visits_coming"] = visits.filtered(lambda visit: visit.state in OPEN)
        values["visits_past"] = visits.filtered(
            lambda visit: visit.state in ("done", "problem", "missed")
        ).sorted("start", reverse=True)
        return values

    def _get_service_record(self):
        rows = super()._get_service_record()
        counts = {}
        for line, state, count in self.env["service.visit"]._read_group(
            Domain("line_id", "in", self.line_ids.ids),
            ["line_id", "state"],
            ["__count"],
        ):
            counts[line, state] = count
        for row in rows:
            done = sum(counts.get((row["line"], state), 0) for state in SERVED)
            missed = counts.get((row["line"], "missed"), 0)
            if missed:
                row["given"] = self.env._(
                    "Visits: %(done)s done, %(missed)s missed", done=done, missed=missed
                )
            elif done:
                row["given"] = self.env._("Visits: %(done)s done", done=done)
        return rows

    def _check_never_served(self):
        result = super()._check_never_served()
        for contract in self:
            if contract.visit_ids.filtered(lambda v: v.state in ("done", "problem")):
                raise UserError(
                    self.env._(
                        "Contract %(contract)s was already served: it can't become a "
                        "draft again.",
                        contract=contract.display_name,
                    )
                )
        return result
