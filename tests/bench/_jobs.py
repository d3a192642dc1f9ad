"""Nightly jobs in a benchmark: what they commit is made due again for the next run."""

import tracemalloc

SHARE = 0.4
# tables that grow with the years
MANY = (
    "service_contract",
    "service_renewal",
    "service_renewal_notice",
    "mail_mail",
    "account_move",
)


class JobGround:
    """What is due; a benchmark says which jobs there are and how :meth:`reset` does."""

    JOBS = {}  # key -> name of the method of service.contract

    def __init__(self, bench):
        self.bench = bench

    def reset(self, job, share=1.0):
        """Let only ``share`` of what belongs to ``job`` be due, and nothing be done."""
        raise NotImplementedError

    def work(self, job):
        """Return the callable that runs the job in an environment."""
        return lambda env: getattr(env["service.contract"], self.JOBS[job])()

    def run(self, job):
        """Return the median cost of the job; it commits, so all is made due again."""
        costs = []
        for _time in range(3):
            self.reset(job)
            costs.append(self.bench.measure(self.work(job), keep=True))
        return sorted(costs, key=lambda cost: cost.seconds)[1]

    def check_reads(self, job):
        """Where nothing is due, no statement of the job reads a table of many rows from
        its beginning to its end.
        """
        env = self.bench.env
        said, execute = [], env.cr.execute

        def listen(query, parameters=None, **options):
            result = execute(query, parameters, **options)
            said.append(env.cr._obj.query.decode())
            return result

        env.cr.execute = listen
        try:
            self.work(job)(env)
        finally:
            del env.cr.execute
        asked = [text for text in said if text.lstrip().upper().startswith("SELECT")]
        read = set()
        for text in asked:
            plan = self.bench.explain(text.replace("%", "%%"), ())
            read.update(table for table in MANY if f"Seq Scan on {table}" in plan)
        self.bench.check(
            f"{job}: nothing due: indexes alone are read",
            asked and not read,
            ", ".join(sorted(read)) or f"{len(asked)} statements",
        )

    def check_memory(self, job):
        """What the job needs at its peak hardly depends on how many are due."""
        few, many = self._peak(job, SHARE), self._peak(job, 1.0)
        self.bench.check(
            f"{job}: memory with 40 % and with all due (≤ 1.2× + 1 MiB)",
            many <= few * 1.2 + 1,
            f"{few:.1f} and {many:.1f} MiB",
        )

    def _peak(self, job, share):
        self.reset(job, share)
        tracemalloc.start()
        self.bench.measure(self.work(job), keep=True)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most / 2**20
