from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command

from ..tools import periods


class ServiceContract(models.Model):
    """The chain of periods: predecessor, this one, successor."""

    _inherit = "service.contract"

    cycle = fields.Integer(
        string="Period",
        default=1,
        copy=False,
        tracking=True,
        help="1 for the first period.",
    )
    renewable = fields.Boolean(
        default=True,
        tracking=True,
        help="Whether the customer is asked to renew in time.",
    )
    predecessor_id = fields.Many2one(
        "service.contract",
        string="Previous Period",
        readonly=True,
        copy=False,
        check_company=True,
        index="btree_not_null",
    )
    successor_ids = fields.One2many(
        "service.contract",
        "predecessor_id",
        string="Next Periods",
        context={"active_test": False},
        groups="base.group_user",
    )
    successor_id = fields.Many2one(
        "service.contract",
        string="Next Period",
        compute="_compute_successor_id",
        store=True,
        copy=False,
        groups="base.group_user",  # a customer learns of it when it is no draft
        index="btree_not_null",
    )

    _one_successor = models.UniqueIndex(
        "(predecessor_id) WHERE predecessor_id IS NOT NULL AND state != 'cancelled'",
        "This contract has been renewed already.",
    )

    @api.depends("successor_ids.state")
    def _compute_successor_id(self):
        for contract in self:
            contract.successor_id = contract.successor_ids.filtered(
                lambda successor: successor.state != "cancelled"
            )[:1]

    def action_view_successor(self):
        """Open the next period of the contract."""
        return self.successor_id._get_records_action()

    def action_view_predecessor(self):
        """Open the previous period of the contract."""
        return self.predecessor_id._get_records_action()

    def _prepare_successor_values(self, date_start, date_end):
        """Hook: the values of the next period, without its items and lines.

        :param date_start: first local date of the next period
        :param date_end: its last date (inclusive), or False
        :return: dict for ``create``
        """
        self.ensure_one()
        in_line = (
            self.date_end
            and self.term_count
            and date_start == self.date_end + timedelta(days=1)
            and periods.period_index(
                self.date_anchor, date_start, self.term_count, self.term_unit
            )
            is not None
        )
        return {
            "predecessor_id": self.id,
            "cycle": self.cycle + 1,
            "service_code": self.service_code,
            "service_code_is_foreign": self.service_code_is_foreign,
            "company_id": self.company_id.id,
            "currency_id": self.currency_id.id,
            "partner_id": self.partner_id.id,
            "partner_service_id": self.partner_service_id.id,
            "partner_invoice_id": self.partner_invoice_id.id,
            "user_id": self.user_id.id,
            "template_id": self.template_id.id,
            "level_id": self.level_id.id,
            "tag_ids": [Command.set(self.tag_ids.ids)],
            "term_count": self.term_count,
            "term_unit": self.term_unit,
            "tz": self.tz,
            "renewable": self.renewable,
            "note": self.note,
            "date_start": date_start,
            "date_anchor": self.date_anchor if in_line else date_start,
            "date_end": date_end,
        }

    def _create_successors(self, periods):
        """Create the next periods of ``self`` as drafts, with items and renewable
        lines.

        To be called as superuser, after a check of who may renew: Service ID, period
        and chain are nobody's to set by hand.

        :param periods: dict contract -> (date_start, date_end), local dates
        :return: the new contracts, in the order of ``self``
        """
        successors = self.create(
            [
                contract._prepare_successor_values(*periods[contract])
                for contract in self
            ]
        )
        pairs = list(zip(self, successors, strict=True))
        kept = [
            (item, new) for old, new in pairs for item in old.item_ids._get_current()
        ]
        # sudo: which item follows which is the system's to say; the contracts were
        # just created with the user's own rights
        items = self.env["service.contract.item"].sudo()
        items = items.create(
            [item._prepare_successor_values(new) for item, new in kept]
        ).sudo(self.env.su)
        new_item = {old: item for (old, _new), item in zip(kept, items, strict=True)}
        for item in self.item_ids - self.item_ids._get_current():
            # the rights of a replaced machine go on with the one in its place
            current = item._get_replacement()
            if current in new_item:
                new_item[item] = new_item[current]
        # sudo: as above, which line follows which
        self.env["service.contract.line"].sudo().create(
            [
                dict(
                    line._prepare_successor_values(*periods[old]),
                    contract_id=new.id,
                    item_id=new_item.get(line.item_id, line.item_id.browse()).id,
                )
                for old, new in pairs
                for line in old._get_renewed_lines()
            ]
        )
        return successors

    def _get_renewed_lines(self):
        """Return the lines that go on in the next period: those of a machine that is
        no longer covered end with it.
        """
        self.ensure_one()
        current = self.item_ids._get_current()
        return self.line_ids.filtered(
            lambda line: (
                line.on_renewal == "renew"
                and (not line.item_id or line.item_id._get_replacement() in current)
            )
        )
