"""Saving and forgetting views of lists."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kobling.web.ground.asking import Asking
from kobling.web.ground.undoing import Undo, back, tell
from kobling.web.lists import saved
from kobling.web.lists.saved import View


@require_POST
def save_view(request: Asking, listing: str) -> HttpResponse:
    """Keep the state that the form's address names."""
    given, person = request.POST, request.user.pk
    before = saved.named(person, listing, given.get("name", ""))
    view = saved.save(person, listing, given.get("name", ""), given.get("address", ""), opens=given.get("opens") == "1")
    gone = Undo(reverse("remove_view", args=[listing]), {"name": view.name})
    undo = _again(listing, before) if before else gone
    tell(request, _("The view “%(name)s” is saved.") % {"name": view.name}, undo)
    return back(request, view.address)


@require_POST
def remove_view(request: Asking, listing: str) -> HttpResponse:
    """Forget a view; the toast brings it back."""
    view = saved.remove(request.user.pk, listing, request.POST.get("name", ""))
    if view is not None:
        tell(request, _("The view “%(name)s” is removed.") % {"name": view.name}, _again(listing, view))
    return back(request)


def _again(listing: str, view: View) -> Undo:
    """Saves the view as it was."""
    fields = {"name": view.name, "address": view.address, "opens": "1" if view.opens else ""}
    return Undo(reverse("save_view", args=[listing]), fields)
