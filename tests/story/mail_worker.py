"""A worker's mail as a process that is killed and begun again: later each time, as if its leases were over.

``python -m tests.story.mail_worker FILE`` writes the process's id into the file, and ends when no mail waits.
"""

from __future__ import annotations

import os
import sys
import threading
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import django

STEP = timedelta(minutes=20)


def main(file: Path) -> None:
    django.setup()
    for number in count():
        # Forked, so that a life costs no start of Python.
        child = os.fork()
        if child == 0:
            _life(file, number * STEP)
        if os.waitpid(child, 0)[1] == 0:
            return


def _life(file: Path, later: timedelta) -> None:
    from django.conf import settings

    from kobling.engine.posting import Posting
    from kobling.mail.models import Mail, State
    from kobling.sdk.clock import SystemClock

    class Later(SystemClock):
        def now(self) -> datetime:
            return super().now() + later

    file.write_text(str(os.getpid()))
    posting, pause = Posting(Later()), threading.Event()
    if not settings.DATABASE_URL:
        posting.alone()
    while Mail.objects.filter(state__in=(State.WAITING, State.GOING)).exists():
        posting.post(Later().now())
        posting.wait(5)
        pause.wait(0.02)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
