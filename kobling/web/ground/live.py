"""What a page watches while it goes on: a stream of events, each the part of the page as it stands now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.apps import apps
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone, translation

from kobling.sdk.protocols import Clock
from kobling.web.ground.asking import Asking

EVERY, LONGEST = 1.0, 600
"""Seconds between two looks, and rounds until the browser has to ask anew: nobody holds a thread for ever."""

OVER = 286
"""The status at which a poller stops; for everybody else it is as good as 200."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A part of a page as it stands; ``is_over``: nothing more will come."""

    template: str
    context: dict[str, Any]
    is_over: bool


Drawn = Callable[[], tuple[str, bool]]


def watched(request: Asking, part: Callable[[], Shown]) -> HttpResponseBase:
    """A part of a page that changes: as events, or once for who asks now and then. Access is the part's to ask."""
    now = part()
    if "text/event-stream" not in request.headers.get("Accept", ""):
        return render(request, now.template, now.context, status=OVER if request.htmx and now.is_over else 200)

    # One token for all rounds: a new one each time would look like a change.
    same = {"request": request, "csrf_token": get_token(request)}

    def drawn() -> tuple[str, bool]:
        shown = part()
        return render_to_string(shown.template, shown.context | same), shown.is_over

    return _live(request, drawn)


def _live(request: HttpRequest, part: Drawn) -> StreamingHttpResponse:
    """The part whenever it has changed, in the language and zone of who asks now.

    A server that is not asynchronous gives it once: the browser asks again by itself.
    """
    language, zone = translation.get_language() or "en", timezone.get_current_timezone_name()
    clock: Clock = apps.get_app_config("web").clock  # type: ignore[attr-defined]

    def drawn() -> tuple[str, bool]:
        close_old_connections()
        try:
            with translation.override(language), timezone.override(ZoneInfo(zone)):
                return part()
        finally:
            close_old_connections()

    events = _events(drawn, clock) if isinstance(request, ASGIRequest) else _once(part)
    answer = StreamingHttpResponse(events, content_type="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


async def _events(drawn: Drawn, clock: Clock) -> AsyncIterator[str]:
    before = ""
    for _ in range(LONGEST):
        html, over = await sync_to_async(drawn)()
        if html != before:
            before = html
            yield _event("over" if over else "part", html)
        else:
            yield ": still here\n\n"
        if over:
            return
        await clock.sleep(EVERY)


def _once(part: Drawn) -> Iterator[str]:
    html, over = part()
    yield _event("over" if over else "part", html)


def _event(name: str, html: str) -> str:
    lines = "\n".join(f"data: {line}" for line in html.splitlines())
    return f"event: {name}\n{lines}\n\n"
