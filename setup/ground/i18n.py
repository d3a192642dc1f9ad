"""Translations: Odoo tells what there is to translate, the Thai files follow.

The files are written the same way whenever they are written: without dates, sorted as
Odoo sorts them, so that a difference means a difference.
"""

import argparse
import os
import subprocess

from .console import Failure, say, step
from .databases import Databases
from .paths import HOME, ROOT, remove
from .session import session


def i18n(arguments):
    parser = argparse.ArgumentParser(prog="setup/i18n", description=__doc__)
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing; fail when a file is stale or a text is not translated",
    )
    parser.add_argument("addons", nargs="*", help="only these addons")
    options = parser.parse_args(arguments)
    with session() as current:
        databases = Databases(current)
        databases.sweep()
        names = options.addons or [addon.name for addon in databases.addons]
        unknown = set(names) - {addon.name for addon in databases.addons}
        if unknown:
            raise Failure(f"There is no addon {', '.join(sorted(unknown))} here.")
        folder = HOME / "run" / "i18n"
        remove(folder)
        folder.mkdir(parents=True)
        with databases.scratch(databases.installed(assets=False)) as database:
            for name in names:
                with step(f"Collect the texts of {name}"):
                    current.odoo(
                        *("i18n", "export", "-d", database),
                        *("-o", folder / f"{name}.pot", name),
                        problem="Odoo could not export the texts.",
                    )
        # polib lives in the environment, not in the Python that runs this command.
        command = [current.python, "-m", "ground.i18n_files", *names]
        command += ["--check"] if options.check else []
        env = current.env(
            PYTHONPATH=str(ROOT / "setup"),
            ODOO_ADDONS=os.pathsep.join(map(str, current.source.addons)),
        )
        status = subprocess.run(command, env=env, cwd=ROOT, check=False).returncode
    if status:
        say("✗ see above (setup/i18n brings the files up to date)")
    return status
