"""Fixtures for tests that need more than one addon in one process: real servers,
browsers, processes.

``server``       an Odoo on its own copy of the database with the addons (one for each
                 test file)
``demo_server``  the same with demo data and the logins of the demo
``new_server``   makes further ones: ``new_server(demo=True, max_cron_threads=1)``;
                 ended with the test
``visit``        opens a browser: ``visit(server, "phone", login="admin")`` gives a
                 ``Visitor``; the test fails on
                 any error in the console, any exception of a page and any answer above
                 499
``wait_for``     waits until something is true
"""

import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT / "setup") not in sys.path:
    sys.path.insert(0, str(ROOT / "setup"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures know whether the test failed."""
    report = yield
    item.stash.setdefault(OUTCOME, {})[report.when] = report
    return report


OUTCOME = pytest.StashKey()


def failed(request):
    return any(report.failed for report in request.node.stash.get(OUTCOME, {}).values())


@pytest.fixture(scope="session")
def odoo_session():
    """Odoo, its environment and its PostgreSQL, as the commands in setup/ have them."""
    from ground.paths import prepare_home
    from ground.session import Session

    prepare_home()
    return Session(browser=True)


@pytest.fixture(scope="session")
def databases(odoo_session):
    from ground.databases import Databases

    return Databases(odoo_session)


@pytest.fixture(scope="session")
def instances(odoo_session, databases):
    """Return a context manager that gives a running ``Instance``."""
    import contextlib

    from support.instance import Instance

    @contextlib.contextmanager
    def instance(demo=False, **options):
        template = databases.installed(demo=demo)
        names = [addon.name for addon in databases.addons]
        with (
            databases.scratch(template) as database,
            Instance(odoo_session, database, names, **options) as server,
        ):
            yield server
        complaints = server.complaints()
        assert not complaints, "Our addons made the server complain:\n" + "\n".join(
            complaints[:20]
        )

    return instance


@pytest.fixture(scope="module")
def server(instances):
    with instances() as running:
        yield running


@pytest.fixture(scope="module")
def demo_server(instances):
    with instances(demo=True) as running:
        yield running


@pytest.fixture
def new_server(instances):
    import contextlib

    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(instances(**options))


# Of the module: at the end of a class Odoo's own test cases, which may follow in the
# same process, terminate all its children.
@pytest.fixture(scope="module")
def devices(odoo_session):
    from playwright.sync_api import sync_playwright

    from support.browser import Devices

    flags = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run "
        "--disable-background-networking "
        "--disable-component-update --disable-sync --disable-dev-shm-usage"
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=odoo_session.browser, args=flags.split()
        )
        yield Devices(chromium)
        chromium.close()


@pytest.fixture
def visit(devices, request):
    from support.browser import Visitor

    visitors = []

    def open_browser(server, size="desktop", login=None, password=None, language=None):
        name = request.node.name
        visitor = Visitor(devices, size, server, name, login, language)
        visitors.append(visitor)
        return visitor.enter(login, password) if login else visitor

    yield open_browser
    complaints = []
    for visitor in visitors:
        complaints += visitor.watch.errors
        if failed(request) or visitor.watch.errors:
            visitor.shoot("failed")
            visitor.close()
        else:
            visitor.leave()
    assert not complaints, "The browser complained:\n" + "\n".join(complaints[:20])


@pytest.fixture(scope="session")
def wait_for():
    def wait(condition, what="", timeout=30):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if result := condition():
                return result
            time.sleep(0.1)
        raise AssertionError(f"In {timeout} s it never happened: {what or condition}")

    return wait
