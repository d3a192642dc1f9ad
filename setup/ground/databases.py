"""Databases: made once as templates, copied in an instant, each with its filestore.

A template is finished when its comment says so; the comment is written in the same
moment as the final name, so a database of a killed run is never taken for a template.
Its name holds a hash of what went into it.
"""

import contextlib
import json
import os
import shutil
import time
import uuid

from .addons import core_depends, discover
from .console import Failure, say, step
from .logs import check_log, known_warnings
from .paths import DATA, HOME_ID, LOGS, digest, lock, remove

PREFIX = f"sc_{HOME_ID}"
LANGUAGES = "en_US,th_TH"  # the first is that of the users
# What Odoo's own _pregenerate_assets_bundles() makes, without those for the tests of
# its own scripts and for pages that nobody opens here; and what pages fetch when they
# need it, and reports with a layout of their own.
ASSETS = """
import re

unused = r"unit_tests|qunit|tests_assets|spreadsheet|api_doc|snailmail|mail\\."
scripts, styles = env["ir.qweb"]._get_bundles_to_pregenarate()
scripts |= {"web.assets_emoji", "web.chartjs_lib", "bus.websocket_worker_assets"}
reports = {"web.report_assets_common", "web.report_assets_pdf"}
for bundle in sorted(scripts):
    if not re.search(unused, bundle):
        env["ir.qweb"]._get_asset_bundle(bundle, css=False).js()
for bundle in sorted(styles):
    if not re.search(unused, bundle):
        env["ir.qweb"]._get_asset_bundle(bundle, js=False).css()
for bundle in sorted(reports):
    env["ir.qweb"]._get_asset_bundle(bundle, js=False, autoprefix=True).css()
env.cr.commit()
"""
# Enough for what the addons stand on, now and later: the slow part of an installation,
# done once.
FOUNDATION = (
    "account",
    "base_setup",
    "calendar",
    "mail",
    "portal",
    "product",
    "rating",
    "resource",
)


def filestore(database):
    return DATA / "filestore" / database


def copy_filestore(source, target):
    """Copy the files of a database. They never change in place, so links will do."""
    remove(filestore(target))
    if filestore(source).exists():
        shutil.copytree(filestore(source), filestore(target), copy_function=_link)


class Databases:
    """The databases of this clone on the server of the session."""

    def __init__(self, session):
        self.session = session
        self.psql = session.postgres.psql
        self.addons = discover()

    # -- plain work

    def names(self):
        return self.psql(
            "SELECT datname FROM pg_database WHERE NOT datistemplate"
        ).splitlines()

    def note(self, database):
        """Return what was written on the database when it was finished, or None."""
        text = self.psql(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE "
            f"datname = '{_plain(database)}'"
        )
        try:
            note = json.loads(text or "null")
        except ValueError:
            return None
        return note if isinstance(note, dict) and note.get("home") == HOME_ID else None

    def write_note(self, database, **values):
        text = json.dumps({**values, "home": HOME_ID}, sort_keys=True)
        text = text.replace("'", "''")
        self.psql(f"COMMENT ON DATABASE \"{_plain(database)}\" IS '{text}'")

    def copy(self, source, target):
        """Copy a database and its files."""
        self.psql(f'CREATE DATABASE "{_plain(target)}" TEMPLATE "{_plain(source)}"')
        copy_filestore(source, target)

    def drop(self, database):
        for left in reversed(range(10)):
            try:
                self.psql(f'DROP DATABASE IF EXISTS "{_plain(database)}" WITH (FORCE)')
                break
            except Failure as failure:
                # autovacuum is at it, which only a superuser may stop; it ends soon
                if "terminate process" not in str(failure) or not left:
                    raise
                time.sleep(1)
        remove(filestore(database))

    def rename(self, source, target):
        remove(filestore(target))
        if filestore(source).exists():
            filestore(source).rename(filestore(target))
        self.psql(f'ALTER DATABASE "{_plain(source)}" RENAME TO "{_plain(target)}"')

    @contextlib.contextmanager
    def scratch(self, template, purpose="run"):
        """Give a copy of a template that is gone afterwards, whatever happens."""
        name = f"{PREFIX}_{purpose}_{os.getpid()}_{uuid.uuid4().hex[:6]}"
        with lock(f"template-{template}", shared=True):
            self.copy(template, name)
        try:
            yield name
        finally:
            self.drop(name)

    @staticmethod
    def fresh_name():
        """Return a name for a database in the making: swept away if it is left."""
        return f"{PREFIX}_new_{os.getpid()}_{uuid.uuid4().hex[:6]}"

    def sweep(self):
        """Drop what killed runs left: copies whose process is gone, and templates of
        former states."""
        for name in self.names():
            if name.startswith(f"{PREFIX}_run_") or name.startswith(f"{PREFIX}_new_"):
                process = name.removeprefix(f"{PREFIX}_").split("_")[1]
                if not os.path.exists(f"/proc/{process}"):
                    self.drop(name)

    # -- templates

    def base(self, demo=False):
        """Return the template with the core modules: it lasts as long as the Odoo
        does."""
        modules = sorted({*FOUNDATION, *core_depends(self.addons)} - {"base"})
        key = digest(
            self.session.source.python_path,
            self.session.source.version,
            modules,
            LANGUAGES,
            demo,
            "5",
        )
        if demo:
            return self._base_demo(key)

        def build(name):
            log = LOGS / "base.log"
            self._install(name, modules, log, language=True)
            return {"known": known_warnings(log)}

        return self.template(f"base_{key}", "Install Odoo's core modules", build)

    def _base_demo(self, key):
        """Return the same with Odoo's demo data, loaded on top: half the time of a
        second installation."""
        base = self.base()

        def build(name):
            self.copy(base, name)
            log = LOGS / "base-demo.log"
            self.session.odoo(
                "module",
                "force-demo",
                "-d",
                name,
                log=log,
                problem="Odoo could not load its demo data.",
            )
            return {"known": sorted({*self.note(base)["known"], *known_warnings(log)})}

        return self.template(f"base_demo_{key}", "Load Odoo's demo data", build)

    def installed(self, demo=False, assets=True):
        """Return the template with the addons of the repository, installed as a user
        would."""
        if not self.addons:
            return self.base(demo)
        base = self.base(demo)
        names = [addon.name for addon in self.addons]
        key = digest(
            base, *(f"{addon.name} {addon.key()}" for addon in self.addons), "3"
        )
        kind = "demo" if demo else "test"

        def build(name):
            self.copy(base, name)
            log = LOGS / f"install-{kind}.log"
            self._install(name, names, log, demo=demo)
            known = self.note(base)["known"]
            check_log(log, names, known, "The installation")
            return {"assets": False, "known": known}

        title = f"Install {', '.join(names)}" + (" with demo data" if demo else "")
        template = self.template(f"{kind}_{key}", title, build)
        if assets and not self.note(template).get("assets"):
            with lock(f"template-{template}"):
                if not self.note(template).get("assets"):
                    with step(
                        "Build the web assets, so that the browser tests needn't"
                    ):
                        self.session.shell(template, ASSETS)
                        note = {**self.note(template), "assets": True}
                        self.write_note(template, **note)
        return template

    def template(self, suffix, title, build):
        """Return the template of that name, made by ``build(name)`` if need be.

        What ``build`` returns is noted on it.
        """
        name = f"{PREFIX}_{suffix}"
        if self.note(name):
            return name
        with lock(f"template-{name}"):
            if self.note(name):
                return name
            self.sweep()
            if name in self.names():
                say(
                    f"  {name} is half-finished (an earlier run was stopped): it is "
                    "made again"
                )
                self.drop(name)
            fresh = self.fresh_name()
            try:
                with step(title):
                    note = build(fresh) or {}
                    self.write_note(fresh, **note)
                    self.rename(fresh, name)
            except BaseException:
                self.drop(fresh)
                raise
            self._drop_former(name, suffix.rsplit("_", 1)[0])
        return name

    def _drop_former(self, name, kind):
        """Drop older templates of the same kind, unless a run is copying one just
        now."""
        for other in self.names():
            if other != name and other.rsplit("_", 1)[0] == f"{PREFIX}_{kind}":
                with contextlib.suppress(Failure):
                    self.psql(f'DROP DATABASE IF EXISTS "{_plain(other)}"')
                    remove(filestore(other))

    def _install(self, database, modules, log, *, demo=False, language=False):
        arguments = [
            "-d",
            database,
            "-i",
            ",".join(modules),
            "--stop-after-init",
            "--no-http",
        ]
        if demo:
            arguments.append("--with-demo")
        if language:
            arguments.append(f"--load-language={LANGUAGES}")
        self.session.odoo(
            *arguments, log=log, problem="Odoo could not install the modules."
        )


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _plain(name):
    """Database names are put into SQL as they are, so only harmless ones may get
    there."""
    if not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
        raise Failure(
            f"“{name}” can't be the name of a database.",
            "use letters, digits, - and _ only",
        )
    return name
