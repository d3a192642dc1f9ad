"""Killed at any point, run twice at once: the next run finds its way."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ground.paths import ROOT
from support.clone import kill


def test_killed_while_installing_then_two_at_once(bare_clone, wait_for):
    """The environment is the longest step; what a killed run left is made again."""
    clone = bare_clone
    clone.share_source()
    first = clone.start("odoo", "--version")
    python = clone.home / "python"
    wait_for(lambda: list(python.glob("*/bin/python")), "the environment is begun")
    time.sleep(1)
    kill(first)
    assert not list(python.glob("*/.finished")), "too fast to be a test"

    both = [clone.start("odoo", "--version") for _time in range(2)]
    printed = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert all("Odoo Server 19.0" in text for text in printed)
    assert sum("half-finished" in text for text in printed) == 1
    assert len(list(python.glob("*/.finished"))) == 1
    assert not clone.server_runs()

    # PostgreSQL, killed between initdb and the role.
    (clone.home / "postgres/.finished").unlink()
    status, text = clone.run("odoo", "--version")
    assert status == 0 and "half-finished" in text


def test_server_stops_with_the_last_command(clone, wait_for):
    code = "import time; print('here', flush=True); time.sleep(60)\n"
    long = clone.start(
        *("odoo", "shell", "--no-http", "--log-level=error"), stdin=subprocess.PIPE
    )
    long.stdin.write(code)
    long.stdin.close()
    long.stdin = None
    wait_for(clone.server_runs, "PostgreSQL runs")
    # A short command beside it leaves the server alone.
    status, printed = clone.run("odoo", "--version")
    assert status == 0, printed
    assert clone.server_runs() and long.poll() is None
    os.killpg(long.pid, signal.SIGTERM)
    long.communicate(timeout=30)
    assert not clone.server_runs()


def test_server_of_a_killed_command_is_taken_over(clone, wait_for):
    long = clone.start("odoo", "shell", "--no-http", stdin=subprocess.PIPE)
    wait_for(clone.server_runs, "PostgreSQL runs")
    kill(long)
    assert clone.server_runs()
    status, printed = clone.run("odoo", "--version")
    assert status == 0, printed
    assert not clone.server_runs()


def test_killed_server_starts_again(clone):
    """A pid file that names nobody, and a cluster that was not shut down."""
    long = clone.start("odoo", "shell", "--no-http", stdin=subprocess.PIPE)
    deadline = time.monotonic() + 20
    while not clone.server_runs() and time.monotonic() < deadline:
        time.sleep(0.1)
    pid = int((clone.home / "postgres/data/postmaster.pid").read_text().split()[0])
    kill(long)
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    status, printed = clone.run("odoo", "--version")
    assert status == 0, printed


@pytest.mark.parametrize("moment", ["begun", "built"])
def test_step_killed_at_a_moment(tmp_path, moment):
    """The rule that all steps follow: without its stamp a folder doesn't count."""
    code = """
import os, sys
from ground.paths import HOME, STAMP, make, prepare_home
moment = sys.argv[1]
def build(folder):
    (folder / "half").touch()
    if moment == "begun":
        os.kill(os.getpid(), 9)
    (folder / "other").touch()
    if moment == "built":
        os.kill(os.getpid(), 9)
prepare_home()
folder = make("thing", "key", "Make a thing", build)
assert sorted(path.name for path in folder.iterdir()) == [STAMP, "half", "other"]
"""
    env = {**os.environ, "ODOO_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "setup")}

    def run(moment):
        return subprocess.run(
            [sys.executable, "-c", code, moment],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run(moment).returncode == -9
    healed = run("never")
    assert healed.returncode == 0, healed.stderr
    assert "half-finished" in healed.stderr
    assert run("never").stderr == ""


def test_database_of_a_killed_run_is_no_template(databases):
    """A database counts as a template only with the comment that was written last."""
    name = f"{databases.base().rsplit('_', 1)[0]}_probe"
    suffix = name.removeprefix(databases.base().rsplit("_base_", 1)[0] + "_")
    databases.psql(f'CREATE DATABASE "{name}"')
    try:
        made = []

        def build(fresh):
            made.append(fresh)
            databases.psql(f'CREATE DATABASE "{fresh}"')
            return {"known": []}

        # "probe_x" is a kind of its own, so that no real template is dropped.
        result = databases.template(f"probe_{suffix}", "Make a probe", build)
        assert made and databases.note(result) == {
            "home": databases.note(result)["home"],
            "known": [],
        }
        assert databases.template(f"probe_{suffix}", "Make a probe", build) == result
        assert len(made) == 1
        databases.drop(result)
    finally:
        databases.drop(name)


def test_leftovers_of_killed_runs_are_dropped(databases):
    child = subprocess.Popen(["true"])
    child.wait()
    left = f"{databases.base().rsplit('_base_', 1)[0]}_run_{child.pid}_dead"
    databases.psql(f'CREATE DATABASE "{left}"')
    databases.sweep()
    assert left not in databases.names()
