"""Codecs: named pure rules between a vendor's field values and the agreed value, each with its inverse.

The agreed value of text is trimmed, of a number a Decimal, of an empty field None; so that two vendors' spellings of
the same thing compare equal. A codec reads a tuple of vendor values (one per path) and writes such a tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from kobling.records import N_, Refused, Wrong, exact
from kobling.records.texts import as_key, tidy

Values = tuple[Any, ...]


class Resolver(Protocol):
    """What codecs ask beside the value: which records belong together, reference data, what stands there now.

    ``current`` are the vendor's fields of the record being updated, None while one is created: what the agreed value
    does not carry (a line's account or unit) is kept from there. ``permitted`` is what a person allowed for the record
    being read.
    """

    current: Mapping[str, Any] | None
    permitted: frozenset[str]

    def coupling(self, mapping: str, side: str, external_id: str) -> str | None:
        """The coupling that a record of one side is in, or None."""
        ...

    def external_id(self, mapping: str, side: str, coupling: str) -> str | None:
        """The record of one side in a coupling, or None."""
        ...

    def field(self, side: str, resource: str, external_id: str, path: str) -> Any:
        """A mirrored field of a record, None when unknown."""
        ...

    def find(self, side: str, resource: str, path: str, value: Any) -> str | None:
        """The id of the reference record whose field has that value, or None."""
        ...

    def left_out(self, mapping: str, side: str, external_id: str) -> bool:
        """Whether a record that is not coupled will not be, as things stand: filters leave it out, it is deleted, the
        table is not in the pair, or (no id) there is no such record."""
        ...

    def title(self, mapping: str, side: str, external_id: str) -> str:
        """What people know a record by; its id where nothing else is known."""
        ...


class Unresolved(Exception):
    """A reference points to a record that is not coupled yet; the record waits for it. Without an id there is none."""

    def __init__(self, mapping: str, external_id: str) -> None:
        super().__init__(f"{mapping} {external_id}")
        self.mapping = mapping
        self.external_id = external_id


class LeftOut(Exception):
    """A value that cannot be carried now and is no reason to wait: the field is left alone on both sides.

    ``awaited``: the mapping and id of the record that it points to, after whose coupling it can be.
    """

    def __init__(self, awaited: tuple[str, str] | None = None) -> None:
        super().__init__()
        self.awaited = awaited


@dataclass(frozen=True, slots=True)
class Codec:
    """A named rule. ``read`` and ``write`` raise ValueError for a value they cannot carry."""

    name: str
    read: Callable[[Values, str, Resolver | None], Any]
    write: Callable[[Any, str, Resolver | None], Values]


def simple(name: str, read: Callable[[Any], Any], write: Callable[[Any], Any]) -> Codec:
    """A codec for one field that needs no look-ups; empty stays empty in both directions."""

    def read_one(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        value = values[0]
        if value is None or value == "":
            return None
        return read(value)

    def write_one(value: Any, _side: str, _resolver: Resolver | None) -> Values:
        return (None if value is None else write(value),)

    return Codec(name, read_one, write_one)


def _text(value: Any) -> str | None:
    return tidy(str(value)) or None


def _key(value: Any) -> str | None:
    return as_key(str(value)) or None


def _number(value: Any) -> Decimal | int:
    number = exact(value if not isinstance(value, str) else value.strip())
    plain = number.normalize()
    return int(plain) if plain == plain.to_integral_value() else plain


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in {"1", "true", "on", "yes"}:
        return True
    if text in {"0", "false", "off", "no"}:
        return False
    raise Wrong(N_("“%(value)s” is neither yes nor no."), value=value)


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(str(value).strip()[:10]).isoformat()
    except ValueError:
        raise Wrong.about(N_("“%(value)s” is not a date."), value) from None


def _plain(number: Any) -> str:
    return format(exact(number), "f")


TEXT = simple("text", _text, str)
KEY = simple("key", _key, str)
"""A number or code by which something is known: characters that cannot be seen are no part of it."""
EMAIL = simple("email", _key, str)
NUMBER = simple("number", _number, lambda value: value)
NUMBER_AS_TEXT = simple("number_as_text", _number, _plain)
FLAG = simple("flag", _flag, bool)
FLAG_AS_01 = simple("flag_as_01", _flag, lambda value: "1" if value else "0")
NOT_FLAG_AS_01 = simple("not_flag_as_01", lambda value: not _flag(value), lambda value: "0" if value else "1")
DAY = simple("day", _day, str)


def text_up_to(limit: int, spelled: Callable[[Any], str | None] = _text) -> Codec:
    """Text that this side keeps only up to ``limit`` characters; longer values are refused, never cut silently."""

    def write(value: Any) -> str:
        text = str(value)
        if len(text) > limit:
            raise Refused(
                N_("The value is %(length)s characters long, but this field takes at most %(limit)s."),
                length=len(text),
                limit=limit,
            )
        return text

    return simple(f"text_up_to_{limit}", spelled, write)


def key_up_to(limit: int) -> Codec:
    """As ``KEY``, and no longer than that."""
    return text_up_to(limit, _key)


def number_with_decimals(places: int) -> Codec:
    """A number as the side keeps it, with so many decimals; agreed values compare exactly after that rounding."""
    step = Decimal(1).scaleb(-places)
    return simple(
        f"number_{places}", lambda value: _number(exact(value).quantize(step, ROUND_HALF_UP)), lambda value: value
    )


def choice(name: str, to_agreed: Mapping[str, Any], to_vendor: Mapping[Any, str] | None = None) -> Codec:
    """A vendor's list of choices. Unknown vendor words are kept as they are, so that nothing is lost by reading."""
    back = dict(to_vendor) if to_vendor is not None else {agreed: word for word, agreed in to_agreed.items()}

    def write(value: Any) -> str:
        if value not in back:
            raise Refused(
                N_("“%(value)s” has no counterpart here. Known: %(known)s."),
                value=value,
                known=", ".join(map(str, back)),
            )
        return back[value]

    return simple(name, lambda value: to_agreed.get(value, value), write)


def constant(value: Any) -> Codec:
    """Always the same vendor value, whatever the other side says."""
    return Codec("constant", lambda _values, _side, _resolver: value, lambda _value, _side, _resolver: (value,))
