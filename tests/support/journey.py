"""What the journeys of several people have in common."""

import re
import unicodedata

import pymupdf


def demo_id(server, name):
    """Return the database id of a record of the demo data."""
    rows = server.sql(
        "SELECT res_id FROM ir_model_data"
        " WHERE module = 'service_contract' AND name = %s",
        (f"demo_{name}",),
    )
    return rows[0][0]


def call(visitor, model, method, *arguments):
    """Call a method as the visitor, past the screen."""
    answer = visitor.page.request.post(
        f"/web/dataset/call_kw/{model}/{method}",
        data={
            "jsonrpc": "2.0",
            "params": {
                "model": model,
                "method": method,
                "args": list(arguments),
                "kwargs": {},
            },
        },
    ).json()
    assert "error" not in answer, answer["error"]
    return answer["result"]


def speak(server, visitor, login, language):
    """Let a person read Odoo in ``language``."""
    user = demo_id(server, f"user_{login}")
    for _n in range(10):
        # Not written anew: that empties the caches of the server.
        if call(visitor, "res.users", "context_get")["lang"] == language:
            return
        # Another request of the page just left may remember the former one.
        call(visitor, "res.users", "write", [user], {"lang": language})
    raise AssertionError(f"{login} doesn't speak {language}")


class Hand:
    """Counts the clicks of a person, and finds buttons that a phone folds away."""

    def __init__(self, visitor):
        self.page = visitor.page
        self.clicks = 0

    def click(self, selector, **options):
        self.clicks += 1
        self.page.locator(selector).locator("visible=true").first.click(**options)

    def press(self, name, folded=False):
        """Press the button of a form's header that is called ``name``.

        :param folded: it is behind the three dots, as on a phone
        """
        if folded:
            self.click(".o_statusbar_buttons .dropdown-toggle")
            # The sheet slides in; scrolling to a button on its way would close it.
            self.page.wait_for_timeout(1000)
        self.click(f"button[name={name}]")


def pdf_text(content):
    """Return the text of a PDF, without the blanks that its lay-out put in."""
    with pymupdf.open(stream=content, filetype="pdf") as document:
        return squeeze("".join(page.get_text() for page in document))


def squeeze(text):
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
