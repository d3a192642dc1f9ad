from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import ServiceContractCommon


@tagged("post_install", "-at_install")
class TestFromInvoice(ServiceContractCommon):
    """A contract takes customer, products and money from the invoice; nothing is typed
    again.
    """

    def _create(self, lines=None, **values):
        return self._make_invoice(lines, **values)._create_service_contracts()

    def test_customer_products_dates_and_money_come_from_the_invoice(self):
        contact = self.env["res.partner"].create(
            {"name": "Kitchen", "parent_id": self.customer.id, "type": "delivery"}
        )
        invoice = self._make_invoice(
            [
                {
                    "product_id": self.machine.id,
                    "quantity": 2,
                    "price_unit": 40000,
                    "discount": 10,
                }
            ],
            partner_shipping_id=contact.id,
        )
        contract = invoice._create_service_contracts()
        self.assertEqual(contract.partner_id, self.customer)
        self.assertEqual(contract.partner_service_id, contact)
        self.assertEqual(contract.template_id, self.template)
        self.assertEqual(contract.date_start, date(2026, 3, 15))
        self.assertEqual(contract.source_move_ids, invoice)
        self.assertEqual(invoice.service_contract_ids, contract)
        item = contract.item_ids
        self.assertEqual((item.product_id, item.quantity), (self.machine, 2))
        self.assertEqual(contract.amount_before_discount, 80000)
        self.assertEqual(contract.amount_after_discount, 72000)
        self.assertEqual(
            sorted(contract.line_ids.mapped("product_id.name")),
            ["Installation", "Preventive visit", "Warranty"],
        )
        self.assertEqual(contract.state, "draft")

    def test_one_item_per_unit_where_asked_for(self):
        invoice = self._make_invoice(
            [
                {
                    "product_id": self.machine.id,
                    "quantity": 3,
                    "price_unit": 33.33,
                    "discount": 50,
                }
            ]
        )
        contract = invoice._create_service_contracts(per_unit=True)
        self.assertEqual(contract.item_ids.mapped("quantity"), [1, 1, 1])
        self.assertAlmostEqual(contract.amount_before_discount, 99.99)
        self.assertAlmostEqual(contract.amount_after_discount, 50.0)
        self.assertEqual(len(contract.line_ids.filtered("is_warranty").item_id), 3)

    def test_what_is_no_item(self):
        invoice = self._make_invoice(
            [
                {"display_type": "line_section", "name": "Machines"},
                {"product_id": self.machine.id, "price_unit": 100},
                {"display_type": "line_note", "name": "Thank you"},
                {"product_id": self.service_visit.id, "price_unit": 50},
                {"product_id": self.chair.id, "quantity": 0, "price_unit": 10},
                {"name": "Delivery", "price_unit": 20},
            ]
        )
        contract = invoice._create_service_contracts()
        self.assertEqual(contract.item_ids.product_id, self.machine)
        self.assertEqual(contract.amount_after_discount, 100)

    def test_several_lines_of_one_product_stay_several_items(self):
        contract = self._create(
            [
                {"product_id": self.machine.id, "price_unit": 100},
                {"product_id": self.machine.id, "price_unit": 120},
            ]
        )
        self.assertEqual(contract.item_ids.mapped("amount_after_discount"), [100, 120])

    def test_invoice_wide_discounts_are_shared_to_the_last_cent(self):
        contract = self._create(
            [
                {"product_id": self.machine.id, "price_unit": 100},
                {"product_id": self.chair.id, "price_unit": 50},
                {"product_id": self.chair.id, "price_unit": 50},
                {"name": "Discount", "price_unit": -10.01},
            ]
        )
        after = contract.item_ids.mapped("amount_after_discount")
        self.assertEqual([round(amount, 2) for amount in after], [94.99, 47.5, 47.5])
        self.assertAlmostEqual(sum(after), 189.99)
        self.assertEqual(contract.amount_before_discount, 200)

    def test_tax_included_prices_give_untaxed_amounts(self):
        tax = self.env["account.tax"].create(
            {
                "name": "VAT 7% included",
                "amount": 7,
                "price_include_override": "tax_included",
                "type_tax_use": "sale",
            }
        )
        contract = self._create(
            [
                {
                    "product_id": self.machine.id,
                    "price_unit": 1070,
                    "discount": 10,
                    "tax_ids": [Command.set(tax.ids)],
                }
            ]
        )
        self.assertAlmostEqual(contract.amount_before_discount, 1000)
        self.assertAlmostEqual(contract.amount_after_discount, 900)

    def test_the_contract_is_in_the_invoice_s_currency(self):
        yen = self.setup_other_currency("JPY", rounding=1.0)
        contract = self._create(
            [
                {"product_id": self.machine.id, "quantity": 3, "price_unit": 1000},
                {"name": "Discount", "price_unit": -100},
            ],
            currency_id=yen.id,
        )
        self.assertEqual(contract.currency_id, yen)
        self.assertEqual(contract.amount_after_discount, 2900)
        self.assertTrue(
            all(
                amount == int(amount)
                for amount in contract.item_ids.mapped("amount_after_discount")
            )
        )
        self.assertTrue(contract.line_ids.filtered("price_extra"))

    def test_dozens_are_counted_in_the_product_s_unit(self):
        contract = self._create(
            [
                {
                    "product_id": self.machine.id,
                    "quantity": 2,
                    "product_uom_id": self.uom_dozen.id,
                    "price_unit": 120,
                }
            ]
        )
        self.assertEqual(contract.item_ids.quantity, 24)
        self.assertEqual(contract.amount_after_discount, 240)

    def test_money_is_frozen(self):
        invoice = self._make_invoice()
        contract = invoice._create_service_contracts()
        invoice.button_draft()
        invoice.invoice_line_ids.price_unit = 1
        invoice.action_post()
        self.assertEqual(contract.amount_after_discount, 40000)
        self.assertEqual(
            contract.item_ids.source_move_line_id, invoice.invoice_line_ids
        )
        invoice.button_draft()
        invoice.invoice_line_ids.unlink()
        self.assertEqual(contract.item_ids.product_id, self.machine)

    def test_one_contract_per_invoice_and_template(self):
        silver = self.template.copy({"name": "Silver care"})
        other = self._make_product("Compressor", "consu", 9000)
        other.service_template_id = silver
        contracts = self._create([self.machine, other, self.chair])
        self.assertEqual(len(contracts), 3)
        self.assertEqual(contracts.template_id, self.template + silver)
        # with one template only, what names none joins it
        contract = self._create([self.machine, self.chair])
        self.assertEqual(len(contract), 1)
        self.assertEqual(len(contract.item_ids), 2)

    def test_without_any_template_the_company_s_or_a_blank_draft(self):
        contract = self._create([self.chair])
        self.assertFalse(contract.template_id)
        self.assertFalse(contract.line_ids)
        self.company.service_default_template_id = self.template
        self.assertEqual(self._create([self.chair]).template_id, self.template)

    def test_the_service_fee_itself_is_no_item(self):
        fee = self._make_product("Gold care, one year", "service", 5000)
        fee.service_template_id = self.template
        contract = self._create([fee, self.chair])
        self.assertEqual(contract.template_id, self.template)
        self.assertEqual(contract.item_ids.product_id, self.chair)
        self.assertTrue(self._create([fee]).line_ids)

    def test_only_posted_customer_invoices(self):
        draft = self._make_invoice(post=False)
        bill = self._make_invoice(post=False, move_type="in_invoice")
        refund = self._make_invoice(post=False, move_type="out_refund")
        refund.action_post()
        for move in (draft, bill, refund):
            with self.assertRaisesRegex(UserError, "isn't a posted customer invoice"):
                move._create_service_contracts()
            with self.assertRaisesRegex(UserError, "isn't a posted customer invoice"):
                move.action_create_service_contract()

    def test_an_invoice_with_nothing_to_cover_says_so(self):
        invoice = self._make_invoice([{"name": "Consulting", "price_unit": 100}])
        with self.assertRaisesRegex(
            UserError, f"{invoice.name}.*nothing left to cover"
        ):
            invoice._create_service_contracts()

    def test_never_two_contracts_for_one_line_by_accident(self):
        invoice = self._make_invoice([self.machine, self.chair])
        first = invoice._create_service_contracts()
        with self.assertRaisesRegex(UserError, "nothing left"):
            invoice._create_service_contracts()
        first.action_cancel()
        self.assertTrue(invoice._create_service_contracts())

    def test_a_credit_note_tells_and_changes_nothing(self):
        invoice = self._make_invoice([{"product_id": self.machine.id, "quantity": 2}])
        contract = invoice._create_service_contracts()
        contract.action_activate()
        refund = invoice._reverse_moves([{"invoice_date": "2026-04-01"}])
        self.assertFalse(refund.service_contract_ids)
        refund.invoice_line_ids.quantity = 1
        refund.action_post()
        activity = contract.activity_ids
        self.assertIn("in part", activity.summary)
        self.assertIn(refund.name, activity.note)
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.item_ids.quantity, 2)
        rest = invoice._reverse_moves([{"invoice_date": "2026-04-02"}])
        rest.invoice_line_ids.quantity = 1
        rest.action_post()
        self.assertIn("in full", "".join(contract.activity_ids.mapped("summary")))

    def test_duplicating_an_invoice_copies_no_contract(self):
        invoice = self._make_invoice()
        invoice._create_service_contracts()
        self.assertFalse(invoice.copy().service_contract_ids)

    def test_a_serial_covered_already_warns_and_names_the_other(self):
        first = self._create()
        first.item_ids.serial = "sn 001"
        second = self._create()
        second.item_ids.serial = "SN001"
        self.assertIn(first.name, second.item_ids.serial_warning)
        self.assertIn(first.name, second.serial_warning)
        first.action_cancel()
        second.invalidate_recordset()
        second.item_ids.invalidate_recordset()
        self.assertFalse(second.serial_warning)

    def test_two_machines_cannot_be_confused(self):
        contract = self._make_invoice(
            [{"product_id": self.machine.id, "quantity": 2}]
        )._create_service_contracts(per_unit=True)
        one, two = contract.item_ids
        one.write({"serial": "A-1", "date_installed": "2026-03-03"})
        two.write({"serial": "B-2", "date_installed": "2026-03-10"})
        names = contract.line_ids.filtered("is_installation").mapped("display_name")
        self.assertEqual(len(set(names)), 2)
        self.assertIn("A-1", names[0])
        self.assertIn("03/10/2026", names[1])

    def test_a_salesperson_does_it_with_odoo_s_own_right_on_invoices(self):
        invoice = self._make_invoice()
        contract = invoice.with_user(self.salesperson)._create_service_contracts()
        contract.action_activate()
        self.assertEqual(contract.create_uid, self.salesperson)

    def test_many_invoices_cost_no_query_each(self):
        def cost(count):
            moves = self.env["account.move"].union(
                *[self._make_invoice() for _n in range(count)]
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            moves._create_service_contracts()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost(1)
        few, many = cost(4), cost(20)
        self.assertEqual(many, few, "20 invoices take no query more than 4")

    def test_a_template_of_another_company_or_an_archived_one_is_ignored(self):
        other = self.setup_other_company()["company"]
        self.template.company_id = other
        contract = self._make_invoice()._create_service_contracts()
        self.assertFalse(contract.template_id)
        self.template.company_id = False
        self.template.active = False
        contract = self._make_invoice()._create_service_contracts()
        self.assertFalse(contract.template_id)

    def test_machines_without_serial_number_are_numbered(self):
        contract = self._make_invoice(
            [{"product_id": self.machine.id, "quantity": 2}]
        )._create_service_contracts(per_unit=True)
        one, two = contract.item_ids
        self.assertEqual(one.display_name, "Sewing machine (1 of 2)")
        self.assertEqual(two.label, "Sewing machine (2 of 2)")
        one.serial = "A-1"
        self.assertEqual(one.label, "Sewing machine")
        self.assertEqual(two.label, "Sewing machine")

    def test_an_item_of_a_draft_takes_its_own_services_along(self):
        contract = self._create()
        contract.item_ids.with_user(self.dispatcher).unlink()
        self.assertEqual(contract.line_ids.product_id, self.service_visit)
