"""The first page, the components in development, and what stands where something went wrong."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from kobling.web.ground.asking import Asking
from kobling.web.ground.forms import SampleForm
from kobling.web.ground.words import STATE_WORDS


def home(request: Asking) -> HttpResponse:
    """Where everybody begins."""
    return redirect("clients")


@login_not_required
def components(request: HttpRequest) -> HttpResponse:
    """Every component in both themes, to compare pages with."""
    themes = [
        {"name": name, "element": element, "form": SampleForm({f"{name}-number": "1234567"}, prefix=name)}
        for name, element in (("light", "main"), ("dark", "section"))
    ]
    return render(request, "ground/components.html", {"states": list(STATE_WORDS), "themes": themes})


@login_not_required
def closed(request: HttpRequest) -> HttpResponse:
    """An address that a library has and we do not."""
    raise Http404


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page, or not for this person: the two look the same."""
    return render(request, "ground/not_found.html", status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's own refusal."""
    return render(request, "ground/not_found.html", status=403)


def broken(request: HttpRequest) -> HttpResponse:
    """Something of ours broke: said without anything of what it was."""
    return render(request, "ground/broken.html", status=500)
