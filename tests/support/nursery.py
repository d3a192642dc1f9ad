"""Odoo processes that begin at once: to be killed, or to run beside others.

An Odoo that has loaded everything, and talks to no database, forks one for each piece
of code. Two that shall meet do meet: neither has to start Odoo first.
"""

import json
import os
import select
import signal
import socket
import subprocess

from ground.paths import ROOT
from ground.session import parent_death_signal

# Runs in Odoo's shell. What is forked in between waits for its child, and tells how it
# ended: the one who asked is no parent of it.
SERVE = """
import ast
import json
import os
import socket
import traceback

import odoo.sql_db
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry


def work(code, values, fds):
    registry = Registry(database).check_signaling()
    with registry.cursor() as cursor:
        scope = {
            "env": api.Environment(cursor, SUPERUSER_ID, context),
            "fds": fds,
            **ast.literal_eval(values),
        }
        exec(compile(code, "<test>", "exec"), scope)
    registry.signal_changes()
    print("RESULT", flush=True)


def live(code, values, output, fds):
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        work(code, values, fds)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def bear(code, values, output, told, *fds):
    child = os.fork()
    if not child:
        os.close(told)
        live(code, values, output, fds)
    for fd in (output, *fds):
        os.close(fd)
    os.write(told, f"{child}\\n".encode())
    _child, status = os.waitpid(child, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\\n".encode())
    os._exit(0)


database, context = env.cr.dbname, dict(env.context)
env.cr.rollback()
env.cr.close()
odoo.sql_db.close_all()
with socket.socket(fileno=ASKED) as asked:
    while True:
        message, fds, _flags, _address = socket.recv_fds(asked, 1 << 20, 4)
        if not message:
            break
        guardian = os.fork()
        if not guardian:
            asked.close()
            if not os.fork():
                bear(*json.loads(message), *fds)
            os._exit(0)
        os.waitpid(guardian, 0)
        for fd in fds:
            os.close(fd)
"""


class Nursery:
    """Odoo's shell, from which processes are forked."""

    def __init__(self, command, env, log):
        ours, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fd = asked.fileno()
        script = f"ASKED = {fd}\n{SERVE}"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                env=env,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                pass_fds=(fd,),
                start_new_session=True,
                preexec_fn=parent_death_signal,
            )
        # Odoo's shell takes all of its standard input for one script: what it is asked
        # comes another way.
        self.process.stdin.write(script)
        self.process.stdin.close()
        asked.close()
        self._ask = ours

    def spawn(self, code, values, output=None, fds=()):
        """Return the :class:`Process` that runs ``code``.

        :param output: the file descriptor that it writes to, unless to ``stdout``
        :param fds: up to two file descriptors that the code finds as ``fds``
        """
        read = written = None
        if output is None:
            read, written = os.pipe()
        ended, told = os.pipe()
        message = json.dumps([code, repr(values)]).encode()
        heard = output if written is None else written
        socket.send_fds(self._ask, [message], [heard, told, *fds])
        os.close(told)
        if written is not None:
            os.close(written)
        return Process(read, ended)

    def close(self):
        self._ask.close()
        self.process.wait(30)


class Process:
    """What was forked: ``stdout``, ``wait()`` and ``kill()`` of a
    ``subprocess.Popen``."""

    def __init__(self, output, ended):
        self.stdout = output and os.fdopen(output, encoding="utf-8", errors="replace")
        self._ended = os.fdopen(ended, encoding="utf-8")
        self.pid = int(self._ended.readline())
        self.returncode = None

    def kill(self):
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout=60):
        """Return the exit status; negative = the signal that ended it."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            self.returncode = int(self._ended.readline())
        return self.returncode
