"""A database of one's own with a real server process, and ways to look into it from
outside."""

import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg2

from ground.console import Failure
from ground.logs import caused_by
from ground.mail_sink import MailSink
from ground.paths import HOME, LOGS
from ground.server import Server

from .console import Console
from .nursery import Nursery


class Instance(Server):
    """A running Odoo for a test: ``url``, ``database``, ``run(code)``, ``connect()``,
    ``mails()``, ``kill()``."""

    def __init__(self, session, database, names, clock=False, **options):
        """:param clock: whether its clock can be moved"""
        self.sink = MailSink(HOME / "mails" / database)
        super().__init__(
            session,
            database,
            **{"smtp_server": "127.0.0.1", "smtp_port": self.sink.port, **options},
        )
        self.names = names
        self.clock = HOME / "run" / f"{database}.clock" if clock else None
        self.console = self.nursery = None

    def __enter__(self):
        self.sink.__enter__()
        if self.clock:
            self._tell_time(datetime.now(UTC).replace(tzinfo=None))
        return self.start()

    def __exit__(self, *error):
        self.stop()
        if self.clock:
            for path in self.clock.parent.glob(f"{self.clock.stem}.*"):
                path.unlink()
        self.sink.__exit__(*error)

    def stop(self):
        self.close_console()
        super().stop()

    def close_console(self):
        if self.console:
            self.console.close()
        if self.nursery:
            self.nursery.close()
        self.console = self.nursery = None

    def _configure(self):
        super()._configure()
        if self.clock:
            self.env["PYTHONPATH"] = str(Path(__file__).parent / "moved_clock")
            self.env["SERVICE_CLOCK"] = str(self.clock)

    def move_clock(self, moment, timeout=10):
        """Let it be ``moment`` (UTC, later than the real one: browsers drop what has
        expired), for ``run`` and ``spawn``, too. Sessions may end.
        """
        told = self._tell_time(moment)
        waiting = {self.process.pid}
        if self.console:
            waiting.add(self.console.process.pid)
        deadline = time.monotonic() + timeout
        while waiting and time.monotonic() < deadline:
            for pid in list(waiting):
                heard = self.clock.with_suffix(f".{pid}")
                if heard.exists() and heard.read_text(encoding="utf-8") == told:
                    waiting.discard(pid)
            time.sleep(0.02)
        if waiting:
            raise Failure(f"Processes that don't hear what time it is: {waiting}")

    def _tell_time(self, moment):
        told = str(moment)
        new = self.clock.with_suffix(".new")
        new.write_text(told, encoding="utf-8")
        new.replace(self.clock)
        return told

    def mails(self):
        """Return the mails that left Odoo, oldest first, as
        ``email.message.EmailMessage``."""
        return self.sink.mails()

    def connect(self):
        """Return a connection of its own to the database."""
        # libpq reads PGHOST and its like from the environment, as the commands in
        # setup/ set them.
        return psycopg2.connect(dbname=self.database)

    def sql(self, query, parameters=None):
        """Run one statement in its own transaction and return its rows."""
        connection = self.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def run(self, code, **values):
        """Run Python in another Odoo process than the server's and return what the code
        assigned to ``result``.

        ``env`` is there (as superuser); ``values`` are there under their names. What
        succeeds is committed. The process serves the next calls too, each in its own
        transaction: what shall change Odoo's code belongs into ``spawn``.
        """
        if not self.console:
            log = LOGS / f"console-{self.database}.log"
            self.console = Console(self._open_nursery(), log)
        return self.console.run(code, values)

    def spawn(self, code, **values):
        """Start the same in a process of its own without waiting: a
        :class:`.nursery.Process` to kill, or to run beside another one. It prints
        RESULT when it came to its end."""
        return self._open_nursery().spawn(code, values)

    def _open_nursery(self):
        if not self.nursery:
            self.nursery = Nursery(
                self.session.shell_command(self.database),
                self.env or self.session.env(),
                LOGS / f"nursery-{self.database}.log",
            )
        return self.nursery

    def complaints(self):
        """Return what our addons made the server log."""
        return caused_by(self.names, self.text())
