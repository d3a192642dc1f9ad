"""A user's own Odoo and own PostgreSQL are used, and left alone."""

import os
import pwd
import shutil
import subprocess

import pytest

from ground.paths import HOME
from support.clone import Clone


@pytest.fixture
def checkout(tmp_path, odoo_session):
    """An Odoo laid out as in git: odoo/ with the base, addons/ with the rest."""
    packages = odoo_session.source.python_path
    root = tmp_path / "checkout"
    (root / "odoo/addons").mkdir(parents=True)
    (root / "addons").mkdir()
    for path in (packages / "odoo").iterdir():
        if path.name not in ("addons", "__pycache__"):
            (root / "odoo" / path.name).symlink_to(path)
    for folder in odoo_session.source.addons:
        for path in folder.iterdir():
            place = "odoo/addons" if path.name == "base" else "addons"
            if path.name != "__pycache__" and not (root / place / path.name).exists():
                (root / place / path.name).symlink_to(path)
    return root


@pytest.fixture
def postgres(tmp_path, odoo_session):
    """A second PostgreSQL, nothing of which belongs to the commands."""
    other = Clone(tmp_path / "other")
    other.share_source()
    # The environment of this run serves: only its programs are needed.
    (other.home / "logs").mkdir()
    code = (
        "import sys; from pathlib import Path; from ground.postgres import Postgres;"
        "from ground.paths import prepare_home; prepare_home();"
        "server = Postgres(Path(sys.argv[1])); {};"
        "print(server.env.get('PGPORT', ''))"
    )

    def control(what):
        return subprocess.run(
            [odoo_session.python, "-c", code.format(what), odoo_session.venv],
            env=other.env(PYTHONPATH=str(other.root / "setup")),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    port = control("server.start()")
    yield {"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": "odoo"}
    control("server.stop()")


def test_both(clone, checkout, postgres, odoo_session):
    env = clone.env(ODOO_SOURCE=str(checkout), **postgres)
    status, printed = clone.run(
        *("odoo", "-d", "own", "-i", "base", "--stop-after-init", "--no-http"), env=env
    )
    assert status == 0, printed
    assert "Start PostgreSQL" not in printed and "Fetch" not in printed
    assert str(checkout) in printed, "the addons path of the checkout was not used"
    assert not clone.server_runs()
    # It runs on, and holds the database.
    psql = odoo_session.postgres.bin / "psql"
    query = "SELECT state FROM ir_module_module WHERE name = 'base'"
    done = subprocess.run(
        [psql, "-d", "own", "-Atc", query],
        env={**os.environ, **postgres},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "installed"


def test_somebody_who_is_not_root():
    """A clone that belongs to an ordinary user: no root needed for anything.

    Afterwards it goes to one without a name, as in a container that is given a number:
    PostgreSQL wants another way then.
    """
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root, to become somebody else")
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if not python:
        pytest.skip("needs a Python that others may run")
    # Not below pytest's folder, which is closed to others.
    root = HOME / "run" / "ordinary"
    shutil.rmtree(root, ignore_errors=True)
    clone = Clone(root)
    clone.share_source()
    env = clone.env(HOME=str(root), PATH="/usr/bin:/bin")
    env.pop("UV_CACHE_DIR")
    try:
        for user in (pwd.getpwnam("nobody").pw_uid, 23456):
            shutil.rmtree(clone.home / "postgres", ignore_errors=True)
            for top, folders, files in os.walk(root):
                for name in (*folders, *files, "."):
                    path = os.path.join(top, name)
                    os.chown(path, user, user, follow_symlinks=False)
            become = ["setpriv", f"--reuid={user}", f"--regid={user}"]
            status, printed = clone.run(
                *("odoo", "--version"), env=env, prefix=[*become, "--clear-groups"]
            )
            assert status == 0, printed
            assert "Make a PostgreSQL" in printed and "Start PostgreSQL" in printed
            assert "Odoo Server 19.0" in printed
    finally:
        shutil.rmtree(root, ignore_errors=True)
