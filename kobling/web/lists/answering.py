"""Answering for a list: its file, the part that htmx asks for, or the whole page; the same for every list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.translation import get_language

from kobling.web.ground.asking import Asking
from kobling.web.lists.asked import Asked
from kobling.web.lists.files import file_of
from kobling.web.lists.listing import Listing
from kobling.web.lists.showing import Page, page_of


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a list is drawn. ``path``: its address; ``made``: what a template may know of rows; ``part`` and ``whole``:
    the templates of the list alone and of its page.
    """

    path: str
    made: Callable[[Sequence[Any]], Iterable[Any]]
    part: str
    whole: str


def answered(
    request: Asking, listing: Listing, everything: QuerySet[Any], drawn: Drawn, context: Callable[[], Mapping[str, Any]]
) -> HttpResponseBase:
    """What is asked of a list. ``context``: what else stands on its page, worked out only for who gets a page."""
    asked = Asked.of(listing, request.GET)
    if "file" in request.GET:
        return file_of(request, asked, everything, get_language() or "en")
    page = page_of(request.user.pk, drawn.path, asked, everything, drawn.made)
    template = drawn.part if request.htmx and not request.htmx.boosted else drawn.whole
    return render(request, template, {"page": page, **context()})


def beginning(request: Asking, listing: Listing, everything: QuerySet[Any], drawn: Drawn, most: int) -> Page:
    """The first rows of a list, to stand beneath another one; its links lead to the list itself."""
    asked = Asked.of(replace(listing, page=most), QueryDict())
    return page_of(request.user.pk, drawn.path, asked, everything, drawn.made)
