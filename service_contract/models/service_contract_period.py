from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from ..tools import dates, periods


class ServiceContract(models.Model):
    """From when to when, counted from which anchor, in which zone."""

    _inherit = "service.contract"

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
        index="btree_not_null",
        help="The last day of the contract. Empty: in force until somebody ends it.",
    )
    date_anchor = fields.Date(
        string="Anchor",
        compute="_compute_date_anchor",
        store=True,
        precompute=True,
        readonly=False,
        copy=False,
        help="The day from which all periods are counted, so that a contract which "
        "began on the 31st keeps its day through short months.",
    )
    term_count = fields.Integer(
        string="Term",
        default=1,
        help="How long a period is; 0 for a contract without end.",
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
    period_end_at = fields.Datetime(
        compute="_compute_service_instants",
        store=True,
        precompute=True,
        help="The instant at which the last day is over, grace or not: the contract "
        "expires.",
    )

    _term_not_negative = models.Constraint(
        "CHECK(term_count >= 0)",
        "The term of a contract can't be negative: 0 means without end.",
    )
    _end_after_start = models.Constraint(
        "CHECK(date_end >= date_start)", "A contract can't end before it starts."
    )
    _cycle_positive = models.Constraint(
        "CHECK(cycle >= 1)", "The first period of a contract is 1."
    )

    # === COMPUTE METHODS === #

    @api.depends("partner_service_id", "company_id")
    def _compute_tz(self):
        for contract in self:
            contract.tz = contract.partner_service_id.tz or self._get_company_tz(
                contract.company_id
            )

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
                try:
                    contract.date_end = periods.period_end_from(
                        contract.date_anchor or start, start, count, contract.term_unit
                    )
                except (OverflowError, ValueError) as error:
                    raise ValidationError(
                        self.env._(
                            "A term of %(count)s is too long. Enter 0 for a contract "
                            "without end.",
                            count=count,
                        )
                    ) from error
            else:
                contract.date_end = False

    @api.depends("date_start", "date_end", "tz", "state")
    def _compute_service_instants(self):
        for contract in self:
            contract.service_start_at = contract.date_start and dates.local_midnight(
                contract.date_start, contract.tz
            )
            contract.period_end_at = contract.date_end and dates.local_midnight(
                contract.date_end + timedelta(days=1), contract.tz
            )
            # also while it is active: between the end and the next run of the job the
            # customer is served just as after it
            last_day = contract._get_last_day(assume_over=True)
            contract.service_end_at = last_day and dates.local_midnight(
                last_day + timedelta(days=1), contract.tz
            )

    # === CONSTRAINTS === #

    @api.constrains("date_anchor", "date_start")
    def _check_anchor(self):
        for contract in self:
            if contract.date_anchor and contract.date_anchor > contract.date_start:
                raise ValidationError(
                    self.env._(
                        "Contract %(contract)s is counted from %(anchor)s, after its "
                        "start. Choose an anchor on or before the start.",
                        contract=contract.display_name,
                        anchor=contract._format_day(
                            contract.date_anchor, self.env.lang
                        ),
                    )
                )

    # === CRUD METHODS === #

    def write(self, vals):
        if not {"date_start", "date_end", "term_count", "term_unit"} & set(vals):
            return super().write(vals)
        before = {
            contract: (contract.date_start, contract.date_end) for contract in self
        }
        result = super().write(vals)
        moved = self.filtered(
            lambda contract: (
                before[contract] != (contract.date_start, contract.date_end)
            )
        )
        moved.line_ids._follow_contracts(before)
        moved._follow_end(before)
        return result

    # === BUSINESS METHODS === #

    def _get_dates(self):
        """Return the first and last local date of the contract."""
        self.ensure_one()
        return self.date_start, self.date_end

    def _follow_end(self, before):
        """Do what a changed end means for contracts that are no longer drafts.

        :param before: dict contract -> (start, end) as they were
        """
        running = self.filtered(
            lambda contract: contract.state in ("active", "expired")
        )
        for contract in running:
            old, new = before[contract][1], contract.date_end
            if new and (not old or new < old):
                contract._on_terminated(new + timedelta(days=1))
        back = running.filtered(
            lambda contract: (
                contract.state == "expired"
                and not contract._is_over()
                and not contract.successor_id
            )
        )
        if back:
            # sudo: time expired them; a manager who moved the end took that back
            back.sudo()._take_step("active")

    @api.model
    def _get_company_tz(self, company):
        """Return the name of the zone of ``company``: its address, else its
        calendar.
        """
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
        if (
            not anchor
            or not start
            or not self.term_count
            or (self.cycle <= 1 and not before)
        ):
            return False
        if periods.period_index(anchor, start, self.term_count, self.term_unit) is None:
            return False
        if not before:
            return True
        return bool(
            before.date_end
            and start == before.date_end + timedelta(days=1)
            and (self.term_count, self.term_unit)
            == (before.term_count, before.term_unit)
            and anchor == before.date_anchor
        )

    def _format_day(self, day, lang_code=None, in_words=False):
        """Return ``day`` as text for the customer: their language, Buddhist era if set.

        :param lang_code: language to write in; the customer's where it is empty
        :param in_words: with the name of the month, for letters
        """
        self.ensure_one()
        languages = self.env["res.lang"]
        lang = languages._get_data(
            code=lang_code or self.partner_id.lang or self.env.lang
        ) or languages._get_data(code="en_US")
        buddhist = lang.code.startswith("th") and self.company_id.service_buddhist_dates
        return dates.format_day(lang, day, buddhist_era=buddhist, in_words=in_words)
