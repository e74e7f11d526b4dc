"""The vendors' process: both simulators, the CRM filled with organisations and nothing else, Dinero empty.

Started by ``world.Vendors``; says where it listens in one JSON line, then does what each line on its input asks.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from kobling_simulators import Running, start

DAYS_BACK = 400
STREETS = ("Søndergade", "Åboulevarden", "Østergade", "Møllevej", "Kongensgade")
PLACES = (("8000", "Aarhus C"), ("5000", "Odense C"), ("9000", "Aalborg"), ("1620", "København V"))


def organisation(number: int) -> dict[str, str]:
    """The n-th customer; names, CVR numbers and addresses are all different, so that nothing looks alike."""
    code, city = PLACES[number % len(PLACES)]
    return {
        "accountname": f"Firma {number:06d} Handel & Håndværk ApS",
        "phone": f"+45 {20_000_000 + number}",
        "email1": f"post@firma{number:06d}.example",
        "website": f"www.firma{number:06d}.example",
        "bill_street": f"{STREETS[number % len(STREETS)]} {number % 200 + 1}",
        "bill_code": code,
        "bill_city": city,
        "bill_country": "Danmark",
        "accounttype": "Customer",
        "cf_851": f"{10_000_000 + number}",
    }


def fill(crm: Running, records: int) -> list[str]:
    """Save so many organisations as a person would, spread over the last months. Returns their ids."""
    vendor = crm.simulator
    now = vendor.clock.now()
    step = DAYS_BACK * 86_400 / (records + 1)
    ids = []
    for number in range(records):
        vendor.clock.freeze(now - DAYS_BACK * 86_400 + number * step)
        ids.append(str(vendor.create_as_person("Accounts", organisation(number))["id"]))
    vendor.clock.freeze(now)
    vendor.clock.thaw()
    return ids


def spread(items: list[str], number: int, first: int) -> Iterator[str]:
    """So many of the items, at even distances."""
    step = max(1, len(items) // number) if number else 1
    yield from items[first::step][:number]


def edit(crm: Running, dinero: Running, ids: list[str], number: int) -> dict[str, int]:
    """People edit: half of ``number`` get a new phone in the CRM, the others a new street in Dinero."""
    left = list(spread(ids, number // 2, 0))
    for each in left:
        crm.simulator.edit_as_person("Accounts", each, {"phone": f"+45 7{each[-7:].replace('x', '0'):0>7}"})
    contacts = [row["ContactGuid"] for row in dinero.simulator.dump("contacts")]
    right = list(spread(contacts, number - number // 2, 1))
    for at, each in enumerate(right):
        dinero.simulator.edit_as_person("contacts", each, {"Street": f"Ny Vej {at + 1}"})
    return {"left": len(left), "right": len(right)}


async def main(records: int) -> None:
    """Listen until the input ends."""
    crm = await start("simply_crm", records=0)
    dinero = await start("dinero", records=0)
    dinero.simulator.set_limits({"enabled": False})
    ids = fill(crm, records)
    said = [{"url": each.url, "control_url": each.control_url, **each.credentials} for each in (crm, dinero)]
    tell({"crm": said[0], "dinero": said[1]})
    while line := await asyncio.to_thread(sys.stdin.readline):
        tell(edit(crm, dinero, ids, json.loads(line)["edit"]))


def tell(what: Any) -> None:
    """One JSON line."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
