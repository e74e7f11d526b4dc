"""What just happened and how it is undone: kept for the next page that somebody sees, and shown there once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

_KEPT = "toast"


@dataclass(frozen=True, slots=True)
class Undo:
    """The form that takes something back: where it is sent, and its fields, each with one value or several."""

    path: str
    fields: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values, a pair for each hidden field."""
        found = []
        for name, value in self.fields.items():
            found += [(name, each) for each in ([value] if isinstance(value, str) else value)]
        return found


@dataclass(frozen=True, slots=True)
class Toast:
    """A sentence in the reader's language, and how to take back what it says."""

    text: str
    undo: Undo | None


def tell(request: HttpRequest, text: str, undo: Undo | None = None) -> None:
    """Show it on the next page."""
    request.session[_KEPT] = {"text": str(text), "undo": asdict(undo) if undo else None}


def told(request: HttpRequest) -> Toast | None:
    """What is to be shown, once."""
    kept: dict[str, Any] | None = request.session.pop(_KEPT, None) if _KEPT in request.session else None
    return Toast(kept["text"], Undo(**kept["undo"]) if kept["undo"] else None) if kept else None


def next_of(request: HttpRequest, otherwise: str = "/") -> str:
    """Where to go on: the address that the form or link gives, if it is one of this site's."""
    given = request.POST.get("next") or request.GET.get("next") or ""
    safe = given.startswith("/") and url_has_allowed_host_and_scheme(given, allowed_hosts=None)
    return given if safe else otherwise


def back(request: HttpRequest, otherwise: str = "/") -> HttpResponseRedirect:
    """Back to where somebody came from, place and filters kept."""
    return redirect(next_of(request, otherwise))
