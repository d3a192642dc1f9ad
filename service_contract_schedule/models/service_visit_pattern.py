from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import occurrences
from ..tools.occurrences import Pattern

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
WEEKDAY_SELECTION = [
    ("MON", "Monday"),
    ("TUE", "Tuesday"),
    ("WED", "Wednesday"),
    ("THU", "Thursday"),
    ("FRI", "Friday"),
    ("SAT", "Saturday"),
    ("SUN", "Sunday"),
]
MONTH_SELECTION = [
    ("1", "January"),
    ("2", "February"),
    ("3", "March"),
    ("4", "April"),
    ("5", "May"),
    ("6", "June"),
    ("7", "July"),
    ("8", "August"),
    ("9", "September"),
    ("10", "October"),
    ("11", "November"),
    ("12", "December"),
]
# those from which the dates follow; the others say how a visit is made
DATE_FIELDS = (
    "visit_kind",
    "rrule_type",
    "interval",
    *WEEKDAYS,
    "month_by",
    "day",
    "byday",
    "weekday",
    "visit_month",
    "visit_count",
    *(f"skip_{month}" for month in MONTHS),
)
MAX_INTERVAL = 1000
ROUNDING = 1e-6  # 11.999999 visits are twelve


class ServiceVisitPattern(models.AbstractModel):
    """When to visit: shared by the lines of contracts and of templates.

    The fields that ``calendar.recurrence`` has, too, are called as they are there.
    """

    _name = "service.visit.pattern"
    _description = "Pattern of Visits"

    visit_kind = fields.Selection(
        selection=[
            ("recurring", "On a fixed rhythm"),
            ("even", "Spread evenly over the period"),
            ("dates", "On given dates"),
        ],
        string="Kind of Pattern",
        help="Empty: nothing is planned ahead.",
    )
    rrule_type = fields.Selection(
        selection=[
            ("weekly", "Weeks"),
            ("monthly", "Months"),
            ("yearly", "Years"),
        ],
        string="Rhythm",
        default="monthly",
    )
    interval = fields.Integer(
        string="Every", default=1, help="Every so many weeks, months or years."
    )
    mon = fields.Boolean(string="Mon")
    tue = fields.Boolean(string="Tue")
    wed = fields.Boolean(string="Wed")
    thu = fields.Boolean(string="Thu")
    fri = fields.Boolean(string="Fri")
    sat = fields.Boolean(string="Sat")
    sun = fields.Boolean(string="Sun")
    month_by = fields.Selection(
        selection=[("day", "On a weekday of the month"), ("date", "On a date")],
        string="Day of the Month",
        default="day",
    )
    day = fields.Integer(
        string="Date",
        default=1,
        help="Day of the month. In months that are shorter it is their last day.",
    )
    byday = fields.Selection(
        selection=[
            ("1", "First"),
            ("2", "Second"),
            ("3", "Third"),
            ("4", "Fourth"),
            ("5", "Fifth"),
            ("-1", "Last"),
        ],
        string="Which",
        default="1",
        help="Which of these weekdays of the month. A month without a fifth one is "
        "skipped.",
    )
    weekday = fields.Selection(selection=WEEKDAY_SELECTION, default="MON")
    visit_month = fields.Selection(
        selection=MONTH_SELECTION,
        string="In",
        help="The month of a yearly visit; empty = the month in which the service "
        "starts.",
    )
    visit_count = fields.Integer(
        string="How Many",
        help="How many visits are spread over the period; 0 = as many as agreed.",
    )
    skip_jan = fields.Boolean(string="January")
    skip_feb = fields.Boolean(string="February")
    skip_mar = fields.Boolean(string="March")
    skip_apr = fields.Boolean(string="April")
    skip_may = fields.Boolean(string="May")
    skip_jun = fields.Boolean(string="June")
    skip_jul = fields.Boolean(string="July")
    skip_aug = fields.Boolean(string="August")
    skip_sep = fields.Boolean(string="September")
    skip_oct = fields.Boolean(string="October")
    skip_nov = fields.Boolean(string="November")
    skip_dec = fields.Boolean(string="December")
    hour_start = fields.Float(
        string="At",
        default=9.0,
        help="When a visit begins, by the clocks of the place of service.",
    )
    duration = fields.Float(
        string="Lasts", default=1.0, help="Hours that a visit takes."
    )
    window_before = fields.Integer(
        string="Days Earlier", help="By how many days a visit may be earlier."
    )
    window_after = fields.Integer(
        string="Days Later", help="By how many days a visit may be later."
    )
    non_working_day = fields.Selection(
        selection=[
            ("keep", "Visit all the same"),
            ("next", "Next working day"),
            ("previous", "Working day before"),
            ("skip", "No visit"),
        ],
        string="On a Day Off",
        default="next",
        help="What happens on days on which the company doesn't work.",
    )
    technician_id = fields.Many2one(
        "res.users",
        string="Technician",
        domain="[('share', '=', False)]",
        help="Who is planned for the visits.",
    )
    horizon_days = fields.Integer(
        string="Plan Ahead (Days)",
        help="How many days ahead visits are planned; 0 = as the company does.",
    )
    visit_summary = fields.Char(string="Pattern", compute="_compute_visit_summary")

    # === COMPUTE METHODS === #

    @api.depends(lambda self: self._get_summary_fields())
    @api.depends_context("lang")
    def _compute_visit_summary(self):
        for record in self:
            record.visit_summary = record._describe_pattern()

    @api.model
    def _get_summary_fields(self):
        """Hook: names of the fields on which the sentence depends."""
        return self._get_pattern_fields()

    # === CONSTRAINTS === #

    @api.constrains(
        "visit_kind",
        "rrule_type",
        "interval",
        *WEEKDAYS,
        "month_by",
        "day",
        *(f"skip_{month}" for month in MONTHS),
        "hour_start",
        "duration",
        "window_before",
        "window_after",
        "visit_count",
        "horizon_days",
    )
    def _check_pattern(self):
        for record in self:
            if problem := record._get_pattern_problem():
                raise ValidationError(
                    self.env._(
                        "%(record)s: %(problem)s",
                        record=record.display_name,
                        problem=problem,
                    )
                )

    def _get_pattern_problem(self):
        """Say what is wrong with the pattern, in one translated sentence; else
        empty.
        """
        self.ensure_one()
        if not self.visit_kind:
            return ""
        recurring = self.visit_kind == "recurring"
        if recurring and not 1 <= self.interval <= MAX_INTERVAL:
            return self.env._(
                "visits come every 1 to %(max)s weeks, months or years, not every "
                "%(interval)s.",
                max=MAX_INTERVAL,
                interval=self.interval,
            )
        if recurring and not self.rrule_type:
            return self.env._("choose whether visits come by weeks, months or years.")
        if recurring and self.rrule_type == "weekly":
            if not any(self[name] for name in WEEKDAYS):
                return self.env._("choose at least one weekday.")
        elif recurring and self.month_by == "date" and not 1 <= self.day <= 31:
            return self.env._("the day of the month lies between 1 and 31.")
        if all(self[f"skip_{month}"] for month in MONTHS):
            return self.env._("all months are left out: allow at least one.")
        if not 0 <= self.hour_start < 24:
            return self.env._("a visit begins between 0:00 and 23:59.")
        if not 0 < self.duration <= 24 * 7:
            return self.env._("a visit lasts more than no time, and at most a week.")
        if min(self.window_before, self.window_after, self.visit_count) < 0:
            return self.env._("days and numbers of visits can't be negative.")
        if self.horizon_days < 0:
            return self.env._("the days planned ahead can't be negative.")
        return ""

    # === BUSINESS METHODS === #

    @api.model
    def _get_pattern_fields(self):
        """Return the names of the fields that make a pattern, all stored."""
        return [
            "visit_kind",
            "rrule_type",
            "interval",
            *WEEKDAYS,
            "month_by",
            "day",
            "byday",
            "weekday",
            "visit_month",
            "visit_count",
            *(f"skip_{month}" for month in MONTHS),
            "hour_start",
            "duration",
            "window_before",
            "window_after",
            "non_working_day",
            "technician_id",
            "horizon_days",
        ]

    def _prepare_pattern_values(self):
        """Return the values of the pattern, for another record that has one."""
        self.ensure_one()
        return {
            name: self._fields[name].convert_to_write(self[name], self)
            for name in self._get_pattern_fields()
        }

    def _get_typed_dates(self):
        """Hook: the typed local dates of a pattern of the kind ``dates``, sorted."""
        return []

    def _get_visit_months(self):
        """Return the numbers of the months in which visits may be, as a frozenset."""
        return frozenset(
            number
            for number, month in enumerate(MONTHS, start=1)
            if not self[f"skip_{month}"]
        )

    def _get_pattern(self):
        """Return the pattern for :mod:`..tools.occurrences`, which knows no records."""
        self.ensure_one()
        weekdays = [name for name, _label in WEEKDAY_SELECTION]
        return Pattern(
            kind=self.visit_kind,
            freq=self.rrule_type,
            interval=self.interval,
            weekdays=tuple(n for n, name in enumerate(WEEKDAYS) if self[name]),
            month_by=self.month_by or "day",
            day=self.day,
            byday=int(self.byday or 1),
            weekday=weekdays.index(self.weekday or "MON"),
            month=int(self.visit_month or 0),
            months=self._get_visit_months(),
            dates=tuple(self._get_typed_dates()) if self.visit_kind == "dates" else (),
        )

    def _list_slots(self, begin, end, last, anchor, limit=None, offset=0):
        """Return the local dates that the pattern gives, in order.

        :param begin: first date on which it holds
        :param end: last date of the period (inclusive); None = without end
        :param last: no date after this one is asked for
        :param anchor: date from which intervals are counted
        :param limit: how many visits were agreed; None = no limit
        :param offset: how many of them were due before ``begin``
        """
        self.ensure_one()
        pattern = self._get_pattern()
        left = None if limit is None else int(limit + ROUNDING) - offset
        if pattern.kind == "even":
            if not end:
                return []
            count = self.visit_count - offset if self.visit_count else left
            if left is not None:
                count = min(count, left)
            days = occurrences.spread(begin, end, count or 0, pattern.months)
            return [day for day in days if day <= last]
        until = min(end, last) if end else last
        days = occurrences.iterate(pattern, anchor, begin, until)
        return occurrences.take(days, left)
