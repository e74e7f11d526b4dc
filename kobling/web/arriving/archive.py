"""The archive: clients that are over, put away and brought back."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kobling.hub.services import archiving
from kobling.portal.tabs import Tab, tabs_of
from kobling.records import N_
from kobling.web.clients.listing import NAME, search
from kobling.web.ground.asking import Asking
from kobling.web.ground.undoing import Undo, tell
from kobling.web.lists.answering import Drawn, answered
from kobling.web.lists.listing import Column, Filter, Listing, Told


def _kept(head: str, name: str) -> Told:
    """Of what was noted when it was archived; nothing for an invitation that was withdrawn."""
    return Told(head, lambda row: getattr(getattr(row, "archive", None), name, None))


ARCHIVED = Listing(
    "archived",
    (
        NAME,
        Column("at", N_("Archived"), "archive__at", (_kept(N_("Archived"), "at"),), fixed=True, descending=True),
        Column("why", N_("Reason"), file=(_kept(N_("Reason"), "why"),)),
        Column("actions", N_("Actions"), fixed=True),
    ),
    (Filter("withdrawn", N_("Withdrawn invitations"), Q(archive__isnull=True)),),
    search,
    "client",
)


def listed(request: Asking) -> HttpResponseBase:
    """What is in the archive."""
    drawn = Drawn(reverse("client_archive"), archiving.told, "arriving/archived_list.html", "arriving/archived.html")
    everything = archiving.archived(request.actor)
    return answered(request, ARCHIVED, everything, drawn, lambda: {"tabs": tabs_of(request.actor), "tab": Tab.ARCHIVED})


def archive(request: Asking, client: int) -> HttpResponse:
    """A client is put away: asked once more, with what stops."""
    told = archiving.look(request.actor, client)
    if request.method == "POST":
        archiving.archive(request.actor, client, request.now, request.POST.get("why", "")[:2000])
        tell(
            request, _("%(name)s is archived.") % {"name": told.name}, Undo(reverse("bring_back_client", args=[client]))
        )
        return redirect("client_archive")
    return render(request, "arriving/archive.html", {"told": told})


@require_POST
def bring_back(request: Asking, client: int) -> HttpResponse:
    """A client is as it was."""
    archiving.bring_back(request.actor, client, request.now)
    messages.success(request, _("The client is back, and its schedules go on."))
    return redirect("client_archive")
