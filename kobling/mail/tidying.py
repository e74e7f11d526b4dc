"""What was sent does not stay for ever: its content a while, that it was sent a year."""

from __future__ import annotations

from datetime import datetime, timedelta

from kobling.mail.models import Mail, State

CONTENT_LIVES = timedelta(days=90)
ROW_LIVES = timedelta(days=365)
AT_ONCE = 200
_OVER = (State.SENT, State.REFUSED, State.FAILED, State.UNKNOWN)


def tidy(now: datetime) -> int:
    """Empty what is old and drop what is older, a few at a time. Returns how many were touched."""
    ended = Mail.objects.filter(state__in=_OVER).order_by("asked_at")
    old = ended.filter(asked_at__lt=now - CONTENT_LIVES).exclude(content="").values_list("pk", flat=True)[:AT_ONCE]
    emptied = Mail.objects.filter(pk__in=list(old)).update(content="")
    older = ended.filter(asked_at__lt=now - ROW_LIVES).values_list("pk", flat=True)[:AT_ONCE]
    return emptied + Mail.objects.filter(pk__in=list(older)).delete()[0]
