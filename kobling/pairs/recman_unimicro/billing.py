"""How an invoice is carried over: lines with Unimicro's products and VAT codes. Pure rules over what both systems say.

An agreed line is a dict of product (its number), text, quantity and price (texts with a point), currency, and
vatCode (Unimicro's); a credit note's quantities are negative.
Fidelity: known recman §4 – of a product only its number goes across, and Unimicro knows the rest
Fidelity: assumed recman §3 – prices are without VAT; a line's vat is its rate
Fidelity: assumed unimicro §7 – an issued credit note has a negative total
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kobling.mapping import Posting
from kobling.mapping.codecs import Codec, Resolver, Values, simple
from kobling.mapping.identity import Checked, payment_reference_no
from kobling.mapping.references import KEEP
from kobling.records import N_, SettingsError, Wrong, exact
from kobling.records.arithmetic import UNIMICRO, Line, net_of, totals
from kobling.records.texts import as_key

INVOICE, CREDIT_NOTE = "invoice", "creditnote"
_TYPES = {INVOICE: 0, CREDIT_NOTE: 1}
BASE_CURRENCY = "NOK"
SOURCES = ("lines", "type", "currency")
TARGETS = ("lines", "CurrencyCodeID")
_ORE = Decimal("0.01")


def plain(value: Any) -> str:
    """A number as agreed values carry it: exact, without needless zeros."""
    number = exact(str(value).strip()).normalize()
    return format(number, "f")


def rates(rule: str) -> dict[str, str]:
    """Rate → VAT code, as a person writes them. Raises SettingsError."""
    found = {}
    for part in (each.strip() for each in rule.split(",") if each.strip()):
        rate, sign, code = (each.strip() for each in part.partition("="))
        try:
            key = plain(rate.rstrip("%"))
        except ValueError:
            key = ""
        if not sign or not code or not key:
            raise SettingsError(
                N_("“%(part)s” is no rule for VAT codes. Write 25=3, 15=31."), field="vat_codes", part=part
            )
        found[key] = code
    return found


@dataclass(frozen=True, slots=True)
class Books:
    """What Unimicro knows of products and VAT, looked up in the mirror."""

    resolver: Resolver
    chosen: Mapping[str, str]

    def product(self, number: str) -> str:
        """The id of the product of that number. Raises Wrong."""
        found = self.resolver.find("right", "products", "PartName", number)
        if found is None:
            raise Wrong(
                N_("There is no product %(number)s in Unimicro. Products are matched by their number alone."),
                number=number,
            )
        return found

    def vat_code(self, rate: Any, product: str | None) -> str:
        """The VAT code of a line: chosen for its rate, the product's own where the rate agrees, or the only one there
        is. Raises Wrong rather than guess."""
        own = self._of_type(self.resolver.field("right", "products", product, "VatTypeID")) if product else None
        if rate in (None, ""):
            if own is None:
                raise Wrong(N_("The line has neither a VAT rate nor a product that tells it."))
            return own[0]
        wanted = plain(rate)
        if wanted in self.chosen:
            return self.chosen[wanted]
        if own is not None and own[1] == wanted:
            return own[0]
        raise Wrong(
            N_("Which VAT code is %(rate)s %% in Unimicro? Say it in the option vat_codes, for example %(rate)s=3."),
            rate=wanted,
        )

    def currency(self, code: str) -> int:
        """The id of a currency. Raises Wrong for one that is not set up."""
        found = self.resolver.find("right", "currencyCodes", "Code", code)
        if found is None:
            raise Wrong(N_("There is no currency %(currency)s in Unimicro."), currency=code)
        return int(found)

    def vat_type(self, code: str) -> int:
        """The id of a VAT code. Raises Wrong."""
        found = self.resolver.find("right", "vatTypes", "VatCode", code)
        if found is None:
            raise Wrong(N_("There is no VAT code %(code)s in Unimicro."), code=code)
        return int(found)

    def _of_type(self, vat_type: Any) -> tuple[str, str] | None:
        """Code and rate."""
        if vat_type in (None, ""):
            return None
        told = [self.resolver.field("right", "vatTypes", str(vat_type), name) for name in ("VatCode", "VatPercent")]
        return (str(told[0]), plain(told[1])) if None not in told else None

    def rate(self, code: str) -> Decimal:
        """The rate of a VAT code, in per cent."""
        return exact(self.resolver.field("right", "vatTypes", str(self.vat_type(code)), "VatPercent") or 0)


def signed(lines: Any, kind: Any) -> list[tuple[Mapping[str, Any], Decimal]]:
    """Lines with their quantities; those of a credit note are turned where it comes to more than nothing."""
    told = [(line, exact(line.get("quantity") or 0)) for line in lines or ()]
    total = sum((quantity * exact(line.get("price") or 0) for line, quantity in told), Decimal(0))
    turn = kind == CREDIT_NOTE and total > 0
    return [(line, -quantity if turn else quantity) for line, quantity in told]


def lines_codec(options: Mapping[str, Any]) -> Codec:
    """RecMan's lines as they are to stand in Unimicro."""
    chosen = rates(str(options["vat_codes"]))

    def read(values: Values, _side: str, resolver: Resolver | None) -> Any:
        if resolver is None:
            raise LookupError("lines are read with a resolver")
        books, currency = Books(resolver, chosen), str(values[2] or BASE_CURRENCY)
        books.currency(currency)
        told = signed(values[0], values[1])
        if not told:
            raise Wrong(N_("The invoice has no lines."))
        return [{**_line(books, line, quantity), "currency": currency} for line, quantity in told]

    return Codec("recman_lines", read, lambda _value, _side, _resolver: (None,) * len(SOURCES))


def _line(books: Books, line: Mapping[str, Any], quantity: Decimal) -> dict[str, Any]:
    number = str(line.get("number") or "").strip() or None
    product = books.product(number) if number else None
    return {
        "product": number,
        "text": str(line.get("description") or "").strip() or None,
        "quantity": plain(quantity),
        "price": plain(line.get("price") or 0),
        "vatCode": books.vat_code(line.get("vat"), product),
    }


def _read_items(values: Values, _side: str, resolver: Resolver | None) -> Any:
    if resolver is None:
        raise LookupError("lines are read with a resolver")
    return [
        {
            "product": _known(resolver, "products", each.get("ProductID"), "PartName"),
            "text": str(each.get("ItemText") or "").strip() or None,
            "quantity": plain(each.get("NumberOfItems") or 0),
            "price": plain(_price(each)),
            "vatCode": _known(resolver, "vatTypes", each.get("VatTypeID"), "VatCode"),
            "currency": _known(resolver, "currencyCodes", values[1], "Code") or BASE_CURRENCY,
        }
        for each in values[0] or ()
    ]


def _price(item: Mapping[str, Any]) -> Any:
    own = item.get("PriceExVatCurrency")
    return item.get("PriceExVat") or 0 if own is None else own


def _known(resolver: Resolver, resource: str, external_id: Any, field: str) -> str | None:
    found = resolver.field("right", resource, str(external_id), field) if external_id else None
    return None if found is None else str(found)


def _write_items(value: Any, _side: str, resolver: Resolver | None) -> Values:
    if resolver is None:
        raise LookupError("lines are written with a resolver")
    books = Books(resolver, {})
    return [_item(books, each) for each in value], books.currency(value[0]["currency"])


def _item(books: Books, line: Mapping[str, Any]) -> dict[str, Any]:
    """In the company's own currency both amounts are the same; in another Unimicro works out its own."""
    price = exact(line["price"])
    return {
        "ProductID": int(books.product(line["product"])) if line["product"] else None,
        "ItemText": line["text"],
        "NumberOfItems": exact(line["quantity"]),
        "PriceExVat": price if line["currency"] == BASE_CURRENCY else None,
        "PriceExVatCurrency": price,
        "VatTypeID": books.vat_type(line["vatCode"]),
    }


ITEMS = Codec("unimicro_items", _read_items, _write_items)


CURRENCY = Codec(
    "recman_currency",
    lambda values, _side, _resolver: str(values[0] or BASE_CURRENCY),
    lambda _value, _side, _resolver: (None,),
)
CURRENCY_THERE = Codec(
    "unimicro_currency",
    lambda values, _side, resolver: (
        (_known(resolver, "currencyCodes", values[0], "Code") if resolver else None) or BASE_CURRENCY
    ),
    lambda _value, _side, _resolver: (KEEP,),
)


def total_codec(options: Mapping[str, Any], *, with_vat: bool) -> Codec:
    """What RecMan's lines come to: each line rounded to the øre, VAT line by line."""
    chosen = rates(str(options["vat_codes"]))

    def read(values: Values, _side: str, resolver: Resolver | None) -> Any:
        if resolver is None:
            raise LookupError("totals are read with a resolver")
        books = Books(resolver, chosen)
        told = [
            Line(
                quantity,
                exact(line.get("price") or 0),
                books.rate(_line(books, line, quantity)["vatCode"]) if with_vat else Decimal(0),
            )
            for line, quantity in signed(values[0], values[1])
        ]
        return totals(told, UNIMICRO).gross.quantize(_ORE)

    return Codec("recman_total", read, lambda _value, _side, _resolver: (None, None))


def postings(values: Mapping[str, Any], _other: Mapping[str, Any]) -> Iterator[Posting]:
    """What an invoice comes to without VAT, by product, which tells Unimicro the account."""
    period = str(values.get("date") or "")[:7]
    for line in values.get("lines") or ():
        net = net_of(Line(exact(line["quantity"]), exact(line["price"])))
        yield Posting(period, str(line["product"] or ""), str(line["vatCode"] or ""), line["currency"], net)


AMOUNT = Codec(
    "amount",
    lambda values, _side, _resolver: None if values[0] is None else exact(values[0]).quantize(_ORE),
    lambda value, _side, _resolver: (value,),
)


def _kind(value: Any) -> str:
    if value not in (INVOICE, CREDIT_NOTE):
        raise Wrong(N_("“%(kind)s” is neither an invoice nor a credit note."), kind=value)
    return str(value)


KIND = simple("recman_kind", _kind, str)
INVOICE_TYPE = simple(
    "unimicro_kind",
    lambda value: CREDIT_NOTE if int(value) == _TYPES[CREDIT_NOTE] else INVOICE,
    lambda value: _TYPES[value],
)
_NOTE, _KID = "RecMan ", " KID "


def check_note(value: Any) -> Checked:
    """The check digit of the payment reference among the numbers."""
    return payment_reference_no(str(value or "").partition(_KID)[2])


def note_codec() -> Codec:
    """RecMan's invoice number and payment reference, kept in the internal note where people find them."""

    def read(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        number, kid = (str(each or "").strip() for each in values)
        return f"{number}{_KID}{kid}" if kid else number or None

    return Codec("recman_numbers", read, lambda _value, _side, _resolver: (None, None))


def _noted(values: Values) -> tuple[str, str]:
    """Number and payment reference among the numbers of a note."""
    number, _, kid = str(values[0] or "").removeprefix(_NOTE).partition(_KID)
    return number.strip(), kid.strip()


def as_typed() -> Codec:
    """A number of RecMan's by itself, to be found again; it is written with the others."""
    return Codec(
        "number_alone",
        lambda values, _side, _resolver: as_key(str(values[0] or "")) or None,
        lambda _value, _side, _resolver: (KEEP,),
    )


def noted(at: int) -> Codec:
    """The number (0) or the payment reference (1) that a note names."""
    return Codec(
        f"noted_{at}",
        lambda values, _side, _resolver: as_key(_noted(values)[at]) or None,
        lambda _value, _side, _resolver: (KEEP,),
    )


NOTE = Codec(
    "unimicro_note",
    lambda values, _side, _resolver: str(values[0] or "").removeprefix(_NOTE) or None,
    lambda value, _side, _resolver: (f"{_NOTE}{value}" if value else None,),
)
