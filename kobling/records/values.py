"""Values that flow between systems: JSON shapes with exact numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Any

import msgspec

from kobling.records.errors import N_, Wrong

Value = None | str | bool | int | Decimal | list["Value"] | dict[str, "Value"]
"""A field's value. A key that is missing is *absent*; ``None`` and ``""`` are *empty*; all else is a value."""

Fields = Mapping[str, Any]

MOST_DIGITS = 60
"""No amount, rate or id has more digits, before or after its point; one that does is a mistake or an attack."""

NO_NUMBER = N_("“%(value)s” is not a number.")

_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def _bounded(text: str) -> Decimal:
    if len(text) > 4 * MOST_DIGITS:
        raise ValueError("a number too long to be meant")
    return _meant(Decimal(text))


def _meant(number: Decimal) -> Decimal:
    if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
        raise Wrong.about(N_("“%(value)s” is too large or too small to be meant."), f"{number:E}")
    return number


_decoder = msgspec.json.Decoder(float_hook=_bounded)


def to_json(value: object) -> bytes:
    """Encode a value with exact numbers and sorted keys.

    Raises TypeError for a float, since a float has already lost the øre.
    """
    _refuse_floats(value)
    return _encoder.encode(value)


def from_json(raw: bytes | str) -> Any:
    """Decode JSON; numbers with a point or exponent become Decimal, never float.

    Raises ValueError for what is no JSON, nests too deep, or holds a number of absurd size.
    """
    try:
        return _decoder.decode(raw)
    except RecursionError:
        raise ValueError("nested too deep") from None


def is_empty(value: object) -> bool:
    """Whether a present value says *empty*: None, blank text or an empty list."""
    return value is None or (isinstance(value, str) and not value.strip()) or value == [] or value == {}


def fingerprint(values: Fields) -> str:
    """Hash over mapped values, equal for equal values however they were spelled (1.5 and 1.50, key order)."""
    return blake2b(to_json(_spelled_once(values)), digest_size=16).hexdigest()


def exact(value: object) -> Decimal:
    """Read a vendor's number as Decimal.

    Accepts Decimal, int and text with a point. Raises Wrong, which names the value, for anything else, floats included,
    and for what is larger or smaller than any amount: its arithmetic would not end.
    """
    if isinstance(value, Decimal):
        return _meant(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Wrong.about(NO_NUMBER, value)
    try:
        return _meant(Decimal(value))
    except InvalidOperation:
        raise Wrong.about(NO_NUMBER, value) from None


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant; one without a zone is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_day(text: str) -> date:
    """Read a plain date ``YYYY-MM-DD``; a time behind it is refused, since dates in the books have none."""
    return date.fromisoformat(text)


_HARMLESS = frozenset({str, type(None), int, bool, Decimal})


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("floats cannot carry money; use Decimal")
    if isinstance(value, dict | list | tuple):
        inside = value.values() if isinstance(value, dict) else value
        if not _HARMLESS.issuperset(map(type, inside)):
            for each in inside:
                _refuse_floats(each)


def _spelled_once(value: Any) -> Any:
    if isinstance(value, Decimal):
        plain = value.normalize()
        return int(plain) if plain == plain.to_integral_value() else plain
    if isinstance(value, Mapping):
        return {key: _spelled_once(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled_once(each) for each in value]
    return value
