from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools.roles import BILLING

SYSTEM_FIELDS = {"service_billing", "service_contract_id"}
ACCOUNTING = ("account.group_account_readonly", "account.group_account_invoice")


class AccountMove(models.Model):
    _inherit = "account.move"

    service_billing = fields.Selection(
        selection=[
            ("renewal", "Renewal"),
            ("extra", "Billable services"),
            ("credit", "Credit"),
        ],
        string="Service Invoice",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Made by service staff for a service contract.",
    )
    service_contract_id = fields.Many2one(
        "service.contract",
        string="Billed Contract",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="service_contract.group_service_technician",
    )
    service_renewal_ids = fields.One2many(
        "service.renewal",
        "move_id",
        string="Billed Periods",
        groups="service_contract.group_service_user",
    )
    service_stale = fields.Text(
        string="Changed Since",
        compute="_compute_service_stale",
        groups="service_contract.group_service_user",
    )

    def _compute_service_stale(self):
        for move in self:
            # sudo: the reasons name amounts of this very invoice, which may be read
            reasons = [
                reason
                for renewal in move.sudo().service_renewal_ids
                for reason in renewal.with_env(self.env(su=True))._get_stale_reasons()
            ]
            move.service_stale = "\n".join(reasons) or False

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # defaults, too, are given by RPC: in the context, or kept by a user
            defaults = self.default_get(list(SYSTEM_FIELDS))
            self._check_service_fields({n for n in defaults if defaults[n]})
            for vals in vals_list:
                self._check_service_fields(vals)
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._check_service_fields(vals)
        return super().write(vals)

    def _check_service_fields(self, names):
        """Which invoice is a service invoice is the system's to say: it opens it to
        people without any right in accounting.
        """
        if SYSTEM_FIELDS & set(names):
            raise AccessError(
                self.env._("Only the system links an invoice to a service contract.")
            )

    def unlink(self):
        # sudo: the accountant who deletes a draft may have no right on contracts
        renewals = self.sudo().service_renewal_ids
        usages = self._get_billed_usages()
        for renewal in renewals.filtered(lambda renewal: renewal.state == "renewed"):
            contract = renewal.contract_id._for_staff()
            contract._ask_about_money(
                contract.env._("Invoice of a renewal deleted"),
                contract.env._(
                    "The invoice of %(period)s was deleted. The contract stays as it "
                    "is.",
                    period=renewal.with_env(contract.env).display_name,
                ),
            )
        result = super().unlink()
        renewals._give_back()
        usages._free()
        return result

    # === STEPS OF AN INVOICE === #

    def _post(self, soft=True):
        posted = super()._post(soft=soft)
        # sudo: the accountant who posts may have no right on service contracts
        service = posted.sudo().filtered("service_billing")
        if service:
            service.service_renewal_ids.filtered(
                lambda renewal: renewal.state == "draft"
            )._set_state("posted")
            service._close_billing_tasks()
        posted._renew_if_paid()
        # our own credit notes follow from what a person did on the contract; sudo: as
        # above
        refunds = posted.sudo().filtered(
            lambda move: (
                move.move_type == "out_refund"
                and move.service_contract_id
                in (
                    move.reversed_entry_id.service_contract_id,
                    self.env["service.contract"],
                )
            )
        )
        refunds.reversed_entry_id._follow_credit()
        return posted

    def button_draft(self):
        # sudo: as in _post
        cancelled = self.sudo().filtered(lambda move: move.state == "cancel")
        result = super().button_draft()
        renewals = self.sudo().service_renewal_ids
        cancelled.service_renewal_ids._claim_again()
        cancelled._claim_usages_again()
        posted = renewals.filtered(lambda renewal: renewal.state == "posted")
        posted._set_state("draft")
        posted._get_next_period()._tell_billing_again()
        return result

    def button_cancel(self):
        result = super().button_cancel()
        # sudo: as in _post
        moves = self.sudo()
        moves.service_renewal_ids._give_back()
        moves._get_billed_usages()._free()
        moves._ask_about_lost_payment()
        return result

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        self._renew_if_paid()
        self.filtered(
            lambda move: move.move_type == "out_refund"
        ).reversed_entry_id._follow_credit()
        return result

    # === ACTIONS === #

    def action_service_post(self):
        """Post draft invoices of service contracts, as somebody of Service Billing.

        :raise AccessError: somebody else asks, or an invoice is no service invoice
        :raise UserError: an invoice is no draft any more
        """
        self._check_may_bill()
        for move in self:
            if move.state != "draft":
                raise UserError(
                    self.env._(
                        "Invoice %(invoice)s is no draft any more.",
                        invoice=move.display_name,
                    )
                )
            if move.move_type != "out_invoice":
                raise AccessError(
                    self.env._("Credit notes are posted by an accountant.")
                )
        # sudo: role, link and kind were checked above
        self.sudo()._post_service_invoices()
        return True

    def action_service_cancel(self):
        """Delete draft invoices of service contracts; their periods are given back."""
        self._check_may_bill()
        for move in self:
            if move.state != "draft" or move.posted_before:
                raise UserError(
                    self.env._(
                        "Invoice %(invoice)s was posted: an accountant can credit it.",
                        invoice=move.display_name,
                    )
                )
        contracts = self.service_contract_id
        # sudo: role, link and state were checked above
        self.sudo().unlink()
        return contracts[:1]._get_records_action() if len(contracts) == 1 else True

    def action_service_refresh(self):
        """Bring stale drafts up to date with contract, fee and taxes."""
        self._check_may_bill()
        for move in self:
            if move.state != "draft":
                raise UserError(
                    self.env._(
                        "Invoice %(invoice)s is no draft any more.",
                        invoice=move.display_name,
                    )
                )
        # sudo: role, link and state were checked above
        self.sudo().service_renewal_ids._refresh_draft()
        return True

    def action_service_send(self):
        """Open Odoo's own dialog that prints and sends these invoices."""
        self._check_may_bill()
        for move in self:
            if move.state != "posted":
                raise UserError(
                    self.env._(
                        "Invoice %(invoice)s must be posted before it is sent.",
                        invoice=move.display_name,
                    )
                )
        return self.action_send_and_print()

    def action_service_view_contract(self):
        """Open the contract that this invoice bills."""
        self.ensure_one()
        return self.service_contract_id._get_records_action()

    def action_service_credit(self):
        """Make draft credit notes of posted service invoices; accountants post them.

        :raise UserError: an invoice isn't posted
        """
        self._check_may_bill()
        for move in self:
            if move.state != "posted" or move.move_type != "out_invoice":
                raise UserError(
                    self.env._(
                        "Only a posted invoice can be credited, %(invoice)s isn't one.",
                        invoice=move.display_name,
                    )
                )
        # sudo: role, link and state were checked above; it stays a draft
        refunds = self.sudo()._reverse_moves()
        return refunds.sudo(self.env.su)._get_service_action(self.env._("Credit Notes"))

    # === BUSINESS METHODS === #

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """Credit notes of service invoices are seen by those who bill."""
        refunds = super()._reverse_moves(default_values_list, cancel=cancel)
        # sudo: the link is the system's, whoever credits
        for move, refund in zip(self.sudo(), refunds.sudo(), strict=True):
            if move.service_billing:
                refund.write(
                    {
                        "service_billing": "credit",
                        "service_contract_id": move.service_contract_id.id,
                    }
                )
        return refunds

    def _check_may_bill(self):
        """Let Service Billing act on service invoices, and on no other.

        :raise AccessError: the role is missing, or an invoice is none of theirs
        """
        if not self.env.su and not self.env.user.has_group(BILLING):
            raise AccessError(
                self.env._("Only people of Service Billing can issue these invoices.")
            )
        self.check_access("read")
        # sudo: the link alone
        if any(not move.service_billing for move in self.sudo()):
            raise AccessError(self.env._("This is no invoice of a service contract."))

    def _hand_over(self, new):
        """Let the draft ``new`` bill what this credited one billed; as superuser."""
        self.ensure_one()
        new.write(
            {
                "service_billing": self.service_billing,
                "service_contract_id": self.service_contract_id.id,
            }
        )
        dated = self.invoice_line_ids.filtered("service_date_start")
        for line in new.invoice_line_ids:
            same = dated.filtered(
                lambda mine, line=line: (
                    mine.product_id == line.product_id and mine.name == line.name
                )
            )[:1]
            line.service_date_start = same.service_date_start
            line.service_date_end = same.service_date_end
        freed = self.service_renewal_ids.filtered(lambda r: r.state == "freed")
        freed._set_state("draft")
        freed.move_id = new

    def _drop_service_drafts(self):
        """Take drafts back, as superuser; what had a number once is cancelled."""
        numbered = self.filtered("posted_before")
        if numbered:
            numbered.button_cancel()
        (self - numbered).unlink()

    def _post_service_invoices(self):
        """Post drafts; to be called as superuser, after a check of who may."""
        for company, moves in self.grouped("company_id").items():
            moves.with_company(company).action_post()

    def _get_billed_usages(self):
        # sudo: which services a draft bills, whoever deletes or cancels it
        return (
            self.env["service.contract.usage"]
            .sudo()
            .search([("billing_move_id", "in", self.ids)])
            if any(move.service_billing == "extra" for move in self.sudo())
            else self.env["service.contract.usage"].sudo()
        )

    def _claim_usages_again(self):
        """Bill services again with an invoice that was cancelled and is a draft again.

        :raise UserError: another invoice bills one of them meanwhile
        """
        for move in self:
            usages = move.invoice_line_ids.service_usage_id
            usages._stamp()
            for usage in usages:
                if usage.billing_move_id:
                    raise UserError(
                        self.env._(
                            "“%(use)s” is billed by invoice %(invoice)s meanwhile: "
                            "this one can't become a draft again.",
                            use=usage.display_name,
                            invoice=usage.billing_move_id.display_name,
                        )
                    )
            usages.write({"billing_move_id": move.id})

    def _close_billing_tasks(self):
        """Close the tasks to bill the next period, as it is billed now."""
        renewals = self.service_renewal_ids
        renewals.filtered(lambda r: not r.is_first_period).contract_id.activity_unlink(
            ["service_contract_renewal.mail_activity_type_bill"]
        )

    def _get_service_action(self, title):
        """Return an action that opens these invoices in the views of service staff."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract_renewal.account_move_service_action"
        )
        action["name"] = title
        action["domain"] = [("id", "in", self.ids)]
        if len(self) == 1:
            form = self.env.ref(
                "service_contract_renewal.account_move_view_form_service"
            )
            action.update(views=[(form.id, "form")], res_id=self.id, view_mode="form")
        return action

    def get_formview_id(self, access_uid=None):
        """Open the plain form for those who bill without any right in accounting:
        Odoo's own reads fields that they may not.
        """
        user = self.env["res.users"].browse(access_uid or self.env.uid)
        if user.has_group(BILLING) and not any(map(user.has_group, ACCOUNTING)):
            return self.env.ref(
                "service_contract_renewal.account_move_view_form_service"
            ).id
        return super().get_formview_id(access_uid=access_uid)
