from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ServiceVisitDate(models.Model):
    """A typed date of a visit: a day for contracts, days after the start for
    templates.
    """

    _name = "service.visit.date"
    _description = "Typed Date of a Visit"
    _order = "date, days_after, id"

    line_id = fields.Many2one(
        "service.contract.line", ondelete="cascade", index="btree_not_null"
    )
    template_line_id = fields.Many2one(
        "service.contract.template.line", ondelete="cascade", index="btree_not_null"
    )
    date = fields.Date(help="Local date at the place of service.")
    days_after = fields.Integer(
        string="Days after the Start",
        help="In a template: so many days after the service starts.",
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id")

    _one_owner = models.Constraint(
        "CHECK((line_id IS NULL) != (template_line_id IS NULL))",
        "A date belongs to one service of a contract or of a template.",
    )
    _date_once = models.UniqueIndex(
        "(line_id, date) WHERE line_id IS NOT NULL",
        "This date was given twice for the same service.",
    )
    _days_once = models.UniqueIndex(
        "(template_line_id, days_after) WHERE template_line_id IS NOT NULL",
        "This number of days was given twice for the same service.",
    )

    @api.depends("line_id.company_id", "template_line_id.company_id")
    def _compute_company_id(self):
        for row in self:
            row.company_id = row.line_id.company_id or row.template_line_id.company_id

    @api.depends("date", "days_after")
    def _compute_display_name(self):
        for row in self:
            row.display_name = fields.Date.to_string(row.date) or str(row.days_after)

    @api.constrains("line_id", "date", "days_after", "template_line_id")
    def _check_date(self):
        for row in self:
            if row.line_id and not row.date:
                raise ValidationError(
                    self.env._(
                        "%(line)s: enter a date for each visit.",
                        line=row.line_id.display_name,
                    )
                )
            if row.template_line_id and row.days_after < 0:
                raise ValidationError(
                    self.env._(
                        "%(line)s: a visit can't be before the service starts.",
                        line=row.template_line_id.display_name,
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows._check_may_change()
        rows.line_id._follow_pattern()
        return rows

    def write(self, vals):
        self._check_may_change()
        lines = self.line_id
        result = super().write(vals)
        self._check_may_change()
        (lines | self.line_id)._follow_pattern()
        return result

    def unlink(self):
        self._check_may_change()
        lines = self.line_id
        result = super().unlink()
        lines.exists()._follow_pattern()
        return result

    # === BUSINESS METHODS === #

    def _check_may_change(self):
        """Refuse dates of a service that the user may not change.

        :raise AccessError: it is another company's, or a template's and the user no
            manager
        """
        for owners in (self.line_id, self.template_line_id):
            if owners:
                owners.check_access("write")
