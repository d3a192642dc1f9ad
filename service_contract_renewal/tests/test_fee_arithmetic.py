from odoo.tests import TransactionCase, tagged

from ..tools import fees

# period -> fee, of 100,000 at 40 % (1), 30 % (2), 20 % (3 and later)
BY_YEAR = {1: 40000, 2: 30000, 3: 20000, 4: 20000, 12: 20000}

# currency, base, percent, fee worked out by hand
ROUNDED = [
    ("JPY", 123456, 30, 37037),  # 37,036.8
    ("JPY", 15, 30, 5),  # 4.5 goes up
    ("JPY", 1, 30, 0),  # 0.3
    ("THB", 99999.99, 33.3333, 33333.30),  # 33,333.296667
    ("THB", 1234.56, 7.5, 92.59),  # 92.592
    ("EUR", 0.05, 30, 0.02),  # 0.015 goes up
    ("EUR", 1234567890.12, 12.5, 154320986.27),  # …86.265
    ("USD", 199.99, 15, 30.00),  # 29.9985
    ("USD", 2.675, 100, 2.68),  # as people write it, not as floats store it
    ("BHD", 1234.567, 30, 370.370),  # 370.3701
    ("BHD", 0.005, 30, 0.002),  # 0.0015 goes up
]

# amount, days left, days of the period, share worked out by hand
SHARES = [
    (36500, 365, 365, 36500.00),
    (36500, 100, 365, 10000.00),
    (30000, 31, 365, 2547.95),  # 2,547.945…
    (30000, 184, 366, 15081.97),  # a leap year
    (100, 1, 3, 33.33),
    (100, 2, 3, 66.67),
    (100, 0, 30, 0.00),
    (100, -5, 30, 0.00),
    (100, 40, 30, 100.00),  # never more than all
    (100, 5, 0, 0.00),
]


@tagged("post_install", "-at_install")
class TestFeeArithmetic(TransactionCase):
    """What a period costs, without any record: rows, base, rounding."""

    def _round(self, code):
        return self.env.ref(f"base.{code}").round

    def test_each_year_has_its_percentage_and_the_last_row_holds(self):
        rows = [
            fees.Row(3, percent=20),
            fees.Row(1, percent=40),
            fees.Row(2, percent=30),
        ]
        for cycle, fee in BY_YEAR.items():
            with self.subTest(cycle=cycle):
                self.assertEqual(
                    fees.get_fee(rows, cycle, 100000, self._round("THB")), fee
                )

    def test_a_missing_row_is_the_nearest_earlier_one(self):
        rows = [fees.Row(2, percent=30), fees.Row(5, fees.FIXED, amount=999.999)]
        expected = {2: 30.0, 3: 30.0, 4: 30.0, 5: 1000.0, 6: 1000.0, 40: 1000.0}
        for cycle, fee in expected.items():
            with self.subTest(cycle=cycle):
                self.assertEqual(
                    fees.get_fee(rows, cycle, 100, self._round("EUR")), fee
                )

    def test_before_the_first_row_nobody_knows_the_fee(self):
        rows = [fees.Row(2, percent=30)]
        self.assertIsNone(fees.get_fee(rows, 1, 100, self._round("EUR")))
        self.assertIsNone(fees.get_fee([], 2, 100, self._round("EUR")))

    def test_a_fee_of_zero_is_a_fee(self):
        for row in (fees.Row(2, percent=0), fees.Row(2, fees.FIXED, amount=0)):
            self.assertEqual(fees.get_fee([row], 2, 100, self._round("EUR")), 0.0)

    def test_a_fixed_amount_looks_at_no_base(self):
        row = fees.Row(2, fees.FIXED, percent=50, amount=1234.5)
        self.assertEqual(fees.get_fee([row], 2, 9e9, self._round("JPY")), 1235)
        self.assertEqual(fees.get_fee([row], 2, 0, self._round("THB")), 1234.5)

    def test_fees_are_rounded_by_the_currency(self):
        for code, base, percent, expected in ROUNDED:
            with self.subTest(currency=code, base=base, percent=percent):
                fee = fees.get_fee(
                    [fees.Row(1, percent=percent)], 1, base, self._round(code)
                )
                self.assertEqual(f"{fee:.3f}", f"{expected:.3f}")

    def test_shares_by_days(self):
        for amount, days, all_days, expected in SHARES:
            with self.subTest(amount=amount, days=days, all_days=all_days):
                share = fees.get_share(amount, days, all_days, self._round("THB"))
                self.assertEqual(f"{share:.2f}", f"{expected:.2f}")
        self.assertEqual(fees.get_share(100, 1, 3, self._round("JPY")), 33)
        self.assertEqual(fees.get_share(100, 1, 3, self._round("BHD")), 33.333)
