from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..tools import reminders

LOOKED_AT = {"active", "days_before", "repeat_days", "company_id", "template_id"}


class ServiceRenewalStage(models.Model):
    """One step of the plan by which customers are asked whether they renew."""

    _name = "service.renewal.stage"
    _description = "Stage of the Reminder Plan"
    _order = "company_id, template_id, days_before desc, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        ondelete="cascade",
    )
    template_id = fields.Many2one(
        "service.contract.template",
        string="Contract Template",
        ondelete="cascade",
        index="btree_not_null",
        check_company=True,
        help="Contracts of this template follow its own stages. Empty: the plan of the "
        "company.",
    )
    days_before = fields.Integer(
        required=True,
        default=30,
        help="So many days before the last day; negative: after it.",
    )
    repeat_days = fields.Integer(
        string="Repeat Every",
        help="So many days later the customer is asked again, until somebody decides "
        "or the next stage begins; 0 = once.",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="E-mail",
        domain="[('model', '=', 'service.contract')]",
        ondelete="restrict",
        help="Sent to the customer. Empty: nobody is written to.",
    )
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        string="Activity",
        domain="[('res_model', 'in', (False, 'service.contract'))]",
        ondelete="set null",
        help="Given to the user responsible. Empty: none.",
    )

    _repeat_not_negative = models.Constraint(
        "CHECK(COALESCE(repeat_days, 0) >= 0)",
        "Days until a customer is asked again can't be negative.",
    )

    # === COMPUTE METHODS === #

    @api.depends("template_id.company_id")
    def _compute_company_id(self):
        for stage in self:
            stage.company_id = (
                stage.template_id.company_id or stage.company_id or self.env.company
            )

    # === CONSTRAINTS === #

    @api.constrains("mail_template_id")
    def _check_mail_template(self):
        for stage in self:
            if problem := stage.mail_template_id._get_renewal_problem():
                raise ValidationError(problem)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        stages = super().create(vals_list)
        stages.company_id._look_again_at_renewals()
        return stages

    def write(self, vals):
        before = self.company_id
        result = super().write(vals)
        if {"company_id", "template_id"} & set(vals):
            # where it came to, not only where it was: a rule is asked before a write
            self.check_access("write")
        if LOOKED_AT & set(vals):
            (before | self.company_id)._look_again_at_renewals()
        return result

    def unlink(self):
        companies = self.company_id
        result = super().unlink()
        companies.exists()._look_again_at_renewals()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = (
            self.env["service.renewal.notice"]
            .sudo()  # sudo: whether anything was sent by it, of whatever company
            .search(Domain("stage_id", "in", self.ids), limit=1)
        )
        if used:
            raise UserError(
                self.env._(
                    "Customers were asked by the stage %(stage)s: archive it instead, "
                    "so that nobody is asked twice.",
                    stage=used.stage_id.name,
                )
            )

    # === BUSINESS METHODS === #

    def _get_steps(self):
        """Return these stages for :mod:`..tools.reminders`."""
        return [
            reminders.Stage(stage.id, stage.days_before, stage.repeat_days)
            for stage in self
        ]
