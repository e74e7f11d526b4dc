"""How an expense is booked: which accounts, which day, which text. Pure rules over what both systems say.

An agreed line is a dict of account, amount (text with two decimals, + debit, VAT included), tax, text, note, dims
(code → value) and contra. Fidelity: inferred pleo §7 – debit the line's account, credit the contra account of its type
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kobling.mapping.codecs import Codec, Resolver, Values
from kobling.records import N_, SettingsError, Wrong, exact, parse_instant

_WORD = re.compile(r"\{(\w*)\}")
_CENT = Decimal("0.01")
_LONGEST_NUMBER, _LONGEST_REFERENCE, _LONGEST_TEXT, _LONGEST_NOTE = 20, 35, 100, 250
POCKET = frozenset({"out_of_pocket", "mileage", "per_diem"})
REIMBURSED = frozenset({"direct_reimbursement", "external_reimbursement", "reimbursement_to_employee_refund"})
INTO_WALLET = frozenset({"wallet_load", "wallet_topup", "cashback"})
TRANSFERS = INTO_WALLET | {"wallet_unload", "balance_amendment"}
NEEDS_RECEIPT = frozenset({"card_purchase", "card_invoice", "invoice", "out_of_pocket"})
LINE_SOURCES = ("lines", "type", "contraCode", "currency", "supplier", "userName", "userCode", "teamCode", "note")
MORE_SOURCES = ("reference", "billCurrency", "billAmount", "link")


def amount_text(value: Any) -> str:
    """An amount as agreed values carry it."""
    return format(exact(value).quantize(_CENT), "f")


def number_codec() -> Codec:
    """The document number: Pleo's own reference where it fits, else one that is always the same for the expense."""

    def read(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        told = str(values[0])
        if len(told) <= _LONGEST_NUMBER:
            return told
        return f"PLEO{hashlib.sha256(told.encode()).hexdigest()[:16].upper()}"

    return Codec("document_number", read, lambda value, _side, _resolver: (value,))


EXTERNAL = Codec(
    "external_reference",
    lambda values, _side, _resolver: str(values[0])[:_LONGEST_REFERENCE],
    lambda value, _side, _resolver: (value,),
)
_MOST_VAT = Decimal("0.27")
"""The highest rate of VAT in the world, as a share: what stands beside an amount and is more is no VAT of it."""


def _booked(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    """What a voucher comes to: its debits, or, where VAT stands on both sides of the ledger beside it (reverse charge),
    what stands against one account alone."""
    whole, entries = values
    if whole is None:
        return None
    total = abs(exact(whole)).quantize(_CENT)
    against: dict[str, Decimal] = {}
    for each in entries or ():
        against[each["accountNumber"]] = against.get(each["accountNumber"], Decimal()) + exact(each["amount"])
    sums = {abs(each).quantize(_CENT) for each in against.values()}
    others = sorted(each for each in sums if each < total <= each * (1 + _MOST_VAT))
    return [total, *others] if others else total


BOOKED = Codec("booked_amount", _booked, lambda _value, _side, _resolver: (None, None))
"""``total`` (or ``balanced``) and ``entries`` of a voucher.

Fidelity: known business_central, corrections of 2026-11-29 – reverse charge is posted on top on both sides
"""


def _debits(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    """What an expense's lines come to, whichever way each goes; together they must be the expense."""
    amounts = [exact(each["amount"]) for each in values[0] or ()]
    whole = exact(values[1]).quantize(_CENT)
    if abs(sum(amounts, Decimal())).quantize(_CENT) != abs(whole):
        raise Wrong(
            N_("The parts of the expense come to %(parts)s, the expense to %(whole)s."),
            parts=amount_text(sum(amounts, Decimal())),
            whole=amount_text(whole),
        )
    return sum((abs(each) for each in amounts), Decimal()).quantize(_CENT)


DEBITS = Codec("debits", _debits, lambda _value, _side, _resolver: (None, None))
COUNT = Codec("count", lambda values, _side, _resolver: len(values[0] or ()), lambda value, _side, _resolver: (value,))


def files_codec() -> Codec:
    """Names and sizes of the files, by name."""

    def read(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        told = sorted(values[0] or (), key=lambda each: str(each["name"]))
        return [{"name": each["name"], "size": each["size"]} for each in told] or None

    return Codec("files", read, lambda value, _side, _resolver: (value or [],))


def day_codec(options: Mapping[str, Any]) -> Codec:
    """The posting date: the expense's day in the company's time zone, held or moved when its period is closed."""
    zone, rule = ZoneInfo(str(options["time_zone"])), str(options["locked_period"])
    currency = str(options["base_currency"])

    def read(values: Values, _side: str, resolver: Resolver | None) -> Any:
        day = parse_instant(str(values[0])).astimezone(zone).date()
        opens, closes = _period(resolver, currency)
        if (opens is None or day >= opens) and (closes is None or day <= closes):
            return day.isoformat()
        if rule == "draft":
            return day.isoformat()
        allowed = resolver.permitted if resolver is not None else frozenset()
        moved = rule == "next_open" or "next_open" in allowed
        if moved and opens is not None and day < opens:
            return opens.isoformat()
        raise Wrong(
            N_("%(day)s is in a closed period: Business Central takes postings from %(opens)s to %(closes)s."),
            day=day,
            opens=opens or "–",
            closes=closes or "–",
        )

    return Codec("posting_day", read, lambda value, _side, _resolver: (value,))


def _period(resolver: Resolver | None, currency: str) -> tuple[date | None, date | None]:
    """From when to when postings are taken; raises Wrong when the books are kept in another currency."""
    if resolver is None:
        return None, None
    found = resolver.find("right", "generalLedgerSetup", "localCurrencyCode", currency)
    if found is None:
        raise Wrong(N_("The books are not kept in %(currency)s (option base_currency)."), currency=currency)
    limits = [resolver.field("right", "generalLedgerSetup", found, f"allowPosting{end}") for end in ("From", "To")]
    opens, closes = (date.fromisoformat(str(each)[:10]) if each else None for each in limits)
    return opens, closes


def lines_codec(options: Mapping[str, Any]) -> Codec:
    """An expense's lines as they are to be booked."""

    def read(values: Values, _side: str, resolver: Resolver | None) -> Any:
        told = dict(zip((*LINE_SOURCES, *MORE_SOURCES), values, strict=True))
        if told["currency"] != options["base_currency"]:
            raise Wrong(
                N_("The wallet is in %(wallet)s, but journal lines can only be in %(currency)s."),
                wallet=told["currency"],
                currency=options["base_currency"],
            )
        kind = str(told["type"])
        contra = contra_of(options, kind, told["contraCode"])
        sign = -1 if kind in INTO_WALLET else 1
        text, note = description(options["description"], told)[:_LONGEST_TEXT], comment(told)
        return [
            {
                "account": account_of(options, kind, line),
                "amount": amount_text(exact(line["amount"]) * sign),
                "tax": line.get("taxCode") or None,
                "text": text,
                "note": note or None,
                "dims": dict(line.get("tags") or {}),
                "contra": contra,
            }
            for line in told["lines"]
        ]

    return Codec("expense_lines", read, lambda _value, _side, _resolver: (None,) * len(LINE_SOURCES + MORE_SOURCES))


def contra_of(options: Mapping[str, Any], kind: str, told: Any) -> str:
    """The contra account of a type of expense: Pleo's own where it names one, else the chosen one. Raises Wrong."""
    name = "contra_pocket" if kind in POCKET else "contra_reimbursement" if kind in REIMBURSED else "contra_card"
    found = told or options[name] or options["contra_card"]
    if not found:
        raise Wrong(N_("No contra account is chosen for “%(type)s” (option %(option)s)."), type=kind, option=name)
    return str(found)


def account_of(options: Mapping[str, Any], kind: str, line: Mapping[str, Any]) -> str:
    """The account of a line: that of its category, or the one for its type. Raises Wrong."""
    if line.get("account"):
        return str(line["account"])
    fallback = options["contra_pocket"] if kind in REIMBURSED else ""
    if kind in TRANSFERS:
        fallback = options["transfers_account"]
    if not fallback:
        raise Wrong(N_("The expense has no category with an account number. Choose one in Pleo."))
    return str(fallback)


WORDS = {
    "supplier": "supplier",
    "employee": "userName",
    "employee_code": "userCode",
    "note": "note",
    "type": "type",
    "reference": "reference",
    "team": "teamCode",
}
"""What the text of the lines can say: the template's word → what is told of an expense."""


def known_words(template: str) -> str:
    """The template of the lines' text. Raises SettingsError for a word that there is not."""
    for word in _WORD.findall(template):
        if word not in WORDS:
            raise SettingsError(
                N_("The text of lines knows no {%(name)s}. Known: %(known)s."),
                field="description",
                name=word,
                known=", ".join(WORDS),
            )
    return template


def description(template: str, told: Mapping[str, Any]) -> str:
    """The text of the lines by a template of known words; what an expense has not leaves no dangling dash."""
    made = _WORD.sub(lambda found: str(told.get(WORDS[found[1]]) or ""), template)
    parts = [each.strip() for each in made.replace("\n", " ").split(" - ")]
    return " - ".join(each for each in parts if each.strip("- ")) or str(told.get("reference") or "")


def comment(told: Mapping[str, Any]) -> str:
    """What the line cannot carry elsewhere: the amount in the shop's currency and its rate, and the link."""
    parts = []
    paid, bill = sum(exact(each["amount"]) for each in told["lines"]), told.get("billAmount")
    if bill and told.get("billCurrency") not in (None, told["currency"]):
        rate = (paid / exact(bill) * 100).quantize(Decimal("0.0001"))
        parts.append(f"{bill} {told['billCurrency']} à {rate}")
    if told.get("link"):
        parts.append(str(told["link"]))
    return " · ".join(parts)[:_LONGEST_NOTE]


def _read_voucher_lines(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    return [
        {
            "account": each["accountNumber"],
            "amount": amount_text(each["amount"]),
            "tax": each.get("taxCode"),
            "text": each.get("description"),
            "note": each.get("comment"),
            "dims": dict(each.get("dimensions") or {}),
            "contra": each.get("balancingAccountNumber"),
        }
        for each in values[0] or ()
    ]


def _write_voucher_lines(value: Any, _side: str, _resolver: Resolver | None) -> Values:
    lines = [
        {
            "accountNumber": each["account"],
            "amount": exact(each["amount"]),
            "taxCode": each["tax"],
            "description": each["text"],
            "comment": each["note"],
            "dimensions": each["dims"],
            "balancingAccountNumber": each["contra"],
        }
        for each in value
    ]
    return (lines,)


VOUCHER_LINES = Codec("voucher_lines", _read_voucher_lines, _write_voucher_lines)
