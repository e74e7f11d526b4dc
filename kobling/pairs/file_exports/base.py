"""What a source of documents is, and why it may leave one out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from kobling.files import Document
from kobling.mapping import Side, TableMapping, read, write
from kobling.records import N_, KoblingError, Wrong, exact

Fields = Mapping[str, Any]
Rows = Mapping[str, Mapping[str, Fields]]
"""Resource → id → the record's fields, as the connector reads them."""
Options = Mapping[str, Any]
"""Options of the pair that sends the same documents over the API; empty where there is no such pair."""

HELD, CANCELLED, NOT_APPROVED = "held", "cancelled", "not_approved"
NO_NUMBER, OTHER_DEPARTMENT = "no_number", "other_department"


@dataclass(frozen=True, slots=True)
class About:
    """What a person knows a document by that is in no file. ``amount`` is in ``currency``, without VAT where the
    source tells that; None where it cannot be told."""

    who: str = ""
    amount: Decimal | None = None
    currency: str = ""
    day: date | None = None
    department: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A record that goes into no file: ``kind`` is the kind of reason, and the sentence says it with its places."""

    source_id: str
    number: str
    reason: str
    params: Mapping[str, Any]
    kind: str = HELD
    about: About = field(default_factory=About)


@dataclass(frozen=True, slots=True)
class FileSource:
    """Where documents come from.

    ``resource`` holds them, ``beside`` are resources that are looked things up in, ``more`` those that options ask for.
    ``documents`` makes documents of rows, for VAT codes (rate → code) and the departments chosen (empty: all).
    ``pair_type`` names the pair that sends the same documents over the API: ``documents`` then takes its options and
    what the installation says of its fields as well, so that the file spells numbers as that pair does.
    """

    connector: str
    resource: str
    beside: tuple[str, ...]
    profile: str
    documents: Callable[..., Iterator[Document | Held]]
    pair_type: str = ""
    more: Callable[[Options], tuple[str, ...]] = lambda _options: ()


class Nothing:
    """Answers codecs that nothing is known of the other system, as for a file. Implements ``Resolver``."""

    current: Mapping[str, Any] | None = None
    permitted: frozenset[str] = frozenset()

    def coupling(self, _mapping: str, _side: str, external_id: str) -> str | None:
        return None

    def external_id(self, _mapping: str, _side: str, coupling: str) -> str | None:
        return None

    def field(self, _side: str, _resource: str, _external_id: str, _path: str) -> Any:
        return None

    def find(self, _side: str, _resource: str, _path: str, _value: Any) -> str | None:
        return None

    def title(self, _mapping: str, _side: str, external_id: str) -> str:
        """The id: nothing else is known of it here."""
        return external_id

    def left_out(self, _mapping: str, _side: str, external_id: str) -> bool:
        return False


def made(
    source_id: str, number: str, make: Callable[[], Document], about: Callable[[], About] = About
) -> Document | Held:
    """A document, or why it cannot be made."""
    try:
        return make()
    except Wrong as wrong:
        return Held(source_id, number, wrong.summary, wrong.params, about=told(about))
    except ArithmeticError:
        return Held(source_id, number, N_("Its amounts are too large to be meant."), {}, about=told(about))


def told(about: Callable[[], About]) -> About:
    """What can be told of a record that may be wrong in any of its fields."""
    try:
        return about()
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, KoblingError):
        return About()


def as_the_pair_writes(mapping: TableMapping, fields: Fields, needed: str = "") -> dict[str, str]:
    """The other system's fields of a record as texts, exactly as the pair would send them.

    What fits no rule is left empty, since one field holds back one field; the field ``needed`` raises Wrong.
    """
    found = read(mapping, Side.LEFT, fields, None)
    if needed in found.problems:
        sentence, params = found.problems[needed]
        raise Wrong(str(sentence), **params)
    written: dict[str, Any] = {}
    for key, value in found.values.items():
        try:
            written |= write(mapping, Side.RIGHT, {key: value}, None)
        except KoblingError as wrong:
            if key == needed:
                raise Wrong(wrong.summary, **wrong.params) from None
    return {name: text_of(value) for name, value in written.items()}


def exact_of(value: Any, field: str) -> Decimal:
    """An amount as it stands. Raises Wrong naming the field."""
    try:
        return exact(str(value if value not in (None, "") else 0).strip())
    except ValueError:
        raise Wrong(N_("%(field)s “%(value)s” is no number."), field=field, value=value) from None


def amount_or_none(value: Any) -> Decimal | None:
    """An amount, None for what is none."""
    try:
        return None if value in (None, "") else exact(str(value).strip())
    except ValueError:
        return None


def day_of(value: Any, field: str) -> date:
    """A day. Raises Wrong naming the field."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Wrong(N_("%(field)s “%(value)s” is no date."), field=field, value=value or "") from None


def day_or_none(value: Any) -> date | None:
    """A day, None for what is none."""
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return None


def text_of(value: Any) -> str:
    """A text, empty for nothing."""
    return "" if value is None else str(value).strip()
