"""A pytest plugin: a test fails when our addons made Odoo log a warning or an error
during it, and when Odoo skips it for want of the browser that is there.

What a test expects it takes with ``assertLogs`` or mutes with ``mute_logger``; such
entries never get here.
"""

import logging
import os
import traceback

import pytest

from .logs import is_ordinary, mentions
from .paths import ROOT

ADDONS = [name for name in os.environ.get("SERVICE_ADDONS", "").split(",") if name]


class Watch(logging.Handler):
    """Collect what our addons are to blame for."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.found = []

    def emit(self, record):
        try:
            text = self.format(record)
            if self._ours(record, text):
                self.found.append(f"{record.levelname} {record.name}: {text}")
        except Exception:
            self.handleError(record)

    @staticmethod
    def _ours(record, text):
        if is_ordinary(record.name, text):
            return False
        if record.levelno >= logging.ERROR and record.name.startswith(
            ("odoo", "py.warnings", "werkzeug")
        ):
            return True
        if not ADDONS:
            return False
        if mentions(ADDONS, record.name, text):
            return True
        # Core complains on behalf of the code that called it.
        folders = tuple(f"{ROOT}/{name}/" for name in ADDONS)
        return any(
            frame.filename.startswith(folders)
            for frame in traceback.extract_stack(limit=60)
        )


watch = Watch()


def pytest_configure(config):
    logging.getLogger().addHandler(watch)
    config.addinivalue_line(
        "markers",
        "odoo_log_errors: the test makes Odoo log errors, and looks at them itself",
    )


def pytest_unconfigure(config):
    logging.getLogger().removeHandler(watch)


def _judge(item):
    found, watch.found = watch.found, []
    if found and not item.get_closest_marker("odoo_log_errors"):
        listed = "\n".join(found[:10])
        pytest.fail(
            f"Odoo complained during this test, {len(found)} time(s):\n{listed}",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    result = yield
    _judge(item)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item):
    result = yield
    _judge(item)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item):
    result = yield
    _judge(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and "chrome" in str(report.longrepr).lower():
        report.outcome = "failed"
        report.longrepr = f"Odoo did not find the browser: {report.longrepr}"
    return report


def pytest_sessionstart(session):
    watch.found = []
