"""Addresses of a client's own pages."""

from __future__ import annotations

from django.urls import path

from kobling.web.home import running, views

urlpatterns = [
    path("clients/<row:client>/", views.home, name="client"),
    path("clients/<row:client>/history/", views.history, name="client_history"),
    path("clients/<row:client>/run/", running.run, name="run_pairs"),
    path("clients/<row:client>/schedule/", running.schedule, name="schedule_pair"),
    path("runs/<row:run>/", running.show, name="run"),
    path("runs/<row:run>/progress/", running.progress, name="watch_run"),
    path("runs/<row:run>/cancel/", running.cancel, name="cancel_run"),
]
