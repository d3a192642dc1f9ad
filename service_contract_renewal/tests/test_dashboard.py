from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common_reminder import ReminderCommon

MONEY = "service_contract_renewal.mail_activity_type_money"


@tagged("post_install", "-at_install")
@freeze_time("2026-12-01 03:00:00")
class TestDashboard(ReminderCommon):
    """What expires when, what is at risk, who must act today."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.env["res.company"].create({"name": "Sister"})
        cls.manager.company_ids = [Command.link(cls.other_company.id)]
        cls.soon = cls._make_renewable()  # ends on 31 December: 30,000
        cls.later = cls._make_renewable(date_start="2026-02-01", base=50000)
        cls.declined = cls._make_renewable()
        cls.declined.action_renewal_decline(cls.reason)
        cls.over = cls._make_renewable(date_start="2025-10-01")
        cls.held = cls._make_renewable(date_start="2025-09-01")
        cls.free = cls._make_renewable(renewable=False)
        cls.ended = cls._make_renewable()
        cls.ended.action_cancel()
        # the same in another company must not be seen in this one's figures
        cls._make_contract(
            activate=True,
            company_id=cls.other_company.id,
            renewal_base="manual",
            renewal_base_amount=900000,
            renewal_term_ids=[Command.create({"cycle": 2, "percent": 10})],
        )

    def setUp(self):
        super().setUp()
        self._run(self.expiry_job, "2026-12-01 03:00:00")
        self.held.action_suspend(reason="not_renewed")

    def _look(self, user=None):
        contracts = self.env["service.contract"].with_user(user or self.manager)
        # both companies are ticked: the dashboard is of the first
        contracts = contracts.with_context(
            allowed_company_ids=(self.company | self.other_company).ids
        )
        return contracts, contracts.get_renewal_dashboard()

    def test_figures(self):
        _contracts, shown = self._look()
        figures = {card["key"]: card["count"] for card in shown["expiring"]}
        self.assertEqual(figures, {"month": 1, "30": 1, "60": 1, "90": 2})
        amounts = {card["key"]: card["amount"] for card in shown["expiring"]}
        self.assertIn("30,000", amounts["month"])
        self.assertIn("45,000", amounts["90"])
        states = {card["key"]: card["count"] for card in shown["states"]}
        self.assertEqual(states["lapsed"], 2)
        self.assertEqual(states["suspended"], 1)
        [december] = [bar for bar in shown["months"] if bar["month"] == "2026-12-01"]
        self.assertEqual(december["open"]["figures"], (1, 30000))
        self.assertEqual(december["lost"]["figures"], (1, 30000))
        [reason, silent] = sorted(
            shown["reasons"], key=lambda card: card["label"] != self.reason.name
        )
        self.assertEqual((reason["count"], silent["count"]), (1, 2))
        self.assertEqual(shown["rate"]["now"], {"rate": 0, "count": 2})

    def test_every_figure_is_the_length_of_the_list_it_opens(self):
        self.ended._ask_about_money("Cancelled: what about its invoice?", "…")
        contracts, shown = self._look()
        cards = [*shown["expiring"], *shown["states"], *shown["reasons"]]
        cards += shown["tasks"]
        self.assertIn("money", [card["key"] for card in shown["tasks"]])
        for card in cards:
            with self.subTest(card=card["key"]):
                found = contracts.search_count(card["domain"])
                self.assertEqual(found, card["count"])
        for month in shown["months"]:
            for outcome in ("open", "renewed", "lost"):
                with self.subTest(month=month["month"], outcome=outcome):
                    found = contracts.search_count(month[outcome]["domain"])
                    self.assertEqual(found, month[outcome]["figures"][0])

    def test_many_contracts_take_no_more_queries(self):
        def look():
            self.env.invalidate_all()
            self._look()

        look()
        before = self.cr.sql_log_count
        look()
        few = self.cr.sql_log_count - before
        for _number in range(10):
            self._make_renewable()
        self.env.flush_all()
        look()
        before = self.cr.sql_log_count
        look()
        self.assertLessEqual(self.cr.sql_log_count - before, few)

    def test_technicians_see_no_money(self):
        with self.assertRaises(AccessError):
            self._look(self.technician)
