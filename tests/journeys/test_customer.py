"""The customer's own pages: the list, one contract, its PDF, a message."""

from pathlib import Path

import pytest

from support.journey import demo_id, pdf_text, squeeze

CONTRACTS = "/my/service-contracts"
CONTRACT = """
SELECT contract.name, contract.service_code, customer.name,
       array(SELECT serial FROM service_contract_item WHERE contract_id = contract.id)
FROM service_contract contract JOIN res_partner customer ON customer.id = partner_id
WHERE contract.id = %s
"""
OWN = """
SELECT count(*) FROM service_contract
WHERE state != 'draft' AND partner_id = (
    SELECT partner_id FROM service_contract WHERE id = %s
)
"""
MANY = """
contract = env["service.contract"].browse(like)
contracts = contract.with_company(contract.company_id).create([
    {
        "partner_id": contract.partner_id.id,
        "company_id": contract.company_id.id,
        "item_ids": [(0, 0, {"name": "Mixer", "serial": f"MANY-{n:03}"})],
    }
    for n in range(85)
])
contracts.action_activate()
result = len(contracts)
"""


class Facts:
    """What the database says of a contract of the demo data."""

    def __init__(self, server, key):
        self.id = demo_id(server, f"contract_{key}")
        [(self.name, self.code, self.customer, self.serials)] = server.sql(
            CONTRACT, (self.id,)
        )
        [(self.count,)] = server.sql(OWN, (self.id,))


def rows(page):
    return page.locator("table.o_portal_my_doc_table tbody tr")


@pytest.mark.parametrize(
    ("login", "key", "size", "language"),
    [
        ("portal_english", "ending", "desktop", "en-US"),
        ("portal_thai", "two_machines", "phone", "th-TH"),
    ],
)
def test_own_contracts(demo_server, visit, login, key, size, language):
    facts = Facts(demo_server, key)
    visitor = visit(demo_server, size, login=login, language=language)
    page = visitor.page
    page.goto("/my/home")
    page.locator(f"a[href='{CONTRACTS}']:visible").wait_for()
    answer = page.request.post(
        "/my/counters",
        data={"jsonrpc": "2.0", "params": {"counters": ["service_contract_count"]}},
    )
    assert answer.json()["result"]["service_contract_count"] == facts.count
    visitor.shoot("home", full_page=True)

    page.goto(CONTRACTS)
    visitor.shoot("list", full_page=True)
    assert rows(page).count() == facts.count

    page.get_by_role("link", name=facts.name).click()
    page.wait_for_selector(".o_service_code")
    visitor.shoot("contract", full_page=True)
    assert squeeze(page.locator(".o_service_code").inner_text()) == squeeze(facts.code)
    shown = page.locator("#wrapwrap").inner_text()
    assert all(serial in shown for serial in facts.serials)

    with page.expect_download() as download:
        page.locator("a[href*='report_type=pdf']:visible").first.click()
    text = pdf_text(Path(download.value.path()).read_bytes())
    assert squeeze(facts.code) in text
    assert squeeze(facts.customer) in text

    box = page.locator("#service_contract_messages textarea:visible").first
    box.scroll_into_view_if_needed()
    box.fill("เครื่องที่สองเสียงดัง <b>please call</b>")
    page.locator("#service_contract_messages .o-mail-Composer-send:visible").click()
    page.get_by_text("<b>please call</b>").first.wait_for()
    visitor.shoot("message", full_page=True)
    written = demo_server.sql(
        "SELECT count(*) FROM mail_message WHERE model = 'service.contract' "
        "AND res_id = %s AND message_type = 'comment' AND body LIKE '%%please call%%'",
        (facts.id,),
    )
    assert written == [(1,)]


@pytest.mark.parametrize("suffix", ["", "?report_type=pdf", "/signed"])
def test_nobody_elses_contract(demo_server, visit, suffix):
    other = demo_id(demo_server, "contract_two_machines")
    visitor = visit(demo_server, "desktop", login="portal_english")
    visitor.page.goto(f"{CONTRACTS}/{other}{suffix}")
    assert visitor.page.url.rstrip("/").endswith("/my")


def test_long_list(demo_server, visit):
    """Sorting, filters, search and pages, over more contracts than a page holds."""
    facts = Facts(demo_server, "ending")
    made = demo_server.run(MANY, like=facts.id)
    total = facts.count + made
    visitor = visit(demo_server, "desktop", login="portal_english")
    page = visitor.page
    page.goto(CONTRACTS)
    assert rows(page).count() == 80
    page.locator(".o_portal_pager a, .pagination a").get_by_text("2").first.click()
    page.wait_for_url("**/page/2*")
    assert rows(page).count() == total - 80
    visitor.shoot("page-2")

    page.goto(f"{CONTRACTS}?sortby=name")
    numbers = [text.strip() for text in rows(page).locator("a").all_inner_texts()]
    assert numbers == sorted(numbers, reverse=True)
    page.goto(f"{CONTRACTS}?filterby=suspended")
    assert rows(page).count() == 0
    visitor.shoot("none")

    serial = facts.serials[0]
    for text, field in (
        (serial, "item"),
        (f"{facts.code[:4]}-{facts.code[4:]}", "code"),
        (serial, "all"),
    ):
        page.goto(f"{CONTRACTS}?search={text}&search_in={field}")
        assert rows(page).count() == 1, (text, field)
        assert facts.name in rows(page).inner_text()
    visitor.shoot("found")
