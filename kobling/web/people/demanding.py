"""Where a firm demands a second factor, whoever has none sets one up before anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kobling.web.people.factors import lacks_one

OPEN = frozenset(
    {
        "second_factor",
        "mfa_add_webauthn",
        "mfa_activate_totp",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "account_reauthenticate",
        "account_logout",
        "set_language",
    }
)
"""Pages that set one up, prove who one is for that, or lead out."""


class second_factor_first:
    """Leads everywhere else back to the page that says what is missing."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Before any view."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if name in OPEN or not request.user.is_authenticated or not lacks_one(request.user.pk):
            return None
        return redirect("second_factor")
