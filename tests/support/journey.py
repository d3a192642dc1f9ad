"""What the journeys of several people have in common."""

import io
import re
import unicodedata

from pypdf import PdfReader

# What the fonts of Debian put into a PDF for Thai marks above other marks.
THAI_VARIANTS = str.maketrans(
    {
        **dict(
            zip("\uf701\uf702\uf703\uf704", "\u0e34\u0e35\u0e36\u0e37", strict=True)
        ),
        **{chr(0xF705 + n): chr(0x0E48 + n) for n in range(5)},
        **{chr(0xF70A + n): chr(0x0E48 + n) for n in range(5)},
        **{chr(0xF713 + n): chr(0x0E48 + n) for n in range(5)},
        **dict(zip("\uf710\uf711\uf712", "\u0e31\u0e4d\u0e47", strict=True)),
        **dict(zip("\uf718\uf719\uf71a", "\u0e38\u0e39\u0e3a", strict=True)),
        "\uf700": "\u0e10",
        "\uf70f": "\u0e0d",
    }
)


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
        self.click(f"button[name={name}]")


def pdf_text(content):
    """Return the text of a PDF, without the blanks that its lay-out put in."""
    pages = PdfReader(io.BytesIO(content)).pages
    return squeeze("".join(page.extract_text() for page in pages))


def squeeze(text):
    plain = unicodedata.normalize("NFKC", text.translate(THAI_VARIANTS))
    return re.sub(r"\s+", "", plain)
