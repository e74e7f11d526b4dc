"""Values of one property: as a body carries them, as rows hold them, as a filter names them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any
from uuid import UUID

from kobling_simulators.business_central.errors import INVALID_GUID, TOO_LONG, ApiError, bad_request, wrong_field
from kobling_simulators.business_central.facts import BLANK, NO_DATE, NO_INSTANT, ZERO_GUID, Property
from kobling_simulators.business_central.shelf import plain

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNSAFE = re.compile(r"[^0-9A-Za-z_]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CENT = Decimal("0.01")
_FINEST = Decimal("0.00001")
_LARGEST = Decimal(10) ** 15
_INT_LIMITS = {"Int32": 1 << 31, "Int64": 1 << 63}


def encode_member(text: str) -> str:
    """An enum member as JSON carries it.

    Fidelity: known business_central §4 – the AL name with XML-name escapes: "G/L Account" is G_x002F_L_x0020_Account
    """
    return _UNSAFE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def decode_member(text: str) -> str:
    """The AL name of an enum member."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


@cache
def _members(choices: tuple[str, ...]) -> Mapping[str, str]:
    """Members by every spelling that is accepted."""
    return {spelling: one for one in choices for spelling in (one, decode_member(one))}


def member(given: Property, text: str) -> str | None:
    """The member that a spelling means, encoded or plain; None for none.

    Fidelity: inferred business_central §4 – both spellings are accepted, as examples of the docs send plain text
    """
    return _members(given.choices).get(text)


def read_value(given: Property, value: Any, entity: str) -> Any:
    """What a row holds for a value of a body. Raises ApiError."""
    if value is None:
        if given.type in ("Decimal", "Boolean", "Int32", "Int64", "Enum"):
            raise _wrong_type(given, "null", f"Edm.{given.type}[Nullable=False]")
        return given.empty
    reader = _READERS.get(given.type)
    if reader is None:
        raise bad_request(f"The property '{given.name}' cannot be written as part of '{entity}'.")
    return reader(given, value, entity)


def _wrong_type(given: Property, value: object, wanted: str) -> ApiError:
    text = f"Cannot convert the literal '{str(value)[:80]}' to the expected type '{wanted}'"
    return bad_request(f"{text} (property '{given.name}').")


def _text(given: Property, value: Any, entity: str) -> str:
    if not isinstance(value, str):
        raise _wrong_type(given, value, "Edm.String")
    text = value.strip(" ").upper() if given.code else value
    if given.length is not None and len(text) > given.length:
        told = (
            f"The length of the string is {len(text)}, but it must be less than or equal to {given.length} characters"
        )
        raise ApiError(400, TOO_LONG, f"{told}. Value: {text} (property '{given.name}' of '{entity}').")
    return text


def _guid(given: Property, value: Any, entity: str) -> str:
    if not isinstance(value, str):
        raise _wrong_type(given, value, "Edm.Guid")
    try:
        return str(UUID(value))
    except ValueError:
        raise bad_request(f"Invalid format of GUID string '{value[:80]}' ('{given.name}').", INVALID_GUID) from None


def _member(given: Property, value: Any, entity: str) -> str:
    found = member(given, value) if isinstance(value, str) else None
    if found is None:
        raise _wrong_type(given, value, f"Microsoft.NAV.{given.name}")
    return found


def _number(given: Property, value: Any, entity: str) -> Decimal:
    """Fidelity: assumed business_central §10 – decimals keep five places; finer ones are rounded, not refused."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong_type(given, value, "Edm.Decimal")
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= _LARGEST:
        raise _wrong_type(given, value, "Edm.Decimal")
    number = plain(number.quantize(_FINEST, ROUND_HALF_UP))
    if (given.low is not None and number < given.low) or (given.high is not None and number > given.high):
        low, high = given.low, given.high
        raise wrong_field(f"The value {number} of '{given.name}' is not between {low} and {high} ('{entity}').")
    return number


def _whole(given: Property, value: Any, entity: str) -> int:
    limit = _INT_LIMITS[given.type]
    if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
        raise _wrong_type(given, value, f"Edm.{given.type}")
    return value


def _boolean(given: Property, value: Any, entity: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(given, value, "Edm.Boolean")
    return value


def _day(given: Property, value: Any, entity: str) -> str:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise _wrong_type(given, value, "Edm.Date")


def _instant(given: Property, value: Any, entity: str) -> str:
    try:
        if isinstance(value, str) and ("Z" in value or "+" in value[10:] or "-" in value[10:]):
            moment = datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(UTC)
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        pass
    raise _wrong_type(given, value, "Edm.DateTimeOffset")


def _opaque(given: Property, value: Any, entity: str) -> str:
    if not isinstance(value, str):
        raise _wrong_type(given, value, f"Edm.{given.type}")
    return value


_READERS: Mapping[str, Callable[[Property, Any, str], Any]] = {
    "String": _text,
    "Guid": _guid,
    "Enum": _member,
    "Decimal": _number,
    "Int32": _whole,
    "Int64": _whole,
    "Boolean": _boolean,
    "Date": _day,
    "DateTimeOffset": _instant,
    "TimeOfDay": _opaque,
    "Duration": _opaque,
}


def money(amount: Decimal) -> Decimal:
    """An amount rounded to hundredths, as the ledger holds it."""
    return plain(amount.quantize(_CENT, ROUND_HALF_UP))


def iso(milliseconds: int) -> str:
    """An instant as the vendor writes it: UTC, no zeros behind the last digit of the fraction.

    Fidelity: inferred business_central §4 – the examples show instants with and without fractions, ending in Z
    """
    if milliseconds <= 0:
        return NO_INSTANT
    whole, rest = divmod(milliseconds, 1000)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:03d}".rstrip("0") + "Z" if rest else f"{text}Z"


def is_empty(value: object) -> bool:
    """Whether a value is what a property holds when nothing was entered."""
    return value in (None, "", ZERO_GUID, NO_DATE, NO_INSTANT, BLANK) or (value == 0 and not isinstance(value, str))
