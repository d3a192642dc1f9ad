"""Clones of the commands to try things on."""

import shutil
import time

import pytest

from support.clone import Clone


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """A clone whose environment is complete."""
    clone = Clone(tmp_path_factory.mktemp("clone"))
    clone.share_source()
    yield clone
    deadline = time.monotonic() + 10
    while clone.server_runs() and time.monotonic() < deadline:
        clone.run("odoo", "--version")
    shutil.rmtree(clone.home, ignore_errors=True)


@pytest.fixture
def bare_clone(tmp_path):
    """A clone in which no command ever ran."""
    return Clone(tmp_path)


@pytest.fixture
def few_tools(tmp_path):
    """Return a PATH with the named programs only."""

    def path(*names):
        folder = tmp_path / "tools"
        folder.mkdir()
        for name in ("env", "python3", *names):
            found = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin")
            (folder / name).symlink_to(found or shutil.which(name))
        return str(folder)

    return path
