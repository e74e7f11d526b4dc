"""Pleo → Business Central: expenses become vouchers in a general journal; Pleo's choices come from the books."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import (
    Condition,
    DeletionPolicy,
    Direction,
    Evidence,
    FieldMapping,
    MatchRule,
    Side,
    TableMapping,
    end,
)
from kobling.mapping.codecs import TEXT, constant
from kobling.pairs.base import PairType, Schemas
from kobling.pairs.pleo_business_central import booking, catalogue, checks, ledger
from kobling.pairs.pleo_business_central.options import OPTIONS, POSTED
from kobling.pairs.pleo_business_central.set_up import STEPS
from kobling.pairs.shaping import shape_all
from kobling.records import N_

_REPORTS = {
    "account": "account_unknown",
    "tags": "tag_unknown",
    "tax": "tax_code_unknown",
    "receipt": "receipt_upload_failure",
    "nothing": "validation_failure",
    "dimensions": "tag_unknown",
    "files": "receipt_upload_failure",
    "date": "validation_failure",
    "lines": "validation_failure",
}


def mappings(options: Mapping[str, Any], schemas: Schemas) -> Mapping[str, TableMapping]:
    """Accounts, dimensions, tax codes and vendors first, then expenses."""
    tables = [
        catalogue.accounts(options),
        catalogue.dimensions(options),
        catalogue.dimension_values(options),
        catalogue.tax_codes(options),
        catalogue.vendors(options),
        expenses(options),
    ]
    return shape_all(tables, options, schemas)


def expenses(options: Mapping[str, Any]) -> TableMapping:
    """Export items → vouchers: one for each expense, a line for each part of it, made once and never changed."""
    return TableMapping(
        name="expenses",
        label=N_("Expenses"),
        left="expenses",
        right="vouchers",
        fields=(*_voucher(options), *_checks(options), *_proofs(), *_LEDGER, *_posting(options)),
        match=(MatchRule(("number", "external"), Evidence.AGREEING, ("date", "total")),),
        direction=Direction.TO_RIGHT,
        leading=Side.LEFT,
        deletion=DeletionPolicy.ASK,
        create_left=False,
        thaws=(Condition("status", "equals", "draft"), Condition("own_journal", "equals", True)),
        right_constants={"own_journal": True} if options["posting"] == POSTED else {},
        reports=_REPORTS,
        permits={"send": ("missing_receipts", "send"), "next_open": ("locked_period", "next_open")},
        ready=checks.contra_accounts(options),
        postings=ledger.postings(options),
        depends_on=("accounts", "dimension_values", "tax_codes"),
        title_key="number",
    )


def _voucher(options: Mapping[str, Any]) -> list[FieldMapping]:
    sources = (*booking.LINE_SOURCES, *booking.MORE_SOURCES)
    return [
        FieldMapping(
            "number",
            end("reference", codec=booking.number_codec()),
            end("documentNumber"),
            frozen=True,
            label=N_("Document number"),
        ),
        FieldMapping(
            "external",
            end("reference", codec=booking.EXTERNAL),
            end("externalDocumentNumber"),
            frozen=True,
            label=N_("External document number"),
        ),
        FieldMapping(
            "date", end("date", codec=booking.day_codec(options)), end("postingDate"), frozen=True, label=N_("Date")
        ),
        FieldMapping(
            "lines",
            end(*sources, codec=booking.lines_codec(options)),
            end("lines", codec=booking.VOUCHER_LINES),
            frozen=True,
            needed=True,
            label=N_("Lines"),
        ),
        FieldMapping(
            "files",
            end("files", codec=booking.files_codec()),
            end("files", codec=booking.files_codec()),
            frozen=True,
            label=N_("Receipts"),
        ),
    ]


def _checks(options: Mapping[str, Any]) -> list[FieldMapping]:
    """Read on the one side only: they carry nothing, they hold an expense back."""
    found = {
        "account": checks.account_check(options),
        "tags": checks.checking("tag_check", checks.tag_check),
        "tax": checks.checking("tax_check", checks.tax_check),
    }
    if options["needed_dimensions"]:
        found["dimensions"] = checks.dimension_check(options)
    if options["posting"] == POSTED:
        found["nothing"] = checks.checking("nothing_check", checks.nothing_check)
    if options["missing_receipts"] == "hold":
        found["receipt"] = checks.checking("receipt_check", checks.receipt_check)
    return [FieldMapping(key, end(*checks.SOURCES, codec=codec), None) for key, codec in found.items()]


def _proofs() -> list[FieldMapping]:
    """What is read back and compared: the amount to the øre, what stands against the contra account, the receipts."""
    amount = end("lines", "amount", codec=booking.DEBITS)
    count = end("files", codec=booking.COUNT)
    whole, against = (end(name, "entries", codec=booking.BOOKED) for name in ("total", "balanced"))
    return [
        FieldMapping("total", amount, whole, proof=True, label=N_("Amount")),
        FieldMapping("balanced", amount, against, proof=True, label=N_("Contra")),
        FieldMapping("receipts", count, count, proof=True, label=N_("Number of receipts")),
    ]


_LEDGER = (
    FieldMapping("vat", end("lines", codec=ledger.VAT), None),
    FieldMapping("ledger", None, end("entries", codec=ledger.ENTRIES)),
)
"""Read on one side each, for verify: how a posted voucher stands in the ledger."""


def _posting(options: Mapping[str, Any]) -> list[FieldMapping]:
    if options["posting"] != POSTED:
        return []
    left = end("type", codec=constant(POSTED))
    return [
        FieldMapping(
            "posting",
            left,
            end("status", codec=TEXT),
            Direction.TO_RIGHT,
            clear=False,
            after_proof=True,
            label=N_("Posting"),
        )
    ]


PAIR = PairType(
    name="pleo-business-central",
    title="Pleo → Business Central",
    left="pleo",
    right="business_central",
    mappings=mappings,
    options=OPTIONS,
    right_references=("generalLedgerSetup",),
    set_up=STEPS,
)
