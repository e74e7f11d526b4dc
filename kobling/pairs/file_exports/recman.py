"""RecMan's invoices and credit notes for a file, with their customers.

Fidelity: assumed recman §3 – the lines' prices are without VAT; vat is the rate
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kobling.files import Document, Line, Party
from kobling.files.documents import CREDIT_NOTE, INVOICE, line_amount
from kobling.pairs.file_exports.base import Fields, FileSource, Held, Rows, day_of, exact_of, made, text_of
from kobling.pairs.recman_unimicro.billing import BASE_CURRENCY, plain, signed
from kobling.records import N_, Wrong

_ADDRESSES = ("invoiceAddress", "postAddress", "visitAddress")
_PARTS = ("address1", "address2", "postalCode", "city", "country")


def documents(rows: Rows, vat_codes: Mapping[str, str], departments: frozenset[str]) -> Iterator[Document | Held]:
    """Invoices that have a number, of the departments that have access."""
    for invoice_id, invoice in rows["invoice"].items():
        if not invoice.get("number") or (departments and text_of(invoice.get("departmentId")) not in departments):
            continue
        number = text_of(invoice["number"])
        yield made(invoice_id, number, lambda: _document(invoice_id, invoice, rows, vat_codes))  # noqa: B023


def _document(invoice_id: str, invoice: Fields, rows: Rows, vat_codes: Mapping[str, str]) -> Document:
    kind = text_of(invoice.get("type"))
    if kind not in (INVOICE, CREDIT_NOTE):
        raise Wrong(N_("“%(kind)s” is neither an invoice nor a credit note."), kind=kind)
    company = rows["company"].get(text_of(invoice.get("companyId")))
    if company is None:
        raise Wrong(N_("Its customer is not in RecMan any more."))
    project = text_of(rows["project"].get(text_of(invoice.get("projectId")), {}).get("number"))
    department = text_of(invoice.get("departmentId"))
    lines = tuple(
        _line(line, quantity, vat_codes, project, department)
        for line, quantity in signed(invoice.get("lines") or (), kind)
    )
    return Document(
        kind,
        invoice_id,
        text_of(invoice["number"]),
        day_of(invoice.get("date"), "date"),
        text_of(invoice.get("currency")) or BASE_CURRENCY,
        lines,
        _party(company),
        due=day_of(invoice["dueDate"], "dueDate") if invoice.get("dueDate") else None,
        kid=text_of(invoice.get("kid")),
        project=project,
        department=department,
    )


def _line(line: Fields, quantity: Any, vat_codes: Mapping[str, str], project: str, department: str) -> Line:
    price, amount = exact_of(line.get("price"), "price"), exact_of(quantity, "quantity")
    rate = line.get("vat")
    percent = None if rate in (None, "") else exact_of(rate, "vat")
    return Line(
        text=text_of(line.get("description")) or text_of(line.get("number")),
        quantity=amount,
        price=price,
        amount=line_amount(amount, price),
        product=text_of(line.get("number")),
        vat_percent=percent,
        vat_code="" if percent is None else vat_codes.get(plain(percent), ""),
        project=project,
        department=department,
    )


def _party(company: Fields) -> Party:
    place = next((each for each in _ADDRESSES if any(company.get(f"{each}.{part}") for part in _PARTS)), "")
    told = {part: text_of(company.get(f"{place}.{part}")) for part in _PARTS}
    return Party(
        number=text_of(company.get("companyNumber")),
        name=text_of(company.get("name")),
        org_number=text_of(company.get("countryRegNumber")),
        email=text_of(company.get("invoiceEmail")) or text_of(company.get("email")),
        phone=text_of(company.get("phone")),
        address1=told["address1"],
        address2=told["address2"],
        postal_code=told["postalCode"],
        city=told["city"],
        country=told["country"],
        credit_days=text_of(company.get("creditTime")),
    )


RECMAN = FileSource("recman", "invoice", ("company", "project"), "recman-uni-assumed", documents)
