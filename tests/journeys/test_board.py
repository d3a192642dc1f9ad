"""The board of renewals: who decides drags a card, what nobody decides is refused."""

import pytest

from support.journey import speak

STATES = ["due", "accepted", "invoiced", "renewed", "declined", "lapsed"]
DECISION = """
SELECT renewal_state, renewal_decision FROM service_contract WHERE id = %s
"""
DUE = """
SELECT id, name FROM service_contract
WHERE renewal_state = 'due' AND renewal_decision IS NULL
  AND state IN ('active', 'grace')
ORDER BY date_end, id LIMIT 1
"""
LANGUAGES = pytest.mark.parametrize("language", ["en_US", "th_TH"])


class Board:
    """The board, and the mouse of a manager."""

    def __init__(self, server, visit, language):
        self.server = server
        self.visitor = visit(server, "desktop", login="manager")
        self.page = self.visitor.page
        # All six columns on the screen: the mouse reaches each.
        self.page.set_viewport_size({"width": 1920, "height": 900})
        speak(server, self.visitor, "manager", language)
        [(self.contract, self.number)] = server.sql(DUE)
        self.page.goto("/odoo/service-renewal-board")
        self.page.wait_for_selector(".o_kanban_group .o_kanban_record")

    def column(self, state):
        return self.page.locator(".o_kanban_group").nth(STATES.index(state))

    def card(self, state):
        return self.column(state).locator(f".o_kanban_record:has-text('{self.number}')")

    def drag(self, here, there):
        """Drag the card as a hand does: a little first, then all the way.

        Returns when the server has answered.
        """
        self.card(here).scroll_into_view_if_needed()
        start = self.card(here).bounding_box()
        goal = self.column(there).bounding_box()
        mouse = self.page.mouse
        with self.page.expect_response(lambda answer: "web_save" in answer.url):
            mouse.move(start["x"] + 20, start["y"] + 15)
            mouse.down()
            mouse.move(start["x"] + 40, start["y"] + 30, steps=5)
            mouse.move(goal["x"] + goal["width"] / 2, start["y"] + 40, steps=15)
            mouse.up()

    def decision(self):
        return self.server.sql(DECISION, (self.contract,))[0]


@LANGUAGES
def test_a_card_is_dragged_to_decide(demo_server, visit, language):
    board = Board(demo_server, visit, language)
    board.visitor.shoot("board")
    board.drag("due", "accepted")
    board.card("accepted").wait_for()
    assert board.decision() == ("accepted", "accepted")
    board.visitor.shoot("accepted")
    board.drag("accepted", "due")
    board.card("due").wait_for()
    assert board.decision() == ("due", None)


@LANGUAGES
def test_a_refusal_asks_for_its_reason(demo_server, visit, language):
    board = Board(demo_server, visit, language)
    board.drag("due", "declined")
    board.page.locator(".modal .btn-primary").click()
    board.page.wait_for_selector(".modal [name=reason_id]")
    board.visitor.shoot("reason")
    assert board.decision() == ("due", None)


@LANGUAGES
def test_what_nobody_decides_is_refused(demo_server, visit, language):
    board = Board(demo_server, visit, language)
    board.drag("due", "renewed")
    board.page.wait_for_selector(".modal, .o_notification")
    board.visitor.shoot("refused")
    board.card("due").wait_for()
    assert board.decision() == ("due", None)
