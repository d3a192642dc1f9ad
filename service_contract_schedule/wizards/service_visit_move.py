from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.clock import move_days, to_utc


class ServiceVisitMove(models.TransientModel):
    """Moves or reassigns visits, one or many at once."""

    _name = "service.visit.move"
    _description = "Move Visits"

    visit_ids = fields.Many2many("service.visit", string="Visits", required=True)
    visit_count = fields.Integer(compute="_compute_visit_count")
    how = fields.Selection(
        selection=[("on", "To a date"), ("days", "By days"), ("stay", "Keep the date")],
        string="Move",
        required=True,
        default="on",
    )
    date = fields.Date(help="Local date at the place of service.")
    days = fields.Integer(help="Negative: earlier.")
    change_hour = fields.Boolean(string="Another Hour")
    hour = fields.Float(default=9.0, help="By the clocks of the place of service.")
    change_technician = fields.Boolean(string="Another Technician")
    user_id = fields.Many2one(
        "res.users", string="Technician", domain="[('share', '=', False)]"
    )
    whole_trip = fields.Boolean(
        default=True,
        help="The other visits to the same customer and place on that day go along.",
    )

    @api.depends("visit_ids")
    def _compute_visit_count(self):
        for move in self:
            move.visit_count = len(move.visit_ids)

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "service.visit":
            ids = self.env.context.get("active_ids") or []
            visits = self.env["service.visit"].browse(ids)
            values["visit_ids"] = [fields.Command.set(ids)]
            values["how"] = "on" if len(ids) == 1 else "days"
            if len(visits) == 1:
                values["date"] = max(
                    visits._get_local_date(), visits.contract_id._today()
                )
        return values

    def action_move(self):
        """Write the new dates and technicians.

        :raise UserError: nothing to move, or a visit can't be moved there
        """
        self.ensure_one()
        if not self.visit_ids:
            raise UserError(self.env._("Choose the visits to move."))
        if self.how == "on" and not self.date:
            raise UserError(self.env._("Enter the date to move the visits to."))
        visits = self.visit_ids
        if self.whole_trip and self.how != "stay":
            visits = visits.union(
                *(visit._find_trip_on(visit._get_local_date()) for visit in visits)
            )
        visits = visits.with_context(service_visit_alone=True)
        for visit in visits:
            values = self._prepare_values(visit, visit in self.visit_ids)
            if values:
                visit.write(values)
        return {"type": "ir.actions.act_window_close"}

    def _prepare_values(self, visit, chosen):
        """Return what changes of ``visit``; others of its trip keep their hour."""
        length = visit.stop - visit.start
        day = visit._get_local_date()
        days = {"on": (self.date - day).days if self.date else 0, "days": self.days}
        moved = days.get(self.how, 0)
        start = move_days(visit.start, moved, visit.tz)
        if self.change_hour and chosen:
            start = to_utc(day + timedelta(days=moved), self.hour, visit.tz)
        values = {}
        if start != visit.start:
            values = {"start": start, "stop": start + length}
        if self.change_technician and visit.user_id != self.user_id:
            values["user_id"] = self.user_id.id
        return values
