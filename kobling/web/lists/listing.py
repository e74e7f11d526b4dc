"""What a list is: its columns, filters and orders, declared once; nothing here asks the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

PAGE = 50


@dataclass(frozen=True, slots=True)
class Told:
    """What a file holds of a row, under its own head; ``words``: what the value's keys are called."""

    head: str
    value: Callable[[Any], Any]
    words: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``order``: what it is sorted by (a field, or one by language); ``file``: what a file holds of it.

    ``classes`` are the design's: r for figures, p2 and p3 for those that leave first, off for none on phones.
    """

    key: str
    head: str
    order: str | Mapping[str, str] = ""
    file: tuple[Told, ...] = ()
    classes: str = ""
    descending: bool = False
    """Begins with the largest when it is first chosen."""
    fixed: bool = False
    """Cannot be taken away."""

    def ordered_by(self, language: str) -> str:
        """The field that the column is sorted by for a reader of a language."""
        return self.order if isinstance(self.order, str) else self.order.get(language, self.order["en"])


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter, on or off: a chip. ``wants``: the rows that it leaves.

    ``hides``: those rows stand in no list but the filter's own, until somebody searches.
    """

    key: str
    label: str
    wants: Q
    hides: bool = False
    offered: bool = True
    """Its chip stands there also while it is off."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A kind of list. ``search``: what the search box looks through; ``order``: by which column unless asked."""

    name: str
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    search: Callable[[str], Q]
    order: str
    page: int = PAGE

    def column(self, key: str) -> Column | None:
        """The column of that name that can be sorted by."""
        return next((each for each in self.columns if each.key == key and each.order), None)
