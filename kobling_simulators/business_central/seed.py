"""Filling a company with its share of the fictional world: some double, some odd, some blocked."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from kobling_simulators.business_central.facts import custom_api
from kobling_simulators.business_central.masterdata import tax_area
from kobling_simulators.business_central.seed_documents import seed_documents
from kobling_simulators.business_central.set_up import told
from kobling_simulators.business_central.shelf import Row, plain
from kobling_simulators.business_central.table import Company
from kobling_simulators.clock import Clock
from kobling_simulators.world.goods import Good, goods
from kobling_simulators.world.overlap import known_to
from kobling_simulators.world.parties import Party

_DAYS_BACK = 400
_TOGETHER = 5
_BATCH = 5_000


def seed_company(company: Company, clock: Clock, seed: int, records: int) -> None:
    """Customers, vendors, contacts, items, resources, prices and documents; equal seeds give equal companies."""
    company.setup["created"] = company.now() - (_DAYS_BACK + 1) * 86_400_000
    if records <= 0:
        return
    now, frozen = clock.now(), bool(clock.state()["frozen"])
    try:
        _Seeder(company, clock, seed, records, now).run()
    finally:
        clock.freeze(now)
        if not frozen:
            clock.thaw()


class _Seeder:
    def __init__(self, company: Company, clock: Clock, seed: int, records: int, now: float) -> None:
        self._company = company
        self._clock = clock
        self._seed = seed
        self._records = records
        self._now = now
        self._begin = now - _DAYS_BACK * 86_400
        self._step = _DAYS_BACK * 86_400 * 1000 / (records / _TOGETHER + 2)
        self._customers: list[Row] = []
        self._source = random.Random(f"business central goods {seed}")
        self._salespeople = [code for code, _, _ in told()["salespeople"][:4]]
        self._terms = [row.id for row in company.table("paymentTerms").shelf.in_order()]
        self._currencies = {row.values["code"]: row.id for row in company.table("currencies").shelf.in_order()}

    def _stamp(self, index: int) -> int:
        """Several rows share an instant, as an import leaves them."""
        made = int(self._begin * 1000 + self._step * (index // _TOGETHER))
        return min(made, int(self._now * 1000) - 60_000)

    def run(self) -> None:
        company = self._company
        items = [self._good(good) for good in goods(self._seed, "right")]
        self._prices([row for row in items if row is not None])
        for known in known_to("business_central", self._seed, self._records):
            self._trader(known.party, known.index)
            if known.index % _BATCH == 0:
                company.journal.commit()
        self._small("employees", [{"givenName": a, "surname": b, "jobTitle": c} for a, b, c in told()["employees"]])
        self._small("projects", [{"number": number, "displayName": name} for number, name in told()["projects"]])
        company.journal.commit()
        today = datetime.fromtimestamp(self._now, UTC).date()
        self._clock.freeze(self._now - 3_600)
        sellable = [row for row in items if row is not None and not row.values.get("blocked")]
        seed_documents(company, self._customers, sellable, self._seed, today)
        company.journal.commit()

    def _small(self, name: str, rows: list[dict[str, Any]]) -> None:
        for at, values in enumerate(rows):
            numbered = values if "number" in values else {**values, "number": self._company.next_number(name)}
            self._company.table(name).insert(numbered, self._stamp(at))

    def _trader(self, party: Party, index: int) -> None:
        """Fidelity: assumed business_central §10 – the CVR number is in taxRegistrationNumber."""
        company, stamp = self._company, self._stamp(index)
        vendor = index % 23 == 7
        name = "vendors" if vendor else "customers"
        values: dict[str, Any] = {
            "number": company.next_number(name),
            "displayName": party.name,
            "addressLine1": party.street,
            "city": party.city[:30],
            "country": party.country_key,
            "postalCode": party.zip_code,
            "phoneNumber": party.phone,
            "email": party.email[:80],
            "website": f"https://www.{party.email.partition('@')[2]}" if index % 4 == 1 else "",
            "taxRegistrationNumber": party.cvr,
            "currencyId": self._currencies.get(party.currency),
            "paymentTermsId": self._terms[index % len(self._terms)] if index % 6 else None,
            "taxLiable": True,
        }
        if not vendor:
            values |= {
                "type": "Person" if party.is_person else "Company",
                "salespersonCode": self._salespeople[index % 6] if index % 6 < len(self._salespeople) else "",
                "creditLimit": Decimal(index % 9 * 25_000) if index % 5 == 2 else Decimal(),
                "taxAreaId": tax_area(company.table(name), party.country_key),
                "blocked": {0: "All", 1: "Invoice", 2: "Ship"}.get(index % 41, ""),
            }
            values = {key: value for key, value in values.items() if value != ""}
        row = company.table(name).insert(values, stamp)
        if not vendor:
            self._customers.append(row)
        self._contacts(party, row, index, "Vendor" if vendor else "Customer", stamp)

    def _contacts(self, party: Party, trader: Row, index: int, relation: str, stamp: int) -> None:
        copied = ("displayName", "addressLine1", "city", "country", "postalCode", "phoneNumber", "email")
        shared = {name: trader.values[name] for name in copied if name in trader.values}
        contacts = self._company.table("contacts")
        number = self._company.next_number("contacts")
        contacts.insert({**shared, "number": number, "_relatedId": trader.id, "_relation": relation}, stamp)
        if index % 3 == 0 and not party.is_person:
            person = {
                "number": self._company.next_number("contacts"),
                "type": "Person",
                "displayName": f"{party.first_name} {party.last_name}",
                "jobTitle": "Indkøbschef" if index % 6 == 0 else "",
                "companyNumber": number,
                "email": f"{index}.{party.email}"[:80],
                "phoneNumber": party.phone if index % 2 else "",
                "mobilePhoneNumber": party.phone.removeprefix("+45 ") if index % 4 == 0 else "",
            }
            contacts.insert({**shared, **person}, stamp)

    def _good(self, good: Good) -> Row | None:
        company, stamp = self._company, self._stamp(good.number)
        unit = company.named("unitsOfMeasure", told()["unit_of"].get(good.unit, "STK"))
        cost = plain((good.price * Decimal("0.6")).quantize(Decimal("0.01")))
        values: dict[str, Any] = {
            "number": good.code,
            "displayName": good.name,
            "baseUnitOfMeasureId": None if unit is None else unit.id,
            "unitPrice": plain(good.price),
            "unitCost": cost,
            "blocked": good.closed,
        }
        if good.unit in ("hours", "session", "day"):
            company.table("resources", custom_api()).insert({**values, "capacity": Decimal(160)}, stamp)
            return None
        category = company.named("itemCategories", ("VARER", "YDELSER", "TILBEHØR")[good.number % 3])
        kind = ("Inventory", "Inventory", "Non_x002D_Inventory", "Service")[good.number % 4]
        values |= {
            **{name: found for name, found in company.setup["item"].items() if name != "baseUnitOfMeasureId"},
            "type": kind,
            "itemCategoryId": None if category is None else category.id,
            "gtin": f"579800{good.number:07d}0" if good.number % 5 == 0 else None,
            "inventory": Decimal(self._source.randrange(0, 500)) if kind == "Inventory" else Decimal(),
        }
        return company.table("items").insert(values, stamp)

    def _prices(self, items: list[Row]) -> None:
        prices = self._company.table("salesPrices", custom_api())
        for number, name, unit, price, kind in told()["resources"]:
            found = self._company.named("unitsOfMeasure", unit)
            values = {"number": number, "displayName": name, "type": kind, "unitPrice": Decimal(price)}
            values |= {"baseUnitOfMeasureId": None if found is None else found.id, "blocked": number == "R-GAMMEL"}
            self._company.table("resources", custom_api()).insert(values, self._stamp(0))
        for at, row in enumerate(items):
            for share, (group, _) in zip((100, 90, 75), told()["price_groups"][: 1 + at % 3], strict=False):
                price = (row.values["unitPrice"] * share / 100).quantize(Decimal("0.01"))
                values = {
                    "itemNumber": row.values["number"],
                    "salesType": "Customer_x0020_Price_x0020_Group",
                    "salesCode": group,
                    "startingDate": "2026-01-01",
                    "unitOfMeasureCode": self._company.code_of("unitsOfMeasure", row.values.get("baseUnitOfMeasureId")),
                    "unitPrice": plain(price),
                }
                prices.insert(values, self._stamp(at))
