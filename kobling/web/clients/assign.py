"""Giving clients to a bookkeeper, one or many, and taking them back."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from kobling.hub.services import looking_after
from kobling.hub.services.looking_after import MOST, Colleague
from kobling.hub.told.said import filled
from kobling.records import N_, NP_, SettingsError
from kobling.web.clients.chosen import chosen
from kobling.web.ground.asking import Asking
from kobling.web.ground.numbers import number_of, numbers_of
from kobling.web.ground.undoing import Undo, back, next_of, tell


def assign(request: Asking) -> HttpResponse:
    """Who shall look after these clients? Shown first; then done, and undone by one press."""
    clients = chosen(request, MOST)
    numbers = [each.pk for each in clients]
    colleagues = looking_after.colleagues_for(request.actor, numbers)
    if request.method == "POST" and clients:
        member = _member(request)
        new = looking_after.assign_many(request.actor, numbers, member)
        _tell(request, _name(colleagues, member), new, Undo(reverse("unassign_clients"), _fields(new, member)))
        return back(request, reverse("clients"))
    context = {"chosen": clients, "colleagues": colleagues, "next": next_of(request, reverse("clients"))}
    return render(request, "clients/assign.html", context)


@require_POST
def unassign(request: Asking) -> HttpResponse:
    """Take clients from a bookkeeper; the toast gives them back."""
    numbers = numbers_of(request.POST.getlist("client"))
    member = _member(request)
    name = _name(looking_after.colleagues_for(request.actor, numbers), member)
    had = looking_after.unassign_many(request.actor, numbers, member)
    said = NP_(
        "%(name)s no longer looks after %(number)s client.", "%(name)s no longer looks after %(number)s clients."
    )
    text = filled(said, {"name": name, "number": len(had)})
    tell(request, text, Undo(reverse("assign_clients"), _fields(had, member)) if had else None)
    return back(request, reverse("clients"))


def _member(request: Asking) -> int:
    member = number_of(request.POST.get("member"))
    if member is None:
        raise SettingsError(N_("Choose a bookkeeper."), field="member", code="no_member")
    return member


def _name(colleagues: tuple[Colleague, ...], member: int) -> str:
    return next((each.name for each in colleagues if each.member == member), "")


def _fields(clients: tuple[int, ...], member: int) -> dict[str, str | list[str]]:
    return {"member": str(member), "client": [str(each) for each in clients]}


def _tell(request: Asking, name: str, new: tuple[int, ...], undo: Undo) -> None:
    said = NP_("%(name)s looks after %(number)s more client.", "%(name)s looks after %(number)s more clients.")
    tell(request, filled(said, {"name": name, "number": len(new)}), undo if new else None)
