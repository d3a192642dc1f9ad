from datetime import date, timedelta

from odoo.tests import BaseCase, tagged

from ..tools.reminders import Due, Sent, Stage, get_due, get_next_day, get_plan

END = date(2026, 12, 31)
START = date(2026, 1, 1)
FIRST, SECOND, LAST = Stage(1, 90), Stage(2, 30, 14), Stage(3, -1)
STAGES = (SECOND, LAST, FIRST)


@tagged("post_install", "-at_install")
class TestReminderPlan(BaseCase):
    """When a customer is asked: 90 and 30 days ahead, then every 14 days, then a last
    call.
    """

    def _live(self, begin, until, stages=STAGES, start=START, end=END, skip=()):
        """Let days pass with a run each night; return what was sent on which day."""
        sent, told, day = {}, [], begin
        while day <= until:
            plan = get_plan(stages, start, end)
            due = day not in skip and get_due(plan, sent, day)
            following = get_next_day(plan, sent)
            if due:
                self.assertLessEqual(following, day)
                self.assertLessEqual(due.day, day)
                sent[due.key] = Sent(due.number, day)
                told.append(((day - end).days, due.key, due.number))
            elif day not in skip:
                # nothing is due before its day, and nothing is forgotten after it
                self.assertTrue(following is None or following > day)
            day += timedelta(days=1)
        return told

    def test_a_year_of_silence(self):
        told = self._live(START, END + timedelta(days=15))
        self.assertEqual(
            told,
            [(-90, 1, 0), (-30, 2, 0), (-16, 2, 1), (-2, 2, 2), (1, 3, 0)],
        )

    def test_a_job_that_was_late_catches_up_once(self):
        idle = {END - timedelta(days=n) for n in range(60, 100)}
        told = self._live(START, END - timedelta(days=31), skip=idle)
        self.assertEqual(told, [(-59, 1, 0)])

    def test_entering_late_only_the_latest_stage_is_sent(self):
        told = self._live(END - timedelta(days=20), END)
        self.assertEqual(told, [(-20, 2, 0), (-6, 2, 1)])

    def test_a_month_gets_the_latest_stage_after_half_of_it(self):
        plan = get_plan(STAGES, date(2026, 12, 2), END)
        self.assertEqual(
            [(due.day, stage.key) for due, stage in plan], [(16, 2), (1, 3)]
        )

    def test_a_quarter_gets_the_stages_up_to_its_half(self):
        plan = get_plan(STAGES, date(2026, 10, 1), END)
        self.assertEqual([stage.key for _due, stage in plan], [2, 3])

    def test_a_single_day(self):
        plan = get_plan(STAGES, END, END)
        self.assertEqual([due for due, _stage in plan], [END, END + timedelta(days=1)])

    def test_other_days_send_nothing_again(self):
        sent = {1: Sent(0, END - timedelta(days=90))}
        for days in (60, 90, 120):
            plan = get_plan([Stage(1, days), SECOND, LAST], START, END)
            self.assertFalse(get_due(plan, sent, END - timedelta(days=50)), days)
            self.assertEqual(get_next_day(plan, sent), END - timedelta(days=30))

    def test_a_stage_in_place_of_another_sends_nothing_again(self):
        sent = {1: Sent(0, END - timedelta(days=90))}
        plan = get_plan([Stage(9, 95), SECOND], START, END)
        self.assertFalse(get_due(plan, sent, END - timedelta(days=50)))

    def test_a_stage_put_behind_another_takes_none_of_its_reminders(self):
        sent = {1: Sent(0, END - timedelta(days=90))}
        plan = get_plan([Stage(1, 20), SECOND, LAST], START, END)
        second = END - timedelta(days=30)
        self.assertEqual(get_next_day(plan, sent), second)
        self.assertEqual(get_due(plan, sent, second), Due(2, 0, second))

    def test_an_end_some_weeks_later_sends_nothing_again(self):
        later = END + timedelta(days=45)
        sent = {
            1: Sent(0, END - timedelta(days=90)),
            2: Sent(0, END - timedelta(days=30)),
        }
        plan = get_plan(STAGES, START, later)
        again = later - timedelta(days=30)
        self.assertEqual(get_next_day(plan, sent), again)
        self.assertEqual(get_due(plan, sent, again), Due(2, 1, again))

    def test_an_end_a_year_later_is_asked_for_at_its_time(self):
        later = date(2027, 12, 31)
        sent = {
            1: Sent(0, END - timedelta(days=90), is_past=True),
            2: Sent(2, END - timedelta(days=2), is_past=True),
            3: Sent(0, END + timedelta(days=1), is_past=True),
        }
        plan = get_plan(STAGES, START, later)
        self.assertEqual(get_next_day(plan, sent), later - timedelta(days=90))
        self.assertFalse(get_due(plan, sent, END))
        first, second = (later - timedelta(days=days) for days in (90, 30))
        self.assertEqual(get_due(plan, sent, first), Due(1, 1, first))
        sent[1] = Sent(1, first)
        self.assertEqual(get_due(plan, sent, second), Due(2, 3, second))

    def test_no_plan_no_reminder(self):
        self.assertFalse(get_plan([], START, END))
        self.assertIsNone(get_next_day([], {}))
        self.assertIsNone(get_due([], {}, END))
