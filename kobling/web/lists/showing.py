"""A page of a list, ready to be drawn: rows, heads with their links, chips, and where it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language

from kobling.hub.told.said import filled
from kobling.web.lists import keyset
from kobling.web.lists.asked import Asked
from kobling.web.lists.listing import Column
from kobling.web.lists.saved import View, now_shown, views_of


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column. ``direction`` is aria-sort's word, empty where the list is sorted by another one."""

    column: Column
    link: str
    direction: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, with the link that takes it away, or that is offered, with the link that sets it."""

    label: str
    on: bool
    link: str

    @property
    def said(self) -> str:
        """Its word in the reader's language."""
        return filled(self.label)


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that a template needs to draw a list. ``total`` counts what the filters leave.

    ``path`` is the list's address, ``here`` that of exactly this state of it.
    """

    path: str
    asked: Asked
    rows: tuple[Any, ...]
    heads: tuple[Head, ...]
    chips: tuple[Chip, ...]
    total: int
    more: str
    first: str
    clear: str
    files: tuple[tuple[str, str], ...]
    choices: tuple[tuple[Column, bool], ...]
    """Columns that can be taken away, and whether they stand here."""
    views: tuple[View, ...]

    @property
    def view(self) -> View | None:
        """The saved view that this is."""
        return now_shown(self.views, self.here)

    @property
    def here(self) -> str:
        """The address of this state of the list."""
        return f"{self.path}{self.asked.query()}"

    @property
    def denser(self) -> str:
        """The link to the same list with its lines closer together, or wider apart."""
        return self.asked.denser().query()

    @property
    def shown(self) -> frozenset[str]:
        """Keys of the columns that stand here."""
        return frozenset(each.column.key for each in self.heads)


def page_of(
    person: int,
    path: str,
    asked: Asked,
    everything: QuerySet[Any],
    made: Callable[[Sequence[Any]], Iterable[Any]],
    number: int | None = None,
) -> Page:
    """The page that somebody asks for of these rows, and their own views of the list; ``made`` makes of rows what a
    template may know. ``number``: of all of them, where that was counted before. Four queries.
    """
    language = get_language() or "en"
    wanted = narrowed(asked, everything)
    field = asked.column.ordered_by(language)
    ordered = keyset.ordered(wanted, field, descending=asked.descending)
    found = keyset.first(
        keyset.behind(ordered, field, asked.after, descending=asked.descending), everything, asked.listing.page + 1
    )
    here, further = found[: asked.listing.page], found[asked.listing.page :]
    more = asked.going_on(keyset.token(here[-1], field)).query() if further else ""
    heads = columns(asked)
    return Page(
        path,
        asked,
        tuple(made(here)),
        tuple(_head(asked, each) for each in heads),
        tuple(
            Chip(each.label, each.key in asked.filters, asked.toggled(each.key).query())
            for each in asked.listing.filters
            if each.offered or each.key in asked.filters
        ),
        wanted.count() if number is None or wanted is not everything else number,
        more,
        replace(asked, after="").query(),
        asked.whole().query(),
        tuple((kind, f"{replace(asked, after='').query()}&file={kind.lower()}") for kind in ("CSV", "XLSX")),
        tuple((each, each in heads) for each in asked.listing.columns if not each.fixed),
        views_of(person, asked.listing.name),
    )


def narrowed(asked: Asked, everything: QuerySet[Any]) -> QuerySet[Any]:
    """The rows that search and filters leave."""
    wanted = everything
    if asked.q:
        wanted = wanted.filter(asked.listing.search(asked.q))
    for each in asked.listing.filters:
        if each.key in asked.filters:
            wanted = wanted.filter(each.wants)
        elif each.hides and not asked.q:
            wanted = wanted.exclude(each.wants)
    return wanted


def columns(asked: Asked) -> tuple[Column, ...]:
    """The columns that are shown: those that are asked for, or all, always with the fixed ones."""
    return tuple(each for each in asked.listing.columns if not asked.columns or each.fixed or each.key in asked.columns)


def _head(asked: Asked, column: Column) -> Head:
    direction = ("descending" if asked.descending else "ascending") if column.key == asked.column.key else ""
    return Head(column, asked.sorted_by(column).query() if column.order else "", direction)
