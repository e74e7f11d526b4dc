"""Mail of the whole installation, for the person who runs it, and the folder of who tries things out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from kobling.hub.told.said import filled
from kobling.mail import folder as mails
from kobling.mail import operating
from kobling.mail.models import State
from kobling.mail.operating import WORDS, MailTold
from kobling.records import N_
from kobling.web.ground.asking import Asking
from kobling.web.ground.operator import operator_of
from kobling.web.letters.listing import MAIL, STATES
from kobling.web.lists.answering import Drawn, answered


def mail(request: Asking) -> HttpResponseBase:
    """Mail that waits, was refused, failed or may have arrived."""
    everything = operating.kept(operator_of(request))
    drawn = Drawn(reverse("mail"), _rows, "letters/mail_list.html", "letters/mail.html")
    context = {"problem": operating.not_set_up(), "folder": bool(settings.MAIL_FOLDER)}
    return answered(request, MAIL, everything, drawn, lambda: context)


def _rows(found: Sequence[Any]) -> Iterable[dict[str, Any]]:
    for each in map(MailTold.of, found):
        yield {"mail": each, "state": STATES[each.state], "word": filled(WORDS[State(each.state)])}


@require_POST
def again(request: Asking, mail: int) -> HttpResponse:
    """Send one again."""
    made = operating.again(operator_of(request), mail, request.now)
    messages.success(request, filled(N_("The mail to %(to)s is sent again by the worker."), {"to": made.to}))
    return redirect("mail")


def folder(request: Asking) -> HttpResponse:
    """Mails that lie in the folder."""
    return render(request, "letters/folder.html", {"mails": mails.listed(operator_of(request))})


def opened(request: Asking, name: str) -> HttpResponse:
    """One of them: heads and text. Its HTML brings styles of its own, which our pages let nobody bring."""
    return render(request, "letters/opened.html", {"mail": mails.read(operator_of(request), name)})


def html(request: Asking, name: str) -> HttpResponse:
    """Its HTML, as a file to be opened elsewhere."""
    found = mails.read(operator_of(request), name)
    answer = HttpResponse(found.html, content_type="text/html; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.name.removesuffix(".eml")}.html"'
    return answer
