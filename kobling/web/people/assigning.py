"""Which clients a colleague looks after, and who does when they leave."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kobling.hub.services import assigning, people
from kobling.hub.told.said import filled
from kobling.records import NP_, SettingsError
from kobling.records.errors import keepable
from kobling.web.ground.asking import Asking
from kobling.web.ground.numbers import number_of, numbers_of
from kobling.web.ground.refusing import tell_refused
from kobling.web.ground.undoing import Undo, back, tell

HANDED_OVER = NP_("%(number)s client is handed over.", "%(number)s clients are handed over.")
KEEP = ""
"""A client that stays where it is."""


def clients(request: Asking, member: int) -> HttpResponse:
    """The firm's clients to tick for a colleague; what is not shown stays as it is."""
    if request.method == "POST":
        chosen, offered = numbers_of(request.POST.getlist("client")), numbers_of(request.POST.getlist("offered"))
        done = assigning.assign_chosen(request.actor, member, chosen, offered)
        said = _("Assigned anew: %(new)s. No longer assigned: %(ended)s.")
        as_it_was = {"offered": [*done.new, *done.ended], "client": [*done.ended]}
        undo = Undo(request.path, {name: [str(each) for each in numbers] for name, numbers in as_it_was.items()})
        tell(request, said % {"new": len(done.new), "ended": len(done.ended)}, undo if done.new or done.ended else None)
        return back(request, request.path)
    q = keepable(request.GET.get("q", "")).strip()[:100]
    own = request.GET.get("own") == "1"
    told = assigning.choices(request.actor, member, q, get_language() or "en", own=own)
    return render(request, "people/clients.html", {"told": told, "q": q, "own": own, "most": assigning.MOST})


def hand_over(request: Asking, member: int) -> HttpResponse:
    """The clients of a colleague go to others, all to one or each to somebody."""
    who = people.colleague(request.actor, member)
    if request.method == "POST":
        try:
            remove = request.POST.get("remove") == "1"
            number = assigning.hand_over(request.actor, member, _wanted(request), remove=remove)
        except SettingsError as refused:
            tell_refused(request, refused)
            return redirect("hand_over", member)
        messages.success(request, filled(HANDED_OVER, {"number": number}))
        return redirect("people")
    told = assigning.choices(request.actor, member, "", get_language() or "en", own=True)
    others = assigning.successors(request.actor, member)
    return render(request, "people/hand_over.html", {"who": who, "told": told, "others": others})


def _wanted(request: HttpRequest) -> dict[int, int]:
    """Client → who takes it: as its own field says, else as the field for all of them."""
    everybody = request.POST.get("all", KEEP)
    found: dict[int, int] = {}
    for client in numbers_of(request.POST.getlist("client")):
        to = number_of(request.POST.get(f"to-{client}", KEEP) or everybody)
        if to is not None:
            found[client] = to
    return found
