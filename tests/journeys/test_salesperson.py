"""From the list of posted invoices to a contract in force, mailed and printed."""

import re
from pathlib import Path

import pytest

from support.journey import Hand, demo_id, pdf_text, speak, squeeze

INVOICES = "/odoo/action-account.action_move_out_invoice"
INVOICE = """
SELECT move.name, partner.name, partner.email
FROM account_move move JOIN res_partner partner ON partner.id = move.partner_id
WHERE move.id = %s
"""
CONTRACT = """
SELECT contract.id, contract.name, contract.service_code, contract.state
FROM service_contract contract
JOIN service_contract_source_move_rel rel ON rel.contract_id = contract.id
WHERE rel.move_id = %s
"""
CONTENT = """
SELECT (SELECT count(*) FROM service_contract_line WHERE contract_id = %(id)s),
       array(SELECT name FROM service_contract_item WHERE contract_id = %(id)s)
"""


@pytest.mark.parametrize(
    ("size", "language", "key"),
    [
        ("desktop", "en_US", "textile_new"),
        ("desktop", "th_TH", "garment_new"),
        ("phone", "en_US", "bistro_new"),
        ("phone", "th_TH", "embroidery_new"),
    ],
)
def test_invoice_to_contract(demo_server, visit, wait_for, size, language, key):
    invoice = demo_id(demo_server, f"invoice_{key}")
    [(number, customer, email)] = demo_server.sql(INVOICE, (invoice,))
    visitor = visit(demo_server, size, login="salesperson")
    speak(demo_server, visitor, "salesperson", language)
    page, hand, phone = visitor.page, Hand(visitor), size == "phone"
    page.goto(INVOICES)
    row = f".o_data_row:has-text('{number}'), .o_kanban_record:has-text('{number}')"
    page.wait_for_selector(row)
    visitor.shoot("list")

    hand.click(row)
    hand.press("action_create_service_contract", folded=phone)
    page.wait_for_selector(".modal button[name=action_create]")
    visitor.shoot("wizard")
    hand.click(".modal button[name=action_create]")
    hand.press("action_activate")
    page.wait_for_selector(".o_service_code")
    visitor.shoot("contract")
    [(contract, name, code, state)] = demo_server.sql(CONTRACT, (invoice,))
    assert state == "active"

    hand.press("action_send")
    file = name.replace("/", "-")
    page.wait_for_selector(f".modal [name=attachment_ids] :text('{file}')")
    visitor.shoot("mail")
    hand.click(".modal button[name=action_send_mail]")
    page.wait_for_selector(".modal", state="detached")
    # The form is read again, with the mail in its history.
    page.wait_for_selector(f".o-mail-Message:has-text('{file}')", state="attached")
    page.wait_for_timeout(1000)
    with page.expect_download() as download:
        hand.press("action_print", folded=phone)
    visitor.shoot("printed")
    assert hand.clicks < 10, f"{hand.clicks} clicks"

    [(services, items)] = demo_server.sql(CONTENT, {"id": contract})
    assert services and items
    expected = [customer, name, code, *items]
    thai = key in ("garment_new", "embroidery_new")
    printed = Path(download.value.path()).read_bytes()
    check_document(printed, expected, thai)

    mails = wait_for(
        lambda: [mail for mail in demo_server.mails() if email in str(mail["to"])],
        f"a mail to {email}",
    )
    assert name in mails[-1]["subject"]
    assert code in squeeze(mails[-1]["subject"])
    attached = [
        part
        for part in mails[-1].iter_attachments()
        if part.get_content_type() == "application/pdf"
    ]
    assert len(attached) == 1
    check_document(attached[0].get_content(), expected, thai)


def check_document(content, expected, thai):
    text = pdf_text(content)
    assert [part for part in expected if squeeze(part) not in text] == []
    assert bool(re.search("[ก-๛]", text)) == thai


def test_covered_already(demo_server, visit):
    """The action of the list, on invoices with contracts: it says so."""
    keys = ("resort", "resort_new")
    invoices = [demo_id(demo_server, f"invoice_{key}") for key in keys]
    names = [demo_server.sql(INVOICE, (invoice,))[0][0] for invoice in invoices]
    [(contract, _name, _code, _state)] = demo_server.sql(CONTRACT, (invoices[0],))
    visitor = visit(demo_server, "desktop", login="salesperson")
    speak(demo_server, visitor, "salesperson", "en_US")
    page = visitor.page
    page.goto(INVOICES)
    for name in names:
        row = page.locator(f".o_data_row:has-text('{name}')")
        row.locator(".o_list_record_selector input").check()
    page.locator(".o_control_panel .o_cp_action_menus button:visible").last.click()
    page.locator(".o_menu_item:has-text('Create Service Contracts')").click()
    rows = page.locator(".modal .o_data_row")
    rows.first.wait_for()
    visitor.shoot("wizard")
    goods = rows.locator("visible=true").filter(has_text="SC/")
    assert goods.count() == 2
    assert not goods.locator("[name=is_item] input:checked").count()
    assert demo_server.sql(CONTRACT, (invoices[0],))[0][0] == contract
