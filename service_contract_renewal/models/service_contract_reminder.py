from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.service_contract.tools import dates

from ..tools import reminders

ACTIVITY_FOLLOW = "service_contract_renewal.mail_activity_type_follow_up"
ACTIVITY_CALL = "service_contract_renewal.mail_activity_type_call"
# a mail may carry a PDF, and a job must commit before it is stopped
MAILS = 20
MAX_HOLD_YEARS = 5
UNDECIDED = ("none", "due", "lapsed")


class ServiceContract(models.Model):
    """The customer is asked in time, and again until somebody decides."""

    _inherit = "service.contract"

    notice_ids = fields.One2many(
        "service.renewal.notice",
        "contract_id",
        string="Reminders and Letters",
        groups="base.group_user",
    )
    reminder_next_at = fields.Datetime(
        compute="_compute_reminder_next_at",
        store=True,
        copy=False,
        help="The instant from which on the next reminder is due.",
        groups="base.group_user",
    )
    reminder_next_on = fields.Date(
        string="Next Reminder",
        compute="_compute_reminder_next_on",
        groups="base.group_user",
    )
    renewal_contact_id = fields.Many2one(
        "res.partner",
        string="Asked",
        compute="_compute_renewal_contact_id",
        groups="base.group_user",
        help="Who is written to: customer, invoice address or company, the first of "
        "them with an e-mail.",
    )
    reminder_is_held = fields.Boolean(
        compute="_compute_reminder_is_held",
        groups="base.group_user",
        help="Whether the customer is left alone today.",
    )
    reminder_can_hold = fields.Boolean(
        compute="_compute_reminder_is_held",
        groups="base.group_user",
        help="Whether the customer would be asked, or the contract suspended.",
    )
    reminder_hold_reason = fields.Char(
        string="On Hold Because",
        copy=False,
        tracking=True,
        groups="base.group_user",
    )

    # The order by the column makes the planner use it even when nothing is due.
    _reminder_idx = models.Index(
        "(reminder_next_at) WHERE reminder_next_at IS NOT NULL"
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "active",
        "state",
        "renewal_state",
        "renewable",
        "date_start",
        "date_end",
        "tz",
        "template_id",
        "reminder_hold_until",
        "notice_ids.stage_id",
        "suspension_due_at",
        "renewal_ids.state",
    )
    def _compute_reminder_next_at(self):
        for contract in self:
            day = contract._get_next_reminder_day()
            contract.reminder_next_at = day and dates.local_midnight(day, contract.tz)

    @api.depends("reminder_next_at", "tz")
    def _compute_reminder_next_on(self):
        for contract in self:
            at = contract.reminder_next_at
            contract.reminder_next_on = at and dates.local_date(at, contract.tz)

    @api.depends("reminder_hold_until", "reminder_next_at", "suspension_due_at")
    def _compute_reminder_is_held(self):
        for contract in self:
            until = contract.reminder_hold_until
            contract.reminder_is_held = until and until > contract._today()
            contract.reminder_can_hold = bool(
                contract.reminder_next_at or contract.suspension_due_at
            )

    @api.depends(
        "partner_id.email_normalized",
        "partner_invoice_id.email_normalized",
        "partner_id.commercial_partner_id.email_normalized",
    )
    def _compute_renewal_contact_id(self):
        for contract in self:
            people = contract.partner_id | contract.partner_invoice_id
            people |= contract.partner_id.commercial_partner_id
            contract.renewal_contact_id = (
                people.filtered("email_normalized")[:1] or contract.partner_id
            )

    # === CRON === #

    @api.model
    def _cron_send_reminders(self):
        """Ask the customers whose turn it is, in the language of each; what the mail
        server left behind goes out again.
        """
        contracts = self.with_context(active_test=False)
        notices = self.env["service.renewal.notice"]
        if failed := notices.search(notices._get_failed_domain()):
            contracts._process_due(
                Domain("id", "in", failed.contract_id.ids)
                & Domain("notice_ids", "any", notices._get_failed_domain()),
                "_follow_failed_mails",
                order="id",
                batch_size=MAILS,
            )
        contracts._process_due(
            Domain("reminder_next_at", "<=", fields.Datetime.now()),
            "_remind",
            order="reminder_next_at",
            batch_size=MAILS,
        )

    def _follow_failed_mails(self):
        """Send again, or tell a person, what didn't reach the customers."""
        notices = self.env["service.renewal.notice"]
        notices.search(
            notices._get_failed_domain() & Domain("contract_id", "in", self.ids)
        )._follow_failed_mail()

    # === BUSINESS METHODS === #

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | {
            "reminder_hold_until",
            "reminder_hold_reason",
            "renewal_reason_id",
            "suspended_on",
        }

    def _is_asked(self):
        """Tell whether the customer is to be asked, or reminded of the invoice, at all:
        nobody decided yet, and it isn't left alone.
        """
        self.ensure_one()
        return bool(
            self.active
            and self.state in ("active", "expired")
            and self.date_end
            and self.renewable
            and not self._has_paid_next()
            and (
                self.renewal_state in (*UNDECIDED, "invoiced")
                or self._owes_next_period()
            )
        )

    def _has_paid_next(self):
        """Tell whether the next period is paid for, though it isn't there: its contract
        was cancelled, or is yet to be made. No reminder and no letter can be right.
        """
        self.ensure_one()
        live = self._get_live_renewal()
        return not self.successor_id and (
            live.state == "renewed"
            or (live.state == "posted" and live.move_id._is_service_paid())
        )

    def _owes_next_period(self):
        """Tell whether the next period began on an invoice that is still to be paid."""
        self.ensure_one()
        return bool(
            self.renewal_state == "renewed"
            and self.successor_id.state == "active"
            and self.successor_id._get_unpaid_renewal()
        )

    def _get_next_reminder_day(self, since=None):
        """Return the local date on which the customer is asked next, or False.

        :param since: as if the company had begun to remind on this date
        """
        self.ensure_one()
        # sudo: settings of the company, and the ledger
        contract = self.sudo()
        since = since or contract.company_id.service_reminders_since
        if not since or not contract._is_asked():
            return False
        # what is suspended for want of payment is the period that began without it
        suspended = contract
        last = contract._get_suspension_day()
        if not last and contract._owes_next_period():
            suspended = contract.successor_id
            last = suspended._get_unpaid_suspension_day()
        if last and last < since:
            return False  # over before the company began to remind
        if not contract.company_id.service_suspends:
            last = False
        elif last:
            last = suspended._get_day_after_hold(last)
        if last and contract._today() >= last:
            return False  # it is too late to ask, the letter is written
        day = reminders.get_next_day(contract._get_plan(), contract._get_sent())
        if not day:
            return False
        held = (contract.reminder_hold_until, suspended.reminder_hold_until)
        day = max(filter(None, (day, *held)))
        return False if last and day >= last else day

    def _get_plan(self):
        self.ensure_one()
        return self.company_id._get_service_plan(
            self.template_id, self.date_start, self.date_end
        )

    def _get_sent(self):
        """Return what the ledger says, for :mod:`..tools.reminders`.

        A customer who was asked about one end is asked anew where it moved by half of
        the period or more: the contract was prolonged.
        """
        self.ensure_one()
        sent = {}
        for notice in self.notice_ids.sorted(lambda row: (row.day, row.repeat_no)):
            if notice.stage_id:
                end = notice.date_end or self.date_end
                sent[notice.stage_id.id] = reminders.Sent(
                    notice.repeat_no,
                    notice.day,
                    is_past=(self.date_end - end) * 2 >= end - self.date_start
                    and self.date_end != end,
                )
        return sent

    def _get_due_reminder(self, since=None):
        """Return (stage, number, day): by what the customer is to be asked today, and
        since when it is due.

        :return: (empty stage, 0, None) where nothing is due
        """
        self.ensure_one()
        stages = self.env["service.renewal.stage"]
        today = self._today()
        day = self._get_next_reminder_day(since)
        if not day or day > today:
            return stages, 0, None
        # sudo: the plan and the ledger
        contract = self.sudo()
        due = reminders.get_due(contract._get_plan(), contract._get_sent(), today)
        if not due:
            return stages, 0, None
        return stages.browse(due.key), due.number, max(day, due.day)

    def _remind(self):
        """Send what is due, as superuser: ledger, mail and activity in one go."""
        self._stamp_renewal()
        due = {}
        for contract in self:
            stage, number, day = contract._get_due_reminder()
            if stage:
                due[contract] = (stage, number, day)
        asked = self.browse([contract.id for contract in due])
        asked.filtered(
            lambda c: c.renewal_state == "none" and not c.renewal_is_due
        )._set_renewal_due()
        notices = self.env["service.renewal.notice"].create(
            [contract._prepare_notice_values(*due[contract]) for contract in asked]
        )
        for (stage, template), rows in notices.grouped(
            lambda notice: (notice.stage_id, notice._get_template())
        ).items():
            mailed = rows.filtered(lambda notice: notice.channel == "mail")
            if mailed:
                mailed._send(template)
            rows._give_activities(stage.activity_type_id)
        # those with nothing due (any more) leave the domain of the job
        self.env.add_to_compute(self._fields["reminder_next_at"], self)
        self.flush_recordset(["reminder_next_at"])

    def _prepare_notice_values(self, stage, number, day):
        """Hook: the values of the row in the ledger for a reminder of ``stage``."""
        self.ensure_one()
        contact = self.renewal_contact_id
        if not stage.mail_template_id:
            channel = "none"
        else:
            channel = "mail" if contact.email_normalized else "call"
        return {
            "contract_id": self.id,
            "stage_id": stage.id,
            "repeat_no": number,
            "due_date": day,
            "date_end": self.date_end,
            "day": self._today(),
            "channel": channel,
            "contact_id": contact.id,
        }

    # === HOLD === #

    def action_open_hold(self):
        """Ask until when and why, then leave the customers alone."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Hold Reminders"),
            "res_model": "service.renewal.hold",
            "view_mode": "form",
            "target": "new",
            "context": {"default_contract_ids": self.ids},
        }

    def action_release_hold(self):
        """Ask the customers again as planned."""
        self._check_may_decide()
        # sudo: written through these methods only, which check first
        contracts = self.sudo()
        contracts.write({"reminder_hold_until": False, "reminder_hold_reason": False})
        # they may wait for the payment by which this period began
        before = contracts.predecessor_id
        self.env.add_to_compute(before._fields["reminder_next_at"], before)
        return True

    def _hold(self, day, reason):
        """Leave the customers alone before ``day``; suspensions wait, too.

        :param day: local date, in the future
        :param reason: text, for those who look at the contract meanwhile
        :raise UserError: the day isn't in the future, or there is nothing to decide
        """
        self._check_may_decide()
        for contract in self:
            today = contract._today()
            if day > fields.Date.add(today, years=MAX_HOLD_YEARS):
                raise UserError(
                    self.env._(
                        "Contract %(contract)s: choose a day within %(years)s years. "
                        "Who never renews is better declined.",
                        contract=contract.display_name,
                        years=MAX_HOLD_YEARS,
                    )
                )
            if day <= today:
                raise UserError(
                    self.env._(
                        "Contract %(contract)s: choose a day in the future.",
                        contract=contract.display_name,
                    )
                )
        # sudo: as in action_release_hold
        contracts = self.sudo()
        contracts.write({"reminder_hold_until": day, "reminder_hold_reason": reason})
        contracts._close_reminder_tasks()

    def _close_reminder_tasks(self):
        """The customer decided: nobody needs to follow up any more."""
        # sudo: the system's own tasks, of whatever kind the stages gave
        contracts = self.sudo()
        contracts.activity_unlink([ACTIVITY_FOLLOW, ACTIVITY_CALL])
        kinds = contracts.notice_ids.stage_id.activity_type_id
        contracts.activity_ids.filtered(
            lambda task: task.automated and task.activity_type_id in kinds
        ).unlink()
