"""Warnings and errors in Odoo's log: which of them our addons caused."""

import re
from pathlib import Path

from .console import Failure
from .paths import ROOT

LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (?P<pid>\d+) (?P<level>[A-Z]+) "
    r"(?P<database>\S+) (?P<logger>\S+): (?P<text>.*)$"
)
BAD = {"WARNING", "ERROR", "CRITICAL"}
# Two transactions met: PostgreSQL ends one, Odoo runs it again.
RETRIED = re.compile(
    r"could not serialize access|deadlock detected|could not obtain lock on row"
)
# A dialog that leads to another one.
LED_ON = "\nodoo.exceptions.RedirectWarning: "


def entries(text):
    """Yield (level, logger, text) of a log; a traceback belongs to the line above
    it."""
    current = None
    for line in text.splitlines():
        if found := LINE.match(line):
            if current:
                yield tuple(current)
            current = [found["level"], found["logger"], found["text"]]
        elif current:
            current[2] += "\n" + line
        elif line.strip():
            # Printed before logging began, or past it: warnings of Python, a crash.
            current = [
                "WARNING" if "Warning:" in line or "Traceback" in line else "INFO",
                "",
                line,
            ]
    if current:
        yield tuple(current)


def general(logger, text):
    """Return the entry without what differs from run to run, to recognise it in another
    log."""
    text = re.sub(r"\b[0-9a-f]{8,}\b|\d+", "N", text.splitlines()[0] if text else "")
    return f"{logger}: {text}"[:300]


def known_warnings(log):
    """Return what a database of core modules alone already complains about."""
    return sorted(
        {
            general(logger, text)
            for level, logger, text in entries(_read(log))
            if level in BAD
        }
    )


def mentions(names, logger, text):
    """Tell whether an entry names one of our addons: as a logger, a path, a module, a
    model, a table or an XML id."""
    exact = "|".join(re.escape(name) for name in names)
    # Their models and tables share the first word: service.visit, service_visit.
    families = "|".join(sorted({re.escape(name.partition("_")[0]) for name in names}))
    pattern = re.compile(
        rf"(?<![\w.])(?:odoo\.addons\.)?(?:{exact})(?![a-zA-Z])"
        rf"|(?<![\w./])(?:{families})[._][a-z]|{re.escape(str(ROOT))}/(?!\.)"
    )
    return bool(pattern.search(logger) or pattern.search(text))


def is_ordinary(logger, text):
    """Tell whether an entry is part of ordinary life, though logged as an error."""
    return (logger == "odoo.sql_db" and bool(RETRIED.search(text))) or (
        logger == "odoo.http" and LED_ON in text
    )


def caused_by(names, text, known=None):
    """Return the entries of a log that the addons ``names`` have to answer for.

    With ``known`` (the log of an installation): everything that core alone doesn't say
    too. Without (the log of a server): what names them, and every error.
    """
    found = []
    for level, logger, message in entries(text):
        if level not in BAD or is_ordinary(logger, message):
            continue
        if known is None:
            guilty = level != "WARNING" or mentions(names, logger, message)
        else:
            guilty = general(logger, message) not in known or mentions(
                names, logger, message
            )
        if guilty:
            found.append(f"{level} {logger}: {message}")
    return found


def check_log(log, names, known, what):
    """Fail if a log has warnings or errors that the addons caused."""
    found = caused_by(names, _read(log), known)
    if found:
        listed = "\n".join(
            "    " + entry.replace("\n", "\n      ") for entry in found[:20]
        )
        raise Failure(
            f"{what} made Odoo complain, {len(found)} time(s):\n{listed}\n  The whole "
            f"log: {log}",
            "mend what is named above: a clean log is part of the tests",
        )


def _read(log):
    return Path(log).read_text(encoding="utf-8", errors="replace")
