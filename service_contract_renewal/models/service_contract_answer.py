from markupsafe import Markup, escape

from odoo import models
from odoo.exceptions import UserError

ACTIVITY_ASK = "service_contract_renewal.mail_activity_type_question"
MAX_TEXT = 2000
MAX_QUESTIONS = 5


class AnswerError(UserError):
    """Why an answer can't be taken, in words for the customer."""


class ServiceContract(models.Model):
    """What the customer answers on the page of the link, or on the portal."""

    _inherit = "service.contract"

    # === BUSINESS METHODS === #

    def _get_answer_problem(self):
        """Say why the customer can't decide (any more); empty where they can.

        They can change their mind until the invoice is posted.
        """
        self.ensure_one()
        if self.successor_id:
            return self.env._("This contract has been renewed already. Thank you!")
        if self._get_unpaid_renewal():
            return self.env._(
                "The invoice of this period is still open. As soon as it is paid, we "
                "serve you again."
            )
        if self.renewal_state == "invoiced":
            return self.env._(
                "The invoice of the next period has been issued. Please call us if you "
                "want to change anything."
            )
        if not self.renewable or not self.date_end or self.is_ended_early:
            return self.env._("This contract can't be renewed here. Please call us.")
        if self.suspension_reason == "manual" and self.state == "suspended":
            return self.env._("This contract is suspended. Please call us.")
        return ""

    def _has_answered(self, answer):
        """Tell whether the customer's answer is the one that still holds."""
        self.ensure_one()
        if answer == "accept":
            return self.renewal_decision == "accepted" or bool(self.successor_id)
        return answer == "ask" or (
            answer == "decline" and self.renewal_decision == "declined"
        )

    def _answer(self, answer, reason=None, text="", author=None):
        """Take the customer's answer; as superuser, after the link was checked.

        :param answer: ``accept``, ``decline`` or ``ask``
        :param reason: ``service.renewal.reason`` of a refusal, or empty
        :param text: what the customer wrote, plain text
        :param author: ``res.partner`` who is logged in; the contact if empty
        :raise AnswerError: it can't be decided any more, or nothing was asked
        """
        self.ensure_one()
        # a forged form may send a file
        text = text if isinstance(text, str) else ""
        text = text.replace("\0", "").strip()[:MAX_TEXT]
        author = author or self.renewal_contact_id
        if answer == "ask":
            self._take_question(text, author)
            return
        self._stamp_renewal()
        if problem := self._get_answer_problem():
            raise AnswerError(problem)
        decision = {"accept": "accepted", "decline": "declined"}[answer]
        if self.renewal_decision == decision:
            return  # a double click is one click
        # what staff reads is in their language
        staff = self.with_context(lang=self._get_responsible().lang)
        if author.partner_share:
            said = staff.env._("Answered by the customer on the web.")
        else:
            said = staff.env._(
                "Answered on the customer's page by %(user)s.", user=author.name
            )
        if text:
            said = Markup("%s<br/>%s") % (said, escape(text))
        staff._message_log(body=said, author_id=author.id)
        if answer == "accept":
            staff.action_renewal_accept()
            subject = staff.env._("The customer renews")
        else:
            staff.action_renewal_decline(reason)
            subject = staff.env._("The customer doesn't renew")
        staff._tell_responsible(subject, said)

    def _take_question(self, text, author):
        """Give the user responsible a question of the customer as a task."""
        if not text:
            raise AnswerError(self.env._("Please write your question."))
        open_ones = self.activity_search([ACTIVITY_ASK])
        if len(open_ones) >= MAX_QUESTIONS:
            raise AnswerError(
                self.env._("We have your questions already and will come back to you.")
            )
        user = self._get_responsible()
        self._message_log(body=text, author_id=author.id)
        self.activity_schedule(
            ACTIVITY_ASK,
            summary=self.with_context(lang=user.lang).env._(
                "The customer asks about the renewal"
            ),
            note=escape(text),
            user_id=user.id,
        )

    def _tell_responsible(self, subject, body):
        """Notify the user responsible, as their own settings say: inbox or e-mail."""
        user = self._get_responsible()
        self.message_notify(
            partner_ids=user.partner_id.ids,
            subject=f"{self.name}: {subject}",
            body=body,
        )
