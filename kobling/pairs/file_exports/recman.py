"""RecMan's invoices and credit notes for a file, with their customers as the pair to Unimicro writes them.

Fidelity: assumed recman §3 – the lines' prices are without VAT; vat is the rate
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from kobling.files import Document, Line, Party, Total
from kobling.files.documents import CREDIT_NOTE, INVOICE, line_amount
from kobling.mapping import TableMapping
from kobling.pairs.base import Schemas
from kobling.pairs.file_exports.base import (
    NO_NUMBER,
    OTHER_DEPARTMENT,
    About,
    Fields,
    FileSource,
    Held,
    Nothing,
    Options,
    Rows,
    as_the_pair_writes,
    day_of,
    day_or_none,
    exact_of,
    made,
    text_of,
    told,
)
from kobling.pairs.recman_unimicro.billing import BASE_CURRENCY, plain, signed, total_codec
from kobling.pairs.recman_unimicro.pair import PAIR
from kobling.records import N_, Wrong, exact, minor_digits

_THERE = "Info.InvoiceAddress."
_NET = total_codec({"vat_codes": ""}, with_vat=False)
"""What the pair itself reckons an invoice to come to, since RecMan tells no totals."""


def documents(
    rows: Rows,
    vat_codes: Mapping[str, str],
    departments: frozenset[str],
    options: Options | None = None,
    schemas: Schemas | None = None,
) -> Iterator[Document | Held]:
    """Invoices that have a number, of the departments that have access; the others with why they are not among them."""
    parties = _Parties(rows, PAIR.mappings(PAIR.with_defaults(options or {}), schemas or {})["customers"])
    for invoice_id, invoice in rows["invoice"].items():
        number, department = text_of(invoice.get("number")), text_of(invoice.get("departmentId"))

        def about(invoice: Fields = invoice) -> About:
            return _about(invoice, rows)

        if departments and department not in departments:
            params = {"department": department or "–"}
            reason = N_("It belongs to another department (%(department)s).")
            yield Held(invoice_id, number, reason, params, OTHER_DEPARTMENT, told(about))
        elif not number:
            yield Held(invoice_id, "", N_("It is a draft: it has no number yet."), {}, NO_NUMBER, told(about))
        else:
            yield made(invoice_id, number, lambda: _document(invoice_id, invoice, rows, vat_codes, parties), about)  # noqa: B023


class _Parties:
    """Customers, each worked out once."""

    def __init__(self, rows: Rows, mapping: TableMapping) -> None:
        self._companies = rows["company"]
        self._mapping = mapping
        self._known: dict[str, Party] = {}

    def of(self, company_id: str) -> Party:
        """Raises Wrong for one that is not there, or whose number Unimicro does not take."""
        if company_id not in self._known:
            company = self._companies.get(company_id)
            if company is None:
                raise Wrong(N_("Its customer is not in RecMan any more."))
            self._known[company_id] = self._made(company)
        return self._known[company_id]

    def _made(self, company: Fields) -> Party:
        there = as_the_pair_writes(self._mapping, company, "number")
        return Party(
            number=there["CustomerNumber"],
            name=there.get("Info.Name", ""),
            org_number=there.get("OrgNumber", ""),
            email=there.get("Info.DefaultEmail.EmailAddress", ""),
            phone=there.get("Info.DefaultPhone.Number", ""),
            address1=there.get(f"{_THERE}AddressLine1", ""),
            address2=there.get(f"{_THERE}AddressLine2", ""),
            postal_code=there.get(f"{_THERE}PostalCode", ""),
            city=there.get(f"{_THERE}City", ""),
            country=there.get(f"{_THERE}Country", ""),
            credit_days=there.get("CreditDays", ""),
        )


def _about(invoice: Fields, rows: Rows) -> About:
    company = rows["company"].get(text_of(invoice.get("companyId")), {})
    return About(
        text_of(company.get("name")),
        _net(invoice),
        _currency(invoice),
        day_or_none(invoice.get("date")),
        text_of(invoice.get("departmentId")),
    )


def _net(invoice: Fields) -> Decimal | None:
    """What the pair reckons it to come to without VAT; None where a line is no number."""
    try:
        return exact(_NET.read((invoice.get("lines"), invoice.get("type")), "left", Nothing()))
    except (ValueError, ArithmeticError):
        return None


def _currency(invoice: Fields) -> str:
    return text_of(invoice.get("currency")).upper() or BASE_CURRENCY


def _document(
    invoice_id: str, invoice: Fields, rows: Rows, vat_codes: Mapping[str, str], parties: _Parties
) -> Document:
    kind = text_of(invoice.get("type"))
    if kind not in (INVOICE, CREDIT_NOTE):
        raise Wrong(N_("“%(kind)s” is neither an invoice nor a credit note."), kind=kind)
    party = parties.of(text_of(invoice.get("companyId")))
    project = text_of(rows["project"].get(text_of(invoice.get("projectId")), {}).get("number"))
    department, currency = text_of(invoice.get("departmentId")), _currency(invoice)
    lines = tuple(
        _line(line, quantity, currency, vat_codes, project, department)
        for line, quantity in signed(invoice.get("lines") or (), kind)
    )
    net = _net(invoice)
    return Document(
        kind,
        invoice_id,
        text_of(invoice["number"]),
        day_of(invoice.get("date"), "date"),
        currency,
        lines,
        party,
        due=day_of(invoice["dueDate"], "dueDate") if invoice.get("dueDate") else None,
        kid=text_of(invoice.get("kid")),
        project=project,
        department=department,
        # The pair rounds to hundredths whatever the currency's coin is.
        total=None if net is None else Total(net, with_vat=False, apart=minor_digits(currency) != 2),
    )


def _line(
    line: Fields, quantity: Any, currency: str, vat_codes: Mapping[str, str], project: str, department: str
) -> Line:
    price, amount = exact_of(line.get("price"), "price"), exact_of(quantity, "quantity")
    rate = line.get("vat")
    percent = None if rate in (None, "") else exact_of(rate, "vat")
    return Line(
        text=text_of(line.get("description")) or text_of(line.get("number")),
        quantity=amount,
        price=price,
        amount=line_amount(amount, price, currency=currency),
        product=text_of(line.get("number")),
        vat_percent=percent,
        vat_code="" if percent is None else vat_codes.get(plain(percent), ""),
        project=project,
        department=department,
    )


RECMAN = FileSource("recman", "invoice", ("company", "project"), "recman-uni-assumed", documents, PAIR.name)
