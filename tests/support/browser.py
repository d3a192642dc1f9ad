"""A browser that a person might use: pages that remember every error they showed."""

import contextlib
import re
from collections import defaultdict

from playwright.sync_api import Error

from ground.paths import SCREENSHOTS

SIZES = {
    "desktop": {"width": 1366, "height": 768},
    "phone": {"width": 390, "height": 844},
}
# Chromium's own remarks on a machine without the wide world; nothing that a page did
# wrong.
HARMLESS = re.compile(
    r"net::ERR_(INTERNET_DISCONNECTED|NAME_NOT_RESOLVED|ABORTED)|favicon"
)


class Watcher:
    """Collects console errors, exceptions and failed requests of a page."""

    def __init__(self, page):
        self.errors = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._add(f"exception: {error}"))
        page.on("response", self._response)

    def _console(self, message):
        if message.type == "error":
            place = message.location.get("url", "")
            self._add(f"console: {message.text} ({place})")

    def _response(self, response):
        if response.status >= 500:
            self._add(f"HTTP {response.status}: {response.url}")

    def _add(self, text):
        if not HARMLESS.search(text):
            self.errors.append(text)

    def expect(self, pattern):
        """Take the errors that a test provoked on purpose, at least one."""
        expected = [text for text in self.errors if re.search(pattern, text)]
        assert expected, f"the page did not complain about “{pattern}”"
        self.errors = [text for text in self.errors if text not in expected]


class Devices:
    """The computers and phones of a browser. Everybody has their own, and gets it back
    at the next visit: a page that was fetched once opens in half the time.

    What would lead them on where they were (cookies, what tabs remember) is gone then.
    """

    def __init__(self, browser):
        self.browser = browser
        self.idle = defaultdict(list)
        self.sessions = {}

    def take(self, whose):
        """Return a tab of a device, in a browser context of its own.

        :param whose: URL of the server, login or None, size and language
        """
        if idle := self.idle[whose]:
            return idle.pop()
        url, _login, size, language = whose
        phone = size == "phone"
        context = self.browser.new_context(
            viewport=SIZES[size],
            base_url=url,
            is_mobile=phone,
            has_touch=phone,
            device_scale_factor=2 if phone else 1,
            locale=language or "en-US",
            timezone_id="Asia/Bangkok",
            accept_downloads=True,
        )
        context.set_default_timeout(20_000)
        return context.new_page()

    def put_away(self, page, whose):
        """Keep the device of somebody for the next visit."""
        url, _login, size, _language = whose
        for other in page.context.pages:
            if other is not page:
                other.close()
        if page.url.startswith(url):
            page.evaluate("sessionStorage.clear(); localStorage.clear()")
        page.goto("about:blank")
        page.set_viewport_size(SIZES[size])
        page.context.clear_cookies()
        self.idle[whose].append(page)


class Visitor:
    """One person at a browser: a page, what went wrong on it, and how to get around
    Odoo."""

    def __init__(self, devices, size, server, name, login=None, language=None):
        """:param login: who it is, unless that shall only turn out"""
        self.size = size
        self.server = server
        self.url = server.url
        self.name = name
        self.devices = devices
        self.whose = (self.url, login, size, language)
        self.page = devices.take(self.whose)
        self.context = self.page.context
        self.watch = Watcher(self.page)
        # A new tab (a printed document, a preview) is looked at as closely as the
        # first.
        self.context.on("page", self._adopt)
        self.pictures = 0

    def _adopt(self, page):
        if page is not self.page:
            watch = Watcher(page)
            watch.errors = self.watch.errors

    def enter(self, login, password=None):
        """Be logged in, without a look at the pages on the way."""
        if known := self.devices.sessions.get((self.url, login)):
            self.context.add_cookies(known)
            if self._ask("get_session_info").get("result", {}).get("uid"):
                return self
            self.context.clear_cookies()
        answer = self._ask(
            "authenticate",
            db=self.server.database,
            login=login,
            password=password or login,
        )
        assert answer.get("result", {}).get("uid"), answer
        self.devices.sessions[self.url, login] = self.context.cookies()
        return self

    def _ask(self, what, **params):
        return self.context.request.post(
            f"/web/session/{what}", data={"jsonrpc": "2.0", "params": params}
        ).json()

    def log_in(self, login, password=None):
        """Log in on the screen, and wait until the page that follows is there."""
        self.page.goto("/web/login")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", password or login)
        self.page.click(".oe_login_form button[type=submit]")
        self.page.wait_for_selector(
            ".o_web_client .o_main_navbar, #wrapwrap .o_portal, #wrapwrap header"
        )
        return self

    def shoot(self, title, **options):
        """Keep a screenshot under .odoo/screenshots."""
        self.pictures += 1
        plain = re.sub(
            r"[^\w.-]+", "-", f"{self.name}-{self.size}-{self.pictures:02}-{title}"
        )
        path = SCREENSHOTS / f"{plain}.png"
        self.page.screenshot(path=path, **options)
        return path

    def leave(self):
        """Be gone: who comes back finds the same device."""
        _url, login, _size, _language = self.whose
        if not login:
            self.close()
            return
        self.context.remove_listener("page", self._adopt)
        self.devices.put_away(self.page, self.whose)

    def close(self):
        # After Ctrl-C the browser may be gone already.
        with contextlib.suppress(Error):
            self.context.close()
