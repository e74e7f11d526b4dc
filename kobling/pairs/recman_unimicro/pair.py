"""RecMan → Unimicro: customers, projects and invoices, each invoice once; products are matched by number alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import (
    Condition,
    DeletionPolicy,
    Direction,
    End,
    Evidence,
    FieldMapping,
    MatchRule,
    Side,
    TableMapping,
    end,
)
from kobling.mapping.codecs import DAY, TEXT, constant
from kobling.mapping.references import numeric, reference, soft_reference
from kobling.pairs.base import CSV, FULL, PairType, Schemas
from kobling.pairs.recman_unimicro import billing
from kobling.pairs.recman_unimicro.options import ISSUED, OPTIONS
from kobling.pairs.recman_unimicro.parties import customers, of_departments, projects
from kobling.pairs.recman_unimicro.set_up import STEPS
from kobling.pairs.shaping import shape_all
from kobling.records import N_


def mappings(options: Mapping[str, Any], schemas: Schemas) -> Mapping[str, TableMapping]:
    """Customers first, then projects, then invoices."""
    tables = [customers(options), *([projects(options)] if options["projects"] != "leave" else []), invoices(options)]
    return shape_all(tables, options, schemas)


def invoices(options: Mapping[str, Any]) -> TableMapping:
    """Invoices and credit notes that have a number: made once, never changed. ``invoices_from`` keeps history out."""
    since = options["invoices_from"]
    new = (Condition("date", "at_least", since),) if since else ()
    return TableMapping(
        name="invoices",
        label=N_("Invoices"),
        left="invoice",
        right="invoices",
        fields=(*_heading(options), *_proofs(options), *_issuing(options)),
        match=tuple(MatchRule((key,), Evidence.AGREEING, _AGREES) for key in ("reference", "invoice_number", "kid")),
        direction=Direction.TO_RIGHT,
        leading=Side.LEFT,
        deletion=DeletionPolicy.ASK,
        create_left=False,
        left_filter=(Condition("number", "filled"), *of_departments(options), *new),
        depends_on=("customers", "projects"),
        postings=billing.postings,
        title_key="number",
    )


def _heading(options: Mapping[str, Any]) -> list[FieldMapping]:
    lines = FieldMapping(
        "lines",
        end(*billing.SOURCES, codec=billing.lines_codec(options)),
        end(*billing.TARGETS, codec=billing.ITEMS),
        frozen=True,
        needed=True,
        label=N_("Lines"),
    )
    return [*_WHO_AND_WHAT, *_WHEN, lines]


_AGREES = ("customer", "kind", "currency", "net")
"""What must be the same beside a number, for it to be the same invoice."""


def _noted(at: int) -> End:
    return end("InternalNote", codec=billing.noted(at))


_WHO_AND_WHAT = (
    FieldMapping(
        "customer",
        end("companyId", codec=reference("customers")),
        end("CustomerID", codec=numeric(reference("customers"))),
        frozen=True,
        needed=True,
        label=N_("Customer"),
    ),
    FieldMapping("reference", end("invoiceId"), end("ExternalReference"), frozen=True, needed=True),
    FieldMapping(
        "number",
        end("number", "kid", codec=billing.note_codec()),
        end("InternalNote", codec=billing.NOTE),
        frozen=True,
        label=N_("Number"),
        check=billing.check_note,
    ),
    FieldMapping("invoice_number", end("number", codec=billing.as_typed()), _noted(0), frozen=True, label=N_("Number")),
    FieldMapping("kid", end("kid", codec=billing.as_typed()), _noted(1), frozen=True, label=N_("Payment reference")),
    FieldMapping(
        "kind",
        end("type", codec=billing.KIND),
        end("InvoiceType", codec=billing.INVOICE_TYPE),
        frozen=True,
        needed=True,
        label=N_("Kind"),
    ),
    FieldMapping(
        "project",
        end("projectId", codec=soft_reference("projects")),
        end("DefaultDimensions.ProjectID", codec=numeric(soft_reference("projects"))),
        frozen=True,
        label=N_("Project"),
    ),
)
_WHEN = (
    FieldMapping("date", end("date", codec=DAY), end("InvoiceDate", codec=DAY), frozen=True, label=N_("Date")),
    FieldMapping("due", end("dueDate", codec=DAY), end("PaymentDueDate", codec=DAY), frozen=True, label=N_("Due date")),
)


def _proofs(options: Mapping[str, Any]) -> list[FieldMapping]:
    """What is read back: the sum without VAT to the øre; with VAT as far as two ways of rounding VAT may differ."""
    currency = end("currency", codec=billing.CURRENCY), end("CurrencyCodeID", codec=billing.CURRENCY_THERE)
    net, gross = (billing.total_codec(options, with_vat=each) for each in (False, True))
    return [
        FieldMapping("currency", *currency, proof=True, label=N_("Currency")),
        FieldMapping(
            "net",
            end("lines", "type", codec=net),
            end("TaxExclusiveAmountCurrency", codec=billing.AMOUNT),
            proof=True,
            label=N_("Total excluding VAT"),
        ),
        FieldMapping(
            "gross",
            end("lines", "type", codec=gross),
            end("TaxInclusiveAmountCurrency", codec=billing.AMOUNT),
            proof=True,
            by_line=True,
            label=N_("Total including VAT"),
        ),
    ]


def _issuing(options: Mapping[str, Any]) -> list[FieldMapping]:
    """Only by choice, and only after the totals were compared."""
    if options["invoices_as"] != ISSUED:
        return []
    return [
        FieldMapping(
            "state",
            end("invoiceId", codec=constant(ISSUED)),
            end("state", codec=TEXT),
            Direction.TO_RIGHT,
            clear=False,
            after_proof=True,
            label=N_("State"),
        )
    ]


PAIR = PairType(
    name="recman-unimicro",
    title="RecMan → Unimicro",
    left="recman",
    right="unimicro",
    mappings=mappings,
    options=OPTIONS,
    right_references=("products", "vatTypes", "currencyCodes"),
    set_up=STEPS,
    about=N_(
        "Customers, projects, invoices and credit notes go from RecMan to Unimicro by themselves, or as a file. "
        "Products need nothing but their number. A Unimicro account is needed."
    ),
    modes=(FULL, CSV),
    departments="department",
)
