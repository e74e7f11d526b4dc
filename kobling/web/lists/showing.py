"""A page of a list, ready to be drawn: rows, heads with their links, chips, and where it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from kobling.hub.told.said import filled
from kobling.web.lists import keyset
from kobling.web.lists.asked import Asked
from kobling.web.lists.listing import Column


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
    """Everything that a template needs to draw a list. ``total`` counts what the filters leave."""

    asked: Asked
    rows: tuple[Any, ...]
    heads: tuple[Head, ...]
    chips: tuple[Chip, ...]
    total: int
    more: str
    first: str
    clear: str
    files: tuple[tuple[str, str], ...]

    @property
    def shown(self) -> frozenset[str]:
        """Keys of the columns that stand here."""
        return frozenset(each.column.key for each in self.heads)


def page_of(
    asked: Asked, everything: QuerySet[Any], language: str, made: Callable[[Sequence[Any]], Iterable[Any]]
) -> Page:
    """The page that is asked for of these rows; ``made`` makes of them what a template may know. Two queries."""
    wanted = narrowed(asked, everything)
    field = asked.column.ordered_by(language)
    ordered = keyset.ordered(wanted, field, descending=asked.descending)
    found = list(keyset.behind(ordered, field, asked.after, descending=asked.descending)[: asked.listing.page + 1])
    here, further = found[: asked.listing.page], found[asked.listing.page :]
    more = asked.going_on(keyset.token(here[-1], field)).query() if further else ""
    return Page(
        asked,
        tuple(made(here)),
        tuple(_head(asked, each) for each in columns(asked)),
        tuple(
            Chip(each.label, each.key in asked.filters, asked.toggled(each.key).query())
            for each in asked.listing.filters
        ),
        wanted.count(),
        more,
        replace(asked, after="").query(),
        asked.whole().query(),
        tuple((kind, f"{replace(asked, after='').query()}&file={kind.lower()}") for kind in ("CSV", "XLSX")),
    )


def narrowed(asked: Asked, everything: QuerySet[Any]) -> QuerySet[Any]:
    """The rows that search and filters leave."""
    wanted = everything
    if asked.q:
        wanted = wanted.filter(asked.listing.search(asked.q))
    for each in asked.listing.filters:
        if each.key in asked.filters:
            wanted = wanted.filter(each.wants)
    return wanted


def columns(asked: Asked) -> tuple[Column, ...]:
    """The columns that are shown: those that are asked for, or all, always with the fixed ones."""
    return tuple(each for each in asked.listing.columns if not asked.columns or each.fixed or each.key in asked.columns)


def _head(asked: Asked, column: Column) -> Head:
    direction = ("descending" if asked.descending else "ascending") if column.key == asked.column.key else ""
    return Head(column, asked.sorted_by(column).query() if column.order else "", direction)
