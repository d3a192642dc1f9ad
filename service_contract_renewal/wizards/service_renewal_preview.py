from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from odoo.addons.service_contract.tools.roles import MANAGER

SHOWN = 500
OPEN = ("not_paid", "partial")


class ServiceRenewalPreview(models.TransientModel):
    """Who would get what today; and the switch that begins to send."""

    _name = "service.renewal.preview"
    _description = "Reminders of Today"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    since = fields.Date(related="company_id.service_reminders_since")
    line_ids = fields.One2many(
        "service.renewal.preview.line", "preview_id", readonly=True
    )
    mail_count = fields.Integer(string="E-mails", readonly=True)
    call_count = fields.Integer(string="Calls", readonly=True)
    suspension_count = fields.Integer(string="Suspensions", readonly=True)
    is_cut = fields.Boolean(readonly=True)

    # === COMPUTE METHODS === #

    @api.depends("company_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        self.display_name = self.env._("Reminders of Today")

    # === ACTIONS === #

    @api.model
    def action_open(self):
        """Open the preview of the user's company.

        :raise AccessError: somebody who is no service manager asks
        """
        self._check_may_switch()
        company = self.env.company
        # sudo: the role was checked; rows of the user's own dialog
        preview = self.sudo().create({"company_id": company.id})
        preview._fill()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Who Would Get What Today"),
            "res_model": self._name,
            "res_id": preview.id,
            "view_mode": "form",
            "target": "current",
        }

    def action_start(self):
        """Begin to remind and to suspend in this company, from today on."""
        self._check_may_switch()
        self.check_access("read")
        company = self.company_id
        # sudo: settings of companies are the administrator's; the role was checked, and
        # the dialog is the user's own
        company.sudo().service_reminders_since = self.env[
            "service.contract"
        ]._get_company_today(company)
        return self.action_open()

    def action_stop(self):
        """Remind nobody any more; what was sent stays in the ledger."""
        self._check_may_switch()
        self.check_access("read")
        self.company_id.sudo().service_reminders_since = False  # sudo: as above
        return self.action_open()

    # === BUSINESS METHODS === #

    def _check_may_switch(self):
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only service managers decide when customers are asked.")
            )

    def _fill(self):
        """Work out what the jobs would do if they ran now; as superuser."""
        today = self.env["service.contract"]._get_company_today(self.company_id)
        since = self.since or today
        rows = []
        for contract in self._get_candidates(today):
            suspended_on = contract._get_next_suspension_day(since)
            if suspended_on and suspended_on <= contract._today():
                rows.append(self._prepare_suspension(contract))
                continue
            stage, number, day = contract._get_due_reminder(since)
            if stage:
                rows.append(self._prepare_reminder(contract, stage, number, day))
        counts = [row["channel"] for row in rows]
        self.write(
            {
                "mail_count": counts.count("mail"),
                "call_count": counts.count("call"),
                "suspension_count": counts.count("suspension"),
                "is_cut": len(rows) > SHOWN,
                "line_ids": [fields.Command.create(row) for row in rows[:SHOWN]],
            }
        )

    def _get_candidates(self, today):
        """Return the contracts for which anything can be due by now."""
        company = self.company_id
        stages = self.env["service.renewal.stage"].search(
            Domain("company_id", "=", company.id)
        )
        ahead = max([0, *stages.mapped("days_before")])
        behind = company.service_grace_days - min([0, *stages.mapped("days_before")])
        paid = "renewal_ids.move_id.payment_state"
        held = self.env["service.contract"].search(
            Domain("company_id", "=", company.id)
            & (
                Domain("suspension_due_at", "<=", fields.Datetime.now())
                | Domain("reminder_next_at", "<=", fields.Datetime.now())
                # due by their invoice, however long ago the period ended
                | (
                    Domain("state", "in", ("active", "expired"))
                    & Domain("renewal_state", "=", "invoiced")
                )
                | (
                    Domain("state", "=", "active")
                    & Domain(f"predecessor_id.{paid}", "in", OPEN)
                )
                | (
                    Domain("state", "in", ("active", "expired"))
                    & Domain("renewal_state", "=", "renewed")
                    & Domain(paid, "in", OPEN)
                )
            )
        )
        return held | self.env["service.contract"].search(
            Domain("company_id", "=", company.id)
            & Domain("state", "in", ("active", "expired"))
            & Domain("renewable", "=", True)
            & Domain("renewal_state", "in", ("none", "due", "lapsed", "invoiced"))
            & Domain("date_end", "<=", fields.Date.add(today, days=ahead))
            & Domain("date_end", ">=", fields.Date.subtract(today, days=behind + 1)),
            order="date_end",
        )

    def _prepare_reminder(self, contract, stage, number, day):
        values = contract._prepare_notice_values(stage, number, day)
        contact = contract.renewal_contact_id
        what = stage.name
        if number:
            what = self.env._(
                "%(stage)s (no. %(number)s)", stage=what, number=number + 1
            )
        return {
            "contract_id": contract.id,
            "channel": values["channel"],
            "what": what,
            "contact_id": contact.id,
            "address": contact.email if values["channel"] == "mail" else contact.phone,
        }

    def _prepare_suspension(self, contract):
        contact = contract.renewal_contact_id
        return {
            "contract_id": contract.id,
            "channel": "suspension",
            "what": self.env._("Suspended, with a letter"),
            "contact_id": contact.id,
            "address": contact.email,
        }
