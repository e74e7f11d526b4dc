"""Organisations and contacts of the CRM ↔ contacts of Dinero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import Condition, Direction, Evidence, FieldMapping, MatchRule, Side, TableMapping, end
from kobling.mapping.codecs import EMAIL
from kobling.mapping.identity import cvr_number
from kobling.mapping.people import CVR, LOCATION_NUMBER, PERSON_NAME, country_key, country_name, phone_digits
from kobling.pairs.base import Schemas
from kobling.pairs.custom_fields import CVR_LABEL, EAN_LABEL, labelled
from kobling.pairs.simply_crm_dinero.options import conflict_of, direction_of, leading_of
from kobling.records import N_


def organisations(options: Mapping[str, Any], schemas: Schemas) -> TableMapping:
    """Accounts ↔ contacts that are no persons.

    Simply CRM has no field for a CVR or EAN number in stock; a custom field is found by its label.
    """
    fields = [
        FieldMapping("name", end("accountname"), end("Name"), label=N_("Name")),
        *_address("bill_street", "bill_code", "bill_city", "bill_country", options),
        FieldMapping("phone", end("phone"), end("Phone"), label=N_("Phone"), compared=phone_digits, light=True),
        FieldMapping("email", end("email1", codec=EMAIL), end("Email", codec=EMAIL), label=N_("E-mail"), light=True),
        FieldMapping("website", end("website"), end("Webpage"), label=N_("Website"), light=True),
        _reference("account_no"),
    ]
    cvr, ean = (labelled(schemas, Side.LEFT, "Accounts", "cf_", each) for each in (CVR_LABEL, EAN_LABEL))
    if cvr:
        ends, label = (end(cvr, codec=CVR), end("VatNumber", codec=CVR)), N_("CVR number")
        fields.insert(1, FieldMapping("cvr", *ends, clear=False, label=label, check=cvr_number, legal=True))
    if ean:
        left, right = end(ean, codec=LOCATION_NUMBER), end("EanNumber", codec=LOCATION_NUMBER)
        fields.insert(2, FieldMapping("ean", left, right, clear=False, label=N_("EAN number"), legal=True))
    return TableMapping(
        name="organisations",
        label=N_("Organisations"),
        left="Accounts",
        right="contacts",
        fields=tuple(fields),
        match=(
            *((MatchRule(("cvr",), Evidence.LEGAL),) if cvr else ()),
            *((MatchRule(("ean",), Evidence.LEGAL),) if ean else ()),
            MatchRule(("email",)),
            MatchRule(("name",)),
        ),
        right_filter=(Condition("IsPerson", "differs", True),),
        right_constants={"IsPerson": False, "IsMember": False, "UseCvr": False},
        **_rules(options),
    )


def contacts(options: Mapping[str, Any]) -> TableMapping:
    """Contacts ↔ contacts that are persons. Persons have no identity number here, so a person couples them."""
    return TableMapping(
        name="contacts",
        label=N_("Contacts"),
        left="Contacts",
        right="contacts",
        fields=(
            FieldMapping("name", end("firstname", "lastname", codec=PERSON_NAME), end("Name"), label=N_("Name")),
            *_address("mailingstreet", "mailingzip", "mailingcity", "mailingcountry", options),
            FieldMapping("phone", end("phone"), end("Phone"), label=N_("Phone"), compared=phone_digits, light=True),
            FieldMapping("email", end("email", codec=EMAIL), end("Email", codec=EMAIL), label=N_("E-mail"), light=True),
            _reference("contact_no"),
        ),
        match=(MatchRule(("email",)), MatchRule(("name",))),
        right_filter=(Condition("IsPerson", "equals", True),),
        right_constants={"IsPerson": True, "IsMember": False, "UseCvr": False},
        **_rules(options),
    )


def _rules(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "direction": direction_of(options),
        "conflict": conflict_of(options),
        "leading": leading_of(options),
    }


def _address(street: str, code: str, city: str, country: str, options: Mapping[str, Any]) -> list[FieldMapping]:
    words = country_name(options["country_language"])
    return [
        FieldMapping("street", end(street), end("Street"), label=N_("Street"), light=True),
        FieldMapping("postcode", end(code), end("ZipCode"), label=N_("Postcode"), light=True),
        FieldMapping("city", end(city), end("City"), label=N_("City"), light=True),
        FieldMapping(
            "country",
            end(country, codec=words),
            end("CountryKey", codec=country_key()),
            clear=False,
            label=N_("Country"),
            light=True,
        ),
    ]


def _reference(number: str) -> FieldMapping:
    """The CRM's own number, given along when Dinero's record is made; another program's reference is never touched."""
    return FieldMapping(
        "reference",
        end(number),
        end("ExternalReference"),
        direction=Direction.TO_RIGHT,
        frozen=True,
        label=N_("Number in the CRM"),
    )
