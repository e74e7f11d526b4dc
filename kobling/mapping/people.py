"""Codecs for what people and companies are called and numbered: names, legal numbers, countries."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from babel import Locale
from babel.core import get_global
from stdnum import ean
from stdnum.dk import cvr
from stdnum.no import mva, orgnr

from kobling.mapping.codecs import Codec, Resolver, Values, simple
from kobling.records import N_, Refused
from kobling.records.texts import as_key, tidy

_LANGUAGES = ("da", "en", "sv", "nb", "de")


def _number(name: str, compact: Callable[[str], str]) -> Codec:
    """A number as its library spells it; whatever is then not made of digits is kept as it was typed."""

    def read(value: Any) -> str | None:
        text = as_key(str(value))
        bare = compact(text.replace(".", ""))
        return (bare if bare.isdigit() else text) or None

    return simple(name, read, str)


CVR = _number("cvr", cvr.compact)
"""A CVR number without blanks, dots and the country code."""
ORG_NUMBER_NO = _number(
    "org_number_no",
    lambda text: str(orgnr.compact(mva.compact(text).removesuffix("MVA").removeprefix("NO"))),
)
"""A Norwegian organisation number without blanks, NO and MVA."""
LOCATION_NUMBER = _number("location_number", ean.compact)
"""An EAN or GLN without blanks and hyphens."""


_SPELLED = {
    "holland": "NL",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "great britain": "GB",
    "czech republic": "CZ",
    "den tjekkiske republik": "CZ",
    "hviderusland": "BY",
    "forenede stater": "US",
    "republic of ireland": "IE",
    "the netherlands": "NL",
    "bundesrepublik deutschland": "DE",
    "brd": "DE",
}
"""As people write them where the library has another name."""


def _spelled(text: str) -> str:
    return as_key(text).casefold().replace(".", "")


@cache
def _countries() -> dict[str, str]:
    known = dict(_SPELLED)
    for alias, codes in get_global("territory_aliases").items():
        if alias.isalpha() and len(codes) == 1:
            known[alias.casefold()] = codes[0]
    for language in reversed(_LANGUAGES):
        for code, name in Locale(language).territories.items():
            if len(code) == 2:
                known[_spelled(name)] = code
                known[code.casefold()] = code
    return known


@cache
def _country_names(language: str) -> dict[str, str]:
    return dict(Locale(language).territories.items())


def _country_code(value: Any) -> str | None:
    text = tidy(str(value))
    return _countries().get(_spelled(text), text) or None


def country_name(language: str = "da") -> Codec:
    """A country in words (Danmark, Denmark …) ↔ two letters. An empty one stays empty: nobody has said which."""

    def write(value: Any) -> str:
        return str(_country_names(language).get(value, value))

    return simple(f"country_name_{language}", _country_code, write)


def country_key() -> Codec:
    """A country as two letters; words that are no country are refused."""

    def write(value: Any) -> str:
        if len(value) != 2 or value.casefold() not in _countries():
            raise Refused(N_("“%(value)s” is not a country. Write it as two letters or by its name."), value=value)
        return str(value)

    return simple("country_key", lambda value: value, write)


_SECOND_NAMES = frozenset(
    {"marie", "maria", "louise", "sofie", "sophie", "kristine", "kirstine", "christine", "kristin", "mette", "lise"}
    | {"grete", "grethe", "margrethe", "elisabeth", "anne", "anna", "katrine", "cathrine", "helene", "birgitte"}
    | {"dorthe", "karin", "britt", "marit", "erik", "eric", "peter", "petter", "per", "christian", "kristian", "jens"}
    | {"ole", "lars", "henrik", "henrich", "emil", "johan", "karl", "carl", "olof", "olav", "arne", "magnus", "martin"}
    | {"thomas", "nils", "niels", "jan", "jørgen", "georg", "gustav", "oskar", "viktor", "august", "anders", "otto"}
)
"""Second given names that are common in the Nordic countries (*assumed*: a guess, for names that stand nowhere yet)."""


_NAME_FIELDS = ("firstname", "lastname")
"""What the two fields are called in both CRMs, which is how it is known what stands there."""


def _read_name(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    return " ".join(part for each in values if each is not None and (part := as_key(str(each)))) or None


def _write_name(value: Any, _side: str, resolver: Resolver | None) -> Values:
    name = as_key(str(value)) if value is not None else ""
    if not name:
        return (None, None)
    current = (resolver.current if resolver is not None else None) or {}
    first, last = (as_key(str(current.get(each) or "")) for each in _NAME_FIELDS)
    return _split_as(name, first, last) or _guessed_split(name.split(" "))


def _split_as(name: str, first: str, last: str) -> tuple[str | None, str] | None:
    """As the fields stand: one of the two is still there, the other one is the rest. None where neither is."""
    if last and (name == last or name.endswith(f" {last}")):
        return (name[: -len(last)].strip() or None, last)
    if first and name.startswith(f"{first} "):
        return (first, name[len(first) + 1 :])
    return None


def _guessed_split(words: list[str]) -> tuple[str | None, str]:
    """The first word is the given name, with a second one that is known as such; all else is the surname."""
    if len(words) == 1:
        return (None, words[0])
    at = 1
    while at < len(words) - 1 and words[at].casefold() in _SECOND_NAMES:
        at += 1
    return (" ".join(words[:at]), " ".join(words[at:]))


PERSON_NAME = Codec("person_name", _read_name, _write_name)
"""Two fields (first and last name) ↔ one name. Where they are filled, their split stays as it stands."""


_NOT_PHONE = re.compile(r"[^\d\s+().\-]")
_SIGNS = re.compile(r"[\s().\-]")


def phone_digits(text: str) -> str:
    """A phone number without its signs, + for 00; what says more than one number (“lok. 12”) as it is spelled."""
    text = as_key(text)
    if _NOT_PHONE.search(text):
        return text
    bare = _SIGNS.sub("", text.replace("(0)", ""))
    bare = f"+{bare[2:]}" if bare.startswith("00") else bare
    return bare if "+" not in bare[1:] and bare.strip("+") else text
