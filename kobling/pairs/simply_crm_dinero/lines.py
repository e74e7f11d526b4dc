"""Invoice lines: the CRM's LineItems ↔ Dinero's ProductLines, exact to the øre.

An agreed line is ``{product, text, comment, quantity, unit, price, discount, vat}``: price per unit excluding VAT in
the invoice's currency, discount and VAT in per cent. What cannot be carried exactly is refused, never rounded away.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import unescape
from typing import Any

from kobling.mapping import Codec, Resolver, Unresolved
from kobling.mapping.codecs import Values
from kobling.mapping.references import KEEP
from kobling.pairs.simply_crm_dinero.goods import PIECES
from kobling.records import N_, Refused, Wrong, exact, is_empty, rounded
from kobling.records.arithmetic import DINERO, VTIGER_GROUP, Line, Method, tolerance, totals

_HUNDRED = Decimal(100)
_GROUP = "group"
_FINE = Decimal("0.000001")
_TAXES = ("tax1", "tax2", "tax3", "tax4", "tax5", "tax6")
CRM_HEADER = ("hdnDiscountPercent", "hdnDiscountAmount", "txtAdjustment", "hdnS_H_Amount", "hdnTaxType")
"""What the CRM's header says of all lines together."""
DINERO_LINES = ("ProductLines", "ShowLinesInclVat", "TotalExclVat", "TotalInclVat")
_PRODUCTS = ("products", "services")


def crm_lines(fallback_product: str, rounding_limit: Decimal, *, credit: bool = False) -> Codec:
    """LineItems with the header's product and ``CRM_HEADER``. Writes ``LineItems`` and ``productid``.

    What is credited has positive quantities as an agreed value, and negative ones in the CRM. Raises Wrong for an
    invoice that comes to less than nothing: it would be booked as one.

    An adjustment of the whole invoice within ``rounding_limit`` is our own and no part of the lines.
    Fidelity: known simply_crm_invoices §4 – a new adjustment alone changes no total: the connector sends both
    """

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        items, _product, discount_percent, discount_amount, adjustment, shipping, kind = values
        amounts = [exact(each) if not is_empty(each) else Decimal(0) for each in (discount_amount, shipping)]
        adjusted = exact(adjustment) if not is_empty(adjustment) else Decimal(0)
        if any(amounts) or abs(adjusted) > rounding_limit:
            raise Wrong(N_("A discount amount, adjustment or shipping on the whole invoice cannot be carried exactly."))
        whole = exact(discount_percent) if not is_empty(discount_percent) else Decimal(0)
        told = [_read_item(item, whole, side, resolver) for item in items or ()]
        if str(kind or _GROUP) == _GROUP and told:
            # One rate counts for all: what other lines say of theirs is kept and never used.
            told = [each | {"vat": told[0]["vat"]} for each in told]
        return _turned(told, credit=credit)

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        lines = _turned(value or (), credit=credit, back=True)
        items = [_write_item(line, fallback_product, side, resolver) for line in lines]
        product = items[0]["productid"] if items else None
        return (items, product, *(KEEP for _ in CRM_HEADER))

    return Codec("crm_lines", read, write)


def _turned(lines: Sequence[dict[str, Any]], *, credit: bool, back: bool = False) -> list[dict[str, Any]]:
    """Lines of a credit note the other way round, where they come to less than nothing (``back``: to more)."""
    total = net_of(lines)
    if not credit:
        if total < 0:
            raise Wrong(
                N_("The invoice comes to %(total)s: less than nothing is credited. Make it a credit invoice."),
                total=rounded(total),
            )
        return list(lines)
    if (total > 0) is not back:
        return list(lines)
    return [line | {"quantity": _plain(-exact(line["quantity"]))} for line in lines]


def net_of(lines: Sequence[dict[str, Any]], method: Method = VTIGER_GROUP) -> Decimal:
    """What agreed lines come to without VAT."""
    told = [
        Line(exact(each["quantity"]), exact(each["price"]), discount_percent=exact(each["discount"])) for each in lines
    ]
    return totals(told, method).net


def _read_item(item: dict[str, Any], whole: Decimal, side: str, resolver: Resolver | None) -> dict[str, Any]:
    quantity, price = exact(item["quantity"]), exact(item.get("listprice") or 0)
    discount = _discount(item, quantity * price)
    together = _HUNDRED - (_HUNDRED - discount) * (_HUNDRED - whole) / _HUNDRED
    product = _coupled(item.get("productid"), side, resolver)
    return {
        "product": product,
        "text": None if product else _blank_to_none(unescape(str(item.get("product_name") or ""))),
        "comment": _blank_to_none(item.get("comment")),
        "quantity": _plain(quantity),
        "unit": None,
        "price": _plain(price),
        "discount": _plain(together),
        "vat": _plain(sum((exact(item.get(tax) or 0) for tax in _TAXES), Decimal(0))),
    }


def _discount(item: dict[str, Any], gross: Decimal) -> Decimal:
    """The line's discount in per cent; an amount is carried only if its per cent gives the same øre."""
    percent = exact(item.get("discount_percent") or 0)
    amount = exact(item.get("discount_amount") or 0)
    if amount == 0:
        return percent
    if gross == 0:
        raise Wrong(N_("There is a discount amount on a line of nothing."))
    as_percent = (amount / gross * _HUNDRED).quantize(Decimal("0.000001"))
    if rounded(gross * as_percent / _HUNDRED) != rounded(amount):
        raise Wrong(N_("The discount of %(amount)s cannot be carried as per cent."), amount=amount)
    return as_percent


def _write_item(line: dict[str, Any], fallback_product: str, side: str, resolver: Resolver | None) -> dict[str, Any]:
    product = _external(line["product"], side, resolver) or _fallback(fallback_product, side, resolver)
    comment = "\n".join(part for part in (line["text"], line["comment"]) if part)
    item = {
        "productid": product,
        "quantity": format(exact(line["quantity"]), "f"),
        "listprice": format(exact(line["price"]), "f"),
        "discount_percent": format(exact(line["discount"]), "f"),
        "comment": comment,
    }
    if line["vat"]:
        item[_tax_field(line["vat"], side, resolver)] = format(exact(line["vat"]), "f")
    return item


def _fallback(code: str, side: str, resolver: Resolver | None) -> str:
    found = resolver.find(side, "Products", "productcode", code) if resolver and code else None
    if found is None:
        raise Refused(
            N_("An invoice line has no product, and the CRM needs one. Choose a product for such lines."),
            code="no_product",
        )
    return found


def _tax_field(vat: Any, side: str, resolver: Resolver | None) -> str:
    """The CRM's tax field with that percentage; the list differs between installations."""
    wanted = exact(vat)
    for spelled in (f"{wanted:.3f}", f"{wanted:.2f}", format(wanted, "f")):
        found = resolver.find(side, "Tax", "percentage", spelled) if resolver else None
        if found and resolver:
            return str(resolver.field(side, "Tax", found, "taxname"))
    raise Refused(
        N_("The CRM has no tax of %(vat)s per cent. Create it there first."), vat=_plain(wanted), code="no_tax"
    )


def dinero_lines(with_vat: int, without_vat: int | None) -> Codec:
    """``DINERO_LINES``; a line of text alone belongs to the comment of the line above. VAT follows the account.

    What we write shows prices without VAT.

    A line keeps the account and unit it has; a new one takes its product's, and ``with_vat`` or ``without_vat``
    otherwise. Raises Refused for a line without VAT while nobody chose an account for those.
    """

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        items, with_vat, *sums = values
        lines: list[dict[str, Any]] = []
        for item in items or ():
            if item.get("LineType") == "Text" and lines:
                text = item.get("Description") or item.get("Comments") or ""
                lines[-1]["comment"] = "\n".join(part for part in (lines[-1]["comment"], text) if part)
            else:
                lines.append(_read_line(item, side, resolver))
        return _without_vat(lines, sums) if with_vat else lines

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        standing = _standing_lines(resolver)
        made = []
        for line in value or ():
            item = _write_line(line, side, resolver)
            known = _known(item, line, standing, side, resolver)
            item["Unit"] = known.get("Unit") or PIECES
            item["AccountNumber"] = known.get("AccountNumber") or _account(line, with_vat, without_vat)
            made.append(item)
        return (made, False, KEEP, KEEP)

    return Codec("dinero_lines", read, write)


def _without_vat(lines: list[dict[str, Any]], sums: Sequence[Any]) -> list[dict[str, Any]]:
    """Lines of an invoice that is shown with VAT. Raises Wrong where neither reading comes to its totals.

    Fidelity: inferred dinero §4 – (hurts) whether BaseAmountValue holds VAT then is told by the totals alone
    """
    net, gross = (exact(each or 0) for each in sums)
    found, nearly = net_of(lines, DINERO), tolerance(len(lines))
    if abs(found - net) <= nearly:
        return lines
    if abs(found - gross) > nearly:
        raise Wrong(
            N_("The lines come to %(lines)s, the document to %(net)s without and %(gross)s with VAT."),
            lines=found,
            net=net,
            gross=gross,
        )
    return [
        each | {"price": _plain((exact(each["price"]) / (1 + exact(each["vat"]) / 100)).quantize(_FINE))}
        for each in lines
    ]


def _standing_lines(resolver: Resolver | None) -> list[dict[str, Any]]:
    current = resolver.current if resolver else None
    return [item for item in (current or {}).get("ProductLines") or () if item.get("LineType") != "Text"]


def _known(
    item: dict[str, Any],
    line: dict[str, Any],
    standing: list[dict[str, Any]],
    side: str,
    resolver: Resolver | None,
) -> dict[str, Any]:
    """The line of the same product and VAT that stands there now, else what the product itself says."""
    guid = item.get("ProductGuid")
    for position, old in enumerate(standing):
        if old.get("ProductGuid") == guid and _vat(old, side, resolver) == line["vat"]:
            return standing.pop(position)
    if guid is None or resolver is None:
        return {}
    product = {"Unit": resolver.field(side, "products", guid, "Unit")}
    account = resolver.field(side, "products", guid, "AccountNumber")
    if line["vat"] and account and _is_open_with_vat(str(account), side, resolver):
        product["AccountNumber"] = account
    return product


def _is_open_with_vat(account: str, side: str, resolver: Resolver) -> bool:
    """Whether a product's account can take a line with VAT; products outlive the accounts they point to."""
    hidden = resolver.field(side, "accounts", account, "IsHidden")
    code = resolver.field(side, "accounts", account, "VatCode")
    return hidden is False and str(code or "none").casefold() != "none"


def _account(line: dict[str, Any], with_vat: int, without_vat: int | None) -> int:
    if line["vat"]:
        return with_vat
    if without_vat is None:
        raise Refused(
            N_("A line carries no VAT. Choose the account for sales without VAT first."), code="no_account_without_vat"
        )
    return without_vat


def _read_line(item: dict[str, Any], side: str, resolver: Resolver | None) -> dict[str, Any]:
    product = _coupled(item.get("ProductGuid"), side, resolver)
    return {
        "product": product,
        "text": None if product else _blank_to_none(item.get("Description")),
        "comment": _blank_to_none(item.get("Comments")),
        "quantity": _plain(exact(item["Quantity"])),
        "unit": None,
        "price": _plain(exact(item["BaseAmountValue"])),
        "discount": _plain(exact(item.get("Discount") or 0)),
        "vat": _vat(item, side, resolver),
    }


def _vat(item: dict[str, Any], side: str, resolver: Resolver | None) -> Any:
    """The line's VAT in per cent: that of its account, or read off the amounts while the accounts are not known.

    Fidelity: inferred dinero §4 – VAT follows AccountNumber; amounts of some øre round too coarsely to tell a rate
    """
    if resolver is not None:
        code = resolver.field(side, "accounts", str(item.get("AccountNumber")), "VatCode")
        rate = resolver.field(side, "vatTypes", str(code), "VatRate") if code else None
        if rate is not None:
            return _plain(exact(rate) * _HUNDRED)
    net = exact(item.get("TotalAmount") or item["BaseAmountValue"])
    gross = exact(item.get("TotalAmountInclVat") or item.get("BaseAmountValueInclVat", net))
    if net == 0:
        return 0
    return _plain(((gross - net) / net * _HUNDRED).quantize(Decimal(1)))


def _write_line(line: dict[str, Any], side: str, resolver: Resolver | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "BaseAmountValue": exact(line["price"]),
        "Quantity": exact(line["quantity"]),
        "Discount": exact(line["discount"]),
        "LineType": "Product",
    }
    guid = _external(line["product"], side, resolver)
    if guid:
        made["ProductGuid"] = guid
    else:
        made["Description"] = _said(line)
    if line["comment"]:
        made["Comments"] = line["comment"]
    return made


def _said(line: dict[str, Any]) -> str:
    """The words of a line without a product. Raises Refused for one that says nothing."""
    if not (said := line["text"] or line["comment"]):
        raise Refused(
            N_("A line has neither a product nor a text. Give it one, since the customer reads it."), code="no_text"
        )
    return str(said)


def _coupled(external_id: Any, side: str, resolver: Resolver | None) -> str | None:
    """The coupling of a line's product, whichever of the tables it is in; None for one that was deleted or is left out,
    whose line goes with its text."""
    if external_id in (None, "") or resolver is None:
        return None
    for table in _PRODUCTS:
        coupling = resolver.coupling(table, side, external_id)
        if coupling is not None:
            return f"{table}:{coupling}"
    if all(resolver.left_out(table, side, str(external_id)) for table in _PRODUCTS):
        return None
    raise Unresolved(_PRODUCTS[0], external_id)


def _external(product: str | None, side: str, resolver: Resolver | None) -> str | None:
    if product is None or resolver is None:
        return None
    table, _, coupling = product.partition(":")
    found = resolver.external_id(table, side, coupling)
    if found is None:
        raise Unresolved(table, coupling)
    return found


def _blank_to_none(value: Any) -> str | None:
    text = str(value or "").strip().replace("\r\n", "\n")
    return text or None


def _plain(number: Decimal) -> Any:
    plain = number.normalize()
    return int(plain) if plain == plain.to_integral_value() else plain
