import random
import string

from lxml import html

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from .common_access import AccessCommon

# Letters at random, so that no compression makes them fit where they don't.
LONG = "".join(random.Random(7).choices(string.ascii_letters, k=10_000))
EXECUTED = "1787569"  # = 1337 * 1337: shown only where an expression was run
STRINGS = {
    "script": "<script>alert('x')</script>",
    "event": "<img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x="',
    "entity": "&lt;b&gt; &amp; &#60;i&#62;",
    "inline": "{{ 1337 * 1337 }} ${1337 * 1337} #{1337 * 1337}",
    "qweb": "<t t-out='1337 * 1337'>old</t><t t-esc='1337*1337'/>",
    "format": "%s %d %(x)s %(contract)s {x} {0} %% 100 %",
    "right to left": "\u202eabc\u200f\u2066def\u2069 עברית",
    "thai": "สัญญาการบริการ ที่นี่ เก้าอี้ น้ำแข็ง ผู้ใหญ่",
    "emoji": "🧵🪡👩‍🔧 ok",
    "breaks": "one\ttwo\\n ' \\ / ; --",
    "long": LONG,
}


@tagged("post_install", "-at_install")
class TestHostileStrings(AccessCommon, HttpCase):
    """What people type is shown as they typed it, wherever it is shown."""

    def _make_hostile(self, text):
        """Make a contract in which everything that can be typed is ``text``."""
        # Odoo's own index on the name of a partner takes no more than this.
        self.acme.name = text[:1000]
        level = self.env["service.level"].create({"name": text, "description": text})
        tag = self.env["service.contract.tag"].create({"name": f"{text} tag"})
        template = self.template.copy({"name": text})
        form = Form(self.env["service.contract"])
        form.partner_id = self.acme
        form.template_id = template
        form.level_id = level
        with form.item_ids.new() as item:
            item.product_id = self.machine
            item.name = text
            item.serial = text
        with form.line_ids.edit(0) as line:
            line.name = text
        contract = form.save()
        contract.tag_ids = [Command.link(tag.id)]
        contract.line_ids.item_id = contract.item_ids
        contract.action_activate()
        contract.line_ids._consume(note=text)
        return contract

    def _assert_shown(self, page, text, where):
        """Check that ``text`` stands in ``page`` as text, and as nothing else."""
        self.assertNotIn(EXECUTED, page, where)
        tree = html.fromstring(page)
        for bad in ("onerror", "onmouseover"):
            self.assertFalse(tree.xpath(f"//*[@{bad} and not(self::script)]"), where)
        scripts = [node.text or "" for node in tree.iter("script")]
        self.assertNotIn("alert('x')", [code.strip() for code in scripts], where)
        shown = "".join("".join(tree.itertext()).split())
        self.assertIn("".join(text.split()), shown, where)

    def test_portal_page_print_and_mail(self):
        """On the customer's page, in the list, in print and in the mail."""
        report = self.env["ir.actions.report"]
        mail_template = self.env.ref("service_contract.mail_template_contract")
        mail_template.report_template_ids = False
        for kind, text in STRINGS.items():
            contract = self._make_hostile(text)
            token = contract._portal_ensure_token()
            self.env.flush_all()
            page = self.url_open(contract.access_url + f"?access_token={token}")
            self.assertEqual(page.status_code, 200, kind)
            self._assert_shown(page.text, text, f"page: {kind}")
            printed = report._render_qweb_html(
                "service_contract.report_service_contract", contract.ids
            )[0].decode()
            self._assert_shown(printed, text, f"print: {kind}")
            mail = self.env["mail.mail"].browse(mail_template.send_mail(contract.id))
            body = f"<div>{mail.body_html}</div>"
            self._assert_shown(body, self.acme.name, f"mail: {kind}")
            self.assertNotIn(EXECUTED, mail.subject)
            self.acme.name = "Acme"

    def test_pdf(self):
        """The printer chokes on none of them."""
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        contracts = self.env["service.contract"]
        for text in STRINGS.values():
            contracts |= self._make_hostile(text)
        pdf, kind = report._render_qweb_pdf(
            "service_contract.report_service_contract", contracts.ids
        )
        self.assertEqual(kind, "pdf")
        self.assertTrue(pdf.startswith(b"%PDF"))
        for contract in contracts:
            self.assertTrue(contract._get_report_base_filename())

    def test_messages_and_logs(self):
        """Steps, changes and refusals name what was typed, and stay text."""
        for kind, text in STRINGS.items():
            contract = self._make_hostile(text)
            manager = self._as("manager", contract)
            manager.item_ids.write({"name": f"{text}!", "serial": f"{text}?"})
            manager.line_ids.write({"name": f"{text}!", "price_extra": 7})
            manager.line_ids.create(
                {
                    "contract_id": contract.id,
                    "product_id": self.visit_product.id,
                    "name": text,
                }
            ).unlink()
            self.env["service.contract.suspend"].with_user(self.roles["manager"]).sudo(
                False
            ).create(
                {"contract_ids": [Command.set(contract.ids)], "note": text}
            ).action_suspend()
            bodies = "".join(contract.message_ids.mapped("body"))
            self._assert_shown(f"<div>{bodies}</div>", text, kind)
            self._assert_refusals_are_words(contract, kind)

    def _assert_refusals_are_words(self, contract, kind):
        line, item = contract.line_ids[0], contract.item_ids
        other = self.contract_of_beta
        for attempt in (
            lambda: line._consume(),
            lambda: line._check_available(99),
            contract.action_reset_draft,
            contract.unlink,
            line.unlink,
            lambda: line.write({"item_id": other.item_ids.id}),
            lambda: line.write({"date_end": "1999-01-01"}),
            lambda: item.write({"replaced_by_id": other.item_ids.id}),
            lambda: contract.write({"date_anchor": "2999-01-01"}),
            lambda: self._as("user", line).write({"quantity": 3}),
            lambda: self._as("user", contract).write({"term_count": 3}),
        ):
            self.assertFalse(
                self._may(attempt, AccessError, UserError, ValidationError), kind
            )
        item.copy({"serial": item.serial, "contract_id": self.draft.id})
        self.assertTrue(item.serial_warning or kind == "emoji", kind)

    def test_failures_are_told_as_text(self):
        """A job or an automatic contract fails with words of the customer in it."""
        invoice = self._make_invoice()
        for kind, text in STRINGS.items():
            error = UserError(text)
            invoice._flag_service_contract_error(error)
            self.contract._flag_job_error(error, "_expire")
            self.env.flush_all()
            for record in (invoice, self.contract):
                activity = record.activity_ids[-1:]
                self._assert_shown(f"<div>{activity.note}</div>", text, kind)
                activity.unlink()

    def test_terms_are_sanitised(self):
        """Terms may have bold words, but nothing that runs."""
        note = (
            "<p>Fair <b>use</b></p><script>alert(1)</script>"
            '<img src="x" onerror="alert(1)"><a href="javascript:alert(1)">here</a>'
            '<t t-out="1337 * 1337"/>{{ 1337 * 1337 }}<iframe src="//evil"></iframe>'
        )
        for record in (self.contract, self.template):
            record.note = note
            for bad in ("<script", "onerror", "javascript:", "t-out", "<iframe"):
                self.assertNotIn(bad, record.note)
            self.assertIn("<b>use</b>", record.note)
        token = self.contract._portal_ensure_token()
        self.env.flush_all()
        page = self.url_open(self.contract.access_url + f"?access_token={token}").text
        self.assertIn("<b>use</b>", page)
        self.assertNotIn(EXECUTED, page)

    def test_names_of_files(self):
        """The signed copy is handed out under whatever name it came with."""
        for text in (*STRINGS.values(), 'a"b\r\nX-Evil: 1.pdf', "../../etc/passwd"):
            self.contract.write(
                {"signed_document": "c2lnbmVk", "signed_document_name": text[:200]}
            )
            token = self.contract._portal_ensure_token()
            self.env.flush_all()
            answer = self.url_open(
                f"{self.contract.access_url}/signed?access_token={token}"
            )
            self.assertEqual(answer.status_code, 200, text[:40])
            self.assertNotIn("X-Evil", answer.headers)
            self.assertIn("attachment", answer.headers["Content-Disposition"])

    def test_search_takes_anything(self):
        contracts = self._as("user", self.contract).browse()
        for text in (*STRINGS.values(), "\x00", "%", "_", "\\", "12\x0034", "((("):
            with mute_logger("odoo.sql_db"):
                contracts.name_search(text)
                try:
                    contracts.search([("search_text", "ilike", text)])
                    contracts._find_by_service_code(text)
                except UserError as error:
                    self.assertIn("mistyped", str(error))

    def test_service_id_of_an_old_system(self):
        """Codes are taken over as long as they can be searched, printed and said."""
        for code in ("OLD/17-B?x=1#y", "สัญญา 42", "<b>7</b>", "a" * 64):
            contract = self._make_contract(self.acme, service_code=code)
            contract.action_activate()
            self.assertEqual(contract.service_code, code)
            self.assertTrue(contract._get_qr_code())
            self.assertNotIn("?", contract._get_service_code_url())
            self.assertEqual(contract._find_by_service_code(code), contract)
            self.assertTrue(self._leads_to(contract), code)
        for code in (LONG, "a" * 65, "---", "\u202e"):
            self.assertTrue(
                self._refused(
                    lambda c=code: self._make_contract(self.acme, service_code=c)
                ),
                code[:20],
            )

    def _leads_to(self, contract):
        """Tell whether what the QR code says opens the contract to its customer."""
        self.env.flush_all()
        login = self.roles["portal"].login
        self.authenticate(login, f"{login}-password")
        path = contract._get_service_code_url().removeprefix(contract.get_base_url())
        answer = self.url_open(path, allow_redirects=False)
        return answer.headers["Location"].endswith(f"/{contract.id}")
