"""Codecs for what people and companies are called and numbered: names, CVR numbers, countries."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel import Locale
from stdnum.dk import cvr
from stdnum.no import mva, orgnr

from kobling.mapping.codecs import Codec, Resolver, Values, simple
from kobling.records import N_, Refused

_LANGUAGES = ("da", "en", "sv", "nb", "de")


def _digits(value: Any) -> str | None:
    """A CVR number without blanks, dots and the country code; anything else is kept as it was typed."""
    text = str(value).strip()
    bare = cvr.compact(text.replace(".", ""))
    return (bare if bare.isdigit() else text) or None


CVR = simple("cvr", _digits, str)


def _organisation(value: Any) -> str | None:
    """A Norwegian organisation number without blanks, NO and MVA; anything else is kept as it was typed."""
    text = str(value).strip()
    bare = orgnr.compact(mva.compact(text.replace(".", "")).removesuffix("MVA").removeprefix("NO"))
    return (bare if bare.isdigit() else text) or None


ORG_NUMBER_NO = simple("org_number_no", _organisation, str)


@cache
def _countries() -> dict[str, str]:
    known: dict[str, str] = {}
    for language in reversed(_LANGUAGES):
        for code, name in Locale(language).territories.items():
            if len(code) == 2:
                known[name.casefold()] = code
                known[code.casefold()] = code
    return known


@cache
def _country_names(language: str) -> dict[str, str]:
    return dict(Locale(language).territories.items())


def _country_code(value: Any) -> str | None:
    text = str(value).strip()
    return _countries().get(text.casefold(), text) or None


COUNTRY_CODE = simple("country_code", _country_code, str)


def country_name(language: str = "da", default: str | None = "DK") -> Codec:
    """A country in words (Danmark, Denmark …) ↔ two letters; an empty country means ``default``, or stays empty."""

    def read(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        return _country_code(values[0]) if values[0] not in (None, "") else default

    def write(value: Any, _side: str, _resolver: Resolver | None) -> Values:
        return (_country_names(language).get(value, value) if value is not None else None,)

    return Codec(f"country_name_{language}", read, write)


def country_key(default: str | None = "DK") -> Codec:
    """A country as two letters, needed unless ``default`` is None; words that are no country are refused."""

    def write(value: Any, _side: str, _resolver: Resolver | None) -> Values:
        code = value or default
        if code is None:
            return (None,)
        if len(code) != 2 or code.casefold() not in _countries():
            raise Refused(N_("“%(value)s” is not a country. Write it as two letters or by its name."), value=code)
        return (code,)

    def read(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        return values[0] or default

    return Codec("country_key", read, write)


def _read_name(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    return " ".join(str(part).strip() for part in values if part not in (None, "") and str(part).strip()) or None


def _write_name(value: Any, _side: str, _resolver: Resolver | None) -> Values:
    """Everything but the last word is the first name, as Danish names are written."""
    if value is None:
        return (None, None)
    first, _, last = str(value).strip().rpartition(" ")
    return (first or None, last)


PERSON_NAME = Codec("person_name", _read_name, _write_name)
"""Two fields (first and last name) ↔ one name."""
