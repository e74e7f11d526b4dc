"""Checking request bodies against the models of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from kobling_simulators.dinero.errors import ApiError, bad_request, invalid
from kobling_simulators.dinero.facts import facts, regions, units
from kobling_simulators.wire import from_json

_SPEC = re.compile(r"^(?P<kind>\[\w+\]|\w+)(?P<must>[!?~])(?P<rest>.*)$")
_RANGE = re.compile(r"^(-?\d+)\.\.(-?\d+)$")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,9})?")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_ABSENT = {"bool": False, "int": 0, "double": Decimal(0)}
INT32 = 2**31
_LARGEST = Decimal(10**12)


@dataclass(frozen=True, slots=True)
class Property:
    """What a property may hold."""

    kind: str
    required: bool
    assumed: Any
    longest: int | None
    shortest: int | None
    lowest: int | None
    highest: int | None
    choices: frozenset[str]


@cache
def model(name: str) -> dict[str, Property]:
    """The properties of a request model."""
    found: dict[str, Property] = {}
    for key, text in facts("bodies.json")[name].items():
        if key == "+":
            found.update(model(text))
        else:
            found[key] = _property(text)
    return found


def _property(text: str) -> Property:
    match = _SPEC.match(text)
    if match is None:
        raise ValueError(f"not a property: {text}")
    longest = shortest = lowest = highest = None
    choices: frozenset[str] = frozenset()
    for word in match["rest"].split():
        span = _RANGE.match(word)
        if span:
            lowest, highest = int(span[1]), int(span[2])
        elif word.startswith("max"):
            longest = int(word[3:])
        elif word.startswith("min"):
            shortest = int(word[3:])
        elif word == "unit":
            choices = units()
        elif word == "country":
            choices = frozenset(regions())
        else:
            choices = frozenset(word.split("|"))
    kind, must = match["kind"], match["must"]
    assumed = _ABSENT.get(kind) if must == "~" else None
    return Property(kind, must != "?", assumed, longest, shortest, lowest, highest, choices)


def read_body(body: bytes, name: str, *, strict: bool, optional: bool = False) -> dict[str, Any]:
    """A checked body; every property of the model is present, None when it was not sent. Raises ApiError.

    Fidelity: known dinero §3 – required fields, lengths and enums are checked, code 42
    """
    if not body.strip() and optional:
        return dict.fromkeys(model(name))
    return check(_parsed(body), name, strict=strict)


def read_list(body: bytes, name: str, *, strict: bool) -> list[dict[str, Any]]:
    """A checked list body. Raises ApiError."""
    given = _parsed(body)
    if not isinstance(given, list):
        raise bad_request("The body must be a list")
    return [check(one, name, strict=strict) for one in given]


def _parsed(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        raise bad_request("The body is not JSON", 44) from None


def check(given: Any, name: str, *, strict: bool, prefix: str = "") -> dict[str, Any]:
    """An object checked against a model. Raises ApiError with a text for every wrong field.

    Fidelity: known dinero §8 – names match whatever their case, so `TimeStamp` as read is a `Timestamp`
    Fidelity: inferred dinero §8 – unknown names are dropped, unless the knob strict_bodies refuses them
    """
    if not isinstance(given, dict):
        raise bad_request("The body must be an object")
    properties = model(name)
    given = _proper(given, properties)
    wrong: dict[str, str] = {}
    if strict:
        wrong.update({prefix + key: "Unknown property" for key in given if key not in properties})
    checked: dict[str, Any] = {}
    for key, wanted in properties.items():
        try:
            absent = None if strict else wanted.assumed
            checked[key] = _value(given.get(key, absent), wanted, strict, f"{prefix}{key}")
        except ApiError as error:
            wrong.update(error.fields or {prefix + key: error.message})
        except ValueError as error:
            wrong[prefix + key] = str(error)
    if wrong:
        raise invalid(**wrong)
    return checked


def _proper(given: dict[str, Any], properties: dict[str, Property]) -> dict[str, Any]:
    """A body under the model's own names; of names that differ in case only, the last one counts."""
    names = {name.lower(): name for name in properties}
    return {names.get(key.lower(), key): value for key, value in given.items()}


def _value(value: Any, wanted: Property, strict: bool, where: str) -> Any:
    if not strict:
        value = loosened(value, wanted.kind)
    if value is None:
        if wanted.required:
            raise ValueError("The field is required")
        return None
    if wanted.kind.startswith("["):
        return _items(value, wanted, strict, where)
    value = _KINDS[wanted.kind](value)
    if isinstance(value, str):
        if wanted.shortest and len(value) < wanted.shortest:
            raise ValueError(f"Must have at least {wanted.shortest} characters")
        if wanted.longest is not None and len(value) > wanted.longest:
            raise ValueError(f"Must have at most {wanted.longest} characters")
        if wanted.choices and value not in wanted.choices:
            raise ValueError("Not one of the allowed values")
    if wanted.lowest is not None and wanted.highest is not None and not wanted.lowest <= value <= wanted.highest:
        raise ValueError(f"Must be between {wanted.lowest} and {wanted.highest}")
    return value


def _items(value: Any, wanted: Property, strict: bool, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise ValueError("Must be a list")
    if wanted.shortest and len(value) < wanted.shortest:
        raise ValueError(f"Must hold at least {wanted.shortest}")
    name = wanted.kind.strip("[]")
    return [check(one, name, strict=strict, prefix=f"{where}[{at}].") for at, one in enumerate(value)]


def loosened(value: Any, kind: str) -> Any:
    """A value that clients write in another type than the model's, in the model's type; others as they are.

    Fidelity: inferred dinero §3 – clients in use send account numbers as text, zip codes as numbers, dates with a time,
        and the zero uuid for none
    """
    if kind == "string" and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    if kind == "int" and isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if not isinstance(value, str):
        return value
    if kind in ("int", "double") and _NUMBER.fullmatch(value):
        return int(value) if kind == "int" and "." not in value else Decimal(value)
    if kind == "date" and _DATE_TIME.match(value):
        return value[:10]
    if kind == "uuid" and not value.strip("0-{}"):
        return None
    return None if kind == "date" and not value else value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Must be a string")
    return value


def _uuid(value: Any) -> str:
    try:
        return str(UUID(_string(value)))
    except ValueError:
        raise ValueError("Must be a uuid") from None


def _date(value: Any) -> str:
    text = _string(value)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError("Must be a date YYYY-MM-DD")
    return date.fromisoformat(text).isoformat()


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -INT32 <= value < INT32:
        raise ValueError("Must be an int32")
    return value


def _double(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("Must be a number")
    if abs(Decimal(value)) >= _LARGEST:
        raise ValueError("Is too large")
    return Decimal(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Must be true or false")
    return value


_KINDS: dict[str, Callable[[Any], Any]] = {
    "string": _string,
    "uuid": _uuid,
    "date": _date,
    "int": _int,
    "double": _double,
    "bool": _bool,
}
