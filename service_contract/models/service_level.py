from odoo import fields, models
from odoo.fields import Domain


class ServiceLevel(models.Model):
    """A tier of service: how soon which customers are answered."""

    _name = "service.level"
    _description = "Service Level"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", index="btree_not_null")
    priority = fields.Selection(
        selection=[("0", "Low"), ("1", "Normal"), ("2", "High"), ("3", "Very high")],
        required=True,
        default="1",
        help="The priority that problems reported under this level begin with.",
    )
    response_hours = fields.Float(
        string="Response Time",
        help="Working hours within which a reported problem is answered.",
    )
    color = fields.Integer()
    description = fields.Text(
        translate=True,
        help="What customers of this level may expect; printed on the contract.",
    )
    contract_count = fields.Integer(compute="_compute_contract_count")

    _response_not_negative = models.Constraint(
        "CHECK(response_hours >= 0)", "The response time can't be negative."
    )

    def _compute_contract_count(self):
        counts = dict(
            self.env["service.contract"]._read_group(
                Domain("level_id", "in", self.ids), ["level_id"], ["__count"]
            )
        )
        for level in self:
            level.contract_count = counts.get(level, 0)

    def action_view_contracts(self):
        """Open the contracts of this level."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract.service_contract_action"
        )
        action["domain"] = [("level_id", "in", self.ids)]
        action["context"] = {}
        return action
