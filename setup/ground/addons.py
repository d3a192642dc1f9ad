"""The addons of this repository: found by their manifests, so a new one needs no
registration."""

import ast
import hashlib
from pathlib import Path

from .console import Failure
from .paths import ROOT

# What doesn't change an installed database.
IGNORED_FOLDERS = {"__pycache__", "tests", "readme", "build", "dist"}
IGNORED_SUFFIXES = {".pyc", ".pot", ".md", ".rst", ".orig"}


class Addon:
    """One addon: its name, folder and manifest."""

    def __init__(self, folder):
        self.folder = folder
        self.name = folder.name
        try:
            self.manifest = ast.literal_eval(
                (folder / "__manifest__.py").read_text(encoding="utf-8")
            )
        except (SyntaxError, ValueError) as error:
            raise Failure(
                f"{folder / '__manifest__.py'} can't be read: {error}",
                "correct the manifest",
            ) from error
        self.depends = self.manifest.get("depends", [])

    def key(self):
        """Return a hash of everything in the addon that ends up in a database."""
        total = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            inner = path.relative_to(self.folder)
            # static/tests holds tours, which are part of the asset bundles of a
            # database.
            if IGNORED_FOLDERS & set(inner.parts) and inner.parts[0] != "static":
                continue
            if path.is_file() and path.suffix not in IGNORED_SUFFIXES:
                total.update(f"{inner}\0".encode() + path.read_bytes() + b"\0")
        return total.hexdigest()[:12]


def discover(root=ROOT):
    """Return the installable addons of the repository, dependencies first."""
    found = {
        path.parent.name: Addon(path.parent)
        for path in sorted(Path(root).glob("*/__manifest__.py"))
    }
    found = {
        name: addon
        for name, addon in found.items()
        if addon.manifest.get("installable", True)
    }
    ordered = {}

    def add(name):
        if name in found and name not in ordered:
            for other in found[name].depends:
                add(other)
            ordered[name] = found[name]

    for name in found:
        add(name)
    return list(ordered.values())


def core_depends(addons):
    """Return the modules outside the repository that the addons stand on."""
    own = {addon.name for addon in addons}
    return sorted({name for addon in addons for name in addon.depends} - own)
