from unittest.mock import patch

from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, mute_logger

from .common import ServiceContractCommon

JOB_LOGGER = "odoo.addons.service_contract.models.service_job_mixin"


@tagged("post_install", "-at_install")
class TestJobs(ServiceContractCommon):
    """The nightly job expires each contract at its own midnight, whatever breaks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cron = cls.env.ref("service_contract.ir_cron_expire_contracts")

    def _run(self, at):
        self.env.flush_all()
        with freeze_time(at), self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def _make_three(self):
        return self.env["service.contract"].union(
            *[self._make_contract(activate=True) for _n in range(3)]
        )

    def test_a_contract_expires_at_its_own_midnight(self):
        bangkok = self._make_contract(activate=True)
        brussels = self._make_contract(tz="Europe/Brussels", activate=True)
        self._run("2026-12-31 16:59:00")
        self.assertEqual(bangkok.state, "active")
        self._run("2026-12-31 17:00:00")
        self.assertEqual((bangkok.state, brussels.state), ("expired", "active"))
        self._run("2026-12-31 23:00:00")
        self.assertEqual(brussels.state, "expired")

    def test_suspended_and_open_ended_contracts_are_left_alone(self):
        suspended = self._make_contract(activate=True)
        suspended.action_suspend()
        endless = self._make_contract(term_count=0, activate=True)
        self._run("2030-01-01")
        self.assertEqual((suspended.state, endless.state), ("suspended", "active"))

    def test_archived_contracts_end_too(self):
        contract = self._make_contract(activate=True)
        contract.action_archive()
        self._run("2027-01-02")
        self.assertEqual(contract.state, "expired")

    def _breaking(self, bad):
        contract = type(self.env["service.contract"])
        expire = contract._expire

        def broken(contracts):
            if bad in contracts:
                raise ValueError("This one is broken")
            return expire(contracts)

        return patch.object(contract, "_expire", broken)

    def test_one_broken_contract_stops_nobody_and_is_shown_once(self):
        contracts = self._make_three()
        bad = contracts[1]
        with self._breaking(bad), mute_logger(JOB_LOGGER):
            for day in ("2027-01-01", "2027-01-02", "2027-01-03", "2027-01-03"):
                self._run(day)
        self.assertEqual(contracts.mapped("state"), ["expired", "active", "expired"])
        self.assertEqual(bad.job_error, "This one is broken")
        self.assertEqual(len(bad.activity_ids), 1)
        self.assertEqual(bad.activity_ids.user_id, bad.user_id)
        self._run("2027-01-05")
        self.assertEqual(bad.state, "expired")
        self.assertFalse(bad.job_error)
        self.assertFalse(bad.activity_ids)

    def test_two_jobs_that_fail_on_one_contract_are_told_in_one_task(self):
        contract = self._make_contract(activate=True).sudo()
        contract._flag_job_error("The first <b>problem</b>", "_expire")
        contract._flag_job_error("The second problem", "_other")
        contract._flag_job_error("The first <b>problem</b>", "_expire")
        self.assertEqual(len(contract.activity_ids), 1)
        note = contract.activity_ids.note
        self.assertEqual(note.count("problem"), 2)
        self.assertIn("&lt;b&gt;", note)
        contract._clear_job_error("_other")
        self.assertTrue(contract.job_error)
        contract._clear_job_error("_expire")
        self.assertFalse(contract.job_error or contract.activity_ids)

    def test_a_failure_that_cannot_be_stored_does_not_make_the_job_spin(self):
        contracts = self._make_three()
        bad = contracts[1]
        self.env.flush_all()
        self.env.cr.execute(
            """
            CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'nothing is written here'; END $$
            """
        )
        self.env.cr.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON service_contract FOR EACH ROW"
            f" WHEN (OLD.id = {bad.id}) EXECUTE FUNCTION pg_temp.refuse()"
        )
        with mute_logger(JOB_LOGGER, "odoo.sql_db"):
            self._run("2027-01-01")
        self.assertEqual(contracts.mapped("state"), ["expired", "active", "expired"])
        self.assertFalse(bad.job_error)

    def test_whoever_mends_it_gets_it_tried_at_once(self):
        bad = self._make_contract(activate=True)
        with self._breaking(bad), mute_logger(JOB_LOGGER):
            self._run("2027-01-01 00:00:00")
        self._run("2027-01-01 01:00:00")
        self.assertEqual(bad.state, "active")
        bad.note = "<p>mended</p>"
        self.env.flush_all()
        self._run("2027-01-01 02:00:00")
        self.assertEqual(bad.state, "expired")

    def test_the_one_told_can_open_it(self):
        contract = self._make_contract(activate=True, user_id=self.dispatcher.id)
        self.assertEqual(contract._get_responsible(), self.dispatcher)
        self.dispatcher.active = False
        other = contract._get_responsible()
        self.assertTrue(other.has_group("service_contract.group_service_manager"))
        self.assertTrue(other.active)

    def test_nothing_due_costs_next_to_nothing(self):
        self._make_three()
        self.env.flush_all()
        self.env.invalidate_all()
        model = self.env["service.contract"].sudo()
        with freeze_time("2026-06-01"), self.assertQueryCount(5):
            model._cron_expire_contracts()

    def test_the_job_reads_its_index(self):
        self._make_three()
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(
            row for (row,) in self.env.execute_query(self._explain("2026-01-01"))
        )
        self.assertIn("service_contract_end_idx", plan)

    def _explain(self, now):
        query = self.env["service.contract"]._search(
            [("state", "=", "active"), ("period_end_at", "<=", now)],
            order="period_end_at",
            limit=200,
        )
        return SQL("EXPLAIN %s", query.select())

    def test_due_contracts_expire_in_batches(self):
        def cost(count):
            contracts = self.env["service.contract"].union(
                *[self._make_contract(activate=True) for _n in range(count)]
            )
            self.env.flush_all()
            with self.enter_registry_test_mode(), freeze_time("2027-02-01"):
                before = self.env.cr.sql_log_count
                self.cron.method_direct_trigger()
                spent = self.env.cr.sql_log_count - before
            self.env.invalidate_all()
            self.assertEqual(set(contracts.mapped("state")), {"expired"})
            return spent

        cost(2)
        few, many = cost(5), cost(25)
        self.assertEqual(many, few, "25 contracts take no query more than 5")
