"""Starts Python at the moment that SERVICE_CLOCK says (UTC); from there its clock runs.

Before anything else is imported, so that nobody keeps the real clock.
"""

import os

if moment := os.environ.get("SERVICE_CLOCK"):
    from freezegun import freeze_time

    freeze_time(moment, tick=True).start()
