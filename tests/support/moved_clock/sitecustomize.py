"""Starts Python at the moment that the file of SERVICE_CLOCK says (UTC), and goes to
the next one as soon as the file says another; in between the clock runs.

Before anything else is imported, so that nobody keeps the real clock.
"""

import os

if clock := os.environ.get("SERVICE_CLOCK"):
    import threading
    import time
    from datetime import datetime
    from pathlib import Path

    from freezegun import freeze_time

    clock = Path(clock)
    now, sleep, fromisoformat = datetime.now, time.sleep, datetime.fromisoformat
    said = clock.read_text(encoding="utf-8")
    frozen = freeze_time(said, tick=True).start()

    def follow():
        global said
        heard = clock.with_suffix(f".{os.getpid()}")
        while clock.exists():
            told = clock.read_text(encoding="utf-8")
            if told and told != said:
                said = told
                frozen.time_to_freeze, frozen.start = fromisoformat(said), now()
                heard.write_text(said, encoding="utf-8")
            sleep(0.05)

    def listen():
        threading.Thread(target=follow, daemon=True).start()

    listen()
    # A thread stays behind in the parent.
    os.register_at_fork(after_in_child=listen)
