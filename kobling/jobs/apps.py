"""Django's registration of the room of jobs."""

from __future__ import annotations

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "kobling.jobs"
    label = "jobs"
