"""A running Odoo server: a process of its own on a database of its own."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

from . import ports
from .console import Failure
from .paths import LOGS, ROOT
from .session import parent_death_signal


def set_address(psql, database, url):
    """Tell a database where it is served, so that reports and links find their way."""
    for key in ("web.base.url", "report.url"):
        psql(
            f"INSERT INTO ir_config_parameter (key, value) VALUES ('{key}', '{url}')"
            " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
            database,
        )


class Server:
    """Odoo, serving one database on the loopback."""

    def __init__(self, session, database, **options):
        self.session = session
        self.database = database
        self.port = ports.pick()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = LOGS / f"server-{database}.log"
        self.options = {"max_cron_threads": 0, **options}
        self.process = None
        self.env = None

    def start(self, timeout=60):
        """Start the process and wait until it answers."""
        set_address(self.session.postgres.psql, self.database, self.url)
        self._configure()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.session.odoo_command("server"),
                env=self.env,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=parent_death_signal,
            )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(
                    f"{self.url}/web/health", timeout=5
                ) as answer:
                    if answer.status == 200:
                        return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        self.kill()
        raise Failure(f"The Odoo server did not start:\n{self.text()[-3000:]}")

    def _configure(self):
        config = self.session.config(
            f"run/{self.database}-server",
            db_name=self.database,
            dbfilter=f"^{self.database}$",
            http_port=self.port,
            gevent_port=ports.pick(),
            list_db=False,
            **self.options,
        )
        self.env = self.session.env(ODOO_RC=str(config))

    def stop(self):
        """End it as an administrator would."""
        self._signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        """End it as a power cut would (kill -9), with its children."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number):
        if self.process and self.process.poll() is None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                pass

    def text(self):
        return (
            self.log.read_text(encoding="utf-8", errors="replace")
            if self.log.exists()
            else ""
        )
