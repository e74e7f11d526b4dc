"""The list of clients."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language

from kobling.access.models import Client
from kobling.portal.mine import with_mine
from kobling.portal.months import months_of
from kobling.portal.tabs import Tab, TabOf, begins_in, clients_in, tabs_of
from kobling.web.clients.drawing import Drawing
from kobling.web.clients.listing import CLIENTS, listing_of
from kobling.web.clients.months import strip
from kobling.web.clients.panel import panel_of
from kobling.web.clients.rows import rows
from kobling.web.ground.asking import Asking
from kobling.web.ground.numbers import numbers_of
from kobling.web.lists import saved
from kobling.web.lists.asked import Asked
from kobling.web.lists.files import file_of
from kobling.web.lists.showing import Page, page_of


def clients(request: Asking, tab: str = "") -> HttpResponseBase:
    """Clients of a tab; admins begin with all, bookkeepers with their own, anybody with the view they chose."""
    if not tab and not request.GET and (address := _opening(request)):
        return redirect(address)
    tabs = tabs_of(request.actor)
    chosen = Tab(tab) if tab else begins_in(tabs)
    everything = clients_in(request.actor, chosen).select_related("figures")
    listed = with_mine(everything, request.actor.person, request.now)
    listing = listing_of(request.now, pressing_first=len(tabs) == 1)
    asked, language = Asked.of(listing, request.GET), get_language() or "en"
    if "file" in request.GET:
        ticked = numbers_of(request.GET.getlist("client"))
        return file_of(request, asked, listed.filter(pk__in=ticked) if ticked else listed, language)

    def made(found: list[Client]) -> object:
        return rows(found, request.now)

    path = reverse("clients_in", args=[chosen])
    told = next((each for each in tabs if each.tab is chosen), None)
    page = page_of(request.user.pk, path, asked, listed, made, told.number if told else None)  # type: ignore[arg-type]
    told = told or TabOf(chosen, page.total)
    request.seen_clients = next(each.number for each in tabs if each.tab is begins_in(tabs))
    context = {"page": page, "tabs": tabs, "tab": chosen, "number": told.number, "told": told}
    return _answer(request, everything, page, context)


def _opening(request: Asking) -> str:
    """The view that somebody chose to begin with, unless that is this very address."""
    address = saved.opening(request.user.pk, CLIENTS.name)
    return "" if address.partition("?")[0] == request.path else address


def _answer(request: Asking, everything: QuerySet[Client], page: Page, context: dict[str, Any]) -> HttpResponse:
    """The part that is asked for, or the whole page; nothing is worked out that is not on it."""
    panel = panel_of(request, page.here)
    part = request.htmx and not request.htmx.boosted
    if part and request.htmx.target == "panel":
        return render(request, "clients/panel.html", context | {"panel": panel})
    draw = Drawing.of(page.shown, page.here, request.now, panel.client if panel else None)
    context |= {"panel": panel, "drawn": draw.drawn(page.rows)}
    if part:
        return render(request, "clients/part.html", context)
    context |= {"months": strip(months_of(everything, request.now), page.asked)}
    return render(request, "clients/clients.html", context)
