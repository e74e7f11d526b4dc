"""The people of a firm: the list, what the roles may, what the firm demands."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kobling.arriving import inviting
from kobling.hub.services import people
from kobling.hub.told.said import filled
from kobling.records import SettingsError
from kobling.web.ground.asking import Asking
from kobling.web.ground.refusing import tell_refused
from kobling.web.ground.undoing import Undo, back, tell
from kobling.web.lists.answering import Drawn, answered, beginning
from kobling.web.people import invited
from kobling.web.people.factors import protected, with_factors
from kobling.web.people.listing import PEOPLE, ROLE_WORDS, rows
from kobling.web.people.rights import rights


def colleagues(request: Asking) -> HttpResponseBase:
    """Everybody who works in the firm, and who was invited last."""
    firm = people.administered(request.actor)
    everything = with_factors(people.colleagues(request.actor, firm.pk))
    waiting = inviting.waiting(request.actor, firm.pk)
    drawn = Drawn(reverse("people"), rows, "people/list.html", "people/people.html")

    def context() -> dict[str, object]:
        first = beginning(request, invited.colleagues(request.now), waiting, _invited(request), invited.FIRST)
        return {"firm": firm, "invited": first, "tab": "people", "roles": ROLE_WORDS.items()}

    return answered(request, PEOPLE, everything, drawn, context)


def invited_colleagues(request: Asking) -> HttpResponseBase:
    """Everybody who was invited and has not answered."""
    firm = people.administered(request.actor)
    listing, everything = invited.colleagues(request.now), inviting.waiting(request.actor, firm.pk)
    return answered(request, listing, everything, _invited(request), lambda: {"firm": firm, "tab": "invited"})


def _invited(request: Asking) -> Drawn:
    path = reverse("invited_colleagues")
    return Drawn(path, invited.rows(request.now), "people/invited_list.html", "people/invited_page.html")


@require_POST
def set_role(request: Asking, member: int) -> HttpResponse:
    """What somebody is in the firm, from their row."""
    who = people.colleague(request.actor, member)
    role = request.POST.get("role", "")
    try:
        before = people.set_role(request.actor, member, role)
    except SettingsError as refused:
        tell_refused(request, refused)
    else:
        said = _("%(name)s is now: %(role)s.") % {"name": who.name, "role": filled(ROLE_WORDS[role])}
        tell(request, said, Undo(request.path, {"role": before.value}))
    return back(request, reverse("people"))


def roles(request: Asking) -> HttpResponse:
    """What the roles may."""
    context = {"firm": people.administered(request.actor), "rights": rights(), "tab": "roles"}
    return render(request, "people/roles.html", context)


def security(request: Asking) -> HttpResponse:
    """Whether everybody needs a second factor, and who has none."""
    firm = people.administered(request.actor)
    members = people.colleagues(request.actor, firm.pk)
    if request.method == "POST":
        demanded = request.POST.get("demanded") == "1"
        try:
            people.demand_second_factor(request.actor, firm.pk, demanded, protected(members))
        except SettingsError as refused:
            tell_refused(request, refused)
        else:
            messages.success(request, _("Saved."))
        return redirect("people_security")
    lacking = [each for each in rows(list(with_factors(members))) if each.factor == "none" and not each.inactive]
    return render(request, "people/security.html", {"firm": firm, "lacking": lacking, "tab": "security"})


def remove(request: Asking, member: int) -> HttpResponse:
    """Somebody leaves: asked once more, with what that means."""
    who = people.colleague(request.actor, member)
    if request.method == "POST":
        try:
            people.remove(request.actor, member)
        except SettingsError as refused:
            tell_refused(request, refused)
        else:
            messages.success(request, _("%(name)s is removed from the firm.") % {"name": who.name})
        return redirect("people")
    return render(request, "people/remove.html", {"who": who, "firm": people.administered(request.actor)})


def second_factor(request: Asking) -> HttpResponse:
    """What is missing for whoever works in a firm that demands a second factor."""
    return render(request, "people/second_factor.html")
