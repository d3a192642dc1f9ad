"""Each addon is a package that can be built and installed alone."""

import ast
import subprocess
import sys
import zipfile

import pytest

from ground.addons import discover
from ground.paths import ROOT

ADDONS = discover()


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=ADDONS, ids=lambda addon: addon.name)
def package(request, tmp_path_factory):
    """Return an addon, its wheel, and the folder it was installed into alone."""
    addon = request.param
    work = tmp_path_factory.mktemp(addon.name)
    # A copy: building leaves traces, and what isn't in git has no place in a wheel.
    listed = run("git", "ls-files", "-co", "--exclude-standard", addon.name, cwd=ROOT)
    for name in listed.splitlines():
        target = work / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    source = work / "source" / addon.name
    run(
        *(sys.executable, "-m", "build", "--wheel", "--no-isolation"),
        *("--outdir", work / "dist", source),
    )
    [wheel] = (work / "dist").glob("*.whl")
    run(
        *(sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--offline"),
        *("--python", sys.executable, "--target", work / "installed", wheel),
    )
    return addon, wheel, work / "installed"


def test_wheel_holds_all_files(package):
    addon, wheel, _installed = package
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = f"odoo/addons/{addon.name}"
    assert f"{inside}/__manifest__.py" in names
    listed = [*addon.manifest.get("data", []), *addon.manifest.get("demo", [])]
    missing = [name for name in listed if f"{inside}/{name}" not in names]
    assert not missing
    for folder in ("i18n", "static", "models", "views"):
        for path in (addon.folder / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"{inside}/{path.relative_to(addon.folder)}" in names


def test_package_names_what_it_needs(package):
    addon, wheel, _installed = package
    archive = zipfile.ZipFile(wheel)
    [metadata] = [name for name in archive.namelist() if name.endswith("/METADATA")]
    text = archive.read(metadata).decode()
    assert f"Name: odoo-addon-{addon.name}" in text.replace("-", "_").replace(
        "odoo_addon_", "odoo-addon-"
    )
    assert f"Version: {addon.manifest['version']}" in text
    assert "Requires-Dist: odoo==19.0.*" in text
    for name in addon.manifest.get("external_dependencies", {}).get("python", []):
        assert f"Requires-Dist: {name}" in text


def test_odoo_finds_the_package(package, odoo_session):
    """Odoo's own namespace package brings it in; no addons path names it."""
    addon, _wheel, installed = package
    code = (
        "import odoo.init, odoo.addons; from odoo.tools import config;"
        "config.parse_config(['--addons-path', sys.argv[2]], setup_logging=False);"
        "from odoo.modules import Manifest, get_module_path;"
        "print(get_module_path(sys.argv[1]));"
        "print(Manifest.for_addon(sys.argv[1]).version)"
    )
    core = ",".join(map(str, odoo_session.source.addons))
    printed = run(
        *(sys.executable, "-c", f"import sys; {code}", addon.name, core),
        env={**odoo_session.env(PYTHONPATH=str(installed)), "ODOO_RC": "/dev/null"},
        cwd=installed,
    ).split()
    assert printed == [
        str(installed / "odoo/addons" / addon.name),
        addon.manifest["version"],
    ]


def test_three_lines_are_enough():
    """The same for every addon, so that a new one is packaged by copying it."""
    for addon in ADDONS:
        text = (addon.folder / "pyproject.toml").read_text()
        assert (
            text.split()
            == (
                '[build-system] requires = ["whool"] build-backend = "whool.buildapi"'
            ).split()
        ), addon.name
        assert ast.literal_eval((addon.folder / "__manifest__.py").read_text())
