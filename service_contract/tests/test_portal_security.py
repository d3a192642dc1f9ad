import json
import re

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_access import AccessCommon

LIST = "/my/service-contracts"


@tagged("post_install", "-at_install")
class TestPortalSecurity(AccessCommon, HttpCase):
    """A customer sees the contracts of their own company, by whatever way they ask."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls.contract | cls.contract_of_contact
        cls.others = cls.contract_of_beta | cls.draft | cls.foreign
        everything = cls.own | cls.others
        for contract in everything:
            contract._portal_ensure_token()
            contract.write(
                {
                    "note": f"<p>Terms of {contract.name}</p>",
                    "signed_document": "c2lnbmVk",
                    "signed_document_name": "signed.pdf",
                }
            )
            contract.message_post(
                body=f"Word about {contract.name}",
                subtype_xmlid="mail.mt_comment",
                attachments=[("secret.txt", b"secret of the contract")],
            )
        cls.env.flush_all()

    def _get(self, url, **options):
        with mute_logger("odoo.http", "odoo.addons.base.models.ir_rule"):
            return self.url_open(url, allow_redirects=False, **options)

    def _log_in(self, role):
        if role == "public":
            self.authenticate(None, None)
        else:
            login = self.roles[role].login
            self.authenticate(login, f"{login}-password")

    def _call(self, model, method, *args, **kwargs):
        """Call by RPC as the client does; return (result, error)."""
        with mute_logger("odoo.http", "odoo.addons.base.models.ir_rule"):
            answer = self.url_open(
                f"/web/dataset/call_kw/{model}/{method}",
                data=json.dumps(
                    {
                        "params": {
                            "model": model,
                            "method": method,
                            "args": args,
                            "kwargs": kwargs,
                        }
                    }
                ),
                headers={"Content-Type": "application/json"},
            ).json()
        return answer.get("result"), answer.get("error")

    def _post(self, route, **params):
        with mute_logger("odoo.http", "odoo.addons.base.models.ir_rule"):
            answer = self.url_open(
                route,
                data=json.dumps({"params": params}),
                headers={"Content-Type": "application/json"},
            ).json()
        return answer.get("result"), answer.get("error")

    # === PAGES === #

    def test_list_shows_own_contracts_and_the_counter_agrees(self):
        for role in ("portal", "portal_colleague"):
            self._log_in(role)
            shown = self._get(LIST).text
            for contract in self.own:
                self.assertIn(contract.name, shown, role)
            self.assertEqual(set(re.findall(rf"{LIST}/(\d+)", shown)), self._ids())
            counters, _error = self._post(
                "/my/counters", counters=["service_contract_count"]
            )
            self.assertEqual(counters["service_contract_count"], len(self.own))

    def _ids(self):
        return {str(contract_id) for contract_id in self.own.ids}

    def test_stranger_sees_theirs_only(self):
        self._log_in("portal_stranger")
        shown = self._get(LIST).text
        self.assertEqual(
            set(re.findall(rf"{LIST}/(\d+)", shown)), {str(self.contract_of_beta.id)}
        )

    def test_list_forgives_and_leaks_nothing_whatever_is_asked(self):
        """Searches, filters and pages of nonsense stay within the own contracts."""
        self._log_in("portal")
        for query in (
            f"search={self.contract_of_beta.name}",
            f"search={self.contract_of_beta.service_code}&search_in=code",
            "search=SN-Beta&search_in=item",
            "search=%00&search_in=item",
            "search=%25&search_in=all",
            "search=%F0%9F%92%A5%E2%80%AE",
            "search=" + "x" * 3000,
            "sortby=id%3B+drop&filterby=__class__&search_in=partner_id.name&search=B",
            "filterby=in_force",
            "page=-1",
        ):
            answer = self._get(f"{LIST}?{query}")
            self.assertEqual(answer.status_code, 200, query)
            found = set(re.findall(rf"{LIST}/(\d+)\?", answer.text))
            self.assertFalse(found - self._ids(), query)
        self.assertEqual(self._get(f"{LIST}/page/99999").status_code, 200)

    def test_pages(self):
        """Own pages open; all others send back, without a word of their content."""
        for role, seen in (
            ("portal", self.own),
            ("portal_colleague", self.own),
            ("portal_stranger", self.contract_of_beta),
            ("public", self.env["service.contract"]),
        ):
            self._log_in(role)
            for contract in self.own | self.others:
                for suffix in (
                    "",
                    "?report_type=html",
                    "?report_type=pdf",
                    "?report_type=text",
                    "/signed",
                ):
                    answer = self._get(f"{LIST}/{contract.id}{suffix}")
                    self.assertEqual(
                        answer.status_code,
                        200 if contract in seen else 303,
                        (role, contract.name, suffix),
                    )
                    if contract not in seen:
                        self.assertNotIn(contract.name, answer.text)
            self.assertIn(self._get(f"{LIST}/999999999").status_code, (303, 404))

    def test_portal_pages_show_no_price(self):
        self._log_in("portal")
        for suffix in ("", "?report_type=html"):
            page = self._get(f"{LIST}/{self.contract.id}{suffix}").text
            self.assertNotIn("48271", page.replace(",", "").replace(" ", ""))

    def test_tokens(self):
        """A token opens its own contract; a wrong, foreign or empty one opens none."""
        token = self.contract.access_token
        other = self.contract_of_contact.access_token
        for role in ("public", "portal_stranger"):
            self._log_in(role)
            for suffix in ("", "/signed"):
                url = f"{LIST}/{self.contract.id}{suffix}?access_token="
                self.assertEqual(self._get(url + token).status_code, 200)
                for wrong in ("", other, token[:-1], token + "0", "0", "%00", "a" * 99):
                    self.assertEqual(
                        self._get(url + wrong).status_code, 303, (role, wrong)
                    )

    def test_drafts_are_invisible_even_with_a_token(self):
        for role in ("public", "portal", "portal_stranger"):
            self._log_in(role)
            for suffix in ("", "/signed"):
                url = f"{LIST}/{self.draft.id}{suffix}"
                answer = self._get(f"{url}?access_token={self.draft.access_token}")
                self.assertIn(answer.status_code, (303, 404), (role, suffix))
                self.assertNotIn(self.draft.name, answer.text)

    def test_service_id_route(self):
        """What is printed as a QR code opens the contract to its customer alone."""
        code = self.contract.service_code
        self._log_in("portal")
        own = self._get(f"/my/service-id/{code}").headers["Location"]
        self.assertTrue(own.endswith(f"{LIST}/{self.contract.id}"), own)
        for role in ("portal_stranger", "internal"):
            self._log_in(role)
            answer = self._get(f"/my/service-id/{code}")
            self.assertTrue(answer.headers["Location"].endswith(LIST), role)
        self._log_in("portal")
        for wrong in ("0", "%00", "..%2F..", "x" * 3000, "%E0%B8%81%E0%B9%88"):
            answer = self._get(f"/my/service-id/{wrong}")
            self.assertIn(answer.status_code, (303, 404), wrong)
        self._log_in("public")
        location = self._get(f"/my/service-id/{code}").headers["Location"]
        self.assertIn("/web/login", location)

    # === REPORTS AND FILES === #

    def test_report_routes(self):
        report = "service_contract.report_service_contract"
        for role in ("portal", "portal_stranger", "public", "internal"):
            self._log_in(role)
            for kind in ("html", "pdf", "text"):
                for contract in self.contract | self.contract_of_beta | self.draft:
                    answer = self._get(f"/report/{kind}/{report}/{contract.id}")
                    self.assertNotEqual(answer.status_code, 200, (role, kind))
                    self.assertNotIn(f"Terms of {contract.name}", answer.text)

    def test_files(self):
        """The signed copy and what hangs in the chatter follow the contract."""
        attachments = {
            contract: self.env["ir.attachment"].search(
                [
                    ("res_model", "=", contract._name),
                    ("res_id", "=", contract.id),
                    ("name", "=", "secret.txt"),
                ]
            )
            for contract in self.own | self.others
        }
        for role, seen in (
            ("portal", self.own),
            ("portal_stranger", self.contract_of_beta),
            ("public", self.env["service.contract"]),
            ("internal", self.env["service.contract"]),
        ):
            self._log_in(role)
            for contract, attachment in attachments.items():
                self.assertTrue(attachment)
                for url in (
                    f"/web/content/service.contract/{contract.id}/signed_document",
                    f"/web/content/{attachment.id}",
                    f"/web/content/{attachment.id}?access_token=wrong",
                    f"/web/content/{attachment.id}?access_token={contract.access_token}",
                ):
                    status = self._get(url).status_code
                    case = (role, contract.name, url)
                    if contract not in seen:
                        self.assertNotEqual(status, 200, case)
                    elif "signed" in url:
                        self.assertEqual(status, 200, case)

    # === CHATTER === #

    def test_messages(self):
        """Read and written on the own contracts; by no wrong token on another."""
        for role, seen in (
            ("portal", self.own),
            ("portal_stranger", self.contract_of_beta),
            ("public", self.env["service.contract"]),
        ):
            self._log_in(role)
            for contract in self.own | self.others:
                for token in (None, "wrong", self.contract_of_contact.access_token):
                    if token == contract.access_token:
                        continue
                    case = (role, contract.name, token)
                    may = contract in seen
                    self.assertEqual(self._read_messages(contract, token), may, case)
                    self.assertEqual(self._post_message(contract, token), may, case)

    def _get_thread(self, contract, token):
        thread = {"thread_model": contract._name, "thread_id": contract.id}
        return dict(thread, token=token) if token else thread

    def _read_messages(self, contract, token=None):
        """Tell whether the visitor reads what was written on the contract."""
        result, _error = self._post(
            "/mail/thread/messages", **self._get_thread(contract, token)
        )
        return f"Word about {contract.name}" in json.dumps(result)

    def _post_message(self, contract, token=None):
        """Tell whether the visitor can write on the contract."""
        before = len(contract.message_ids)
        self._post(
            "/mail/message/post",
            post_data={
                "body": "From the portal",
                "message_type": "comment",
                "subtype_xmlid": "mail.mt_comment",
            },
            **self._get_thread(contract, token),
        )
        contract.invalidate_recordset()
        return len(contract.message_ids) > before

    def test_internal_notes_stay_inside(self):
        self.contract.message_post(body="A note among us")
        self.env.flush_all()
        self._log_in("portal")
        result, _error = self._post(
            "/mail/thread/messages",
            thread_model=self.contract._name,
            thread_id=self.contract.id,
        )
        self.assertNotIn("A note among us", json.dumps(result))
        found, _error = self._call(
            "mail.message", "search_read", [("body", "ilike", "among us")], ["body"]
        )
        self.assertFalse(found)

    # === REMOTE CALLS === #

    def test_rpc_reads_own_contracts_only(self):
        everything = (self.own | self.others).ids
        for role, seen in (
            ("portal", self.own),
            ("portal_colleague", self.own),
            ("portal_stranger", self.contract_of_beta),
        ):
            self._log_in(role)
            names = set(seen.mapped("name"))
            found, error = self._call(
                "service.contract", "search_read", [("id", "in", everything)], ["name"]
            )
            self.assertFalse(error)
            self.assertEqual({row["name"] for row in found}, names)
            # refused as a whole, since it looks into serial numbers too
            found, error = self._call("service.contract", "name_search", "SC")
            self.assertTrue(error, found)
            groups, _error = self._call(
                "service.contract", "formatted_read_group", [], ["name"], ["__count"]
            )
            self.assertEqual({group["name"] for group in groups}, names)
            count, _error = self._call("service.contract", "search_count", [])
            self.assertEqual(count, len(seen))
            for contract in self.own | self.others:
                for method, args in (
                    ("read", [["name"]]),
                    ("web_read", [{"name": {}}]),
                    ("export_data", [["name"]]),
                    ("get_portal_url", []),
                    ("message_post", []),
                    ("write", [{"name": "Mine"}]),
                    ("unlink", []),
                    ("copy", []),
                ):
                    result, error = self._call(
                        "service.contract", method, contract.ids, *args
                    )
                    writes = method in ("write", "unlink", "copy", "export_data")
                    if contract in seen and not writes:
                        continue
                    self.assertTrue(error, (role, contract.name, method, result))
                    self.assertNotIn(contract.note, json.dumps(error))

    def test_rpc_reaches_nothing_but_contracts(self):
        """Items, rights, ledger and settings aren't a portal user's models at all."""
        models = sorted(
            name
            for name, model in self.env.registry.items()
            if model._original_module == "service_contract"
            and not model._abstract
            and name != "service.contract"
        )
        self.assertGreater(len(models), 8)
        for role in ("portal", "portal_stranger"):
            self._log_in(role)
            for model in models:
                for method, args in (
                    ("search_read", [[], ["display_name"]]),
                    ("name_search", [""]),
                    ("formatted_read_group", [[], [], ["__count"]]),
                    ("search_count", [[]]),
                    ("create", [{}]),
                    ("web_save", [[], {}, {}]),
                ):
                    result, error = self._call(model, method, *args)
                    self.assertTrue(error, (role, model, method, result))

    def test_rpc_gives_a_customer_nothing_of_the_house(self):
        """Money, labels, sources and the next draft aren't told with the contract."""
        successor = self.contract._create_successors(
            {self.contract: (self.contract.date_end, False)}
        )
        self.assertEqual(self.contract.successor_id, successor)
        self.env.flush_all()
        self._log_in("portal")
        for name in (
            "amount_before_discount",
            "amount_after_discount",
            "tag_ids",
            "successor_id",
            "successor_ids",
            "serial_warning",
            "job_error",
            "activity_ids",
        ):
            result, error = self._call(
                "service.contract", "read", self.contract.ids, [name]
            )
            self.assertTrue(error, (name, result))
        for path in ("item_ids.serial", "line_ids.price_extra", "tag_ids.name"):
            result, error = self._call(
                "service.contract", "search_count", [(path, "ilike", "a")]
            )
            self.assertTrue(error, (path, result))

    def test_related_models_tell_portal_users_nothing(self):
        self._make_invoice()
        self.env.flush_all()
        self._log_in("portal")
        for model, name in (
            ("res.partner", "service_level_id"),
            ("res.partner", "service_contract_count"),
            ("account.move", "service_contract_ids"),
            ("account.move", "service_contract_count"),
            ("account.move", "service_contract_error"),
            ("account.move.line", "service_item_ids"),
        ):
            result, error = self._call(model, "search_read", [], [name])
            self.assertTrue(error, (model, name, result))

    def test_json_route(self):
        for role in ("portal", "technician", "internal"):
            self._log_in(role)
            answer = self._get("/json/1/service-contracts")
            self.assertNotIn("48271", answer.text)
            if role != "technician":
                self.assertNotIn(self.contract.name, answer.text)
