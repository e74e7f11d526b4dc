"""Where somebody is signed in is noted every few minutes, not with every page: a page is a reading."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse

from kobling.web.ground.asking import clock_now

EVERY = timedelta(minutes=5)
_NOTED = "seen"


def note_where(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Keeps the list of one's own sessions true within some minutes."""

    def noted(request: HttpRequest) -> HttpResponse:
        now = clock_now()
        if request.user.is_authenticated and _is_old(request.session.get(_NOTED), now):
            request.session[_NOTED] = now.isoformat()
            UserSession.objects.create_from_request(request)
        return answer(request)

    return noted


def _is_old(noted: str | None, now: datetime) -> bool:
    return noted is None or now - datetime.fromisoformat(noted) >= EVERY
