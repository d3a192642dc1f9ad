import math

from odoo.fields import Command
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

from odoo.addons.service_contract.tests.common_reads import specification
from odoo.addons.service_contract.tests.test_query_counts import QueryCounts

from ..models.service_visit_event import QUIET_EVENT
from .common import SECOND_MONDAY, ScheduleMixin

A_YEAR = 12  # visits: one a month
AT_ONCE = 100  # rows that Odoo inserts by one statement


class VisitQueryCounts(ScheduleMixin, QueryCounts):
    """Contracts with a visit a month, for all that is counted."""

    def _make_promises(self, count, activate=True, visits=A_YEAR, **values):
        line = {
            "product_id": self.service_visit.id,
            "mode": "scheduled",
            "quantity": visits,
            "technician_id": self.technician.id,
            **SECOND_MONDAY,
        }
        contracts = self.env["service.contract"].create(
            [
                {
                    "partner_id": self.customer.id,
                    "date_start": "2026-01-01",
                    "line_ids": [Command.create(line)],
                    **values,
                }
                for _n in range(count)
            ]
        )
        if activate:
            contracts.action_activate()
        return contracts

    def _make_visits(self, count):
        """Make ``count`` visits of as many contracts."""
        visits = self._make_promises(count, visits=1).visit_ids
        self.assertEqual(len(visits), count)
        return visits

    def _read_fresh(self, records):
        """Return ``records`` as a request gets them, by their ids alone."""
        return records.browse(records.ids)

    def _assert_inserts_alone(self, cost, few=5, many=25):
        """Check that ``many`` contracts cost more than ``few`` by the statements alone
        with which Odoo inserts their visits, and notes that nobody rated them yet.
        """
        cost(few)
        counts = {size: cost(size) for size in (few, many)}
        rows = {size: 2 * math.ceil(size * A_YEAR / AT_ONCE) for size in counts}
        self.assertEqual(counts[many] - rows[many], counts[few] - rows[few], counts)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 03:00:00")
class TestVisitQueryCounts(VisitQueryCounts):
    """Planning, steps and views cost no query more for one visit more."""

    def _forget_visits(self, contracts):
        """Leave running contracts as if nothing had ever been planned for them."""
        self.env.flush_all()
        lines = contracts.line_ids.ids
        self.env.cr.execute(
            "DELETE FROM service_visit WHERE line_id = ANY(%s)", [lines]
        )
        self.env.cr.execute(
            "UPDATE service_contract_line SET quantity_reserved = 0,"
            " quantity_available = quantity WHERE id = ANY(%s)",
            [lines],
        )
        self.env.invalidate_all()

    def test_planning(self):
        def plan(count):
            contracts = self._make_promises(count)
            self._forget_visits(contracts)
            lines = self._read_fresh(contracts.line_ids)
            queries = self._cost(lines._generate_visits)
            self.assertEqual(len(lines.visit_ids), count * A_YEAR)
            return queries

        self._assert_inserts_alone(plan)
        self.assertLessEqual(plan(100) / (100 * A_YEAR), 0.05)

    def test_planning_again(self):
        def plan(count):
            lines = self._read_fresh(self._make_promises(count).line_ids)
            return self._cost(lines._generate_visits)

        self._assert_same(plan)

    def test_activating(self):
        def activate(count):
            contracts = self._make_promises(count, activate=False)
            return self._cost(self._read_fresh(contracts).action_activate)

        self._assert_inserts_alone(activate)

    def test_steps(self):
        """Steps of many visits at once, by people and by the nightly jobs."""
        for step, each in {
            "action_confirm": 0,
            "action_start": 0,
            "action_cancel": 0,
            "_miss": 0,
            "_ask_to_confirm": 0,
            # Odoo looks twice whether what the ledger refers to is there
            "action_done": 2,
            "action_problem": 2,
        }.items():

            def take(count, step=step):
                visits = self._make_visits(count)
                if step in ("action_done", "action_problem"):
                    visits.action_confirm()
                visits = self._read_fresh(visits).sudo()
                return self._cost(getattr(visits, step))

            with self.subTest(step=step):
                take(5)
                few, many = (min(take(size), take(size)) for size in (5, 25))
                self.assertEqual(many - few, each * 20, (few, many))

    def test_confirming_costs_what_the_calendar_costs(self):
        """The entries are what takes most; steps, log and activities are batched."""

        def confirm(count):
            visits = self._read_fresh(self._make_visits(count))
            return self._cost(visits.action_confirm)

        def create_events(count):
            visits = self._make_visits(count)
            events = self.env["calendar.event"].sudo().with_context(**QUIET_EVENT)
            values = [visit._prepare_event_values() for visit in visits]
            return self._cost(lambda: events.create(values))

        for work in (confirm, create_events):
            work(5)
        self.assertEqual(confirm(25) - confirm(5), create_events(25) - create_events(5))

    def test_nothing_due(self):
        self._make_promises(5)
        for model, job in (
            ("service.contract", "_cron_generate_visits"),
            ("service.visit", "_cron_missed_visits"),
            ("service.visit", "_cron_confirm_visits"),
        ):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.subTest(job=job), self.assertQueryCount(3):
                getattr(self.env[model].sudo(), job)()

    def test_dragging(self):
        """Moving a visit to another day costs the same among five and among many."""
        for state in ("planned", "confirmed"):

            def drag(count, state=state):
                visits = self._make_visits(count)
                if state == "confirmed":
                    visits.action_confirm()
                visit = self._read_fresh(visits[0]).with_user(self.dispatcher)
                trip = {"start": "2026-02-02 03:00:00", "stop": "2026-02-02 05:00:00"}
                alone = visit.with_context(service_visit_alone=True)
                return self._cost(lambda: alone.write(trip))

            self._assert_same(drag)

    def test_views(self):
        visits = self._make_promises(30).visit_ids
        for visit in visits[:40]:
            visit.activity_schedule(
                "mail.mail_activity_data_todo", user_id=self.technician.id
            )
        for user in (self.dispatcher, self.technician):
            model = self.env["service.visit"].with_user(user)
            for kind in ("list", "kanban", "calendar"):
                asked = specification(model, kind)

                def read(size, model=model, asked=asked):
                    return self._cost(
                        lambda: model.web_search_read([], asked, limit=size)
                    )

                with self.subTest(user=user.name, kind=kind):
                    self._assert_same(read, few=40, many=200)

    def test_kanban_in_columns(self):
        visits = self._make_promises(10).visit_ids
        visits[:40].action_confirm()
        model = self.env["service.visit"].with_user(self.dispatcher)
        asked = specification(model, "kanban")

        def read(size):
            return self._cost(
                lambda: model.web_read_group(
                    [],
                    ["state"],
                    ["__count"],
                    auto_unfold=True,
                    unfold_read_specification=asked,
                    unfold_read_default_limit=size,
                )
            )

        self._assert_same(read, few=8, many=40)

    def test_counters_beside_contracts_items_and_customers(self):
        contracts = self._make_promises(25).with_user(self.dispatcher)
        for records, names in (
            (contracts, ("visit_count", "visit_open_count", "visit_past_count")),
            (contracts.line_ids, ("visit_done_count", "visit_past_count")),
        ):

            def read(size, records=records, names=names):
                chosen = records.browse(records.ids[:size])
                return self._cost(lambda: [chosen.mapped(name) for name in names])

            self._assert_same(read)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 03:00:00")
class TestPortalVisitQueryCounts(VisitQueryCounts, HttpCase):
    """A customer with many visits waits no longer for each of them."""

    def test_the_page_of_a_contract(self):
        weekly = {"rrule_type": "weekly", "mon": True}
        new_test_user(
            self.env, "portal_buyer", "base.group_portal", parent_id=self.customer.id
        )
        contracts = {}
        for size in (5, 25):
            contract = self._make_promises(1, visits=size, activate=False)
            contract.line_ids.write(weekly)
            contract.action_activate()
            contracts[size] = contract
        self.authenticate("portal_buyer", "portal_buyer")

        def look(size):
            address = f"/my/service-contracts/{contracts[size].id}"
            answers = []
            cost = self._cost(lambda: answers.append(self.url_open(address)))
            self.assertEqual(answers[0].status_code, 200)
            self.assertEqual(answers[0].text.count("Planned, date may change"), size)
            return cost

        look(25)
        self._assert_same(look)
