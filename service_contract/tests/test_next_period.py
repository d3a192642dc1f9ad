from datetime import date

from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..tools import periods
from .common import ServiceContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 05:00:00")
class TestNextPeriod(ServiceContractCommon):
    """What the addons beside this one build on: the next period and the hooks."""

    def _next(self, contract, start, end):
        return contract._create_successors({contract: (start, end)})

    def test_the_next_period_has_the_same_service_id_and_the_renewable_lines(self):
        invoice = self._make_invoice([{"product_id": self.machine.id, "quantity": 2}])
        first = invoice._create_service_contracts(per_unit=True)
        first.item_ids[0].serial = "A-1"
        own = first.line_ids.filtered("is_installation")[0]
        own.on_renewal = "renew"
        first.action_activate()
        second = self._next(first, date(2027, 3, 15), date(2028, 3, 14))
        self.assertEqual(second.state, "draft")
        self.assertEqual(second.service_code, first.service_code)
        self.assertEqual(second.cycle, 2)
        self.assertEqual(first.successor_id, second)
        self.assertEqual(second.predecessor_id, first)
        self.assertEqual(second.item_ids.mapped("serial"), ["A-1", False])
        self.assertEqual(second.item_ids.predecessor_id, first.item_ids)
        self.assertEqual(second.amount_after_discount, first.amount_after_discount)
        self.assertEqual(
            second.line_ids.mapped("product_id.name"),
            ["Preventive visit", "Installation"],
        )
        self.assertEqual(second.line_ids[1].item_id, second.item_ids[0])
        self.assertEqual(second.line_ids[0].price_extra, 1500)
        self.assertEqual(second.line_ids[0].date_end, date(2028, 3, 14))
        second.action_activate()
        self.assertEqual(second.service_code, first.service_code)

    def test_at_most_one_next_period(self):
        first = self._make_contract(activate=True)
        second = self._next(first, date(2027, 1, 1), date(2027, 12, 31))
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            with self.env.cr.savepoint():
                self._next(first, date(2027, 1, 1), date(2027, 12, 31))
        second.action_cancel()
        self.assertFalse(first.successor_id)
        self.assertTrue(self._next(first, date(2027, 1, 1), date(2027, 12, 31)))

    def test_a_replaced_item_does_not_go_on(self):
        first = self._make_invoice(
            [{"product_id": self.machine.id, "quantity": 2}]
        )._create_service_contracts(per_unit=True)
        first.item_ids[0].replaced_by_id = first.item_ids[1]
        first.action_activate()
        second = self._next(first, date(2027, 3, 15), date(2028, 3, 14))
        self.assertEqual(len(second.item_ids), 1)

    def test_ten_periods_stay_on_their_anchor(self):
        for start in (date(2024, 2, 29), date(2026, 1, 31), date(2025, 11, 30)):
            for count, unit in ((1, "month"), (1, "year")):
                contract = self._make_contract(
                    date_start=start, term_count=count, term_unit=unit
                )
                for n in range(1, 10):
                    begin = periods.period_start(start, n, count, unit)
                    end = periods.period_end(start, n, count, unit)
                    contract = self._next(contract, begin, end)
                    self.assertEqual(contract.date_anchor, start)
                    self.assertEqual(contract.cycle, n + 1)

    def test_a_cost_that_does_not_grow_with_each_contract(self):
        def cost(count):
            contracts = self.env["service.contract"].union(
                *[self._make_contract(activate=True) for _n in range(count)]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            contracts._create_successors(
                {c: (date(2027, 1, 1), date(2027, 12, 31)) for c in contracts}
            )
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost(1)
        few, many = cost(4), cost(20)
        self.assertLessEqual(many, few + 16, f"{few} queries for 4, {many} for 20")

    def test_the_hooks_are_called_where_it_matters(self):
        calls = []
        lines = type(self.env["service.contract.line"])
        for name in (
            "_on_activated",
            "_on_interrupted",
            "_on_resumed",
            "_on_terminated",
        ):
            self.patch(
                lines,
                name,
                lambda records, day, name=name: calls.append((name, len(records), day)),
            )
        contract = self._make_contract(activate=True)
        contract.action_suspend()
        contract.action_resume()
        contract.action_cancel()
        today = date(2026, 6, 15)
        self.assertEqual(
            calls,
            [
                ("_on_activated", 1, today),
                ("_on_interrupted", 1, today),
                ("_on_resumed", 1, today),
                ("_on_terminated", 1, today),
            ],
        )

    def test_grace_keeps_an_expired_contract_in_force(self):
        contract = self._make_contract(activate=True)
        self.patch(type(contract), "_get_grace_end", lambda contract: date(2027, 1, 15))
        with freeze_time("2027-01-10"):
            contract.sudo().write({"state": "expired"})
            self.assertTrue(contract.is_in_force)
            self.assertFalse(contract._get_refusal())
            contract.line_ids._consume(date=date(2027, 1, 10))
        with freeze_time("2027-01-16 00:00:00"):
            contract.invalidate_recordset(["is_in_force"])
            self.assertFalse(contract.is_in_force)
            self.assertIn("ended on", contract._get_refusal())

    def test_what_a_draft_or_a_cancelled_contract_answers(self):
        contract = self._make_contract()
        self.assertIn("draft", contract._get_refusal())
        contract.action_cancel()
        self.assertIn("cancelled", contract._get_refusal())

    def test_levels_come_from_customer_template_and_company_in_this_order(self):
        levels = self.env["service.level"]
        gold = levels.create({"name": "Gold"})
        silver = levels.create({"name": "Silver"})
        basic = levels.create({"name": "Basic"})
        self.company.service_default_level_id = basic
        self.assertEqual(self._make_contract().level_id, basic)
        self.template.level_id = silver
        self.assertEqual(
            self._make_invoice()._create_service_contracts().level_id, silver
        )
        self.customer.service_level_id = gold
        self.assertEqual(
            self._make_invoice()._create_service_contracts().level_id, gold
        )
        self.assertEqual(basic.contract_count, 1)
        self.assertEqual(
            gold.action_view_contracts()["domain"], [("level_id", "in", gold.ids)]
        )

    def test_every_company_has_its_own_numbers(self):
        other = self.env["res.company"].create({"name": "Second company"})
        self.assertTrue(other.service_contract_sequence_id)
        self.assertNotEqual(
            other.service_code_sequence_id, self.company.service_code_sequence_id
        )
        self.assertEqual(other.service_contract_sequence_id.company_id, other)

    def test_settings_reach_the_company(self):
        settings = self.env["res.config.settings"].create({})
        settings.service_grace_days = 20
        settings.service_default_template_id = self.template
        settings.execute()
        self.assertEqual(self.company.service_grace_days, 20)
        self.assertEqual(
            self.env["service.contract"].default_get(["template_id"])["template_id"],
            self.template.id,
        )

    def test_a_replacement_inherits_rights_and_money(self):
        first = self._make_invoice(
            [{"product_id": self.machine.id, "quantity": 1}]
        )._create_service_contracts()
        old = first.item_ids
        old.line_ids.filtered("is_installation").on_renewal = "renew"
        new = old.copy({"contract_id": first.id, "serial": "NEW-1"})
        old.replaced_by_id = new
        first.action_activate()
        covering = first._get_covering_lines(item=new, date=date(2026, 6, 15))
        self.assertIn(old, covering.item_id)
        second = self._next(first, date(2027, 3, 15), date(2028, 3, 14))
        self.assertEqual(second.item_ids.serial, "NEW-1")
        self.assertEqual(second.amount_after_discount, 40000)
        self.assertEqual(
            second.line_ids.filtered("is_installation").item_id, second.item_ids
        )

    def test_grace_revives_only_what_ended_with_the_contract(self):
        contract = self._make_contract(activate=True)
        short = contract.line_ids.copy({"contract_id": contract.id})
        short.date_end = "2026-03-31"
        self.patch(type(contract), "_get_grace_end", lambda contract: date(2027, 1, 15))
        with freeze_time("2027-01-10"):
            contract.sudo().write({"state": "expired"})
            contract.line_ids[0]._consume()
            with self.assertRaisesRegex(UserError, "isn't covered"):
                short._consume()

    def test_a_level_of_another_company_is_passed_over(self):
        other = self.setup_other_company()["company"]
        level = self.env["service.level"].create(
            {"name": "Theirs", "company_id": other.id}
        )
        self.customer.service_level_id = level
        self.assertFalse(self._make_contract().level_id)

    def test_a_renewed_contract_says_where_it_goes_on(self):
        first = self._make_contract(activate=True)
        second = self._next(first, date(2027, 1, 1), date(2027, 12, 31))
        day = date(2027, 2, 1)
        self.assertIn("must be renewed", first._get_refusal(day))
        second.action_activate()
        self.assertIn(second.name, first._get_refusal(day))
