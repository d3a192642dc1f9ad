"""A pytest plugin: what the registry remembers is forgotten after a test that changed
some of it, not after every test.

Odoo's test case empties all caches each time, and every test works out rights, XML ids
and views anew: a fifth of the time of a suite. What nobody invalidated is as true after
the rollback as before; a server in service goes by the same rule.
"""

from unittest.mock import patch

from odoo.orm.registry import Registry
from odoo.tests.common import TransactionCase


class Memory:
    """Whether a cache was emptied since the last test began."""

    touched = True

    def watch(self, method):
        def emptied(registry, *names):
            self.touched = True
            return method(registry, *names)

        return emptied

    def forgetful(self, set_up):
        def begin(case):
            self.touched = False
            registry = case.registry

            def forget():
                if self.touched:
                    registry.clear_all_caches()

            # Odoo takes hold of the method for the end of the test.
            with patch.object(registry, "clear_all_caches", forget):
                set_up(case)

        return begin


memory = Memory()


def pytest_configure(config):
    Registry.clear_cache = memory.watch(Registry.clear_cache)
    Registry.clear_all_caches = memory.watch(Registry.clear_all_caches)
    TransactionCase.setUp = memory.forgetful(TransactionCase.setUp)
