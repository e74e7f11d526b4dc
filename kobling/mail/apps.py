"""Django's registration of the mail room."""

from __future__ import annotations

from django.apps import AppConfig

from kobling.sdk.clock import SystemClock
from kobling.sdk.protocols import Clock


class MailConfig(AppConfig):
    name = "kobling.mail"
    label = "mail"
    clock: Clock = SystemClock()
    """What time it is for mails that libraries put down; tests put another one here."""
