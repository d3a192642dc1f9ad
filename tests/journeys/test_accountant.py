"""The accountant posts an invoice as always, and meets nothing of service contracts."""

from support.journey import Hand, demo_id


def test_post_an_invoice(demo_server, visit):
    identifier = demo_id(demo_server, "invoice_draft")
    count = "SELECT count(*) FROM service_contract"
    before = demo_server.sql(count)
    visitor = visit(demo_server, "desktop", login="accountant")
    page, hand = visitor.page, Hand(visitor)
    page.goto(f"/odoo/action-account.action_move_out_invoice/{identifier}")
    page.wait_for_selector(".o_form_view .o_form_statusbar")
    visitor.shoot("draft")
    hand.press("action_post")
    page.wait_for_selector("button[name=action_invoice_sent]:visible")
    visitor.shoot("posted")
    assert not page.locator("[name*=service_contract]").count()
    assert not page.get_by_text("Service Contract").count()
    page.locator(".o_navbar_apps_menu button").click()
    page.wait_for_selector(".o_app")
    assert not page.locator(".o_app:has-text('Service Contracts')").count()

    assert demo_server.sql(
        "SELECT state, service_contract_error FROM account_move WHERE id = %s",
        (identifier,),
    ) == [("posted", None)]
    assert demo_server.sql(count) == before
