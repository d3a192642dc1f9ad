from datetime import timedelta

from odoo import api, models

ACTIVITY_REVIEW = "service_contract.mail_activity_type_review"


class ServiceContract(models.Model):
    """Every suspension is looked at again: somebody has an activity on that day."""

    _inherit = "service.contract"

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if vals.get("suspension_review_date"):
            # sudo: a task that belongs to the date, whoever may move it
            held = self.sudo().filtered(lambda contract: contract.state == "suspended")
            held.activity_search([ACTIVITY_REVIEW]).date_deadline = vals[
                "suspension_review_date"
            ]
            held._plan_review()  # who has looked at it will look again
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _get_default_review_date(self):
        """Return when a suspension of today is looked at again in the own company."""
        company = self.env.company
        return self._get_company_today(company) + timedelta(
            days=company.sudo().service_review_days  # sudo: a setting
        )

    def _plan_review(self):
        """Give the users responsible the task to look at these suspensions again, where
        they have none.
        """
        told = self.activity_search([ACTIVITY_REVIEW])
        contracts = self - self.browse(told.mapped("res_id"))
        contracts = contracts.with_context(mail_activity_quick_update=True)
        for (user, day), group in contracts.grouped(
            lambda c: (c._get_responsible(), c.suspension_review_date)
        ).items():
            group.activity_schedule(
                ACTIVITY_REVIEW,
                date_deadline=day,
                summary=self.with_context(lang=user.lang).env._(
                    "Review the suspension"
                ),
                user_id=user.id,
            )

    # === HOOKS === #

    def _on_interrupted(self, date):
        result = super()._on_interrupted(date)
        open_ended = self.filtered(lambda c: not c.suspension_review_date)
        for company, contracts in open_ended.grouped("company_id").items():
            days = company.sudo().service_review_days  # sudo: a setting
            contracts.suspension_review_date = date + timedelta(days=days)
        # sudo: whoever may suspend leaves a task to the user responsible
        self.sudo()._plan_review()
        return result

    def _on_resumed(self, date):
        result = super()._on_resumed(date)
        # sudo: the system's own tasks
        self.sudo().activity_unlink([ACTIVITY_REVIEW])
        return result

    def _on_terminated(self, date):
        result = super()._on_terminated(date)
        # sudo: as above
        ended = self.sudo().filtered(lambda contract: contract.state != "suspended")
        ended.activity_unlink([ACTIVITY_REVIEW])
        return result
