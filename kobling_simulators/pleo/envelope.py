"""Bodies: read as JSON, then field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from kobling_simulators.pleo.errors import NO_JSON, ApiError, invalid
from kobling_simulators.wire import Call, from_json

Row = dict[str, Any]


def body_of(call: Call) -> Any:
    """The JSON of a body. Raises ApiError."""
    if call.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json.")
    try:
        return from_json(call.body)
    except ValueError as error:
        raise ApiError(400, NO_JSON, str(error)) from None


Check = Callable[[Any], bool]
Fields = Mapping[str, tuple[Check, bool]]


def text(most: int = 255, least: int = 0) -> Check:
    """A text of a length."""
    return lambda value: isinstance(value, str) and least <= len(value) <= most


def key(value: Any) -> bool:
    """What looks like a UUID."""
    return isinstance(value, str) and len(value) == 36 and value.count("-") == 4


def number(value: Any) -> bool:
    """A number that is no boolean."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def flag(value: Any) -> bool:
    """A boolean."""
    return isinstance(value, bool)


def mapping(value: Any) -> bool:
    """An object of texts."""
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def among(words: Any) -> Check:
    """One of some words."""
    known = frozenset(words)
    return lambda value: isinstance(value, str) and value in known


def few(check: Check, most: int = 100) -> Check:
    """A list, not longer than most, of which each element fits."""
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(check, value))


def read(body: Any, fields: Fields) -> Row:
    """The known fields of a body; (check, needed) by name. Raises ApiError for unknown, missing and wrong ones.

    Fidelity: assumed pleo §2 – unknown properties are refused
    """
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    for name, value in body.items():
        if name not in fields:
            raise invalid(f"Unknown property '{name}'.")
        check, needed = fields[name]
        if value is None and not needed:
            continue
        if not check(value):
            raise invalid(f"'{name}' has a wrong value.")
    for name, (_, needed) in fields.items():
        if needed and body.get(name) is None:
            raise invalid(f"'{name}' is required.")
    return dict(body)


def instant(moment: datetime) -> str:
    """An instant as Pleo writes it: milliseconds, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
