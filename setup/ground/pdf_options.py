"""The part of wkhtmltopdf's command line that Odoo uses, and a little more."""

import re
from dataclasses import dataclass, field

# Odoo asks for 0.12.2 at least, and prints several documents at once only "with patched
# qt".
VERSION = "wkhtmltopdf 0.12.6 (with patched qt)"

# Width and height in millimetres, by the names of Odoo's paper formats.
PAPER = {
    "a0": (841, 1189),
    "a1": (594, 841),
    "a2": (420, 594),
    "a3": (297, 420),
    "a4": (210, 297),
    "a5": (148, 210),
    "a6": (105, 148),
    "a7": (74, 105),
    "a8": (52, 74),
    "a9": (37, 52),
    "b0": (1000, 1414),
    "b1": (707, 1000),
    "b2": (500, 707),
    "b3": (353, 500),
    "b4": (250, 353),
    "b5": (176, 250),
    "b6": (125, 176),
    "b7": (88, 125),
    "b8": (62, 88),
    "b9": (44, 62),
    "b10": (31, 44),
    "c5e": (163, 229),
    "comm10e": (105, 241),
    "dle": (110, 220),
    "executive": (190.5, 254),
    "folio": (210, 330),
    "ledger": (431.8, 279.4),
    "legal": (215.9, 355.6),
    "letter": (215.9, 279.4),
    "tabloid": (279.4, 431.8),
}
MILLIMETRES = {
    "mm": 1,
    "cm": 10,
    "in": 25.4,
    "inch": 25.4,
    "pt": 25.4 / 72,
    "px": 25.4 / 96,
    "": 1,
}

# Options that take a value but change nothing in a drawing by Chromium.
IGNORED_WITH_VALUE = {
    "--dpi",
    "--zoom",
    "--javascript-delay",
    "--viewport-size",
    "--image-dpi",
    "--image-quality",
    "--load-error-handling",
    "--load-media-error-handling",
    "--encoding",
    "--log-level",
    "--window-status",
    "--minimum-font-size",
    "--allow",
    "--cache-dir",
}


@dataclass
class Options:
    """What is to be drawn, and how. Lengths in millimetres."""

    bodies: list = field(default_factory=list)
    output: str = ""
    header: str = ""
    footer: str = ""
    page_size: str = "A4"
    page_width: float = 0
    page_height: float = 0
    landscape: bool = False
    top: float = 10
    bottom: float = 10
    left: float = 10
    right: float = 10
    header_spacing: float = 0
    footer_spacing: float = 0
    header_line: bool = False
    footer_line: bool = False
    shrink: bool = True
    print_media: bool = False
    title: str = ""
    cookies: list = field(default_factory=list)
    cookie_jar: str = ""
    headers: dict = field(default_factory=dict)

    def paper(self):
        """Return width and height of the sheet."""
        width, height = PAPER.get(self.page_size.lower(), PAPER["a4"])
        width, height = self.page_width or width, self.page_height or height
        return (height, width) if self.landscape and height > width else (width, height)


def length(text):
    """Return a length such as ``210mm``, ``8.5in`` or ``7`` (millimetres) as a
    number."""
    found = re.fullmatch(r"([0-9.]+)\s*([a-zA-Z]*)", text.strip())
    if not found or found[2].lower() not in MILLIMETRES:
        raise ValueError(f"“{text}” is no length")
    return float(found[1]) * MILLIMETRES[found[2].lower()]


LENGTHS = {
    "--margin-top": "top",
    "-T": "top",
    "--margin-bottom": "bottom",
    "-B": "bottom",
    "--margin-left": "left",
    "-L": "left",
    "--margin-right": "right",
    "-R": "right",
    "--page-width": "page_width",
    "--page-height": "page_height",
    "--header-spacing": "header_spacing",
    "--footer-spacing": "footer_spacing",
}
TEXTS = {
    "--header-html": "header",
    "--footer-html": "footer",
    "--page-size": "page_size",
    "-s": "page_size",
    "--cookie-jar": "cookie_jar",
    "--title": "title",
}
FLAGS = {
    "--header-line": ("header_line", True),
    "--footer-line": ("footer_line", True),
    "--disable-smart-shrinking": ("shrink", False),
    "--print-media-type": ("print_media", True),
}


def parse(arguments):
    """Read the command line; unknown flags are let pass, as they can't harm."""
    options = Options()
    rest = list(arguments)
    files = []
    while rest:
        name = rest.pop(0)
        if name in LENGTHS:
            setattr(options, LENGTHS[name], length(rest.pop(0)))
        elif name in TEXTS:
            setattr(options, TEXTS[name], rest.pop(0))
        elif name in FLAGS:
            setattr(options, *FLAGS[name])
        elif name in ("--orientation", "-O"):
            options.landscape = rest.pop(0).lower() == "landscape"
        elif name == "--cookie":
            options.cookies.append((rest.pop(0), rest.pop(0)))
        elif name == "--custom-header":
            options.headers[rest.pop(0)] = rest.pop(0)
        elif name in IGNORED_WITH_VALUE:
            rest.pop(0)
        elif not name.startswith("-") or name == "-":
            files.append(name)
    if len(files) < 2:
        raise ValueError("give at least one input and the output")
    *options.bodies, options.output = [
        name for name in files if name not in ("page", "cover")
    ]
    return options
