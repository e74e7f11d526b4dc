"""Numbers and times as people of a language write them. Pure: language, zone and now are given."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale

_LOCALES = {"da": "da_DK", "sv": "sv_SE", "nb": "nb_NO", "en": "en_GB"}
_DAYS = {"da": "%d.%m.%Y", "nb": "%d.%m.%Y", "sv": "%Y-%m-%d", "en": "%d/%m/%Y"}
_TIMES = {"da": "%H.%M", "nb": "%H:%M", "sv": "%H:%M", "en": "%H:%M"}
_AT = {"da": "kl.\xa0", "nb": "kl.\xa0", "sv": "kl.\xa0", "en": ""}
_TODAY = {"da": "i dag", "nb": "i dag", "sv": "i dag", "en": "today"}
_YESTERDAY = {"da": "i går", "nb": "i går", "sv": "i går", "en": "yesterday"}
_TOMORROW = {"da": "i morgen", "nb": "i morgen", "sv": "i morgon", "en": "tomorrow"}
_MINUS = "\u2212"
WEEK = 7


HOME = "Europe/Copenhagen"


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; ours where the machine knows none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo(HOME)


@cache
def locale_of(language: str) -> Locale:
    """The locale of one of our languages; English for any other."""
    return Locale.parse(_LOCALES.get(language[:2], "en_GB"))


def number(value: int | Decimal, language: str, decimals: int = 0) -> str:
    """A number with its language's separators: ``1.234,50``; a true minus in Swedish and Norwegian."""
    # Python's own formatting with the locale's signs: a page has hundreds of these, and Babel's costs much more.
    exact = Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"{exact:,}".translate(_signs(language[:2]))


@cache
def _signs(language: str) -> dict[int, str]:
    symbols = locale_of(language).number_symbols["latn"]
    minus = _MINUS if language in ("sv", "nb") else "-"
    return {ord(","): str(symbols["group"]), ord("."): str(symbols["decimal"]), ord("-"): minus}


def amount(value: Decimal, language: str, currency: str = "") -> str:
    """Money in major units; the currency by its code, since kr. is three currencies here."""
    text = number(value, language, 2)
    return f"{text}\xa0{currency}" if currency else text


def day(value: date, language: str) -> str:
    """A day as written in tables: ``29.11.2026``, in Swedish ``2026-11-29``."""
    return value.strftime(_DAYS.get(language[:2], _DAYS["en"]))


def clock(value: datetime, language: str) -> str:
    """The time of a local instant: ``08.05``."""
    return value.strftime(_TIMES.get(language[:2], "%H:%M"))


def at(value: datetime, language: str) -> str:
    """The time of a local instant, as a sentence says it: ``kl. 14.05``."""
    return f"{_AT.get(language[:2], '')}{clock(value, language)}"


def instant(value: datetime, language: str, zone: tzinfo) -> str:
    """Day and time: ``29.11.2026 kl. 14.05``."""
    local = value.astimezone(zone)
    return f"{day(local.date(), language)} {at(local, language)}"


def spoken(value: datetime, language: str, zone: tzinfo, now: datetime) -> str:
    """As people say it: ``i dag kl. 08.00``, ``fre. kl. 15.20`` within a week, else the date."""
    local, today = value.astimezone(zone), now.astimezone(zone).date()
    at = f"{_AT.get(language[:2], '')}{clock(local, language)}"
    word = said_day(local.date(), language, today)
    if word:
        return f"{word} {at}"
    if 0 < (today - local.date()).days < WEEK:
        return f"{weekday(local.date(), language)} {at}"
    return f"{day(local.date(), language)} {at}"


def said_day(value: date, language: str, today: date) -> str:
    """Today, yesterday or tomorrow; empty for other days."""
    words = {0: _TODAY, -1: _YESTERDAY, 1: _TOMORROW}.get((value - today).days)
    return words.get(language[:2], words["en"]) if words else ""


def weekday(value: date, language: str) -> str:
    """A weekday, short: ``fre.``"""
    return str(locale_of(language).days["format"]["abbreviated"][value.weekday()])


def month(value: date, language: str) -> str:
    """The name of a month, as it begins a line: ``November``."""
    name = str(locale_of(language).months["stand-alone"]["wide"][value.month])
    return name[:1].upper() + name[1:]


_BEFORE_THE_DAY = {"da": "den "}


def whole(value: datetime, language: str, zone: tzinfo) -> str:
    """Weekday, day and time, as a letter says it: ``mandag den 07.12.2026 kl. 10.00``."""
    local = value.astimezone(zone)
    named = str(locale_of(language).days["format"]["wide"][local.weekday()])
    return f"{named} {_BEFORE_THE_DAY.get(language[:2], '')}{instant(value, language, zone)}"
