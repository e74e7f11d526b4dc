"""Our stylesheets and scripts, and answers that are made while they are sent, on a server that is asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

AT_ONCE = 500
"""How many lines are made at a time: in a thread, so that others are served meanwhile."""


class OurFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Whitenoise, with the small file whole in the answer: a file that is read while it is sent holds others up."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponseBase:
        """As Whitenoise does."""
        given = WhiteNoiseMiddleware.serve(static_file, request)
        if not isinstance(given, FileResponse):
            return given  # type: ignore[no-any-return]
        try:
            return HttpResponse(given.getvalue(), status=given.status_code, headers=dict(given.headers))
        finally:
            given.close()


def streamed(request: HttpRequest, lines: Iterator[str], content_type: str) -> StreamingHttpResponse:
    """An answer of lines that are made while it is sent."""
    made: Any = _aside(lines) if isinstance(request, ASGIRequest) else lines
    return StreamingHttpResponse(made, content_type=content_type)


async def _aside(lines: Iterator[str]) -> AsyncIterator[str]:
    while part := await sync_to_async(lambda: "".join(islice(lines, AT_ONCE)))():
        yield part
