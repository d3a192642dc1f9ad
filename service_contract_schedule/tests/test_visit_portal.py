import re

from lxml import html

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.service_contract.tests.test_hostile_strings import EXECUTED, STRINGS

from .common_access import PATHS, VisitAccessCommon


@tagged("post_install", "-at_install")
class TestVisitPortal(VisitAccessCommon, HttpCase):
    """Customers see when somebody comes to them, and nothing of the house."""

    def _page(self, contract, role="portal"):
        """Return the visits' part of the customer's page, as text."""
        self.env.flush_all()
        login = self.roles[role].login
        self.authenticate(login, f"{login}-password")
        page = self.url_open(f"/my/service-contracts/{contract.id}")
        self.assertEqual(page.status_code, 200)
        return page.text

    def test_the_page_shows_the_visits_of_the_own_contract(self):
        contract = self.line.contract_id
        for number, state in enumerate(PATHS):
            self._make_visit(state, name=f"Shown {state}", start=self._at(5 + number))
        other = self._make_line(self._make_contract(self.acme))
        self._make_visit(line=other, name="Of another contract")
        self._make_visit(line=self.line_of_beta, name="Of another customer")
        page = self._page(contract)
        shown = set(re.findall(r"Shown (\w+)", page))
        self.assertEqual(shown, set(PATHS) - {"cancelled"})
        self.assertNotIn("Of another", page)

    def test_the_page_tells_nothing_of_the_house(self):
        """Who comes, what they noted, and why something was called off stay inside."""
        technician = self.technician
        technician.partner_id.write(
            {"name": "Somchai Inside", "phone": "+66 81 000", "email": "som@in.example"}
        )
        done = self._make_visit("done", start=self._at(3))
        done.result = "The customer pays late"
        done.message_post(body="Between us")
        problem = self._make_visit("problem", start=self._at(4))
        problem.result = "Our own mistake"
        problem.action_take_no_right("Broken by us")
        cancelled = self._make_visit(start=self._at(5))
        cancelled.action_cancel("Technician is ill")
        page = self._page(self.line.contract_id)
        for secret in (
            "Somchai",
            "+66 81 000",
            "som@in.example",
            "pays late",
            "Between us",
            "own mistake",
            "Broken by us",
            "is ill",
            "48271",
        ):
            self.assertNotIn(secret, page)

    def test_customers_call_nothing_of_visits(self):
        """By RPC visits don't exist for them, nor do the fields that lead there."""
        models = [
            name
            for name, model in self.env.registry.items()
            if model._original_module == "service_contract_schedule"
            and not model._abstract
        ]
        contract = self.line.contract_id
        for role in ("portal", "portal_stranger"):
            env = self._env(role)
            for model in models:
                for attempt in (
                    lambda m=env[model]: m.search_read([], ["display_name"]),
                    lambda m=env[model]: m.name_search(""),
                    lambda m=env[model]: m.formatted_read_group([], [], ["__count"]),
                    lambda m=env[model]: m.search_count([]),
                    lambda m=env[model]: m.create({}),
                    lambda m=env[model]: m.web_save({}, {}),
                ):
                    self.assertFalse(self._may(attempt), (role, model))
        mine = self._as("portal", contract)
        self.assertTrue(mine.read(["name"]))
        for name in (
            "visit_ids",
            "visit_count",
            "visit_open_count",
            "visit_past_count",
            "visits_due_on",
        ):
            self.assertFalse(self._may(lambda n=name: mine.read([n])), name)
        for path in ("visit_ids.result", "visit_ids.user_id.name", "visits_due_on"):
            self.assertFalse(
                self._may(lambda p=path: mine.search([(p, "!=", False)])), path
            )
        partner = self._as("portal", self.acme)
        for name in ("service_visit_count", "service_visit_open_count"):
            self.assertFalse(self._may(lambda n=name: partner.read([n])), name)
        event = self._make_visit("confirmed").calendar_event_id
        self.assertFalse(self._may(lambda: self._as("portal", event).read(["name"])))

    def test_files_and_words_on_visits_stay_inside(self):
        self.visit.message_post(body="Between us", attachments=[("key.txt", b"4711")])
        attachment = self.visit.message_ids.attachment_ids
        self.assertTrue(attachment)
        for role in ("portal", "portal_stranger", "internal"):
            self.assertFalse(self._may(self._as(role, attachment).read), role)
            message = self._as(role, self.visit.message_ids)
            self.assertFalse(self._may(lambda m=message: m.read(["body"])), role)

    # === WHAT PEOPLE TYPE === #

    def _assert_text(self, page, text, where):
        """Check that ``text`` stands in ``page`` as text, and as nothing else."""
        self.assertNotIn(EXECUTED, page, where)
        tree = html.fromstring(page)
        for bad in ("onerror", "onmouseover"):
            self.assertFalse(tree.xpath(f"//*[@{bad} and not(self::script)]"), where)
        self.assertNotIn("alert('x')", [node.text for node in tree.iter("script")])
        shown = "".join("".join(tree.itertext()).split())
        self.assertIn("".join(text.split()), shown, where)

    def test_hostile_names_and_reasons(self):
        """On the portal, in the chatter, in activities, notices and the calendar."""
        for kind, text in STRINGS.items():
            short = text[:1000]
            place = self.env["res.partner"].create({"name": short, "street": short})
            visit = self._make_visit(name=text, partner_service_id=place.id)
            visit.result = text
            mine = self._as("user", visit)
            visit._ask_to_confirm()
            asked = self.env["mail.activity"].search([("note", "!=", False)])
            self._assert_text("".join(asked.mapped("note")), text, f"activity: {kind}")
            mine.action_confirm()
            event = visit.calendar_event_id
            self.assertEqual(event.name, visit.display_name)
            self.assertNotIn(EXECUTED, event.location)
            with mute_logger("odoo.sql_db"):
                refused = self._refused(lambda m=mine: m.write({"line_id": 0}))
            self.assertTrue(refused)
            visit._tell_technicians_on_hold()
            told = self.env["mail.message"].search(
                [
                    ("message_type", "=", "user_notification"),
                    ("model", "=", visit._name),
                    ("res_id", "=", visit.id),
                ]
            )
            self._assert_text(f"<div>{told.body}</div>", text, f"notice: {kind}")
            mine.action_cancel(text)
            bodies = "".join(visit.message_ids.mapped("body"))
            self._assert_text(f"<div>{bodies}</div>", text, f"chatter: {kind}")
            mine.action_reopen()
            self._assert_text(self._page(self.line.contract_id), text, f"page: {kind}")
            mine.action_cancel()

    def test_hostile_reason_that_a_visit_does_not_count(self):
        for kind, text in STRINGS.items():
            visit = self._make_visit("problem")
            self._as("manager", visit).action_take_no_right(text)
            bodies = "".join(visit.message_ids.mapped("body"))
            self._assert_text(f"<div>{bodies}</div>", text, kind)
            visit.invalidate_recordset(["usage_ids"])
            self.assertIn(text, visit.usage_ids.mapped("note"))

    def test_hostile_holidays_and_services_in_the_preview(self):
        """The preview is made of HTML that isn't sanitized: all in it is escaped."""
        day = self._at(8).date()
        leave = self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.company_a.resource_calendar_id.id,
                "company_id": self.company_a.id,
                "date_from": f"{day} 00:00:00",
                "date_to": f"{day} 10:00:00",
            }
        )
        self.line.visit_date_ids = [Command.create({"date": day})]
        for kind, text in STRINGS.items():
            leave.name = text
            self.line.sudo().name = text
            dialog = self.env["service.visit.pattern.edit"].browse(
                self._as("user", self.line).action_edit_pattern()["res_id"]
            )
            self._assert_text(str(dialog.preview), text, kind)

    def test_the_preview_can_t_be_typed(self):
        dialog = self.env["service.visit.pattern.edit"].browse(
            self._as("user", self.line).action_edit_pattern()["res_id"]
        )
        mine = self._as("user", dialog)
        self._may(lambda: mine.write({"preview": "<script>1</script>"}), AccessError)
        self.assertNotIn("<script>", str(mine.preview))
