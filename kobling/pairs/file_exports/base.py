"""What a source of documents is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from kobling.files import Document
from kobling.records import N_, Wrong, exact

Fields = Mapping[str, Any]
Rows = Mapping[str, Mapping[str, Fields]]
"""Resource → id → the record's fields, as the connector reads them."""


@dataclass(frozen=True, slots=True)
class Held:
    """A record that no document can be made of, and why."""

    source_id: str
    number: str
    reason: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FileSource:
    """Where documents come from.

    ``resource`` holds them, ``beside`` are resources that are looked things up in. ``documents`` makes them of rows,
    for the options vat_codes (rate=code) and, where there are departments, those chosen (empty: all).
    """

    connector: str
    resource: str
    beside: tuple[str, ...]
    profile: str
    documents: Callable[[Rows, Mapping[str, str], frozenset[str]], Iterator[Document | Held]]


def made(source_id: str, number: str, make: Callable[[], Document]) -> Document | Held:
    """A document, or why it cannot be made."""
    try:
        return make()
    except Wrong as wrong:
        return Held(source_id, number, wrong.summary, wrong.params)


def exact_of(value: Any, field: str) -> Decimal:
    """An amount as it stands. Raises Wrong naming the field."""
    try:
        return exact(str(value if value not in (None, "") else 0).strip())
    except ValueError:
        raise Wrong(N_("%(field)s “%(value)s” is no number."), field=field, value=value) from None


def day_of(value: Any, field: str) -> date:
    """A day. Raises Wrong naming the field."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Wrong(N_("%(field)s “%(value)s” is no date."), field=field, value=value or "") from None


def text_of(value: Any) -> str:
    """A text, empty for nothing."""
    return "" if value is None else str(value).strip()
