"""Reports as PDF by Chromium: bodies are printed, headers and footers are laid over
their pages.

Runs in the virtual environment (playwright, pypdf). Odoo starts it like wkhtmltopdf:
for the demo and the tests it stands in for the version with patched Qt, which no
package archive has.
"""

import html
import io
import os
import re
import resource
import sys
import urllib.parse
from pathlib import Path

from .pdf_options import VERSION, parse

# wkhtmltopdf's "smart shrinking" makes a pixel this much smaller than 1/96 inch.
SHRINK = 0.78
CHUNK = 40  # pages whose headers and footers are drawn in one go
QUIET = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update "
    "--disable-sync --disable-extensions --no-sandbox --disable-dev-shm-usage "
    "--font-render-hinting=none"
).split()
NOWHERE = "http://report.invalid"


def main(arguments):
    if "--version" in arguments or "-V" in arguments:
        print(VERSION)
        return 0
    # Odoo limits the memory of its own process, and so of ours: Chromium reserves far
    # more than it uses.
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        options = parse(arguments)
        pdf = Engine(options).draw()
    except Exception as error:  # whatever it is, Odoo shows it to the user
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    if options.output == "-":
        sys.stdout.buffer.write(pdf)
    else:
        Path(options.output).write_bytes(pdf)
    return 0


def _browser():
    from .system import find_browser

    path = find_browser()
    if not path:
        raise RuntimeError(
            "no Chromium on this machine: install the package chromium, or set "
            "CHROME_BIN"
        )
    return path


class Engine:
    """One call: a browser, the documents, one PDF."""

    def __init__(self, options):
        self.options = options
        self.width, self.height = options.paper()
        self.scale = SHRINK if options.shrink else 1
        self.documents = [self._read(name) for name in options.bodies]
        self.header = self._read(options.header) if options.header else ""
        self.footer = self._read(options.footer) if options.footer else ""
        self.origin = next(
            filter(None, map(self._base, (*self.documents, self.header))), NOWHERE
        )
        self.served = {}

    def draw(self):
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=_browser(), args=QUIET)
            context = browser.new_context(
                ignore_https_errors=True, extra_http_headers=self.options.headers
            )
            context.add_cookies(self._cookies())
            context.route(f"{self.origin}/__print__/**", self._serve)
            self.page = context.new_page()
            self.page.emulate_media(
                media="print" if self.options.print_media else "screen"
            )
            try:
                return self._compose()
            finally:
                browser.close()

    def _compose(self):
        from pypdf import PdfReader, PdfWriter

        printed = [
            PdfReader(io.BytesIO(self._print_body(number)))
            for number in range(len(self.documents))
        ]
        where = [
            (number, page, len(document.pages))
            for number, document in enumerate(printed)
            for page in range(1, len(document.pages) + 1)
        ]
        overlays = self._overlays(where)
        writer = PdfWriter()
        marks = []
        for (number, page, _count), overlay in zip(where, overlays, strict=True):
            writer.add_page(printed[number].pages[page - 1])
            sheet = writer.pages[-1]
            if overlay:
                sheet.merge_page(overlay)
            if page == 1:
                marks.append((self._title(number), len(writer.pages) - 1))
        self._mark(writer, marks)
        writer.add_metadata(
            {"/Title": self.options.title or self._title(0), "/Producer": VERSION}
        )
        result = io.BytesIO()
        writer.write(result)
        return result.getvalue()

    @staticmethod
    def _mark(writer, marks):
        """Write an outline with one entry for each document, the way that Odoo reads it
        to cut them apart again."""
        from pypdf.generic import (
            ArrayObject,
            DictionaryObject,
            NameObject,
            NullObject,
            NumberObject,
        )

        places = DictionaryObject()
        for number, (title, page) in enumerate(marks):
            entry = writer.add_outline_item(title, page).get_object()
            entry.pop(NameObject("/A"), None)
            name = NameObject(f"/document{number}")
            entry[NameObject("/Dest")] = name
            place = [
                NumberObject(page),
                NameObject("/XYZ"),
                NullObject(),
                NullObject(),
                NullObject(),
            ]
            places[name] = ArrayObject(place)
        writer.root_object[NameObject("/Dests")] = places

    # -- bodies

    def _print_body(self, number):
        self._open(f"body-{number}", self.documents[number])
        options = self.options
        margins = {
            "top": options.top,
            "bottom": options.bottom,
            "left": options.left,
            "right": options.right,
        }
        return self._pdf({side: f"{value}mm" for side, value in margins.items()})

    def _pdf(self, margin):
        return self.page.pdf(
            width=f"{self.width}mm",
            height=f"{self.height}mm",
            margin=margin,
            scale=self.scale,
            print_background=True,
        )

    def _open(self, name, document):
        self.served[name] = document
        self.page.goto(
            f"{self.origin}/__print__/{name}", wait_until="load", timeout=60_000
        )
        self.page.evaluate("document.fonts.ready.then(() => true)")

    # -- headers and footers

    def _overlays(self, where):
        """Return for each page a sheet with its header and footer, drawn many at a
        time."""
        options = self.options
        if not (
            self.header or self.footer or options.header_line or options.footer_line
        ):
            return [None] * len(where)
        from pypdf import PdfReader

        self.served.update({"header": self.header, "footer": self.footer})
        sheets = []
        for start in range(0, len(where), CHUNK):
            chunk = where[start : start + CHUNK]
            boxes = "".join(self._sheet(*place) for place in chunk)
            self._open(
                f"overlay-{start}",
                f"<!DOCTYPE html><style>{self._style()}</style><body>{boxes}",
            )
            for frame in self.page.frames[1:]:
                frame.evaluate("document.fonts.ready.then(() => true)")
            sheets += PdfReader(io.BytesIO(self._pdf({}))).pages[: len(chunk)]
        return sheets

    def _style(self):
        return (
            "html, body {margin: 0; padding: 0; background: transparent}"
            ".sheet {position: relative; overflow: hidden; break-after: page;"
            f" width: {self._mm(self.width)};"
            # A hair less than the sheet, so that rounding doesn't add an empty one.
            f" height: {self._mm(self.height - 0.2)}}}"
            ".sheet:last-child {break-after: auto}"
            "iframe, hr {position: absolute; border: 0; margin: 0; padding: 0}"
            "hr {border-top: 1px solid black}"
        )

    def _sheet(self, number, page, count):
        options = self.options
        wide = self.width - options.left - options.right
        across = f"left: {self._mm(options.left)}; width: {self._mm(wide)};"
        bottom = self.height - options.bottom
        parts = []
        if self.header:
            # As wkhtmltopdf does it: "spacing" is how far above the text the header
            # begins.
            top = max(options.top - options.header_spacing, 0)
            high = options.header_spacing or options.top
            parts.append(self._frame("header", across, top, high, number, page, count))
        if self.footer:
            parts.append(
                self._frame(
                    "footer",
                    across,
                    bottom + options.footer_spacing,
                    options.bottom,
                    number,
                    page,
                    count,
                )
            )
        if options.header_line:
            parts.append(f'<hr style="{across} top: {self._mm(options.top)}">')
        if options.footer_line:
            parts.append(f'<hr style="{across} top: {self._mm(bottom)}">')
        return f'<div class="sheet">{"".join(parts)}</div>'

    def _frame(self, name, across, top, high, number, page, count):
        values = {
            "page": page,
            "topage": count,
            "frompage": 1,
            "sitepage": page,
            "sitepages": count,
            "webpage": os.path.basename(self.options.bodies[number]),
            "section": "",
            "subsection": "",
            "subsubsection": "",
            "title": self._title(number),
            "doctitle": self._title(number),
        }
        address = html.escape(
            f"{self.origin}/__print__/{name}?{urllib.parse.urlencode(values)}"
        )
        style = f"{across} top: {self._mm(top)}; height: {self._mm(high)}"
        return f'<iframe src="{address}" style="{style}" scrolling="no"></iframe>'

    def _mm(self, value):
        """Return a length that is ``value`` millimetres on paper, whatever the
        scale."""
        return f"{value / self.scale:.3f}mm"

    # -- around

    def _serve(self, route):
        """Give the documents to the browser as pages of the server that their styles
        and pictures come from."""
        name = urllib.parse.urlsplit(route.request.url).path.rpartition("/")[2]
        if name in self.served:
            route.fulfill(
                body=self.served[name], content_type="text/html; charset=utf-8"
            )
        else:
            route.abort()

    def _cookies(self):
        domain = urllib.parse.urlsplit(self.origin).hostname
        cookies = [(name, value, domain) for name, value in self.options.cookies]
        if self.options.cookie_jar and os.path.exists(self.options.cookie_jar):
            for line in Path(self.options.cookie_jar).read_text().splitlines():
                name, _equals, rest = line.partition("=")
                value, *attributes = [part.strip() for part in rest.split(";")]
                own = [
                    part.partition("=")[2]
                    for part in attributes
                    if part.lower().startswith("domain=")
                ]
                if name and value:
                    cookies.append(
                        (name.strip(), value, own[0] if own and own[0] else domain)
                    )
        return [
            {"name": name, "value": value, "domain": place, "path": "/"}
            for name, value, place in cookies
        ]

    def _title(self, number):
        found = re.search(
            r"<title[^>]*>(.*?)</title>|<h[12][^>]*>(.*?)</h[12]>",
            self.documents[number],
            re.S | re.I,
        )
        text = (
            re.sub(
                r"<[^>]+>|\s+", " ", html.unescape(found[1] or found[2] or "")
            ).strip()
            if found
            else ""
        )
        return text or f"Document {number + 1}"

    @staticmethod
    def _read(name):
        if name == "-":
            return sys.stdin.read()
        return Path(name.removeprefix("file://")).read_text(
            encoding="utf-8", errors="replace"
        )

    @staticmethod
    def _base(document):
        found = re.search(
            r"<base\b[^>]*\bhref=[\"']?(https?://[^\"'/>\s]+)", document, re.I
        )
        return found[1] if found else ""
