"""Putting a mail down, so that a worker sends it: a page or a service never talks to a mail server itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
from django.conf import settings

from kobling.access.models import Client
from kobling.access.sealing import Use, opened, sealed
from kobling.mail.models import Mail
from kobling.records.errors import keepable


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person gets: finished, in their language. ``html`` empty: text alone."""

    to: str
    subject: str
    text: str
    html: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def put(letter: Letter, now: datetime, *, once: str = "", client: Client | None = None) -> bool:
    """Put it down in the caller's transaction. False where a mail of that ``once`` was put down before.

    What is in it is sealed: it may hold a link that lets somebody in.
    """
    _, made = Mail.objects.get_or_create(
        once=once or uuid4().hex,
        defaults={
            "to": letter.to,
            "content": sealed(msgspec.json.encode(_on_lines(letter)).decode(), Use.MAIL),
            "client": client,
            "message_id": f"<{uuid4().hex}@{_domain()}>",
            "asked_at": now,
            "next_at": now,
        },
    )
    return made


def letter_of(row: Mail) -> Letter | None:
    """What was put down; None once it is old. Raises InvalidToken where it was sealed with another web key."""
    return msgspec.json.decode(opened(row.content, Use.MAIL), type=Letter) if row.content else None


def _on_lines(letter: Letter) -> Letter:
    """What stands in the head of a mail is one line, whatever a name has in it: a second one would be another head."""
    return Letter(
        letter.to,
        _line(letter.subject),
        keepable(letter.text),
        keepable(letter.html),
        _line(letter.reply_to),
        {name: _line(value) for name, value in letter.headers.items()},
    )


def _line(text: str) -> str:
    return " ".join(keepable(text).split())


def _domain() -> str:
    """Whose mail it is, for its id: the sender's domain, or that of the pages."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return sender or urlsplit(settings.PUBLIC_URL).hostname or "kobling.localhost"
