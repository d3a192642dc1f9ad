"""A database of one's own with a real server process, and ways to look into it from
outside."""

import subprocess
from pathlib import Path

import psycopg2

from ground.logs import caused_by
from ground.mail_sink import MailSink
from ground.paths import HOME, LOGS, ROOT
from ground.server import Server

from .console import Console


class Instance(Server):
    """A running Odoo for a test: ``url``, ``database``, ``run(code)``, ``connect()``,
    ``mails()``, ``kill()``."""

    def __init__(self, session, database, names, **options):
        self.sink = MailSink(HOME / "mails" / database)
        super().__init__(
            session,
            database,
            **{"smtp_server": "127.0.0.1", "smtp_port": self.sink.port, **options},
        )
        self.names = names
        self.clock = None
        self.console = None

    def __enter__(self):
        self.sink.__enter__()
        return self.start()

    def __exit__(self, *error):
        self.stop()
        self.sink.__exit__(*error)

    def stop(self):
        self.close_console()
        super().stop()

    def close_console(self):
        if self.console:
            self.console.close()
            self.console = None

    def _configure(self):
        super()._configure()
        if self.clock:
            self.env["PYTHONPATH"] = str(Path(__file__).parent / "moved_clock")
            self.env["SERVICE_CLOCK"] = self.clock

    def move_clock(self, moment):
        """Start again at ``moment`` (UTC, later than the real one: browsers drop what
        has expired), as do ``run`` and ``spawn`` from then on. Sessions end.
        """
        self.stop()
        self.clock = str(moment)
        self.start()

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
            self.console = Console(
                self.session.shell_command(self.database),
                self.env or self.session.env(),
                LOGS / f"console-{self.database}.log",
            )
        return self.console.run(code, values)

    def spawn(self, code, **values):
        """Start the same in a process of its own without waiting: a
        ``subprocess.Popen`` to kill, or to run beside another one."""
        process = subprocess.Popen(
            self.session.shell_command(self.database),
            env=self.env,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )
        process.stdin.write(_wrap(code, values))
        process.stdin.close()
        process.stdin = None
        return process

    def complaints(self):
        """Return what our addons made the server log."""
        return caused_by(self.names, self.text())


def _wrap(code, values):
    """The shell reads line by line, so the code travels as one string."""
    lines = [f"{name} = {value!r}" for name, value in values.items()]
    lines += [
        f"exec(compile({code!r}, '<test>', 'exec'))",
        "env.cr.commit()",
        "print('RESULT')",
    ]
    return "\n".join(lines) + "\n"
