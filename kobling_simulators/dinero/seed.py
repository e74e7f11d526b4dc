"""Filling the books with the right side of the fictional world."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from kobling_simulators.clock import Clock
from kobling_simulators.dinero.facts import rates, regions
from kobling_simulators.dinero.routes import Organization
from kobling_simulators.dinero.schema import model
from kobling_simulators.dinero.shelf import Item
from kobling_simulators.dinero.totals import ore
from kobling_simulators.world.goods import Sale, goods, sales
from kobling_simulators.world.parties import Party, parties

_DAYS_BACK = 400
_SALES, _CLOSED, _EU, _WORLD = 1000, 1190, 1050, 1070
_BLANK_CONTACT = dict.fromkeys(model("ContactUpdate"))


def seed_books(organization: Organization, clock: Clock, seed: int, records: int) -> None:
    """Contacts, products, booked and unbooked invoices with payments; equal seeds give equal books."""
    if records <= 0:
        return
    now = clock.now()
    frozen = bool(clock.state()["frozen"])
    try:
        _Seeder(organization, clock, seed, records, now).run()
    finally:
        clock.freeze(now)
        if not frozen:
            clock.thaw()


class _Seeder:
    """Writes through the same code as the endpoints, on a clock that runs from long ago until now."""

    def __init__(self, organization: Organization, clock: Clock, seed: int, records: int, now: float) -> None:
        self._org = organization
        self._clock = clock
        self._seed = seed
        self._records = records
        self._now = now
        self._step = _DAYS_BACK * 86_400 / (records + 100)
        self._at = now - _DAYS_BACK * 86_400
        self._customers: list[tuple[Item, Party]] = []

    def _tick(self) -> None:
        self._at = min(self._at + self._step, self._now - 60)
        self._clock.freeze(self._at)

    def run(self) -> None:
        for party in parties(self._seed, self._records, "right"):
            self._tick()
            self._customers.append((self._contact(party), party))
        self._register()
        products = [self._product(good) for good in goods(self._seed, "right")]
        today = datetime.fromtimestamp(self._now, UTC).date()
        for sale in sales(self._seed, len(self._customers), len(products), today, "right"):
            self._clock.freeze(self._now - 3600)
            self._invoice(sale, products)

    def _register(self) -> None:
        """What the public company register knows of the firms of this world."""
        for _, party in self._customers:
            digits = party.cvr.removeprefix("DK").replace(" ", "")
            if digits:
                self._org.books.register[digits] = {
                    "Name": party.name,
                    "Street": party.street.strip(),
                    "ZipCode": party.zip_code,
                    "City": party.city.strip(),
                }

    def _contact(self, party: Party) -> Item:
        firm = not party.is_person
        values = {
            **_BLANK_CONTACT,
            "Name": party.name,
            "Street": party.street,
            "ZipCode": party.zip_code,
            "City": party.city,
            "CountryKey": party.country_key,
            "Phone": party.phone,
            "Email": party.email,
            "AttPerson": f"{party.first_name} {party.last_name}" if firm and party.number % 3 == 0 else None,
            "VatNumber": party.cvr or None,
            "EanNumber": party.ean or None if firm else None,
            "IsPerson": party.is_person,
            "IsMember": False,
            "UseCvr": False,
            "PaymentConditionType": "Netto",
            "PaymentConditionNumberOfDays": (8, 14, 30)[party.number % 3],
            "PreferredInvoiceCurrencyKey": party.currency if party.currency != "DKK" else None,
        }
        return self._org.books.contacts.add(self._org.books.new_guid(), values, self._org.books.now())

    def _product(self, good: Any) -> Item:
        values = {
            "ProductNumber": good.code,
            "Name": good.name,
            "BaseAmountValue": good.price,
            "Quantity": Decimal(1),
            "AccountNumber": _CLOSED if good.closed else _SALES,
            "Unit": good.unit,
            "ExternalReference": None,
            "Comment": None,
        }
        return self._org.products.add(values, check=False)

    def _invoice(self, sale: Sale, products: list[Item]) -> None:
        contact, party = self._customers[sale.customer]
        account = {"DK": _SALES, "EU": _EU, "World": _WORLD}[regions()[party.country_key]]
        body = dict.fromkeys(model("InvoiceCreate"))
        body.update(
            ContactGuid=contact.guid,
            Currency=party.currency,
            Date=sale.day.isoformat(),
            ProductLines=[_line(sold, products[sold.good], account) for sold in sale.lines],
        )
        org = self._org
        guid = body.pop("Guid") or org.books.new_guid()
        item = org.invoices.add(guid, body)
        if not sale.booked:
            return
        org.booking.make_final(item)
        if sale.paid:
            left = ore(org.invoice_view.remaining(item) * sale.paid)
            foreign = party.currency != "DKK"
            day = min(sale.day + timedelta(days=6), org.books.today())
            org.payments.pay(
                item,
                {
                    "DepositAccountNumber": 55000,
                    "RemainderIsFee": False,
                    "AmountInForeignCurrency": left if foreign else None,
                    "ExternalReference": None,
                    "PaymentDate": day.isoformat(),
                    "Description": "Indbetaling",
                    "Amount": ore(left * rates()[party.currency] / 100),
                },
            )


def _line(sold: Any, product: Item, account: int) -> dict[str, Any]:
    return {
        "BaseAmountValue": sold.price,
        "ProductGuid": product.guid,
        "Description": None,
        "Comments": sold.text or None,
        "Quantity": sold.quantity,
        "AccountNumber": account,
        "Unit": product.values["Unit"],
        "Discount": sold.discount,
        "LineType": "Product",
    }
