"""Django's registration of the pages."""

from __future__ import annotations

from datetime import datetime

from django.apps import AppConfig
from django.urls import register_converter

from kobling.sdk.clock import SystemClock
from kobling.sdk.protocols import Clock
from kobling.web.ground.numbers import RowConverter


class WebConfig(AppConfig):
    name = "kobling.web"
    label = "web"
    clock: Clock = SystemClock()
    """What time it is for every page; tests put another one here."""
    began: datetime | None = None
    """Since when this process shows pages."""

    def ready(self) -> None:
        register_converter(RowConverter, "row")
        self.began = self.clock.now()
