"""The client switcher's content, the palette, and the list of keys."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from kobling.portal import mine
from kobling.web.going.hits import groups
from kobling.web.ground.asking import Asking

LONGEST = 100


def places(request: Asking) -> HttpResponse:
    """Favourites and the last clients, or those that the words find."""
    words = request.GET.get("q", "")[:LONGEST]
    found = mine.places(request.actor, get_language() or "en", words)
    return render(request, "going/places.html", {"places": found, "words": words.strip()})


def palette(request: Asking) -> HttpResponse:
    """Clients, pages and actions: in a dialog, or a page of its own."""
    words = request.GET.get("q", "")[:LONGEST].strip()
    context = {"groups": groups(request.actor, request.user, get_language() or "en", words), "words": words}
    template = {"hits": "going/hits.html", "dialog": "going/palette.html"}
    return render(request, template.get(request.htmx.target or "", "going/palette_page.html"), context)


def shortcuts(request: Asking) -> HttpResponse:
    """Every key: in a dialog, or a page of its own."""
    return render(request, "going/keys_dialog.html" if request.htmx else "going/keys_page.html")
