"""What every request goes through: language, zone and rights of the person first, errors as pages last."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from kobling.access.policy import Actor, NotFound
from kobling.access.spoken import zone_of
from kobling.portal.renewing import right_after
from kobling.records import N_, KoblingError, SettingsError, Temporary
from kobling.web.ground.asking import clock_now

_NUL = "\x00"
Answer = Callable[[HttpRequest], HttpResponse]


def as_the_person_likes(answer: Answer) -> Answer:
    """Language and time zone of the person; strangers keep what their browser or the cookie says."""

    def liked(request: HttpRequest) -> HttpResponse:
        request.now = clock_now()  # type: ignore[attr-defined]
        person = request.user
        if not person.is_authenticated:
            return answer(request)
        request.actor = Actor.of(person)  # type: ignore[attr-defined]
        request.LANGUAGE_CODE = person.language
        with translation.override(person.language), timezone.override(zone_of(person.time_zone)):
            if request.method == "POST":
                # What a person changed shows in the client's row when the page comes back.
                with right_after(clock_now):
                    response = answer(request)
            else:
                response = answer(request)
        response.headers["Content-Language"] = person.language
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return liked


class tell_errors:
    """An error of ours becomes a page that says what happened, who can fix it and what to do."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_view(self, request: HttpRequest, *_: object) -> HttpResponse | None:
        """PostgreSQL holds no NUL: whoever sends one is told before anything is asked of a database."""
        given = (text for values in (request.GET, request.POST) for _, many in values.lists() for text in many)
        if _NUL not in request.path and not any(_NUL in text for text in given):
            return None
        refused = SettingsError(N_("What was sent holds a character that nothing can keep: NUL."), code="nul")
        return render(request, "ground/problem.html", {"fault": refused}, status=_status(refused))

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        if not isinstance(fault, KoblingError):
            return None
        return render(request, "ground/problem.html", {"fault": fault}, status=_status(fault))


def _status(fault: KoblingError) -> int:
    if isinstance(fault, NotFound):
        return 404
    if isinstance(fault, SettingsError):
        return 400
    return 503 if isinstance(fault, Temporary) else 409
