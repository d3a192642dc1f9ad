from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ..tools.roles import BILLING

QUIET = {"mail_create_nosubscribe": True}


class ServiceContractUsage(models.Model):
    """Services beyond the rights, to be billed; and rights that were carried over."""

    _inherit = "service.contract.usage"

    carried_from_id = fields.Many2one(
        "service.contract.line",
        string="Carried From",
        readonly=True,
        index="btree_not_null",
    )
    # computed, not related: Odoo asks for no group where it reads that by SQL
    price_extra = fields.Monetary(
        string="Extra Price",
        compute="_compute_amount_extra",
        groups="service_contract.group_service_user",
    )
    amount_extra = fields.Monetary(
        string="To Bill",
        compute="_compute_amount_extra",
        groups="service_contract.group_service_user",
        help="Untaxed: the quantity at the extra price of the service.",
    )
    currency_id = fields.Many2one(related="line_id.currency_id")
    partner_id = fields.Many2one(related="contract_id.partner_id", string="Customer")
    billing_move_id = fields.Many2one(
        "account.move",
        string="Billed By",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="service_contract.group_service_user",
    )
    is_to_bill = fields.Boolean(
        string="To Invoice",
        compute="_compute_is_to_bill",
        store=True,
        precompute=True,
        groups="service_contract.group_service_user",
    )

    _carried_once = models.UniqueIndex(
        "(carried_from_id) WHERE carried_from_id IS NOT NULL",
        "The rights of this service were carried over already.",
    )
    _to_bill_idx = models.Index("(contract_id) WHERE is_to_bill")

    # === COMPUTE METHODS === #

    @api.depends("quantity", "line_id.price_extra")
    def _compute_amount_extra(self):
        for row in self:
            row.price_extra = row.line_id.price_extra
            row.amount_extra = row.currency_id.round(row.quantity * row.price_extra)

    @api.depends(
        "is_billable",
        "billing_move_id",
        "reversed_by_ids",
        "reverses_id.billing_move_id",
    )
    def _compute_is_to_bill(self):
        """A use that was taken back before it was billed is billed never."""
        for row in self:
            undone = row.reversed_by_ids and not row.billing_move_id
            undoes = row.reverses_id and not row.reverses_id.billing_move_id
            row.is_to_bill = (
                row.is_billable
                and not row.billing_move_id
                and not undone
                and not undoes
            )

    # === ACTIONS === #

    def action_bill(self):
        """Make draft invoices of these services, one for each customer.

        :return: action that opens them
        :raise AccessError: somebody who isn't of billing asks
        :raise UserError: a row is no billable service, or was billed already
        """
        return self._create_service_invoices()._get_service_action(
            self.env._("Invoices of Services")
        )

    # === BUSINESS METHODS === #

    @api.model
    def _get_bookkeeping_fields(self):
        return super()._get_bookkeeping_fields() | {"billing_move_id", "is_to_bill"}

    def _create_service_invoices(self):
        """Make draft invoices of these services, one for each customer and currency.

        :return: the new moves
        """
        if not self.env.su and not self.env.user.has_group(BILLING):
            raise AccessError(
                self.env._("Only people of Service Billing can issue these invoices.")
            )
        self.check_access("read")
        self._stamp()
        self.invalidate_recordset(flush=False)
        # sudo: role and access were checked; each invoice is of its contract's company
        rows = self.sudo()
        for row in rows:
            if not row.is_to_bill:
                raise UserError(
                    self.env._(
                        "“%(use)s” isn't to be billed (any more).",
                        use=row.display_name,
                    )
                )
            if row.currency_id.is_zero(row.price_extra):
                raise UserError(
                    self.env._(
                        "“%(use)s” has no price: a service manager can enter the "
                        "extra price of %(service)s in contract %(contract)s.",
                        use=row.display_name,
                        service=row.line_id.display_name,
                        contract=row.contract_id.display_name,
                    )
                )
        moves = self.env["account.move"]
        for key, mine in rows.grouped(lambda row: row._get_billing_key()).items():
            moves |= mine._make_service_invoice(*key)
        return moves.sudo(self.env.su)

    def _free(self):
        """Give services back whose invoice is no longer there; as superuser.

        What took one of them back is on a draft for nothing then, and goes too.
        """
        if not self:
            return
        self.write({"billing_move_id": False})
        undone = self.reversed_by_ids.filtered(
            lambda row: row.billing_move_id.state == "draft"
        )
        lines = undone.billing_move_id.invoice_line_ids.filtered(
            lambda line: line.service_usage_id in undone
        )
        moves = lines.move_id
        lines.unlink()
        moves.filtered(lambda move: not move.invoice_line_ids)._drop_service_drafts()

    def _get_billing_key(self):
        """Return what may stand on one invoice: company, customer, currency, and the
        fiscal position, which the place of service may decide.
        """
        contract = self.contract_id
        return (
            contract.company_id,
            contract._get_billed_partner(),
            contract.currency_id,
            contract._get_fiscal_position(),
        )

    def _make_service_invoice(self, company, partner, currency, position):
        rows = self.with_company(company).sorted("date")
        contract = rows.contract_id[:1]
        for billed, services in rows.grouped("contract_id").items():
            for product in services.line_id.product_id:
                if problem := billed._get_invoicing_problem(product):
                    raise UserError(problem)
        # more was taken back after billing than is billed now: it is a credit note
        credit = sum(rows.mapped("amount_extra")) < 0
        move = (
            rows.env["account.move"]
            .with_context(**QUIET)
            .create(
                {
                    "move_type": "out_refund" if credit else "out_invoice",
                    "service_billing": "extra",
                    "service_contract_id": (
                        rows.contract_id.id if len(rows.contract_id) == 1 else False
                    ),
                    "company_id": company.id,
                    "journal_id": company._get_service_journal().id,
                    "currency_id": currency.id,
                    "partner_id": partner.id,
                    "fiscal_position_id": position.id,
                    "invoice_user_id": contract.user_id.id,
                    "invoice_origin": ", ".join(
                        sorted(set(rows.contract_id.mapped("name")))
                    ),
                    "invoice_line_ids": [
                        Command.create(row._prepare_billing_line(-1 if credit else 1))
                        for row in rows
                    ],
                }
            )
        )
        rows.write({"billing_move_id": move.id})
        return move

    def _prepare_billing_line(self, sign):
        """Return the values of the invoice line that bills this service."""
        self.ensure_one()
        line, contract = self.line_id, self.contract_id
        contract = contract.with_company(contract.company_id)
        lang = contract._get_billed_partner().lang or self.env.lang
        product = line.product_id.with_context(lang=lang)
        taxes = contract._get_fee_taxes(product)
        return {
            "product_id": product.id,
            "service_usage_id": self.id,
            "name": self.with_context(lang=lang).env._(
                "%(service)s, %(date)s (contract %(contract)s)",
                service=product.display_name,
                date=contract._format_day(self.date, lang),
                contract=contract.name,
            ),
            "quantity": sign * self.quantity,
            "product_uom_id": product.uom_id.id,
            "price_unit": self._get_billed_price(contract, product, taxes),
            "tax_ids": [Command.set(taxes.ids)],
        }

    def _get_billed_price(self, contract, product, taxes):
        """Return the unit price at which the line charges just what was shown.

        Taxes in the price are rounded for the whole line, not for each unit.
        """
        if not any(taxes.flatten_taxes_hierarchy().mapped("price_include")):
            return self.line_id.price_extra
        price = contract._get_price_of(product, taxes, abs(self.amount_extra))
        return price / abs(self.quantity)
