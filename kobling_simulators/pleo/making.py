"""Entries as people make and change them: a wish of a few plain words becomes a whole entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kobling_simulators.pleo.company import ZERO_DECIMAL, ZERO_UUID, Company, Row, State
from kobling_simulators.pleo.envelope import instant
from kobling_simulators.pleo.files import receipt_row

_SUPPLIER = ("cif", "documentNumber", "documentType", "externalAccountNumber", "externalSupplierId")
_MERCHANT = ("name", "code", "account", "categoryCode", "country", "taxIdentifier")
KINDS = ("application/pdf", "image/png", "image/jpeg")
WISHES = frozenset(
    [
        *("family", "subFamily", "type", "amount", "currency", "rate", "split", "settles"),
        *("days", "date", "settled", "status", "exportStatus", "reviewStatus"),
        *("category", "tags", "tax", "supplier", "vendor", "invoice", "servicePeriod"),
        *("receipts", "receiptSize", "note", "employee", "attendees"),
    ]
)


def new_entry(state: State, company: Company, wish: Mapping[str, Any]) -> Row:
    """An entry of a wish, kept among the others. Raises ValueError for a word that is none.

    family, subFamily, amount (minor units of `currency`), rate (one unit of it in the wallet's currency), category (a
    code, "zero" or null), tags (group code → code or "zero"), tax (code), split (weights, or lines of {amount,
    category, tags, tax}), receipts (how many, or kinds), receiptSize, days (ago), date, settled, status, exportStatus,
    reviewStatus, supplier (name or fields), note, employee (which), settles (reconciliation ids), attendees, invoice
    ({number, date, due, paid, status, account}), vendor (id, code or name), servicePeriod ({from, to}), type.
    """
    unknown = set(wish) - WISHES
    if unknown:
        raise ValueError(f"an entry has no {', '.join(sorted(unknown))}; there are {', '.join(sorted(WISHES))}")
    currency, amount = str(wish.get("currency") or company.currency), int(wish.get("amount", 10_000))
    wallet = in_wallet(amount, currency, company.currency, wish.get("rate") or 1)
    money = {"currency": currency, "minors": amount}
    row = state.stamped(
        {
            "companyId": company.id,
            "family": wish.get("family", "CARD_PURCHASE"),
            "subFamily": wish.get("subFamily"),
            "reviewStatus": wish.get("reviewStatus", "OK"),
            "deletedAt": None,
            **_when(state, wish),
            **_who(company, wish),
            **where(company, wish),
            **seller(company, wish),
            "receiptIds": _papers(state, company, wish),
            **dict.fromkeys(("transactionValue", "totalBillValue"), money),
            "transactionWalletValue": {"currency": company.currency, "minors": wallet},
            "foreignExtensionId": None,
            "reconciliationId": f"PLEO-{len(company.entries) + 1:06d}",
            "_wallet": wallet,
            "_settles": list(wish.get("settles") or ()),
            "_type": wish.get("type"),
            "_period": wish.get("servicePeriod"),
        }
    )
    row["splitItems"] = split_items(state, company, row, wish.get("split") or ())
    company.entries[row["id"]] = row
    return row


def _papers(state: State, company: Company, wish: Mapping[str, Any]) -> list[str]:
    size = int(wish.get("receiptSize", 0))
    return receipts(state, company, wish.get("receipts", 0), str(wish.get("supplier")), size)


def _when(state: State, wish: Mapping[str, Any]) -> Row:
    """Only settled card purchases can be exported."""
    day = state.clock.moment() - timedelta(days=int(wish.get("days", 1)))
    at = str(wish.get("date") or instant(day))
    settled = wish.get("settled", True)
    return {
        "status": wish.get("status") or ("COMPLETED" if settled else "PENDING"),
        "exportStatus": wish.get("exportStatus") or ("NOT_EXPORTED" if settled else "NOT_CREATED"),
        "performedAt": at,
        "settledAt": at if settled else None,
        "bookkeepingDate": at if settled else None,
    }


def _who(company: Company, wish: Mapping[str, Any]) -> Row:
    people = [*company.employees]
    return {
        "employeeId": people[int(wish.get("employee", 0)) % len(people)] if people else None,
        "teamId": next(iter(company.teams), None),
        "attendees": list(wish.get("attendees") or ()),
        "note": wish.get("note"),
    }


def where(company: Company, wish: Mapping[str, Any]) -> Row:
    """Account, tax code and tags by their codes."""
    account = _category(company, wish.get("category"))
    taxes = (each["id"] for each in company.tax_codes.values() if wish.get("tax") and each["code"] == wish["tax"])
    return {
        "accountId": account,
        "accountCode": company.accounts[account]["code"] if account and account in company.accounts else None,
        "taxCodeId": next(taxes, None),
        "tags": _tags(company, wish.get("tags") or {}),
    }


def seller(company: Company, wish: Mapping[str, Any]) -> Row:
    """The merchant of an item, the supplier of an entry, the vendor, the invoice."""
    given = wish.get("supplier") or "Butik"
    told = dict(given) if isinstance(given, Mapping) else {"name": given}
    invoice = wish.get("invoice") or {}
    supplier = {**dict.fromkeys(_SUPPLIER), **{name: told[name] for name in _SUPPLIER if name in told}}
    if invoice.get("number"):
        supplier |= {"documentNumber": invoice["number"], "documentType": "INVOICE"}
    known = any(supplier.values())
    merchant = {"country": "DK", **{name: told[name] for name in _MERCHANT if name in told}}
    return {
        "supplier": supplier if known else None,
        "_merchant": {**dict.fromkeys(_MERCHANT), **merchant},
        "_vendor": _vendor(company, wish.get("vendor")),
        "_invoice": _invoice(invoice) if invoice else None,
    }


def _vendor(company: Company, wanted: Any) -> str | None:
    if not wanted:
        return None
    return next((key for key, row in company.vendors.items() if wanted in (key, row["code"], row["name"])), None)


def _invoice(given: Mapping[str, Any]) -> Row:
    return {
        "invoiceNumber": given.get("number"),
        "invoiceDate": given.get("date"),
        "status": given.get("status", "paid" if given.get("paid") else "unpaid"),
        "dueDate": given.get("due"),
        "paymentDate": given.get("paid"),
        "supplierBankAccount": given.get("account"),
    }


def receipts(state: State, company: Company, wanted: Any, title: str, size: int = 0) -> list[str]:
    """Ids of new receipts: so many, or of these kinds."""
    if isinstance(wanted, str):
        wanted = [wanted]
    kinds = [*map(str, wanted)] if isinstance(wanted, list) else [KINDS[at % 2] for at in range(int(wanted))]
    if set(kinds) - set(KINDS):
        raise ValueError(f"a receipt is one of {', '.join(KINDS)}")
    rows = [receipt_row(state.new_id(), kind, f"{title} {at + 1}", size) for at, kind in enumerate(kinds)]
    company.receipts.update({each["id"]: each for each in rows})
    return [each["id"] for each in rows]


def in_wallet(amount: int, currency: str, own: str, rate: Any) -> int:
    """Minor units of the wallet, rounded half up: a zero-decimal currency has no hundredths of its own."""
    if currency == own:
        return amount
    major = Decimal(amount) / (1 if currency in ZERO_DECIMAL else 100) * Decimal(str(rate))
    return int((major * (1 if own in ZERO_DECIMAL else 100)).quantize(Decimal(1), ROUND_HALF_UP))


def _category(company: Company, code: Any) -> str | None:
    if code == "zero":
        return ZERO_UUID
    return next((key for key, row in company.accounts.items() if code and row.get("code") == code), None)


def _tags(company: Company, wanted: Mapping[str, str]) -> list[Row]:
    found: list[Row] = []
    for group, code in wanted.items():
        group_id = company.unique.get(("tag_groups", "", "code", group), "")
        tag = ZERO_UUID if code == "zero" else company.unique.get(("tags", group_id, "code", code))
        if group_id and tag:
            found.append({"tagGroupId": group_id, "tagId": tag})
    return found


def split_items(state: State, company: Company, row: Row, wanted: Any) -> list[Row]:
    """Lines by weight (the last takes what is left), or as they are told."""
    if wanted and isinstance(wanted[0], Mapping):
        told = [where(company, each) for each in wanted]
        return [_part(state, row, int(each["amount"]), at) for each, at in zip(wanted, told, strict=True)]
    weights = [*map(int, wanted)]
    kept = {name: row[name] for name in ("accountId", "accountCode", "taxCodeId", "tags")}
    whole = left = int(row["transactionValue"]["minors"])
    found: list[Row] = []
    for at, weight in enumerate(weights):
        part = left if at == len(weights) - 1 else whole * weight // sum(weights)
        left -= part
        found.append(_part(state, row, part, kept))
    return found


def _part(state: State, row: Row, amount: int, kept: Row) -> Row:
    money = {"currency": row["transactionValue"]["currency"], "minors": amount}
    return state.stamped({**kept, "totalBillValue": money, "transactionValue": money})
