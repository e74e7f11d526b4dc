"""A client leaves for another installation or comes from one: asked here, done by a worker, watched as a job."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from kobling.hub.exchange.parts import LEFT_OUT
from kobling.hub.services import people
from kobling.jobs import services as jobs
from kobling.jobs.moving import EXPORT, IMPORT, LOOK, export_params, import_params, look_params
from kobling.portal import moving
from kobling.web.arriving.forms import BringForm, TakeInForm
from kobling.web.ground.asking import Asking


def export(request: Asking, client: int) -> HttpResponse:
    """What goes along; a press has the file made."""
    told = moving.exportable(request.actor, client)
    if request.method != "POST":
        return render(request, "arriving/export.html", {"told": told, "left_out": LEFT_OUT})
    params = export_params(request.actor.key, client)
    return redirect("job", jobs.ask(request.actor, EXPORT.name, params, request.now))


def bring(request: Asking) -> HttpResponse:
    """A file is given; a worker looks at it first."""
    firm = people.administered(request.actor)
    form = BringForm(request.POST, request.FILES) if request.method == "POST" else BringForm()
    if form.is_valid():
        parts = form.cleaned_data["file"].chunks()
        asked = jobs.ask(request.actor, LOOK.name, look_params(request.actor.key, firm.pk), request.now, parts)
        return redirect("job", asked)
    return render(request, "arriving/bring.html", {"form": form, "firm": firm}, status=422 if form.errors else 200)


@require_POST
def take_in(request: Asking, job: int) -> HttpResponse:
    """What was looked at is taken in."""
    firm, form = people.administered(request.actor), TakeInForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["name"])))
        return redirect("job", job)
    params = import_params(request.actor.key, job, firm.pk, form.cleaned_data["name"])
    return redirect("job", jobs.ask(request.actor, IMPORT.name, params, request.now))
