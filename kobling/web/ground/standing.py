"""What stands behind the word of a state: how many, since when, until when, by whom."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import get_language

from kobling.access import spoken
from kobling.hub.told.said import filled
from kobling.records import N_, NP_

HOUR = 3600
DAY = 24 * HOUR


def behind(
    state: str, now: datetime, *, issues: int, since: datetime | None, until: datetime | None, by: str = ""
) -> str:
    """As short as it goes; empty where the word says it all."""
    if state == "you":
        return str(issues) if issues else ""
    if state == "late":
        return lasted(since, now)
    if state == "pause":
        return by
    if state in ("limit", "wait") and until:
        local, language = timezone.localtime(until), get_language() or "en"
        today = local.date() == timezone.localtime(now).date()
        return spoken.clock(local, language) if today else spoken.day(local.date(), language)
    return ""


def lasted(since: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, sentence in (
        (DAY, NP_("%(number)s day", "%(number)s days")),
        (HOUR, NP_("%(number)s hour", "%(number)s hours")),
    ):
        if seconds >= unit:
            return filled(sentence, {"number": seconds // unit})
    return filled(N_("%(number)s min."), {"number": seconds // 60})
