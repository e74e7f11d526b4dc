"""Query options: literals, filters, and a query string that every server reads the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import quote
from uuid import UUID

_PLAIN = "$,'()@=:;*/"


def quoted(text: str) -> str:
    """A text literal: in single quotes, those inside doubled (OData v4 ABNF, string)."""
    return "'" + text.replace("'", "''") + "'"


def instant(moment: datetime) -> str:
    """A date-time literal in UTC with milliseconds, cut, never rounded up."""
    at = moment.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def literal(value: object) -> str:
    """Any literal: text is quoted; numbers, ids, days and instants stand bare."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return str(value) if isinstance(value, UUID) else quoted(str(value))


def bare(name: str, values: Iterable[str]) -> str:
    """``name`` is any of these ids, which stand without quotes."""
    return " or ".join(f"{name} eq {each}" for each in values)


def equals(name: str, value: object) -> str:
    """``name eq value``."""
    return f"{name} eq {literal(value)}"


def one_of(name: str, values: Iterable[object]) -> str:
    """``name`` is any of the values, on one field alone, since some servers allow *or* only there."""
    return " or ".join(equals(name, each) for each in values)


def all_of(*conditions: str) -> str:
    """Conditions joined by *and*; one that holds *or* is put in parentheses, empty ones are left out."""
    kept = [each for each in conditions if each]
    if len(kept) == 1:
        return kept[0]
    return " and ".join(f"({each})" if " or " in each else each for each in kept)


def query(options: Mapping[str, str | int | None]) -> str:
    """``?$select=…&$filter=…``; blanks as %20, options without a value left out."""
    parts = [f"{name}={quote(str(value), safe=_PLAIN)}" for name, value in options.items() if value not in (None, "")]
    return f"?{'&'.join(parts)}" if parts else ""
