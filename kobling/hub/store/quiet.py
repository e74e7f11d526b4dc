"""Issues that keep nobody from being in step: told for information, or notes of our own."""

from __future__ import annotations

from django.db.models import Q

from kobling.sync.doubts import INFORMATIONAL, NOTE

NOTES = Q(kind__startswith=NOTE)
QUIET = Q(kind__in=INFORMATIONAL) | NOTES


def is_quiet(kind: str) -> bool:
    """Whether an issue of this kind waits for nobody."""
    return kind in INFORMATIONAL or kind.startswith(NOTE)
