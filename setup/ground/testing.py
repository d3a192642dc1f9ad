"""The tests: a database with the addons installed, and pytest over the addons and over
tests/."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys

from . import ports
from .databases import Databases
from .paths import LOGS, ROOT
from .session import parent_death_signal, session


def test(arguments):
    """Run pytest; its exit status is ours and its closing line the last."""
    with session(browser=True) as current:
        databases = Databases(current)
        databases.sweep()
        chosen = any(_is_path(argument) for argument in arguments)
        databases.base()
        with (
            demo_meanwhile() if not chosen else contextlib.nullcontext(),
            # Building the web assets takes longer than most single tests: a choice of
            # tests does without.
            databases.scratch(databases.installed(assets=not chosen)) as name,
        ):
            config = current.config(
                f"run/{name}",
                db_name=name,
                dbfilter=f"^{name}$",
                http_port=ports.pick(),
                gevent_port=ports.pick(),
                logfile=LOGS / "test.log",
                # Odoo would set this limit on the process that starts the browsers too.
                limit_memory_hard=0,
                limit_time_real=0,
            )
            (LOGS / "test.log").unlink(missing_ok=True)
            env = current.env(
                ODOO_RC=str(config),
                PYTHONPATH=str(ROOT / "setup"),
                SERVICE_ADDONS=",".join(addon.name for addon in databases.addons),
            )
            command = [current.python, "-m", "pytest", "-p", "ground.pytest_logs"]
            command += ["-p", "ground.pytest_workers", "-p", "ground.pytest_caches"]
            command += ["--odoo-http", "--odoo-log-level=warn", *arguments]
            if current.postgres.bin:
                env["PATH"] += os.pathsep + str(current.postgres.bin)
            if not chosen:
                command += [*side_by_side(env), *default_paths(databases.addons)]
            try:
                return current.foreground(
                    command, env=env, preexec_fn=parent_death_signal
                )
            finally:
                config.unlink(missing_ok=True)


@contextlib.contextmanager
def demo_meanwhile():
    """Make the template with demo data while the other one is finished and the tests of
    the addons, which don't need it, are running. Should it fail, the first test that
    waits for it tells why."""
    code = (
        "from ground.databases import Databases\n"
        "from ground.session import session\n"
        "with session() as current: Databases(current).installed(demo=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT / "setup",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=parent_death_signal,
    )
    try:
        yield
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def side_by_side(env):
    """Return the options of pytest-xdist: three processes, each with its own copy of
    the database, made with PostgreSQL's own command; the tests of a file stay together,
    as they share its server.

    In the order of the paths, so that the journeys, which take longest, don't come
    last."""
    if (os.cpu_count() or 1) < 2 or not shutil.which("createdb", path=env["PATH"]):
        return []
    return ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]


def default_paths(addons):
    """Return the folders with tests. Those of the first addon give the template with
    demo data its time; the short ones at the end keep all processes busy."""
    first, *others = (addon.folder / "tests" for addon in addons)
    folders = (first, ROOT / "tests", *others)
    return [str(folder.relative_to(ROOT)) for folder in folders if folder.is_dir()]


def _is_path(argument):
    """Tell a path (perhaps with ::node) from an option or its value."""
    path = argument.partition("::")[0]
    return bool(path) and not argument.startswith("-") and (ROOT / path).exists()
