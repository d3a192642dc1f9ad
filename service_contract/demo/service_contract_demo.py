"""What the demo company sold, and the service contracts that came of it.

Records that nothing is computed for (customers, products, templates, users) are in the
XML files of this folder. Here is the story: every step of it is taken with the methods
that people's buttons call, and every date counts from today.
"""

import logging
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Command, Domain

_logger = logging.getLogger(__name__)

CHART = "th"
CHART_MODULE = "l10n_th"
VAT = 7.0
FIRST_SERVICE_ID = 2041786  # the company has served others before
THAI = "th_TH"

# key: (customer, days ago, lines of (product, quantity, discount in percent))
INVOICES = {
    "textile_old": (
        "textile",
        430,
        [("embroidery", 2, 0), ("delivery", 1, 0)],
    ),
    "garage": ("garage", 400, [("compressor", 1, 0), ("dryer", 1, 0)]),
    "resort": ("resort", 345, [("oven", 2, 5), ("delivery", 2, 0)]),
    "garment": (
        "garment",
        240,
        [("embroidery_single", 2, 0), ("delivery", 1, 0)],
    ),
    "bistro": ("bistro", 180, [("dishwasher", 1, 0), ("oven", 1, 10)]),
    "embroidery": ("embroidery", 150, [("embroidery_single", 1, 0)]),
    "hospital": ("hospital", 60, [("washer", 2, 3), ("delivery", 1, 0)]),
    "resort_new": ("resort", 20, [("dishwasher", 1, 0), ("delivery", 1, 0)]),
    # From here on: no contract yet, for the salesperson to try.
    "garment_new": (
        "garment",
        14,
        [("lockstitch", 6, 0), ("overlock", 2, 0), ("delivery", 1, 0)],
    ),
    "bistro_new": ("bistro", 8, [("oven", 1, 5), ("range", 2, 0), ("delivery", 1, 0)]),
    "embroidery_new": ("embroidery", 3, [("embroidery", 1, 0), ("thread", 2, 0)]),
    "textile_new": ("textile", 1, [("compressor", 2, 10), ("dryer", 1, 0)]),
}
UNPAID = ("bistro",)
PAID_BEFORE = 100  # days ago

PRODUCTS_IN_THAI = {
    "installation": "ติดตั้งและสอนการใช้งาน",
    "preventive": "ตรวจเช็กและบำรุงรักษาตามระยะ",
    "cleaning": "ทำความสะอาดและหล่อลื่น",
    "repair": "ซ่อมนอกสถานที่",
    "phone": "ให้คำปรึกษาทางโทรศัพท์",
    "warranty": "รับประกันอะไหล่และค่าแรง",
    "delivery": "ค่าจัดส่งด้วยรถเครน",
    "lockstitch": "จักรเย็บเข็มเดี่ยว",
    "overlock": "จักรโพ้ง 4 เส้น",
    "embroidery": "จักรปักคอมพิวเตอร์ 6 หัว",
    "embroidery_single": "จักรปักคอมพิวเตอร์ 1 หัว",
    "compressor": "ปั๊มลมสกรู 15 กิโลวัตต์",
    "dryer": "เครื่องทำลมแห้ง",
    "oven": "เตาอบคอมบิ 10 ถาด",
    "dishwasher": "เครื่องล้างจานแบบฮูด",
    "range": "เตาแก๊ส 6 หัว",
    "washer": "เครื่องซักสลัด 25 กก.",
    "thread": "ชุดด้ายโพลีเอสเตอร์ 40 สี",
}
TEMPLATES_IN_THAI = {"basic": "พื้นฐาน", "silver": "ซิลเวอร์", "gold": "โกลด์"}
TERMS_IN_THAI = {
    "Visits within working hours, Monday to Friday 8:30–17:30.": (
        "ให้บริการในเวลาทำการ จันทร์–ศุกร์ 8.30–17.30 น."
    ),
    "Visits within working hours, Monday to Saturday 8:00–18:00. We call back within "
    "one working day.": (
        "ให้บริการในเวลาทำการ จันทร์–เสาร์ 8.00–18.00 น. ติดต่อกลับภายในหนึ่งวันทำการ"
    ),
    "Visits on any day, also outside working hours. We are there within four working "
    "hours.": "ให้บริการทุกวัน รวมถึงนอกเวลาทำการ ช่างถึงที่หมายภายในสี่ชั่วโมงทำการ",
    "A machine on loan is provided when a repair takes longer than two days.": (
        "มีเครื่องสำรองให้ใช้เมื่อซ่อมเกินสองวัน"
    ),
    "Spare parts that wear out (needles, belts, gaskets, filters) are charged at list "
    "price.": "อะไหล่สิ้นเปลือง (เข็ม สายพาน ปะเก็น ไส้กรอง) คิดตามราคาขายปลีก",
}


class ServiceContractDemo(models.AbstractModel):
    """Tells the story of the demo company; addons that extend it add their chapters."""

    _name = "service.contract.demo"
    _description = "Demo Data of Service Contracts"

    def _register_hook(self):
        super()._register_hook()
        registry = self.env.registry
        if getattr(registry, "_service_contract_demo", False):
            del registry._service_contract_demo
            try:
                with self.env.cr.savepoint():
                    self._tell()
            except Exception:
                _logger.exception("The demo data of service contracts failed")

    @api.model
    def _load(self):
        """Tell the story once all addons are loaded; called by demo data only.

        The chart of accounts of Thailand is asked for here: it is no dependency of the
        addon, and is there when the loading has come to its end.
        """
        if self.env.registry.loaded:
            self._tell()
            return
        chart = self.env["ir.module.module"].search(Domain("name", "=", CHART_MODULE))
        if chart.state == "uninstalled":
            chart.button_install()
        self.env.registry._service_contract_demo = True

    def _tell(self):
        """Hook: make the records, unless they are there; the addons add their own."""
        company = self._get("company")
        if company.chart_template:
            return
        demo = self.with_company(company).with_context(
            allowed_company_ids=company.ids,
            mail_auto_subscribe_no_notify=True,
            mail_activity_quick_update=True,
        )
        demo._open_books(company)
        demo._translate()
        moves = demo._sell()
        demo._make_contracts(moves)

    # === HELPERS === #

    def _get(self, name):
        return self.env.ref(f"service_contract.demo_{name}").with_env(self.env)

    def _keep(self, name, record):
        """Give ``record`` an external id, for the addons that go on with the story."""
        self.env["ir.model.data"]._update_xmlids(
            [
                {
                    "xml_id": f"service_contract.demo_{name}",
                    "record": record,
                    "noupdate": True,
                }
            ]
        )
        return record

    def _today(self):
        return self.env["service.contract"]._get_company_today(self.env.company)

    def _ago(self, days):
        return self._today() - timedelta(days=days)

    def _as(self, user):
        return self.with_user(self._get(f"user_{user}")).with_context(
            allowed_company_ids=self.env.company.ids
        )

    # === CHAPTERS === #

    def _open_books(self, company):
        """Give the company the accounts of Thailand, with 7 % VAT."""
        company.resource_calendar_id.tz = "Asia/Bangkok"
        company.service_code_sequence_id.number_next = FIRST_SERVICE_ID
        charts = self.env["account.chart.template"]
        installed = self.env["ir.module.module"]._get(CHART_MODULE).state == "installed"
        charts.try_loading(CHART if installed else "generic_coa", company)
        company.invalidate_recordset()
        tax = company.account_sale_tax_id
        if tax.amount != VAT:
            tax.write({"amount": VAT, "name": f"{VAT:g}%"})
        products = self.env["product.product"].search(
            Domain("company_id", "=", company.id)
        )
        products.taxes_id = tax
        products.supplier_taxes_id = company.account_purchase_tax_id

    def _translate(self):
        if not self.env["res.lang"]._get_data(code=THAI):
            return
        for name, text in PRODUCTS_IN_THAI.items():
            self._get(f"product_{name}").with_context(lang=THAI).name = text
        for name, title in TEMPLATES_IN_THAI.items():
            template = self._get(f"template_{name}")
            template.with_context(lang=THAI).name = title
            template.update_field_translations("note", {THAI: TERMS_IN_THAI})

    def _sell(self):
        """Make and post the invoices, and take the money for the older ones."""
        moves = {}
        for key, (customer, days, lines) in INVOICES.items():
            move = self._make_invoice(customer, days, lines)
            moves[key] = self._keep(f"invoice_{key}", move)
        self._keep(
            "invoice_draft",
            self._make_invoice("hospital", 0, [("washer", 1, 0), ("delivery", 1, 0)]),
        )
        posted = self.env["account.move"].union(*moves.values())
        posted.action_post()
        for key, (_customer, days, _lines) in INVOICES.items():
            if days >= PAID_BEFORE and key not in UNPAID:
                self._pay(moves[key])
        return moves

    def _make_invoice(self, customer, days, lines):
        partner = self._get(f"partner_{customer}")
        return (
            self.env["account.move"]
            .with_context(lang=partner.lang)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": self._ago(days),
                    "invoice_payment_term_id": self.env.ref(
                        "account.account_payment_term_30days"
                    ).id,
                    "invoice_user_id": self._get("user_salesperson").id,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": self._get(f"product_{product}").id,
                                "quantity": quantity,
                                "discount": discount,
                            }
                        )
                        for product, quantity, discount in lines
                    ],
                }
            )
        )

    def _pay(self, move):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create(
            {"payment_date": min(move.invoice_date_due, self._today())}
        ).action_create_payments()

    def _draft(self, move):
        """Make the contract of one invoice, as the salesperson does."""
        seller = self._as("salesperson").with_context(lang=move.partner_id.lang)
        contract = move.with_env(seller.env)._create_service_contracts()
        contract.ensure_one()
        return contract.with_env(self.env)

    def _install(self, contract, *machines):
        """Write serial number and installation date (days ago) of each covered item."""
        for item, (serial, days) in zip(contract.item_ids, machines, strict=False):
            item.write(
                {"serial": serial, "date_installed": self._ago(days) if days else False}
            )

    def _serve(self, contract, product, days, note, quantity=1.0, item=None):
        """Book a service that was given, with the oldest line that has it."""
        lines = contract.line_ids.filtered(
            lambda line: (
                line.product_id == self._get(f"product_{product}")
                and (not item or line.item_id == item)
            )
        )
        line = lines[:1].with_env(self._as("dispatcher").env)
        line._consume(quantity, date=self._ago(days), note=note)

    def _make_contracts(self, moves):
        self._tell_renewed(moves["textile_old"])
        self._tell_expired(moves["garage"])
        self._tell_ending_soon(moves["resort"])
        self._tell_two_machines(moves["garment"])
        self._tell_suspended(moves["bistro"])
        self._tell_cancelled(moves["embroidery"])
        self._tell_active(moves["hospital"])
        self._tell_future(moves["resort_new"])
        self._tell_taken_over()
        self._tell_draft()

    def _tell_renewed(self, move):
        """A first year that is over, and the second one that is running."""
        first = self._keep("contract_first", self._draft(move))
        self._install(first, ("EM6-240117", 424), ("EM6-240118", 417))
        first.signed_on = self._ago(428)
        first.action_activate()
        for item, days in zip(first.item_ids, (424, 417), strict=True):
            self._serve(first, "installation", days, item.serial, item=item)
        for days in (400, 369, 338, 308, 277, 247, 216, 186, 155, 124, 94):
            self._serve(first, "preventive", days, "All heads checked")
        self._serve(first, "repair", 290, "Tension of head 4 adjusted")
        start = first.date_end + timedelta(days=1)
        end = start + relativedelta(years=1, days=-1)
        second = first._create_successors({first: (start, end)})
        self._keep("contract_second", second).action_activate()
        self._serve(second, "preventive", 40, "All heads checked")
        first._expire()

    def _tell_expired(self, move):
        """A year that is over, and nobody renewed."""
        contract = self._keep("contract_expired", self._draft(move))
        self._install(contract, ("AC15-8841", 395), ("AD20-0290", 395))
        contract.action_activate()
        for days in (305, 214, 122):
            self._serve(contract, "preventive", days, "Oil and filter changed")
        contract._expire()

    def _tell_ending_soon(self, move):
        """A good customer whose contract ends in some weeks."""
        contract = self._keep("contract_ending", self._draft(move))
        contract.partner_service_id = self._get("partner_resort_kitchen")
        self._install(contract, ("CO10-55012", 338), ("CO10-55013", 338))
        contract.signed_on = self._ago(343)
        contract.action_activate()
        for item in contract.item_ids:
            self._serve(contract, "installation", 338, item.serial, item=item)
        for days in (310, 280, 249, 219, 188, 157, 127, 96, 66, 35):
            self._serve(
                contract, "preventive", days, "Seals, burners and drain checked"
            )
        self._serve(contract, "repair", 201, "Door gasket replaced")
        self._serve(contract, "repair", 74, "Steam generator descaled")
        self._serve(contract, "phone", 12, "Programme for bread explained", 0.5)
        contract.activity_schedule(
            "mail.mail_activity_data_call",
            date_deadline=self._today(),
            summary="Ask about the renewal",
            user_id=self._get("user_manager").id,
        )

    def _tell_two_machines(self, move):
        """Two machines of the same kind, installed on two different days."""
        contract = self._keep("contract_two_machines", self._draft(move))
        self._install(contract, ("EM1-230551", 233), ("EM1-230552", 226))
        contract.signed_on = self._ago(238)
        contract.action_activate()
        for item, days in zip(contract.item_ids, (233, 226), strict=True):
            self._serve(contract, "installation", days, item.serial, item=item)
        self._serve(contract, "preventive", 143, "Both machines oiled")
        self._serve(contract, "preventive", 51, "Needle bar of EM1-230552 adjusted")
        self._serve(contract, "repair", 88, "Thread sensor of EM1-230551 replaced")
        self._serve(contract, "phone", 30, "Design file converted", 1.5)

    def _tell_suspended(self, move):
        contract = self._keep("contract_suspended", self._draft(move))
        self._install(contract, ("DW80-1207", 172), ("CO10-55090", 172))
        contract.action_activate()
        self._serve(contract, "preventive", 120, "Rinse arms cleaned")
        contract.action_suspend(review_date=self._today() + timedelta(days=14))

    def _tell_cancelled(self, move):
        contract = self._keep("contract_cancelled", self._draft(move))
        self._install(contract, ("EM1-230777", None))
        contract.action_activate()
        contract.action_cancel()

    def _tell_active(self, move):
        contract = self._keep("contract_active", self._draft(move))
        self._install(contract, ("WE25-3301", 52), ("WE25-3302", 52))
        contract.action_activate()
        for item in contract.item_ids:
            self._serve(contract, "installation", 52, item.serial, item=item)
        self._serve(contract, "preventive", 22, "Bearings and belts checked")

    def _tell_future(self, move):
        """Agreed today, in force from the day on which the machine arrives."""
        contract = self._keep("contract_future", self._draft(move))
        contract.date_start = self._today() + relativedelta(months=1, day=1)
        self._install(contract, ("DW80-1311", None))
        contract.action_activate()

    def _tell_taken_over(self):
        """A contract of an old system: its own code, in its third year."""
        template = self._get("template_silver")
        partner = self._get("partner_garage")
        start = self._ago(100)
        contract = (
            self._as("manager")
            .env["service.contract"]
            .with_context(lang=partner.lang)
            .create(
                {
                    **template._prepare_contract_values(partner),
                    "partner_id": partner.id,
                    "template_id": template.id,
                    "user_id": self._get("user_salesperson").id,
                    "service_code": "KM-4711-B",
                    "cycle": 3,
                    "date_anchor": start - relativedelta(years=2),
                    "date_start": start,
                    "item_ids": [
                        Command.create(
                            {
                                "product_id": self._get("product_compressor").id,
                                "serial": "AC15-0093",
                                "date_installed": start - relativedelta(years=2),
                                "amount_before_discount": 248000,
                                "amount_after_discount": 235600,
                            }
                        )
                    ],
                }
            )
        )
        values = template.line_ids.filtered(
            lambda line: line.on_renewal == "renew"
        )._prepare_general_lines(contract)
        contract.line_ids = [Command.create(vals) for vals in values]
        preventive = contract.line_ids.filtered(lambda line: line.mode == "scheduled")
        preventive.opening_used = 1
        contract.action_activate()
        self._keep("contract_taken_over", contract)

    def _tell_draft(self):
        """A draft that waits for its machines: “Fill from an Invoice” has them."""
        template = self._get("template_gold")
        partner = self._get("partner_embroidery")
        seller = self._as("salesperson").env
        contract = (
            seller["service.contract"]
            .with_context(lang=partner.lang)
            .create(
                {
                    **template._prepare_contract_values(partner),
                    "partner_id": partner.id,
                    "template_id": template.id,
                    "user_id": seller.uid,
                }
            )
        )
        contract.line_ids = [
            Command.create(vals)
            for vals in template.line_ids._prepare_general_lines(contract)
        ]
        self._keep("contract_draft", contract)
