"""A mail as it goes over the line. Made anew at each try, and the same each time."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from django.conf import settings

from kobling.mail.models import Mail
from kobling.mail.outbox import Letter

_POLICY = SMTP.clone(cte_type="7bit")
_HEADS_ON_ONE_LINE = _POLICY.clone(max_line_length=998)
"""A head that is folded may be encoded on the way, and the address in List-Unsubscribe must stand as it is."""


def message_of(row: Mail, letter: Letter) -> bytes:
    """The whole mail. Its id and its date are those of when it was put down, so that a repetition can be told."""
    made = EmailMessage(policy=_POLICY)
    made["From"] = settings.DEFAULT_FROM_EMAIL
    made["To"] = by_letters(letter.to)
    made["Subject"] = letter.subject
    made["Date"] = format_datetime(row.asked_at)
    made["Message-ID"] = row.message_id
    if letter.reply_to:
        made["Reply-To"] = by_letters(letter.reply_to)
    # Who is away need not tell us.
    made["Auto-Submitted"] = "auto-generated"
    for name, value in letter.headers.items():
        made[name] = value
    made.set_content(letter.text)
    if letter.html:
        made.add_alternative(letter.html, subtype="html")
    return made.as_bytes(policy=_HEADS_ON_ONE_LINE)


def by_letters(address: str) -> str:
    """The address with its domain as mail servers know it: without letters beyond ASCII."""
    name, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{name}@{domain.encode('idna').decode()}"


def sender() -> str:
    """The bare address that mail comes from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
