"""Customers of a Norwegian staffing firm: the same businesses as RecMan and Unimicro know them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from kobling_simulators.wire import from_json

SERIES = 100_000
_OWN_SERIES = 2_000
_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
_LOCAL = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "&": "og", " ": "", "-": "", "/": ""})


@cache
def norwegian_words() -> dict[str, Any]:
    """The word lists that names, addresses, products and projects are made of."""
    read: dict[str, Any] = from_json((Path(__file__).parent / "norwegian_words.json").read_bytes())
    return read


@dataclass(frozen=True, slots=True)
class Business:
    """One business as one system has it; the organisation number may be wrong, spelled oddly, or missing.

    `number` is the customer number, "" where there is none; `index` is the same in both systems.
    """

    index: int
    name: str
    org_number: str
    number: str
    street: str
    postal_code: str
    city: str
    country: str
    country_code: str
    phone: str
    email: str
    credit_days: int
    contact: tuple[str, str]


def organisation_number(source: random.Random) -> str:
    """Nine digits with a valid checksum, as the Norwegian register gives them."""
    while True:
        digits = str(source.randrange(80_000_000, 100_000_000))
        check = -sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11
        if check < 10:
            return f"{digits}{check}"


def recman_knows(seed: int, count: int) -> Iterator[Business]:
    """The first `count` businesses, as the staffing system has them.

    Half of them carry a number of the accounting system's series, the others one of its own, a few none. Every 60th
    was entered twice.
    """
    previous: Business | None = None
    for business in _businesses(seed, count):
        if business.index % 60 == 59 and previous is not None:
            business = replace(previous, index=business.index, name=f"{previous.name}.", number="")
        previous = business
        yield business


def unimicro_knows(seed: int, count: int) -> Iterator[Business]:
    """Three in five of RecMan's `count` businesses, and a quarter as many that RecMan does not have.

    Of the shared ones half have the same number, the others another one; one in twenty has none. Every fifth is spelled
    otherwise. Some of its own customers have the number that RecMan gave to somebody else.
    """
    for business in _businesses(seed, count + count // 4):
        digit = business.index % 10
        if business.index >= count:
            taken = (business.index - count) * 10 + 6
            clashes = business.index % 3 == 0 and taken < count
            yield replace(business, number=str(SERIES + (taken if clashes else business.index)))
        elif digit < 6:
            number = "" if business.index % 20 == 14 else str(SERIES + business.index)
            yield _respelled(replace(business, number=number))


def _businesses(seed: int, count: int) -> Iterator[Business]:
    source = random.Random(f"norway {seed}")
    yield from islice((_business(index, source) for index in range(count)), count)


def _business(index: int, source: random.Random) -> Business:
    """The n-th business; draws the same amount of chance whatever it becomes, so that both systems stay in step."""
    words = norwegian_words()
    street = words["streets"][source.randrange(len(words["streets"]))]
    postal_code, city = words["places"][source.randrange(len(words["places"]))]
    first = words["first_names"][source.randrange(len(words["first_names"]))]
    last = words["last_names"][source.randrange(len(words["last_names"]))]
    legal, house, phone = (
        organisation_number(source),
        source.randrange(1, 180),
        source.randrange(40_000_000, 99_999_999),
    )
    name = business_name(index)
    domain = name.lower().translate(_LOCAL).encode("ascii", "ignore").decode()[:40]
    in_series = index % 10 in (0, 1, 2, 6, 7) or index >= SERIES - _OWN_SERIES
    number = "" if index % 11 == 5 else str(SERIES + index if in_series else _OWN_SERIES + index)
    business = Business(
        index=index,
        name=name,
        org_number=legal,
        number=number,
        street=f"{street} {house}",
        postal_code=postal_code,
        city=city,
        country="Norge",
        country_code="NO",
        phone=f"+47 {phone}",
        email=f"post@{domain}{index}.example",
        credit_days=(14, 14, 30, 10)[index % 4],
        contact=(first, last),
    )
    return _messy(business)


def _messy(business: Business) -> Business:
    """What real books look like: a fixed share is odd in a way known from the index."""
    legal = business.org_number
    match business.index % 31:
        case 3:
            return replace(business, org_number=f"{legal[:3]} {legal[3:6]} {legal[6:]}")
        case 7:
            return replace(business, org_number=f"{legal[:8]}{(int(legal[8]) + 1) % 10}")
        case 11:
            return replace(business, org_number="")
        case 13:
            return replace(business, org_number=f"NO{legal}MVA")
        case 17:
            return replace(business, name=f"{business.name} 😀", email="")
        case 19:
            moved = replace(business, country="Sverige", country_code="SE", postal_code="41105", city="Göteborg")
            return replace(moved, org_number="", phone="+46 317001234")
        case 23:
            long = f"{business.name}, avdeling for særdeles lange navn og enda lengre brevhoder og omtaler"
            return replace(business, name=long[:100])
        case 29:
            return replace(business, name=f" {business.name} ", city=f"{business.city} ")
        case _:
            return business


def _respelled(business: Business) -> Business:
    """The accounting system has every fifth in another way."""
    if business.index % 5 != 1:
        return business
    match business.index // 5 % 3:
        case 0:
            return replace(business, name=business.name.upper())
        case 1:
            return replace(business, phone=business.phone.replace("+47 ", "0047"))
        case _:
            return replace(business, street=f"{business.street} B")


def business_name(index: int) -> str:
    """An invented name, unique for every index."""
    words = norwegian_words()
    lists = [words["stems"], words["middles"], words["trades"], words["forms"]]
    combinations = len(lists[0]) * len(lists[1]) * len(lists[2]) * len(lists[3])
    again, place = divmod(index, combinations)
    at = place * 7_919 % combinations
    parts = []
    for one in reversed(lists):
        at, which = divmod(at, len(one))
        parts.append(one[which])
    form, trade, middle, stem = parts
    name = f"{stem}{middle} {trade} {form}"
    return name if again == 0 else f"{name} {again + 1}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One project of the staffing firm: its number, name, and the index of the business it is for."""

    index: int
    number: str
    name: str
    business: int


def assignments(seed: int, count: int, businesses: int) -> Iterator[Assignment]:
    """The projects; equal in both systems for equal seed and counts."""
    source = random.Random(f"norway projects {seed}")
    words = norwegian_words()
    for index in range(count):
        business = source.randrange(businesses)
        job = words["jobs"][source.randrange(len(words["jobs"]))]
        name = f"{job} {business_name(business).split(' ')[0]} {index + 1}"
        yield Assignment(index, f"P{10_001 + index}", name, business)
