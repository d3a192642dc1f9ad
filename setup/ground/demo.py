"""The demo: a database that is kept, brought up to date when an addon changes, and
served."""

import argparse
import os
import threading
import time
import urllib.request

from . import ports
from .console import Failure, say, step
from .databases import ASSETS, Databases
from .logs import caused_by
from .mail_sink import MailSink
from .paths import HOME, LOGS, ROOT, lock
from .server import set_address
from .session import parent_death_signal, session

MAILS = HOME / "mails"
LOGINS = ROOT / "setup/demo_logins.txt"


def demo(arguments):
    parser = argparse.ArgumentParser(prog="setup/demo", description=__doc__)
    parser.add_argument(
        "--no-serve", action="store_true", help="only make the database"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="drop the demo database first"
    )
    options = parser.parse_args(arguments)
    name = os.environ.get("ODOO_DEMO_DB", "demo")
    port = _port()
    if not options.no_serve:
        ports.require(port, "ODOO_PORT")
    with session(browser=True) as current:
        databases = Databases(current)
        databases.sweep()
        with lock(f"demo-{name}"):
            if options.fresh and databases.note(name):
                with step(f"Drop the database {name}"):
                    databases.drop(name)
            _bring_up(databases, name)
        if options.no_serve:
            say(f"The database {name} is ready.")
            return 0
        ports.require(port, "ODOO_PORT")
        set_address(current.postgres.psql, name, f"http://127.0.0.1:{port}")
        with MailSink(MAILS) as sink:
            config = current.config(
                "demo",
                db_name=name,
                dbfilter=f"^{name}$",
                http_port=port,
                gevent_port=ports.pick(),
                max_cron_threads=1,
                smtp_server="127.0.0.1",
                smtp_port=sink.port,
            )
            env = current.env(ODOO_RC=str(config))
            log = LOGS / "demo.log"
            log.write_text("")
            waiting = threading.Thread(target=_announce, args=(name, port), daemon=True)
            waiting.start()
            status = current.foreground(
                current.odoo_command("server", f"--logfile={log}"),
                env=env,
                preexec_fn=parent_death_signal,
            )
            if status > 1 and status not in (130, 143):
                say(f"Odoo ended with status {status}: see {log}")
            return status


def _port():
    text = os.environ.get("ODOO_PORT", "8069")
    if not text.isdigit():
        raise Failure(f"ODOO_PORT is “{text}”.", "set it to a number, such as 8070")
    return int(text)


def _bring_up(databases, name):
    """Make the database from the template, or upgrade what changed in it."""
    keys = {addon.name: addon.key() for addon in databases.addons}
    note = databases.note(name)
    if note is None and name in databases.names():
        raise Failure(
            f"There is a database “{name}” already that this command did not make (or "
            "not in this folder).",
            "choose another name: ODOO_DEMO_DB=service_demo setup/demo",
        )
    if note is None:
        template = databases.installed(demo=True)
        with step(f"Copy it to the database {name}"):
            fresh = databases.fresh_name()
            databases.copy(template, fresh)
            known = databases.note(template)["known"]
            databases.write_note(fresh, addons=keys, known=known)
            databases.rename(fresh, name)
        return
    before = note.get("addons", {})
    added = [addon for addon in keys if addon not in before]
    changed = [
        addon for addon in keys if addon in before and before[addon] != keys[addon]
    ]
    if not added and not changed:
        return
    log = LOGS / "upgrade-demo.log"
    arguments = ["-d", name, "--stop-after-init", "--no-http"]
    arguments += ["-i", ",".join(added), "--with-demo"] if added else []
    arguments += ["-u", ",".join(changed)] if changed else []
    with step("Bring the database up to date: " + ", ".join([*added, *changed])):
        databases.session.odoo(
            *arguments,
            log=log,
            problem="Odoo could not upgrade the demo database (setup/demo --fresh "
            "makes it anew).",
        )
        databases.session.shell(name, ASSETS)
        databases.write_note(name, **{**note, "addons": keys})
    found = caused_by(
        list(keys), log.read_text(errors="replace"), note.get("known", ())
    )
    if found:
        say(f"  notice: Odoo complained {len(found)} time(s), see {log}")


def _announce(name, port):
    """Say where it is served once it is: not before, and not in between its log."""
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/web/health"):
                break
        except OSError:
            time.sleep(0.2)
    rows = [("admin", "admin", "administrator")]
    if LOGINS.exists():
        lines = LOGINS.read_text(encoding="utf-8").splitlines()
        wanted = [line for line in lines if line.strip() and not line.startswith("#")]
        rows = [(*line.split("\t"), "", "")[:3] for line in wanted]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    say(f"\nThe demo is served on http://127.0.0.1:{port} (Ctrl-C ends it). Logins:\n")
    for login, password, role in rows:
        say(f"  {login:<{widths[0]}}  password {password:<{widths[1]}}  {role}")
    say(
        f"\nDatabase: {name}, for instance setup/odoo shell -d {name}\n"
        f"Odoo's log: {LOGS / 'demo.log'}\n"
        f"Mails aren't delivered, they are written to: {MAILS}\n"
    )
