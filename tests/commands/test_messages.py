"""Whatever is missing, the person at the keyboard is told what to do."""

import socket
import sys

import pytest

from ground import odoo_source
from ground.console import Failure, run
from ground.system import find_browser


def test_no_mirror(bare_clone, tmp_path):
    settings = tmp_path / "apt.conf"
    settings.write_text(
        'Dir::Etc::sourcelist "/nowhere";\nDir::Etc::sourceparts "/nowhere";\n'
        'Dir::Etc::main "/nowhere";\nDir::Etc::parts "/nowhere";\n'
    )
    env = bare_clone.env(APT_CONFIG=str(settings), DEBIAN_MIRROR=None)
    status, printed = bare_clone.run("odoo", "--version", env=env)
    assert status == 1
    assert "No Debian mirror is configured" in printed
    assert "DEBIAN_MIRROR" in printed and "ODOO_SOURCE" in printed
    assert "Traceback" not in printed


def test_mirror_that_does_not_answer(bare_clone):
    env = bare_clone.env(DEBIAN_MIRROR="http://127.0.0.1:9/debian")
    status, printed = bare_clone.run("odoo", "--version", env=env)
    assert status == 1
    assert "The Debian mirror http://127.0.0.1:9/debian could not be read" in printed
    assert "Traceback" not in printed


def test_where_the_trouble_began():
    """Of a long output: the first error and the end, not all that lies between."""
    told = "print('Loading'); print('2026 ERROR db: it began here')"
    more = "[print(f'line {i}') for i in range(100)]; raise SystemExit(3)"
    with pytest.raises(Failure) as failure:
        run([sys.executable, "-c", f"{told}; {more}"], problem="It failed.")
    printed = failure.value.problem.splitlines()
    assert printed[0] == "It failed."
    assert "    2026 ERROR db: it began here" in printed
    assert "    line 99" in printed and "    [...]" in printed
    assert "    Loading" not in printed and "    line 50" not in printed


def test_odoo_no_longer_offered():
    with pytest.raises(Failure) as failure:
        odoo_source._choose(["20.0.0+dfsg-1"], "there")
    assert "Odoo 19 is no longer offered there" in failure.value.problem
    assert "ODOO_SOURCE" in failure.value.remedy


def test_another_build_of_odoo_19_will_do(capsys):
    newer = "19.0.20261101+dfsg-1"
    assert odoo_source._choose(["20.0-1", newer], "there") == newer
    assert newer in capsys.readouterr().err


def test_source_that_is_no_odoo(bare_clone, tmp_path):
    env = bare_clone.env(ODOO_SOURCE=str(tmp_path))
    status, printed = bare_clone.run("odoo", "--version", env=env)
    assert status == 1
    assert "there is no Odoo in it" in printed


def test_source_of_another_version(bare_clone, tmp_path):
    release = tmp_path / "old/odoo/release.py"
    release.parent.mkdir(parents=True)
    release.write_text("version_info = (18, 0, 0, FINAL, 0, '')\n")
    env = bare_clone.env(ODOO_SOURCE=str(tmp_path / "old"))
    status, printed = bare_clone.run("odoo", "--version", env=env)
    assert status == 1
    assert "Odoo 18.0" in printed and "git checkout 19.0" in printed


def test_port_in_use(bare_clone):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        status, printed = bare_clone.run(
            "demo", env=bare_clone.env(ODOO_PORT=str(port))
        )
    assert status == 1
    assert f"Port {port} is in use" in printed and "ODOO_PORT=" in printed


def test_port_that_is_none(bare_clone):
    status, printed = bare_clone.run("demo", env=bare_clone.env(ODOO_PORT="http"))
    assert status == 1
    assert "ODOO_PORT" in printed and "Traceback" not in printed


def test_no_browser(bare_clone, few_tools):
    env = bare_clone.env(PATH=few_tools("fc-list"), CHROME_BIN=None)
    status, printed = bare_clone.run("test", env=env)
    assert status == 1
    assert "lacks a browser (Chromium)" in printed
    assert "apt-get install chromium" in printed and "CHROME_BIN" in printed


def test_browser_that_is_not_there(bare_clone):
    env = bare_clone.env(CHROME_BIN="/nowhere/chromium")
    status, printed = bare_clone.run("test", env=env)
    assert status == 1
    assert "CHROME_BIN is /nowhere/chromium" in printed


def test_no_fonts(bare_clone, few_tools, tmp_path):
    fonts = tmp_path / "fonts.conf"
    fonts.write_text("<fontconfig><dir>/nowhere</dir></fontconfig>")
    env = bare_clone.env(
        PATH=few_tools("fc-list"),
        CHROME_BIN=find_browser(),
        FONTCONFIG_FILE=str(fonts),
    )
    status, printed = bare_clone.run("test", env=env)
    assert status == 1
    assert "lacks Thai fonts" in printed
    assert "apt-get install fonts-thai-tlwg" in printed


def test_folder_that_cannot_be_written(bare_clone):
    env = bare_clone.env(ODOO_HOME="/proc/nowhere")
    status, printed = bare_clone.run("odoo", "--version", env=env)
    assert status == 1
    assert "can't be written" in printed and "ODOO_HOME" in printed


def test_server_that_does_not_answer(clone):
    env = clone.env(PGHOST="127.0.0.1", PGPORT="9")
    status, printed = clone.run("odoo", "--version", env=env)
    assert status == 1
    assert "given by PGHOST, PGPORT can't be used" in printed
    assert "Traceback" not in printed
