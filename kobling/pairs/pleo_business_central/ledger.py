"""How a voucher stands in the ledger, so that both sides can be added up: per month, account, VAT code and currency.

A draft tells each line with its VAT code. Of a posted one Business Central tells accounts and amounts without codes,
VAT on an account of its own; then both sides are told that way, all VAT under one name.

Fidelity: known business_central §6.1 – generalLedgerEntries have no VAT code
Fidelity: assumed business_central §6.1 – VAT of a line is its amount times rate / (100 + rate), rounded by itself
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from kobling.mapping import Posting
from kobling.mapping.codecs import Codec, Resolver, Values
from kobling.pairs.pleo_business_central.booking import amount_text
from kobling.records import exact
from kobling.records.arithmetic import BUSINESS_CENTRAL, Line, Whole, totals

ALL_VAT = "VAT"


def _vat(values: Values, _side: str, resolver: Resolver | None) -> Any:
    """The VAT in each line, by the rate that Pleo has for its code."""
    return [amount_text(_share(each, resolver)) for each in values[0] or ()]


def _share(line: Mapping[str, Any], resolver: Resolver | None) -> Decimal:
    code = line.get("taxCode")
    found = resolver.find("left", "taxCodes", "code", code) if resolver is not None and code else None
    rate = resolver.field("left", "taxCodes", found, "rate") if resolver is not None and found else None
    told = Line(Decimal(1), exact(line["amount"]), exact(rate or 0) * 100)
    return totals([told], BUSINESS_CENTRAL, Whole(prices_with_vat=True)).vat


VAT = Codec("vat_of_lines", _vat, lambda _value, _side, _resolver: (None,))
ENTRIES = Codec(
    "ledger_entries",
    lambda values, _side, _resolver: (
        [{"account": each["accountNumber"], "amount": amount_text(each["amount"])} for each in values[0] or ()] or None
    ),
    lambda _value, _side, _resolver: (None,),
)


def postings(options: Mapping[str, Any]) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[Posting]]:
    """What a voucher comes to: each line on its account, and the other way round on its contra account."""
    currency = str(options["base_currency"])

    def found(values: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Posting]:
        period = str(values.get("date") or "")[:7]
        if values.get("ledger"):
            told = _posted(values["ledger"], other.get("lines") or ())
        elif other.get("ledger"):
            lines, vat = values.get("lines") or (), values.get("vat") or ()
            told = _to_be_posted(lines, ["0"] * len(vat) if _reversed(other["ledger"], lines) else vat)
        else:
            told = _drafted(values.get("lines") or ())
        for account, code, amount in told:
            yield Posting(period, account, code, currency, amount)

    return found


def _drafted(lines: Any) -> Iterator[tuple[str, str, Decimal]]:
    for line in lines:
        yield str(line["account"]), str(line["tax"] or ""), exact(line["amount"])
        yield str(line["contra"]), "", -exact(line["amount"])


def _to_be_posted(lines: Any, vat: Any) -> Iterator[tuple[str, str, Decimal]]:
    for line, share in zip(lines, vat, strict=True):
        amount = exact(line["amount"])
        part = exact(share) if amount * exact(share) >= 0 else -exact(share)
        yield str(line["account"]), "", amount - part
        yield ALL_VAT, "", part
        yield str(line["contra"]), "", -amount


def _reversed(entries: Any, lines: Any) -> bool:
    """Whether VAT stands on both sides of the ledger: the buyer owes it, so that none of it is in the amount."""
    known = {str(line[name]) for line in lines for name in ("account", "contra")}
    vat = [exact(each["amount"]) for each in entries if each["account"] not in known]
    return len(vat) > 1 and not sum(vat, Decimal())


def _posted(entries: Any, lines: Any) -> Iterator[tuple[str, str, Decimal]]:
    """Accounts that no line names hold the VAT."""
    known = {str(line[name]) for line in lines for name in ("account", "contra")}
    for each in entries:
        yield each["account"] if each["account"] in known else ALL_VAT, "", exact(each["amount"])
