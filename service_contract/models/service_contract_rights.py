from odoo import api, fields, models
from odoo.fields import Domain


class ServiceContract(models.Model):
    """Can the customer be served, and which line pays for it?"""

    _inherit = "service.contract"

    refusal = fields.Char(
        string="Why Not",
        compute="_compute_refusal",
        help="Why the customer can't be served now.",
    )

    @api.depends(
        "state", "date_start", "date_end", "service_end_at", "suspension_reason"
    )
    def _compute_refusal(self):
        for contract in self:
            contract.refusal = contract.date_start and contract._get_refusal()

    def _get_grace_end(self):
        """Hook: the last local date of grace of an expired contract, or False.

        Without the renewal addon nothing is served after the end.
        """
        self.ensure_one()
        return False

    def _get_last_day(self, assume_over=False):
        """Return the last local date on which the contract is served; False = no
        end.

        :param assume_over: with the days of grace that follow the end, though the
            contract runs still
        """
        self.ensure_one()
        if not self.date_end:
            return False
        over = self.state == "expired" or (
            self.state == "active" and (assume_over or self._is_over())
        )
        grace = over and self._get_grace_end()
        return max(self.date_end, grace) if grace else self.date_end

    def _get_refusal(self, date=None):
        """Say why the contract can't be served, in one translated sentence.

        Asked by usage, visits, coverage, portal and desk.

        :param date: local date of the service; today at the contract's place if empty
        :return: why, and what lifts it; empty where it can be served
        """
        self.ensure_one()
        name = self.display_name
        if self.state == "draft":
            return self.env._(
                "Contract %(contract)s is still a draft: activate it first.",
                contract=name,
            )
        if self.state == "cancelled":
            return self.env._(
                "Contract %(contract)s was cancelled: make a new one.", contract=name
            )
        if self.state == "suspended":
            if self.suspension_reason == "unpaid":
                return self.env._(
                    "Contract %(contract)s is suspended until its invoice is paid.",
                    contract=name,
                )
            if self.suspension_reason == "not_renewed":
                return self.env._(
                    "Contract %(contract)s is suspended until it is renewed.",
                    contract=name,
                )
            return self.env._(
                "Contract %(contract)s is suspended: a service manager can resume it.",
                contract=name,
            )
        date = date or self._today()
        if date < self.date_start:
            return self.env._(
                "Contract %(contract)s isn't in force before %(date)s.",
                contract=name,
                date=self._format_day(self.date_start, self.env.lang),
            )
        last = self._get_last_day()
        # sudo: only the number of the next period, for whoever may see this one
        successor = self.sudo().successor_id
        if last and date > last and successor.state not in (False, "draft"):
            return self.env._(
                "Contract %(contract)s ended on %(date)s and goes on as %(successor)s.",
                contract=name,
                date=self._format_day(last, self.env.lang),
                successor=successor.display_name,
            )
        if last and date > last:
            return self.env._(
                "Contract %(contract)s ended on %(date)s: it must be renewed first.",
                contract=name,
                date=self._format_day(last, self.env.lang),
            )
        return ""

    def _get_covering_lines(self, product=None, item=None, date=None):
        """Return the lines that cover a service, the one to use first at the front.

        Warranty first, then the item's own lines, then the general ones; within each,
        lines of the same product before the others. A warranty that outlasts its
        period is found through the contracts with the same Service ID.

        :param product: the service asked for, or None for any
        :param item: ``service.contract.item`` to be served, or None
        :param date: local date of the service, today if empty
        :return: ``service.contract.line`` records, also such with nothing left
        """
        self.ensure_one()
        date = date or self._today()
        lines = self.line_ids
        if self.service_code:
            lines |= self.env["service.contract.line"].search(
                Domain("contract_id.company_id", "=", self.company_id.id)
                & Domain("contract_id.service_code_key", "=", self.service_code_key)
                & Domain("contract_id.state", "in", ("active", "expired"))
                & Domain("is_warranty", "=", True)
                & Domain("date_end", ">=", date)
            )
        items = item and item._get_chain()

        def covers(line):
            return (
                (not line.date_start or line.date_start <= date)
                and (not line.date_end or line.date_end >= date)
                and (not line.item_id or (item and line.item_id in items))
                and (not product or line.is_warranty or line.product_id == product)
            )

        return lines.filtered(covers).sorted(
            lambda line: (
                not line.is_warranty,
                not line.item_id,
                not line.is_unlimited and line.quantity_available <= 0,
                line.sequence,
                line.id,
            )
        )
