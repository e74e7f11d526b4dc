"""Clients in onboarding, one of them beside the list with its six steps; and what the firm does about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kobling.access.models import Client
from kobling.arriving import inviting_clients, permitting
from kobling.hub.services import assigning, onboarding
from kobling.portal.tabs import Tab, clients_in, tabs_of
from kobling.records import SettingsError
from kobling.web.arriving.access import levels
from kobling.web.arriving.listing import ONBOARDING, rows
from kobling.web.ground.asking import Asking
from kobling.web.ground.numbers import number_of
from kobling.web.ground.refusing import tell_refused
from kobling.web.lists.answering import Drawn, answered
from kobling.web.people.links import address


def listed(request: Asking, client: int | None = None) -> HttpResponseBase:
    """Clients on their way in, with the steps of one of them."""
    everything = clients_in(request.actor, Tab.ONBOARDING).select_related("onboarding")

    def made(found: Sequence[Client]) -> Iterable[Any]:
        return rows(found, request.now)

    def context() -> dict[str, Any]:
        return {"tabs": tabs_of(request.actor), "tab": Tab.ONBOARDING, **(_steps(request, client) if client else {})}

    drawn = Drawn(reverse("client_onboarding"), made, "arriving/list.html", "arriving/onboarding.html")
    return answered(request, ONBOARDING, everything, drawn, context)


def _steps(request: Asking, client: int) -> dict[str, Any]:
    return {
        "told": onboarding.told(request.actor, client),
        "permissions": permitting.permissions(request.actor, client),
        "bookkeepers": assigning.bookkeepers(request.actor),
        "levels": levels(),
    }


@require_POST
def remind(request: Asking, client: int) -> HttpResponse:
    """The company gets a mail about what it still has to do."""
    try:
        where = address(request, "client_firm", client)
        to = inviting_clients.remind(request.actor, client, request.now, where)
    except SettingsError as refused:
        tell_refused(request, refused)
    else:
        messages.success(request, _("A reminder is on its way to %(email)s.") % {"email": ", ".join(to)})
    return redirect("client_onboarding_of", client)


@require_POST
def bookkeeper(request: Asking, client: int) -> HttpResponse:
    """A colleague looks after a client that is on its way in."""
    try:
        onboarding.assign(request.actor, client, number_of(request.POST.get("member")) or 0)
    except SettingsError as refused:
        tell_refused(request, refused)
    else:
        messages.success(request, _("Saved."))
    return redirect("client_onboarding_of", client)
