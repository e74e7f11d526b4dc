"""Issues that keep nobody from being in step: told for information."""

from __future__ import annotations

from django.db.models import Q

from kobling.sync.doubts import INFORMATIONAL

QUIET = Q(kind__in=INFORMATIONAL)


def is_quiet(kind: str) -> bool:
    """Whether an issue of this kind waits for nobody."""
    return kind in INFORMATIONAL
