from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Domain

COLORS = {
    "none": 0,
    "due": 3,
    "accepted": 4,
    "invoiced": 2,
    "renewed": 10,
    "declined": 9,
    "lapsed": 1,
}


class ServiceContract(models.Model):
    """The board of renewals: drag a card to decide."""

    _inherit = "service.contract"

    renewal_color = fields.Integer(
        compute="_compute_renewal_color", groups="base.group_user"
    )

    renewal_outcome = fields.Selection(
        selection=[("open", "Open"), ("renewed", "Renewed"), ("lost", "Lost")],
        string="Outcome",
        compute="_compute_renewal_outcome",
        search="_search_renewal_outcome",
        groups="service_contract.group_service_user",
        help="As the analysis of renewals counts it.",
    )

    # === COMPUTE METHODS === #

    @api.depends("renewal_state")
    def _compute_renewal_color(self):
        for contract in self:
            contract.renewal_color = COLORS.get(contract.renewal_state, 0)

    @api.depends("renewal_state", "state", "date_end", "active", "renewable")
    def _compute_renewal_outcome(self):
        report = self.env["service.renewal.report"].search_fetch(
            Domain("contract_id", "in", self.ids), ["outcome"]
        )
        outcomes = dict(zip(report.ids, report.mapped("outcome"), strict=True))
        for contract in self:
            contract.renewal_outcome = outcomes.get(contract.id, False)

    @api.model
    def _search_renewal_outcome(self, operator, value):
        if operator != "in":
            return NotImplemented
        # a row of the analysis has the id of its contract
        report = self.env["service.renewal.report"]
        return Domain("id", "in", report._search(Domain("outcome", "in", value)))

    @api.model
    def _expand_renewal_states(self, states, domain):
        """Show the columns of the board also where they are empty."""
        return [state for state in COLORS if state != "none"]

    # === CRUD METHODS === #

    def write(self, vals):
        """A card that is dragged writes the state: what people decide is decided, the
        rest is refused.

        :raise UserError: the state is a consequence, nobody decides it
        :raise RedirectWarning: a refusal needs its reason, which a dialog asks for
        """
        if "renewal_state" not in vals:
            return super().write(vals)
        vals = dict(vals)
        state = vals.pop("renewal_state")
        for contract in self:
            contract._decide_by_drag(state)
        return super().write(vals) if vals else True

    # === BUSINESS METHODS === #

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {"renewal_state"}

    def _decide_by_drag(self, state):
        self.ensure_one()
        if state == self.renewal_state:
            return
        if state == "accepted":
            self.action_renewal_accept()
        elif state == "declined":
            raise RedirectWarning(
                self.env._(
                    "Contract %(contract)s: say why the customer doesn't renew.",
                    contract=self.display_name,
                ),
                self.env.ref(
                    "service_contract_renewal.service_renewal_decline_action"
                ).id,
                self.env._("Enter the Reason"),
                {"default_contract_ids": self.ids},
            )
        elif state == "due" and self.renewal_decision:
            self.action_renewal_reopen()
        else:
            labels = dict(
                self._fields["renewal_state"]._description_selection(self.env)
            )
            raise UserError(
                self.env._(
                    "Contract %(contract)s: nobody decides “%(state)s”, it follows "
                    "from invoice, payment and dates.",
                    contract=self.display_name,
                    state=labels.get(state, state),
                )
            )
