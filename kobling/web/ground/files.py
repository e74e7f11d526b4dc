"""Our stylesheets and scripts, and answers that are made while they are sent, on a server that is asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from whitenoise.middleware import WhiteNoiseMiddleware


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


def sent_as(request: HttpRequest, name: str, content_type: str, parts: Iterator[str | bytes]) -> StreamingHttpResponse:
    """A file of this name whose parts are made while it is sent, each in a thread: others are served meanwhile."""
    made: Any = _aside(parts) if isinstance(request, ASGIRequest) else parts
    disposition = content_disposition_header(True, name.replace("/", "-")) or "attachment"
    return StreamingHttpResponse(made, content_type=content_type, headers={"Content-Disposition": disposition})


async def _aside(parts: Iterator[str | bytes]) -> AsyncIterator[str | bytes]:
    while part := await sync_to_async(lambda: next(parts, ""))():
        yield part
