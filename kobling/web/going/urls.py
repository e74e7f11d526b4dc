"""Addresses of where one goes on from."""

from __future__ import annotations

from django.urls import path

from kobling.web.going import views

urlpatterns = [
    path("places/", views.places, name="places"),
    path("go/", views.palette, name="palette"),
    path("keys/", views.shortcuts, name="shortcuts"),
]
