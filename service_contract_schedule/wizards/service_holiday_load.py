from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

from odoo.addons.service_contract.tools import dates
from odoo.addons.service_contract.tools.roles import MANAGER

try:
    import holidays
except ImportError:  # the one optional dependency: said in the dialog
    holidays = None


class ServiceHolidayLoad(models.TransientModel):
    """Loads a country's public holidays of a year into the company's calendar."""

    _name = "service.holiday.load"
    _description = "Load Public Holidays"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    country_id = fields.Many2one(
        "res.country",
        required=True,
        default=lambda self: self.env.company.country_id,
    )
    year = fields.Integer(required=True, default=lambda self: self._default_year())
    row_ids = fields.One2many("service.holiday.load.row", "wizard_id")

    @api.model
    def _default_year(self):
        return self.env.company._get_service_today().year

    # === ACTIONS === #

    def action_fetch(self):
        """List the public holidays for editing; nothing is stored yet.

        :raise UserError: the package isn't installed, or doesn't know the country
        """
        self.ensure_one()
        self._check_manager()
        loaded = self._get_loaded()
        rows = [Command.clear()]
        for day, name in sorted(self._get_public_holidays().items()):
            rows.append(
                Command.create(
                    {
                        "date": day,
                        "source_date": day,
                        "name": name,
                        "load": day not in loaded,
                    }
                )
            )
        self.row_ids = rows
        return self._reopen()

    def action_load(self):
        """Store the ticked holidays; one that is there already is left as it is.

        :raise AccessError: somebody who is no service manager asks
        """
        self.ensure_one()
        self._check_manager()
        calendar = self.company_id._get_service_calendar()
        loaded = self._get_loaded()
        values = []
        for row in self.row_ids.filtered("load"):
            if row.date in loaded:
                continue
            loaded.add(row.date)
            end = dates.local_midnight(row.date + timedelta(days=1), calendar.tz)
            values.append(
                {
                    "name": row.name,
                    "calendar_id": calendar.id,
                    "company_id": self.company_id.id,
                    "resource_id": False,
                    "date_from": dates.local_midnight(row.date, calendar.tz),
                    "date_to": end - timedelta(seconds=1),
                    "time_type": "leave",
                    "service_holiday_date": row.source_date or row.date,
                }
            )
        # sudo: Odoo keeps general days off to administrators; managers load them here
        self.env["resource.calendar.leaves"].sudo().create(values)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._(
                    "%(count)s holidays were loaded.", count=len(values)
                ),
                "type": "success",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # === BUSINESS METHODS === #

    def _check_manager(self):
        if not 1900 <= self.year <= 2200:
            raise UserError(self.env._("Enter a year between 1900 and 2200."))
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a service manager can load holidays."))
        if self.company_id not in self.env.companies:
            raise AccessError(
                self.env._(
                    "You don't work for %(company)s.", company=self.company_id.name
                )
            )

    @api.model
    def _is_available(self):
        """Tell whether the package ``holidays`` is installed."""
        return holidays is not None

    def _get_public_holidays(self):
        """Return dict date -> name of the holidays of country and year.

        Source: the ``holidays`` package, in the user's language where it has it.
        """
        if holidays is None:
            raise UserError(
                self.env._(
                    "Public holidays come from the Python package “holidays”, which is "
                    "not installed. Ask your administrator to run: pip install holidays"
                )
            )
        code = self.country_id.code
        supported = holidays.list_supported_countries(include_aliases=False)
        if code not in supported:
            raise UserError(
                self.env._(
                    "The package “holidays” doesn't know %(country)s. Enter the days "
                    "in the working hours of the company.",
                    country=self.country_id.name,
                )
            )
        languages = holidays.list_localized_countries().get(code, [])
        wanted = self.env.lang or "en_US"
        lang = next(
            (name for name in languages if name in (wanted, wanted.split("_")[0])),
            "en_US" if "en_US" in languages else None,
        )
        return dict(holidays.country_holidays(code, years=self.year, language=lang))

    def _get_loaded(self):
        """Return the dates of the year that are days off of the company already."""
        first = datetime.combine(datetime(self.year, 1, 1), time.min).date()
        loaded = set(
            self.company_id._get_holidays(first, first.replace(month=12, day=31))
        )
        calendar = self.company_id._get_service_calendar()
        # sudo: holidays that somebody moved to another day count as loaded, too
        moved = (
            self.env["resource.calendar.leaves"]
            .sudo()
            .search(
                Domain("calendar_id", "=", calendar.id)
                & Domain("service_holiday_date", "!=", False)
            )
        )
        return loaded | set(moved.mapped("service_holiday_date"))

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Load Public Holidays"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class ServiceHolidayLoadRow(models.TransientModel):
    _name = "service.holiday.load.row"
    _description = "Public Holiday to Load"
    _order = "date, id"

    wizard_id = fields.Many2one(
        "service.holiday.load", required=True, ondelete="cascade"
    )
    load = fields.Boolean(default=True)
    date = fields.Date(required=True)
    name = fields.Char(required=True)
    source_date = fields.Date(
        readonly=True,
        help="The date that the country gives: remembered, so that the holiday isn't "
        "offered again when the company has it on another day.",
    )
