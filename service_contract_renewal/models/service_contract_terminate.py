from datetime import timedelta

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from odoo.addons.service_contract.tools.roles import MANAGER

from ..tools import fees


class ServiceContract(models.Model):
    """A contract that ends before its time, and what is credited for it."""

    _inherit = "service.contract"

    # === ACTIONS === #

    def action_open_terminate(self):
        """Ask for the last day, the reason and the credit, then end the contract."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("End Early"),
            "res_model": "service.renewal.terminate",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_contract_id": self.id,
                "default_date_end": str(self._today()),
            },
        }

    def action_review_base(self):
        """Open the dialog that agrees on the base, item by item."""
        self.ensure_one()
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only a service manager can change what was agreed.")
            )
        self.check_access("write")
        return self.env["service.renewal.base"]._open_for(self)

    # === BUSINESS METHODS === #

    def _terminate(self, date, reason, note=None, credit=0.0):
        """End the contract after ``date``; later visits and reminders end with it.

        :param date: the last local date that is served
        :param reason: ``service.renewal.reason``
        :param credit: untaxed amount of the draft credit note, 0 for none
        :return: the credit note as a draft, or an empty recordset
        :raise UserError: it isn't running, or the day lies outside its period
        """
        self.ensure_one()
        self.check_access("write")
        self._stamp_renewal()
        self._check_may_end(date)
        move = self._get_paying_renewal().sudo().move_id  # sudo: linked, not shown
        # sudo: linked, not shown
        next_move = self.sudo()._get_live_renewal().move_id
        # sudo: decisions are written by methods that check first
        self.sudo()._write_quietly(
            {
                "renewal_decision": "declined",
                "renewal_reason_id": reason.id,
                "is_ended_early": True,
            }
        )
        self.write({"date_end": date})
        if self.state == "suspended":
            # those that are served end with their date; here work is on hold
            self._on_terminated(date + timedelta(days=1))
        text = self.env._(
            "Ended early on %(date)s: %(reason)s.",
            date=self._format_day(date, self.env.lang),
            reason=reason.name,
        )
        self._message_log(body=f"{text} {note}" if note else text)
        if next_move.state == "draft":
            next_move._drop_service_drafts()
        elif next_move:
            self._ask_about_money(
                self.env._("Ended early: credit the next period"),
                self.env._(
                    "Invoice %(invoice)s bills a period that won't come.",
                    invoice=next_move.name,
                ),
            )
        if self.currency_id.compare_amounts(credit, 0) <= 0:
            return self.env["account.move"]
        # sudo: the right to end the contract was checked; the draft is the accountant's
        contract = self.sudo().with_company(self.company_id)
        return contract._make_credit_note(credit, date, move).sudo(self.env.su)

    def _check_may_end(self, date):
        if self.state not in ("active", "suspended"):
            raise UserError(
                self.env._(
                    "Contract %(contract)s isn't running: there is nothing to end.",
                    contract=self.display_name,
                )
            )
        if self.sudo().successor_id:  # sudo: whether there is one
            raise UserError(
                self.env._(
                    "Contract %(contract)s has been renewed already: cancel the next "
                    "period first.",
                    contract=self.display_name,
                )
            )
        if date < self.date_start or (self.date_end and date > self.date_end):
            raise UserError(
                self.env._(
                    "Contract %(contract)s can only end within its period, %(period)s.",
                    contract=self.display_name,
                    period=self._format_period(self.date_start, self.date_end),
                )
            )

    def _get_paying_renewal(self):
        """Return the ``service.renewal`` whose posted invoice bills this period."""
        self.ensure_one()
        renewals = (self | self.predecessor_id).renewal_ids
        return renewals.filtered(
            lambda renewal: (
                renewal.cycle == self.cycle and renewal.state in ("posted", "renewed")
            )
        )[:1]

    def _get_days_left(self, date):
        """Return how many days of the billed period lie after local ``date``."""
        self.ensure_one()
        end = self._get_paying_renewal().date_end or self.date_end
        if not end or not date:
            return 0
        return max((end - max(date, self.date_start - timedelta(days=1))).days, 0)

    def _get_billed_amount(self):
        """Return the untaxed amount that the posted invoice charges for this period."""
        self.ensure_one()
        # sudo: the amount of the invoice that this very contract was billed by
        move = self._get_paying_renewal().sudo().move_id
        lines = move.filtered(lambda move: move.state == "posted").invoice_line_ids
        return sum(lines.filtered("service_date_start").mapped("price_subtotal"))

    def _get_credit_amount(self, kind, date):
        """Return the untaxed credit that follows from ``kind``, rounded; what credit
        notes give back already is left out.

        :param kind: ``none``, ``full`` or ``pro_rata`` (by the days left)
        :param date: the last local date that is served
        """
        self.ensure_one()
        paid = self._get_paying_renewal()
        if kind == "none" or not paid:
            return 0.0
        due = self._get_billed_amount()
        if kind == "pro_rata":
            due = fees.get_share(
                due,
                self._get_days_left(date),
                (paid.date_end - paid.date_start).days + 1,
                self.currency_id.round,
            )
        # sudo: amounts of credit notes on the invoice that this contract was billed by
        refunds = paid.sudo().move_id.reversal_move_ids.filtered(
            lambda move: move.state != "cancel"
        )
        given = sum(refunds.mapped("amount_untaxed"))
        return max(self.currency_id.round(due - given), 0.0)

    def _make_credit_note(self, amount, date, move):
        """Make a draft credit note; to be called as superuser, after the checks.

        :param amount: untaxed, in the contract's currency
        :param move: the invoice that is credited, or empty
        """
        paid = move.invoice_line_ids.filtered("service_date_start")[:1]
        product = paid.product_id or self._get_fee_product()
        if not product:
            raise UserError(self._get_accounting_problem())
        taxes = paid.tax_ids or self._get_fee_taxes(product)
        lang = self._get_billed_partner().lang or self.env.lang
        journal = move.journal_id or self.company_id._get_service_journal()
        return self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "service_billing": "credit",
                "service_contract_id": self.id,
                "reversed_entry_id": move.id,
                "company_id": self.company_id.id,
                "journal_id": journal.id,
                "currency_id": self.currency_id.id,
                "partner_id": (move.partner_id or self._get_billed_partner()).id,
                "invoice_origin": self.name,
                "fiscal_position_id": (
                    move.fiscal_position_id or self._get_fiscal_position()
                ).id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "name": self.with_context(lang=lang).env._(
                                "Contract %(contract)s ended early on %(date)s",
                                contract=self.name,
                                date=self._format_day(date, lang),
                            ),
                            "quantity": 1.0,
                            "price_unit": self._get_price_of(product, taxes, amount),
                            "tax_ids": [Command.set(taxes.ids)],
                            # as the invoice, where there is one
                            **(
                                {"account_id": paid.account_id.id}
                                if paid.account_id
                                else {}
                            ),
                            "analytic_distribution": (
                                paid.analytic_distribution or self.analytic_distribution
                            ),
                        }
                    )
                ],
            }
        )

    def _get_credited_amounts(self):
        """Propose what posted credit notes take off the base, item by item.

        By invoice and product; what was taken off before isn't proposed again. Where
        the base is before discount, the same share of it.

        :return: dict item -> (its amount in the base until now, what was credited)
        """
        self.ensure_one()
        # sudo: amounts of the invoices that the contract came from, for a manager
        items = self.sudo().item_ids._get_priced()
        sold = items.source_move_line_id
        credit_lines = sold.move_id.reversal_move_ids.filtered(
            lambda move: move.state == "posted"
        ).invoice_line_ids
        rest = {}
        for line in credit_lines.filtered(lambda line: line.price_subtotal > 0):
            key = line.move_id.reversed_entry_id, line.product_id
            rest[key] = rest.get(key, 0.0) + line.price_subtotal
        amounts = sold._get_service_amounts()
        for line in sold:
            key = line.move_id, line.product_id
            mine = items.filtered(
                lambda item, line=line: item.source_move_line_id == line
            )
            gone = amounts[line][1] - sum(mine.mapped("amount_after_discount"))
            if key in rest and gone > 0:
                rest[key] -= gone
        before = self.renewal_base == "before_discount"
        proposals = {}
        for item in items:
            key = item.source_move_line_id.move_id, item.product_id
            after = item.amount_after_discount
            credited = max(min(rest.get(key, 0.0), after), 0.0)
            rest[key] = rest.get(key, 0.0) - credited
            amount = item.amount_before_discount if before else after
            share = credited / after if after else 0.0
            proposals[item.sudo(self.env.su)] = (
                amount,
                self.currency_id.round(amount * share),
            )
        return proposals
