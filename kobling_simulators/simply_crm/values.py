"""How MySQL in its careless mode turns what a client sent into what a column holds, and what a label shows."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from html.entities import codepoint2name, name2codepoint
from typing import Any

from kobling_simulators.simply_crm.modules import Column

_FOUR_BYTES = re.compile("[\U00010000-\U0010ffff]")
_ENTITIES = {code: f"&{name};" for code, name in codepoint2name.items()} | {ord("'"): "&#039;"}
_ENTITY = re.compile(r"(&(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#x[0-9A-Fa-f]+);)")
_DAY_FIRST = re.compile(r"^(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})$")
_YEAR_FIRST = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})")
_LARGEST = Decimal(10**15)
_NUMBER = re.compile(r"^\s*[+-]?\d*\.?\d*(?:[eE][+-]?\d+)?")


def as_text(value: Any) -> str:
    """What PHP makes of a JSON value when it needs a string."""
    if isinstance(value, str):
        return value
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, list | dict):
        return "Array"
    return str(value)


def stored(column: Column, value: Any, *, utf8mb3: bool, strict_lengths: bool) -> str:
    """The text that a column keeps. Raises ValueError when strict_lengths refuses a text that is too long.

    Fidelity: known simply_crm §5 – too long text is cut, unknown picklist values and bad e-mails are kept
    Fidelity: known simply_crm §5 – 4-byte characters become ???? when the database is utf8mb3
    Fidelity: inferred simply_crm §5 – column lengths other than lastname's 80 are those of the stock schema
    """
    text = as_text(value)
    if column.kind == "boolean":
        return "1" if text.lower() in ("1", "on", "yes", "true") else "0"
    if column.decimals is not None:
        return _number(text, column.decimals)
    if column.kind == "date":
        return _date(text)
    if utf8mb3:
        text = _FOUR_BYTES.sub("????", text)
    if column.length is not None and len(text) > column.length:
        if strict_lengths:
            raise ValueError(f"Data too long for column '{column.name}'")
        text = text[: column.length]
    return text


def utf8mb3_text(text: str) -> str:
    """Text as a database without 4-byte characters keeps it."""
    return _FOUR_BYTES.sub("????", text)


def to_decimal(text: Any) -> Decimal:
    """The number at the beginning of a text, 0 when there is none, as MySQL reads it."""
    found = _NUMBER.match(as_text(text))
    try:
        number = Decimal(found.group().strip()) if found else Decimal(0)
    except InvalidOperation:
        return Decimal(0)
    return max(-_LARGEST, min(_LARGEST, number)) if number.is_finite() else Decimal(0)


def fixed(number: Decimal, decimals: int) -> str:
    """A number with exactly so many decimals, as a DECIMAL column shows it."""
    return format(number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP), "f") if decimals else str(int(number))


def _number(text: str, decimals: int) -> str:
    return fixed(to_decimal(text), decimals)


def _date(text: str) -> str:
    """ISO date.

    Fidelity: known simply_crm §5 – 31/12/1980 is accepted and becomes 1980-12-31
    Fidelity: assumed simply_crm §5 – a text that is no date at all is stored as none
    """
    if found := _YEAR_FIRST.match(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.match(text):
        day, month, year = found.groups()
    else:
        return ""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""


def html_label(text: str) -> str:
    """Text with HTML entities, the way labels and product names are sent.

    Fidelity: known simply_crm §2 – label and LineItems.product_name come HTML-encoded
    Fidelity: known simply_crm §10.2 – recording 90: an entity that is in the text already stays one
    """
    parts = _ENTITY.split(text)
    return "".join(part if _is_entity(part) else part.translate(_ENTITIES) for part in parts)


def html_text(text: str) -> str:
    """Text with HTML entities where the vendor does not look for those that are there already."""
    return text.translate(_ENTITIES)


def _is_entity(part: str) -> bool:
    return bool(_ENTITY.fullmatch(part)) and (part.startswith("&#") or part[1:-1] in name2codepoint)


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """What two texts have in common when the database calls them equal.

    Fidelity: assumed simply_crm §4 – equality ignores case, trailing blanks and accents; ø and æ stay letters
    """
    if text.isascii():
        return text.lower().rstrip(" ")
    plain = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).rstrip(" ")
