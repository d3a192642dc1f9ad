from datetime import date

from odoo.addons.service_contract.tests.common import DealerCommon

SECOND_MONDAY = {
    "visit_kind": "recurring",
    "rrule_type": "monthly",
    "month_by": "day",
    "byday": "2",
    "weekday": "MON",
}


class ScheduleMixin:
    """A dealer in Bangkok who visits customers, Monday to Friday."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar = cls.company.resource_calendar_id
        cls.calendar.tz = "Asia/Bangkok"

    @classmethod
    def _make_line(cls, contract=None, quantity=4, activate=False, **values):
        """Return the only line of a contract, with a pattern."""
        contract = contract or cls._make_contract()
        contract.line_ids = contract.line_ids[:1]
        line = contract.line_ids
        line.write({"mode": "scheduled", "quantity": quantity, **values})
        if activate:
            contract.action_activate()
        return line

    @classmethod
    def _make_holiday(cls, day, name="Holiday"):
        """Close the company on ``day`` (a date, Bangkok)."""
        return cls.env["resource.calendar.leaves"].create(
            {
                "name": name,
                "calendar_id": cls.calendar.id,
                "company_id": cls.company.id,
                "resource_id": False,
                "date_from": f"{date.fromisoformat(str(day)):%Y-%m-%d} 00:00:00",
                "date_to": f"{date.fromisoformat(str(day)):%Y-%m-%d} 10:00:00",
            }
        )

    def _days(self, visits):
        return [str(visit._get_local_date()) for visit in visits.sorted("start")]

    def _slots(self, visits):
        return [str(day) for day in sorted(visits.mapped("occurrence_date"))]


class ScheduleCommon(ScheduleMixin, DealerCommon):
    """The dealer without accounts, which visits don't need."""
