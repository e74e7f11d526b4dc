"""Expenses and receipts as the old API tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from kobling_simulators.pleo.company import ZERO_DECIMAL, Company, Row
from kobling_simulators.pleo.envelope import instant
from kobling_simulators.pleo.errors import bad_parameter
from kobling_simulators.pleo.files import LIFE, shown_file
from kobling_simulators.wire import Call

_TYPES = {
    "CARD_PURCHASE": "CARD",
    "OUT_OF_POCKET": "MANUAL",
    "MILEAGE": "MANUAL",
    "PER_DIEM": "MANUAL",
    "REIMBURSEMENT": "MANUAL_TRANSFER",
    "BILL_INVOICE": "BILL_INVOICE",
    "PLEO_INVOICE": "PLEO_INVOICE",
    "WALLET": "LOAD",
}
_AS_KEPT = ("id", "performedAt", "employeeId", "accountId", "taxCodeId", "receiptIds", "note")


def money(currency: str, minors: int) -> dict[str, Any]:
    """An amount in whole units of its currency."""
    return {"value": Decimal(minors) if currency in ZERO_DECIMAL else Decimal(minors) / 100, "currency": currency}


def performed_between(company: Company, first: str, last: str) -> list[Row]:
    """Expenses by when they were made.

    Fidelity: inferred pleo §9 – dateFrom and dateTo are days or instants (clients send both); assumed – both included
    """
    least, most = _edge(first, "T00:00:00"), _edge(last, "T23:59:59.999")
    rows = (row for _, row in company.entries.ordered("performedAt", "ASC").rows(None, False))
    return [row for row in rows if least <= row["performedAt"] <= (most or "~")]


def _edge(text: str, rest_of_day: str) -> str:
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text + rest_of_day if len(text) == 10 else text.replace(" ", "+"))
        return instant(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise bad_parameter(f"{text} is no date.") from None


def expense(company: Company, row: Row) -> Row:
    """One expense.

    Fidelity: known pleo §9 – the fields of an expense, its lines, its card transaction
    Fidelity: assumed pleo §9 – without a card cardTransaction is null; a refund has the state REFUND
    """
    bill, wallet = row["transactionValue"], row["transactionWalletValue"]
    employee = company.employees.get(row["employeeId"] or "")
    supplier = row["supplier"]
    exported = row["exportStatus"] not in ("CREATED", "NOT_CREATED")
    return {
        **{name: row[name] for name in (*_AS_KEPT, "createdAt", "updatedAt", "deletedAt")},
        "amountOriginal": money(bill["currency"], bill["minors"]),
        "amountSettled": money(wallet["currency"], wallet["minors"]),
        "type": _TYPES.get(row["family"], "MANUAL"),
        "status": row["exportStatus"] if exported else "NOT_EXPORTED",
        "lines": _lines(company, row),
        "cardTransaction": _card(row) if row["family"] == "CARD_PURCHASE" else None,
        "employeeCode": employee["code"] if employee else None,
        "tagIds": _tag_ids(row),
        "departmentId": row["teamId"],
        "settledExpenseIds": row["_settles"],
        "supplier": {"CIF": supplier["cif"], "documentNumber": supplier["documentNumber"]} if supplier else None,
    }


def _tag_ids(part: Row) -> list[Row]:
    return [{"id": tag["tagId"], "tagGroupId": tag["tagGroupId"]} for tag in part["tags"]]


def _lines(company: Company, row: Row) -> list[Row]:
    """The lines in the wallet's currency, the last taking what rounding leaves."""
    wallet, whole = row["transactionWalletValue"], row["transactionValue"]["minors"]
    parts, left, lines = row["splitItems"] or [row], wallet["minors"], []
    for at, part in enumerate(parts):
        share = left if at == len(parts) - 1 else _share(part["transactionValue"]["minors"], whole, wallet["minors"])
        left -= share
        settled = money(wallet["currency"], share)
        told = {name: part[name] for name in ("accountId", "taxCodeId")}
        lines.append({"amountSettled": settled, **told, "tagIds": _tag_ids(part)})
    return lines


def _share(part: int, whole: int, of: int) -> int:
    return round(Decimal(part) * of / whole) if whole else 0


def _card(row: Row) -> Row:
    state = "PRESENTMENT" if row["settledAt"] else "AUTHORIZATION"
    if row["settledAt"] and row["transactionValue"]["minors"] < 0:
        state = "REFUND"
    merchant = {"id": row["_merchant"]["code"], "name": row["_merchant"]["name"]}
    times = {"authorizedAt": row["performedAt"], "settledAt": row["settledAt"], "reversedAt": None}
    return {"state": state, "merchant": merchant, **times}


def receipts_of(call: Call, company: Company, row: Row, now: float) -> list[Row]:
    """The receipts of an expense, with links that live for a day."""
    base, until = f"http://{call.headers.get('Host', 'localhost')}", int(now) + LIFE
    found = [company.receipts[each] for each in row["receiptIds"]]
    return [{"id": each["id"], **shown_file(base, company.id, each, until)} for each in found]
