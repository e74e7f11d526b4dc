"""Django's registration of the pages."""

from __future__ import annotations

from django.apps import AppConfig

from kobling.sdk.clock import SystemClock
from kobling.sdk.protocols import Clock


class WebConfig(AppConfig):
    name = "kobling.web"
    label = "web"
    clock: Clock = SystemClock()
    """What time it is for every page; tests put another one here."""
