"""Lines as the web service stores them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.simply_crm.documents import check_readable
from kobling_simulators.simply_crm.errors import denied, missing
from kobling_simulators.simply_crm.fields import Fields
from kobling_simulators.simply_crm.goods import taxes_of
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.numbers import cast, kept
from kobling_simulators.simply_crm.rendering import line_row
from kobling_simulators.simply_crm.store import Line
from kobling_simulators.simply_crm.taxes import usable
from kobling_simulators.simply_crm.totals import is_individual
from kobling_simulators.simply_crm.values import as_text

Element = Mapping[str, Any]
_ZERO = "0.000"


def sent_lines(element: Element) -> list[Element]:
    """The lines of a write; an empty list counts as none. Raises ServiceError.

    Fidelity: known simply_crm §10.5 – LineItems [] keeps the old lines
    Fidelity: assumed simply_crm §3 – a line without a product is refused
    """
    given = element.get("LineItems")
    lines = [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []
    for line in lines:
        if as_text(line.get("productid")) == "":
            raise missing("productid")
    return lines


def new_line(place: Installation, fields: Fields, given: Element, number: int, sequence: int, tax_type: str) -> Line:
    """A line from what was sent. Raises Crash.

    Fidelity: known simply_crm §5 – a line whose product does not exist is accepted
    Fidelity: known simply_crm §10.3 – without listprice the product's unit_price, a service's is 0
    Fidelity: known simply_crm §10.6 – PHP 8 dies of "" as quantity or listprice
    """
    product = as_text(given.get("productid"))
    price = given.get("listprice")
    if price is None:
        price = _unit_price(place, product)
    place.arithmetic.number(price)
    place.arithmetic.number(given.get("quantity"))
    for name in ("discount_amount", "discount_percent"):
        if as_text(given.get(name)) not in ("", "0"):
            place.arithmetic.number(given[name])
    return Line(
        number=number,
        product=product,
        sequence=sequence,
        quantity=kept(given.get("quantity"), 3),
        price=kept(price, 8),
        discount_percent=kept(given.get("discount_percent"), 3),
        discount_amount=kept(given.get("discount_amount"), 8),
        comment=fields.text(given.get("comment")),
        taxes=_line_taxes(place, product, given, tax_type),
    )


def _unit_price(place: Installation, product: str) -> str:
    parts, row = place.store.split(product), place.store.find_any(product)
    if row is None or parts is None or parts[0] != "Products":
        return "0"
    return row.values.get("unit_price", "0")


def _line_taxes(place: Installation, product: str, given: Element, tax_type: str) -> dict[str, str]:
    """Each tax as sent, 0 when it is not; a tax that is switched off reads NULL.

    Fidelity: known simply_crm §10.4 – individual, no tax field on the line: the product's own rates are stored
    Fidelity: inferred simply_crm §10.4 – code of initTax: group mode keeps the rate of a switched-off tax
    """
    individual = is_individual(tax_type)
    sent = {tax.name: kept(given[tax.name], 3) for tax in place.local.taxes if given.get(tax.name) is not None}
    own = usable(taxes_of(place.store, product), place.local.taxes) if individual and not sent else {}
    rates = {}
    for tax in place.local.taxes:
        if tax.active or (tax.name in sent and not individual):
            rates[tax.name] = sent.get(tax.name) or own.get(tax.name) or _ZERO
    return rates


def add_line_alone(place: Installation, fields: Fields, element: Element) -> dict[str, Any]:
    """One more line under a document, given by parent_id; no sum and no stock follows. Raises ServiceError, Crash.

    Fidelity: known simply_crm §10.4 – recording 65_create_LineItem; its answer shows every group rate as 0
    """
    store = place.store
    fields.check_all(store.modules["LineItem"], element)
    parent = as_text(element.get("parent_id"))
    parts, row = store.split(parent), store.find(parent)
    if parts is None or row is None:
        raise denied()
    check_readable(place, row)
    tax_type = row.values.get("hdnTaxType", "")
    sequence = int(cast(element.get("sequence_no")))
    line = new_line(place, fields, element, store.next_line_number(), sequence, tax_type)
    store.add_line(parts[0], row, line)
    shown = line_row(store, line, parent)
    for tax in place.local.taxes:
        shown[tax.name] = line.taxes.get(tax.name, _ZERO) if is_individual(tax_type) else _ZERO
    return {**shown, "incrementondel": "1"}
