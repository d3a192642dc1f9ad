from datetime import date

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import ServiceContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 05:00:00")
class TestRights(ServiceContractCommon):
    """What is agreed, carried, reserved, used, left; and nothing that isn't there is
    used.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._make_contract(activate=True)
        cls.line = cls.contract.line_ids

    def _counters(self, line=None):
        line = line or self.line
        return (line.quantity_used, line.quantity_remaining, line.quantity_available)

    def test_using_and_taking_back(self):
        self.assertEqual(self._counters(), (0, 4, 4))
        use = self.line._consume(1, note="cleaned")
        self.assertEqual(use.kind, "use")
        self.assertEqual(self._counters(), (1, 3, 3))
        use.with_user(self.manager).action_take_back()
        self.assertEqual(self._counters(), (0, 4, 4))
        with self.assertRaisesRegex(UserError, "taken back already"):
            use.sudo().action_take_back()
        with self.assertRaisesRegex(UserError, "manager"):
            self.line._consume().with_user(self.dispatcher).action_take_back()

    def test_nothing_beyond_the_rights(self):
        self.line._consume(3.5)
        with self.assertRaisesRegex(UserError, r"1 asked for, 0\.5 left"):
            self.line._consume(1)
        self.assertEqual(self._counters(), (3.5, 0.5, 0.5))
        self.line._consume(0.5)
        self.assertEqual(self._counters(), (4, 0, 0))

    def test_a_manager_books_beyond_the_rights_as_billable(self):
        self.line._consume(4)
        with self.assertRaises(AccessError):
            self.line.with_user(self.dispatcher)._consume(1, is_billable=True)
        use = self.line.with_user(self.manager)._consume(1, is_billable=True)
        self.assertTrue(use.is_billable)
        self.assertEqual(self._counters(), (4, 0, 0))

    def test_a_dispatcher_books_within_the_rights(self):
        wizard = (
            self.env["service.contract.record.use"]
            .with_user(self.dispatcher)
            .create({"line_id": self.line.id, "note": "by phone"})
        )
        self.assertEqual(wizard.date, date(2026, 6, 15))
        wizard.action_record()
        self.assertEqual(self.line.usage_ids.note, "by phone")
        self.assertEqual(self.line.usage_ids.create_uid, self.dispatcher)

    def test_nonsense_quantities(self):
        for quantity in (0, -1):
            with self.assertRaisesRegex(UserError, "above zero"):
                self.line._consume(quantity)

    def test_the_date_of_service_decides(self):
        with self.assertRaisesRegex(UserError, "isn't in force before"):
            self.line._consume(date=date(2025, 12, 31))
        with self.assertRaisesRegex(UserError, "must be renewed"):
            self.line._consume(date=date(2027, 1, 1))
        self.contract.sudo().write({"state": "expired"})
        self.line._consume(date=date(2026, 12, 31))
        self.contract.action_suspend()
        with self.assertRaisesRegex(UserError, "suspended"):
            self.line._consume()

    def test_reservations_lower_what_is_available_not_what_is_left(self):
        reserved = {self.line: 3.0}
        self.patch(
            type(self.env["service.contract.line"]),
            "_get_reserved",
            lambda lines: reserved,
        )
        self.line._sync_reserved()
        self.assertEqual(self._counters(), (0, 4, 1))
        self.line._check_available(1)
        with self.assertRaisesRegex(UserError, "2 asked for, 1 left"):
            self.line._check_available(2)
        with self.assertRaises(UserError):
            self.line._consume(2)
        # a visit that is done consumes its own reservation
        reserved[self.line] = 2.0
        self.line._sync_reserved()
        self.line._consume(1)
        self.assertEqual(self._counters(), (1, 3, 1))
        reserved[self.line] = 5.0
        with self.assertRaisesRegex(UserError, "left"):
            self.line._sync_reserved()

    def test_the_database_itself_refuses_a_right_below_zero(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.env.cr.savepoint(),
        ):
            self.line.sudo().quantity_used = 5
            self.env.flush_all()
        self.line._consume(3)
        with self.assertRaisesRegex(ValidationError, "3 were used"):
            self.line.quantity = 2

    def test_unlimited_has_no_counter_but_a_ledger(self):
        contract = self._make_contract(
            lines=[{"product_id": self.service_phone.id, "is_unlimited": True}],
            activate=True,
        )
        line = contract.line_ids
        line._consume(100)
        self.assertEqual(line.quantity_used, 100)
        self.assertEqual(line.rights_display, "Unlimited")
        line._check_available(1000)

    def test_the_ledger_is_never_rewritten(self):
        use = self.line._consume()
        with self.assertRaisesRegex(UserError, "can't be changed"):
            use.sudo().quantity = 3
        with self.assertRaisesRegex(UserError, "can't be deleted"):
            use.sudo().unlink()
        with self.assertRaisesRegex(UserError, "used already"):
            self.line.sudo().unlink()
        with self.assertRaises(AccessError):
            self.env["service.contract.usage"].with_user(self.manager).create(
                {
                    "line_id": self.line.id,
                    "date": "2026-06-15",
                    "quantity": -3,
                    "kind": "use",
                }
            )

    def test_taking_over_a_running_contract(self):
        contract = self._make_contract(cycle=2, service_code="OLD 5")
        line = contract.line_ids
        with self.assertRaises(AccessError):
            line.with_user(self.dispatcher).opening_used = 2
        line.with_user(self.manager).write({"opening_used": 3, "opening_carried": 1})
        contract.action_activate()
        self.assertEqual(self._counters(line), (0, 2, 2))
        self.assertEqual((line.quantity_carried, line.quantity_adjusted), (1, -3))
        self.assertEqual(sorted(line.usage_ids.mapped("kind")), ["adjust", "carry"])
        with self.assertRaises(AccessError):
            line.with_user(self.manager).opening_used = 1

    def test_more_used_before_than_there_was_is_refused(self):
        contract = self._make_contract()
        contract.line_ids.opening_used = 5
        with self.assertRaisesRegex(UserError, "left"):
            contract.action_activate()

    def test_coverage_looks_at_warranty_then_the_item_then_the_rest(self):
        contract = self._make_invoice([{"product_id": self.machine.id, "quantity": 2}])
        contract = contract._create_service_contracts(per_unit=True)
        contract.action_activate()
        first, second = contract.item_ids
        lines = contract._get_covering_lines(item=first, date=date(2026, 6, 1))
        self.assertEqual(
            lines.mapped("product_id.name"),
            ["Warranty", "Installation", "Preventive visit"],
        )
        self.assertNotIn(second, lines.item_id)
        general = contract._get_covering_lines(date=date(2026, 6, 1))
        self.assertEqual(general.product_id, self.service_visit)
        visits = contract._get_covering_lines(
            product=self.service_visit, item=first, date=date(2026, 6, 1)
        )
        self.assertEqual(
            visits.mapped("product_id.name"), ["Warranty", "Preventive visit"]
        )

    def test_a_warranty_outlasts_its_contract_and_is_found_by_the_next_period(self):
        contract = self._make_invoice()._create_service_contracts()
        contract.action_activate()
        warranty = contract.line_ids.filtered("is_warranty")
        self.assertEqual(warranty.date_end, date(2028, 3, 14))
        self.assertEqual(contract.item_ids.warranty_end, date(2028, 3, 14))
        after = contract._create_successors(
            {contract: (date(2027, 3, 15), date(2028, 3, 14))}
        )
        after.action_activate()
        self.assertFalse(after.line_ids.filtered("is_warranty"))
        covering = after._get_covering_lines(item=after.item_ids, date=date(2027, 5, 1))
        self.assertEqual(covering[0], warranty)
        contract.sudo().write({"state": "expired"})
        warranty._consume(date=date(2027, 5, 1))

    def test_the_warranty_counts_from_the_installation(self):
        contract = self._make_invoice()._create_service_contracts()
        contract.action_activate()
        warranty = contract.line_ids.filtered("is_warranty")
        self.assertEqual(warranty.date_start, date(2026, 3, 15))
        contract.item_ids.with_user(self.dispatcher).date_installed = "2026-04-03"
        self.assertEqual(warranty.date_start, date(2026, 4, 3))
        self.assertEqual(warranty.date_end, date(2028, 4, 2))
        self.assertEqual(contract.item_ids.warranty_end, date(2028, 4, 2))

    def test_a_line_for_an_item_of_another_contract_is_refused(self):
        item = self._make_invoice()._create_service_contracts().item_ids
        with self.assertRaisesRegex(ValidationError, "another contract"):
            self.line.item_id = item

    def test_only_a_warranty_lies_outside_its_contract(self):
        draft = self._make_contract()
        with self.assertRaisesRegex(ValidationError, "outside contract"):
            draft.line_ids.date_end = "2027-06-30"
        with self.assertRaisesRegex(ValidationError, "ends before"):
            draft.line_ids.write({"date_start": "2026-05-01", "date_end": "2026-04-01"})
