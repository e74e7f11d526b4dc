"""Addresses that go into mails: of the installation as people reach it, not as a request happened to be spelled."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def address(request: HttpRequest, name: str, *args: object) -> str:
    """The whole address of a page."""
    root = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
    return f"{root}{reverse(name, args=args)}"


def join_link(request: HttpRequest) -> Callable[[str], str]:
    """A secret → the address that lets in whoever gets it."""
    return lambda secret: address(request, "join", secret)
