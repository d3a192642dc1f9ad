from odoo.fields import Command
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

from .common import ServiceContractCommon
from .common_reads import specification


class QueryCounts(ServiceContractCommon):
    """Counts SQL: five times as much work must not take one query more."""

    def _cost(self, work):
        """Return how many queries ``work()`` takes, from an empty cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        work()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _assert_same(self, cost, few=5, many=25):
        """Check that ``many`` cost no more than ``few``, once all else is warm."""
        cost(few)
        # the lower of two: now and then a cache of Odoo's own is filled in between
        counts = {size: min(cost(size), cost(size)) for size in (few, many)}
        self.assertLessEqual(counts[many], counts[few], counts)

    def _make_contracts(self, count, **values):
        return self.env["service.contract"].create(
            [
                {
                    "partner_id": self.customer.copy({"name": f"Buyer {n}"}).id,
                    "date_start": "2026-01-01",
                    "line_ids": [Command.create({"product_id": self.service_visit.id})],
                    "item_ids": [
                        Command.create(
                            {"product_id": self.machine.id, "serial": f"S-{n}"}
                        )
                    ],
                    **values,
                }
                for n in range(count)
            ]
        )

    def _make_long_invoice(self, count):
        return self._make_invoice(
            [
                {"product_id": self.machine.id, "price_unit": 10 + n}
                for n in range(count)
            ]
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 05:00:00")
class TestQueryCounts(QueryCounts):
    """Lists, dialogs and work on many records cost a constant number of queries."""

    def _read_by(self, user, kind):
        contracts = self._make_contracts(25)
        contracts.action_activate()
        for contract in contracts:
            contract.activity_schedule("mail.mail_activity_data_todo", user_id=user.id)
        domain = [("id", "in", contracts.ids)]
        model = self.env["service.contract"].with_user(user)
        asked = specification(model, kind)
        self._assert_same(
            lambda size: self._cost(
                lambda: model.web_search_read(domain, asked, limit=size)
            )
        )

    def test_list(self):
        self._read_by(self.dispatcher, "list")

    def test_list_of_a_technician(self):
        self._read_by(self.technician, "list")

    def test_kanban(self):
        self._read_by(self.dispatcher, "kanban")

    def test_calendar(self):
        self._read_by(self.dispatcher, "calendar")

    def test_kanban_in_columns(self):
        contracts = self._make_contracts(25)
        model = self.env["service.contract"].with_user(self.dispatcher)
        asked = specification(model, "kanban")
        self._assert_same(
            lambda size: self._cost(
                lambda: model.web_read_group(
                    [("id", "in", contracts.ids)],
                    ["state"],
                    ["__count"],
                    auto_unfold=True,
                    unfold_read_specification=asked,
                    unfold_read_default_limit=size,
                )
            )
        )

    def test_form_by_its_items_and_services(self):
        made = {}
        for size in (5, 25):
            invoice = self._make_long_invoice(size)
            made[size] = invoice._create_service_contracts()
            self.assertEqual(len(made[size].item_ids), size)
            for n, item in enumerate(made[size].item_ids):
                item.serial = f"F-{size}-{n}"
            made[size].action_activate()
        model = self.env["service.contract"].with_user(self.salesperson)
        asked = specification(model, "form")
        self._assert_same(
            lambda size: self._cost(lambda: model.browse(made[size].id).web_read(asked))
        )

    def test_items_and_services_in_lists(self):
        contracts = self._make_contracts(25)
        for part in ("item", "line", "usage"):
            model = self.env[f"service.contract.{part}"].with_user(self.dispatcher)
            if part == "usage":
                contracts.action_activate()
                for line in contracts.line_ids:
                    line._consume()
            asked = specification(model, "list")
            self._assert_same(
                lambda size, model=model, asked=asked: self._cost(
                    lambda: model.web_search_read([], asked, limit=size)
                )
            )

    def test_the_wizard_opens(self):
        invoices = {size: self._make_long_invoice(size) for size in (5, 25)}
        model = self.env["service.contract.create"].with_user(self.salesperson)
        asked = specification(model, "form")

        def open_wizard(size):
            moves = invoices[size].with_user(self.salesperson)
            action = moves.action_create_service_contract()
            model.browse(action["res_id"]).web_read(asked)

        self._assert_same(lambda size: self._cost(lambda: open_wizard(size)))

    def test_the_wizard_makes_what_it_shows(self):
        def create(size):
            moves = self._make_long_invoice(size).with_user(self.salesperson)
            action = moves.action_create_service_contract()
            wizard = self.env[action["res_model"]].browse(action["res_id"])
            wizard = wizard.with_user(self.salesperson)
            return self._cost(wizard._create_contracts)

        self._assert_same(create)

    def test_contracts_from_many_invoices(self):
        def create(size):
            moves = self.env["account.move"].union(
                *[self._make_invoice() for _n in range(size)]
            )
            return self._cost(moves._create_service_contracts)

        self._assert_same(create)

    def test_next_periods(self):
        def create(size):
            contracts = self._make_contracts(size)
            contracts.action_activate()
            periods = {
                contract: (contract.date_end.replace(year=2027, month=1, day=1), False)
                for contract in contracts
            }
            return self._cost(lambda: contracts._create_successors(periods))

        self._assert_same(create)

    def test_activating(self):
        def activate(size):
            return self._cost(self._make_contracts(size).action_activate)

        self._assert_same(activate)

    def test_activating_with_opening_balances(self):
        def activate(size):
            contracts = self._make_contracts(size)
            contracts.line_ids.write(
                {"quantity": 9, "opening_used": 2, "opening_carried": 1}
            )
            cost = self._cost(contracts.action_activate)
            self.assertEqual(set(contracts.line_ids.mapped("quantity_remaining")), {8})
            return cost

        self._assert_same(activate)

    def test_suspending_and_resuming(self):
        def pause(size):
            contracts = self._make_contracts(size)
            contracts.action_activate()
            return self._cost(contracts.action_suspend) + self._cost(
                contracts.action_resume
            )

        self._assert_same(pause)

    def test_counts_beside_customers_and_templates(self):
        partners = self._make_contracts(25).partner_id.with_user(self.dispatcher)
        templates = self.template.union(*[self.template.copy() for _n in range(24)])
        for records, name in (
            (partners, "service_contract_count"),
            (templates, "contract_count"),
        ):
            self._assert_same(
                lambda size, records=records, name=name: self._cost(
                    lambda: records[:size].mapped(name)
                )
            )


@tagged("post_install", "-at_install")
class TestPortalQueryCounts(QueryCounts, HttpCase):
    """A customer with many contracts waits no longer for each of them."""

    def test_the_list_in_the_portal(self):
        buyers = {}
        for size in (5, 25):
            company = self.customer.copy({"name": f"Company {size}"})
            self._make_contracts(size, partner_id=company.id).action_activate()
            buyers[size] = new_test_user(
                self.env, f"portal_{size}", "base.group_portal", parent_id=company.id
            )

        def visit(size):
            self.authenticate(f"portal_{size}", f"portal_{size}")
            answers = []
            cost = self._cost(
                lambda: answers.append(self.url_open("/my/service-contracts"))
            )
            self.assertEqual(answers[0].status_code, 200)
            self.assertEqual(answers[0].text.count("/my/service-contracts/"), size)
            return cost

        visit(25)
        self._assert_same(visit)
