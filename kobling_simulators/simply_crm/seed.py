"""Filling an installation with the left side of the fictional world."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.invoicing import balance_of
from kobling_simulators.simply_crm.numbers import kept, money
from kobling_simulators.simply_crm.screen_totals import screen_totals
from kobling_simulators.simply_crm.store import Goods, Line, Row
from kobling_simulators.simply_crm.values import stored, utf8mb3_text
from kobling_simulators.world.goods import Good, Sale, SoldLine, goods, sales
from kobling_simulators.world.parties import Party, parties

_DAYS_BACK = 400
_UNITS = {"hours": "Hours", "parts": "Each", "box": "Box", "carton": "Carton", "package": "Pack"}


def seed_records(place: Installation, seed: int, records: int) -> None:
    """Customers, contact persons, products, services and invoices; equal seeds give equal books.

    Organisations become Accounts, private persons Contacts without an account; every second account has a contact.
    """
    if records <= 0:
        return
    _Seeder(place, seed, records).run()


class _Seeder:
    """Writes rows straight into the tables, spread over the last months."""

    def __init__(self, place: Installation, seed: int, records: int) -> None:
        self._place = place
        self._seed = seed
        self._records = records
        self._random = random.Random(f"left {seed}")
        self._now = place.clock.now()
        self._stamps = self._ascending_stamps()
        self._cvr, self._ean = _custom_names(place)
        self._customers: list[tuple[str, Party]] = []

    def _ascending_stamps(self) -> Any:
        step = _DAYS_BACK * 86_400 / (self._records * 3 + 100)
        at = self._now - _DAYS_BACK * 86_400
        while True:
            at = min(at + step, self._now - 60)
            yield self._place.time_text(at)

    def run(self) -> None:
        for party in parties(self._seed, self._records, "left"):
            if party.is_person:
                self._customers.append((self._contact(party, None), party))
                continue
            account = self._account(party)
            self._customers.append((account, party))
            if party.number % 2 == 0:
                self._contact(party, account)
        products = [self._product(good) for good in goods(self._seed, "left")]
        today = self._place.clock.moment().date()
        for sale in sales(self._seed, len(self._customers), len(products), today, "left"):
            if not self._customers[sale.customer][1].is_person:
                self._invoice(sale, products)

    def _add(self, module_name: str, given: Mapping[str, str], label: str) -> str:
        store = self._place.store
        module, table = store.modules[module_name], store.tables[module_name]
        mb3 = self._place.settings.utf8mb3
        values = {
            name: stored(module.columns[name], value, utf8mb3=mb3, strict_lengths=False)
            for name, value in given.items()
            if value and name in module.columns
        }
        if any(next(table.with_value(name, values[name]), None) for name in module.unique):
            name = module.unique[0]
            values[name] = f"{values[name][:90]} {store.last_number}"
        stamp = next(self._stamps)
        owner = self._place.users[store.last_number % 7 == 0].full_id
        values.update(assigned_user_id=owner, createdtime=stamp, modifiedtime=stamp, modifiedby=owner, source="CRM")
        values[module.number_field] = store.next_in_series(module)
        row = Row(store.next_number(module_name), values, utf8mb3_text(label) if mb3 else label)
        table.add(row)
        return f"{module.prefix}x{row.number}"

    def _account(self, party: Party) -> str:
        return self._add(
            "Accounts",
            {
                "accountname": party.name,
                "phone": party.phone,
                "email1": party.email,
                "bill_street": party.street,
                "bill_code": party.zip_code,
                "bill_city": party.city,
                "bill_country": party.country,
                "accounttype": "Customer",
                self._cvr: party.cvr,
                self._ean: party.ean,
            },
            party.name,
        )

    def _contact(self, party: Party, account: str | None) -> str:
        return self._add(
            "Contacts",
            {
                "firstname": party.first_name,
                "lastname": party.last_name,
                "email": party.email if account is None else f"{party.number}.{party.email}",
                "phone": party.phone,
                "account_id": account or "",
                "mailingstreet": party.street,
                "mailingzip": party.zip_code,
                "mailingcity": party.city,
                "mailingcountry": party.country,
            },
            f"{party.first_name} {party.last_name}",
        )

    def _product(self, good: Good) -> tuple[str, Good]:
        service = good.unit in ("hours", "km", "month", "day", "session")
        name = "servicename" if service else "productname"
        given = {
            name: good.name,
            "unit_price": str(good.price),
            "discontinued": "" if good.closed else "1",
            "productcode": good.code,
            "usageunit": _UNITS.get(good.unit, "Quantity"),
            "service_usageunit": "Hours",
            "qtyinstock": "100",
        }
        full_id = self._add("Services" if service else "Products", given, good.name)
        row = self._place.store.find(full_id)
        if row is not None:
            row.goods = Goods(self._assigned_taxes(), {1: kept(str(good.price), 8)})
        return full_id, good

    def _assigned_taxes(self) -> dict[str, str]:
        """The first tax that is on, at its own rate: what a business assigns to nearly all of its goods."""
        active = [tax for tax in self._place.local.taxes if tax.active]
        return {tax.name: tax.percentage for tax in active[:1]}

    def _invoice(self, sale: Sale, products: list[tuple[str, Good]]) -> None:
        account, party = self._customers[sale.customer]
        store = self._place.store
        currency, rate = {"EUR": ("21x2", "0.134"), "SEK": ("21x3", "1.493")}.get(party.currency, ("21x1", "1.000"))
        moms = "0.000" if party.country_key != "DK" else "25.000"
        header = {
            "hdnTaxType": "group",
            "currency_id": currency,
            "conversion_rate": rate,
            "bill_street": party.street,
            "ship_street": party.street,
        }
        lines = [self._line(sold, products[sold.good][0], moms) for sold in sale.lines]
        totals = screen_totals(lines, header, None)
        received = money(float(totals["hdnGrandTotal"]) * float(sale.paid))
        subject = f"Faktura {1000 + sale.number}"
        given = {
            "subject": subject,
            "account_id": account,
            "invoicedate": sale.day.isoformat(),
            "duedate": (sale.day + timedelta(days=8)).isoformat(),
            "invoicestatus": ("Created", "Approved", "Sent", "Paid")[sale.number % 4],
            **header,
            **totals,
            "received": received,
            "bill_code": party.zip_code,
            "bill_city": party.city,
            "bill_country": party.country,
        }
        full_id = self._add("Invoice", given, subject)
        row = store.find(full_id)
        if row is not None:
            row.values["balance"] = balance_of(row)
            for line in lines:
                line.number = store.next_screen_line_number()
                line.sequence = len(row.lines) + 1
                store.add_line("Invoice", row, line)

    def _line(self, sold: SoldLine, product: str, moms: str) -> Line:
        active = [tax.name for tax in self._place.local.taxes if tax.active]
        return Line(
            number=0,
            product=product,
            sequence=0,
            quantity=kept(str(sold.quantity), 3),
            price=kept(str(sold.price), 8),
            discount_percent=kept(str(sold.discount), 3) if sold.discount else "",
            discount_amount="",
            comment=utf8mb3_text(sold.text),
            taxes={name: moms if name == active[0] else "0.000" for name in active},
            on_stock=True,
        )


def _custom_names(place: Installation) -> tuple[str, str]:
    """Names of the custom fields for CVR and EAN; names that no module has when there are none."""
    by_label = {one.label: one.name for one in place.settings.custom_fields if one.module == "Accounts"}
    return by_label.get("CVR", "no_cvr"), by_label.get("EAN", "no_ean")
