from dataclasses import dataclass, field

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

MAX_UNITS = 500


@dataclass
class PlannedItem:
    """What is to be taken from one invoice line."""

    line: models.Model
    quantity: float
    before: float
    after: float
    per_unit: bool = False
    counts_in_base: bool = True
    serials: list = field(default_factory=list)

    @property
    def count(self):
        """How many covered items the line gives."""
        units = round(self.quantity)
        whole = abs(self.quantity - units) < 1e-6 and 1 <= units <= MAX_UNITS
        if whole and (self.per_unit or len(self.serials) == units):
            return units
        return 1


@dataclass
class ContractPlan:
    """One contract to be made, or a contract (``contract``) to be filled."""

    moves: models.Model
    template: models.Model
    items: list
    date_start: object = None
    contract: models.Model = None


class ServiceContractBuilder(models.AbstractModel):
    """From invoice lines to contracts: first a plan, which a person may change, then
    the records.
    """

    _name = "service.contract.builder"
    _description = "Builder of Service Contracts"

    @api.model
    def _check_moves(self, moves):
        """Refuse whatever isn't a posted customer invoice, naming it."""
        for move in moves:
            if move.move_type != "out_invoice" or move.state != "posted":
                raise UserError(
                    self.env._(
                        "%(document)s isn't a posted customer invoice. Service "
                        "contracts are made from posted customer invoices only.",
                        document=move.display_name,
                    )
                )

    @api.model
    def _plan(self, moves, template=None, per_unit=False):
        """Plan one contract per invoice and template; lines covered already are left
        out.

        :param moves: posted customer invoices
        :param template: template of all contracts; empty = the products', else the
            company's
        :param per_unit: one covered item per unit sold
        :return: list of :class:`ContractPlan`; invoices with nothing to cover have none
        """
        plans = []
        lines = moves.invoice_line_ids.filtered(lambda line: line._is_service_source())
        amounts = lines._get_service_amounts()
        covered = lines._get_service_items().source_move_line_id
        for move, sold in lines.grouped("move_id").items():
            todo = sold.filtered(lambda line: line not in covered)
            by_template = {}
            for line in todo:
                chosen = template or self._get_template(line)
                if line._is_coverable() or line._get_named_templates():
                    by_template.setdefault(chosen, line.browse())
                    by_template[chosen] |= line
            for chosen, chosen_lines in by_template.items():
                items = [
                    self._plan_item(line, amounts[line], per_unit or chosen.per_unit)
                    for line in chosen_lines
                    if line._is_coverable()
                ]
                if items or not covered & sold:
                    plans.append(ContractPlan(move, chosen, items, move.invoice_date))
        return plans

    @api.model
    def _get_template(self, line):
        """Return the template whose contract an invoice line joins; may be empty."""
        return line._get_named_templates() or self._get_joined_template(line.move_id)

    @api.model
    def _get_joined_template(self, move):
        """Return the template of lines that name none: the invoice's only one, else
        the company's.
        """
        named = move.invoice_line_ids._get_named_templates()
        return named if len(named) == 1 else move.company_id.service_default_template_id

    @api.model
    def _plan_item(self, line, amounts, per_unit=False):
        before, after = amounts
        return PlannedItem(
            line, line._get_service_quantity(), before, after, per_unit=per_unit
        )

    @api.model
    def _build(self, plans, allow_covered=False):
        """Create the contracts of ``plans`` as drafts, or fill the given ones.

        :param plans: list of :class:`ContractPlan`
        :param allow_covered: a person confirmed that lines are covered once more
        :return: contracts, in the order of the plans
        :raise UserError: a line is covered already
        """
        self._stamp([plan.moves for plan in plans])
        if not allow_covered:
            self._check_not_covered(plans)
        new = [plan for plan in plans if not plan.contract]
        created = self.env["service.contract"].create(
            [self._prepare_contract_values(plan) for plan in new]
        )
        for plan, contract in zip(new, created, strict=True):
            plan.contract = contract
        fresh = created | self._adopt([plan for plan in plans if plan not in new])
        item_values, owners = [], []
        for plan in plans:
            for planned in plan.items:
                values = self._prepare_items_values(planned, plan.contract)
                item_values += values
                owners += [plan] * len(values)
        items = self.env["service.contract.item"].create(item_values)
        by_plan = {}
        for plan, item in zip(owners, items, strict=True):
            by_plan.setdefault(id(plan), items.browse())
            by_plan[id(plan)] |= item
        line_values = []
        for plan in plans:
            template = plan.template or plan.contract.template_id
            if plan.contract in fresh:
                line_values += self._with_contract(
                    template.line_ids._prepare_general_lines(plan.contract), plan
                )
            line_values += self._with_contract(
                template.line_ids._prepare_item_lines(
                    plan.contract,
                    by_plan.get(id(plan), items.browse()),
                    start=plan.date_start if plan.contract.state != "draft" else None,
                ),
                plan,
            )
        self.env["service.contract.line"].create(line_values)
        # sudo: the invoices have what they failed to get; whoever made it may not write
        # invoices
        moves = self.env["account.move"].sudo().union(*[plan.moves for plan in plans])
        moves.filtered("service_contract_error")._clear_service_contract_error()
        return self.env["service.contract"].union(*[plan.contract for plan in plans])

    @api.model
    def _check_not_covered(self, plans):
        lines = self.env["account.move.line"].union(
            *[planned.line for plan in plans for planned in plan.items]
        )
        for item in lines._get_service_items()[:1]:
            raise UserError(
                self.env._(
                    "%(item)s of invoice %(invoice)s is covered by a contract already: "
                    "%(contract)s.",
                    item=item.name,
                    invoice=item.source_move_line_id.move_id.name,
                    contract=item.contract_id.display_name,
                )
            )

    @api.model
    def _with_contract(self, values, plan):
        return [dict(vals, contract_id=plan.contract.id) for vals in values]

    @api.model
    def _stamp(self, moves_list):
        """Touch the invoices, so that two people who use one at once don't both
        succeed.

        The later transaction is repeated by the server and then sees the first
        contract.
        """
        moves = self.env["account.move"].union(*moves_list)
        moves.flush_recordset()
        self.env.cr.execute(
            "UPDATE account_move SET service_contract_stamp = "
            "COALESCE(service_contract_stamp, 0) + 1 "
            "WHERE id = ANY(%s)",
            [moves.ids],
        )
        moves.invalidate_recordset(["service_contract_stamp"])

    @api.model
    def _adopt(self, plans):
        """Link the invoices to contracts that exist; return those that have no services
        yet.
        """
        empty = self.env["service.contract"]
        for plan in plans:
            contract = plan.contract
            if contract.currency_id != plan.moves.currency_id:
                raise UserError(
                    self.env._(
                        "Contract %(contract)s is in %(currency)s, the invoice isn't. "
                        "Make a contract of its own from it.",
                        contract=contract.display_name,
                        currency=contract.currency_id.name,
                    )
                )
            contract.check_access("write")
            # sudo: the link alone; the callers checked which invoices this user may
            # take from
            contract.sudo().source_move_ids = [
                Command.link(move.id) for move in plan.moves
            ]
            if contract.state == "draft" and not contract.line_ids:
                empty |= contract
                if plan.template and not contract.template_id:
                    contract.write(
                        dict(
                            plan.template._prepare_contract_values(
                                contract.partner_id, contract.currency_id
                            ),
                            template_id=plan.template.id,
                        )
                    )
        return empty

    @api.model
    def _prepare_contract_values(self, plan):
        """Hook: the values of the contract that ``plan`` makes, without items and
        lines.
        """
        move = plan.moves[0]
        values = {
            "company_id": move.company_id.id,
            "currency_id": move.currency_id.id,
            "partner_id": move.partner_id.id,
            "partner_service_id": (move.partner_shipping_id or move.partner_id).id,
            "partner_invoice_id": move.partner_id.id,
            "user_id": (
                move.invoice_user_id or self.env.user.filtered(lambda u: not u.share)
            ).id,
            "template_id": plan.template.id,
            "source_move_ids": [Command.set(plan.moves.ids)],
            "date_start": plan.date_start or move.invoice_date,
        }
        if plan.template:
            values.update(
                plan.template._prepare_contract_values(
                    move.partner_id, move.currency_id
                )
            )
        return values

    @api.model
    def _prepare_items_values(self, planned, contract):
        """Return the values of the covered items that one planned line gives."""
        line, count, currency = planned.line, planned.count, contract.currency_id
        serials = planned.serials + [False] * count
        if count == 1 and len(planned.serials) > 1:
            serials = [", ".join(planned.serials)]
        before, after = (
            self._split(amount, count, currency)
            for amount in (planned.before, planned.after)
        )
        shared = {
            "contract_id": contract.id,
            "product_id": line.product_id.id,
            "name": contract._get_product_name(line.product_id)
            or (line.name or "").split("\n")[0],
            "quantity": planned.quantity / count,
            "counts_in_base": planned.counts_in_base,
            "source_move_line_id": line.id,
        }
        return [
            dict(
                shared,
                serial=serials[n],
                amount_before_discount=before[n],
                amount_after_discount=after[n],
                sequence=10 + n,
            )
            for n in range(count)
        ]

    @api.model
    def _split(self, amount, count, currency):
        """Split ``amount`` into ``count`` parts that add up to it; the last takes the
        rest.
        """
        part = currency.round(amount / count)
        return [part] * (count - 1) + [currency.round(amount - part * (count - 1))]
