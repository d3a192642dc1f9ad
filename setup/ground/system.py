"""What only the operating system can give: a browser and fonts. Installed when we are
root, else named."""

import os
import shutil
import subprocess
from pathlib import Path

from .console import Failure, run, step
from .paths import lock

# First the one without windows: it shows the same pages with a third less of work.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
BROWSER_VARIABLES = ("CHROME_BIN", "CHROME_PATH", "CHROMIUM_BIN")
# Each package, or what to take where it doesn't exist.
BROWSER_PACKAGES = [("chromium-headless-shell", "chromium")]
FONT_PACKAGES = [("fonts-thai-tlwg",)]


def find_browser():
    """Return the path of a Chromium, or None."""
    for variable in BROWSER_VARIABLES:
        if wish := os.environ.get(variable):
            if path := shutil.which(wish):
                return path
            raise Failure(
                f"{variable} is {wish}, and there is no such program.",
                f"correct or unset {variable}",
            )
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def has_thai_font():
    """Tell whether this machine can draw Thai."""
    if not shutil.which("fc-list"):
        folders = (
            Path("/usr/share/fonts"),
            Path.home() / ".fonts",
            Path.home() / ".local/share/fonts",
        )
        return any(
            any(folder.rglob("*[Tt]hai*")) or any(folder.rglob("Garuda*"))
            for folder in folders
        )
    listed = subprocess.run(
        ["fc-list", ":lang=th", "family"], capture_output=True, text=True, check=False
    )
    return bool(listed.stdout.strip())


def missing():
    """Return what has to be installed for a browser and Thai fonts: tuples for
    ``apt_install``.

    :raise Failure: where something is missing that we may not install
    """
    browser, fonts = find_browser(), has_thai_font()
    wanted = ([] if browser else BROWSER_PACKAGES) + ([] if fonts else FONT_PACKAGES)
    if wanted and (os.geteuid() != 0 or not shutil.which("apt-get")):
        raise Failure(
            f"This machine lacks {_spoken(browser, fonts)}: needed for printed "
            "contracts and for the browser tests.",
            _remedy(browser, wanted),
        )
    return wanted


def install(wanted):
    """Install what is missing."""
    if not wanted:
        return
    apt_install(wanted)
    browser, fonts = find_browser(), has_thai_font()
    if not (browser and fonts):
        raise Failure(
            f"The machine lacks {_spoken(browser, fonts)} even after the installation.",
            _remedy(browser, wanted),
        )


def _spoken(browser, fonts):
    lacking = ([] if browser else ["a browser (Chromium)"]) + (
        [] if fonts else ["Thai fonts"]
    )
    return " and ".join(lacking)


def _remedy(browser, wanted):
    names = " ".join(choice[-1] for choice in wanted)
    remedy = f"install as root: apt-get install {names}"
    if not browser:
        remedy += " (or set CHROME_BIN to the Chromium that you have)"
    return remedy


def apt_install(choices):
    """Install Debian packages as root, asking nothing: of each tuple the first that
    there is."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=300", "--no-install-recommends"]
    names = [choice[-1] for choice in choices]
    remedy = "look at the message above, or install by hand: apt-get install "
    remedy += " ".join(names)
    with lock("apt-get"), step(f"Install {', '.join(names)} (apt-get, as root)"):
        run(
            ["apt-get", "update", "-q"],
            env=env,
            problem="apt-get update failed.",
            remedy=remedy,
        )
        packages = [next(filter(_is_known, choice), choice[-1]) for choice in choices]
        run(
            ["apt-get", "install", *options, *packages],
            env=env,
            problem="apt-get install failed.",
            remedy=remedy,
        )


def _is_known(package):
    """Tell whether apt has a version of the package to install."""
    known = subprocess.run(
        ["apt-cache", "show", package], capture_output=True, check=False
    )
    return known.returncode == 0
