"""The customers of the fictional Danish business world: the same people and firms, as two systems know them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from kobling_simulators.wire import from_json
from kobling_simulators.world.identities import cvr, ean

_PLAIN = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa", "&": "og"})
_LOCAL = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "&": "og", " ": "", "/": "", ",": "", "-": "", ".": ""})


@cache
def words() -> dict[str, Any]:
    """The word lists that names, addresses and products are made of."""
    read: dict[str, Any] = from_json((Path(__file__).parent / "words.json").read_bytes())
    return read


@dataclass(frozen=True, slots=True)
class Party:
    """One customer as one system has it; cvr may be spelled with blanks or a prefix, or be missing."""

    number: int
    name: str
    is_person: bool
    first_name: str
    last_name: str
    cvr: str
    ean: str
    street: str
    zip_code: str
    city: str
    country_key: str
    country: str
    phone: str
    email: str
    currency: str


def sides(number: int) -> tuple[bool, bool]:
    """Whether the n-th party is known on the left and on the right: 60 % both, 20 % left only, 20 % right only."""
    digit = number % 10
    return digit < 8, digit < 6 or digit >= 8


def parties(seed: int, records: int, side: str) -> Iterator[Party]:
    """So many customers as one side ("left" or "right") has them; equal seeds give equal worlds on both sides."""
    given = 0
    number = 0
    source = random.Random(f"parties {seed}")
    previous: Party | None = None
    while given < records:
        party = _party(number, source)
        left, right = sides(number)
        number += 1
        if left if side == "left" else right:
            given += 1
            if party.number % 97 == 88 and previous is not None:
                party = _twice(party, previous, side)
            previous = party
            yield party if side == "left" else _as_right_knows(party)


def _party(number: int, source: random.Random) -> Party:
    """The n-th party; draws the same amount of chance whatever it becomes, so that both sides stay in step."""
    lists = words()
    first = lists["first_names"][source.randrange(len(lists["first_names"]))]
    last = lists["last_names"][source.randrange(len(lists["last_names"]))]
    street = lists["streets"][source.randrange(len(lists["streets"]))]
    zip_code, city = lists["places"][source.randrange(len(lists["places"]))]
    legal, location = cvr(source), ean(source)
    house, phone = source.randrange(1, 200), source.randrange(20_000_000, 99_999_999)
    is_person = number % 10 == 5
    name = f"{first} {last}" if is_person else firm_name(number)
    party = Party(
        number=number,
        name=name,
        is_person=is_person,
        first_name=first,
        last_name=last,
        cvr="" if is_person else legal,
        ean=location if number % 25 == 3 else "",
        street=f"{street} {house}",
        zip_code=zip_code,
        city=city,
        country_key="DK",
        country="Danmark",
        phone=f"+45 {phone}",
        email=f"{'post' if not is_person else first.lower().translate(_LOCAL)}@{_domain(name, number)}.example",
        currency="DKK",
    )
    return _messy(party)


def _messy(party: Party) -> Party:
    """What real books look like: a fixed share of parties is odd in a way known from their number."""
    oddity = party.number % 97
    if oddity == 1:
        return replace(party, name=f"Bøgh & Søn nr. {party.number} ApS", is_person=False)
    if oddity == 11:
        key, country, zip_code, city, street = words()["abroad"][party.number % 3]
        money = "SEK" if key == "SE" else "EUR"
        return replace(
            party,
            country_key=key,
            country=country,
            zip_code=zip_code,
            city=city,
            street=f"{street} 7",
            cvr="",
            ean="",
            currency=money,
        )
    if oddity == 22 and not party.is_person:
        return replace(party, cvr="")
    if oddity == 33 and not party.is_person:
        return replace(party, cvr=f"DK{party.cvr}")
    if oddity == 44 and not party.is_person:
        return replace(party, cvr=f"{party.cvr[:2]} {party.cvr[2:4]} {party.cvr[4:6]} {party.cvr[6:]}")
    if oddity == 53:
        return replace(party, email="faelles@kontor.example")
    if oddity == 61 and not party.is_person:
        return replace(party, name=f"{party.name} 😀")
    if oddity == 72 and not party.is_person:
        return replace(
            party, name=(party.name + " – afdeling for ualmindeligt lange navne og endnu længere breve" * 2)[:100]
        )
    if oddity == 83:
        return replace(party, street=f"{party.street}  ", city=f"{party.city} ")
    return party


def _as_right_knows(party: Party) -> Party:
    """The accounting side spells some names another way and lacks some numbers."""
    oddity = party.number % 97
    if oddity == 1:
        return replace(party, name=party.name.translate(_PLAIN))
    if oddity == 66:
        return replace(party, name=party.name.upper(), cvr="")
    if oddity == 77:
        return replace(party, phone=party.phone.removeprefix("+45 "), email=party.email.upper())
    return party


def _twice(party: Party, previous: Party, side: str) -> Party:
    """The customer before, entered a second time by mistake; the left side wants names unique, so a dot is added."""
    name = previous.name if side == "right" else f"{previous.name}."
    return replace(previous, number=party.number, name=name)


def firm_name(number: int) -> str:
    """An invented firm name, unique for every number."""
    lists = words()
    stems, middles, trades, forms = lists["stems"], lists["middles"], lists["trades"], lists["forms"]
    combinations = len(stems) * len(middles) * len(trades) * len(forms)
    again, place = divmod(number, combinations)
    at = place * 7_919 % combinations
    at, form = divmod(at, len(forms))
    at, trade = divmod(at, len(trades))
    stem, middle = divmod(at, len(middles))
    name = f"{stems[stem]}{middles[middle]} {trades[trade]} {forms[form]}"
    return name if again == 0 else f"{name} {again + 1}"


def _domain(name: str, number: int) -> str:
    letters = name.lower().translate(_LOCAL)
    return f"{letters.encode('ascii', 'ignore').decode()[:40]}{number}"
