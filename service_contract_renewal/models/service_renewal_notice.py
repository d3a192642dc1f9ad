from markupsafe import escape

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.service_contract.models.service_contract_portal import MAIL_LAYOUT

ACTIVITY_CALL = "service_contract_renewal.mail_activity_type_call"
PAYMENT = "service_contract_renewal.mail_template_payment"


class ServiceRenewalNotice(models.Model):
    """Ledger: what was sent to whom, when, and by which stage."""

    _name = "service.renewal.notice"
    _description = "Reminder or Letter of a Service Contract"
    _inherit = ["service.guard.mixin"]
    _order = "day desc, id desc"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "service.contract",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        related="contract_id.company_id", store=True, precompute=True
    )
    partner_id = fields.Many2one(related="contract_id.partner_id", string="Customer")
    kind = fields.Selection(
        selection=[("reminder", "Reminder"), ("letter", "Suspension letter")],
        required=True,
        readonly=True,
        default="reminder",
    )
    stage_id = fields.Many2one(
        "service.renewal.stage", readonly=True, ondelete="restrict", index=True
    )
    repeat_no = fields.Integer(
        string="Number",
        required=True,
        readonly=True,
        help="0 for the first one of its stage.",
    )
    due_date = fields.Date(string="Due On", required=True, readonly=True)
    date_end = fields.Date(
        string="About the End",
        readonly=True,
        help="The last day of the contract when the customer was told.",
    )
    day = fields.Date(
        string="Sent On",
        required=True,
        readonly=True,
        index=True,
        help="The date at the place of service.",
    )
    channel = fields.Selection(
        selection=[
            ("mail", "By e-mail"),
            ("call", "To be called"),
            ("post", "By post"),
            ("none", "Told to staff"),
        ],
        required=True,
        readonly=True,
    )
    contact_id = fields.Many2one("res.partner", string="To", readonly=True)
    mail_id = fields.Many2one(
        "mail.mail",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        groups="service_contract.group_service_manager",
    )
    message_id = fields.Many2one(
        "mail.message", readonly=True, ondelete="set null", index="btree_not_null"
    )

    _once = models.UniqueIndex(
        "(contract_id, stage_id, repeat_no) WHERE stage_id IS NOT NULL",
        "The customer was asked by this stage already.",
    )
    _letter_once = models.UniqueIndex(
        "(contract_id, repeat_no) WHERE stage_id IS NULL",
        "This letter was sent already.",
    )

    @api.depends("contract_id.name", "stage_id.name", "kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for notice in self:
            what = notice.stage_id.name or kinds[notice.kind]
            notice.display_name = f"{notice.contract_id.name}: {what}"

    @api.model
    def _get_system_fields(self):
        return super()._get_system_fields() | set(self._fields) - {"id"}

    # === ACTIONS === #

    def action_print_letters(self):
        """Print the letters of these contracts for the post, in one PDF.

        :raise UserError: none of them is a letter about a contract that is still
            suspended
        """
        contracts = self.filtered(lambda notice: notice.kind == "letter").contract_id
        held = contracts.filtered(lambda contract: contract._has_letter())
        if not held:
            raise UserError(
                self.env._(
                    "None of these is a letter about a contract that is still "
                    "suspended: there is nothing to print."
                )
            )
        return held.action_print_letter()

    # === SENDING === #

    def _get_template(self):
        """Return the ``mail.template`` of this reminder: that of its stage; once the
        invoice is posted, that which asks for the payment.
        """
        self.ensure_one()
        own = self.stage_id.mail_template_id
        # “renewed” is asked only where the company renews before it is paid
        if own and self.contract_id.renewal_state in ("invoiced", "renewed"):
            payment = self.env.ref(PAYMENT, raise_if_not_found=False)
            return payment or own
        return own

    def _send(self, template):
        """Queue one mail for each of these, in the language of its customer.

        :param template: ``mail.template`` on ``service.contract``
        """
        self._check_template(template)
        mails = template.send_mail_batch(
            self.contract_id.ids,
            email_layout_xmlid=MAIL_LAYOUT,
            # Odoo deletes them also where no mail could be sent
            email_values={"auto_delete": False},
        )
        by_contract = {mail.res_id: mail for mail in mails}
        for notice in self:
            mail = by_contract[notice.contract_id.id]
            notice.write({"mail_id": mail.id, "message_id": mail.mail_message_id.id})

    def _give_activities(self, kind=None):
        """Give the users responsible their task: to call where there is no e-mail, else
        that of ``kind``. A task that is still open is renewed, not doubled.

        :param kind: ``mail.activity.type`` of those who were written to, or None
        """
        call = self.env.ref(ACTIVITY_CALL, raise_if_not_found=False)
        activities = self.env["mail.activity"]
        model = self.env["ir.model"]._get_id("service.contract")
        new = []
        for notice in self:
            activity_type = call if notice.channel == "call" else kind
            if not activity_type:
                continue
            contract = notice.contract_id
            user = contract._get_responsible()
            values = notice.with_context(lang=user.lang)._prepare_activity_values()
            values["user_id"] = user.id
            open_ones = contract.activity_ids.filtered(
                lambda activity, kind=activity_type: (
                    activity.activity_type_id == kind and activity.automated
                )
            )
            if open_ones:
                open_ones[0].write(values)
                continue
            new.append(
                {
                    **values,
                    "res_model_id": model,
                    "res_id": contract.id,
                    "activity_type_id": activity_type.id,
                    "automated": True,
                }
            )
        activities.with_context(mail_activity_quick_update=True).create(new)

    def _prepare_activity_values(self):
        self.ensure_one()
        contact = self.contact_id
        if self.channel == "call":
            summary = (
                self.env._("No e-mail arrives: ask by telephone")
                if self.mail_id
                else self.env._("No e-mail address: ask by telephone")
            )
            note = self.env._(
                "%(contact)s, %(phone)s",
                contact=contact.display_name,
                phone=contact.phone or self.env._("no telephone number either"),
            )
        elif self.channel == "mail":
            summary = self.env._("Follow up: %(stage)s", stage=self.stage_id.name)
            note = self.env._(
                "Sent to %(contact)s, %(email)s.",
                contact=contact.display_name,
                email=contact.email,
            )
        else:
            summary = self.env._("Follow up: %(stage)s", stage=self.stage_id.name)
            note = self.env._("Nothing was sent to the customer.")
        return {
            "summary": summary,
            "note": escape(note),
            "date_deadline": self.contract_id._today(),
        }

    def _keep_letter(self):
        """Keep the letter in the chatter, and give somebody the task to post it."""
        self.ensure_one()
        contract = self.contract_id
        user = contract._get_responsible()
        staff = self.with_context(lang=user.lang)
        lang = self.contact_id.lang or contract.partner_id.lang
        name = contract.with_context(lang=lang)._get_letter_name()
        report = self.env.ref("service_contract_renewal.action_report_suspension")
        content, extension = report._render_qweb_pdf(report, res_ids=contract.ids)
        letter = self.env["ir.attachment"].create(
            {
                "name": f"{name}.{extension}",
                "raw": content,
                # amounts stand in it: those who read the ledger's row read it, while
                # technicians read what hangs on the contract
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        self.message_id = contract.message_post(
            body=staff.env._("Suspension letter, to be posted."),
            attachment_ids=letter.ids,
        )
        contract.with_context(mail_activity_quick_update=True).activity_schedule(
            "service_contract_renewal.mail_activity_type_post",
            summary=staff.env._("Post the letter"),
            user_id=user.id,
        )
