"""A Danish company that spends: its people, its categories, its entries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kobling.simulators.pleo.company import ZERO_DECIMAL, ZERO_UUID, Company, Row, State
from kobling.simulators.pleo.files import receipt_row

CATEGORIES = (
    ("4010", "Kontorartikler"),
    ("4020", "Repræsentation"),
    ("4030", "Rejser"),
    ("4040", "Telefon og internet"),
    ("4050", "Småanskaffelser"),
    ("4080", "Software"),
)
_PEOPLE = (("Åse", "Birkholm"), ("Øyvind", "Ravn"), ("Lærke", "Holm Sørensen"), ("Per", "Æblegård"))
_SHOPS = ("Brugsen Ørsted", "7-Eleven Nørreport", "SAS", "DSB", "Café Ærø", "IKEA Århus", "Adobe", "Elgiganten 😀")
_FOREIGN = (("EUR", 7.46), ("SEK", 0.65), ("ISK", 0.05), ("JPY", 0.047))
_KINDS = (
    *[("CARD_PURCHASE", "IN_STORE")] * 5,
    ("CARD_PURCHASE", "ONLINE"),
    ("OUT_OF_POCKET", None),
    ("MILEAGE", None),
    ("PER_DIEM", None),
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE"),
    ("WALLET", "LOAD"),
    ("WALLET", "FEE"),
)


def seed_company(state: State, name: str, number: str, organization: str, records: int) -> Company:
    """One company with so many entries."""
    row = {
        "id": state.new_id(),
        "name": name,
        "organizationId": organization,
        "registrationNumber": number,
        "address": {"streetAddress": "Ørstedsgade 1", "postcode": "8000", "city": "Aarhus C", "country": "DK"},
    }
    company = Company(row, "DKK", balance=2_500_000)
    state.companies[company.id] = company
    for at, (first, last) in enumerate(_PEOPLE):
        mail = f"medarbejder{at + 1}@proevefirma.example"
        person: Row = {"id": state.new_id(), "companyId": company.id, "firstName": first, "lastName": last}
        person |= {"email": mail, "code": f"M{at + 1:02d}", "jobTitle": None, "phone": None}
        company.employees[person["id"]] = person
    team = {"id": state.new_id(), "name": "Salg", "code": "SALG"}
    company.teams[team["id"]] = team
    for code, title in CATEGORIES:
        account = state.stamped({"companyId": company.id, "externalId": f"kat-{code}", "code": code, "name": title})
        company.accounts[account["id"]] = {**account, "archived": False, "taxCodeExternalId": None, "metadata": None}
    for at in range(records):
        entry = new_entry(state, company, _wished(state, company, at))
        company.entries[entry["id"]] = entry
    return company


def _wished(state: State, company: Company, at: int) -> Row:
    """The n-th entry: mostly plain, every few of them awkward."""
    source = state.source
    family, sub = _KINDS[at % len(_KINDS)]
    amount = source.choice((1, 199, 12_50, 99_95, 1_234_56, source.randrange(100, 500_000)))
    wish: Row = {"family": family, "subFamily": sub, "amount": -amount if at % 29 == 11 else amount, "days": at % 60}
    if family == "CARD_PURCHASE" and at % 7 == 3:
        wish["currency"], wish["rate"] = source.choice(_FOREIGN)
    if family == "CARD_PURCHASE" and at % 6 == 2:
        wish["split"] = [1, 2, 3][: 2 + at // 12 % 2]
    if family in ("CARD_PURCHASE", "OUT_OF_POCKET", "MILEAGE", "PER_DIEM"):
        wish["category"] = "zero" if at % 31 == 17 else CATEGORIES[at % len(CATEGORIES)][0]
        wish["receipts"] = 0 if at % 13 == 5 else 2 if at % 11 == 4 else 1
    if at % 23 == 19:
        wish["settled"] = False
    wish["supplier"] = _SHOPS[at % len(_SHOPS)]
    wish["note"] = "Frokost med kunde – æøå 😀" if at % 5 == 0 else None
    wish["employee"] = at
    return wish


def new_entry(state: State, company: Company, wish: dict[str, Any]) -> Row:
    """An entry of a wish: family, amount (minor units of ``currency``), rate, category (a code), tags, split (weights),
    receipts (how many), days (ago), date, settled, supplier, note, employee, settles."""
    currency = str(wish.get("currency") or company.currency)
    amount = int(wish.get("amount", 10_000))
    wallet = _wallet(amount, currency, company.currency, float(wish.get("rate") or 1))
    money = {"currency": currency, "minors": amount}
    row = state.stamped(
        {
            "companyId": company.id,
            "family": wish.get("family", "CARD_PURCHASE"),
            "subFamily": wish.get("subFamily"),
            "reviewStatus": "OK",
            "deletedAt": None,
            **_when(state, wish),
            **_about(state, company, wish),
            "transactionValue": money,
            "transactionWalletValue": {"currency": company.currency, "minors": wallet},
            "totalBillValue": money,
            "foreignExtensionId": None,
            "reconciliationId": f"PLEO-{len(company.entries) + 1:06d}",
            "_wallet": wallet,
            "_settles": list(wish.get("settles") or ()),
        }
    )
    row["splitItems"] = _split(state, row, [*map(int, wish.get("split") or ())])
    return row


def _when(state: State, wish: dict[str, Any]) -> Row:
    """Only settled card purchases can be exported."""
    day = state.clock.moment() - timedelta(days=int(wish.get("days", 1)))
    at = str(wish.get("date") or day.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    settled = wish.get("settled", True)
    return {
        "status": "COMPLETED" if settled else "PENDING",
        "exportStatus": "NOT_EXPORTED" if settled else "NOT_CREATED",
        "performedAt": at,
        "settledAt": at if settled else None,
        "bookkeepingDate": at if settled else None,
    }


def _about(state: State, company: Company, wish: dict[str, Any]) -> Row:
    """Who, where, on which account, with which papers."""
    people = [*company.employees]
    account = _category(company, wish.get("category"))
    receipts = [
        receipt_row(state, "image/png" if number % 2 else "application/pdf", f"{wish.get('supplier')} {number + 1}")
        for number in range(int(wish.get("receipts", 0)))
    ]
    company.receipts.update({each["id"]: each for each in receipts})
    return {
        "employeeId": people[int(wish.get("employee", 0)) % len(people)] if people else None,
        "teamId": next(iter(company.teams), None),
        "accountId": account,
        "accountCode": company.accounts[account]["code"] if account in company.accounts else None,
        "taxCodeId": next((each["id"] for each in company.tax_codes.values() if each["code"] == wish.get("tax")), None),
        "tags": _tags(company, wish.get("tags") or {}),
        "attendees": [],
        "receiptIds": [each["id"] for each in receipts],
        "supplier": {"name": wish.get("supplier") or "Butik", "country": "DK"},
        "note": wish.get("note"),
    }


def _wallet(amount: int, currency: str, own: str, rate: float) -> int:
    """Minor units of the wallet: a zero-decimal currency has no hundredths of its own."""
    if currency == own:
        return amount
    return round(amount * (100 if currency in ZERO_DECIMAL else 1) * rate)


def _category(company: Company, code: Any) -> str | None:
    if code == "zero":
        return ZERO_UUID
    return next((key for key, row in company.accounts.items() if code and row.get("code") == code), None)


def _tags(company: Company, wanted: dict[str, str]) -> list[Row]:
    groups = {row["code"]: key for key, row in company.tag_groups.items()}
    return [
        {"tagGroupId": groups[group], "tagId": key}
        for group, code in wanted.items()
        for key, row in company.tags.items()
        if row["groupId"] == groups.get(group) and row["code"] == code
    ]


def _split(state: State, row: Row, weights: list[int]) -> list[Row]:
    """Lines by weight, the last takes what is left."""
    found: list[Row] = []
    total, left = sum(weights), int(row["transactionValue"]["minors"])
    whole = left
    for at, weight in enumerate(weights):
        part = left if at == len(weights) - 1 else whole * weight // total
        left -= part
        money = {"currency": row["transactionValue"]["currency"], "minors": part}
        kept = {name: row[name] for name in ("accountId", "accountCode", "taxCodeId", "tags")}
        found.append(state.stamped({**kept, "totalBillValue": money, "transactionValue": money}))
    return found
