"""Addresses of the clients' pages."""

from __future__ import annotations

from django.urls import path, register_converter

from kobling.portal.tabs import Tab
from kobling.web.clients import views


class TabConverter:
    """A tab's name in an address."""

    regex = "|".join(each.value for each in Tab)

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


register_converter(TabConverter, "tab")
urlpatterns = [
    path("clients/", views.clients, name="clients"),
    path("clients/<tab:tab>/", views.clients, name="clients_in"),
]
