from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common_access import AccessCommon

SERVICE_MODELS = {
    "service.contract": lambda contract: contract,
    "service.contract.item": lambda contract: contract.item_ids,
    "service.contract.line": lambda contract: contract.line_ids,
    "service.contract.usage": lambda contract: contract.line_ids.usage_ids,
}


@tagged("post_install", "-at_install")
class TestMultiCompany(AccessCommon):
    """Every company sees and makes only its own contracts, in its own currency."""

    bills_in_b = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template_b, cls.template_b_line = cls._make_template_b()
        cls.level_b = cls.env["service.level"].create(
            {"name": "Level of B", "company_id": cls.company_b.id}
        )

    @classmethod
    def _make_template_b(cls):
        template = cls.template.copy({"name": "B", "company_id": cls.company_b.id})
        return template, template.line_ids

    def _records(self):
        """Return what belongs to company B, model by model."""
        records = [get(self.foreign) for get in SERVICE_MODELS.values()]
        return [*records, self.template_b, self.template_b_line, self.level_b]

    # === SEEING === #

    def test_nothing_of_the_other_company_is_seen(self):
        for record in self._records():
            mine = self._as("manager", record)
            with self.subTest(model=record._name):
                self.assertTrue(record)
                self.assertFalse(mine.search([("id", "in", record.ids)]))
                self.assertFalse(mine.search_count([("id", "in", record.ids)]))
                self.assertFalse(
                    mine.with_context(active_test=False)
                    .name_search(record[0].display_name or "x")
                    .__contains__(record.id)
                )
                groups = mine.formatted_read_group(
                    [("id", "in", record.ids)], [], ["__count"]
                )
                self.assertEqual(groups[0]["__count"], 0)
                for attempt in (
                    lambda m=mine: m.read(["write_date"]),
                    lambda m=mine: m.write({"sequence": 1}),
                    mine.unlink,
                    mine.copy,
                    lambda m=mine: m.export_data(["id", "display_name"]),
                ):
                    self.assertTrue(self._refused(attempt))

    def test_names_find_nothing_of_the_other_company(self):
        contracts = self._as("manager", self.foreign).browse()
        for text in (self.foreign.name, self.foreign.service_code, "SN-Acme"):
            found = [found_id for found_id, _name in contracts.name_search(text)]
            self.assertNotIn(self.foreign.id, found)
            self.assertNotIn(
                self.foreign, contracts.search([("search_text", "ilike", text)])
            )

    def test_service_id_is_looked_up_at_home(self):
        code = self.foreign.service_code
        mine = self._as("manager", self.foreign).browse()
        self.assertNotIn(self.foreign, mine._find_by_service_code(code))
        theirs = self.env["service.contract"].with_user(self.manager_b).sudo(False)
        self.assertEqual(theirs._find_by_service_code(code), self.foreign)

    def test_counts_are_of_the_own_company(self):
        """Counters on customers, levels and templates tell nothing of the other one."""
        self.foreign.write({"level_id": self.level.id, "template_id": self.template.id})
        for record, name in (
            (self.acme, "service_contract_count"),
            (self.level, "contract_count"),
            (self.template, "contract_count"),
        ):
            own = self.env["service.contract"].search(
                [("company_id", "=", self.company_a.id)]
            )
            field = {"service.level": "level_id"}.get(record._name, "template_id")
            if record == self.acme:
                own = own.filtered(
                    lambda c: c.partner_id.commercial_partner_id == self.acme
                )
            else:
                own = own.filtered_domain([(field, "=", record.id)])
            self.assertEqual(self._as("manager", record)[name], len(own), record._name)

    def test_serial_number_of_the_other_company_isn_t_named(self):
        self.draft.item_ids.serial = "THE-SAME-1"
        self.foreign.item_ids.serial = "THE-SAME-1"
        mine = self._as("manager", self.draft.item_ids)
        self.assertFalse(mine.serial_warning)
        self.env.invalidate_all()
        self.assertFalse(self.draft.item_ids.sudo().serial_warning)

    # === SAME CODES === #

    def test_two_companies_may_have_the_same_service_id(self):
        """Old systems of two companies have numbered alike."""
        first = self._make_contract(self.acme, service_code="OLD-1")
        second = self._make_contract(
            self.acme, service_code="OLD-1", company_id=self.company_b.id
        )
        self.env.flush_all()
        self.assertEqual(first.service_code, second.service_code)
        found = self._as("user", first).browse()._find_by_service_code("old 1")
        self.assertEqual(found, first)
        for contract in (first, second):
            contract.action_activate()

    def test_numbers_are_drawn_per_company(self):
        for company in (self.company_a, self.company_b):
            company.service_contract_sequence_id.prefix = f"{company.name}/"
            company.service_code_sequence_id.prefix = str(company.id % 10)
        contract = self._make_contract(
            self.acme, company_id=self.company_b.id, activate=True
        )
        self.assertTrue(contract.name.startswith(f"{self.company_b.name}/"))
        self.assertTrue(contract.service_code.startswith(str(self.company_b.id % 10)))

    # === FROM THE INVOICE === #

    def test_contract_is_of_the_invoice_s_company(self):
        """Whichever company the person works in, and whoever does it."""
        invoice = self._make_invoice(
            company=self.company_b, currency_id=self.currency_b.id
        )
        self.company_b.service_default_template_id = self.template_b
        both = self.company_a | self.company_b
        for allowed in (both, self.company_b | self.company_a):
            contract = (
                invoice.with_user(self.manager_of_both)
                .sudo(False)
                .with_context(allowed_company_ids=allowed.ids)
                ._create_service_contracts()
            ).sudo()
            self.assertEqual(contract.company_id, self.company_b)
            self.assertEqual(contract.currency_id, self.currency_b)
            self.assertEqual(contract.template_id, self.template_b)
            self.assertEqual(contract.item_ids.company_id, self.company_b)
            contract.action_cancel()

    def test_posting_in_b_while_working_in_a(self):
        self.template_b.autocreate = "active"
        self.machine.company_id = False
        self.template_b.company_id = False
        self.machine.service_template_id = self.template_b
        invoice = self._make_invoice(company=self.company_b, post=False)
        invoice.with_user(self.manager_of_both).sudo(False).with_context(
            allowed_company_ids=(self.company_a | self.company_b).ids
        ).action_post()
        contract = invoice.service_contract_ids
        self.assertFalse(invoice.service_contract_error)
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.company_id, self.company_b)
        self.assertEqual(contract.currency_id, invoice.currency_id)
        contracts = self._as("manager", self.foreign).browse()
        self.assertFalse(contracts.search([("id", "=", contract.id)]))

    def test_invoice_of_the_other_company_isn_t_offered(self):
        invoice = self._make_invoice(company=self.company_b)
        mine = self._as("salesperson", invoice)
        self.assertTrue(self._refused(mine.action_create_service_contract))
        self.assertTrue(self._refused(mine._create_service_contracts))

    # === LINKS === #

    def test_links_across_companies_are_refused(self):
        company_id = self.company_b.id
        partner_b = self.env["res.partner"].create(
            {"name": "Of B", "company_id": company_id}
        )
        product_b, machine_b = self.env["product.product"].create(
            [
                {"name": "Visit of B", "type": "service", "company_id": company_id},
                {"name": "Loom of B", "type": "consu", "company_id": company_id},
            ]
        )
        invoice_b = self._make_invoice(company=self.company_b)
        for record, values in (
            (self.draft, {"partner_id": partner_b.id}),
            (self.draft, {"partner_service_id": partner_b.id}),
            (self.draft, {"partner_invoice_id": partner_b.id}),
            (self.draft, {"template_id": self.template_b.id}),
            (self.draft, {"level_id": self.level_b.id}),
            (self.draft, {"predecessor_id": self.foreign.id}),
            (self.draft, {"source_move_ids": [Command.link(invoice_b.id)]}),
            (self.draft, {"company_id": self.company_b.id, "level_id": self.level.id}),
            (self.draft.item_ids, {"product_id": machine_b.id}),
            (self.draft.item_ids, {"partner_service_id": partner_b.id}),
            (self.draft.item_ids, {"replaced_by_id": self.foreign.item_ids.id}),
            (
                self.draft.item_ids,
                {"source_move_line_id": invoice_b.invoice_line_ids.id},
            ),
            (self.draft.line_ids, {"product_id": product_b.id}),
            (self.draft.line_ids, {"item_id": self.foreign.item_ids.id}),
            (self.usage.line_id, {"contract_id": self.foreign.id}),
        ):
            # The level of company A fits everywhere as long as it is shared.
            if values.get("level_id") == self.level.id:
                self.level.company_id = self.company_a
            may = self._may(
                lambda r=record, v=values: r.write(v), AccessError, UserError
            )
            self.assertFalse(may, values)

    def test_an_agreed_contract_stays_in_its_company(self):
        for role in ("user", "manager"):
            mine = self._as(role, self.contract)
            self.assertTrue(
                self._refused(lambda m=mine: m.write({"company_id": self.company_b.id}))
            )
        both = self.contract.with_user(self.manager_of_both).sudo(False)
        self.assertTrue(
            self._refused(lambda: both.write({"company_id": self.company_b.id}))
        )
