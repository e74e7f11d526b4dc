"""Mail that is put into a folder instead of being sent: to try things out, and to read it there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from django.conf import settings

from kobling import storage
from kobling.access.policy import Actor, NotFound, require_installation
from kobling.records import N_

_NAME = re.compile(r"[\w-]{1,200}\.eml")
_SHOWN = 200
_HEADS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post")


@dataclass(frozen=True, slots=True)
class Found:
    """A mail that lies in the folder."""

    name: str
    to: str
    subject: str
    date: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The same, to be read. ``html`` empty: it has text alone."""

    name: str
    heads: tuple[tuple[str, str], ...]
    text: str
    html: str


def deliver(asked_at: datetime, message_id: str, message: bytes) -> None:
    """Put it there, whole or not at all; the same mail again lies where it lay."""
    folder = Path(settings.MAIL_FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    ident = message_id.strip("<>").partition("@")[0]
    storage.replace(folder / f"{asked_at:%Y%m%d-%H%M%S}-{ident}.eml", message)


def listed(actor: Actor) -> list[Found]:
    """The newest mails of the folder; none where there is no folder."""
    require_installation(actor)
    if not settings.MAIL_FOLDER or not Path(settings.MAIL_FOLDER).is_dir():
        return []
    names = sorted((each.name for each in Path(settings.MAIL_FOLDER).glob("*.eml")), reverse=True)[:_SHOWN]
    found = ((name, _read(name)) for name in names)
    return [Found(name, str(each["To"]), str(each["Subject"]), str(each["Date"])) for name, each in found]


def read(actor: Actor, name: str) -> Opened:
    """One mail of the folder. Raises NotFound where there is none of that name."""
    require_installation(actor)
    if not settings.MAIL_FOLDER or not _NAME.fullmatch(name) or not (Path(settings.MAIL_FOLDER) / name).is_file():
        raise NotFound(N_("There is no such mail."), code="not_found")
    found = _read(name)
    text, html = (found.get_body((kind,)) for kind in ("plain", "html"))
    return Opened(
        name,
        tuple((head, str(found[head])) for head in _HEADS if found[head]),
        text.get_content() if text is not None else "",
        html.get_content() if html is not None else "",
    )


def _read(name: str) -> EmailMessage:
    found = message_from_bytes((Path(settings.MAIL_FOLDER) / name).read_bytes(), policy=default)
    assert isinstance(found, EmailMessage)
    return found
