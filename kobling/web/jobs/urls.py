"""Addresses of jobs."""

from __future__ import annotations

from django.urls import path

from kobling.web.jobs import views

urlpatterns = [
    path("jobs/<row:job>/", views.show, name="job"),
    path("jobs/<row:job>/progress/", views.progress, name="watch_job"),
    path("jobs/<row:job>/file/", views.file, name="job_file"),
]
