"""Currencies, units of measure, payment terms and shipment methods: small lists that everything else refers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import Condition, Direction, Evidence, FieldMapping, MatchRule, TableMapping, end
from kobling.mapping.codecs import NUMBER
from kobling.pairs.dynamics_sales_business_central.codecs import UNIT_GROUP
from kobling.pairs.dynamics_sales_business_central.options import rules
from kobling.records import N_


def currencies(options: Mapping[str, Any]) -> TableMapping:
    """Currencies → transaction currencies, matched by ISO code. A currency without a rate waits.

    The company's own currency is in neither list of ours: it is blank there and the base currency here.
    """
    return TableMapping(
        name="currencies",
        label=N_("Currencies"),
        left="transactioncurrencies",
        right="currencies",
        fields=(
            FieldMapping("code", end("isocurrencycode"), end("code"), frozen=True, label=N_("ISO code"), listed=True),
            FieldMapping("name", end("currencyname"), end("displayName"), clear=False, label=N_("Name")),
            FieldMapping("symbol", end("currencysymbol"), end("symbol"), clear=False, label=N_("Symbol")),
            FieldMapping(
                "rate",
                end("exchangerate", codec=NUMBER),
                end("rate", codec=NUMBER),
                clear=False,
                label=N_("Exchange rate"),
            ),
        ),
        match=(MatchRule(("code",), Evidence.LISTED),),
        right_filter=(Condition("code", "differs", options["base_currency"]),),
        left_filter=(Condition("isocurrencycode", "differs", options["base_currency"]),),
        left_constants={"currencyprecision": 2},
        **rules(options, Direction.TO_LEFT) | {"only_coupled": False},
    )


def units(options: Mapping[str, Any]) -> TableMapping:
    """Units of measure → unit groups of one unit, named by the rule that the reference system uses.

    A group that people made themselves is coupled on a person's word when its base unit has the unit's name.
    """
    return TableMapping(
        name="units",
        label=N_("Units of measure"),
        left="uomschedules",
        right="unitsOfMeasure",
        fields=(
            FieldMapping(
                "code",
                end("name", "baseuomname", codec=UNIT_GROUP),
                end("code"),
                frozen=True,
                label=N_("Code"),
                listed=True,
            ),
            FieldMapping("base", end("baseuomname"), end("code"), frozen=True, label=N_("Base unit")),
            FieldMapping("description", end("description"), end("displayName"), label=N_("Description")),
        ),
        match=(MatchRule(("code",), Evidence.LISTED), MatchRule(("base",))),
        left_filter=(Condition("statecode", "equals", 0, keeps_name=True),),
        refreshes=("uoms",),
        title_key="code",
        **rules(options, Direction.TO_LEFT) | {"only_coupled": False},
    )


def payment_terms(options: Mapping[str, Any]) -> TableMapping:
    """Payment terms ↔ options of a choice column, coupled by an equal name; made there only where that was chosen."""
    return _choices("payment_terms", N_("Payment terms"), "account.paymenttermscode", "paymentTerms", options)


def shipment_methods(options: Mapping[str, Any]) -> TableMapping:
    """Shipment methods ↔ options of a choice column."""
    return _choices(
        "shipment_methods", N_("Shipment methods"), "account.address1_freighttermscode", "shipmentMethods", options
    )


def _choices(name: str, label: str, left: str, right: str, options: Mapping[str, Any]) -> TableMapping:
    return TableMapping(
        name=name,
        label=label,
        left=left,
        right=right,
        fields=(
            FieldMapping("code", end("label"), end("code"), frozen=True, label=N_("Code"), listed=True),
            FieldMapping("name", end("label"), end("displayName"), Direction.TO_RIGHT, frozen=True, label=N_("Name")),
        ),
        match=(MatchRule(("code",), Evidence.LISTED), MatchRule(("name",))),
        create_left=options["choices"] == "make",
        create_right=False,
        **rules(options) | {"only_coupled": False},
    )
