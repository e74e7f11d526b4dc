"""Customers, products and sales of a world, as a salesperson's CRM has them: some double, some odd, some asleep."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from kobling_simulators.clock import Clock
from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.values import SCALE
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.world.goods import Good, Sale, goods, sales
from kobling_simulators.world.overlap import known_to
from kobling_simulators.world.parties import Party

_DAYS_BACK = 400
_HOURS = ("hours", "session", "day")


def seed_organization(writer: Writer, clock: Clock, owners: list[str], seed: int, records: int) -> None:
    """Fill an organization that is set up; equal seeds give equal organizations."""
    if records <= 0:
        return
    now, frozen = clock.now(), bool(clock.state()["frozen"])
    try:
        _Seeder(writer, clock, owners, seed, records, now).run()
    finally:
        clock.freeze(now)
        if not frozen:
            clock.thaw()


class _Seeder:
    """Writes through the same code as the API, on a clock that runs from long ago until now."""

    def __init__(self, writer: Writer, clock: Clock, owners: list[str], seed: int, records: int, now: float) -> None:
        self._writer = writer
        self._clock = clock
        self._owners = owners
        self._seed = seed
        self._records = records
        self._now = now
        self._at = now - _DAYS_BACK * 86_400
        self._step = _DAYS_BACK * 86_400 / (records * 0.95 + 120)
        self._currencies = {
            row.values["isocurrencycode"]: row.id for row in writer.store.shelves["transactioncurrency"].rows.values()
        }
        self._customers: list[Row] = []

    def _insert(self, logical: str, values: dict[str, Any], owner: int = 0) -> Row:
        """As the person who owns the row, a moment later than the one before."""
        self._at = min(self._at + self._step, self._now - 60)
        self._clock.freeze(self._at)
        context = Context(self._owners[owner % len(self._owners)])
        kept = {name: value for name, value in values.items() if value not in (None, "")}
        return self._writer.insert(self._writer.store.table(logical), kept, context)

    def run(self) -> None:
        products = self._products()
        for known in known_to("dataverse", self._seed, self._records):
            self._customers.append(self._account(known.party, known.index))
        today = datetime.fromtimestamp(self._now, UTC).date()
        sellable = [row for row in products if row.values["statecode"] == 0]
        for sale in sales(self._seed, len(self._customers), len(sellable), today, "left"):
            if sale.number % 3 == 0:
                self._order(sale, sellable, today)
            elif sale.number % 3 == 1:
                self._opportunity(sale)

    def _account(self, party: Party, index: int) -> Row:
        """Fidelity: assumed dataverse §10 – this organization keeps the CVR number in accountnumber."""
        values = {
            "name": party.name,
            "accountnumber": party.cvr,
            "customertypecode": 11 if index % 23 == 7 else 3 if index % 19 != 5 else None,
            "telephone1": party.phone,
            "emailaddress1": party.email,
            "address1_line1": party.street,
            "address1_postalcode": party.zip_code,
            "address1_city": party.city,
            "address1_country": party.country if index % 7 == 3 else party.country_key,
            "address1_primarycontactname": f"{party.first_name} {party.last_name}",
            "websiteurl": f"https://www.{party.email.partition('@')[2]}" if index % 4 == 1 else None,
            "paymenttermscode": (1, 2, 3, 4)[index % 4] if index % 6 else None,
            "creditlimit": Decimal(index % 9 * 25_000).quantize(Decimal("0.01")) if index % 5 == 2 else None,
            "description": "Rabat aftalt 😀 – husk æøå" if index % 11 == 4 else None,
            "transactioncurrencyid": self._currencies.get(party.currency),
        }
        row = self._insert("account", values, index)
        if index % 3 == 0 and not party.is_person:
            contact = self._contact(party, row, index)
            self._writer.store.change("account", row, {"primarycontactid": contact.id})
        if index % 29 == 13:
            self._writer.store.change("account", row, {"statecode": 1, "statuscode": 2})
        return row

    def _contact(self, party: Party, account: Row, index: int) -> Row:
        values = {
            "firstname": party.first_name,
            "lastname": party.last_name,
            "emailaddress1": f"{index}.{party.email}",
            "telephone1": party.phone if index % 2 else None,
            "mobilephone": party.phone.removeprefix("+45 ") if index % 4 == 0 else None,
            "jobtitle": "Indkøbschef" if index % 6 == 0 else None,
            "address1_line1": party.street,
            "address1_postalcode": party.zip_code,
            "address1_city": party.city,
            "address1_country": party.country_key,
            "parentcustomerid": account.id,
            "parentcustomerid@type": "account",
        }
        return self._insert("contact", values, index)

    def _products(self) -> list[Row]:
        piece = self._insert("uomschedule", {"name": "Stykvarer", "baseuomname": "stk"})
        hours = self._insert("uomschedule", {"name": "Tid", "baseuomname": "time"})
        self._insert("uomschedule", {"name": "Default Unit", "baseuomname": "Primary Unit"})
        units = {group.id: self._base_unit(group) for group in (piece, hours)}
        for name, group, quantity in (("kasse", piece, "12"), ("palle", piece, "480"), ("dag", hours, "7.5")):
            unit = {"name": name, "uomscheduleid": group.id, "baseuom": units[group.id].id}
            self._insert("uom", {**unit, "quantity": Decimal(quantity).quantize(SCALE)})
        danish = self._insert("pricelevel", {"name": "Standard", "transactioncurrencyid": self._currencies["DKK"]})
        euro = self._currencies.get("EUR")
        if euro is not None:
            self._insert("pricelevel", {"name": "Export", "transactioncurrencyid": euro})
        made = []
        for good in goods(self._seed, "left"):
            group = hours if good.unit in _HOURS else piece
            made.append(self._product(good, group, units[group.id], danish))
        return made

    def _base_unit(self, group: Row) -> Row:
        return self._writer.store.where("uom", "uomscheduleid", group.id)[0]

    def _product(self, good: Good, group: Row, unit: Row, prices: Row) -> Row:
        values = {
            "name": good.name,
            "productnumber": good.code,
            "defaultuomscheduleid": group.id,
            "defaultuomid": unit.id,
            "quantitydecimal": 2,
            "producttypecode": 3 if group.values["name"] == "Tid" else 1,
            "price": good.price,
            "transactioncurrencyid": self._currencies["DKK"],
            "description": "Æske à 10 – 😀" if good.number % 7 == 2 else None,
        }
        row = self._insert("product", values)
        if good.number % 13 == 6:
            return row
        item = {"productid": row.id, "pricelevelid": prices.id, "uomid": unit.id, "amount": good.price}
        self._insert("productpricelevel", {**item, "percentage": None})
        table, context = self._writer.store.table("product"), Context(self._owners[0])
        self._writer.change(table, row, {"statecode": 0, "statuscode": 1, "pricelevelid": prices.id}, context)
        if good.closed:
            self._writer.change(table, row, {"statecode": 1, "statuscode": 2}, context)
        return row

    def _order(self, sale: Sale, products: list[Row], today: date) -> None:
        customer = self._customers[sale.customer]
        prices = self._writer.store.where("pricelevel", "name", "Standard")[0]
        values = {
            "name": f"Ordre {sale.number + 1} – {customer.values['name']}"[:300],
            "customerid": customer.id,
            "customerid@type": "account",
            "pricelevelid": prices.id,
            "transactioncurrencyid": prices.values["transactioncurrencyid"],
            "requestdeliveryby": max(sale.day, today).isoformat(),
            "freightamount": Decimal("49.00") if sale.number % 2 else None,
        }
        order = self._insert("salesorder", values, sale.number)
        for sold in sale.lines:
            product = products[sold.good % len(products)]
            line = {
                "salesorderid": order.id,
                "productid": product.id,
                "uomid": product.values["defaultuomid"],
                "quantity": sold.quantity.quantize(SCALE),
                "manualdiscountamount": sold.discount.quantize(Decimal("0.01")),
                "description": sold.text,
            }
            self._insert("salesorderdetail", line, sale.number)
        if sale.booked:
            table, context = self._writer.store.table("salesorder"), Context(self._owners[0])
            self._writer.change(table, order, {"statecode": 1, "statuscode": 3}, context)

    def _opportunity(self, sale: Sale) -> None:
        customer = self._customers[sale.customer]
        value: Decimal = sum((one.price * one.quantity for one in sale.lines), Decimal())
        values = {
            "name": f"Mulighed {sale.number + 1}",
            "parentaccountid": customer.id,
            "estimatedvalue": value.quantize(Decimal("0.01")),
            "estimatedclosedate": sale.day.isoformat(),
        }
        self._insert("opportunity", values, sale.number)
