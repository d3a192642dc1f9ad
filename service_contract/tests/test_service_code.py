from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from ..tools import service_code
from .common import ServiceContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 05:00:00")
class TestServiceCode(ServiceContractCommon):
    """Whatever the customer says on the phone, the desk finds the contract or knows why
    not.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._make_contract(activate=True)
        cls.code = cls.contract.service_code
        cls.contracts = cls.env["service.contract"]

    def test_given_at_activation_with_a_check_digit(self):
        self.assertFalse(self._make_contract().service_code)
        self.assertEqual(len(self.code), 8)
        self.assertTrue(service_code.is_valid(self.code))
        self.assertRegex(self.contract.service_code_display, r"^\d{4} \d{4}$")

    def test_forgiving_look_up(self):
        grouped = self.contract.service_code_display
        for said in (
            self.code,
            grouped,
            grouped.replace(" ", "-"),
            f"  {grouped} ",
            f"Service ID: {grouped}",
            f"SC-{self.code}",
            f"รหัส {grouped}",
            self.code.replace("0", "O").replace("1", "l"),
            self.code.replace("0", "o").replace("1", "I"),
            self.code.translate({ord(str(n)): chr(0x0E50 + n) for n in range(10)}),
            self.contract._get_service_code_url(),
        ):
            self.assertEqual(
                self.contracts._find_by_service_code(said), self.contract, said
            )

    def test_mistyped_is_not_unknown(self):
        wrong = self.code[:-1] + str((int(self.code[-1]) + 1) % 10)
        with self.assertRaisesRegex(UserError, "mistyped"):
            self.contracts._find_by_service_code(wrong)
        self.assertFalse(
            self.contracts._find_by_service_code(service_code.make("9999999"))
        )
        for nonsense in ("", " ", "hotel", None, "---"):
            self.assertFalse(self.contracts._find_by_service_code(nonsense))

    def test_every_single_wrong_digit_is_found(self):
        for position in range(8):
            for digit in "0123456789":
                if digit != self.code[position]:
                    typed = self.code[:position] + digit + self.code[position + 1 :]
                    self.assertFalse(service_code.is_valid(typed), typed)

    def test_a_code_of_the_old_system_is_accepted_as_it_is(self):
        old = self._make_contract(service_code="OIL/77-b", activate=True)
        self.assertTrue(old.service_code_is_foreign)
        self.assertEqual(old.service_code_display, "OIL/77-b")
        for said in ("OIL/77-b", "oil 77 B", "0il77b"):
            self.assertEqual(self.contracts._find_by_service_code(said), old, said)

    def test_the_running_period_comes_first(self):
        old = self._make_contract(
            service_code="T-1", date_start="2025-01-01", activate=True
        )
        running = self._make_contract(service_code="T-1", cycle=2, activate=True)
        coming = self._make_contract(
            service_code="T-1", cycle=3, date_start="2027-01-01", activate=True
        )
        found = self.contracts._find_by_service_code("t1")
        self.assertEqual(found[0], running)
        self.assertEqual(found, running + coming + old)

    def test_unique_for_company_and_cycle_unless_cancelled(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.env.cr.savepoint(),
        ):
            self._make_contract(service_code=self.code)
            self.env.flush_all()
        self.contract.action_cancel()
        self._make_contract(service_code=self.code)
        self.env.flush_all()

    def test_the_search_box_takes_code_number_customer_and_serial(self):
        contract = self._make_invoice()._create_service_contracts()
        contract.item_ids.serial = "JK-8700-001"
        contract.action_activate()
        for text in (
            contract.service_code_display,
            contract.name,
            "Baan Suan",
            "8700-001",
        ):
            found = self.contracts.search([("search_text", "ilike", text)])
            self.assertIn(contract, found, text)
            self.assertIn(
                contract.id, dict(self.contracts.name_search(text, limit=None)), text
            )
        wrong = self.code[:-1] + str((int(self.code[-1]) + 1) % 10)
        with self.assertRaisesRegex(UserError, "mistyped"):
            self.contracts.search([("search_text", "ilike", wrong)])
        self.assertFalse(self.contracts.name_search(wrong))

    def test_the_look_up_is_one_index_scan_and_few_queries(self):
        self.env.flush_all()
        self.env.invalidate_all()
        self.contracts._find_by_service_code(self.code)
        self.env.invalidate_all()
        with self.assertQueryCount(5):
            self.contracts._find_by_service_code(self.code)

    def test_each_way_to_name_a_contract_is_looked_up_on_its_own(self):
        """Together in one condition they would be asked of each and every contract."""
        self.env.flush_all()
        for field in ("search_text", "display_name"):
            query = self.contracts._search([(field, "ilike", "SC/2026/00001")])
            rows = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
            plan = "\n".join(row for (row,) in rows)
            self.assertIn("Append", plan, field)
            self.assertNotIn("SubPlan", plan, field)

    def test_the_number_of_no_contract_is_no_mistyped_code(self):
        self.assertFalse(
            self.contracts.search([("search_text", "ilike", "SC/1999/00002")])
        )
        with self.assertRaises(UserError):
            self.contracts.search([("search_text", "ilike", "199900002")])

    def test_codes_of_many_are_drawn_at_once(self):
        contracts = self.contracts.union(*[self._make_contract() for _n in range(20)])
        contracts.action_activate()
        codes = contracts.mapped("service_code")
        self.assertEqual(len(set(codes)), 20)
        self.assertEqual(len(set(contracts.mapped("name"))), 20)

    def test_digits_of_a_serial_number_are_no_mistyped_code(self):
        contract = self._make_invoice()._create_service_contracts()
        contract.item_ids.serial = "20240117"
        found = self.contracts.search([("search_text", "ilike", "20240117")])
        self.assertEqual(found, contract)

    def test_an_own_code_typed_in_groups_is_the_same_code(self):
        self.contract.action_cancel()
        again = self._make_contract(
            service_code=self.contract.service_code_display, activate=True
        )
        self.assertEqual(again.service_code, self.code)
        self.assertFalse(again.service_code_is_foreign)

    def test_nine_digits_are_checked_too(self):
        self.assertTrue(service_code.has_own_shape(service_code.make("12345678")))
        wrong = service_code.make("12345678")[:-1]
        wrong += "0" if not service_code.is_valid(wrong + "0") else "1"
        with self.assertRaisesRegex(UserError, "mistyped"):
            self.contracts._find_by_service_code(wrong)
