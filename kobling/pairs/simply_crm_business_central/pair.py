"""Simply CRM ↔ Business Central: organisations and products. Mappings alone, over connectors that exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import (
    Condition,
    ConflictPolicy,
    Direction,
    Evidence,
    FieldMapping,
    MatchRule,
    Side,
    TableMapping,
    end,
)
from kobling.mapping.codecs import EMAIL, KEY, NUMBER, NUMBER_AS_TEXT, key_up_to, text_up_to
from kobling.mapping.identity import cvr_number
from kobling.mapping.people import CVR, country_key, country_name, phone_digits
from kobling.pairs.base import Option, PairType, Schemas
from kobling.pairs.common_options import SYNCHRONISE
from kobling.pairs.custom_fields import CVR_LABEL, labelled
from kobling.pairs.shaping import shape_all
from kobling.records import N_

OPTIONS = (
    SYNCHRONISE,
    Option("direction", N_("Direction"), "both", ("to_right", "to_left", "both")),
    Option(
        "conflict", N_("When both sides changed the same field"), "ask", tuple(each.value for each in ConflictPolicy)
    ),
    Option("country_language", N_("Language of country names in the CRM"), "da", ("da", "sv", "nb", "en")),
)


def mappings(options: Mapping[str, Any], schemas: Schemas) -> Mapping[str, TableMapping]:
    """Organisations ↔ customers, products ↔ items."""
    return shape_all([_customers(options, schemas), _items(options)], options, schemas)


def _rules(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "direction": Direction(options["direction"]),
        "conflict": ConflictPolicy(options["conflict"]),
        "leading": Side.RIGHT,
    }


def _legal(path: str) -> FieldMapping:
    return FieldMapping(
        "cvr",
        end(path, codec=CVR),
        end("taxRegistrationNumber", codec=CVR),
        clear=False,
        label=N_("CVR number"),
        check=cvr_number,
        legal=True,
    )


def _customers(options: Mapping[str, Any], schemas: Schemas) -> TableMapping:
    cvr = labelled(schemas, Side.LEFT, "Accounts", "cf_", CVR_LABEL)
    words = country_name(options["country_language"])
    return TableMapping(
        name="customers",
        label=N_("Customers"),
        left="Accounts",
        right="customers",
        fields=(
            FieldMapping("name", end("accountname"), _text("displayName", 100), clear=False, label=N_("Name")),
            *((_legal(cvr),) if cvr else ()),
            FieldMapping("street", end("bill_street"), _text("addressLine1", 100), label=N_("Street"), light=True),
            FieldMapping("postcode", end("bill_code"), _text("postalCode", 20), label=N_("Postcode"), light=True),
            FieldMapping("city", end("bill_city"), _text("city", 30), label=N_("City"), light=True),
            FieldMapping(
                "country",
                end("bill_country", codec=words),
                end("country", codec=country_key()),
                clear=False,
                label=N_("Country"),
                light=True,
            ),
            FieldMapping(
                "phone", end("phone"), _text("phoneNumber", 30), label=N_("Phone"), compared=phone_digits, light=True
            ),
            FieldMapping(
                "email", end("email1", codec=EMAIL), end("email", codec=EMAIL), label=N_("E-mail"), light=True
            ),
            FieldMapping("website", end("website"), _text("website", 255), label=N_("Website"), light=True),
        ),
        match=(
            *((MatchRule(("cvr",), Evidence.LEGAL),) if cvr else ()),
            MatchRule(("email",)),
            MatchRule(("name",)),
        ),
        right_filter=(Condition("blocked", "empty", keeps_name=True),),
        right_constants={"type": "Company"},
        **_rules(options),
    )


def _items(options: Mapping[str, Any]) -> TableMapping:
    return TableMapping(
        name="items",
        label=N_("Items"),
        left="Products",
        right="items",
        fields=(
            FieldMapping("name", end("productname"), _text("displayName", 100), clear=False, label=N_("Name")),
            FieldMapping(
                "number",
                end("productcode", codec=KEY),
                end("number", codec=key_up_to(20)),
                clear=False,
                label=N_("Product number"),
            ),
            FieldMapping(
                "price", end("unit_price", codec=NUMBER_AS_TEXT), end("unitPrice", codec=NUMBER), label=N_("Price")
            ),
        ),
        match=(MatchRule(("number",), Evidence.AGREEING, ("name",)), MatchRule(("name",))),
        right_filter=(Condition("blocked", "equals", False, keeps_name=True),),
        left_constants={"discontinued": "1"},
        right_constants={"type": "Inventory"},
        **_rules(options),
    )


def _text(path: str, limit: int) -> Any:
    return end(path, codec=text_up_to(limit))


PAIR = PairType(
    name="simply-crm-business-central",
    title="Simply CRM ↔ Business Central",
    left="simply_crm",
    right="business_central",
    mappings=mappings,
    options=OPTIONS,
)
