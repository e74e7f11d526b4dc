"""Export items: an entry as the accounting system is to book it."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kobling_simulators.pleo.company import ZERO_DECIMAL, Company, Row
from kobling_simulators.pleo.files import LIFE, shown_file
from kobling_simulators.pleo.settings import Settings

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
_ALWAYS_JOURNAL = ("wallet_load", "wallet_unload", "balance_amendment")
_VENDOR = (
    *("id", "name", "code", "externalId", "country", "defaultCurrency"),
    *("registrationNumber", "taxRegistrationNumber"),
)


def type_of(entry: Row) -> str:
    """Fidelity: assumed pleo §4 – the lower-case type of each family; negative card purchases are refunds."""
    family, sub = str(entry["family"]), str(entry.get("subFamily") or "")
    if entry.get("_type"):
        return str(entry["_type"])
    if family == "CARD_PURCHASE":
        return "refund" if entry["_wallet"] < 0 else "card_purchase"
    return _TYPES.get((family, sub)) or _FAMILIES.get(family) or family.lower()


class Items:
    """Renders the export items of one job.

    Fidelity: known pleo §4 – ExportItemV3; a file's URL lives 24 hours from the fetch
    Fidelity: known pleo §4 – a vendor is told with vendorBasedBookkeeping only
    Fidelity: known pleo §6 – wallet loads, unloads and balance amendments are always journal
    Fidelity: known pleo §2 – amounts are {currency, value} in hundredths
    Fidelity: inferred pleo §7 – what a company spends is positive, what comes back negative
    """

    def __init__(self, settings: Settings, base: str, now: float, company: Company, job: Row) -> None:
        self._settings = settings
        self._base = base
        self._until = int(now) + LIFE
        self._company = company
        self._by_vendor = bool(job["vendorBasedBookkeeping"])

    def of(self, entry: Row) -> Row:
        """One item."""
        company, kind = self._company, type_of(entry)
        user = company.employees.get(entry.get("employeeId") or "")
        vendor = company.vendors.get(entry.get("_vendor") or "") if self._by_vendor else None
        payable = vendor is not None and kind not in _ALWAYS_JOURNAL
        return {
            "accountingEntryId": entry["id"],
            "companyId": company.id,
            "type": kind,
            "subType": (entry.get("subFamily") or "").lower() or None,
            "date": entry.get("bookkeepingDate") or entry.get("settledAt") or entry["performedAt"],
            "amount": self._both(entry, entry["_wallet"], entry["transactionValue"]["minors"]),
            "accountingEntryLines": [self._line(entry, line) for line in _lines(entry)],
            "contraAccount": self._contra(kind),
            "bookkeeping": {"method": "accounts_payable" if payable else "journal"},
            "additionalInformation": _information(entry),
            "supplier": entry["_merchant"],
            "vendor": {name: vendor.get(name) for name in _VENDOR} if vendor else None,
            "user": _named(user),
            "team": company.teams.get(entry.get("teamId") or ""),
            "files": [self._file(company.receipts[each]) for each in entry["receiptIds"]],
            "note": entry.get("note"),
            "servicePeriod": entry.get("_period"),
            "_links": {
                "web": f"https://app.pleo.example/expenses/{entry['id']}",
                "mobile": f"pleo://expenses/{entry['id']}",
                "api": f"{self._base}/v1/accounting-entries/{entry['id']}",
            },
        }

    def _line(self, entry: Row, line: Row) -> Row:
        company = self._company
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
            tax = {**shown, "amount": self._both(entry, tax_wallet, tax_bill)}
        return {
            "accountingEntryLineId": line["id"],
            "lineAmount": self._both(entry, wallet, bill),
            "netAmount": self._both(entry, net_wallet, net_bill),
            "account": _account(account, line.get("accountId")),
            "tags": [_tag(company, each) for each in line["tags"]],
            "tax": tax,
        }

    def _both(self, entry: Row, wallet: int, bill: int) -> Row:
        return {
            "inWalletCurrency": self._money(self._company.currency, wallet),
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

    def _file(self, receipt: Row) -> Row:
        return shown_file(self._base, self._company.id, receipt, self._until)


def _information(entry: Row) -> Row:
    told: Row = {
        "reconciliationId": entry["reconciliationId"],
        "reconciledEntries": entry["_settles"],
        "attendees": entry["attendees"],
    }
    return {**told, "invoiceInformation": entry["_invoice"]} if entry.get("_invoice") else told


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
        same = bill == entry["_wallet"]
        share = left if last else mine if same else int(Decimal(entry["_wallet"]) * mine / (bill or 1))
        left -= share
        found.append({**each, "_wallet": share, "_bill": mine})
    return found


def _tax(gross: int, rate: Decimal, kind: str) -> int:
    """Fidelity: assumed pleo §4 – VAT that is in the amount, rounded half up (hurts); reverse charge is none of it."""
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
