"""Lines of orders and invoices.

An agreed line is ``{product, text, quantity, unit, price, discount, tax}``: product and unit name couplings, a unit of
None is the product's own; price per unit and the line's discount are amounts excluding VAT in the document's currency;
``tax`` is the line's VAT amount, None in orders, since Business Central works it out by itself.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kobling.mapping import Codec, Resolver, Unresolved
from kobling.mapping.codecs import NUMBER, Values
from kobling.mapping.references import KEEP
from kobling.pairs.dynamics_sales_business_central.codecs import CENTRAL_UNIT, SALES_UNIT
from kobling.pairs.dynamics_sales_business_central.sums import (
    SALES_SUMS,
    central_price,
    check_sales,
    refuse_with_vat,
    sales_price,
)
from kobling.records import N_, Refused, exact, is_empty

_PRODUCTS = ("items", "resources")
_TYPES = {"items": "Item", "resources": "Resource"}
_SMALL = Decimal("0.00001")


def sales_lines(*, tax: bool) -> Codec:
    """Lines of Dynamics 365 Sales, with what the document says of them together (``SALES_SUMS``). A line without a
    product is a write-in and keeps its text. Orders must add up; what invoices say came from the other side."""

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        lines, *sums = values
        if not tax:
            check_sales(lines or (), sums)
        return [_read_sales(line, tax, side, resolver) for line in lines or ()]

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        return ([_write_sales(line, tax, side, resolver) for line in value or ()], *(KEEP for _ in SALES_SUMS))

    return Codec("sales_lines_with_tax" if tax else "sales_lines", read, write)


def _read_sales(line: dict[str, Any], tax: bool, side: str, resolver: Resolver | None) -> dict[str, Any]:
    product = _coupled("items", line.get("productid"), side, resolver)
    return {
        "product": product,
        "text": None if product else _sales_text(line, side, resolver),
        "quantity": _number(line.get("quantity")),
        "unit": _sales_unit(line, side, resolver) if product else None,
        "price": _number(line.get("priceperunit")),
        "discount": _number(line.get("manualdiscountamount")),
        "tax": _number(line.get("tax")) if tax else None,
    }


def _sales_text(line: dict[str, Any], side: str, resolver: Resolver | None) -> Any:
    """What a line says that carries no product to the other side: its own words, or the name of the product."""
    own = line.get("productdescription")
    if own or is_empty(line.get("productid")) or resolver is None:
        return own or None
    return resolver.field(side, "products", str(line["productid"]), "name")


def _sales_unit(line: dict[str, Any], side: str, resolver: Resolver | None) -> Any:
    unit = line.get("uomid")
    own = resolver.field(side, "products", line["productid"], "defaultuomid") if resolver else None
    return None if not unit or unit == own else SALES_UNIT.read((unit,), side, resolver)


def _write_sales(line: dict[str, Any], tax: bool, side: str, resolver: Resolver | None) -> dict[str, Any]:
    price, discount = sales_price(line)
    made: dict[str, Any] = {
        "quantity": exact(line["quantity"]),
        "priceperunit": price,
        "manualdiscountamount": discount,
        "ispriceoverridden": True,
    }
    if tax:
        made["tax"] = exact(line["tax"] or 0)
    product = _external(line["product"], side, resolver)
    if product is None:
        return made | {"isproductoverridden": True, "productdescription": line["text"] or "–"}
    unit = SALES_UNIT.write(line["unit"], side, resolver)[1] if line["unit"] else None
    if unit is None and resolver is not None:
        unit = resolver.field(side, "products", product, "defaultuomid")
    return made | {"productid": product, "uomid": unit}


def central_lines(write_in_item: str, *, tax: bool) -> Codec:
    """``lines`` and ``pricesIncludeTax`` of Business Central. Comment lines carry no amount and stay there; a line of a
    G/L account is a write-in. Raises Refused for writing to a document whose prices include VAT."""

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        lines = [line for line in values[0] or () if line.get("lineType") not in (None, "", "Comment")]
        return [_read_central(line, tax, bool(values[1]), side, resolver) for line in lines]

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        refuse_with_vat(resolver)
        return ([_write_central(line, write_in_item, side, resolver) for line in value or ()], KEEP)

    return Codec("central_lines_with_tax" if tax else "central_lines", read, write)


def _read_central(
    line: dict[str, Any], tax: bool, with_vat: bool, side: str, resolver: Resolver | None
) -> dict[str, Any]:
    product = _product_of(line, side, resolver)
    price, discount = central_price(line, with_vat)
    return {
        "product": product,
        "text": None if product else line.get("description") or None,
        "quantity": _number(line.get("quantity")),
        "unit": _central_unit(line, side, resolver) if product else None,
        "price": _number(price),
        "discount": _number(discount),
        "tax": _number(line.get("totalTaxAmount")) if tax else None,
    }


def _central_unit(line: dict[str, Any], side: str, resolver: Resolver | None) -> Any:
    unit, own = line.get("unitOfMeasureCode"), None
    if line.get("lineType") == "Item" and resolver is not None:
        own = resolver.field(side, "items", str(line.get("itemId")), "baseUnitOfMeasureCode")
    return None if not unit or unit == own else CENTRAL_UNIT.read((unit,), side, resolver)


def _product_of(line: dict[str, Any], side: str, resolver: Resolver | None) -> str | None:
    if line.get("lineType") == "Item":
        return _coupled("items", line.get("itemId"), side, resolver)
    if line.get("lineType") != "Resource" or resolver is None:
        return None
    found = resolver.find(side, "resources", "number", line.get("lineObjectNumber"))
    return _coupled("resources", found or str(line.get("lineObjectNumber")), side, resolver)


def _write_central(line: dict[str, Any], write_in_item: str, side: str, resolver: Resolver | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "quantity": exact(line["quantity"]),
        "unitPrice": exact(line["price"]),
        "discountAmount": exact(line["discount"]),
    }
    if line["unit"]:
        made["unitOfMeasureCode"] = CENTRAL_UNIT.write(line["unit"], side, resolver)[0]
    if line["product"] is None:
        if not write_in_item:
            raise Refused(
                N_("An order line has no product. Choose the item that such lines become in Business Central."),
                code="no_product",
            )
        return made | {"lineType": "Item", "lineObjectNumber": write_in_item, "description": line["text"] or ""}
    mapping = line["product"].partition(":")[0]
    found = _external(line["product"], side, resolver)
    if mapping == "items":
        return made | {"lineType": "Item", "itemId": found}
    number = resolver.field(side, "resources", str(found), "number") if resolver else None
    return made | {"lineType": _TYPES[mapping], "lineObjectNumber": number}


def _coupled(table: str, external_id: Any, side: str, resolver: Resolver | None) -> str | None:
    """The coupling of a line's product; None for one that the pair leaves out, whose line goes as a text."""
    if is_empty(external_id) or resolver is None:
        return None
    for mapping in _PRODUCTS:
        if (coupling := resolver.coupling(mapping, side, external_id)) is not None:
            return f"{mapping}:{coupling}"
    if resolver.left_out(table, side, str(external_id)):
        return None
    raise Unresolved(table, external_id)


def _external(product: str | None, side: str, resolver: Resolver | None) -> str | None:
    if product is None or resolver is None:
        return None
    mapping, _, coupling = product.partition(":")
    found = resolver.external_id(mapping, side, coupling)
    if found is None:
        raise Unresolved(mapping, coupling)
    return found


def _number(value: Any) -> Any:
    """A plain number, empty read as nothing. Prices of Sales come with more decimals than they were given."""
    number = NUMBER.read((value,), "", None)
    return 0 if number is None or abs(exact(number)) < _SMALL else number
