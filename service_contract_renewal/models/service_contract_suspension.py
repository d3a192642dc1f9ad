from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.service_contract.tools import dates

from ..tools.roles import UNPAID

ACTIVITY_POST = "service_contract_renewal.mail_activity_type_post"
AFTER_HOLD = timedelta(days=7)
LETTERS = 20  # in one transaction: each may be a PDF
LETTER = "service_contract_renewal.mail_template_suspension"


class ServiceContract(models.Model):
    """Nobody renewed, or nobody paid: the service stops, and a letter says so."""

    _inherit = "service.contract"

    suspension_due_at = fields.Datetime(
        compute="_compute_suspension_due_at",
        store=True,
        copy=False,
        help="The instant from which on nobody is served, unless somebody decides or "
        "pays.",
        groups="base.group_user",
    )
    suspended_on = fields.Date(
        readonly=True,
        copy=False,
        help="The local date since which the contract is suspended.",
        groups="base.group_user",
    )

    _unpaid_idx = models.Index(
        "(id) WHERE state = 'suspended' AND suspension_reason = 'unpaid'"
    )
    # The order by the column makes the planner use it even when nothing is due.
    _suspension_idx = models.Index(
        "(suspension_due_at) WHERE suspension_due_at IS NOT NULL"
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "active",
        "state",
        "renewal_state",
        "renewable",
        "date_end",
        "tz",
        "reminder_hold_until",
        "renewal_ids.state",
        "renewal_ids.move_id.invoice_date_due",
        "predecessor_id.renewal_ids.state",
        "predecessor_id.renewal_ids.move_id.invoice_date_due",
    )
    def _compute_suspension_due_at(self):
        for contract in self:
            day = contract._get_next_suspension_day()
            contract.suspension_due_at = day and dates.local_midnight(day, contract.tz)

    # === CRON === #

    @api.model
    def _cron_suspend_lapsed(self):
        """Suspend what nobody renewed or paid, after the days of grace; lift what was
        paid where no hook told so.
        """
        contracts = self.with_context(active_test=False)
        contracts._process_due(
            Domain("suspension_due_at", "<=", fields.Datetime.now()),
            "_suspend_due",
            order="suspension_due_at",
            batch_size=LETTERS,
        )
        if paid := contracts._find_paid_again():
            contracts._process_due(
                Domain("id", "in", paid.ids) & Domain("state", "=", "suspended"),
                "_lift_unpaid",
                order="id",
            )

    # === BUSINESS METHODS === #

    def _get_suspension_day(self):
        """Return the first local date on which the contract is suspended where nobody
        decides or pays, or False: the day after the last day of grace.

        An accepted contract without a posted invoice is never suspended.
        """
        self.ensure_one()
        if not self.date_end or not self.renewable or self._has_paid_next():
            return False
        if self.renewal_state == "invoiced":
            last = self._get_grace_end()
        elif self.renewal_state in ("none", "due", "lapsed"):
            last = fields.Date.add(
                self.date_end,
                days=self.company_id.sudo().service_grace_days,  # sudo: a setting
            )
        else:
            return False
        return last and fields.Date.add(last, days=1)

    def _get_unpaid_renewal(self):
        """Return the ``service.renewal`` whose invoice this period began without, as
        the company renews on posting, and which is still not paid.
        """
        self.ensure_one()
        none = self.env["service.renewal"]
        if self.company_id.service_renew_on != "posting" or not self.predecessor_id:
            return none
        renewal = self.predecessor_id._get_live_renewal()
        move = renewal.move_id
        if (
            renewal.state == "renewed"
            and move.state == "posted"
            and move.payment_state != "reversed"
            and not move._is_service_paid()
        ):
            return renewal
        return none

    def _get_unpaid_suspension_day(self):
        """Return the first local date on which a period that began without payment is
        suspended, or False where its invoice is none of that kind, or paid.
        """
        self.ensure_one()
        unpaid = self._get_unpaid_renewal()
        if not unpaid:
            return False
        begins = fields.Date.subtract(self.date_start, days=1)
        last = max(filter(None, (begins, unpaid.move_id.invoice_date_due)))
        return fields.Date.add(last, days=self.company_id.service_grace_days + 1)

    def _get_next_suspension_day(self, since=None):
        """Return the local date on which the job suspends the contract, or False.

        :param since: as if the company had begun to remind on this date
        """
        self.ensure_one()
        # sudo: settings, invoices and neighbours of the chain, for a date alone
        contract = self.sudo()
        company = contract.company_id
        since = since or company.service_reminders_since
        if not since or not company.service_suspends or not contract.active:
            return False
        day = False
        if contract.state == "active":
            day = contract._get_unpaid_suspension_day()
        if not day and contract.state in ("active", "expired"):
            day = contract._get_suspension_day()
        if not day or day < since:
            return False
        return contract._get_day_after_hold(day)

    def _get_day_after_hold(self, day):
        """Return ``day``, or a week after a hold that goes beyond it: the customer is
        asked once more before the contract is suspended.
        """
        self.ensure_one()
        hold = self.reminder_hold_until
        return hold + AFTER_HOLD if hold and hold >= day else day

    def _suspend_due(self):
        """Suspend those whose time has come, as superuser; a person or a payment may
        have been faster.
        """
        self._stamp_renewal()
        again = self.browse()
        for contract in self:
            day = contract._get_next_suspension_day()
            if not day or day > contract._today():
                again |= contract
        self.env.add_to_compute(self._fields["suspension_due_at"], again)
        again.flush_recordset(["suspension_due_at"])
        due = self - again
        unpaid = due.filtered(
            lambda contract: (
                contract.renewal_state == "invoiced" or contract._get_unpaid_renewal()
            )
        )
        if unpaid:
            unpaid.action_suspend(reason="unpaid")
        if due - unpaid:
            (due - unpaid).action_suspend(reason="not_renewed")

    def _on_interrupted(self, date):
        result = super()._on_interrupted(date)
        # sudo: bookkeeping of a step that was checked
        contracts = self.sudo()
        contracts._write_quietly({"suspended_on": date})
        told = contracts.filtered(lambda contract: contract._has_letter())
        # what is taken over is told again: only the letter counts now
        told._close_reminder_tasks()
        told._send_letters()
        return result

    def _on_resumed(self, date):
        result = super()._on_resumed(date)
        # sudo: as above
        contracts = self.sudo()
        contracts._write_quietly({"suspended_on": False})
        contracts.activity_unlink([ACTIVITY_POST])
        for contract in contracts:
            day = contract._get_next_suspension_day()
            if day and day <= date:
                # a person lifted it: the job doesn't overrule them the next night
                days = contract.company_id.service_review_days
                contract._write_quietly(
                    {
                        "reminder_hold_until": fields.Date.add(date, days=days),
                        "reminder_hold_reason": self.env._("Resumed by hand"),
                    }
                )
        return result

    # === THE LETTER === #

    def _send_letters(self):
        """Write to the customers of suspended contracts, once for each suspension.

        Where there is no e-mail, the letter is kept in the chatter, and somebody gets
        the task to post it.
        """
        if not self:
            return
        template = self.env.ref(LETTER, raise_if_not_found=False)
        notices = self.env["service.renewal.notice"].create(
            [contract._prepare_letter_values(template) for contract in self]
        )
        mailed = notices.filtered(lambda notice: notice.channel == "mail")
        if mailed:
            mailed._send(template)
        for notice in notices - mailed:
            notice._keep_letter()

    def _prepare_letter_values(self, template):
        self.ensure_one()
        letters = self.notice_ids.filtered(lambda notice: notice.kind == "letter")
        contact = self.renewal_contact_id
        return {
            "contract_id": self.id,
            "kind": "letter",
            "repeat_no": len(letters),
            "due_date": self.suspended_on or self._today(),
            "day": self._today(),
            "date_end": self.date_end,
            "channel": "mail" if template and contact.email_normalized else "post",
            "contact_id": contact.id,
        }

    def _get_last_chance_text(self):
        """Return the last day on which renewing still avoids the suspension, as text in
        the customer's language; empty where nobody is suspended.
        """
        self.ensure_one()
        if not self.company_id.sudo().service_suspends:  # sudo: a setting
            return ""
        suspended = self
        day = self._get_suspension_day()
        if not day and self._owes_next_period():
            suspended = self.successor_id
            day = suspended._get_unpaid_suspension_day()
        if not day:
            return ""
        day = suspended._get_day_after_hold(day)
        return self._format_day(
            fields.Date.subtract(day, days=1), self.env.lang, in_words=True
        )

    def _get_suspension_cause(self):
        """Say in one sentence why the contract is suspended, for the customer."""
        self.ensure_one()
        move = self._get_letter_move()
        if move:
            return self.env._(
                "Invoice %(invoice)s, due on %(date)s, hasn't been paid.",
                invoice=move.name,
                date=self._format_day(
                    move.invoice_date_due, self.env.lang, in_words=True
                ),
            )
        if not self._is_over():
            return self.env._("Its fee hasn't been paid.")
        return self.env._(
            "It ended on %(date)s, and we received no renewal.",
            date=self._format_day(self.date_end, self.env.lang, in_words=True),
        )

    def _loses_unused_rights(self):
        """Tell whether what is left isn't carried over, as nobody renewed in time."""
        self.ensure_one()
        # sudo: the invoice of the period, to tell which period is suspended
        return not self.carry_after_suspension and not (
            self.sudo()._get_unpaid_renewal()
        )

    def _has_rights_to_lose(self):
        """Tell whether something is left that a suspension would take for good."""
        self.ensure_one()
        return self._loses_unused_rights() and any(
            not line.is_unlimited and line._is_lost_by_suspension()
            for line in self.line_ids
        )

    def _get_letter_move(self):
        """Return the unpaid invoice for which the contract is suspended, or will be, or
        none.

        :raise AccessError: somebody without the role of a service user asks
        """
        self.ensure_one()
        self._check_may_offer()
        # sudo: an invoice of the very customer who is written to
        contract = self.sudo()
        renewal = contract._get_unpaid_renewal() or contract._get_live_renewal()
        return renewal.move_id.filtered(
            lambda move: (
                move.state == "posted"
                and move.payment_state != "reversed"
                and not move._is_service_paid()
            )
        )

    def _has_letter(self):
        """Tell whether the customer is told by letter why nobody serves them."""
        self.ensure_one()
        return self.state == "suspended" and self.suspension_reason in UNPAID

    def action_print_letter(self):
        """Print the suspension letters of these contracts, in one PDF.

        :raise UserError: a contract isn't suspended for want of renewal or payment
        """
        for contract in self:
            if not contract._has_letter():
                raise UserError(
                    self.env._(
                        "Contract %(contract)s isn't suspended for want of renewal or "
                        "payment: there is no letter to print.",
                        contract=contract.display_name,
                    )
                )
        return self.env.ref(
            "service_contract_renewal.action_report_suspension"
        ).report_action(self)

    # === LIFTED === #

    @api.model
    def _get_held_unpaid_domain(self):
        """Return the domain of periods that are suspended until somebody pays."""
        return Domain("state", "=", "suspended") & Domain(
            "suspension_reason", "=", "unpaid"
        )

    @api.model
    def _find_paid_again(self):
        """Return the periods that are suspended though the invoice they began with is
        paid by now: where the company renews on posting.

        A period whose own next invoice is open is suspended for that one.
        """
        found = self.search(
            self._get_held_unpaid_domain()
            & Domain("renewal_state", "!=", "invoiced")
            & Domain(
                "predecessor_id.renewal_ids",
                "any",
                Domain("state", "=", "renewed")
                & Domain(
                    "move_id.payment_state",
                    "in",
                    ("paid", "in_payment", "partial", "blocked"),
                ),
            )
        )
        return found.filtered(
            lambda contract: (
                contract.predecessor_id._get_live_renewal().move_id._is_service_paid()
            )
        )

    def _lift_unpaid(self):
        """Resume periods that were suspended until their invoice is paid."""
        waiting = self.filtered(
            lambda contract: (
                contract.state == "suspended"
                and contract.suspension_reason == "unpaid"
                and contract.renewal_state != "invoiced"
            )
        )
        if waiting:
            waiting.action_resume()
