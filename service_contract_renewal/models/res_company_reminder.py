from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import reminders

LOOKED_AT = {
    "service_reminders_since",
    "service_suspends",
    "service_renew_on",
    "service_grace_days",
}
# the plan of every new company: days before the end, repeated every so many days
PLAN = ("stage_first", "stage_second", "stage_last")


class ResCompany(models.Model):
    """When customers are asked, and whether those who don't answer are suspended."""

    _inherit = "res.company"

    service_reminders_since = fields.Date(
        string="Reminders Since",
        readonly=True,
        help="Customers are reminded, and contracts suspended, from this day on; "
        "empty: not at all. What was over before then is left alone.",
    )
    service_suspends = fields.Boolean(
        string="Suspend when Nobody Renews",
        default=True,
        help="After the days of grace; the customer gets a letter.",
    )
    service_stage_ids = fields.One2many(
        "service.renewal.stage",
        "company_id",
        string="Reminder Plan",
        domain=[("template_id", "=", False)],
        groups="service_contract.group_service_technician",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._give_service_stages()
        return companies

    def write(self, vals):
        result = super().write(vals)
        if LOOKED_AT & set(vals):
            self._look_again_at_renewals()
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _give_all_service_stages(self):
        """Give the usual plan to the companies that have none."""
        self.with_context(active_test=False).search(
            [("service_stage_ids", "=", False)]
        )._give_service_stages()

    @api.model
    def _get_stages_of_data(self):
        stages = self.env["service.renewal.stage"].sudo()  # sudo: a default plan
        found = [
            self.env.ref(f"service_contract_renewal.{name}", raise_if_not_found=False)
            for name in PLAN
        ]
        return stages.union(*filter(None, found))

    @api.model
    def _translate_service_stages(self, langs):
        """Name the copies of the plan like the stages they came from, where nobody gave
        them another name.
        """
        for origin in self._get_stages_of_data().with_context(lang="en_US"):
            copies = origin.with_context(active_test=False, lang="en_US").search(
                [("id", "!=", origin.id), ("name", "=", origin.name)]
            )
            for lang in set(langs) - {"en_US"}:
                name = origin.with_context(lang=lang).name
                unnamed = copies.with_context(lang=lang).filtered(
                    lambda stage, name=origin.name: stage.name == name
                )
                if unnamed and name != origin.name:
                    unnamed.name = name

    def _give_service_stages(self):
        """Copy the plan of the data to companies without any stage."""
        stages = self.env["service.renewal.stage"].sudo()  # sudo: a default plan
        models_of = self._get_stages_of_data().filtered(
            lambda stage: not stage.template_id  # somebody made it a template's own
        )
        for company in self:
            having = stages.with_context(active_test=False).search_count(
                [("company_id", "=", company.id)], limit=1
            )
            if not having:
                models_of.copy({"company_id": company.id})

    def _look_again_at_renewals(self):
        """Let the next run of the jobs see what is due under changed settings.

        One statement, whatever the number of contracts; the jobs take the time.
        """
        if not self:
            return
        for model in ("service.contract", "service.renewal", "account.move"):
            self.env[model].flush_model()
        self.env.cr.execute(
            SQL(
                """
                UPDATE service_contract
                   SET reminder_next_at = %(now)s, suspension_due_at = %(now)s
                 WHERE company_id = ANY(%(companies)s)
                   AND state IN ('active', 'expired')
                   AND date_end IS NOT NULL
                   AND (renewal_state IN ('none', 'due', 'invoiced', 'lapsed')
                        -- renewed on posting: asked for the payment still
                        OR renewal_state = 'renewed' AND EXISTS (
                           SELECT FROM service_renewal renewal
                             JOIN account_move move ON move.id = renewal.move_id
                            WHERE renewal.contract_id = service_contract.id
                              AND renewal.state = 'renewed'
                              AND move.payment_state IN ('not_paid', 'partial')))
                """,
                now=fields.Datetime.now(),
                companies=self.ids,
            )
        )
        self.env["service.contract"].invalidate_model(
            ["reminder_next_at", "suspension_due_at"], flush=False
        )

    def _get_service_plan(self, template, start, end):
        """Return the plan of a period: the stages of its template, else the company's.

        :param template: ``service.contract.template``
        :return: of :func:`..tools.reminders.get_plan`
        """
        self.ensure_one()
        own = template.renewal_stage_ids.filtered(
            lambda stage: stage.active and stage.company_id == self
        )
        stages = own or self.service_stage_ids.filtered("active")
        return reminders.get_plan(stages._get_steps(), start, end)
