"""The customers that Dataverse and Business Central know of one world: some each alone, two in five both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from kobling_simulators.world.parties import Party, parties

System = Literal["dataverse", "business_central"]


@dataclass(frozen=True, slots=True)
class Known:
    """One customer as one of the two systems has it; `index` is the same in both, `shared` tells that both have it."""

    index: int
    party: Party
    shared: bool


def known_to(system: System, seed: int, records: int) -> Iterator[Known]:
    """Dataverse knows the first seven tenths of `records` customers, Business Central the last seven.

    Of those both know, Business Central has every fifth in another way: the phone spelled otherwise, the name in
    capital letters, or another street.
    """
    begin, end = 3 * records // 10, 7 * records // 10
    first, last = (0, end) if system == "dataverse" else (begin, records)
    for index, party in enumerate(islice(parties(seed, records, "left"), last)):
        if index >= first:
            shared = begin <= index < end
            differs = shared and index % 5 == 0 and system == "business_central"
            yield Known(index, _differing(party, index) if differs else party, shared)


def _differing(party: Party, index: int) -> Party:
    way = index // 5 % 3
    if way == 0:
        return replace(party, phone=party.phone.replace("+45 ", "0045"))
    if way == 1:
        return replace(party, name=party.name.upper())
    return replace(party, street=f"{party.street}, st. tv.")
