"""Runs that people start, watch and stop: the work itself is the engine's."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kobling.access.policy import Doing
from kobling.hub.services import clients, pairs, starting, syncing
from kobling.hub.told.said import filled
from kobling.portal import watching
from kobling.records import NP_
from kobling.web.ground.asking import Asking
from kobling.web.ground.live import Shown, watched
from kobling.web.ground.numbers import number_of
from kobling.web.ground.undoing import Undo, back, tell


def run(request: Asking, client: int) -> HttpResponse:
    """Have a pair run now, or all of them; one that waits already is not asked twice."""
    found = clients.get(request.actor, client, Doing.WORK)
    if request.method != "POST":
        return render(request, "home/run_all.html", {"client": found, "number": len(starting.pairs_of(found))})
    asked = starting.start(request.actor, found, request.now, number_of(request.POST.get("pair")))
    said = filled(NP_("%(number)s run is queued.", "%(number)s runs are queued."), {"number": len(asked)})
    undo = Undo(reverse("cancel_run", args=[asked[0]])) if len(asked) == 1 else None
    tell(request, said if asked else _("It waits in the queue already."), undo)
    return back(request, reverse("client", args=[client]))


@require_POST
def schedule(request: Asking, client: int) -> HttpResponse:
    """Let a pair run by itself again, or pause it."""
    found, on = clients.get(request.actor, client, Doing.SET_UP), request.POST.get("on") == "1"
    for each in starting.pairs_of(found, number_of(request.POST.get("pair")) or 0):
        pairs.schedule(request.actor, each, request.now, enabled=on)
    undo = Undo(request.path, {"pair": request.POST.get("pair", ""), "on": "" if on else "1"})
    tell(request, _("It runs by itself again.") if on else _("It is paused."), undo)
    return back(request, reverse("client", args=[client]))


def show(request: Asking, run: int) -> HttpResponse:
    """One run: how far it is, or how it ended."""
    return render(request, "home/run.html", {"run": watching.watched(request.actor, run)})


def progress(request: Asking, run: int) -> HttpResponseBase:
    """The part of the page that changes."""

    def part() -> Shown:
        now = watching.watched(request.actor, run)
        return Shown("home/progress.html", {"run": now}, now.is_over)

    return watched(request, part)


@require_POST
def cancel(request: Asking, run: int) -> HttpResponse:
    """Ask a run to stop: what it has written stays."""
    found = syncing.find_run(request.actor, run, Doing.WORK)
    stopped = syncing.cancel(request.actor, found, request.now)
    tell(request, _("The run stops after the part it is in.") if stopped else _("The run had ended already."))
    return back(request, reverse("run", args=[run]))
