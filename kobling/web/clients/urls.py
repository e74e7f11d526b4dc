"""Addresses of the clients' pages."""

from __future__ import annotations

from django.urls import path, register_converter

from kobling.portal.tabs import Tab
from kobling.web.clients import assign, one, views


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
    path("clients/assign/", assign.assign, name="assign_clients"),
    path("clients/unassign/", assign.unassign, name="unassign_clients"),
    path("clients/<row:client>/actions/", one.actions, name="client_actions"),
    path("clients/<row:client>/favourite/", one.favourite, name="favourite_client"),
    path("clients/<row:client>/snooze/", one.snooze, name="snooze_client"),
    path("clients/<row:client>/leave/", one.leave, name="leave_client"),
]
