"""Items, resources, price groups and prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import Codec, Condition, Direction, Evidence, FieldMapping, MatchRule, Resolver, TableMapping, end
from kobling.mapping.codecs import NUMBER, Values, text_up_to
from kobling.mapping.references import KEEP, reference
from kobling.pairs.dynamics_sales_business_central.codecs import (
    ACTIVE,
    CENTRAL_UNIT,
    NOT_BLOCKED,
    SALES_CURRENCY,
    SALES_UNIT,
    by_code,
)
from kobling.pairs.dynamics_sales_business_central.options import rules
from kobling.records import N_

ITEM, SERVICE = 1, 3
"""Values of ``producttypecode``: sales inventory and services."""
FAMILY, BUNDLE = 2, 3
"""Values of ``productstructure``: neither is a thing that lies in stock."""
_PLAIN = tuple(Condition("productstructure", "differs", each) for each in (FAMILY, BUNDLE))
_NEW = {"quantitydecimal": 2, "productstructure": 1}


def items(options: Mapping[str, Any]) -> TableMapping:
    """Products ↔ items. The number, prices, costs and stock come from Business Central.

    A product is made as a draft and becomes active once everything else holds.
    """
    return TableMapping(
        name="items",
        label=N_("Items"),
        left="products",
        right="items",
        fields=(*_product("number"), *_only_left("stock", "quantityonhand", "inventory", N_("In stock")), _active()),
        match=(MatchRule(("number",), Evidence.AGREEING, ("name",)), MatchRule(("name",))),
        depends_on=("units",),
        left_filter=(
            Condition("statecode", "equals", 0, keeps_name=True, carried=True),
            Condition("producttypecode", "equals", ITEM),
            *_PLAIN,
        ),
        right_filter=(Condition("blocked", "equals", False, keeps_name=True, carried=True),),
        left_constants={"producttypecode": ITEM, **_NEW},
        right_constants={"type": "Inventory"},
        **rules(options),
    )


def resources(options: Mapping[str, Any]) -> TableMapping:
    """Products of the kind service ← resources, where Business Central shows them (see the set-up)."""
    return TableMapping(
        name="resources",
        label=N_("Resources"),
        left="products",
        right="resources",
        fields=(*_product("number"), _active()),
        match=(MatchRule(("number",), Evidence.AGREEING, ("name",)),),
        depends_on=("units",),
        left_filter=(
            Condition("statecode", "equals", 0, keeps_name=True, carried=True),
            Condition("producttypecode", "equals", SERVICE),
            *_PLAIN,
        ),
        right_filter=(Condition("blocked", "equals", False, keeps_name=True, carried=True),),
        left_constants={"producttypecode": SERVICE, **_NEW},
        **rules(options, Direction.TO_LEFT),
    )


def price_groups(options: Mapping[str, Any]) -> TableMapping:
    """Customer price groups → price lists in the currency of their prices."""
    return TableMapping(
        name="price_groups",
        label=N_("Price groups"),
        left="pricelevels",
        right="customerPriceGroups",
        fields=(
            FieldMapping("name", end("name"), end("code"), label=N_("Name")),
            FieldMapping("description", end("description"), end("displayName"), label=N_("Description")),
            FieldMapping(
                "currency",
                end("transactioncurrencyid", codec=SALES_CURRENCY),
                end("code", codec=_currency_of_prices(options["base_currency"])),
                frozen=True,
                label=N_("Currency"),
            ),
        ),
        match=(MatchRule(("name",), Evidence.AGREEING, ("description", "currency")),),
        depends_on=("currencies", "items"),
        left_filter=(Condition("statecode", "equals", 0, keeps_name=True),),
        **rules(options, Direction.TO_LEFT),
    )


def prices(options: Mapping[str, Any]) -> TableMapping:
    """Sales prices of price groups → price list items."""
    return TableMapping(
        name="prices",
        label=N_("Prices"),
        left="productpricelevels",
        right="salesPrices",
        fields=(
            FieldMapping(
                "price_group",
                end("pricelevelid", codec=reference("price_groups")),
                end("salesCode", codec=by_code("price_groups", "customerPriceGroups", "code")),
                frozen=True,
                scopes=True,
                label=N_("Price group"),
            ),
            FieldMapping(
                "item",
                end("productid", codec=reference("items")),
                end("itemNumber", codec=by_code("items", "items", "number")),
                frozen=True,
                scopes=True,
                label=N_("Item"),
            ),
            FieldMapping(
                "unit",
                end("uomscheduleid", "uomid", codec=SALES_UNIT),
                end("unitOfMeasureCode", codec=CENTRAL_UNIT),
                frozen=True,
                label=N_("Unit"),
            ),
            FieldMapping("price", end("amount", codec=NUMBER), end("unitPrice", codec=NUMBER), label=N_("Price")),
        ),
        match=(MatchRule(("price_group", "item", "unit"), Evidence.PARTS),),
        depends_on=("price_groups", "items", "units"),
        left_constants={"pricingmethodcode": 1, "quantitysellingcode": 1},
        title_key="item",
        **rules(options, Direction.TO_LEFT) | {"only_coupled": False},
    )


def _product(number: str) -> tuple[FieldMapping, ...]:
    limited = text_up_to(100)
    return (
        FieldMapping("name", end("name"), end("displayName", codec=limited), clear=False, label=N_("Name")),
        *_only_left("number", "productnumber", number, N_("Product number"), text=True),
        *_only_left("price", "price", "unitPrice", N_("Price")),
        FieldMapping(
            "cost",
            end("standardcost", "currentcost", codec=_TWICE),
            end("unitCost", codec=NUMBER),
            Direction.TO_LEFT,
            label=N_("Cost"),
        ),
        FieldMapping(
            "unit",
            end("defaultuomscheduleid", "defaultuomid", codec=SALES_UNIT),
            end("baseUnitOfMeasureCode", codec=CENTRAL_UNIT),
            clear=False,
            frozen=True,
            label=N_("Unit"),
        ),
    )


def _only_left(key: str, left: str, right: str, label: str, text: bool = False) -> tuple[FieldMapping, ...]:
    if text:
        return (FieldMapping(key, end(left), end(right), Direction.TO_LEFT, clear=False, label=label),)
    ends = end(left, codec=_NOT_NEGATIVE), end(right, codec=_NOT_NEGATIVE)
    return (FieldMapping(key, *ends, Direction.TO_LEFT, clear=False, label=label),)


def _active() -> FieldMapping:
    return FieldMapping(
        "active",
        end("statecode", "statuscode", codec=ACTIVE),
        end("blocked", codec=NOT_BLOCKED),
        Direction.TO_LEFT,
        after_proof=True,
        label=N_("Active"),
    )


def _read_not_negative(values: Values, side: str, resolver: Resolver | None) -> Any:
    """Sales takes no negative price or stock: it shows nothing of it (bc_crm_rules §4)."""
    number = NUMBER.read(values, side, resolver)
    return number if number is None or number >= 0 else 0


_NOT_NEGATIVE = Codec("not_negative", _read_not_negative, NUMBER.write)
_TWICE = Codec(
    "twice",
    lambda values, side, resolver: NUMBER.read(values[:1], side, resolver),
    lambda value, _side, _resolver: (value, value),
)


def _currency_of_prices(own: str) -> Codec:
    """The currency of a price group's first price; the company's own where there is none."""

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        if resolver is None or not values[0]:
            return own
        price = resolver.find(side, "salesPrices", "salesCode", values[0])
        return (resolver.field(side, "salesPrices", price, "currencyCode") if price else None) or own

    def write(_value: Any, _side: str, _resolver: Resolver | None) -> Values:
        return (KEEP,)

    return Codec("currency_of_prices", read, write)
