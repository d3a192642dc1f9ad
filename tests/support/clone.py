"""A clone of the commands with a state folder of its own, and ways to run them."""

import os
import shutil
import signal
import subprocess

from ground.paths import HOME, ROOT

PRIVATE = ("PG", "ODOO", "VIRTUAL_ENV", "PYTHON", "SERVICE_ADDONS", "PYTEST")


class Clone:
    """The commands of this repository somewhere else, as another person has them."""

    def __init__(self, root):
        self.root = root
        self.home = root / "state"
        shutil.copytree(
            ROOT / "setup",
            root / "setup",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        shutil.copy(ROOT / "requirements.txt", root)

    def share_source(self):
        """Use the Odoo that is unpacked already: fetching it takes a while."""
        self.home.mkdir(exist_ok=True)
        if (HOME / "source").is_dir():
            (self.home / "source").symlink_to(HOME / "source")

    def env(self, **more):
        """Return the variables of a shell in which nothing is set up."""
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(PRIVATE)
        }
        venv = os.environ.get("VIRTUAL_ENV", "/nowhere")
        paths = env["PATH"].split(os.pathsep)
        env["PATH"] = os.pathsep.join(
            path for path in paths if not path.startswith((venv, str(ROOT)))
        )
        env["ODOO_HOME"] = str(self.home)
        env["UV_CACHE_DIR"] = str(HOME / "cache/uv")
        env.update(more)
        return {name: value for name, value in env.items() if value is not None}

    def start(self, command, *arguments, env=None, **options):
        return subprocess.Popen(
            [*options.pop("prefix", []), self.root / "setup" / command, *arguments],
            env=env or self.env(),
            cwd=self.root,
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
            **options,
        )

    def run(self, command, *arguments, text=None, timeout=180, **options):
        """Run a command to its end; return its status and all that it printed."""
        stdin = subprocess.PIPE if text is not None else subprocess.DEVNULL
        process = self.start(command, *arguments, stdin=stdin, **options)
        printed, _nothing = process.communicate(text, timeout=timeout)
        return process.returncode, printed

    def server_runs(self):
        """Tell whether the PostgreSQL of this clone answers."""
        pid = self.home / "postgres/data/postmaster.pid"
        if not pid.exists():
            return False
        try:
            os.kill(int(pid.read_text().split()[0]), 0)
        except (ProcessLookupError, ValueError, IndexError):
            return False
        return True


def kill(process):
    """End a command as the power cut does: with all that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
