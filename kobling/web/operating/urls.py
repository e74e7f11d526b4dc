"""Addresses of the operator's page."""

from __future__ import annotations

from django.urls import path

from kobling.web.operating import views

urlpatterns = [
    path("operating/", views.operating, name="operating"),
    path("operating/check-up/", views.check_up, name="check_up"),
]
