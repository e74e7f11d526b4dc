"""Many clients from a list: shown first what happens to each line, then done to the good ones."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from kobling.arriving import client_sheets
from kobling.arriving.client_sheets import Clients
from kobling.arriving.inviting_clients import Wish
from kobling.hub.services import people
from kobling.hub.told.said import filled
from kobling.records import NP_
from kobling.web.arriving.forms import ListForm
from kobling.web.ground.asking import Asking
from kobling.web.people.inviting import ON_THEIR_WAY
from kobling.web.people.links import join_link

ADDED = NP_("%(number)s client is added and active.", "%(number)s clients are added and active.")


def take_list(request: Asking) -> HttpResponse:
    """Paste or choose, look, and press once."""
    firm = people.administered(request.actor)
    asked = request.method == "POST"
    form = ListForm(request.POST, request.FILES) if asked else ListForm(initial={"language": request.user.language})
    context: dict[str, object] = {"form": form, "firm": firm}
    if form.is_valid():
        given = form.cleaned_data
        text, country = given["text"], given["country"]
        if "go" in request.POST and "file" not in request.FILES:
            done = client_sheets.take_many(request.actor, firm.pk, text, _like(given), request.now, join_link(request))
            _tell(request, done)
            if not done.bad:
                return redirect("client_invites")
            text = done.left
        sheet = client_sheets.read(request.actor, firm.pk, text, country)
        context |= {"sheet": sheet, "form": ListForm(initial={**given, "text": text})}
    return render(request, "arriving/list_of_clients.html", context, status=422 if form.errors else 200)


def _like(given: dict[str, object]) -> Wish:
    """What every line is asked for."""
    return Wish(
        "",
        "",
        country=str(given["country"]),
        access=str(given["access"]),
        asks_power=bool(given["asks_power"]),
        language=str(given["language"]),
    )


def _tell(request: Asking, done: Clients) -> None:
    for number, said in ((done.invited, ON_THEIR_WAY), (done.added, ADDED)):
        if number:
            messages.success(request, filled(said, {"number": number}))
