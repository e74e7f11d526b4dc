"""A Danish company that spends: its people, its categories, its entries."""

from __future__ import annotations

from typing import Any

from kobling_simulators.pleo.catalogue import Catalogue
from kobling_simulators.pleo.company import Company, Row, State
from kobling_simulators.pleo.kinds import ACCOUNTS, TAG_GROUPS, TAGS, TAX_CODES
from kobling_simulators.pleo.making import new_entry
from kobling_simulators.pleo.settings import Category, Settings

CATEGORIES = (
    Category("4010", "Kontorartikler"),
    Category("4020", "Repræsentation"),
    Category("4030", "Rejser"),
    Category("4040", "Telefon og internet"),
    Category("4050", "Småanskaffelser"),
    Category("4080", "Software"),
)
_PEOPLE = (("Åse", "Birkholm"), ("Øyvind", "Ravn"), ("Lærke", "Holm Sørensen"), ("Per", "Æblegård"))
_SHOPS = ("Brugsen Ørsted", "7-Eleven Nørreport", "SAS", "DSB", "Café Ærø", "IKEA Århus", "Adobe", "Elgiganten 😀")
_FOREIGN = (("EUR", "7.46"), ("SEK", "0.65"), ("ISK", "0.05"), ("JPY", "0.047"))
_POCKET = ("OUT_OF_POCKET", "MILEAGE", "PER_DIEM")
_KINDS: tuple[tuple[str, str | None], ...] = (
    *[("CARD_PURCHASE", "IN_STORE")] * 5,
    ("CARD_PURCHASE", "ONLINE"),
    ("OUT_OF_POCKET", None),
    ("MILEAGE", None),
    ("PER_DIEM", None),
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE"),
    ("WALLET", "LOAD"),
    ("WALLET", "FEE"),
)
_RARE: tuple[tuple[str, str | None], ...] = (
    ("CASHBACK", None),
    ("BILL_INVOICE", None),
    ("BILL_INVOICE_PAYMENT", None),
    ("CREDIT_NOTE", None),
    ("PLEO_INVOICE", "PLEO_INVOICE"),
    ("WALLET", "UNLOAD"),
    ("CARD_PURCHASE", "ATM"),
    ("BALANCE_AMENDMENT", None),
)
_COMING_BACK = ("CASHBACK", "CREDIT_NOTE")
_UNFINISHED = ("DRAFT", "REJECTED", "CANCELLED", "ERROR")


def seed_company(
    state: State, catalogue: Catalogue, settings: Settings, name: str, number: str, organization: str, records: int
) -> Company:
    """One company with so many entries."""
    row = {
        "id": state.new_id(),
        "name": name,
        "organizationId": organization,
        "registrationNumber": number,
        "address": {"streetAddress": "Ørstedsgade 1", "postcode": "8000", "city": "Aarhus C", "country": "DK"},
    }
    company = Company(row, settings.currency, balance=2_500_000)
    state.companies[company.id] = company
    for at, (first, last) in enumerate(_PEOPLE):
        mail = f"medarbejder{at + 1}@proevefirma.example"
        person: Row = {"id": state.new_id(), "companyId": company.id, "firstName": first, "lastName": last}
        person |= {"email": mail, "code": f"M{at + 1:02d}", "jobTitle": None, "phone": None}
        company.employees[person["id"]] = person
    team = {"id": state.new_id(), "name": "Salg", "code": "SALG"}
    company.teams[team["id"]] = team
    _fill_catalogue(catalogue, company, settings)
    waiting: list[Row] = []
    for at in range(records):
        entry = new_entry(state, company, _wished(state, company, at, waiting))
        if entry["family"] in _POCKET and entry["exportStatus"] == "NOT_EXPORTED":
            waiting.append(entry)
    return company


def _fill_catalogue(catalogue: Catalogue, company: Company, settings: Settings) -> None:
    base = {"companyId": company.id, "archived": False}
    for each in CATEGORIES if settings.accounts is None else settings.accounts:
        told = {"externalId": each.external_id or f"kat-{each.code}", "code": each.code, "name": each.name}
        catalogue.create(company, ACCOUNTS, {**base, **told})
    for code, rate in settings.tax_codes.items():
        told_tax = {"code": code, "name": f"Moms {rate:%}", "rate": rate, "type": "inclusive"}
        catalogue.create(company, TAX_CODES, {**base, **told_tax})
    for group, tags in settings.tags.items():
        made = catalogue.create(company, TAG_GROUPS, {**base, "code": group, "name": group.title()})[0]
        for code, name in tags.items():
            catalogue.create(company, TAGS, {"code": code, "name": name, "archived": False}, groupId=made["id"])


def _wished(state: State, company: Company, at: int, waiting: list[Row]) -> Row:
    """The n-th entry: mostly plain, every few of them awkward."""
    source = state.source
    family, sub = _RARE[at // 9 % len(_RARE)] if at % 9 == 8 else _KINDS[at % len(_KINDS)]
    amount = source.choice((1, 199, 12_50, 99_95, 1_234_56, source.randrange(100, 500_000)))
    back = at % 29 == 11 or family in _COMING_BACK
    wish: Row = {"family": family, "subFamily": sub, "amount": -amount if back else amount, "days": at % 60}
    if family == "CARD_PURCHASE" and at % 7 == 3:
        wish["currency"], wish["rate"] = source.choice(_FOREIGN)
    if family == "CARD_PURCHASE" and at % 6 == 2:
        wish["split"] = [1, 2, 3][: 2 + at // 12 % 2]
    if family in ("CARD_PURCHASE", "BILL_INVOICE", "CREDIT_NOTE", *_POCKET):
        wish["category"] = "zero" if at % 31 == 17 else _codes(company)[at % len(_codes(company))]
        wish["receipts"] = 0 if at % 13 == 5 else 2 if at % 11 == 4 else 1
        wish |= _coded(company, at)
    if family.startswith("BILL_"):
        wish["invoice"] = {"number": f"F-{1000 + at // 18}", "date": "2026-01-05T00:00:00.000Z"}
    if at % 23 == 19:
        wish["settled"] = False
    if at % 47 == 40:
        wish |= {"settled": False, "status": _UNFINISHED[at // 47 % len(_UNFINISHED)]}
    if family == "REIMBURSEMENT" and waiting:
        wish |= {"amount": sum(each["_wallet"] for each in waiting[:2]), "currency": company.currency}
        wish["settles"] = [each["reconciliationId"] for each in waiting[:2]]
        del waiting[:2]
    wish["supplier"] = _SHOPS[at % len(_SHOPS)]
    wish["note"] = "Frokost med kunde – æøå 😀" if at % 5 == 0 else None
    wish["attendees"] = ["Åse Birkholm", "Kunde A/S"] if at % 10 == 0 else []
    wish["employee"] = at
    return wish


def _codes(company: Company) -> list[Any]:
    return [row["code"] for row in company.accounts.values()] or [None]


def _coded(company: Company, at: int) -> Row:
    """Tags and tax code of two entries in three, where the company has some."""
    if at % 3 == 2:
        return {}
    tags: Row = {}
    for group in company.tag_groups.values():
        codes = [tag["code"] for tag in company.group_tags[group["id"]].values()]
        if codes:
            tags[group["code"]] = codes[at % len(codes)]
    taxes = [row["code"] for row in company.tax_codes.values()]
    return {"tags": tags, "tax": taxes[at % len(taxes)] if taxes else None}
