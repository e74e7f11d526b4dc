"""Numbers and times as people of a language write them. Pure: language, zone and now are given."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal

_LOCALES = {"da": "da_DK", "sv": "sv_SE", "nb": "nb_NO", "en": "en_GB"}
_DAYS = {"da": "dd.MM.yyyy", "nb": "dd.MM.yyyy", "sv": "yyyy-MM-dd", "en": "dd/MM/yyyy"}
_TIMES = {"da": "HH.mm", "nb": "HH:mm", "sv": "HH:mm", "en": "HH:mm"}
_AT = {"da": "kl.\xa0", "nb": "kl.\xa0", "sv": "kl.\xa0", "en": ""}
_TODAY = {"da": "i dag", "nb": "i dag", "sv": "i dag", "en": "today"}
_YESTERDAY = {"da": "i går", "nb": "i går", "sv": "i går", "en": "yesterday"}
_TOMORROW = {"da": "i morgen", "nb": "i morgen", "sv": "i morgon", "en": "tomorrow"}
_MINUS = "\u2212"
WEEK = 7


def locale_of(language: str) -> Locale:
    """The locale of one of our languages; English for any other."""
    return Locale.parse(_LOCALES.get(language[:2], "en_GB"))


def number(value: int | Decimal, language: str, decimals: int = 0) -> str:
    """A number with its language's separators: ``1.234,50``; a true minus in Swedish and Norwegian."""
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    text = str(format_decimal(value, format=pattern, locale=locale_of(language)))
    return text.replace("-", _MINUS) if language[:2] in ("sv", "nb") else text


def amount(value: Decimal, language: str, currency: str = "") -> str:
    """Money in major units; the currency by its code, since kr. is three currencies here."""
    text = number(value, language, 2)
    return f"{text}\xa0{currency}" if currency else text


def day(value: date, language: str) -> str:
    """A day as written in tables: ``29.11.2026``, in Swedish ``2026-11-29``."""
    return str(format_date(value, _DAYS.get(language[:2], _DAYS["en"]), locale=locale_of(language)))


def clock(value: datetime, language: str) -> str:
    """The time of a local instant: ``08.05``."""
    return str(format_time(value, _TIMES.get(language[:2], "HH:mm"), locale=locale_of(language)))


def instant(value: datetime, language: str, zone: tzinfo) -> str:
    """Day and time: ``29.11.2026 kl. 14.05``."""
    local = value.astimezone(zone)
    return f"{day(local.date(), language)} {_AT.get(language[:2], '')}{clock(local, language)}"


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
    return str(format_date(value, "EEE", locale=locale_of(language)))


def month(value: date, language: str) -> str:
    """The name of a month, as it begins a line: ``November``."""
    name = str(format_datetime(datetime(value.year, value.month, 1), "LLLL", locale=locale_of(language)))  # noqa: DTZ001
    return name[:1].upper() + name[1:]
