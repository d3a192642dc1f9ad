from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

from ..models.service_contract_builder import ContractPlan


class ServiceContractCreate(models.TransientModel):
    """Shows what contracts the invoices give, and lets a person change it before they
    are made.
    """

    _name = "service.contract.create"
    _inherit = ["service.guard.mixin"]
    _description = "Create Service Contracts from Invoices"

    move_ids = fields.Many2many("account.move", string="Invoices", readonly=True)
    invoice_names = fields.Char(string="Invoices (names)", readonly=True)
    invoice_count = fields.Integer(readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    one_customer = fields.Boolean(readonly=True)
    mode = fields.Selection(
        selection="_selection_mode", string="Make", required=True, default="each"
    )
    is_addition = fields.Boolean(
        string="Add to a contract that exists",
        help="The machines join a contract of the customer instead of a new one.",
    )
    contract_id = fields.Many2one(
        "service.contract",
        string="Running Contract",
        domain="[('partner_id', 'child_of', partner_id), ('company_id', '=', "
        "company_id), ('currency_id', '=', currency_id), ('state', 'in', ('draft', "
        "'active'))]",
        context={"show_customer": True},
    )
    template_id = fields.Many2one(
        "service.contract.template",
        string="Template",
        domain="[('company_id', 'in', (company_id, False))]",
        help="For all lines; empty = the template that each product names.",
    )
    date_start = fields.Date(
        string="Start",
        help="First day of the contract; empty = the date of each invoice.",
    )
    line_ids = fields.One2many(
        "service.contract.create.line", "wizard_id", string="Lines"
    )
    amount_before = fields.Monetary(
        compute="_compute_totals", string="Base before Discount"
    )
    amount_after = fields.Monetary(
        compute="_compute_totals", string="Base after Discount"
    )
    amount_invoice = fields.Monetary(string="Invoice Total (untaxed)", readonly=True)
    shows_amounts = fields.Boolean(
        readonly=True, help="Whether this person may see what the invoices amount to."
    )
    item_count = fields.Integer(compute="_compute_totals")
    preview = fields.Text(compute="_compute_preview", string="Will be made")
    needs_confirmation = fields.Boolean(compute="_compute_totals")
    is_confirmed = fields.Boolean(
        string="Cover them once more",
        help="Some of the ticked lines are covered by a contract already.",
    )

    # === COMPUTE METHODS === #

    @api.model
    def _selection_mode(self):
        return [
            ("each", self.env._("One contract per invoice and template")),
            ("together", self.env._("One contract for all of them")),
            ("add", self.env._("Add to a contract that exists")),
        ]

    @api.depends(
        "line_ids.is_item",
        "line_ids.counts_in_base",
        "line_ids.item_count",
        "line_ids.covered_by",
    )
    def _compute_totals(self):
        for wizard in self:
            ticked = wizard.line_ids.filtered("is_item")
            counted = ticked.filtered("counts_in_base")
            wizard.amount_before = sum(counted.mapped("amount_before"))
            wizard.amount_after = sum(counted.mapped("amount_after"))
            wizard.item_count = sum(ticked.mapped("item_count"))
            wizard.needs_confirmation = bool(ticked.filtered("covered_by"))

    @api.depends(
        "mode",
        "contract_id",
        "template_id",
        "line_ids.is_item",
        "line_ids.item_count",
        "line_ids.template_id",
    )
    def _compute_preview(self):
        for wizard in self:
            texts = []
            for group in wizard._group_lines():
                ticked = group["lines"].filtered("is_item")
                texts.append(
                    self.env._(
                        "%(title)s: %(items)s covered items, %(services)s services",
                        title=wizard._get_group_title(group),
                        items=sum(ticked.mapped("item_count")),
                        services=wizard._count_services(group),
                    )
                )
            wizard.preview = "\n".join(texts)

    @api.onchange("is_addition")
    def _onchange_is_addition(self):
        self.mode = "add" if self.is_addition else "each"

    @api.onchange("mode")
    def _onchange_mode(self):
        if self.mode != "add":
            self.contract_id = False

    @api.onchange("template_id")
    def _onchange_template_id(self):
        if self.template_id:
            self.line_ids.per_unit = self.template_id.per_unit

    # === ACTIONS === #

    def action_create(self):
        """Make the contracts as shown, and open them.

        :raise UserError: nothing is ticked, or lines are covered already and it wasn't
            confirmed
        """
        contracts = self._create_contracts()
        return contracts._get_records_action(name=self.env._("Service Contracts"))

    # === BUSINESS METHODS === #

    @api.model
    def _get_system_fields(self):
        return set(self._fields) - {
            "mode",
            "contract_id",
            "template_id",
            "date_start",
            "is_confirmed",
            "line_ids",
        }

    @api.model
    def _open_for(self, moves, contract=None):
        """Return the action that opens the wizard on ``moves``.

        :param contract: a contract to fill with them, or None
        """
        # sudo: the callers checked which invoices this user may take from; the wizard
        # stays theirs
        wizard = self.sudo().create(self._prepare_values(moves, contract))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create Service Contract"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    @api.model
    def _prepare_values(self, moves, contract=None):
        builder = self.env["service.contract.builder"]
        company, currency = moves.company_id, moves.currency_id
        partner = moves.commercial_partner_id
        shows_amounts = moves.with_env(self.env).has_access("read")
        one = len(company) == len(currency) == len(partner) == 1
        lines = moves.invoice_line_ids.filtered(lambda line: line._is_service_source())
        amounts = lines._get_service_amounts()
        return {
            "move_ids": [Command.set(moves.ids)],
            "invoice_names": ", ".join(moves.mapped("name")),
            "invoice_count": len(moves),
            "company_id": company[:1].id,
            "currency_id": currency[:1].id,
            "partner_id": partner.id if one else False,
            "one_customer": one,
            "mode": "add" if contract else "each",
            "is_addition": bool(contract),
            "contract_id": contract.id if contract else False,
            "date_start": moves.invoice_date if len(moves) == 1 else False,
            "shows_amounts": shows_amounts,
            "amount_invoice": (
                sum(moves.mapped("amount_untaxed")) if one and shows_amounts else 0.0
            ),
            "line_ids": [
                Command.create(
                    self.env["service.contract.create.line"]._prepare_values(
                        builder._plan_item(line, amounts[line]),
                        builder._get_template(line),
                        shows_amounts,
                    )
                )
                for line in lines.filtered(lambda line: line.price_subtotal >= 0)
            ],
        }

    def _group_lines(self):
        """Return what becomes one contract each: dicts of moves, template and lines."""
        self.ensure_one()
        builder = self.env["service.contract.builder"]
        groups = {}
        for line in self.line_ids:
            # sudo: the invoice was shown to this user already; only its id is needed
            move = line.sudo().move_line_id.move_id
            template = (
                self.template_id
                or line.template_id
                or builder._get_joined_template(move)
            )
            if not line.is_item and not line._is_fee():
                continue
            if self.mode == "each":
                key = (move.id, template.id)
            elif self.mode == "together":
                key = (0, template.id) if self.template_id else (0, 0)
            else:
                key = (0, 0)
            group = groups.setdefault(
                key, {"moves": move, "template": template, "lines": line.browse()}
            )
            group["moves"] |= move
            group["template"] = group["template"] or template
            group["lines"] |= line
        return list(groups.values())

    def _get_group_title(self, group):
        if self.mode == "add":
            return self.contract_id.display_name or self.env._("Choose a contract")
        parts = (
            [", ".join(group["moves"].mapped("name"))] if self.mode == "each" else []
        )
        parts.append(group["template"].name or self.env._("without template"))
        return " – ".join(parts)

    def _count_services(self, group):
        template = group["template"] or self.contract_id.template_id
        items = sum(group["lines"].filtered("is_item").mapped("item_count"))
        each = template.line_ids.filtered(lambda line: line._is_per_item())
        general = 0
        if self.mode != "add" or not self.contract_id.line_ids:
            general = len(template.line_ids - each)
        return general + len(each) * items

    def _create_contracts(self):
        """Make the contracts; returns them."""
        self.ensure_one()
        moves = self._get_checked_moves()
        if self.needs_confirmation and not self.is_confirmed:
            raise UserError(
                self.env._(
                    "Some of the ticked lines are covered by a contract already. "
                    "Untick them, or tick “Cover them once more”."
                )
            )
        if self.mode == "together" and not self.one_customer:
            raise UserError(
                self.env._(
                    "One contract for all needs invoices of one customer, company and "
                    "currency."
                )
            )
        if self.mode == "add" and not self.contract_id:
            raise UserError(self.env._("Choose the contract to add to."))
        self.line_ids.filtered("is_item")._check_serials()
        plans = self._prepare_plans(moves)
        if not plans:
            raise UserError(self.env._("Tick at least one line to cover."))
        builder = self.env["service.contract.builder"]
        self.template_id.check_access("read")
        if self.mode == "add":
            # sudo: the customer's new machines join a contract, which may be running,
            # from invoices that the user may not read. Checked before: the user may
            # write the contract, and the invoices are of its customer and company.
            builder = builder.sudo()
        contracts = builder._build(plans, allow_covered=self.is_confirmed)
        return contracts.sudo(self.env.su)

    def _get_checked_moves(self):
        """Return the invoices, after checking that this user may take from them.

        Either the user may read them, or they are of the very customer of the contract
        that
        is filled (its form offers them by number and date).
        """
        # sudo: what may be read is checked right below
        moves = self.sudo().line_ids.move_line_id.move_id
        self.env["service.contract.builder"]._check_moves(moves)
        contract = self.contract_id
        if self.mode == "add" and contract:
            contract.check_access("write")
            for move in moves:
                if (
                    move.commercial_partner_id
                    != contract.partner_id.commercial_partner_id
                    or move.company_id != contract.company_id
                ):
                    raise UserError(
                        self.env._(
                            "Invoice %(invoice)s isn't of the customer and company of "
                            "contract %(contract)s.",
                            invoice=move.name,
                            contract=contract.display_name,
                        )
                    )
            if contract.state not in ("draft", "active"):
                raise UserError(
                    self.env._(
                        "Contract %(contract)s is neither a draft nor active: nothing "
                        "can be added.",
                        contract=contract.display_name,
                    )
                )
            return moves
        if not self.env.user.has_group("service_contract.group_service_user"):
            raise AccessError(
                self.env._("Only service users can make service contracts.")
            )
        moves.sudo(self.env.su).check_access("read")
        return moves

    def _prepare_plans(self, moves):
        plans = []
        # The invoice says what was paid; the dialog only shows it, to those who may
        # see it.
        amounts = moves.invoice_line_ids._get_service_amounts()
        for group in self._group_lines():
            # sudo: the user's right to take from these invoices was checked by the
            # caller
            items = [
                line.sudo()._prepare_planned_item(amounts)
                for line in group["lines"]
                if line.is_item
            ]
            plans.append(
                ContractPlan(
                    group["moves"],
                    group["template"],
                    items,
                    self.date_start or min(group["moves"].mapped("invoice_date")),
                    # sudo: as in the caller
                    contract=self.contract_id.sudo() if self.mode == "add" else None,
                )
            )
        return plans

    @api.model
    def _get_offered_moves(self, contract):
        """Return the posted invoices that a contract's form offers to be filled
        from.
        """
        return (
            # sudo: service users without rights on invoices see number, date and lines
            # only
            self.env["account.move"]
            .sudo()
            .search(
                Domain("move_type", "=", "out_invoice")
                & Domain("state", "=", "posted")
                & Domain("company_id", "=", contract.company_id.id)
                & Domain("currency_id", "=", contract.currency_id.id)
                & Domain(
                    "commercial_partner_id",
                    "=",
                    contract.partner_id.commercial_partner_id.id,
                ),
                order="invoice_date desc, id desc",
                limit=80,
            )
        )
