from odoo import api, fields, models
from odoo.fields import Command, Domain


class ServiceContract(models.Model):
    """The agreement with a customer for one period."""

    _name = "service.contract"
    _description = "Service Contract"
    _inherit = [
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "service.job.mixin",
        "service.guard.mixin",
    ]
    _order = "date_start desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"

    name = fields.Char(
        string="Number",
        required=True,
        readonly=True,
        copy=False,
        default="/",
        index="trigram",
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
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
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
        "service.contract.template",
        string="Template",
        check_company=True,
        index="btree_not_null",
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
            contract.currency_id = (
                contract.currency_id or contract.company_id.currency_id
            )

    @api.depends("partner_id")
    def _compute_partner_addresses(self):
        for contract in self:
            addresses = contract.partner_id.address_get(["delivery", "invoice"])
            contract.partner_service_id = addresses["delivery"]
            contract.partner_invoice_id = addresses["invoice"]

    @api.depends("partner_id", "template_id")
    def _compute_level_id(self):
        for contract in self:
            # sudo: a customer or product of several companies may name a level of
            # another one, which is passed over
            candidates = contract.sudo()
            levels = (
                candidates.partner_id.commercial_partner_id.service_level_id
                + candidates.template_id.level_id
                + candidates.level_id
                + candidates.company_id.service_default_level_id
            ).filtered(
                lambda level, company=contract.company_id: (
                    not level.company_id or level.company_id == company
                )
            )
            contract.level_id = levels[:1].sudo(self.env.su)

    @api.depends(
        "item_ids.amount_before_discount",
        "item_ids.amount_after_discount",
        "item_ids.counts_in_base",
    )
    def _compute_amounts(self):
        for contract in self:
            counted = contract.item_ids.filtered("counts_in_base")
            contract.amount_before_discount = sum(
                counted.mapped("amount_before_discount")
            )
            contract.amount_after_discount = sum(
                counted.mapped("amount_after_discount")
            )

    def _compute_counts(self):
        items = dict(
            self.env["service.contract.item"]._read_group(
                Domain("contract_id", "in", self.ids), ["contract_id"], ["__count"]
            )
        )
        # sudo: a bare number; whoever opens the list of invoices needs Odoo's own
        # rights
        moves = dict(
            self.env["account.move"]
            .sudo()
            ._read_group(
                Domain("service_contract_ids", "in", self.ids),
                ["service_contract_ids"],
                ["__count"],
            )
        )
        moves = {contract.id: count for contract, count in moves.items()}
        for contract in self:
            contract.item_count = items.get(contract, 0)
            contract.source_move_count = moves.get(contract.id, 0)

    @api.depends("item_ids.serial_warning")
    def _compute_serial_warning(self):
        for contract in self:
            contract.serial_warning = " ".join(
                filter(None, contract.item_ids.mapped("serial_warning"))
            )

    @api.depends_context("uid")
    def _compute_can_manage(self):
        self.can_manage = self.env.user.has_group(
            "service_contract.group_service_manager"
        )
        self.can_see_invoices = self.env["account.move"].has_access("read")

    @api.depends("name", "partner_id.display_name")
    @api.depends_context("show_customer")
    def _compute_display_name(self):
        for contract in self:
            contract.display_name = contract.name or ""
            if self.env.context.get("show_customer") and contract.partner_id:
                contract.display_name = (
                    f"{contract.name} – {contract.partner_id.display_name}"
                )

    # === ONCHANGE METHODS === #

    @api.onchange("template_id")
    def _onchange_template_id(self):
        template = self.template_id
        if not template or self.state != "draft":
            return
        self.update(
            template._prepare_contract_values(self.partner_id, self.currency_id)
        )
        if not self.line_ids.filtered("id"):
            self.line_ids = [Command.clear()] + [
                Command.create(values)
                for values in template.line_ids._prepare_general_lines(self)
            ]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [dict(vals) for vals in vals_list]
        by_company = {}
        for vals in vals_list:
            company = vals.get("company_id") or self.env.company.id
            by_company.setdefault(company, []).append(vals)
        for company in self.env["res.company"].browse(by_company):
            company_vals = by_company[company.id]
            if company != self.env.company:
                template = company.service_default_template_id
                for vals in company_vals:
                    vals.setdefault("template_id", template.id)
            unnamed = [vals for vals in company_vals if vals.get("name", "/") == "/"]
            numbers = company._draw_service_numbers("contract", len(unnamed))
            for vals, number in zip(unnamed, numbers, strict=True):
                vals["name"] = number
        contracts = super().create(vals_list)
        contracts._check_created()
        return contracts

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "line_ids" not in (default or {}):
            for contract, vals in zip(self, vals_list, strict=True):
                # A line for one item follows its item, which the copy has as a new
                # record: it is left to the person, since no serial number is copied
                # either.
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
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
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

    def _get_product_name(self, product):
        """Return the name of ``product`` in the customer's language."""
        lang = self.partner_id.lang
        return (product.with_context(lang=lang) if lang else product).display_name

    def _get_responsible(self):
        """Return the user who is told about this contract; never an idle one."""
        self.ensure_one()
        return self.company_id._get_service_contact(self.user_id)
