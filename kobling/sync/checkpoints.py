"""Named moments at which crash tests kill the process; in real life nothing happens here.

``KOBLING_CRASH_AT=answered:3`` kills the process with SIGKILL when it reaches ``answered`` for the third time.
"""

from __future__ import annotations

import os
import signal

JOURNALED = "journaled"
ANSWERED = "answered"
RECORDED = "recorded"
OBSERVED = "observed"
BOOKMARKED = "bookmarked"
PLANNED = "planned"
NEW_KEY = "new_key"
SEALED_ANEW = "sealed_anew"
KEY_DROPPED = "key_dropped"
NAMES = (OBSERVED, BOOKMARKED, PLANNED, JOURNALED, ANSWERED, RECORDED, NEW_KEY, SEALED_ANEW, KEY_DROPPED)

_reached: dict[str, int] = {}


def reach(name: str) -> None:
    """Say that a moment is reached."""
    wanted = os.environ.get("KOBLING_CRASH_AT")
    if not wanted:
        return
    moment, _, times = wanted.partition(":")
    if moment != name:
        return
    _reached[name] = _reached.get(name, 0) + 1
    if _reached[name] == int(times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
