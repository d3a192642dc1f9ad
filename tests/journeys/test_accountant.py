"""The accountant posts an invoice as always, and meets nothing of service contracts."""

import pytest

from support.journey import Hand, call, demo_id


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_post_an_invoice(demo_server, visit, size):
    count = "SELECT count(*) FROM service_contract"
    before = demo_server.sql(count)
    visitor = visit(demo_server, size, login="accountant")
    draft = demo_id(demo_server, "invoice_draft")
    [identifier] = call(visitor, "account.move", "copy", [draft])
    page, hand = visitor.page, Hand(visitor)
    page.goto(f"/odoo/action-account.action_move_out_invoice/{identifier}")
    page.wait_for_selector(".o_form_view .o_form_statusbar")
    visitor.shoot("draft")
    hand.press("action_post")
    page.wait_for_selector("button[name=action_invoice_sent]:visible")
    visitor.shoot("posted")
    assert not page.locator("[name*=service_contract]").count()
    assert not page.get_by_text("Service Contract").count()
    menus = call(visitor, "ir.ui.menu", "load_menus", False)
    assert "Service Contracts" not in str(menus)

    assert demo_server.sql(
        "SELECT state, service_contract_error FROM account_move WHERE id = %s",
        (identifier,),
    ) == [("posted", None)]
    assert demo_server.sql(count) == before
