from datetime import date

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.service_contract.tests.common import DealerCommon

from .common_fees import FeeMixin


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestFees(FeeMixin, DealerCommon):
    """The base, the fees by year and their preview on a contract; who changes them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.currency_id = cls.env.ref("base.USD")
        cls.template.currency_id = cls.company.currency_id

    # === BASE === #

    def test_the_base_is_before_or_after_discount(self):
        after = self._make_worth(renewal_base="after_discount")
        before = self._make_worth(renewal_base="before_discount")
        self.assertEqual(after.renewal_base_amount, 100000)
        self.assertEqual(before.renewal_base_amount, 125000)
        self.assertEqual(after.renewal_fee, 30000)
        self.assertEqual(before.renewal_fee, 37500)

    def test_what_does_not_count_is_left_out(self):
        contract = self._make_worth(activate=False)
        contract.item_ids[1].counts_in_base = False
        self.assertEqual(contract.renewal_base_amount, 80000)
        self.assertIn("Together", self._preview(contract)[-1])

    def test_a_typed_base_stays_whatever_the_items_are(self):
        contract = self._make_worth(
            activate=False, renewal_base="manual", renewal_base_amount=50000
        )
        contract.item_ids[0].amount_after_discount = 1
        contract.action_activate()
        self.assertEqual(contract.renewal_base_amount, 50000)
        self.assertEqual(contract.renewal_base_difference, 0)
        self.assertEqual(contract.renewal_fee, 15000)
        with self.assertRaisesRegex(UserError, "entered by hand"):
            contract.action_update_base()

    def test_the_base_follows_the_items_of_a_draft_and_is_frozen_with_it(self):
        contract = self._make_worth(activate=False)
        contract.item_ids[0].amount_after_discount = 70000
        self.assertEqual(contract.renewal_base_amount, 90000)
        contract.action_activate()
        contract.item_ids[0].amount_after_discount = 10000
        self.assertEqual(contract.renewal_base_amount, 90000)
        self.assertEqual(contract.renewal_fee, 27000)
        self.assertEqual(contract.renewal_base_difference, -60000)

    def test_the_base_is_frozen_though_nobody_looked_at_it_before(self):
        contract = self._make_worth(activate=False)
        contract.action_activate()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(contract.renewal_base_amount, 100000)

    def test_a_base_that_follows_the_items_is_none_to_type(self):
        """The form doesn't let anybody type it; a call by RPC changes nothing."""
        contract = self._make_worth(activate=False)
        contract.with_user(self.dispatcher).renewal_base_amount = 1
        contract.action_activate()
        self.assertEqual(contract.renewal_base_amount, 100000)

    def test_a_manager_agrees_that_the_base_follows_the_items_again(self):
        contract = self._make_worth()
        contract.item_ids[0].amount_after_discount = 70000
        with self.assertRaises(AccessError):
            contract.with_user(self.dispatcher).action_update_base()
        contract.with_user(self.manager).action_update_base()
        self.assertEqual(contract.renewal_base_amount, 90000)
        self.assertEqual(contract.renewal_base_difference, 0)

    def test_another_kind_of_base_is_taken_at_once(self):
        contract = self._make_worth()
        contract.with_user(self.manager).renewal_base = "before_discount"
        self.assertEqual(contract.renewal_base_amount, 125000)
        contract.with_user(self.manager).renewal_base = "manual"
        self.assertEqual(contract.renewal_base_amount, 125000)
        contract.with_user(self.manager).write(
            {"renewal_base": "manual", "renewal_base_amount": 60000}
        )
        self.assertEqual(contract.renewal_fee, 18000)

    def test_items_that_join_a_running_contract_raise_the_base(self):
        contract = self._make_worth()
        added = {
            "contract_id": contract.id,
            "name": "Dryer",
            "amount_before_discount": 12000,
            "amount_after_discount": 10000,
        }
        items = self.env["service.contract.item"].with_user(self.manager)
        items.create([added, {**added, "counts_in_base": False}])
        self.assertEqual(contract.renewal_base_amount, 110000)
        self.assertEqual(contract.renewal_fee, 33000)
        self.assertEqual(contract.renewal_base_difference, 0)
        typed = self._make_worth(renewal_base="manual", renewal_base_amount=50000)
        items.create({**added, "contract_id": typed.id})
        self.assertEqual(typed.renewal_base_amount, 50000)

    def test_a_frozen_base_stays_frozen_when_an_item_joins(self):
        """Only what joins is added: an item changed meanwhile isn't agreed by that."""
        contract = self._make_worth()
        contract.item_ids[0].amount_after_discount = 70000
        self.env["service.contract.item"].create(
            {
                "contract_id": contract.id,
                "name": "Dryer",
                "amount_after_discount": 10000,
            }
        )
        self.assertEqual(contract.renewal_base_amount, 110000)
        self.assertEqual(contract.renewal_base_difference, -10000)

    def test_the_preview_shows_where_the_base_comes_from(self):
        contract = self._make_worth()
        lines = self._preview(contract)
        self.assertIn("Press – $ 100,000.00 $ 80,000.00", lines)
        self.assertIn("Boiler – $ 25,000.00 $ 20,000.00", lines)
        self.assertIn("Together $ 125,000.00 $ 100,000.00", lines)

    def test_a_replaced_machine_is_shown_as_long_as_its_amount_counts(self):
        contract = self._make_worth()
        old = contract.item_ids[0]
        old.replaced_by_id = self.env["service.contract.item"].create(
            {"contract_id": contract.id, "name": "New press"}
        )
        lines = self._preview(contract)
        self.assertIn("Press – $ 100,000.00 $ 80,000.00", lines)
        self.assertIn("New press – $ 0.00 $ 0.00", lines)
        self.assertEqual(contract.renewal_base_amount, 100000)

    # === PREVIEW === #

    def test_five_periods_are_previewed(self):
        contract = self._make_worth()
        self.assertEqual(
            self._preview(contract)[1:6],
            [
                "2 01/01/2027 – 12/31/2027 30 % of $ 100,000.00 = $ 30,000.00",
                "3 01/01/2028 – 12/31/2028 20 % of $ 100,000.00 = $ 20,000.00",
                "4 01/01/2029 – 12/31/2029 20 % of $ 100,000.00 = $ 20,000.00",
                "5 01/01/2030 – 12/31/2030 20 % of $ 100,000.00 = $ 20,000.00",
                "6 01/01/2031 – 12/31/2031 20 % of $ 100,000.00 = $ 20,000.00",
            ],
        )
        rows = contract._prepare_preview_values()["rows"]
        self.assertEqual([row["cycle"] for row in rows], [2, 3, 4, 5, 6])
        self.assertEqual(
            [row["amount"] for row in rows], [30000, 20000, 20000, 20000, 20000]
        )

    def test_the_preview_follows_what_is_changed(self):
        contract = self._make_worth()
        self.assertIn("20 %", self._preview(contract)[2])
        contract.renewal_term_ids[1].percent = 12.3456
        self.assertIn(
            "12.3456 % of $ 100,000.00 = $ 12,345.60", self._preview(contract)[2]
        )
        contract.renewal_term_ids[1].write({"method": "fixed", "amount": 777})
        self.assertIn("fixed: $ 777.00", self._preview(contract)[2])
        contract.renewal_term_ids[0].percent = 100.1234
        self.assertIn("100.1234 % of", self._preview(contract)[1])

    def test_where_no_row_says_it_the_fee_is_asked_for(self):
        contract = self._make_worth(renewal_term_ids=[])
        self.assertFalse(contract.has_renewal_fee)
        self.assertIsNone(contract._get_renewal_fee())
        for line in self._preview(contract)[1:6]:
            self.assertIn("asked for when it is billed", line)

    def test_the_first_period_is_previewed_where_it_is_billed(self):
        contract = self._make_worth()
        self.assertTrue(self._preview(contract)[1].startswith("2 "))
        contract.bill_first_period = True
        self.assertIn("1 01/01/2026 – 12/31/2026", self._preview(contract)[1])
        self.assertIn("asked for", self._preview(contract)[1])
        contract.renewal_term_ids = [Command.create({"cycle": 1, "percent": 40})]
        self.assertIn("= $ 40,000.00", self._preview(contract)[1])

    def test_periods_of_months_stay_on_their_day(self):
        contract = self._make_worth(
            date_start="2026-01-31", term_count=1, term_unit="month"
        )
        self.assertEqual(
            contract._get_next_periods(5),
            [
                (date(2026, 2, 28), date(2026, 3, 30)),
                (date(2026, 3, 31), date(2026, 4, 29)),
                (date(2026, 4, 30), date(2026, 5, 30)),
                (date(2026, 5, 31), date(2026, 6, 29)),
                (date(2026, 6, 30), date(2026, 7, 30)),
            ],
        )
        self.assertEqual(contract.renewal_fee, 30000)

    def test_a_leap_day_keeps_its_day(self):
        contract = self._make_worth(date_start="2024-02-29")
        self.assertEqual(
            [start for start, _end in contract._get_next_periods(5)],
            [
                date(2025, 2, 28),
                date(2026, 2, 28),
                date(2027, 2, 28),
                date(2028, 2, 29),
                date(2029, 2, 28),
            ],
        )

    def test_a_contract_without_end_has_no_next_period(self):
        contract = self._make_worth(term_count=0)
        self.assertFalse(contract.date_end)
        self.assertEqual(contract._get_next_periods(5), [])
        self.assertIn("no next period", contract.renewal_preview)

    def test_a_later_period_pays_by_its_own_number(self):
        contract = self._make_worth(activate=False)
        contract.with_user(self.manager).cycle = 2
        self.assertEqual(contract.renewal_fee, 20000)
        self.assertTrue(self._preview(contract)[1].startswith("3 "))

    def test_the_preview_shows_what_people_typed_escaped(self):
        contract = self._make_worth(activate=False)
        contract.item_ids[0].name = "<script>alert(1)</script>"
        self.assertNotIn("<script", contract.renewal_preview)
        self.assertIn("&lt;script", contract.renewal_preview)

    # === ROWS === #

    @mute_logger("odoo.sql_db")
    def test_a_period_has_one_fee(self):
        """The database says so; the server shows its words to the user."""
        self.template.renewal_term_ids = [Command.create({"cycle": 2, "percent": 30})]
        for owner in (self._make_worth(activate=False), self.template):
            with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
                owner.renewal_term_ids = [Command.create({"cycle": 2, "percent": 5})]
            with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
                owner.renewal_term_ids = [Command.create({"cycle": 3, "percent": 5})]
                owner.renewal_term_ids[-1].cycle = 2
                self.env.flush_all()
            self.env.invalidate_all()

    @mute_logger("odoo.sql_db")
    def test_rows_make_sense(self):
        contract = self._make_worth(activate=False)
        terms = self.env["service.renewal.term"]
        for values in (
            {"cycle": 0},
            {"cycle": 7, "percent": -1},
            {"cycle": 7, "method": "fixed", "amount": -1},
            {"cycle": 7, "template_id": self.template.id},
        ):
            with self.subTest(**values), self.assertRaises(Exception) as caught:
                with self.env.cr.savepoint():
                    terms.create({"contract_id": contract.id, **values})
                    terms.flush_model()
            self.assertNotIsInstance(caught.exception, AssertionError)
        self.assertEqual(len(contract.renewal_term_ids), 2)

    # === TEMPLATE === #

    def test_fees_come_with_the_template(self):
        self.template.write(
            {
                "renewal_base": "before_discount",
                "bill_first_period": True,
                "renewal_product_id": self.service_phone.id,
                "renewal_term_ids": [
                    Command.create({"cycle": 1, "percent": 40}),
                    Command.create({"cycle": 2, "method": "fixed", "amount": 5000}),
                ],
            }
        )
        form = Form(self.env["service.contract"].with_user(self.dispatcher))
        form.partner_id = self.customer
        form.template_id = self.template
        contract = form.save()
        self.assertEqual(contract.renewal_base, "before_discount")
        self.assertTrue(contract.bill_first_period)
        self.assertEqual(contract.renewal_product_id, self.service_phone)
        self.assertEqual(
            contract.renewal_term_ids.mapped(lambda t: (t.cycle, t.percent, t.amount)),
            [(1, 40, 0), (2, 0, 5000)],
        )
        self.assertEqual(contract.renewal_fee, 5000)

    def test_fixed_fees_are_converted_to_the_currency_of_the_contract(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": yen.id,
                "name": "2026-01-01",
                "rate": 150.25,
                "company_id": self.company.id,
            }
        )
        self.template.renewal_term_ids = [
            Command.create({"cycle": 2, "method": "fixed", "amount": 33.33}),
            Command.create({"cycle": 3, "percent": 20}),
        ]
        values = self.template._prepare_contract_values(self.customer, yen)
        contract = self._make_contract(currency_id=yen.id, **values)
        # 33.33 × 150.25 = 5,007.83, and yen have no cents
        self.assertEqual(contract.renewal_term_ids[0].amount, 5008)
        self.assertEqual(contract.renewal_fee, 5008)
        self.assertEqual(contract.renewal_term_ids[1].percent, 20)

    def test_what_the_template_says_later_changes_no_contract(self):
        self.template.renewal_term_ids = [Command.create({"cycle": 2, "percent": 30})]
        values = self.template._prepare_contract_values(self.customer)
        contract = self._make_worth(**values)
        self.template.renewal_term_ids.percent = 99
        self.assertEqual(contract.renewal_fee, 30000)

    def test_a_copied_contract_has_the_fees_too(self):
        contract = self._make_worth()
        twin = contract.copy({"date_start": "2026-01-01"})
        self.assertEqual(twin.renewal_term_ids.mapped("percent"), [30, 20])
        self.assertEqual(contract.renewal_term_ids.mapped("percent"), [30, 20])

    # === WHO MAY === #

    def test_service_users_enter_fees_in_a_draft(self):
        contract = self._make_worth(activate=False).with_user(self.dispatcher)
        contract.renewal_term_ids[0].percent = 35
        contract.write({"renewal_base": "manual", "renewal_base_amount": 1000})
        contract.renewal_term_ids = [Command.create({"cycle": 9, "percent": 10})]
        self.assertEqual(contract.renewal_fee, 350)

    def test_only_managers_change_the_fees_of_a_running_contract(self):
        contract = self._make_worth().with_user(self.dispatcher)
        term = contract.renewal_term_ids[0]
        attempts = [
            lambda: term.write({"percent": 1}),
            lambda: term.write({"cycle": 7}),
            lambda: term.unlink(),
            lambda: contract.write(
                {"renewal_term_ids": [Command.create({"cycle": 9, "percent": 1})]}
            ),
            lambda: contract.write({"renewal_base": "manual"}),
            lambda: contract.write({"renewal_base_amount": 1}),
            lambda: contract.write({"bill_first_period": True}),
            lambda: contract.write({"renewal_product_id": self.service_phone.id}),
        ]
        for attempt in attempts:
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                attempt()
        self.assertEqual(contract.renewal_fee, 30000)
        term.with_user(self.manager).percent = 25
        self.assertEqual(contract.renewal_fee, 25000)

    def test_a_fee_cannot_be_smuggled_in_from_a_draft(self):
        running = self._make_worth()
        draft = self._make_worth(
            activate=False,
            renewal_term_ids=[Command.create({"cycle": 9, "percent": 1})],
        )
        term = draft.renewal_term_ids.with_user(self.dispatcher)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            term.contract_id = running
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            term.write({"contract_id": False, "template_id": self.template.id})

    def test_fees_of_templates_are_a_managers(self):
        self.template.renewal_term_ids = [Command.create({"cycle": 2, "percent": 30})]
        term = self.template.renewal_term_ids
        for attempt in (
            lambda: term.with_user(self.dispatcher).write({"percent": 1}),
            lambda: term.with_user(self.dispatcher).unlink(),
            lambda: term.with_user(self.dispatcher).create(
                {"template_id": self.template.id, "cycle": 3}
            ),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                attempt()
        term.with_user(self.manager).percent = 35
        self.assertEqual(term.percent, 35)

    def test_a_technician_sees_no_fee(self):
        contract = self._make_worth().with_user(self.technician)
        for name in (
            "renewal_base_amount",
            "renewal_fee",
            "renewal_preview",
            "renewal_term_ids",
        ):
            with self.assertRaises(AccessError):
                contract.read([name])
        with self.assertRaises(AccessError):
            self.env["service.renewal.term"].with_user(self.technician).search([])

    def test_changed_fees_are_told_in_the_chatter(self):
        contract = self._make_worth()
        self.env.flush_all()
        before = contract.message_ids
        term = contract.renewal_term_ids[0].with_user(self.manager)
        term.percent = 25
        tracked = (contract.message_ids - before).sudo().tracking_value_ids
        self.assertEqual(
            (tracked.old_value_float, tracked.new_value_float), (30.0, 25.0)
        )
        self.assertEqual(
            (contract.message_ids - before).author_id, self.manager.partner_id
        )
        before = contract.message_ids
        term.cycle = 4
        self.assertIn("Period", (contract.message_ids - before).body)
        before = contract.message_ids
        contract.with_user(self.manager).renewal_term_ids = [
            Command.create({"cycle": 9, "percent": 10})
        ]
        self.assertIn("added", (contract.message_ids - before).body)
        before = contract.message_ids
        term.unlink()
        self.assertIn("removed", (contract.message_ids - before).body)

    def test_no_amount_stands_open_in_the_chatter(self):
        contract = self._make_worth()
        before = contract.message_ids
        contract.renewal_term_ids[0].with_user(self.manager).write(
            {"method": "fixed", "amount": 48271}
        )
        for message in contract.message_ids - before:
            self.assertNotIn("48271", message.body or "")
            self.assertNotIn("48,271", message.body or "")

    def test_a_changed_base_is_tracked(self):
        contract = self._make_worth().with_context(
            tracking_disable=False, mail_notrack=False
        )
        self.cr.flush()
        contract.with_user(self.manager).write(
            {"renewal_base": "manual", "renewal_base_amount": 90000}
        )
        self.cr.flush()
        tracked = contract.message_ids.sudo().tracking_value_ids
        base = tracked.filtered(lambda t: t.field_id.name == "renewal_base_amount")
        self.assertEqual((base.old_value_float, base.new_value_float), (100000, 90000))
