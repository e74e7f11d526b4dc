"""Products and services of the CRM ↔ products of Dinero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import Codec, Direction, Evidence, FieldMapping, MatchRule, TableMapping, end
from kobling.mapping.codecs import KEY, NUMBER, NUMBER_AS_TEXT, Resolver, Values
from kobling.pairs.simply_crm_dinero.options import conflict_of, direction_of, leading_of
from kobling.records import N_

PIECES = "parts"
DINERO_UNITS = frozenset(
    {
        *("hours", "parts", "km", "day", "week", "month", "kilogram", "cubicMetre", "set", "litre", "box", "case"),
        *("carton", "metre", "package", "shipment", "squareMetre", "session", "tonne"),
    }
)
UNITS = {
    "Box": "box",
    "Carton": "carton",
    "Each": PIECES,
    "Pieces": PIECES,
    "Quantity": PIECES,
    "Hours": "hours",
    "Days": "day",
    "M": "metre",
    "Pack": "package",
    "Incidents": "session",
}
"""Words of the CRM's stock lists → Dinero's fixed unit keys (dinero §4)."""
_BACK = {key: word for word, key in reversed(UNITS.items())} | {PIECES: "Pieces"}


def _read_unit(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    """A unit that Dinero does not know is counted in pieces there; the CRM keeps its own word."""
    word = str(values[0] or "")
    return word if word in DINERO_UNITS else UNITS.get(word, PIECES)


def _write_unit(value: Any, _side: str, _resolver: Resolver | None) -> Values:
    return (_BACK.get(value, value),)


CRM_UNIT = Codec("crm_unit", _read_unit, _write_unit)


def products(options: Mapping[str, Any]) -> TableMapping:
    """Products ↔ products, matched by product number and name. Prices are excluding VAT, in the base currency."""
    return TableMapping(
        name="products",
        label=N_("Products"),
        left="Products",
        right="products",
        fields=(
            FieldMapping("name", end("productname"), end("Name"), label=N_("Name")),
            FieldMapping(
                "number",
                end("productcode", codec=KEY),
                end("ProductNumber", codec=KEY),
                clear=False,
                label=N_("Product number"),
            ),
            _price(),
            FieldMapping("unit", end("usageunit", codec=CRM_UNIT), end("Unit"), label=N_("Unit")),
        ),
        match=(MatchRule(("number",), Evidence.AGREEING, ("name",)), MatchRule(("name",))),
        direction=direction_of(options),
        conflict=conflict_of(options),
        leading=leading_of(options),
        right_constants=_required(options),
        left_constants={"discontinued": "1"},
    )


def services(options: Mapping[str, Any]) -> TableMapping:
    """Services → products, so that invoices can carry them; nothing in Dinero says that a product is a service."""
    return TableMapping(
        name="services",
        label=N_("Services"),
        left="Services",
        right="products",
        fields=(
            FieldMapping("name", end("servicename"), end("Name"), direction=Direction.TO_RIGHT, label=N_("Name")),
            FieldMapping(
                "number",
                end("service_no"),
                end("ProductNumber"),
                direction=Direction.TO_RIGHT,
                frozen=True,
                label=N_("Product number"),
            ),
            _price(Direction.TO_RIGHT),
            FieldMapping(
                "unit",
                end("service_usageunit", codec=CRM_UNIT),
                end("Unit"),
                direction=Direction.TO_RIGHT,
                label=N_("Unit"),
            ),
        ),
        match=(MatchRule(("number",), Evidence.AGREEING, ("name",)),),
        direction=Direction.TO_RIGHT,
        right_constants=_required(options),
    )


def _price(direction: Direction = Direction.BOTH) -> FieldMapping:
    left, right = end("unit_price", codec=NUMBER_AS_TEXT), end("BaseAmountValue", codec=NUMBER)
    return FieldMapping("price", left, right, direction=direction, clear=False, label=N_("Price"))


def _required(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"Quantity": 1, "AccountNumber": int(options["sales_account"])}
