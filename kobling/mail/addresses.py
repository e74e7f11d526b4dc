"""Where links in mails lead. Mail is written by workers, which know no pages: a test holds these against them."""

from __future__ import annotations

from django.conf import settings

_THIS_MACHINE = "http://127.0.0.1:8000"
CLIENTS = "/clients/"
WITH_ISSUES = "/clients/?issues=1"


def client(number: int) -> str:
    """A client's own page."""
    return f"/clients/{number}/"


def notifications(number: int) -> str:
    """The page on which a person says what mail they want of a client."""
    return f"/clients/{number}/notifications/"


def unsubscribe(token: str) -> str:
    """The page that ends one subscription, without signing in."""
    return f"/unsubscribe/{token}/"


def whole(path: str) -> str:
    """With the address that people use."""
    return f"{settings.PUBLIC_URL or _THIS_MACHINE}{path}"
