"""Where everything lies, and the locks that let two commands run at the same time."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

from .console import Failure, say, step

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("ODOO_HOME") or ROOT / ".odoo").absolute()
LOGS = HOME / "logs"
DATA = HOME / "data"  # Odoo's data_dir: filestore, sessions
SCREENSHOTS = HOME / "screenshots"
STAMP = ".finished"


def digest(*parts):
    """Return a short key that changes whenever one of the parts does."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[
        :12
    ]


# Databases on a server that several clones share are told apart by the folder that
# holds their files.
HOME_ID = digest(HOME)[:6]


def prepare_home():
    """Make the state folder, or say why it can't be made."""
    try:
        for folder in (HOME, HOME / "locks", LOGS, DATA, SCREENSHOTS):
            folder.mkdir(parents=True, exist_ok=True)
        probe = HOME / "locks" / "in-use"
        probe.touch()
    except OSError as error:
        raise Failure(
            f"The folder {HOME} can't be written: {error.strerror or error}.",
            "make it writable for you, or set ODOO_HOME to a folder of your own",
        ) from error


@contextlib.contextmanager
def lock(name, *, shared=False):
    """Hold the lock ``name``. The kernel drops it with the process, so a killed run
    leaves none behind."""
    path = HOME / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  waiting: another command is busy with “{name}”")
            fcntl.flock(handle, mode)
        yield handle


def try_exclusive(handle):
    """Turn a held lock into an exclusive one if nobody else holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove(path):
    """Remove a file or folder, whatever it is, whether or not it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        # another command may be removing the same
        shutil.rmtree(path, onerror=_pass_over_gone)


def _pass_over_gone(_function, _path, failure):
    if not isinstance(failure[1], FileNotFoundError):
        raise failure[1]


def make(kind, key, title, build):
    """Return the folder ``HOME/kind/key``, built by ``build(folder)`` if it isn't there
    in full.

    A folder counts only with its stamp, which is written last: one without it is what a
    killed run left, and is built anew. Another key is another folder, so a running
    command never loses the one that it uses.
    """
    folder = HOME / kind / key
    stamp = folder / STAMP
    if stamp.exists():
        return folder
    with lock(f"make-{kind}"):
        if stamp.exists():
            return folder
        if folder.exists():
            say(
                f"  {folder} is half-finished (an earlier run was stopped): it is made "
                "again"
            )
            remove(folder)
        with step(title):
            folder.mkdir(parents=True)
            build(folder)
            stamp.touch()
    return folder


def prune(kind, keep):
    """Drop the older builds of ``kind``; only called while nobody uses anything (see
    ``session``)."""
    for folder in (HOME / kind).glob("*"):
        if folder.name != keep:
            remove(folder)
