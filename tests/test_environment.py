"""The ground under the other tests: a real server, browsers of both sizes, mails,
PDFs."""

import pytest

from support.browser import Visitor


def test_server_answers_and_code_runs_beside_it(server):
    names = server.run("result = env['res.lang'].search([]).mapped('code')")
    assert {"en_US", "th_TH"} <= set(names)
    assert server.sql("SELECT count(*) FROM res_users WHERE login = 'admin'") == [(1,)]


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_log_in_with_a_browser(server, visit, size):
    visitor = visit(server, size).log_in("admin")
    visitor.page.wait_for_selector(".o_web_client")
    assert visitor.shoot("home").exists()


def test_a_new_visit_begins_anew(server, devices):
    """On the same device, but logged out and with nothing remembered."""
    first = Visitor(devices, "desktop", server, "first", login="admin").enter("admin")
    first.page.goto("/odoo")
    first.page.wait_for_selector(".o_main_navbar")
    first.page.evaluate("localStorage.left = sessionStorage.left = 'here'")
    first.leave()
    again = Visitor(devices, "desktop", server, "again", login="admin")
    assert again.page is first.page
    again.page.goto("/odoo")
    again.page.wait_for_selector("input[name=login]")
    assert not again.page.evaluate("localStorage.left || sessionStorage.left")
    assert again.enter("admin").context.cookies()
    again.page.goto("/odoo")
    again.page.wait_for_selector(".o_main_navbar")
    again.close()


def test_mails_stay_on_this_machine(server):
    server.run("""
env['mail.mail'].create({
    'subject': 'สัญญา',
    'body_html': '<p>สวัสดี</p>',
    'email_from': 'us@example.com',
    'email_to': 'you@example.com',
}).send(raise_exception=True)
""")
    assert server.mails()[-1]["subject"] == "สัญญา"


def test_killed_server_starts_again(new_server):
    server = new_server()
    server.kill()
    server.start()
    server.sql("SELECT 1")


def test_processes_beside_each_other(server):
    """Two processes on one database, one of them killed in the middle of its
    transaction."""
    code = """
import time
env['res.partner'].create({'name': name})
env.cr.flush()
time.sleep(wait)
"""
    slow = server.spawn(code, name="Never kept", wait=60)
    quick = server.spawn(code, name="Kept", wait=0)
    assert quick.wait(60) == 0
    slow.kill()
    slow.wait()
    assert server.sql(
        "SELECT name FROM res_partner WHERE name IN ('Kept', 'Never kept')"
    ) == [("Kept",)]
