"""Options that every pair offers in the same words."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import available_timezones

from kobling.pairs.base import Option
from kobling.records import N_, exact, parse_day

SYNCHRONISE = Option(
    "synchronise",
    N_("Synchronise"),
    "manual",
    ("manual", "auto"),
    N_("Manual: only when you press Sync. Auto: every third hour, or as the schedule says."),
)


def a_day_or_all(text: str) -> object:
    """A date, or “all”. Raises ValueError."""
    return text if text == "all" else parse_day(text)


def an_amount(text: str) -> Decimal:
    """An amount that is not below nothing, major units. Raises ValueError."""
    amount = exact(text)
    if amount < 0:
        raise ValueError("below nothing")
    return amount


def a_currency(text: str) -> str:
    """An ISO 4217 code. Raises ValueError."""
    if len(text) != 3 or not (text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError("three capital letters")
    return text


def a_time_zone(text: str) -> str:
    """The name of a time zone of the IANA database. Raises ValueError."""
    if text not in available_timezones():
        raise ValueError("no such time zone")
    return text
