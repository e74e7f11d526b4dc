"""What somebody sees who guessed too often."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
    """Too many wrong guesses from this place for this address: later again, and no word on whether it exists."""
    return render(request, "accounts/locked_out.html", status=429)
