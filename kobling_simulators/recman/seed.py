"""A Norwegian staffing firm: its customers, projects and invoices."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from kobling_simulators.recman.store import Row, Store
from kobling_simulators.world.norway import Business, assignments, norwegian_words, recman_knows

DEPARTMENTS = ("Helse", "Bygg", "Kontor & lager")
_MOST = 10_000


def counts(records: int) -> tuple[int, int, int]:
    """How many companies, projects and invoices `records` stands for: 120, 80 and 300 by default."""
    return 3 * records // 5, min(2 * records // 5, _MOST), min(3 * records // 2, _MOST)


def kid(number: str, customer: str) -> str:
    """A payment reference: customer and invoice number with a check digit by modulus 10."""
    digits = f"{int(customer or 0):07d}{int(number):06d}"
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if at % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return f"{digits}{-total % 10}"


class Seed:
    """Fills a store."""

    def __init__(self, store: Store, seed: int, records: int) -> None:
        self._store = store
        self._seed = seed
        self._records = records
        self._random = random.Random(f"recman {seed}")
        self._today = store.clock.moment().date()

    def fill(self) -> None:
        """Everything a firm has after some years."""
        companies, projects, invoices = counts(self._records)
        for name in DEPARTMENTS:
            self._add("department", name=name)
        for at, name in enumerate(norwegian_words()["first_names"][:6]):
            last = norwegian_words()["last_names"][at]
            mail = f"radgiver{at + 1}@bemanning.example"
            self._add("user", firstName=name, lastName=last, email=mail, departmentId=str(at % 3 + 1))
        for number, name, _, price, vat in norwegian_words()["products"]:
            self._add("product", number=number, name=name, price=price, vat=vat)
        for business in recman_knows(self._seed, companies):
            self._company(business)
        for assignment in assignments(self._seed, projects, max(companies, 1)):
            self._project(assignment.index, assignment.number, assignment.name, assignment.business)
        for index in range(invoices if companies else 0):
            self._invoice(index)

    def _add(self, scope: str, **values: Any) -> Row:
        return self._store.shelves[scope].add(values)

    def _company(self, business: Business) -> None:
        index = business.index
        kind = "ownCompany" if index == 37 else "supplier" if index % 15 == 8 else "customer"
        place = {"postalCode": business.postal_code, "city": business.city, "country": business.country}
        address = {"address1": business.street, "address2": None, **place}
        post = {**address, "address1": f"Postboks {100 + index}"} if index % 9 == 4 else {}
        row = self._add(
            "company",
            name=business.name,
            countryRegNumber=business.org_number or None,
            companyNumber=business.number or None,
            email=business.email or None,
            phone=business.phone,
            invoiceEmail=f"faktura@{business.email.partition('@')[2]}" if business.email and index % 3 else None,
            creditTime=str(business.credit_days),
            countryId="1" if business.country_code == "NO" else "2",
            connectDepartment=(None, "1", "2", "3", "1,2")[index % 5],
            connectUser=str(11 + index % 6),
            newsletter="0",
            type=kind,
            visitAddress=address,
            postAddress=post,
            deliveryAddress=address if index % 4 == 1 else {},
            invoiceAddress=address if index % 7 else {},
        )
        if index % 2 == 0:
            first, last = business.contact
            key = row["companyId"]
            self._add("companyContact", companyId=key, firstName=first, lastName=last, email=business.email or None)

    def _project(self, index: int, number: str, name: str, business: int) -> None:
        company = self._store.shelves["company"].rows[20_101 + business]
        begin = self._today - timedelta(days=index * 7 % 500)
        department = (company["connectDepartment"] or str(index % 3 + 1)).split(",")[0]
        self._add(
            "project",
            companyId=company["companyId"],
            number=number if index % 13 != 12 else None,
            departmentId=department,
            responsibleUserId=str(11 + index % 6),
            name=name,
            type="1",
            status="1" if index % 6 else "2",
            completePercent=str(index * 10 % 110),
            startDate=begin.isoformat(),
            endDate=(begin + timedelta(days=90)).isoformat() if index % 3 else None,
            created=f"{begin.isoformat()} 08:15:00",
            updated=f"{begin.isoformat()} 14:05:30" if index % 2 else None,
            invoiceFactor="1",
            members=f"{11 + index % 6},{11 + (index + 1) % 6}",
        )

    def _invoice(self, index: int) -> None:
        shelf = self._store.shelves["company"]
        company = shelf.rows[shelf.ids.keys[self._random.randrange(len(shelf))]]
        projects = self._store.shelves["project"]
        project = projects.rows[projects.ids.keys[index % len(projects)]] if len(projects) and index % 4 else None
        if project is not None:
            company = shelf.rows[int(project["companyId"])]
        age = max(300 - index, 0) if index < 300 else index % 200
        values = {
            "companyId": company["companyId"],
            "projectId": project["projectId"] if project else None,
            "departmentId": project["departmentId"] if project else str(index % 3 + 1),
            "type": "creditnote" if index % 17 == 9 else "invoice",
            "currency": {41: "SEK", 42: "EUR"}.get(index % 60, "NOK"),
            "exported": "1" if index % 10 < 3 else "0",
            "lines": [self._line(index, at) for at in range(index * 5 % 6 + 1)],
        }
        new_invoice(self._store, company, values, self._today - timedelta(days=age), drafted=index % 50 == 33)

    def _line(self, index: int, at: int) -> Row:
        products = self._store.shelves["product"]
        product = products.rows[products.ids.keys[self._random.randrange(len(products))]]
        quantity = self._random.choice(("7.5", "37.5", "1", "0.25", "12", "3.33", "8"))
        if (index + at) % 19 == 18:
            free = {"productId": None, "number": None, "description": "Avtalt tillegg – se vedlegg", "vat": "25"}
            return {**free, "quantity": "1", "price": "1250.00", "costCentreId": None}
        price = Decimal(product["price"]) + Decimal(self._random.randrange(-200, 200)) / 100
        return {
            "productId": product["productId"],
            "number": product["number"],
            "description": product["name"] if at else f"{product['name']} uke {index % 52 + 1}",
            "quantity": quantity,
            "price": f"{max(price, Decimal('0.01')):.2f}",
            "vat": product["vat"],
            "costCentreId": None,
        }


def new_invoice(store: Store, company: Row, values: dict[str, Any], day: date, *, drafted: bool = False) -> Row:
    """An invoice with number, KID and dates where `values` gives none.

    Fidelity: assumed recman §3 – a draft has no number and no KID yet
    """
    lines = store.new_lines(values.pop("lines", ()))
    made: Row = {"type": "invoice", "currency": "NOK", "exported": "0", "date": day.isoformat(), **values}
    if not drafted and not made.get("number"):
        store.last_invoice += 1
        made["number"] = str(store.last_invoice)
    number = made.get("number")
    customer = company["companyNumber"] or ""
    if number and number.isdigit() and (not customer or customer.isdigit()) and made["type"] == "invoice":
        made.setdefault("kid", kid(number, customer))
    credit = int(company["creditTime"]) if (company["creditTime"] or "").isdigit() else 14
    made.setdefault("dueDate", (date.fromisoformat(made["date"]) + timedelta(days=credit)).isoformat())
    made.setdefault("created", f"{made['date']} 09:00:00")
    return store.shelves["invoice"].add({**made, "lines": lines})
