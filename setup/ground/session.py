"""A command at work: Odoo, its environment and a server, held for as long as the
command runs."""

import configparser
import contextlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from . import addons, odoo_source, postgres, python_env, system
from .console import Failure, run
from .paths import DATA, HOME, ROOT, lock, prepare_home, prune, try_exclusive

PDF_COMMANDS = ROOT / "setup/bin"


class Session:
    """Everything that Odoo needs to run, made on demand."""

    def __init__(self, *, browser=False, server=True):
        # First what only the user can mend, then what takes long, side by side: most of
        # it waits for the network.
        wanted = system.missing() if browser else []
        with ThreadPoolExecutor(1) as beside:
            installed = beside.submit(system.install, wanted)
            self.source = odoo_source.find()
            self.venv = python_env.find(self.source)
            installed.result()
        self.browser = system.find_browser()
        self.python = self.venv / "bin/python"
        self.postgres = postgres.Postgres(self.venv)
        if server:
            self.postgres.start()

    def addons_path(self):
        """Core first, so that nothing in the working folder can hide one of its
        modules."""
        return [*self.source.addons, *([ROOT] if addons.discover() else [])]

    def env(self, **more):
        """Return the environment variables for Odoo and its helpers."""
        # Odoo would take PGDATABASE for the list of databases that it serves.
        unwanted = (
            "PGDATABASE",
            "PYTHONHOME",
            "PYTHONPATH",
            "PYTHONDONTWRITEBYTECODE",
        )
        env = {
            name: value for name, value in os.environ.items() if name not in unwanted
        }
        env.update(self.postgres.env)
        env["PATH"] = os.pathsep.join(
            [str(PDF_COMMANDS), str(self.venv / "bin"), env.get("PATH", os.defpath)]
        )
        env["VIRTUAL_ENV"] = str(self.venv)
        env["PYTHONNOUSERSITE"] = "1"
        # Odoo compiles for seconds at every start where nothing keeps what it compiled;
        # who doesn't want that beside the sources has it here.
        env["PYTHONPYCACHEPREFIX"] = str(HOME / "cache/bytecode")
        env["ODOO_HOME"] = str(HOME)
        env.setdefault("LANG", "C.UTF-8")
        env["ODOO_RC"] = str(self.config())
        if self.browser:
            env["CHROME_BIN"] = self.browser
            env["PATH"] = os.pathsep.join([self._folder_of_browser(), env["PATH"]])
        if self.postgres.bin:
            env["PGPATH"] = str(self.postgres.bin)
        env.update(more)
        return env

    def _folder_of_browser(self):
        """Return a folder in which the browser has the name that Odoo's own browser
        tests look for first: they skip where they don't find it."""
        link = HOME / "bin" / "google-chrome"
        if not link.is_symlink() or os.readlink(link) != self.browser:
            link.parent.mkdir(exist_ok=True)
            fresh = link.with_suffix(f".{os.getpid()}")
            fresh.symlink_to(self.browser)
            fresh.replace(link)
        return str(link.parent)

    def config(self, name="odoo", **options):
        """Write a configuration file and return its path; ``options`` go on top of the
        usual ones."""
        values = {
            "addons_path": ",".join(map(str, self.addons_path())),
            "data_dir": DATA,
            "admin_passwd": "admin",
            "http_interface": "127.0.0.1",
            "list_db": True,
            "max_cron_threads": 0,
            "proxy_mode": False,
            **options,
        }
        parser = configparser.RawConfigParser()
        parser["options"] = {key: str(value) for key, value in values.items()}
        path = HOME / f"{name}.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        with fresh.open("w", encoding="utf-8") as handle:
            parser.write(handle)
        fresh.replace(path)
        return path

    def odoo_command(self, *arguments):
        return [str(part) for part in (self.python, "-m", "odoo", *arguments)]

    def odoo(self, *arguments, log=None, problem=None):
        """Run Odoo to its end; return its output."""
        return run(
            self.odoo_command(*arguments),
            env=self.env(),
            cwd=ROOT,
            log=log,
            problem=problem,
        )

    def shell_command(self, database):
        return self.odoo_command(
            "shell", "-d", database, "--no-http", "--log-level=warn"
        )

    def shell(
        self, database, code, env=None, problem="The code in Odoo's shell failed."
    ):
        """Run Python with ``env`` at hand in a process of its own; return what it
        printed."""
        done = subprocess.run(
            self.shell_command(database),
            input=code,
            env=env or self.env(),
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode or "Traceback (most recent call last)" in done.stderr:
            raise Failure(f"{problem}\n{done.stderr[-4000:]}")
        return done.stdout

    def foreground(self, command, **options):
        """Run a program in the place of this command: it gets the terminal, we return
        its exit status."""
        process = subprocess.Popen(
            [str(part) for part in command], cwd=ROOT, **{"env": self.env(), **options}
        )
        for name in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, lambda number, _frame: process.send_signal(number))
        # Ctrl-C reaches both through the terminal; the program decides what it means.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        status = process.wait()
        return 128 - status if status < 0 else status


@contextlib.contextmanager
def session(**options):
    """Prepare everything, and stop the PostgreSQL of our own when the last command
    ends.

    Every command holds the lock "in-use" together with the others. Whoever can have it
    alone at the end is the last. A command that was killed held it no longer either:
    then the server simply waits for the next command.
    """
    prepare_home()
    with lock("in-use", shared=True) as handle:
        current = None
        try:
            current = Session(**options)
            yield current
        finally:
            if current and try_exclusive(handle):
                current.postgres.stop()
                prune("python", current.venv.name)


def parent_death_signal():
    """Make the kernel end this process when its parent dies: run in the child, before
    the program starts."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
