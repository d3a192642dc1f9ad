from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

PRESETS = {
    "weekday": {"visit_kind": "recurring", "rrule_type": "monthly", "month_by": "day"},
    "even": {"visit_kind": "even"},
    "dates": {"visit_kind": "dates"},
}


class ServiceVisitPatternEdit(models.TransientModel):
    """The dialog in which a pattern is made, with the dates that it gives beside it."""

    _name = "service.visit.pattern.edit"
    _description = "Edit a Pattern of Visits"
    _inherit = ["service.visit.pattern", "service.guard.mixin"]

    line_id = fields.Many2one("service.contract.line", readonly=True)
    template_line_id = fields.Many2one("service.contract.template.line", readonly=True)
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    preset = fields.Selection(
        selection=[
            ("weekday", "Every month on a weekday"),
            ("even", "Spread evenly over the period"),
            ("dates", "On given dates"),
            ("more", "Another rhythm"),
        ],
        string="When to Visit",
        compute="_compute_preset",
        inverse="_inverse_preset",
        store=True,
        readonly=False,
    )
    date_ids = fields.One2many(
        "service.visit.pattern.edit.date", "edit_id", string="Dates"
    )
    show_more = fields.Boolean(string="More")
    is_running = fields.Boolean(compute="_compute_is_running")
    date_from = fields.Date(
        string="From This Date On",
        help="Visits before this date stay as they are.",
    )

    # === COMPUTE METHODS === #

    @api.depends("line_id", "template_line_id")
    def _compute_company_id(self):
        for edit in self:
            edit.company_id = (
                edit.line_id.company_id
                or edit.template_line_id.company_id
                or self.env.company
            )

    @api.depends("line_id")
    def _compute_is_running(self):
        for edit in self:
            edit.is_running = edit.line_id.contract_id.state == "active"

    @api.depends("visit_kind", "rrule_type", "interval", "month_by")
    def _compute_preset(self):
        for edit in self:
            if edit.visit_kind in ("even", "dates"):
                edit.preset = edit.visit_kind
            elif not edit.visit_kind:
                edit.preset = False
            elif edit.preset != "more":
                plain = (edit.rrule_type, edit.month_by) == ("monthly", "day")
                edit.preset = "weekday" if plain else "more"

    def _inverse_preset(self):
        for edit in self:
            edit._apply_preset()

    @api.onchange("preset")
    def _onchange_preset(self):
        self._apply_preset()

    def _apply_preset(self):
        """Set what the preset means; *Another rhythm* keeps what there is."""
        preset = self.preset
        if preset == "more":
            self.visit_kind = "recurring"
        elif preset:
            values = PRESETS[preset]
            for name, value in values.items():
                if self[name] != value:
                    self[name] = value

    # === ACTIONS === #

    def action_save(self):
        """Write the pattern; on a running contract the visits follow it at once.

        :raise UserError: the pattern can't be planned
        """
        self.ensure_one()
        if problem := self._get_pattern_problem():
            raise ValidationError(problem[:1].upper() + problem[1:])
        target = self.line_id or self.template_line_id
        target.check_access("write")
        if self.line_id:
            self.line_id._change_pattern(
                self._prepare_target_values(),
                self.date_from if self.is_running else None,
            )
        else:
            target.write(self._prepare_target_values())
        return {"type": "ir.actions.act_window_close"}

    def action_remove(self):
        """Plan nothing ahead any more."""
        self.visit_kind = False
        return self.action_save()

    # === BUSINESS METHODS === #

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {"line_id", "template_line_id"}

    @api.model
    def _open_for(self, target):
        """Open the dialog for a line of a contract or of a template.

        :raise UserError: the line is on demand
        """
        target.ensure_one()
        target.check_access("write")
        values = target._prepare_pattern_values()
        is_line = target._name == "service.contract.line"
        if is_line and target.contract_id.state in ("expired", "cancelled"):
            raise UserError(
                self.env._(
                    "Contract %(contract)s is over: its visits are no longer planned.",
                    contract=target.contract_id.display_name,
                )
            )
        values["visit_kind"] = values["visit_kind"] or "recurring"
        values["line_id" if is_line else "template_line_id"] = target.id
        if is_line:
            values["date_from"] = target.contract_id._today()
        values["date_ids"] = [
            Command.create({"date": row.date, "days_after": row.days_after})
            for row in target.visit_date_ids
        ]
        # sudo: nobody has a right to create dialogs by RPC; the target was checked
        edit = self.sudo().create(values).sudo(False)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Visits: %(line)s", line=target.display_name),
            "res_model": self._name,
            "res_id": edit.id,
            "view_mode": "form",
            "target": "new",
        }

    def _get_agreed_visits(self):
        return (self.line_id or self.template_line_id)._get_agreed_visits()

    def _get_typed_dates(self):
        if self.template_line_id:
            start = self.template_line_id._get_sample_start()
            return sorted(
                {fields.Date.add(start, days=row.days_after) for row in self.date_ids}
            )
        return sorted({row.date for row in self.date_ids if row.date})

    def _prepare_target_values(self):
        values = self._prepare_pattern_values()
        name = "date" if self.line_id else "days_after"
        rows = {row[name]: row for row in self.date_ids if row[name] is not False}
        if self.visit_kind == "dates" and not rows:
            raise UserError(self.env._("Enter at least one date."))
        if self.visit_kind != "dates":
            rows = {}
        target = self.line_id or self.template_line_id
        kept = target.visit_date_ids.filtered(lambda row: row[name] in rows)
        values["visit_date_ids"] = [
            *(Command.delete(row.id) for row in target.visit_date_ids - kept),
            *(
                Command.create({name: value})
                for value in rows
                if value not in kept.mapped(name)
            ),
        ]
        if values["visit_kind"]:
            values["mode"] = "scheduled"
            if target.mode == "scheduled":
                del values["mode"]
        return values


class ServiceVisitPatternEditDate(models.TransientModel):
    _name = "service.visit.pattern.edit.date"
    _description = "Date in the Dialog of a Pattern"
    _order = "date, days_after, id"

    edit_id = fields.Many2one(
        "service.visit.pattern.edit", required=True, ondelete="cascade"
    )
    date = fields.Date()
    days_after = fields.Integer(string="Days after the Start")
