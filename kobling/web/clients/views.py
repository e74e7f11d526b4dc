"""The list of clients."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language

from kobling.access.models import Client
from kobling.portal.tabs import Tab, clients_in, summary_of, tabs_of
from kobling.web.clients.listing import CLIENTS
from kobling.web.clients.rows import rows
from kobling.web.ground.asking import Asking
from kobling.web.lists.asked import Asked
from kobling.web.lists.files import file_of
from kobling.web.lists.showing import page_of


def clients(request: Asking, tab: str = "") -> HttpResponseBase:
    """Clients of a tab; admins begin with all, bookkeepers with their own."""
    tabs = tabs_of(request.actor)
    chosen = Tab(tab) if tab else tabs[-1].tab
    everything = clients_in(request.actor, chosen).select_related("figures")
    asked, language = Asked.of(CLIENTS, request.GET), get_language() or "en"
    if "file" in request.GET:
        return file_of(request, asked, everything, language)

    def made(found: list[Client]) -> object:
        return rows(found, request.now)

    told = summary_of(everything)
    page = page_of(asked, everything, language, made)  # type: ignore[arg-type]
    number = next((each.number for each in tabs if each.tab is chosen), page.total)
    context = {"page": page, "tabs": tabs, "tab": chosen, "told": told, "number": number}
    template = "clients/list.html" if request.htmx and not request.htmx.boosted else "clients/clients.html"
    return render(request, template, context)
