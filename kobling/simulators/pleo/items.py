"""Export items: an entry as the accounting system is to book it."""

from __future__ import annotations

import hashlib
import hmac
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kobling.simulators.pleo.company import ZERO_DECIMAL, Company, Row
from kobling.simulators.pleo.settings import Settings

FILE_LIFE = 24 * 3600
_TYPES = {
    ("WALLET", "LOAD"): "wallet_load",
    ("WALLET", "UNLOAD"): "wallet_unload",
    ("WALLET", "FEE"): "fee",
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE"): "direct_reimbursement",
}
_FAMILIES = {
    "BILL_INVOICE": "invoice",
    "BILL_INVOICE_PAYMENT": "invoice_payment",
    "REIMBURSEMENT": "external_reimbursement",
    "CREDIT_NOTE": "refund",
}
CONTRA = {"out_of_pocket": "pocket", "mileage": "pocket", "per_diem": "pocket", "direct_reimbursement": "reimbursement"}
_SECRET = b"simulated pleo files"


def type_of(entry: Row) -> str:
    """Fidelity: assumed pleo §4 – the lower-case type of each family; negative card purchases are refunds."""
    family, sub = str(entry["family"]), str(entry.get("subFamily") or "")
    if family == "CARD_PURCHASE":
        return "refund" if entry["_wallet"] < 0 else "card_purchase"
    return _TYPES.get((family, sub)) or _FAMILIES.get(family) or family.lower()


def signature(receipt: str, until: int) -> str:
    """What a file's URL is signed with."""
    return hmac.new(_SECRET, f"{receipt}.{until}".encode(), hashlib.sha256).hexdigest()[:32]


class Items:
    """Renders export items.

    Fidelity: known pleo §4 – ExportItemV3; a file's URL lives 24 hours from the fetch
    Fidelity: known pleo §2 – amounts are {currency, value} in hundredths
    Fidelity: inferred pleo §7 – what a company spends is positive, what comes back negative
    """

    def __init__(self, settings: Settings, base: str, now: float) -> None:
        self._settings = settings
        self._base = base
        self._until = int(now) + FILE_LIFE

    def of(self, company: Company, entry: Row) -> Row:
        """One item."""
        lines = [self._line(company, entry, line) for line in _lines(entry)]
        supplier = entry.get("supplier") or {}
        info: Row = {
            "reconciliationId": entry["reconciliationId"],
            "reconciledEntries": entry["_settles"],
            "attendees": entry["attendees"],
        }
        return {
            "accountingEntryId": entry["id"],
            "companyId": company.id,
            "type": type_of(entry),
            "subType": (entry.get("subFamily") or "").lower() or None,
            "date": entry.get("bookkeepingDate") or entry.get("settledAt") or entry["performedAt"],
            "amount": self._both(company, entry, entry["_wallet"], entry["transactionValue"]["minors"]),
            "accountingEntryLines": lines,
            "contraAccount": self._contra(type_of(entry)),
            "bookkeeping": {"method": "journal"},
            "additionalInformation": info,
            "supplier": {name: supplier.get(name) for name in ("name", "code", "country", "taxIdentifier")},
            "vendor": None,
            "user": _named(company.employees.get(entry.get("employeeId") or "")),
            "team": company.teams.get(entry.get("teamId") or ""),
            "files": [self._file(company, company.receipts[each]) for each in entry["receiptIds"]],
            "note": entry.get("note"),
            "servicePeriod": None,
            "_links": {"web": f"https://app.pleo.example/expenses/{entry['id']}"},
        }

    def _line(self, company: Company, entry: Row, line: Row) -> Row:
        tax_code = company.tax_codes.get(line.get("taxCodeId") or "")
        account = company.accounts.get(line.get("accountId") or "")
        wallet, bill = int(line["_wallet"]), int(line["_bill"])
        tax = None
        net_wallet, net_bill = wallet, bill
        if tax_code is not None:
            rate = Decimal(str(tax_code["rate"]))
            tax_wallet, tax_bill = (_tax(each, rate, tax_code["type"]) for each in (wallet, bill))
            net_wallet, net_bill = wallet - tax_wallet, bill - tax_bill
            shown = {name: tax_code.get(name) for name in ("id", "code", "rate", "type")}
            shown |= {name: tax_code.get(name) for name in ("ingoingTaxAccount", "outgoingTaxAccount")}
            tax = {**shown, "amount": self._both(company, entry, tax_wallet, tax_bill)}
        return {
            "accountingEntryLineId": line["id"],
            "lineAmount": self._both(company, entry, wallet, bill),
            "netAmount": self._both(company, entry, net_wallet, net_bill),
            "account": _account(account, line.get("accountId")),
            "tags": [_tag(company, each) for each in line["tags"]],
            "tax": tax,
        }

    def _both(self, company: Company, entry: Row, wallet: int, bill: int) -> Row:
        return {
            "inWalletCurrency": self._money(company.currency, wallet),
            "inSupplierCurrency": self._money(entry["transactionValue"]["currency"], bill),
        }

    def _money(self, currency: str, minors: int) -> Row:
        whole = currency in ZERO_DECIMAL and self._settings.zero_decimal_value == "hundredths"
        return {"currency": currency, "value": minors * 100 if whole else minors}

    def _contra(self, kind: str) -> Row:
        name = CONTRA.get(kind, "wallet")
        code = self._settings.contra_codes.get(name)
        number = {"wallet": 1, "pocket": 2, "reimbursement": 3}[name]
        found: Row = {"id": f"00000000-0000-4000-8000-00000000000{number}", "name": f"Pleo {name}"}
        return {**found, "code": code, "identifier": code}

    def _file(self, company: Company, receipt: Row) -> Row:
        signed = f"expires={self._until}&signature={signature(receipt['id'], self._until)}"
        url = f"{self._base}/files/{company.id}/{receipt['id']}/{receipt['name']}?{signed}"
        return {"url": url, "type": receipt["type"], "size": receipt["size"]}


def _lines(entry: Row) -> list[Row]:
    """The lines of a split entry, or its only one; wallet amounts add up to the entry's."""
    if not entry["splitItems"]:
        only = {name: entry.get(name) for name in ("id", "accountId", "taxCodeId", "tags")}
        return [{**only, "_wallet": entry["_wallet"], "_bill": entry["transactionValue"]["minors"]}]
    bill = sum(each["transactionValue"]["minors"] for each in entry["splitItems"])
    found: list[Row] = []
    left = int(entry["_wallet"])
    for at, each in enumerate(entry["splitItems"]):
        mine = int(each["transactionValue"]["minors"])
        last = at == len(entry["splitItems"]) - 1
        share = left if last else int(Decimal(entry["_wallet"]) * mine / bill)
        left -= share
        found.append({**each, "_wallet": share, "_bill": mine})
    return found


def _tax(gross: int, rate: Decimal, kind: str) -> int:
    """Fidelity: assumed pleo §4 – VAT that is in the amount, rounded half up; reverse charge is none of it."""
    if kind != "inclusive":
        return 0
    return int((Decimal(gross) * rate / (1 + rate)).quantize(Decimal(1), ROUND_HALF_UP))


def _account(row: Row | None, key: Any) -> Row | None:
    if row is None:
        return {"id": key, "name": "", "code": None, "identifier": None} if key else None
    return {"id": row["id"], "name": row["name"], "code": row.get("code"), "identifier": row["externalId"]}


def _tag(company: Company, given: Row) -> Row:
    tag, group = company.tags.get(given["tagId"]), company.tag_groups.get(given["tagGroupId"])
    return {
        "id": given["tagId"],
        "code": tag["code"] if tag else "",
        "groupCode": group["code"] if group else "",
    }


def _named(employee: Row | None) -> Row | None:
    if employee is None:
        return None
    return {
        "id": employee["id"],
        "name": f"{employee['firstName']} {employee['lastName']}",
        "code": employee.get("code"),
    }
