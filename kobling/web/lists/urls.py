"""Addresses of what all lists share."""

from __future__ import annotations

from django.urls import path

from kobling.web.lists import views

urlpatterns = [
    path("lists/<slug:listing>/views/save/", views.save_view, name="save_view"),
    path("lists/<slug:listing>/views/remove/", views.remove_view, name="remove_view"),
]
