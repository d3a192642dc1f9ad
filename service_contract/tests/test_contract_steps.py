from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .common import ServiceContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 05:00:00")
class TestContractSteps(ServiceContractCommon):
    """Only the steps of the design exist, by whom it names, however they are asked
    for.
    """

    def test_a_contract_lives_from_draft_to_expired(self):
        contract = self._make_contract()
        contract.action_activate()
        self.assertEqual(contract.state, "active")
        contract.action_suspend()
        self.assertEqual(
            (contract.state, contract.suspension_reason), ("suspended", "manual")
        )
        self.assertIn("resume", contract._get_refusal())
        contract.action_resume()
        self.assertEqual(
            (contract.state, contract.suspension_reason), ("active", False)
        )
        with freeze_time("2027-01-02"):
            contract.action_suspend("not_renewed")
            self.assertIn("renewed", contract._get_refusal())
            contract.action_resume()
        self.assertEqual(contract.state, "expired")

    def test_every_other_step_is_refused(self):
        allowed = {
            ("draft", "active"),
            ("draft", "cancelled"),
            ("cancelled", "draft"),
            ("active", "suspended"),
            ("active", "cancelled"),
            ("active", "expired"),
            ("expired", "suspended"),
            ("expired", "active"),
            ("suspended", "active"),
            ("suspended", "expired"),
        }
        states = ["draft", "active", "suspended", "expired", "cancelled"]
        for old in states:
            for new in states:
                if old == new or (old, new) in allowed:
                    continue
                contract = self._make_contract()
                self._bring(contract, old)
                with self.assertRaises(UserError, msg=f"{old} → {new}"):
                    contract.sudo().write({"state": new})
                self.assertEqual(contract.state, old)

    def _bring(self, contract, state):
        if state == "cancelled":
            contract.action_cancel()
        elif state != "draft":
            contract.action_activate()
            if state == "suspended":
                contract.action_suspend()
            elif state == "expired":
                contract.sudo().write({"state": "expired"})

    def test_writing_the_state_does_what_the_button_does(self):
        contract = self._make_contract().with_user(self.dispatcher)
        contract.write({"state": "active"})
        self.assertTrue(contract.service_code)
        with self.assertRaisesRegex(AccessError, "service manager"):
            contract.write({"state": "suspended"})
        with self.assertRaises(AccessError):
            self._make_contract(activate=True).with_user(self.technician).write(
                {"state": "cancelled"}
            )

    def test_nobody_expires_a_contract_by_hand(self):
        contract = self._make_contract(activate=True)
        with self.assertRaises(AccessError):
            contract.with_user(self.manager).write({"state": "expired"})

    def test_a_contract_begins_as_a_draft(self):
        with self.assertRaisesRegex(UserError, "begins as a draft"):
            self._make_contract(state="active")

    def test_an_empty_contract_is_not_activated(self):
        contract = self.env["service.contract"].create({"partner_id": self.customer.id})
        with self.assertRaisesRegex(UserError, contract.name):
            contract.action_activate()
        self.assertFalse(contract.service_code)

    def test_company_and_currency_are_frozen_after_activation(self):
        contract = self._make_contract(activate=True)
        other = self.setup_other_currency("EUR")
        with self.assertRaisesRegex(UserError, "currency"):
            contract.currency_id = other

    def test_what_was_agreed_changes_by_managers_only_and_is_told(self):
        contract = self._make_contract(activate=True)
        line = contract.line_ids
        with self.assertRaises(AccessError):
            contract.with_user(self.dispatcher).date_end = "2027-01-31"
        with self.assertRaises(AccessError):
            line.with_user(self.dispatcher).quantity = 9
        with self.assertRaises(AccessError):
            line.with_user(self.dispatcher).copy({"contract_id": contract.id})
        with self.assertRaises(AccessError):
            line.with_user(self.dispatcher).unlink()
        line.with_user(self.manager).quantity = 9
        self.assertIn("4 → 9", str(contract.message_ids[0].body))
        self.assertEqual(contract.message_ids[0].author_id, self.manager.partner_id)

    def test_a_line_cannot_slip_into_a_running_contract(self):
        running = self._make_contract(activate=True)
        draft = self._make_contract()
        with self.assertRaises(AccessError):
            draft.line_ids.with_user(self.dispatcher).contract_id = running

    def test_take_over_fields_are_a_manager_s(self):
        for values in (
            {"cycle": 3},
            {"service_code": "MNT-77"},
            {"date_anchor": "2025-01-01"},
        ):
            with self.assertRaises(AccessError, msg=values):
                self.env["service.contract"].with_user(self.dispatcher).create(
                    {"partner_id": self.customer.id, **values}
                )
            with self.assertRaises(AccessError, msg=values):
                self._make_contract().with_user(self.dispatcher).write(values)
        contract = self._make_contract(
            cycle=3, service_code="MNT-77", date_anchor="2024-01-01", activate=True
        )
        self.assertEqual(contract.service_code, "MNT-77")
        self.assertTrue(contract.service_code_is_foreign)
        self.assertEqual(contract.date_anchor.year, 2024)

    def test_deleting(self):
        draft = self._make_contract()
        draft.unlink()
        active = self._make_contract(activate=True)
        with self.assertRaisesRegex(UserError, "Cancel or archive"):
            active.unlink()
        active.action_cancel()
        with self.assertRaisesRegex(UserError, "Cancel or archive"):
            active.with_user(self.dispatcher).unlink()
        active.with_user(self.manager).unlink()

    def test_archiving_a_running_contract_is_a_manager_s(self):
        contract = self._make_contract(activate=True)
        with self.assertRaises(AccessError):
            contract.with_user(self.dispatcher).action_archive()
        contract.with_user(self.manager).action_archive()
        self._make_contract().with_user(self.dispatcher).action_archive()

    def test_the_default_template_is_that_of_the_contract_s_company(self):
        other = self.setup_other_company()["company"]
        mine, theirs = self.template, self.template.copy({"company_id": other.id})
        mine.company_id = self.company
        self.company.service_default_template_id = mine
        other.service_default_template_id = theirs
        contract = self._make_contract(
            company_id=other.id,
            partner_id=self.customer.id,
            lines=[{"product_id": self.service_visit.id}],
        )
        self.assertEqual(contract.template_id, theirs)

    def test_back_to_draft_only_while_never_served(self):
        contract = self._make_contract(activate=True)
        contract.action_cancel()
        contract.action_reset_draft()
        contract.action_activate()
        contract.line_ids._consume()
        contract.action_cancel()
        with self.assertRaisesRegex(UserError, "already served"):
            contract.action_reset_draft()

    def test_duplicating_copies_no_links_and_no_service_id(self):
        contract = self._make_invoice()._create_service_contracts()
        contract.item_ids.serial = "SN-1"
        contract.write({"signed_on": "2026-04-01"})
        contract.action_activate()
        copy = contract.copy()
        self.assertEqual(copy.state, "draft")
        self.assertNotEqual(copy.name, contract.name)
        for name in ("service_code", "source_move_ids", "signed_on", "predecessor_id"):
            self.assertFalse(copy[name], name)
        self.assertFalse(copy.item_ids.serial)
        self.assertFalse(copy.item_ids.source_move_line_id)
        self.assertEqual(len(copy.item_ids), 1)
        self.assertEqual(copy.line_ids.product_id, self.service_visit)

    def test_activating_many_costs_no_query_each(self):
        def cost(count):
            contracts = self.env["service.contract"].union(
                *[self._make_contract() for _n in range(count)]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            contracts.action_activate()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost(1)
        few, many = cost(10), cost(50)
        self.assertEqual(many, few, "50 contracts take no query more than 10")

    def test_a_step_already_taken_is_refused(self):
        contract = self._make_contract(activate=True)
        with self.assertRaisesRegex(UserError, "it is active"):
            contract.action_activate()
        contract.action_suspend("unpaid")
        with self.assertRaisesRegex(UserError, "it is suspended"):
            contract.action_suspend()
        self.assertEqual(contract.suspension_reason, "unpaid")

    def test_write_guards_what_the_buttons_guard(self):
        contract = self._make_contract(activate=True)
        contract.line_ids._consume()
        contract.action_suspend("unpaid")
        with self.assertRaisesRegex(UserError, "must be resumed"):
            contract.with_user(self.manager).write({"state": "expired"})
        contract.with_user(self.manager).write({"state": "active"})
        self.assertFalse(contract.suspension_reason)
        contract.action_suspend()
        with freeze_time("2027-02-01"), self.assertRaisesRegex(UserError, "resumed"):
            contract.with_user(self.manager).write({"state": "active"})
        contract.action_resume()
        contract.action_cancel()
        with self.assertRaisesRegex(UserError, "already served"):
            contract.with_user(self.manager).write({"state": "draft"})

    def test_ending_early_tells_the_hooks_and_cuts_the_lines(self):
        calls = []
        self.patch(
            type(self.env["service.contract.line"]),
            "_on_terminated",
            lambda lines, day: calls.append((lines.ids, str(day))),
        )
        contract = self._make_contract(activate=True)
        contract.with_user(self.manager).date_end = "2026-08-31"
        self.assertEqual(calls, [(contract.line_ids.ids, "2026-09-01")])
        self.assertEqual(str(contract.line_ids.date_end), "2026-08-31")
        contract.with_user(self.manager).date_end = "2026-10-31"
        self.assertEqual(len(calls), 1)
        self.assertEqual(str(contract.line_ids.date_end), "2026-10-31")

    def test_an_end_moved_later_takes_an_expiry_back(self):
        contract = self._make_contract(activate=True)
        contract.sudo().write({"state": "expired"})
        contract.with_user(self.manager).date_end = "2027-06-30"
        self.assertEqual(contract.state, "active")

    def test_typed_periods_of_services_stay(self):
        contract = self._make_invoice(
            [{"product_id": self.machine.id, "quantity": 2}]
        )._create_service_contracts(per_unit=True)
        first, second = contract.line_ids.filtered("is_installation")
        first.write({"date_start": "2026-04-03", "date_end": "2026-04-03"})
        second.write({"date_start": "2026-04-10", "date_end": "2026-04-10"})
        contract.action_activate()
        first.item_id.with_user(self.dispatcher).date_installed = "2026-04-05"
        contract.with_user(self.manager).date_end = "2026-12-31"
        self.assertEqual(str(first.date_start), "2026-04-03")
        self.assertEqual(str(second.date_end), "2026-04-10")
        general = contract.line_ids.filtered(lambda line: not line.item_id)
        self.assertEqual(str(general.date_end), "2026-12-31")

    def test_an_opening_balance_is_booked_once(self):
        contract = self._make_contract(cycle=2, service_code="OLD 9")
        contract.line_ids.opening_used = 1
        contract.action_activate()
        contract.action_cancel()
        contract.action_reset_draft()
        with self.assertRaises(AccessError):
            contract.line_ids.with_user(self.manager).opening_used = 2
        contract.action_activate()
        self.assertEqual(contract.line_ids.quantity_remaining, 3)

    def test_a_term_beyond_the_calendar_is_refused_in_words(self):
        with self.assertRaisesRegex(UserError, "too long"):
            self._make_contract(term_count=9999)
