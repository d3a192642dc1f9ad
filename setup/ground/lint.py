"""Style and common mistakes: ruff, pylint-odoo and the layout of XML files."""

import argparse
import re
import subprocess
import xml.parsers.expat

from .addons import discover
from .console import say, step
from .paths import ROOT
from .session import session

# What djhtml, which only moves lines, leaves alone.
TAG = re.compile(r"""<[\w:][^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""")
COMMENTS = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)


def lint(arguments):
    parser = argparse.ArgumentParser(prog="setup/lint", description=__doc__)
    parser.add_argument("--fix", action="store_true", help="mend what can be mended")
    parser.add_argument("--only", choices=sorted(CHECKS), help="run one of the checks")
    options = parser.parse_args(arguments)
    with session(server=False) as current:
        failed = []
        for name, check in CHECKS.items():
            if options.only in (None, name):
                with step(name):
                    if not check(current, options.fix):
                        failed.append(name)
    if failed:
        say(f"\n✗ {', '.join(failed)} complained (setup/lint --fix mends the layout)")
    return 1 if failed else 0


def _run(current, *command):
    done = subprocess.run(
        [current.venv / "bin" / command[0], *command[1:]],
        cwd=ROOT,
        env=current.env(),
        check=False,
    )
    return done.returncode == 0


def _ruff(current, fix):
    return _run(current, "ruff", "check", *(["--fix"] if fix else []), ".")


def _ruff_format(current, fix):
    return _run(current, "ruff", "format", *([] if fix else ["--check"]), ".")


def _pylint(current, _fix):
    folders = [addon.name for addon in discover()]
    return not folders or _run(
        current, "pylint", "--rcfile=.pylintrc-mandatory", *folders
    )


def _xml(current, fix):
    files = sorted(path for addon in discover() for path in addon.folder.rglob("*.xml"))
    problems = []
    for path in files:
        before = path.read_text(encoding="utf-8")
        try:
            xml.parsers.expat.ParserCreate().Parse(before.encode(), True)
        except xml.parsers.expat.ExpatError as error:
            problems.append(f"{path.relative_to(ROOT)}: {error}")
            continue
        after = tidy(before)
        if fix and after != before:
            path.write_text(after, encoding="utf-8")
        elif after != before:
            lines = zip(before.splitlines(), after.splitlines(), strict=False)
            pairs = enumerate(lines, start=1)
            line = next((number for number, (old, new) in pairs if old != new), 1)
            problems.append(f"{path.relative_to(ROOT)}:{line}: blanks, or no “ />”")
    for problem in problems:
        print(problem)
    options = ["--tabwidth", "4", *([] if fix else ["--check"])]
    indented = not files or _run(current, "djhtml", *options, *files)
    return indented and not problems


def tidy(text):
    """Return the XML with a blank before each ``/>`` and without blanks at line ends.

    Only what stands inside tags changes: text stays as it is, to the letter.
    """

    kept = []

    def keep(found):
        kept.append(found[0])
        return f"<!--{len(kept) - 1}-->"

    text = COMMENTS.sub(keep, text)
    text = _tags(text)
    text = re.sub(r"<!--(\d+)-->", lambda found: kept[int(found[1])], text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return text.rstrip("\n") + "\n"


def _tags(text):
    """Tidy the ends of empty tags."""

    def tag(found):
        body = found[0]
        if not body.endswith("/>"):
            return body
        inner = body[:-2]
        # On a line of its own the end of a tag keeps its place.
        last = inner.rpartition("\n")[2]
        return (
            inner + "/>"
            if "\n" in inner and not last.strip()
            else inner.rstrip() + " />"
        )

    return TAG.sub(tag, text)


CHECKS = {
    "ruff": _ruff,
    "ruff-format": _ruff_format,
    "xml": _xml,
    "pylint-odoo": _pylint,
}
