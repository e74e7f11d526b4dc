"""The old API, of which two things are not found in the new one: the wallet's balance, and receipts by themselves.

Fidelity: known pleo §9 – /companies/balance, /expenses by page, /expenses/{id}/receipts; a Bearer token of its own
Fidelity: assumed pleo §9 – an answer's shape where only the path is known; keys of the new API open it too
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from kobling_simulators.pleo.company import ZERO_DECIMAL, Company, Row
from kobling_simulators.pleo.errors import ApiError, bad_parameter, not_found
from kobling_simulators.pleo.files import LIFE, shown_file
from kobling_simulators.wire import Call, Reply, json_reply

PREFIX = "/legacy/v1"
_RECEIPTS = re.compile(r"/expenses/([0-9a-f-]{36})/receipts")
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


def legacy(call: Call, company: Company, now: float) -> Reply:
    """The answer of the old API for one company. Raises ApiError."""
    path = call.path.removeprefix(PREFIX).rstrip("/")
    if call.method != "GET":
        raise ApiError(405, "METHOD_NOT_ALLOWED")
    if path == "/companies/balance":
        return json_reply({"balance": _money(company.currency, company.balance)})
    if path == "/expenses":
        return json_reply(_expenses(call, company))
    match = _RECEIPTS.fullmatch(path)
    if match is None or match[1] not in company.entries:
        raise not_found(call.path)
    base = f"http://{call.headers.get('Host', 'localhost')}"
    receipts = [company.receipts[each] for each in company.entries[match[1]]["receiptIds"]]
    until = int(now) + LIFE
    return json_reply({"receipts": [{"id": row["id"], **shown_file(base, company.id, row, until)} for row in receipts]})


def _expenses(call: Call, company: Company) -> Row:
    """Fidelity: assumed pleo §9 – pages by pageOffset; dates are days, both included."""
    size, offset = _number(call, "pageSize", 100), _number(call, "pageOffset", 0)
    first, last = call.query.get("dateFrom", ""), call.query.get("dateTo", "")
    rows = [row for _, row in company.entries.ordered("performedAt", "ASC").rows(None, False)]
    rows = [row for row in rows if first <= row["performedAt"][:10] <= (last or "9")]
    more = offset + size < len(rows)
    told = {"pageSize": size, "totalCount": len(rows), "nextPageOffset": offset + size if more else None}
    expenses = [_expense(row) for row in rows[offset : offset + size]]
    return {"expenses": expenses, "metadata": {"pageInfo": told}}


def _expense(row: Row) -> Row:
    kept = ("id", "performedAt", "employeeId", "accountId", "taxCodeId", "receiptIds", "note")
    bill, wallet = row["transactionValue"], row["transactionWalletValue"]
    return {
        **{name: row[name] for name in (*kept, "createdAt", "updatedAt", "deletedAt")},
        "amountOriginal": _money(bill["currency"], bill["minors"]),
        "amountSettled": _money(wallet["currency"], wallet["minors"]),
        "type": _TYPES.get(row["family"], "MANUAL"),
        "status": row["exportStatus"] if row["exportStatus"] not in ("CREATED", "NOT_CREATED") else "NOT_EXPORTED",
        "tagIds": [{"id": tag["tagId"], "tagGroupId": tag["tagGroupId"]} for tag in row["tags"]],
        "departmentId": row["teamId"],
        "settledExpenseIds": row["_settles"],
    }


def _money(currency: str, minors: int) -> dict[str, Any]:
    return {"value": Decimal(minors) if currency in ZERO_DECIMAL else Decimal(minors) / 100, "currency": currency}


def _number(call: Call, name: str, usual: int) -> int:
    text = call.query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise bad_parameter(f"{name} must be a whole number.")
    return int(text)
