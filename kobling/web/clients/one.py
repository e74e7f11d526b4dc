"""What can be done with one client from its row: at hand, put off, left."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kobling.access import spoken
from kobling.hub.services import clients, looking_after
from kobling.portal import mine
from kobling.portal.details import allowed
from kobling.web.ground.asking import Asking
from kobling.web.ground.undoing import Undo, back, next_of, tell


def actions(request: Asking, client: int) -> HttpResponse:
    """Everything that can be done with a client: the content of the row's menu, and a page of its own."""
    found = clients.get(request.actor, client)
    context = {
        "client": found,
        "may": allowed(request.actor, found, request.now),
        "next": next_of(request, reverse("clients")),
    }
    return render(request, "clients/menu.html" if request.htmx else "clients/actions.html", context)


@require_POST
def favourite(request: Asking, client: int) -> HttpResponse:
    """Keep a client at hand, or no longer."""
    found, on = clients.get(request.actor, client), request.POST.get("on") == "1"
    mine.favour(request.actor, found, on=on)
    said = _("%(name)s is a favourite.") if on else _("%(name)s is a favourite no longer.")
    tell(request, said % {"name": found.name}, Undo(request.path, {"on": "" if on else "1"}))
    return back(request, reverse("clients"))


@require_POST
def snooze(request: Asking, client: int) -> HttpResponse:
    """Put a client off until tomorrow morning, or have it back now."""
    found = clients.get(request.actor, client)
    if request.POST.get("on") == "1":
        until = mine.snooze(request.actor, found, request.now, timezone.get_current_timezone())
        when = spoken.spoken(until, request.LANGUAGE_CODE or "en", timezone.get_current_timezone(), request.now)
        said = _("%(name)s is put off until %(when)s.") % {"name": found.name, "when": when}
        tell(request, said, Undo(request.path, {"on": ""}))
    else:
        mine.wake(request.actor, found)
        tell(request, _("%(name)s is back.") % {"name": found.name}, Undo(request.path, {"on": "1"}))
    return back(request, reverse("clients"))


def leave(request: Asking, client: int) -> HttpResponse:
    """Ask first, since a bookkeeper cannot take it back themselves."""
    found = clients.get(request.actor, client)
    if request.method != "POST":
        context = {"client": found, "next": next_of(request, reverse("clients"))}
        return render(request, "clients/leave.html", context)
    looking_after.leave(request.actor, found)
    tell(request, _("You no longer look after %(name)s.") % {"name": found.name})
    return back(request, reverse("clients"))
