"""Simply CRM's invoices for a file, made out to whom the pair to Dinero makes them out.

Fidelity: known simply_crm_invoices §4 – hdnGrandTotal is with VAT and rounded otherwise than line by line
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
    CANCELLED,
    NOT_APPROVED,
    About,
    Fields,
    FileSource,
    Held,
    Nothing,
    Options,
    Rows,
    amount_or_none,
    as_the_pair_writes,
    day_of,
    day_or_none,
    exact_of,
    made,
    text_of,
    told,
)
from kobling.pairs.recman_unimicro.billing import plain
from kobling.pairs.simply_crm_dinero.documents import CREDIT
from kobling.pairs.simply_crm_dinero.lines import CRM_HEADER, crm_lines
from kobling.pairs.simply_crm_dinero.pair import PAIR
from kobling.records import N_, KoblingError, Wrong

_NOT_SENT = {
    "Cancel": (CANCELLED, N_("It is cancelled in the CRM.")),
    "Created": (NOT_APPROVED, N_("It is not approved in the CRM yet.")),
    "AutoCreated": (NOT_APPROVED, N_("It is not approved in the CRM yet.")),
}
_LINES = {kind: crm_lines("", Decimal(0), credit=kind == CREDIT_NOTE) for kind in (INVOICE, CREDIT_NOTE)}
_NAMES = {"Products": ("productname", "productcode"), "Services": ("servicename", "service_no")}
_CUSTOMERS = (("account_id", "Accounts", "organisations"), ("contact_id", "Contacts", "contacts"))
"""Field of the invoice, resource, table of the pair."""
_ADDRESS = ("street", "code", "city", "country")


class _Products(Nothing):
    """Names products of lines by their own ids; one that is gone is left out."""

    def __init__(self, rows: Rows) -> None:
        self._there = frozenset(each for resource in _NAMES for each in rows[resource])

    def coupling(self, _mapping: str, _side: str, external_id: str) -> str | None:
        return external_id if external_id in self._there else None

    def external_id(self, _mapping: str, _side: str, coupling: str) -> str | None:
        return coupling

    def left_out(self, _mapping: str, _side: str, external_id: str) -> bool:
        return external_id not in self._there


def documents(
    rows: Rows,
    vat_codes: Mapping[str, str],
    _departments: frozenset[str],
    options: Options | None = None,
    schemas: Schemas | None = None,
) -> Iterator[Document | Held]:
    """Invoices that were approved, sent or paid; the others with why they are not among them."""
    parties, products = _Parties(rows, PAIR.with_defaults(options or {}), schemas or {}), _Products(rows)
    for invoice_id, invoice in rows["Invoice"].items():
        number = text_of(invoice.get("invoice_no"))

        def about(invoice: Fields = invoice) -> About:
            return _about(invoice, rows, parties)

        def lines(invoice: Fields) -> tuple[Line, ...]:
            currency = _currency(invoice, rows)
            return tuple(_line(each, currency, rows, vat_codes) for each in _agreed(invoice, products))

        if left := _NOT_SENT.get(text_of(invoice.get("invoicestatus"))):
            yield Held(invoice_id, number, left[1], {}, left[0], told(about))
        else:
            yield made(invoice_id, number, lambda: _document(invoice_id, invoice, lines(invoice), rows, parties), about)  # noqa: B023


def _kind(invoice: Fields) -> str:
    """A credit invoice is a document of its own, whichever sign its amounts have, as for the pair."""
    return CREDIT_NOTE if text_of(invoice.get("invoicestatus")) == CREDIT else INVOICE


class _Parties:
    """Whom invoices are made out to, by the pair's own rules; each worked out once."""

    def __init__(self, rows: Rows, options: Mapping[str, Any], schemas: Schemas) -> None:
        self._rows = rows
        self._mappings: Mapping[str, TableMapping] = PAIR.mappings(options, schemas)
        self._order = _CUSTOMERS[::-1] if options["priority"] == "contacts" else _CUSTOMERS
        self._known: dict[tuple[str, str], dict[str, str]] = {}

    def of(self, invoice: Fields) -> Party:
        for field, resource, table in self._order:
            record_id = text_of(invoice.get(field))
            record = self._rows.get(resource, {}).get(record_id)
            if record is not None:
                if (table, record_id) not in self._known:
                    self._known[table, record_id] = as_the_pair_writes(self._mappings[table], record)
                return _party(self._known[table, record_id], invoice, record)
        return _party({}, invoice, {})


def _about(invoice: Fields, rows: Rows, parties: _Parties) -> About:
    return About(
        parties.of(invoice).name,
        amount_or_none(invoice.get("pre_tax_total")),
        _currency(invoice, rows),
        day_or_none(invoice.get("invoicedate")),
    )


def _currency(invoice: Fields, rows: Rows) -> str:
    return text_of(rows["Currency"].get(text_of(invoice.get("currency_id")), {}).get("currency_code"))


def _document(invoice_id: str, invoice: Fields, lines: tuple[Line, ...], rows: Rows, parties: _Parties) -> Document:
    if not _currency(invoice, rows):
        raise Wrong(N_("The invoice names no currency."))
    return Document(
        _kind(invoice),
        invoice_id,
        text_of(invoice.get("invoice_no")),
        day_of(invoice.get("invoicedate"), "invoicedate"),
        _currency(invoice, rows),
        lines,
        parties.of(invoice),
        due=day_of(invoice["duedate"], "duedate") if invoice.get("duedate") else None,
        your_reference=text_of(invoice.get("customerno")),
        total=_total(invoice),
    )


def _total(invoice: Fields) -> Total | None:
    """With VAT; what is credited is less than nothing, though the CRM may show it either way."""
    told = invoice.get("hdnGrandTotal")
    if told in (None, ""):
        return None
    amount = exact_of(told, "hdnGrandTotal")
    return Total(-abs(amount) if _kind(invoice) == CREDIT_NOTE else amount, apart=True)


def _agreed(invoice: Fields, products: _Products) -> list[dict[str, Any]]:
    """Lines as the pair reads them; quantities of a credit note are negative."""
    values = (invoice.get("LineItems"), invoice.get("productid"), *(invoice.get(name) for name in CRM_HEADER))
    kind = _kind(invoice)
    try:
        found: list[dict[str, Any]] = _LINES[kind].read(values, "left", products)
    except (ValueError, ArithmeticError, KoblingError) as wrong:
        raise Wrong(N_("Its lines cannot be carried exactly: %(what)s."), what=str(wrong)) from None
    sign = -1 if kind == CREDIT_NOTE else 1
    return [{**each, "quantity": exact_of(each["quantity"], "quantity") * sign} for each in found]


def _line(line: Mapping[str, Any], currency: str, rows: Rows, vat_codes: Mapping[str, str]) -> Line:
    quantity, price, discount = (exact_of(line[name], name) for name in ("quantity", "price", "discount"))
    product_id = text_of(line.get("product")).partition(":")[2]
    name, code = _named(product_id, rows)
    percent = exact_of(line.get("vat"), "vat")
    told = (name or text_of(line.get("text")), text_of(line.get("comment")))
    text = " – ".join(each for each in told if each)
    return Line(
        text=text or code or N_("Invoice line"),
        quantity=quantity,
        price=price,
        amount=line_amount(quantity, price, discount, currency),
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


def _party(there: Mapping[str, str], invoice: Fields, record: Fields) -> Party:
    """Name and numbers as the pair writes them; the address that the invoice itself has, else the customer's own."""
    has_own = any(invoice.get(f"bill_{part}") for part in _ADDRESS)
    place = {part: invoice.get(f"bill_{part}") if has_own else _of(record, part) for part in _ADDRESS}
    return Party(
        number=there.get("ExternalReference", ""),
        name=there.get("Name", ""),
        org_number=there.get("VatNumber", ""),
        email=there.get("Email", ""),
        phone=there.get("Phone", ""),
        address1=text_of(place["street"]),
        postal_code=text_of(place["code"]),
        city=text_of(place["city"]),
        country=text_of(place["country"]),
    )


def _of(record: Fields, part: str) -> Any:
    """A part of an organisation's address, or of a person's."""
    return record.get(f"bill_{part}") or record.get("mailingzip" if part == "code" else f"mailing{part}")


def _more(options: Options) -> tuple[str, ...]:
    return ("Contacts",) if options.get("priority") == "contacts" else ()


SIMPLY_CRM = FileSource(
    "simply_crm",
    "Invoice",
    ("Accounts", "Currency", "Products", "Services"),
    "spreadsheet-da",
    documents,
    PAIR.name,
    _more,
)
