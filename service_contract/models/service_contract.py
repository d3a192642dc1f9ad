from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain

from odoo.addons.base.models.res_partner import _tz_get

from ..tools import dates, periods


class ServiceContract(models.Model):
    """The agreement with a customer for one period."""

    _name = "service.contract"
    _description = "Service Contract"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin", "service.job.mixin"]
    _order = "date_start desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    name = fields.Char(
        string="Number", required=True, readonly=True, copy=False, default="/", index="trigram"
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, tracking=True, check_company=True
    )
    partner_service_id = fields.Many2one(
        "res.partner",
        string="Service Address",
        compute="_compute_partner_addresses",
        store=True,
        precompute=True,
        readonly=False,
        tracking=True,
        check_company=True,
        help="Where the service happens. Its time zone is the contract's.",
    )
    partner_invoice_id = fields.Many2one(
        "res.partner",
        string="Invoice Address",
        compute="_compute_partner_addresses",
        store=True,
        precompute=True,
        readonly=False,
        check_company=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        index=True,
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    template_id = fields.Many2one(
        "service.contract.template", string="Template", check_company=True, index="btree_not_null"
    )
    level_id = fields.Many2one(
        "service.level",
        string="Service Level",
        compute="_compute_level_id",
        store=True,
        precompute=True,
        readonly=False,
        tracking=True,
        check_company=True,
        index="btree_not_null",
    )
    tag_ids = fields.Many2many("service.contract.tag", string="Tags")
    note = fields.Html(string="Terms", translate=False)
    signed_on = fields.Date(copy=False, tracking=True)
    signed_document = fields.Binary(string="Signed Copy", attachment=True, copy=False)
    signed_document_name = fields.Char(copy=False)

    # Period
    date_start = fields.Date(
        string="Start",
        required=True,
        copy=False,
        tracking=True,
        default=lambda self: self._get_company_today(self.env.company),
    )
    date_end = fields.Date(
        string="End",
        compute="_compute_date_end",
        store=True,
        precompute=True,
        readonly=False,
        copy=False,
        tracking=True,
        help="The last day of the contract. Empty: in force until somebody ends it.",
    )
    date_anchor = fields.Date(
        string="Anchor",
        compute="_compute_date_anchor",
        store=True,
        precompute=True,
        readonly=False,
        copy=False,
        help="The day from which all periods are counted, so that a contract which began "
        "on the 31st keeps its day through short months.",
    )
    term_count = fields.Integer(
        string="Term", default=1, help="How long a period is; 0 for a contract without end."
    )
    term_unit = fields.Selection(
        selection=periods.TERM_UNITS, string="Term Unit", required=True, default="year"
    )
    tz = fields.Selection(
        selection=_tz_get,
        string="Time Zone",
        compute="_compute_tz",
        store=True,
        precompute=True,
        readonly=False,
        help="Days of the contract begin and end at midnight in this zone: that of the "
        "place of service, else the company's.",
    )
    service_start_at = fields.Datetime(
        compute="_compute_service_instants",
        store=True,
        precompute=True,
        help="The instant at which the first day begins at the place of service.",
    )
    service_end_at = fields.Datetime(
        compute="_compute_service_instants",
        store=True,
        precompute=True,
        help="The instant at which the last day, or the last day of grace, is over.",
    )

    # Content
    item_ids = fields.One2many(
        "service.contract.item", "contract_id", string="Covered Items", copy=True
    )
    line_ids = fields.One2many(
        "service.contract.line", "contract_id", string="Services", copy=False
    )
    source_move_ids = fields.Many2many(
        "account.move",
        "service_contract_source_move_rel",
        "contract_id",
        "move_id",
        string="Source Invoices",
        copy=False,
        check_company=True,
    )
    source_move_count = fields.Integer(compute="_compute_counts")
    item_count = fields.Integer(compute="_compute_counts")
    amount_before_discount = fields.Monetary(
        string="Base before Discount",
        compute="_compute_amounts",
        store=True,
        groups="service_contract.group_service_user",
        help="Untaxed amount of the items that count in the base, before any discount.",
    )
    amount_after_discount = fields.Monetary(
        string="Base after Discount",
        compute="_compute_amounts",
        store=True,
        groups="service_contract.group_service_user",
        help="Untaxed amount of the items that count in the base, after all discounts.",
    )
    serial_warning = fields.Char(compute="_compute_serial_warning")
    can_manage = fields.Boolean(compute="_compute_can_manage")
    can_see_invoices = fields.Boolean(compute="_compute_can_manage")

    _term_not_negative = models.Constraint(
        "CHECK(term_count >= 0)", "The term of a contract can't be negative: 0 means without end."
    )
    _cycle_positive = models.Constraint("CHECK(cycle >= 1)", "The first period of a contract is 1.")
    _end_after_start = models.Constraint(
        "CHECK(date_end >= date_start)", "A contract can't end before it starts."
    )

    # === DEFAULTS === #

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        company = self.env.company
        if "template_id" in fields_list and not values.get("template_id"):
            values["template_id"] = company.service_default_template_id.id
        return values

    # === COMPUTE METHODS === #

    @api.depends("company_id")
    def _compute_currency_id(self):
        for contract in self:
            contract.currency_id = contract.currency_id or contract.company_id.currency_id

    @api.depends("partner_id")
    def _compute_partner_addresses(self):
        for contract in self:
            addresses = contract.partner_id.address_get(["delivery", "invoice"])
            contract.partner_service_id = addresses["delivery"]
            contract.partner_invoice_id = addresses["invoice"]

    @api.depends("partner_id", "template_id")
    def _compute_level_id(self):
        for contract in self:
            contract.level_id = (
                contract.partner_id.commercial_partner_id.service_level_id
                or contract.template_id.level_id
                or contract.level_id
                or contract.company_id.service_default_level_id
            )

    @api.depends("partner_service_id", "company_id")
    def _compute_tz(self):
        for contract in self:
            contract.tz = contract.partner_service_id.tz or self._get_company_tz(contract.company_id)

    @api.depends("date_start", "term_count", "term_unit", "cycle", "predecessor_id")
    def _compute_date_anchor(self):
        for contract in self:
            kept = contract._keeps_anchor()
            contract.date_anchor = contract.date_anchor if kept else contract.date_start

    @api.depends("date_start", "date_anchor", "term_count", "term_unit")
    def _compute_date_end(self):
        for contract in self:
            start, count = contract.date_start, contract.term_count
            if start and count > 0:
                contract.date_end = periods.period_end_from(
                    contract.date_anchor or start, start, count, contract.term_unit
                )
            else:
                contract.date_end = False

    @api.depends("date_start", "date_end", "tz", "state")
    def _compute_service_instants(self):
        for contract in self:
            contract.service_start_at = contract.date_start and dates.local_midnight(
                contract.date_start, contract.tz
            )
            last_day = contract._get_last_day()
            contract.service_end_at = last_day and dates.local_midnight(
                last_day + timedelta(days=1), contract.tz
            )

    @api.depends(
        "item_ids.amount_before_discount", "item_ids.amount_after_discount", "item_ids.counts_in_base"
    )
    def _compute_amounts(self):
        for contract in self:
            counted = contract.item_ids.filtered("counts_in_base")
            contract.amount_before_discount = sum(counted.mapped("amount_before_discount"))
            contract.amount_after_discount = sum(counted.mapped("amount_after_discount"))

    def _compute_counts(self):
        items = dict(
            self.env["service.contract.item"]._read_group(
                Domain("contract_id", "in", self.ids), ["contract_id"], ["__count"]
            )
        )
        # sudo: a bare number; whoever opens the list of invoices needs Odoo's own rights
        moves = dict(
            self.env["account.move"]
            .sudo()
            ._read_group(
                Domain("service_contract_ids", "in", self.ids), ["service_contract_ids"], ["__count"]
            )
        )
        moves = {contract.id: count for contract, count in moves.items()}
        for contract in self:
            contract.item_count = items.get(contract, 0)
            contract.source_move_count = moves.get(contract.id, 0)

    @api.depends("item_ids.serial_warning")
    def _compute_serial_warning(self):
        for contract in self:
            contract.serial_warning = " ".join(filter(None, contract.item_ids.mapped("serial_warning")))

    @api.depends_context("uid")
    def _compute_can_manage(self):
        self.can_manage = self.env.user.has_group("service_contract.group_service_manager")
        self.can_see_invoices = self.env["account.move"].has_access("read")

    @api.depends("name", "partner_id.display_name")
    @api.depends_context("show_customer")
    def _compute_display_name(self):
        for contract in self:
            contract.display_name = contract.name or ""
            if self.env.context.get("show_customer") and contract.partner_id:
                contract.display_name = f"{contract.name} – {contract.partner_id.display_name}"

    # === CONSTRAINTS === #

    @api.constrains("date_anchor", "date_start")
    def _check_anchor(self):
        for contract in self:
            if contract.date_anchor and contract.date_anchor > contract.date_start:
                raise ValidationError(
                    self.env._(
                        "Contract %(contract)s is counted from %(anchor)s, after its start. "
                        "Choose an anchor on or before the start.",
                        contract=contract.display_name,
                        anchor=contract.date_anchor,
                    )
                )

    # === ONCHANGE METHODS === #

    @api.onchange("template_id")
    def _onchange_template_id(self):
        template = self.template_id
        if not template or self.state != "draft":
            return
        self.update(template._prepare_contract_values())
        if not self.line_ids.filtered("id"):
            self.line_ids = [Command.clear()] + [
                Command.create(values)
                for values in template.line_ids._prepare_general_lines(self)
            ]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self._check_create_values(vals_list)
        companies = {vals.get("company_id") or self.env.company.id for vals in vals_list}
        for company in self.env["res.company"].browse(companies):
            unnamed = [
                vals
                for vals in vals_list
                if (vals.get("company_id") or self.env.company.id) == company.id
                and vals.get("name", "/") == "/"
            ]
            for vals, number in zip(
                unnamed, company._draw_service_numbers("contract", len(unnamed)), strict=True
            ):
                vals["name"] = number
        return super().create(vals_list)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "line_ids" not in (default or {}):
            for contract, vals in zip(self, vals_list, strict=True):
                # A line for one item follows its item, which the copy has as a new record:
                # it is left to the person, since no serial number is copied either.
                vals["line_ids"] = [
                    Command.create(line_vals)
                    for line_vals in contract.line_ids.filtered(
                        lambda line: not line.item_id
                    ).copy_data()
                ]
        return vals_list

    # === ACTIONS === #

    def action_view_source_moves(self):
        """Open the source invoices, with the user's own right to read invoices."""
        self.ensure_one()
        moves = self.source_move_ids
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_move_out_invoice_type")
        action["domain"] = [("id", "in", moves.ids)]
        action["context"] = {"create": False}
        if len(moves) == 1:
            action.update(views=[(False, "form")], res_id=moves.id)
        return action

    def action_view_items(self):
        """Open the covered items of the contract as a list."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract.service_contract_item_action"
        )
        action["domain"] = [("contract_id", "=", self.id)]
        action["context"] = {"default_contract_id": self.id}
        return action

    def action_fill_from_invoice(self):
        """Open the customer's posted invoices, to take the covered items from them."""
        self.ensure_one()
        self.check_access("write")
        return self.env["service.contract.pick.invoice"]._open_for(self)

    # === BUSINESS METHODS === #

    @api.model
    def _get_company_tz(self, company):
        """Return the name of the zone of ``company``: its address, else its calendar."""
        # sudo: the zone of a company is no secret, its calendar may be
        company = company.sudo()
        return company.partner_id.tz or company.resource_calendar_id.tz or "UTC"

    @api.model
    def _get_company_today(self, company):
        """Return today's date at ``company``, whatever the user's zone."""
        return dates.local_date(fields.Datetime.now(), self._get_company_tz(company))

    def _today(self):
        """Return today's date (local) at the contract's place of service."""
        self.ensure_one()
        return dates.local_date(fields.Datetime.now(), self.tz)

    def _keeps_anchor(self):
        """Tell whether the periods of this contract are counted from an earlier start.

        The anchor restarts where the start isn't the day after the predecessor's end,
        where the term changed, and where the predecessor's end was typed.
        """
        self.ensure_one()
        anchor, start, before = self.date_anchor, self.date_start, self.predecessor_id
        if not anchor or not start or not self.term_count or (self.cycle <= 1 and not before):
            return False
        if periods.period_index(anchor, start, self.term_count, self.term_unit) is None:
            return False
        if not before:
            return True
        return bool(
            before.date_end
            and start == before.date_end + timedelta(days=1)
            and (self.term_count, self.term_unit) == (before.term_count, before.term_unit)
            and anchor == before.date_anchor
        )

    def _format_day(self, day, lang_code=None):
        """Return ``day`` as text for the customer: their language, Buddhist era if set.

        :param lang_code: language to write in; the customer's where it is empty
        """
        self.ensure_one()
        languages = self.env["res.lang"]
        lang = languages._get_data(
            code=lang_code or self.partner_id.lang or self.env.lang
        ) or languages._get_data(code="en_US")
        buddhist = lang.code.startswith("th") and self.company_id.service_buddhist_dates
        return dates.format_day(lang, day, buddhist_era=buddhist)

    def _format_term(self):
        """Return the term as text in the user's language ("12 months", "without end")."""
        self.ensure_one()
        if not self.term_count:
            return self.env._("without end")
        unit = dict(self._fields["term_unit"]._description_selection(self.env))[self.term_unit]
        return f"{self.term_count} {unit.lower()}"

    def _get_responsible(self):
        """Return the user who is told about this contract; never an empty or idle one."""
        self.ensure_one()
        # sudo: to find somebody who may be told, other users' companies are looked at
        company = self.company_id.sudo()
        managers = (
            self.env.ref("service_contract.group_service_manager").sudo().all_user_ids
        ).filtered(lambda user: user.active and company in user.company_ids)
        owner = self.user_id.sudo()
        if owner.active and not owner.share and company in owner.company_ids:
            return self.user_id
        return (managers - self.env.ref("base.user_root"))[:1] or self.env.ref("base.user_admin")
