"""Orders and invoices of the fictional world."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from kobling_simulators.business_central.ledger import Debt, Entry, Ledger, Voucher
from kobling_simulators.business_central.shelf import Row, plain
from kobling_simulators.business_central.table import Company
from kobling_simulators.business_central.values import money
from kobling_simulators.world.goods import Sale, sales


def seed_documents(company: Company, customers: list[Row], items: list[Row], seed: int, today: date) -> None:
    """Orders, drafts and posted invoices with payments, through the same code as the API."""
    for sale in sales(seed, len(customers), len(items), today, "right"):
        customer = customers[sale.customer]
        if customer.values.get("blocked") or not items:
            continue
        name = "salesOrders" if sale.number % 5 == 3 else "salesInvoices"
        table = company.table(name)
        row = table.create(_body(sale, name, customer, items))
        if name == "salesInvoices" and sale.booked:
            table.act(row, "post")
            if sale.paid:
                _pay(company, row, customer, sale)
        company.journal.commit()


def _body(sale: Sale, name: str, customer: Row, items: list[Row]) -> dict[str, Any]:
    day = "orderDate" if name == "salesOrders" else "invoiceDate"
    lines: list[dict[str, Any]] = [
        {
            "itemId": items[sold.good % len(items)].id,
            "quantity": sold.quantity,
            "unitPrice": sold.price,
            "discountPercent": sold.discount,
        }
        for sold in sale.lines
    ]
    if sale.number % 3 == 0:
        lines.append({"lineType": "Comment", "description": sale.lines[0].text or "Tak for ordren – æøå"})
    return {
        "customerId": customer.id,
        day: sale.day.isoformat(),
        "postingDate": sale.day.isoformat(),
        "externalDocumentNumber": f"REKV-{sale.number:05d}",
        f"{name.removesuffix('s')}Lines": lines,
    }


def _pay(company: Company, row: Row, customer: Row, sale: Sale) -> None:
    """The customer's payment, all of it or half."""
    ledger = Ledger(company)
    (owed,) = ledger.entries_of("customerLedgerEntries", row.id)
    share = Decimal(sale.paid)
    local, foreign = money(owed.values["remaining"] * share), money(owed.values["openInCurrency"] * share)
    voucher = Voucher(sale.day.isoformat(), company.next_number("journalDocuments"), "Payment")
    text = f"Indbetaling {row.values['number']}"
    posting = company.setup["posting"]
    bank, due = posting["bank"], posting["receivables"]
    ledger.post(voucher, [Entry(bank, local, text, by_hand=False), Entry(due, plain(-local), text, by_hand=False)])
    debt = Debt(customer, plain(-local), plain(-foreign), sale.day.isoformat())
    ledger.settle("customerLedgerEntries", owed, ledger.owe("customerLedgerEntries", voucher, debt))
    paid = not owed.values["remaining"]
    company.table("salesInvoices").put(row, status="Paid" if paid else "Open")
