"""The installation as its operator sees it."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_current_timezone
from django.views.decorators.http import require_POST

from kobling.jobs import services as jobs
from kobling.jobs.checkup import CHECK_UP
from kobling.operating.showing import installation
from kobling.web.ground.asking import Asking
from kobling.web.ground.operator import operator_of
from kobling.web.jobs.results import drawn


def operating(request: Asking) -> HttpResponse:
    """Workers, what waits, room, keys, versions, and the last check-up."""
    actor = operator_of(request)
    job = jobs.latest(actor, CHECK_UP.name, {})
    context = {
        "told": installation(actor, request.now, get_current_timezone()),
        "up_since": apps.get_app_config("web").began,  # type: ignore[attr-defined]
        "address": settings.PUBLIC_URL or request.get_host(),
        **(drawn(job) if job else {}),
    }
    return render(request, "operating/operating.html", context)


@require_POST
def check_up(request: Asking) -> HttpResponse:
    """Have a worker look at everything."""
    job = jobs.ask(operator_of(request), CHECK_UP.name, {}, request.now)
    return redirect("job", job)
