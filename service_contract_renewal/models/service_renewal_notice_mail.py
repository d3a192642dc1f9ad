from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# with anything else the mail server may take it later
WRONG_ADDRESS = ("mail_email_invalid", "mail_email_missing")
GIVE_UP_AFTER = timedelta(days=3)
LOOK_BACK = timedelta(days=60)


class ServiceRenewalNotice(models.Model):
    """What becomes of a mail that didn't reach the customer."""

    _inherit = "service.renewal.notice"

    @api.model
    def _get_failed_domain(self):
        """Return the domain of notices whose mail failed and which nobody took up."""
        since = fields.Date.today() - LOOK_BACK
        return Domain("day", ">=", since) & Domain("mail_id.state", "=", "exception")

    def _follow_failed_mail(self):
        """Queue failed mails again; where the address is wrong, or days have passed,
        somebody calls or posts the letter instead. What is no longer true isn't sent.
        """
        last = fields.Date.today() - GIVE_UP_AFTER
        for notice in self:
            mail = notice.mail_id
            if not notice._is_still_true():
                mail.cancel()
            elif mail.failure_type not in WRONG_ADDRESS and notice.day >= last:
                mail.mark_outgoing()
            else:
                mail.cancel()
                notice._reach_otherwise()

    def _is_still_true(self):
        """Tell whether the customer should still be told: nobody decided or paid
        meanwhile, they aren't left alone, and nothing newer was sent.
        """
        self.ensure_one()
        contract = self.contract_id
        newer = contract.notice_ids.filtered(
            lambda notice: notice.kind == self.kind and notice.id > self.id
        )
        if newer:
            return False
        if self.kind == "letter":
            return contract._has_letter()
        return contract._is_asked() and not contract.reminder_is_held

    def _reach_otherwise(self):
        """By telephone or by post, since no mail arrives."""
        self.ensure_one()
        if self.kind == "letter":
            self.channel = "post"
            self._keep_letter()
        else:
            self.channel = "call"
            self._give_activities()

    def _check_template(self, template):
        """Refuse a mail that prints something else than these contracts.

        :raise UserError: somebody changed the template since it was chosen
        """
        if problem := template._get_renewal_problem():
            raise UserError(problem)
