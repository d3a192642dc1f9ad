import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import html2plaintext

_logger = logging.getLogger(__name__)

# what another transaction caused, and looking again mends
COLLISIONS = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError)
ACTIVITY = "service_contract.mail_activity_type_job_error"
MAX_TRIES = 5
RETRY_AFTER = timedelta(days=1)


class CulpritError(UserError):
    """Raised by the work of a job that knows which of its records can't be done."""

    def __init__(self, problems):
        """:param problems: dict record -> translated text"""
        super().__init__("\n".join(problems.values()))
        self.problems = problems


class ServiceJobMixin(models.AbstractModel):
    """How every nightly job of the suite works through its due records.

    In batches that commit; a record that fails alone is put aside for a day, shown to a
    person once, and never stops the others.
    """

    _name = "service.job.mixin"
    _description = "Work of Nightly Jobs"

    job_error = fields.Text(
        string="Problem of a Nightly Job",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    job_retry_at = fields.Datetime(readonly=True, copy=False, groups="base.group_user")
    job_work = fields.Char(
        string="Failed Work",
        readonly=True,
        copy=False,
        help="The work that failed: the other jobs go on.",
        groups="base.group_user",
    )

    def write(self, vals):
        """Whoever changes a record may have mended it: let the next run try it
        again.
        """
        result = super().write(vals)
        if "job_retry_at" not in vals:
            # sudo: bookkeeping of the jobs, on records that were just written with full
            # checks
            waiting = self.sudo().filtered("job_retry_at")
            if waiting:
                super(ServiceJobMixin, waiting).write({"job_retry_at": False})
        return result

    def _process_due(self, domain, work, order, batch_size=200):
        """Run ``work`` on all records in ``domain``, batch by batch, and commit each.

        :param domain: which records are due; ``work`` must take its records out of it
        :param work: name of a method that works on a recordset of due, locked records
        :param order: begins with the column of the index that serves ``domain``, else
            the
            planner reads the whole table when nothing is due
        """
        now = fields.Datetime.now()
        domain = Domain(domain) & (
            Domain("job_retry_at", "=", False)
            | Domain("job_retry_at", "<=", now)
            | Domain("job_work", "!=", work)
        )
        progress = self.env["ir.cron"]._commit_progress
        done = tries = 0
        lost = self.browse()
        while batch := self.search(
            domain & Domain("id", "not in", lost.ids), order=order, limit=batch_size
        ):
            try:
                due = batch.try_lock_for_update(allow_referencing=True).filtered_domain(
                    domain
                )
                # archived records may be due; what they hold is looked at as ever: a
                # task that was done is archived, and open no more
                due = due.with_context(active_test=True)
                failures = due._run_halving(work)
                failed = due.browse([record.id for record, _error in failures])
                (due - failed)._clear_job_error(work)
                for record, error in failures:
                    if not record._tell_job_error(error, work):
                        lost += record  # still due: not again in this run
                self.env.flush_all()
            except COLLISIONS:
                # Somebody else committed first: look again, but not for ever.
                self.env.cr.rollback()
                tries += 1
                if tries >= MAX_TRIES:
                    raise
                continue
            done, tries = done + len(due), 0
            if not due or not progress(len(due), remaining=batch_size):
                return
        if done:
            progress(remaining=0)

    def _run_halving(self, work):
        """Call the method ``work`` on ``self``; where it fails, without those it names
        (:class:`CulpritError`), else on halves, down to the culprit.

        :return: list of (record, exception) for those that fail alone
        """
        if not self:
            return []
        try:
            with self.env.cr.savepoint():
                getattr(self, work)()
            return []
        except COLLISIONS:
            raise
        except CulpritError as error:
            failures = [
                (record, UserError(problem))
                for record, problem in error.problems.items()
            ]
            for record, problem in failures:
                _logger.error("%s failed on %s: %s", work, record, problem)
            culprits = self.browse([record.id for record, _problem in failures])
            return failures + (self - culprits)._run_halving(work)
        except Exception as error:
            if len(self) == 1:
                _logger.exception("%s failed on %s", work, self)
                return [(self, error)]
        half = len(self) // 2
        return self[:half]._run_halving(work) + self[half:]._run_halving(work)

    def _tell_job_error(self, error, work):
        """Store and tell an error; where even that fails, the log has it.

        :param work: name of what failed; it alone is put aside, and mended by itself
        :return: whether it was stored, so that the record is put aside
        """
        try:
            with self.env.cr.savepoint():
                self._flag_job_error(error, work)
            return True
        except COLLISIONS:
            raise
        except Exception:
            _logger.exception("The failure on %s could not be stored", self)
            return False

    def _flag_job_error(self, error, work):
        """Store why a job failed on this record, and tell a person once."""
        self.ensure_one()
        self.write(
            {
                "job_error": str(error),
                "job_retry_at": fields.Datetime.now() + RETRY_AFTER,
                "job_work": work,
            }
        )
        activities = self.activity_search([ACTIVITY])
        if not activities:
            self.activity_schedule(
                ACTIVITY,
                summary=self.env._(
                    "A nightly job failed on %(record)s", record=self.display_name
                ),
                note=Markup("<p>%s</p>") % str(error),
                user_id=self._get_responsible().id,
            )
            return
        # as text: what was stored was cleaned, and quotes are written otherwise
        told = html2plaintext(activities[0].note or "")
        if " ".join(str(error).split()) not in " ".join(told.split()):
            # another job failed on it, too: one task says all
            activities[0].note = (activities[0].note or "") + (
                Markup("<p>%s</p>") % str(error)
            )

    def _clear_job_error(self, work):
        """Forget that ``work`` failed on these records, as it went through now, and
        close what told of it.
        """
        mended = self.filtered(
            lambda record: record.job_error and record.job_work in (work, False)
        )
        if mended:
            mended.write({"job_error": False, "job_retry_at": False, "job_work": False})
            mended.activity_unlink([ACTIVITY])

    @api.autovacuum
    def _gc_job_errors(self):
        """Forget failures that no job came back to: what is due is tried every day, so
        these records are due no more, whatever the reason.
        """
        if self._abstract:
            return
        before = fields.Datetime.now() - 2 * RETRY_AFTER
        left = self.with_context(active_test=False).search(
            Domain("job_error", "!=", False)
            & Domain("write_date", "<", before)
            & (
                Domain("job_retry_at", "=", False)
                | Domain("job_retry_at", "<", before + RETRY_AFTER)
            )
        )
        for work, records in left.grouped("job_work").items():
            records._clear_job_error(work)

    def _get_responsible(self):
        """Hook: the user who is told when a job fails on this record."""
        return self.env.ref("base.user_admin")
