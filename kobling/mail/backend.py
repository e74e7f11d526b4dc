"""Django's way of sending mail, for libraries that know no other: theirs goes into the outbox as well."""

from __future__ import annotations

from collections.abc import Sequence

from django.apps import apps
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from kobling.mail.outbox import Letter, put


class IntoTheOutbox(BaseEmailBackend):
    """Puts every mail down for each of its recipients by themselves."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many mails were given; all of them are put down."""
        now = apps.get_app_config("mail").clock.now()  # type: ignore[attr-defined]
        for message in email_messages:
            for to in message.recipients():
                put(_letter(to, message), now)
        return len(email_messages)


def _letter(to: str, message: EmailMessage) -> Letter:
    others = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
    html = next((str(content) for content, kind in others if kind == "text/html"), "")
    reply_to = ", ".join(message.reply_to)
    return Letter(to, str(message.subject), str(message.body), html, reply_to)
