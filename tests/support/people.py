"""People at the web client, who do something in the same instant."""

import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

PASSWORD = "two-at-once"


class Person:
    """Somebody at the web client: calls methods as the client does, over HTTP."""

    def __init__(self, url, database, login):
        self.url = url
        self.database = database
        self.login = login
        self.uid = self._call("common", "authenticate", database, login, PASSWORD, {})
        assert self.uid, f"{login} can't log in"

    def _call(self, service, method, *arguments):
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "params": {"service": service, "method": method, "args": arguments},
        }
        asked = urllib.request.Request(
            f"{self.url}/jsonrpc",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=120) as answer:
            assert answer.status == 200
            told = json.loads(answer.read())
        if "error" in told:
            raise Refused(told["error"]["data"])
        return told["result"]

    def do(self, model, method, *arguments, **keywords):
        """Call a method; raises ``Refused`` with what the person would read."""
        return self._call(
            "object",
            "execute_kw",
            self.database,
            self.uid,
            PASSWORD,
            model,
            method,
            arguments,
            keywords,
        )


class Refused(Exception):
    """What the server answers instead of a result."""

    def __init__(self, data):
        self.kind = data["name"].rpartition(".")[2]
        self.text = data["message"]
        super().__init__(f"{self.kind}: {self.text}")


def at_once(*works):
    """Run the works in the same instant; return their results or what refused them."""
    gate = threading.Barrier(len(works))

    def run(work):
        gate.wait()
        try:
            return work()
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def split(answers):
    """Return (what succeeded, what was refused)."""
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    return [answer for answer in answers if answer not in refused], refused
