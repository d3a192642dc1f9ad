from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from .common import ServiceContractCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 05:00:00")
class TestWizard(ServiceContractCommon):
    """The wizard shows what will be made, and makes just that."""

    def _open(self, moves, user=None):
        action = moves.with_user(
            user or self.salesperson
        ).action_create_service_contract()
        return (
            self.env[action["res_model"]]
            .with_user(user or self.salesperson)
            .browse(action["res_id"])
        )

    def test_what_is_shown_is_made(self):
        invoice = self._make_invoice(
            [
                {"product_id": self.machine.id, "quantity": 2, "discount": 5},
                self.service_visit,
                {"name": "Discount", "price_unit": -1000},
            ]
        )
        wizard = self._open(invoice)
        self.assertEqual(wizard.line_ids.mapped("is_item"), [True, False])
        self.assertEqual(wizard.amount_invoice, invoice.amount_untaxed)
        self.assertIn("Gold care: 1 covered items, 3 services", wizard.preview)
        with Form(wizard) as form, form.line_ids.edit(0) as line:
            line.serials = "A-1, A-2"
        self.assertEqual(wizard.item_count, 2)
        self.assertIn("2 covered items, 5 services", wizard.preview)
        action = wizard.action_create()
        contract = self.env["service.contract"].browse(action["res_id"])
        self.assertEqual(contract.item_ids.mapped("serial"), ["A-1", "A-2"])
        self.assertEqual(len(contract.line_ids), 5)
        self.assertEqual(contract.amount_before_discount, wizard.amount_before)
        self.assertEqual(contract.amount_after_discount, wizard.amount_after)

    def test_template_start_and_base_can_be_changed(self):
        wizard = self._open(self._make_invoice([self.machine, self.chair]))
        silver = self.template.copy(
            {"name": "Silver", "term_count": 6, "term_unit": "month"}
        )
        with Form(wizard) as form:
            form.template_id = silver
            form.date_start = "2026-07-01"
            with form.line_ids.edit(1) as line:
                line.counts_in_base = False
        contract = self.env["service.contract"].browse(wizard.action_create()["res_id"])
        self.assertEqual(contract.template_id, silver)
        self.assertEqual(str(contract.date_end), "2026-12-31")
        self.assertEqual(contract.amount_after_discount, 40000)
        self.assertEqual(len(contract.item_ids), 2)

    def test_several_invoices_in_one_contract(self):
        moves = self._make_invoice() + self._make_invoice([self.chair])
        wizard = self._open(moves)
        self.assertTrue(wizard.one_customer)
        self.assertEqual(len(wizard._create_contracts()), 2)
        wizard = self._open(self._make_invoice() + self._make_invoice([self.chair]))
        wizard.mode = "together"
        contract = wizard._create_contracts()
        self.assertEqual(len(contract), 1)
        self.assertEqual(len(contract.source_move_ids), 2)
        self.assertEqual(len(contract.item_ids), 2)

    def test_together_needs_one_customer(self):
        other = self.customer.copy({"name": "Somebody else"})
        wizard = self._open(
            self._make_invoice() + self._make_invoice(partner_id=other.id)
        )
        self.assertFalse(wizard.one_customer)
        wizard.mode = "together"
        with self.assertRaisesRegex(UserError, "one customer"):
            wizard.action_create()

    def test_lines_covered_already_need_a_confirmation(self):
        invoice = self._make_invoice()
        first = invoice._create_service_contracts()
        wizard = self._open(invoice)
        self.assertEqual(wizard.line_ids.covered_by, first.name)
        self.assertFalse(wizard.line_ids.is_item)
        with self.assertRaisesRegex(UserError, "at least one line"):
            wizard.action_create()
        wizard.line_ids.is_item = True
        self.assertTrue(wizard.needs_confirmation)
        with self.assertRaisesRegex(UserError, "Cover them once more"):
            wizard.action_create()
        wizard.is_confirmed = True
        self.assertTrue(wizard.action_create()["res_id"])

    def test_a_second_click_finds_the_line_covered(self):
        wizard = self._open(self._make_invoice())
        wizard.action_create()
        with self.assertRaisesRegex(UserError, "is covered by a contract already"):
            wizard.action_create()

    def test_adding_to_a_running_contract(self):
        contract = self._make_invoice()._create_service_contracts()
        contract.action_activate()
        wizard = self._open(
            self._make_invoice([{"product_id": self.machine.id, "quantity": 1}])
        )
        wizard.write({"mode": "add", "contract_id": contract.id})
        self.assertIn(contract.name, wizard.preview)
        self.assertEqual(wizard._create_contracts(), contract)
        self.assertEqual(len(contract.item_ids), 2)
        self.assertEqual(len(contract.source_move_ids), 2)
        added = contract.item_ids[1].line_ids
        self.assertEqual(
            sorted(added.mapped("product_id.name")), ["Installation", "Warranty"]
        )
        install = added.filtered("is_installation")
        self.assertEqual(install.date_end, contract.date_end)
        self.assertEqual(
            len(contract.line_ids.filtered(lambda line: not line.item_id)), 1
        )
        self.assertEqual(contract.amount_after_discount, 80000)
        self.assertIn("was added", str(contract.message_ids.mapped("body")))

    def test_not_into_another_customer_s_contract(self):
        other = self._make_contract(
            partner_id=self.customer.copy({"name": "Other"}).id, activate=True
        )
        wizard = self._open(self._make_invoice())
        wizard.write({"mode": "add", "contract_id": other.id})
        with self.assertRaisesRegex(UserError, "isn't of the customer"):
            wizard.action_create()

    def test_not_into_a_suspended_contract(self):
        contract = self._make_contract(activate=True)
        contract.action_suspend()
        wizard = self._open(self._make_invoice())
        wizard.write({"mode": "add", "contract_id": contract.id})
        with self.assertRaisesRegex(UserError, "neither a draft nor active"):
            wizard.action_create()

    def test_a_service_user_without_right_on_invoices_fills_a_draft(self):
        invoice = self._make_invoice()
        contract = (
            self.env["service.contract"]
            .with_user(self.dispatcher)
            .create({"partner_id": self.customer.id, "template_id": self.template.id})
        )
        with self.assertRaises(AccessError):
            invoice.with_user(self.dispatcher).action_create_service_contract()
        action = contract.action_fill_from_invoice()
        pick = (
            self.env[action["res_model"]]
            .with_user(self.dispatcher)
            .browse(action["res_id"])
        )
        self.assertEqual(pick.choice_ids[0].name, invoice.name)
        with self.assertRaisesRegex(UserError, "at least one invoice"):
            pick.action_next()
        pick.choice_ids[0].is_chosen = True
        action = pick.action_next()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.dispatcher)
            .browse(action["res_id"])
        )
        self.assertEqual(wizard._create_contracts(), contract)
        self.assertEqual(contract.item_ids.product_id, self.machine)
        self.assertEqual(len(contract.line_ids), 3)
        self.assertEqual(contract.sudo().source_move_ids, invoice)

    def test_a_customer_without_invoice_is_told(self):
        contract = self._make_contract(
            partner_id=self.customer.copy({"name": "New"}).id
        )
        with self.assertRaisesRegex(UserError, "no posted invoice"):
            contract.action_fill_from_invoice()

    def test_suspending_asks_why_and_until_when(self):
        contract = self._make_contract(activate=True)
        action = contract.action_open_suspend()
        wizard = (
            self.env[action["res_model"]]
            .with_user(self.manager)
            .with_context(**action["context"])
            .create({"note": "A pause was asked for", "review_date": "2026-07-01"})
        )
        wizard.action_suspend()
        self.assertEqual(contract.state, "suspended")
        self.assertEqual(str(contract.suspension_review_date), "2026-07-01")
        self.assertEqual(str(contract.activity_ids.date_deadline), "2026-07-01")
        self.assertIn("A pause", str(contract.message_ids.mapped("body")))

    def test_what_is_unticked_makes_nothing(self):
        wizard = self._open(self._make_invoice())
        wizard.line_ids.is_item = False
        self.assertFalse(wizard.preview)
        with self.assertRaisesRegex(UserError, "at least one line"):
            wizard.action_create()
        silver = self.template.copy({"name": "Silver"})
        other = self._make_product("Compressor", "consu", 9000)
        other.service_template_id = silver
        wizard = self._open(self._make_invoice([self.machine, other]))
        wizard.line_ids[1].is_item = False
        self.assertEqual(wizard._create_contracts().template_id, self.template)

    def test_serial_numbers_must_fit_the_units(self):
        line = {"product_id": self.machine.id, "quantity": 2}
        for serials, per_unit, fits in (
            ("A, B, C", True, False),
            ("A, B, C", False, False),
            ("A, B", False, True),
            ("A", True, True),
        ):
            wizard = self._open(self._make_invoice([line]))
            wizard.line_ids.write({"serials": serials, "per_unit": per_unit})
            if fits:
                wizard._create_contracts()
            else:
                with self.assertRaisesRegex(UserError, "Sewing machine: 3 serial"):
                    wizard._create_contracts()

    def test_items_that_join_later_begin_later(self):
        self.template.line_ids.filtered("is_installation").write(
            {"period_count": 3, "period_unit": "month"}
        )
        contract = self._make_invoice()._create_service_contracts()
        contract.action_activate()
        wizard = self._open(self._make_invoice(invoice_date="2026-06-10"))
        wizard.write({"mode": "add", "contract_id": contract.id})
        wizard._create_contracts()
        install = contract.item_ids[1].line_ids.filtered("is_installation")
        self.assertEqual(str(install.date_start), "2026-06-10")
        self.assertEqual(str(install.date_end), "2026-09-09")

    def test_a_service_is_not_recorded_before_it_is_given(self):
        contract = self._make_contract(activate=True)
        wizard = self.env["service.contract.record.use"].create(
            {"line_id": contract.line_ids.id, "date": "2026-06-16"}
        )
        with self.assertRaisesRegex(UserError, "not before"):
            wizard.action_record()
