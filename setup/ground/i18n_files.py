"""The files of the translations: templates (.pot) and languages (.po). Needs polib."""

import functools
import os
import re
import sys
from pathlib import Path

import polib

from .paths import HOME, ROOT

LANGUAGES = {"th": "nplurals=1; plural=0;"}
# What a translation must keep: %(name)s, %s, {name}, {{ expression }}, tags.
PLACEHOLDERS = re.compile(r"%\(\w+\)[sdifr]|(?<!%)%[sd]|\{\{.*?\}\}|\{\w*\}|</?\w+")


# Odoo's own addons whose words are taken over where ours are the very same.
SOURCES = (
    "base",
    "web",
    "mail",
    "portal",
    "product",
    "account",
    "calendar",
    "resource",
)


def main(arguments):
    check = "--check" in arguments
    problems = []
    for name in [argument for argument in arguments if not argument.startswith("-")]:
        folder = ROOT / name / "i18n"
        template = _template(HOME / "run/i18n" / f"{name}.pot", name)
        problems += _write(folder / f"{name}.pot", template, check)
        for language in LANGUAGES:
            path = folder / f"{language}.po"
            merged = _merge(template, path, language, fill=not check)
            problems += _write(path, merged, check)
            problems += _complaints(path, merged)
    for problem in problems:
        print(problem)
    return 1 if problems and check else 0


def _template(path, name):
    """Return what Odoo exported, without what changes from one day to the next."""
    exported = polib.pofile(str(path), wrapwidth=78)
    template = polib.POFile(wrapwidth=78)
    template.header = f"Translation of Odoo Server.\nThe modules: {name}"
    template.metadata = {
        "Project-Id-Version": "Odoo Server 19.0",
        "Language-Team": "",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "",
    }
    for entry in sorted(exported, key=lambda entry: (entry.msgid, entry.msgctxt or "")):
        entry.msgstr = ""
        entry.occurrences = sorted(set(entry.occurrences))
        template.append(entry)
    return template


@functools.cache
def _words_of_odoo(language):
    """Return what Odoo itself calls things: Created by, Company, Customer, …"""
    words = {}
    for folder in os.environ.get("ODOO_ADDONS", "").split(os.pathsep):
        for name in SOURCES:
            path = Path(folder, name, "i18n", f"{language}.po")
            if path.exists():
                for entry in polib.pofile(str(path)).translated_entries():
                    words.setdefault(entry.msgid, entry.msgstr)
    return words


def _merge(template, path, language, fill):
    """Return the language file: known translations, and blanks for what is new."""
    known = {}
    if path.exists():
        known = {
            (entry.msgctxt, entry.msgid): entry.msgstr
            for entry in polib.pofile(str(path))
            if not entry.obsolete and not entry.fuzzy
        }
    merged = polib.POFile(wrapwidth=78)
    merged.header = template.header
    merged.metadata = {
        **template.metadata,
        "Language": language,
        "Plural-Forms": LANGUAGES[language],
    }
    for entry in template:
        text = known.get((entry.msgctxt, entry.msgid), "")
        if fill and not text:
            text = _words_of_odoo(language).get(entry.msgid, "")
        merged.append(
            polib.POEntry(
                msgid=entry.msgid,
                msgctxt=entry.msgctxt,
                msgstr=text,
                occurrences=entry.occurrences,
                comment=entry.comment,
                tcomment=entry.tcomment,
                flags=entry.flags,
            )
        )
    return merged


def _write(path, content, check):
    """Write a file if it differs; when checking, say so instead."""
    text = str(content) + ("" if str(content).endswith("\n") else "\n")
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return []
    if check:
        return [f"{path.relative_to(ROOT)}: not up to date"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: written")
    return []


def _complaints(path, language):
    """Return what is wrong with the translations themselves."""
    where = path.relative_to(ROOT)
    found = []
    for entry in language:
        shown = entry.msgid.replace("\n", " ")[:70]
        if not entry.msgstr.strip():
            found.append(f"{where}: not translated: {shown}")
            continue
        before = sorted(PLACEHOLDERS.findall(entry.msgid))
        after = sorted(PLACEHOLDERS.findall(entry.msgstr))
        if before != after:
            found.append(f"{where}: {before} became {after} in: {shown}")
    return found


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
