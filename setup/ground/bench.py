"""The benchmarks: each runs in a process of its own on a database of its own."""

import argparse
import subprocess

from .console import Failure, run, say, step
from .databases import Databases
from .paths import LOGS, ROOT, digest, make
from .session import parent_death_signal, session

FOLDER = ROOT / "tests/bench"
PEERS = FOLDER / "peers.txt"
PEER_MODULES = ("contract", "fieldservice_recurring")


def bench(arguments):
    parser = argparse.ArgumentParser(prog="setup/bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="which (files in tests/bench); or all")
    parser.add_argument("--scale", type=float, default=1, help="0.01 for a quick try")
    options = parser.parse_args(arguments)
    known = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem[0] != "_")
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        raise Failure(
            f"There is no benchmark {', '.join(unknown)}.",
            f"choose among: {', '.join(known) or 'none yet'}",
        )
    failed = []
    with session() as current:
        databases = Databases(current)
        databases.sweep()
        for name in options.names or known:
            peers = "PEERS = True" in (FOLDER / f"{name}.py").read_text()
            template = _with_peers(databases) if peers else databases.installed()
            with databases.scratch(template) as database:
                if _run(current, name, database, options.scale, peers):
                    failed.append(name)
    if failed:
        say(f"✗ over the budget, or broken: {', '.join(failed)}")
    return 1 if failed else 0


def _run(current, name, database, scale, peers):
    values = {"db_name": database, "log_level": "warn", "limit_memory_hard": 0}
    if peers:
        paths = [*current.addons_path(), peer_addons(current)]
        values["addons_path"] = ",".join(map(str, paths))
    config = current.config(f"run/{database}", **values)
    with step(f"Benchmark {name}"):
        command = [current.python, "-m", "ground.bench_runner", name, str(scale)]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=current.env(ODOO_RC=str(config), PYTHONPATH=str(ROOT / "setup")),
            preexec_fn=parent_death_signal,
            check=False,
        ).returncode


def peer_addons(current):
    """Return the folder of the addons that ours are compared with, fetched once."""

    def build(folder):
        command = [current.venv / "bin/uv", "pip", "install", "--quiet", "--no-deps"]
        run(
            [*command, "--target", folder / "packages", "-r", PEERS],
            env=current.env(),
            problem="The addons to compare with can't be fetched.",
            remedy="look at the network of this machine and at pip's settings",
        )

    key = digest(PEERS.read_text())
    return make("peers", key, "Fetch the addons to compare with", build) / (
        "packages/odoo/addons"
    )


def _with_peers(databases):
    """Return a template that has the peers installed beside our addons."""
    template = databases.installed()
    current = databases.session
    suffix = f"peers_{digest(template, PEERS.read_text(), '1')}"

    def build(name):
        databases.copy(template, name)
        paths = [*current.addons_path(), peer_addons(current)]
        config = current.config(
            f"run/{name}", addons_path=",".join(map(str, paths)), db_name=name
        )
        run(
            current.odoo_command(
                *("-i", ",".join(PEER_MODULES), "--stop-after-init", "--no-http")
            ),
            env=current.env(ODOO_RC=str(config)),
            cwd=ROOT,
            log=LOGS / "install-peers.log",
            problem="Odoo could not install the addons to compare with.",
        )

    title = f"Install {', '.join(PEER_MODULES)} beside our addons"
    return databases.template(suffix, title, build)
