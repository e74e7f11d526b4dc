"""Simply CRM's invoices for a file, with their organisations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from kobling.files import Document, Line, Party
from kobling.files.documents import INVOICE, line_amount
from kobling.pairs.file_exports.base import Fields, FileSource, Held, Rows, day_of, exact_of, made, text_of
from kobling.pairs.recman_unimicro.billing import plain
from kobling.pairs.simply_crm_dinero.lines import crm_lines
from kobling.records import N_, KoblingError, Wrong

_NOT_SENT = frozenset({"Cancel", "Credit Invoice", "Created", "AutoCreated"})
_LINES = crm_lines("", Decimal(0))
_HEADER = ("hdnDiscountPercent", "hdnDiscountAmount", "txtAdjustment", "hdnS_H_Amount")
_NAMES = {"Products": ("productname", "productcode"), "Services": ("servicename", "service_no")}


class _Products:
    """Names products of lines by their own ids, since nothing is coupled for a file."""

    current: Mapping[str, Any] | None = None
    permitted: frozenset[str] = frozenset()

    def coupling(self, _mapping: str, _side: str, external_id: str) -> str | None:
        return external_id

    def external_id(self, _mapping: str, _side: str, coupling: str) -> str | None:
        return coupling

    def field(self, _side: str, _resource: str, _external_id: str, _path: str) -> Any:
        return None

    def find(self, _side: str, _resource: str, _path: str, _value: Any) -> str | None:
        return None


def documents(rows: Rows, vat_codes: Mapping[str, str], _departments: frozenset[str]) -> Iterator[Document | Held]:
    """Invoices that were approved, sent or paid."""
    for invoice_id, invoice in rows["Invoice"].items():
        if text_of(invoice.get("invoicestatus")) in _NOT_SENT:
            continue
        number = text_of(invoice.get("invoice_no"))
        yield made(invoice_id, number, lambda: _document(invoice_id, invoice, rows, vat_codes))  # noqa: B023


def _document(invoice_id: str, invoice: Fields, rows: Rows, vat_codes: Mapping[str, str]) -> Document:
    organisation = rows["Accounts"].get(text_of(invoice.get("account_id")), {})
    currency = rows["Currency"].get(text_of(invoice.get("currency_id")), {})
    if not currency.get("currency_code"):
        raise Wrong(N_("The invoice names no currency."))
    return Document(
        INVOICE,
        invoice_id,
        text_of(invoice.get("invoice_no")),
        day_of(invoice.get("invoicedate"), "invoicedate"),
        text_of(currency["currency_code"]),
        tuple(_line(each, rows, vat_codes) for each in _agreed(invoice)),
        _party(organisation, invoice),
        due=day_of(invoice["duedate"], "duedate") if invoice.get("duedate") else None,
        your_reference=text_of(invoice.get("customerno")),
    )


def _agreed(invoice: Fields) -> list[dict[str, Any]]:
    values = (invoice.get("LineItems"), invoice.get("productid"), *(invoice.get(name) for name in _HEADER))
    try:
        found: list[dict[str, Any]] = _LINES.read(values, "left", _Products())
    except (ValueError, ArithmeticError, KoblingError) as wrong:
        raise Wrong(N_("Its lines cannot be carried exactly: %(what)s."), what=str(wrong)) from None
    return found


def _line(told: Mapping[str, Any], rows: Rows, vat_codes: Mapping[str, str]) -> Line:
    quantity, price, discount = (exact_of(told[name], name) for name in ("quantity", "price", "discount"))
    product_id = text_of(told.get("product")).partition(":")[2]
    name, code = _named(product_id, rows)
    percent = exact_of(told.get("vat"), "vat")
    text = " – ".join(each for each in (name, text_of(told.get("comment"))) if each)
    return Line(
        text=text or code or N_("Invoice line"),
        quantity=quantity,
        price=price,
        amount=line_amount(quantity, price, discount),
        product=code,
        discount=discount,
        vat_percent=percent,
        vat_code=vat_codes.get(plain(percent), ""),
    )


def _named(product_id: str, rows: Rows) -> tuple[str, str]:
    for resource, (name, code) in _NAMES.items():
        found = rows[resource].get(product_id)
        if found is not None:
            return text_of(found.get(name)), text_of(found.get(code))
    return "", ""


def _party(organisation: Fields, invoice: Fields) -> Party:
    return Party(
        number=text_of(organisation.get("account_no")),
        name=text_of(organisation.get("accountname")),
        email=text_of(organisation.get("email1")),
        phone=text_of(organisation.get("phone")),
        address1=text_of(invoice.get("bill_street") or organisation.get("bill_street")),
        postal_code=text_of(invoice.get("bill_code") or organisation.get("bill_code")),
        city=text_of(invoice.get("bill_city") or organisation.get("bill_city")),
        country=text_of(invoice.get("bill_country") or organisation.get("bill_country")),
    )


SIMPLY_CRM = FileSource(
    "simply_crm", "Invoice", ("Accounts", "Currency", "Products", "Services"), "spreadsheet-da", documents
)
