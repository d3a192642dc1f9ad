"""A pytest plugin: each of the processes that pytest-xdist starts has its own files
beside its own copy of the database.

pytest-odoo lets them share the files of the original database, where the one throws
away what the other still shows.
"""

import contextlib
import shutil

import pytest_odoo

from .databases import copy_filestore, filestore


@contextlib.contextmanager
def own_filestore(original, database):
    if original == database:
        yield
        return
    copy_filestore(original, database)
    try:
        yield
    finally:
        shutil.rmtree(filestore(database), ignore_errors=True)


pytest_odoo._shared_filestore = own_filestore
