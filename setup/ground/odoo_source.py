"""Odoo 19 itself: a checkout that the user names, or Debian's package unpacked into the
state folder."""

import os
import re
from pathlib import Path

from .console import Failure, say
from .mirror import PrivateApt, stable_codename
from .paths import digest, make, remove

SERIES = "19.0"
PINNED = "19.0.0+dfsg-1"
# Odoo's assets are relative links into usr/share, so these are unpacked into the same
# tree. The last two come from stable: the newer ones of sid no longer have the file
# names that Odoo links to.
FROM_SID = (
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-ocr-b",
)
FROM_STABLE = ("fonts-inconsolata", "fonts-font-awesome")
PACKAGE_FOLDER = "usr/lib/python3/dist-packages"
# Not free, so Debian leaves it out; without it every page of a database with mail
# answers an error.
MISSING_FILE = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"


class Source:
    """An Odoo 19: where Python finds the package, and where its addons are."""

    def __init__(self, python_path, addons, version, own):
        self.python_path = python_path
        self.addons = addons
        self.version = version
        self.own = own  # the user's own: then only read


def find():
    """Return the Odoo to use; fetch it when the user names none."""
    if wish := os.environ.get("ODOO_SOURCE"):
        return _from_user(Path(wish).expanduser().absolute())
    folder = make(
        "source",
        digest(PINNED, FROM_SID, FROM_STABLE, "1"),
        f"Fetch Odoo {SERIES} from the Debian mirror and unpack it",
        _fetch,
    )
    packages = folder / PACKAGE_FOLDER
    return Source(packages, [packages / "odoo/addons"], _version(packages), own=False)


def _from_user(folder):
    """A git checkout (odoo/, addons/ beside it) or a folder where Odoo is installed
    (odoo/addons holds all)."""
    if not (folder / "odoo/release.py").exists():
        raise Failure(
            f"ODOO_SOURCE is {folder}, and there is no Odoo in it (odoo/release.py is "
            "missing).",
            "set it to a git checkout of Odoo 19, or to the folder that holds the "
            "installed package “odoo”",
        )
    version = _version(folder)
    if not version.startswith(SERIES):
        raise Failure(
            f"ODOO_SOURCE is {folder}, and that is Odoo {version}; these addons are "
            f"made for Odoo {SERIES}.",
            f"set it to a checkout of Odoo {SERIES} (git checkout {SERIES})",
        )
    addons = [folder / "odoo/addons"]
    # Debian leaves an addons folder of manifests beside the complete odoo/addons.
    complete = (addons[0] / "base_setup").is_dir()
    if not complete and (folder / "addons/base_setup").is_dir():
        addons.insert(0, folder / "addons")
    return Source(folder, addons, version, own=True)


def _version(folder):
    """Read the version without running Odoo: it needs packages that may not be
    installed yet."""
    text = (folder / "odoo/release.py").read_text()
    found = re.search(
        r"^version_info\s*=\s*\(\s*'?([^,']+)'?\s*,\s*(\d+)\s*,\s*(\d+)", text, re.M
    )
    return ".".join(found.groups()) if found else "of an unknown version"


def _fetch(folder):
    work = folder / "apt"
    stable = stable_codename()
    apt = PrivateApt(work, ["sid", stable])
    apt.prepare()
    version = _choose(apt.versions("odoo-19"), apt.mirror)
    wanted = [f"odoo-19={version}"]
    wanted += [f"{name}/sid" for name in FROM_SID]
    wanted += [f"{name}/{stable}" for name in FROM_STABLE]
    apt.unpack(wanted, folder)
    remove(work)
    stub = folder / PACKAGE_FOLDER / MISSING_FILE
    if not stub.exists():
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text(
            "// Stands in for a library that the Debian package leaves out.\n"
        )
    dangling = [path for path in _links(folder) if not path.exists()]
    if dangling:
        raise Failure(
            f"Files that Odoo needs are missing from the Debian packages, for instance "
            f"{dangling[0]}.",
            "set ODOO_SOURCE to a checkout of Odoo 19",
        )


def _choose(offered, mirror):
    if PINNED in offered:
        return PINNED
    others = [version for version in offered if version.startswith(f"{SERIES}.")]
    if not others:
        raise Failure(
            f"Odoo 19 is no longer offered there: {mirror} has "
            + (", ".join(offered) or "no package odoo-19")
            + ".",
            "set ODOO_SOURCE to a checkout of Odoo 19",
        )
    say(
        f"  notice: the mirror no longer has Odoo {PINNED}; {others[0]} is used instead"
    )
    return others[0]


def _links(folder):
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if os.path.islink(os.path.join(top, name)):
                yield Path(top, name)
