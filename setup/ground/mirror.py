"""The Debian mirror that this machine uses, and an apt of our own that needs no root
and changes nothing."""

import getpass
import os
import re
import shutil
import subprocess
from pathlib import Path

from .console import Failure, run

KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
SOURCES = Path("/etc/apt")
NO_MIRROR = (
    "set DEBIAN_MIRROR to a Debian mirror that this machine reaches (the address that "
    "holds dists/ and pool/), "
    "or set ODOO_SOURCE to a checkout of Odoo 19"
)


def find_mirror():
    """Return the address of a Debian mirror: asked for, or the one that apt uses
    here."""
    if wish := os.environ.get("DEBIAN_MIRROR"):
        return wish.rstrip("/")
    mirror = _from_apt() or _from_files()
    if not mirror:
        raise Failure(
            "No Debian mirror is configured on this machine, and Odoo 19 is fetched "
            "from one.",
            NO_MIRROR,
        )
    return mirror.rstrip("/")


def _from_apt():
    """Ask apt itself, which knows every format and every included file."""
    if not shutil.which("apt-get"):
        return None
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN)"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in targets.stdout.splitlines():
        site, _space, origin = line.partition(" ")
        if origin.strip() == "Debian" and "security" not in site:
            return site
    return None


def _from_files():
    """Read the sources: before the first ``apt-get update`` apt itself can't tell the
    origin yet."""
    listed, parts = _places()
    files = [listed, *(sorted(parts.glob("*")) if parts.is_dir() else [])]
    for file in files:
        if file.suffix not in (".list", ".sources") or not file.is_file():
            continue
        for line in file.read_text(errors="replace").splitlines():
            found = re.match(
                r"\s*(?:deb\s+(?:\[[^\]]*\]\s*)?|URIs:\s*)(\w+://\S*debian\S*)", line
            )
            if found and "security" not in found[1]:
                return found[1]
    return None


def _places():
    """Return where apt keeps its sources."""
    places = {"LIST": SOURCES / "sources.list", "PARTS": SOURCES / "sources.list.d"}
    if shutil.which("apt-config"):
        wanted = ["LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/f"]
        shell = subprocess.run(
            ["apt-config", "shell", *wanted],
            capture_output=True,
            text=True,
            check=False,
        )
        for name, value in re.findall(r"^(\w+)='(.*)'$", shell.stdout, re.MULTILINE):
            places[name] = Path(value)
    return places["LIST"], places["PARTS"]


def stable_codename():
    """Return the codename of this Debian, or of the stable one elsewhere."""
    release = Path("/etc/os-release")
    text = release.read_text() if release.exists() else ""
    values = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))
    if values.get("ID") == "debian" and values.get("VERSION_CODENAME"):
        return values["VERSION_CODENAME"]
    return "stable"


class PrivateApt:
    """apt with its own lists, cache and status in ``folder``: it sees sid without the
    machine knowing.

    Signatures are checked as ever. Packages must be downloaded into an empty folder:
    apt trusts a file that is already there.
    """

    def __init__(self, folder, suites, mirror=None):
        self.folder = folder
        self.mirror = mirror or find_mirror()
        self.suites = suites

    def prepare(self):
        for tool in ("apt-get", "dpkg-deb"):
            if not shutil.which(tool):
                raise Failure(
                    f"There is no {tool} on this machine, and Odoo 19 is a Debian "
                    "package.",
                    NO_MIRROR,
                )
        keyring = next(
            (
                key
                for name in KEYRINGS
                if (key := Path("/usr/share/keyrings", name)).exists()
            ),
            None,
        )
        if not keyring:
            raise Failure(
                "The keys of Debian's archive are missing.",
                "install the package debian-archive-keyring, or set ODOO_SOURCE to a "
                "checkout of Odoo 19",
            )
        for name in ("empty", "state/lists/partial", "cache/archives/partial", "log"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "status").touch()
        lines = [
            f"deb [signed-by={keyring}] {self.mirror} {suite} main\n"
            for suite in self.suites
        ]
        (self.folder / "sources.list").write_text("".join(lines))
        settings = {
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": self.folder / "empty",
            "Dir::Etc::preferencesparts": self.folder / "empty",
            "Dir::State": self.folder / "state",
            "Dir::State::lists": self.folder / "state/lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Log": self.folder / "log",
            "APT::Sandbox::User": getpass.getuser(),
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        (self.folder / "apt.conf").write_text(
            "".join(f'{key} "{value}";\n' for key, value in settings.items())
        )
        self._apt(
            "apt-get",
            "update",
            "-q",
            "-o",
            "APT::Update::Error-Mode=any",
            problem=f"The Debian mirror {self.mirror} could not be read.",
            remedy=f"look at the network of this machine, or {NO_MIRROR}",
        )

    def versions(self, package):
        """Return the versions on offer, newest first."""
        listing = self._apt("apt-cache", "madison", package)
        return [
            line.split("|")[1].strip()
            for line in listing.splitlines()
            if line.count("|") == 2
        ]

    def unpack(self, packages, root):
        """Download the packages and unpack them into one tree."""
        downloads = self.folder / "downloads"
        downloads.mkdir()
        self._apt(
            "apt-get",
            "download",
            "-q",
            *packages,
            cwd=downloads,
            problem="A Debian package can't be fetched.",
        )
        for package in sorted(downloads.glob("*.deb")):
            run(
                ["dpkg-deb", "-x", package, root],
                problem=f"{package.name} could not be unpacked.",
            )

    def _apt(self, *command, **options):
        env = {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}
        return run(command, env=env, **options)
