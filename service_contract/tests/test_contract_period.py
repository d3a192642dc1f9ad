from datetime import date

from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .common import ServiceContractCommon


@tagged("post_install", "-at_install")
class TestContractPeriod(ServiceContractCommon):
    """Ends are inclusive, the next start is the day after, and nothing drifts."""

    def _period(self, start, count, unit, **values):
        contract = self._make_contract(
            date_start=start, term_count=count, term_unit=unit, **values
        )
        return contract.date_start, contract.date_end

    def test_a_year_ends_the_day_before_its_anniversary(self):
        self.assertEqual(self._period("2026-01-01", 1, "year")[1], date(2026, 12, 31))
        self.assertEqual(self._period("2024-01-01", 12, "month")[1], date(2024, 12, 31))

    def test_29_february_and_31_january_are_clamped_to_the_month(self):
        self.assertEqual(self._period("2024-02-29", 1, "year")[1], date(2025, 2, 27))
        self.assertEqual(self._period("2026-01-31", 1, "month")[1], date(2026, 2, 27))

    def test_weeks_and_days_are_added_as_days(self):
        self.assertEqual(self._period("2026-01-01", 2, "week")[1], date(2026, 1, 14))
        self.assertEqual(self._period("2026-01-01", 1, "day")[1], date(2026, 1, 1))

    def test_a_contract_without_term_has_no_end(self):
        contract = self._make_contract(term_count=0, activate=True)
        self.assertFalse(contract.date_end)
        self.assertFalse(contract.service_end_at)
        self.assertTrue(contract.is_in_force)
        self.assertFalse(contract._get_refusal(date(2099, 1, 1)))

    def test_an_end_can_be_typed_and_stays(self):
        contract = self._make_contract(date_end="2026-06-30")
        self.assertEqual(contract.date_end, date(2026, 6, 30))
        contract.note = "<p>nothing to do with the end</p>"
        self.assertEqual(contract.date_end, date(2026, 6, 30))

    def test_the_form_follows_start_and_term(self):
        form = Form(self.env["service.contract"])
        form.partner_id = self.customer
        form.date_start = "2026-05-10"
        form.term_count = 6
        form.term_unit = "month"
        self.assertEqual(form.date_end, date(2026, 11, 9))

    def test_the_second_period_keeps_the_anchor_of_the_first(self):
        first = self._make_contract(
            date_start="2026-01-31", term_count=1, term_unit="month"
        )
        second = first._create_successors(
            {first: (date(2026, 2, 28), date(2026, 3, 30))}
        )
        self.assertEqual(second.date_anchor, date(2026, 1, 31))
        second.date_end = False
        second.term_count = 1
        self.env.add_to_compute(second._fields["date_end"], second)
        self.assertEqual(second.date_end, date(2026, 3, 30))

    def test_the_anchor_restarts_after_a_gap_a_new_term_or_a_typed_end(self):
        first = self._make_contract(
            date_start="2026-01-31", term_count=1, term_unit="month"
        )
        gap = first._create_successors({first: (date(2026, 3, 10), date(2026, 4, 9))})
        self.assertEqual(gap.date_anchor, date(2026, 3, 10))
        gap.action_cancel()
        other = first._create_successors(
            {first: (date(2026, 2, 28), date(2026, 3, 30))}
        )
        other.term_count = 2
        self.assertEqual(other.date_anchor, date(2026, 2, 28))
        typed = self._make_contract(date_start="2026-01-31", date_end="2026-03-15")
        after = typed._create_successors({typed: (date(2026, 3, 16), False)})
        self.assertEqual(after.date_anchor, date(2026, 3, 16))

    def test_impossible_periods_are_refused_in_words(self):
        for values in ({"date_end": "2025-12-31"}, {"term_count": -1}):
            with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
                with self.env.cr.savepoint():
                    self._make_contract(**values)
        with self.assertRaisesRegex(ValidationError, "anchor"):
            self._make_contract(date_anchor="2026-02-01")

    def test_the_zone_is_that_of_the_place_of_service(self):
        self.customer.tz = "Europe/Brussels"
        contract = self._make_contract()
        self.assertEqual(contract.tz, "Europe/Brussels")
        self.customer.tz = False
        self.assertEqual(self._make_contract().tz, "Asia/Bangkok")

    def test_today_is_today_at_the_place_of_service(self):
        contract = self._make_contract()
        with freeze_time("2026-12-31 17:30:00"):
            self.assertEqual(contract._today(), date(2027, 1, 1))
            contract.tz = "America/New_York"
            self.assertEqual(contract._today(), date(2026, 12, 31))

    def test_in_force_from_local_midnight_to_local_midnight(self):
        contract = self._make_contract(activate=True)
        for instant, expected in [
            ("2025-12-31 16:59:59", False),
            ("2025-12-31 17:00:00", True),
            ("2026-12-31 16:59:59", True),
            ("2026-12-31 17:00:00", False),
        ]:
            with freeze_time(instant):
                contract.invalidate_recordset(["is_in_force"])
                self.assertEqual(contract.is_in_force, expected, instant)
                found = self.env["service.contract"].search(
                    [("id", "=", contract.id), ("is_in_force", "=", True)]
                )
                self.assertEqual(bool(found), expected, instant)
                self.assertEqual(not contract._get_refusal(), expected, instant)

    def test_midnight_that_daylight_saving_skips(self):
        # Beirut: on 29 March 2026 the clocks go from 0:00 to 1:00
        contract = self._make_contract(
            date_start="2026-03-29",
            tz="Asia/Beirut",
            term_unit="day",
            date_end="2026-03-29",
        )
        self.assertEqual(str(contract.service_start_at), "2026-03-28 22:00:00")
        self.assertEqual(str(contract.service_end_at), "2026-03-29 21:00:00")

    def test_an_unknown_zone_falls_back_to_utc(self):
        contract = self._make_contract()
        self.env.cr.execute(
            "UPDATE service_contract SET tz = 'Mars/Olympus' WHERE id = %s",
            [contract.id],
        )
        contract.invalidate_recordset()
        contract.date_start = "2026-02-01"
        self.assertEqual(str(contract.service_start_at), "2026-02-01 00:00:00")
