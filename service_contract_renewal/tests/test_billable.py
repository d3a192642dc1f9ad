from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .common import RenewalCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-11-20 03:00:00")
class TestBillable(RenewalCommon):
    """Visits beyond the rights: listed under To invoice, billed once, never lost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._make_care()

    @classmethod
    def _make_care(cls, price=1500, **values):
        """Make a running contract of four visits, one more at ``price``."""
        return cls._make_contract(
            activate=True,
            lines=[
                {
                    "product_id": cls.service_visit.id,
                    "quantity": 4,
                    "mode": "scheduled",
                    "price_extra": price,
                }
            ],
            **values,
        )

    def _serve(self, contract=None, quantity=1.0, day="2026-06-15", user=None):
        """Book a visit beyond the rights, as a manager does."""
        line = (contract or self.contract).line_ids.with_user(user or self.manager)
        row = line._consume(
            quantity,
            date=date.fromisoformat(day),
            note="Broken needle",
            is_billable=True,
        )
        return row.with_user(self.env.user)

    def _list_to_bill(self, user=None):
        """Return what the menu To invoice lists."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "service_contract_renewal.service_contract_usage_action_to_bill"
        )
        rows = self.env[action["res_model"]].with_user(user or self.billing)
        return rows.search([("is_to_bill", "=", True)])

    def _bill(self, rows, user=None):
        """Make the invoices from the list, as somebody of billing."""
        action = rows.with_user(user or self.billing).action_bill()
        return self.env["account.move"].search(action["domain"])

    def test_a_service_without_a_price_asks_for_one(self):
        contract = self._make_care(price=0)
        row = self._serve(contract)
        with self.assertRaisesRegex(UserError, "has no price"):
            self._bill(row)
        contract.with_user(self.manager).line_ids.price_extra = 900
        self.assertEqual(self._bill(row).amount_untaxed, 900)

    # === WHAT IS LISTED === #

    def test_only_what_is_beyond_the_rights_is_listed(self):
        within = self.contract.line_ids._consume()
        beyond = self._serve()
        listed = self._list_to_bill()
        self.assertIn(beyond, listed)
        self.assertNotIn(within, listed)
        self.assertEqual(beyond.amount_extra, 1500)
        self.assertEqual(self.contract.line_ids.quantity_remaining, 3)

    def test_only_managers_book_beyond_the_rights(self):
        with self.assertRaises(AccessError):
            self._serve(user=self.dispatcher)

    def test_each_company_lists_its_own(self):
        other = self.setup_other_company(name="Elsewhere")["company"]
        row = self._serve()
        foreign = self._make_user("foreign", "service_contract.group_service_billing")
        foreign.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.assertNotIn(row, self._list_to_bill(foreign))
        with self.assertRaises(AccessError):
            self._bill(row, foreign)

    # === WHAT IS BILLED === #

    def test_services_of_a_customer_come_on_one_invoice(self):
        rows = self._serve(day="2026-06-15") | self._serve(day="2026-05-02", quantity=2)
        move = self._bill(rows)
        self.assertEqual(len(move), 1)
        self.assertEqual((move.state, move.move_type), ("draft", "out_invoice"))
        self.assertEqual(move.service_billing, "extra")
        self.assertEqual(move.partner_id, self.customer)
        self.assertEqual(move.invoice_origin, self.contract.name)
        self.assertEqual(move.amount_untaxed, 4500)
        self.assertEqual(
            move.invoice_line_ids.mapped("name"),
            [
                f"Preventive visit, 05/02/2026 (contract {self.contract.name})",
                f"Preventive visit, 06/15/2026 (contract {self.contract.name})",
            ],
        )
        self.assertEqual(move.invoice_line_ids.mapped("quantity"), [2, 1])
        self.assertEqual(rows.billing_move_id, move)
        self.assertFalse(rows & self._list_to_bill())
        self.assertEqual(move.create_uid, self.billing)

    def test_one_invoice_for_each_customer_and_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        stranger = self.env["res.partner"].create({"name": "Doi Weavers"})
        contracts = (
            self.contract,
            self._make_care(),
            self._make_care(partner_id=stranger.id),
            self._make_care(currency_id=euro.id, price=40),
        )
        rows = self.env["service.contract.usage"].union(*map(self._serve, contracts))
        moves = self._bill(rows)
        self.assertEqual(
            sorted(
                (move.partner_id.name, move.currency_id.name, move.amount_untaxed)
                for move in moves
            ),
            [
                ("Baan Suan Hotel", self.company.currency_id.name, 3000),
                ("Baan Suan Hotel", "EUR", 40),
                ("Doi Weavers", self.company.currency_id.name, 1500),
            ]
            if self.company.currency_id.name < "EUR"
            else [
                ("Baan Suan Hotel", "EUR", 40),
                ("Baan Suan Hotel", self.company.currency_id.name, 3000),
                ("Doi Weavers", self.company.currency_id.name, 1500),
            ],
        )
        both = moves.filtered(lambda move: move.amount_untaxed == 3000)
        self.assertEqual(
            set(both.invoice_origin.split(", ")),
            {contracts[0].name, contracts[1].name},
        )

    def test_a_service_is_billed_once(self):
        row = self._serve()
        self._bill(row)
        with self.assertRaisesRegex(UserError, "isn't to be billed"):
            self._bill(row)

    def test_the_invoice_is_the_customers(self):
        """Address, language, taxes in the price: as on any invoice of theirs."""
        self.env["res.lang"]._activate_lang("fr_FR")
        office = self.env["res.partner"].create(
            {"name": "Head office", "lang": "fr_FR", "parent_id": self.customer.id}
        )
        contract = self._make_care(partner_invoice_id=office.id, price=1.5)
        self.service_visit.with_context(lang="fr_FR").name = "Visite préventive"
        self.service_visit.taxes_id = self.env["account.tax"].create(
            {
                "name": "7 % in the price",
                "amount": 7,
                "price_include_override": "tax_included",
            }
        )
        row = self._serve(contract, quantity=3)
        move = self._bill(row)
        self.assertEqual(move.partner_id, office)
        self.assertIn("Visite préventive, 15/06/2026", move.invoice_line_ids.name)
        # just what the list showed: 3 × 1.50, and 7 % of it on top
        self.assertEqual(row.amount_extra, 4.5)
        self.assertEqual((move.amount_untaxed, move.amount_tax), (4.5, 0.32))

    def test_hours_are_billed_at_the_price_of_an_hour(self):
        self.service_visit.uom_id = self.env.ref("uom.product_uom_hour")
        contract = self._make_care(price=800)
        move = self._bill(self._serve(contract, quantity=1.25))
        self.assertEqual(move.amount_untaxed, 1000)
        self.assertEqual(
            move.invoice_line_ids.product_uom_id, self.env.ref("uom.product_uom_hour")
        )

    def test_billing_posts_its_invoice(self):
        move = self._bill(self._serve())
        move.with_user(self.billing).action_service_post()
        self.assertEqual(move.state, "posted")
        self._pay(move)
        self.assertFalse(self.contract.successor_id, "it renews nothing")

    def test_only_billing_bills(self):
        row = self._serve()
        for user in (self.technician, self.dispatcher, self.manager, self.accountant):
            with self.assertRaises(AccessError):
                self._bill(row, user)
        self.assertFalse(row.billing_move_id)

    def test_what_stands_in_the_way_is_named(self):
        row = self._serve()
        self.contract.currency_id.sudo()  # the company's own: it can't be switched off
        self.contract.partner_invoice_id = self.env["res.partner"].create(
            {"name": "Old office", "parent_id": self.customer.id}
        )
        self.contract.partner_invoice_id.active = False
        with self.assertRaisesRegex(UserError, "Old office is archived"):
            self._bill(row)
        self.contract.partner_invoice_id = self.customer
        self.service_visit.active = False  # no longer sold, but done
        self.assertEqual(self._bill(row).amount_untaxed, 1500)

    # === GIVEN BACK === #

    def test_a_deleted_draft_gives_its_services_back(self):
        row = self._serve()
        self._bill(row).with_user(self.billing).action_service_cancel()
        self.assertIn(row, self._list_to_bill())
        self.assertEqual(self._bill(row).amount_untaxed, 1500)

    def test_a_cancelled_invoice_gives_its_services_back_and_claims_them_again(self):
        row = self._serve()
        move = self._bill(row)
        move.button_cancel()
        self.assertIn(row, self._list_to_bill())
        move.button_draft()
        self.assertNotIn(row, self._list_to_bill())
        self.assertEqual(row.billing_move_id, move)

    def test_a_service_billed_meanwhile_is_not_claimed_again(self):
        row = self._serve()
        old = self._bill(row)
        old.button_cancel()
        new = self._bill(row)
        with self.assertRaisesRegex(UserError, "is billed by invoice"):
            old.button_draft()
        self.assertEqual(row.billing_move_id, new)

    def test_nobody_writes_by_hand_what_was_billed(self):
        row = self._serve()
        move = self._bill(row)
        for user in (self.billing, self.manager):
            for values in ({"billing_move_id": False}, {"is_to_bill": True}):
                with self.assertRaises(UserError):  # or its child, AccessError
                    row.with_user(user).write(values)
        self.assertEqual(row.billing_move_id, move)

    # === TAKEN BACK === #

    def test_taken_back_before_it_is_billed_it_is_billed_never(self):
        row = self._serve()
        row.with_user(self.manager).action_take_back()
        self.assertFalse((row | row.reversed_by_ids) & self._list_to_bill())
        with self.assertRaisesRegex(UserError, "isn't to be billed"):
            self._bill(row)

    def test_taken_back_after_it_was_billed_it_is_credited(self):
        row = self._serve(quantity=2)
        move = self._bill(row)
        move.with_user(self.billing).action_service_post()
        row.with_user(self.manager).action_take_back()
        back = row.reversed_by_ids
        self.assertEqual(back & self._list_to_bill(), back)
        refund = self._bill(back)
        self.assertEqual(refund.move_type, "out_refund")
        self.assertEqual(refund.amount_untaxed, 3000)
        self.assertEqual(refund.invoice_line_ids.quantity, 2)
        self.assertEqual(refund.state, "draft")
        with self.assertRaisesRegex(AccessError, "posted by an accountant"):
            refund.with_user(self.billing).action_service_post()

    def test_what_is_taken_back_lowers_the_next_invoice(self):
        row = self._serve(quantity=2)
        self._bill(row).with_user(self.billing).action_service_post()
        row.with_user(self.manager).action_take_back()
        more = self._serve(quantity=3, day="2026-07-01")
        move = self._bill(row.reversed_by_ids | more)
        self.assertEqual(move.move_type, "out_invoice")
        self.assertEqual(move.amount_untaxed, 1500)

    def test_taken_back_while_a_draft_bills_it_that_is_then_deleted(self):
        """Neither billed nor credited: nothing was ever asked for."""
        row = self._serve()
        move = self._bill(row)
        row.with_user(self.manager).action_take_back()
        self.assertIn(row.reversed_by_ids, self._list_to_bill())
        move.with_user(self.billing).action_service_cancel()
        self.assertFalse((row | row.reversed_by_ids) & self._list_to_bill())

    def test_taken_back_while_its_invoice_was_cancelled(self):
        row = self._serve()
        move = self._bill(row)
        move.button_cancel()
        row.with_user(self.manager).action_take_back()
        self.assertFalse((row | row.reversed_by_ids) & self._list_to_bill())
        move.button_draft()  # it charges the service again: so that is to be credited
        self.assertEqual(
            (row | row.reversed_by_ids) & self._list_to_bill(), row.reversed_by_ids
        )
