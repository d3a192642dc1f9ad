"""An Odoo process beside the server that runs what tests ask it to."""

import json
import os

from ground.console import Failure

SERVE = """
import ast
import json
import os
import traceback

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry


def answer(code, values):
    # Another process may have changed what this one remembers, and the other way round.
    registry = Registry(database).check_signaling()
    try:
        with registry.cursor() as cursor:
            fresh = api.Environment(cursor, SUPERUSER_ID, context)
            scope = {"env": fresh, "result": None, **ast.literal_eval(values)}
            exec(compile(code, "<test>", "exec"), scope)
            told = json.dumps({"result": scope["result"]}, default=str)
    except BaseException:
        registry.reset_changes()
        return json.dumps({"error": traceback.format_exc()})
    registry.signal_changes()
    return told


database, context = env.cr.dbname, dict(env.context)
env.cr.commit()
with os.fdopen(fds[0]) as asked, os.fdopen(fds[1], "w") as told:
    for line in asked:
        print(answer(*json.loads(line)), file=told, flush=True)
"""


class Console:
    """An Odoo for as long as somebody has something to ask."""

    def __init__(self, nursery, log):
        self.log = log
        asked, self._ask = os.pipe()
        answers, told = os.pipe()
        with log.open("ab") as output:
            self.process = nursery.spawn(
                SERVE, {}, output=output.fileno(), fds=(asked, told)
            )
        os.close(asked)
        os.close(told)
        self._answers = os.fdopen(answers, encoding="utf-8")
        self._seen = 0

    def run(self, code, values):
        """Return what the code assigned to ``result``.

        :raise Failure: when it fails, or makes Odoo log an exception
        """
        question = json.dumps([code, repr(values)]) + "\n"
        with os.fdopen(os.dup(self._ask), "w", encoding="utf-8") as ask:
            ask.write(question)
        line = self._answers.readline()
        answer = json.loads(line) if line else {"error": "It ended."}
        logged = self.log.read_text(encoding="utf-8", errors="replace")[self._seen :]
        self._seen += len(logged)
        if "error" in answer or "Traceback (most recent call last)" in logged:
            told = f"{logged[-3000:]}\n{answer.get('error', '')}"
            raise Failure(f"The code in Odoo's shell failed.\n{told}")
        return answer["result"]

    def close(self):
        os.close(self._ask)
        self._answers.close()
        self.process.wait(30)
