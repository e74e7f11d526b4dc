"""Credit invoices of the CRM ↔ credit notes of Dinero, documents of their own: drafts there, booked by a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import Codec, Condition, FieldMapping, Resolver, Side, TableMapping, end
from kobling.mapping.codecs import Values, number_with_decimals
from kobling.pairs.simply_crm_dinero.documents import CREDIT, DEPENDS_ON, MATCH, from_day, heading, in_currency, lines
from kobling.pairs.simply_crm_dinero.options import conflict_of, direction_of, leading_of
from kobling.records import N_, exact

_ORE = number_with_decimals(2)


def credit_notes(options: Mapping[str, Any]) -> TableMapping:
    """Credit invoices ↔ credit notes. Amounts are what is credited, on both sides; the CRM shows them negative.

    Fidelity: inferred simply_crm_invoices §4 – a credit invoice has negative quantities; positive ones mean the same
    """
    return TableMapping(
        name="credit_notes",
        label=N_("Credit notes"),
        title_key="subject",
        left="Invoice",
        right="creditnotes",
        fields=(*heading(options), lines(options, credit=True), _total(), in_currency()),
        match=MATCH,
        direction=direction_of(options),
        conflict=conflict_of(options),
        leading=leading_of(options),
        depends_on=(*DEPENDS_ON, "invoices"),
        left_filter=(Condition("invoicestatus", "equals", CREDIT), *from_day(options, Side.LEFT)),
        right_filter=from_day(options, Side.RIGHT),
        left_constants={"invoicestatus": CREDIT},
        locked_right=(Condition("Status", "equals", "Booked"),),
    )


def _total() -> FieldMapping:
    ends = end("hdnGrandTotal", codec=_ABSOLUTE), end("TotalInclVat", codec=_ABSOLUTE)
    return FieldMapping("total_incl_vat", *ends, proof=True, by_line=True, label=N_("Total including VAT"))


def _read_absolute(values: Values, side: str, resolver: Resolver | None) -> Any:
    found = _ORE.read(values, side, resolver)
    return None if found is None else abs(exact(found))


_ABSOLUTE = Codec("credited_amount", _read_absolute, _ORE.write)
