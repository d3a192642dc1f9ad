"""What a person sees of the commands: steps with their duration, and failures that say
what to do."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 13)
TROUBLE = re.compile(r"^Traceback | (?:ERROR|CRITICAL) ")
FIRST_LINES, LAST_LINES = 15, 25  # of the output of a failed program


class Failure(Exception):
    """Something the person at the keyboard has to know: what is wrong, and what to do
    about it."""

    def __init__(self, problem, remedy=None):
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def say(text=""):
    """Print for people. On stderr: stdout belongs to the program that the command
    runs."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title):
    """Announce a piece of work and say how long it took; by its name, where another one
    began meanwhile."""
    global _announced
    say(f"→ {title}")
    _announced, begun = title, time.monotonic()
    yield
    name = "" if _announced == title else f"{title}: "
    say(f"  {name}done in {time.monotonic() - begun:.1f} s")


_announced = None


def run(
    command,
    *,
    env=None,
    cwd=None,
    log=None,
    stdin=subprocess.DEVNULL,
    problem=None,
    remedy=None,
):
    """Run a program to its end and return its output; a failing one becomes a Failure
    with the first lines of trouble and its last ones."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(
            command,
            env=env,
            cwd=cwd,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise Failure(
            problem or f"{command[0]} could not be started: {error}", remedy
        ) from error
    if log:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        Path(log).write_text(done.stdout, encoding="utf-8")
    if done.returncode:
        tail = "\n".join("    " + line for line in excerpt(done.stdout))
        what = problem or "a program failed"
        where = f"\n  Its whole output: {log}" if log else ""
        raise Failure(
            f"{what}\n  {shlex.join(command)[:400]}\n  ended with status "
            f"{done.returncode}:\n{tail}{where}",
            remedy,
        )
    return done.stdout


def excerpt(output):
    """Return the lines of a failed program's output that a person needs: where the
    trouble began, and the end."""
    lines = output.rstrip().splitlines()
    end = max(len(lines) - LAST_LINES, 0)
    begin = next((i for i, line in enumerate(lines[:end]) if TROUBLE.search(line)), end)
    middle = ["[...]"] if begin + FIRST_LINES < end else []
    return lines[begin : min(begin + FIRST_LINES, end)] + middle + lines[end:]


def command(main):
    """Run the ``main`` of a command; a Failure ends it with a message instead of a
    traceback."""
    if not OLDEST_PYTHON <= sys.version_info[:2]:
        # Newer ones are let through here: an older one beside it may serve the
        # environment.
        say(
            f"Python {sys.version.split()[0]} is too old for Odoo 19: run this with "
            "Python 3.11, 3.12 or 3.13."
        )
        raise SystemExit(1)
    try:
        status = main(sys.argv[1:])
    except Failure as failure:
        say(f"\n✗ {failure.problem}")
        if failure.remedy:
            say(f"  What to do: {failure.remedy}")
        status = 1
    except KeyboardInterrupt:
        say("\nStopped.")
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.stdout.flush()
    raise SystemExit(status)
