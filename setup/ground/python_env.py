"""The virtual environment: Odoo's dependencies and the tools, all pinned in
requirements.txt."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .console import NEWEST_PYTHON, OLDEST_PYTHON, Failure, run, say
from .paths import HOME, ROOT, digest, make

REQUIREMENTS = ROOT / "requirements.txt"


def find(source):
    """Return the folder of the environment for this Odoo, made if need be."""
    if Path(sys.prefix).parent == HOME / "python":
        return Path(sys.prefix)  # already inside: the tests use these modules too
    python, version = find_python()
    key = digest(
        REQUIREMENTS.read_text(), version, python, HOME, source.python_path, "1"
    )
    folder = make(
        "python",
        key,
        f"Install the Python packages of requirements.txt (Python {version})",
        lambda folder: _build(folder, python, version, source),
    )
    _point_to(folder)
    return folder


def find_python():
    """Return a Python that Odoo 19 runs on, with its version: this version, or another
    on the PATH."""
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        version = ".".join(map(str, sys.version_info[:2]))
        # Distributions build theirs with the compiler's profile, pyenv doesn't unless
        # told: a quarter of the time of everything.
        distribution = f"/usr/bin/python{version}"
        if _makes_environments(distribution):
            return distribution, version
        # Not the Python of a virtual environment that may be active: that one may go
        # away.
        return getattr(sys, "_base_executable", sys.executable), version
    for minor in range(NEWEST_PYTHON[1], OLDEST_PYTHON[1] - 1, -1):
        if python := shutil.which(f"python3.{minor}"):
            return python, f"3.{minor}"
    raise Failure(
        f"Odoo 19 runs on Python 3.11 to 3.13; this is {sys.version.split()[0]}.",
        "install one of those (python3.13, for instance) and make it reachable on the "
        "PATH",
    )


def _build(folder, python, version, source):
    if not _makes_environments(python):
        _install_venv(version)
    run(
        [python, "-m", "venv", folder],
        problem="The virtual environment could not be made.",
    )
    pip = [folder / "bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    offline = "look at this machine's network and at pip's settings (pip config list)"
    uv = re.search(r"^uv==\S+", REQUIREMENTS.read_text(), re.MULTILINE)[0]
    run([*pip, "install", uv], problem="PyPI could not be reached.", remedy=offline)
    fast = [
        folder / "bin/uv",
        "pip",
        "install",
        "--quiet",
        "--python",
        folder / "bin/python",
    ]
    try:
        run(
            [*fast, "-r", REQUIREMENTS],
            # The certificates of this machine count, as they do for pip: a company may
            # have its own.
            env={
                "UV_CACHE_DIR": str(HOME / "cache/uv"),
                "UV_SYSTEM_CERTS": "1",
                **os.environ,
            },
        )
    except Failure as failure:
        # uv doesn't know every setting of pip (a private index, for instance).
        say(
            f"  uv did not succeed, trying pip: "
            f"{failure.problem.splitlines()[-1].strip()}"
        )
        run(
            [*pip, "install", "-r", REQUIREMENTS],
            problem="A Python package can't be installed.",
            remedy=offline,
        )
    packages = next((folder / "lib").glob("python3.*/site-packages"))
    (packages / "odoo-19.pth").write_text(f"{source.python_path}\n")


def _makes_environments(python):
    return shutil.which(python) and not (
        subprocess.run(
            [python, "-c", "import ensurepip, venv"], capture_output=True, check=False
        ).returncode
    )


def _install_venv(version):
    package = f"python{version}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        from .system import apt_install  # only a bare Debian needs it

        apt_install([(package,)])
        return
    raise Failure(
        f"Python {version} of this machine can't make virtual environments.",
        f"install it as root: apt-get install {package}",
    )


def _point_to(folder):
    """Keep ``.odoo/venv`` pointing at the current environment, for editors and
    people."""
    link = HOME / "venv"
    try:
        if link.is_symlink() and Path(os.readlink(link)) == folder.relative_to(HOME):
            return
        fresh = HOME / f"venv.{os.getpid()}"
        fresh.symlink_to(folder.relative_to(HOME))
        fresh.replace(link)
    except OSError as error:
        say(f"  notice: {link} could not be set ({error})")
