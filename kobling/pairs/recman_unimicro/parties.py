"""Customers and projects: RecMan is the master, Unimicro follows.

Fidelity: known recman §4a – name, e-mail, company number, invoice and delivery address, customer number
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import (
    Comparison,
    Condition,
    DeletionPolicy,
    Direction,
    Evidence,
    FieldMapping,
    MatchRule,
    Side,
    TableMapping,
    end,
)
from kobling.mapping.codecs import DAY, EMAIL, NUMBER, TEXT, Codec, Resolver, Values
from kobling.mapping.identity import organisation_number_no
from kobling.mapping.people import ORG_NUMBER_NO, phone_digits
from kobling.mapping.references import numeric, soft_reference
from kobling.pairs.recman_unimicro.numbers import customer_number
from kobling.records import N_

_PARTS = ("address1", "address2", "postalCode", "city", "country")
_THERE = ("AddressLine1", "AddressLine2", "PostalCode", "City", "Country")


def customers(options: Mapping[str, Any]) -> TableMapping:
    """Companies that are customers; the number decides, and it is compared before anything is sent."""
    mine, theirs = customer_number(str(options["customer_numbers"]))
    return TableMapping(
        name="customers",
        label=N_("Customers"),
        left="company",
        right="customers",
        fields=(
            FieldMapping(
                "number",
                end("companyNumber", codec=mine),
                end("CustomerNumber", codec=theirs),
                frozen=True,
                needed=True,
                clear=False,
                label=N_("Customer number"),
            ),
            *_PARTICULARS,
        ),
        match=(
            MatchRule(("number", "org_number"), Evidence.LEGAL),
            MatchRule(("number",), Evidence.AGREEING, ("name",)),
            MatchRule(("org_number",)),
            MatchRule(("name",)),
        ),
        direction=Direction.TO_RIGHT,
        leading=Side.LEFT,
        deletion=DeletionPolicy.UNCOUPLE,
        create_left=False,
        left_filter=(Condition("type", "equals", "customer"),),
        compare=Comparison("number", "org_number", "name"),
        asks_about_new=True,
    )


def _address(key: str, there: str, label: str, *kinds: str) -> FieldMapping:
    """The first of RecMan's addresses that is filled in, whole; parts of two are never mixed."""
    mine = tuple(f"{kind}Address.{part}" for kind in kinds for part in _PARTS)
    theirs = tuple(f"Info.{there}.{part}" for part in _THERE)

    def read_mine(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        for at in range(0, len(values), len(_PARTS)):
            if any(each not in (None, "") for each in values[at : at + len(_PARTS)]):
                return _told(values[at : at + len(_PARTS)])
        return None

    def write_theirs(value: Any, _side: str, _resolver: Resolver | None) -> Values:
        return tuple((value or {}).get(part) for part in _PARTS)

    return FieldMapping(
        key,
        end(*mine, codec=Codec("recman_address", read_mine, lambda _value, _side, _resolver: (None,) * len(mine))),
        end(*theirs, codec=Codec("unimicro_address", lambda values, _side, _resolver: _told(values), write_theirs)),
        clear=False,
        label=label,
        light=True,
    )


def _told(values: Values) -> dict[str, str] | None:
    told = {part: str(value).strip() for part, value in zip(_PARTS, values, strict=True) if value not in (None, "")}
    return {part: value for part, value in told.items() if value} or None


_PARTICULARS = (
    FieldMapping("name", end("name"), end("Info.Name"), clear=False, label=N_("Name")),
    FieldMapping(
        "org_number",
        end("countryRegNumber", codec=ORG_NUMBER_NO),
        end("OrgNumber", codec=ORG_NUMBER_NO),
        clear=False,
        label=N_("Organisation number"),
        check=organisation_number_no,
        legal=True,
    ),
    FieldMapping(
        "email",
        end("email", codec=EMAIL),
        end("Info.DefaultEmail.EmailAddress", codec=EMAIL),
        label=N_("E-mail"),
        light=True,
    ),
    FieldMapping(
        "phone", end("phone"), end("Info.DefaultPhone.Number"), label=N_("Phone"), compared=phone_digits, light=True
    ),
    FieldMapping(
        "credit_days",
        end("creditTime", codec=NUMBER),
        end("CreditDays", codec=NUMBER),
        clear=False,
        label=N_("Credit days"),
        light=True,
    ),
    _address("invoice_address", "InvoiceAddress", N_("Invoice address"), "invoice", "post", "visit"),
    _address("delivery_address", "ShippingAddress", N_("Delivery address"), "delivery"),
)


def projects(options: Mapping[str, Any]) -> TableMapping:
    """Projects that have a number."""
    return TableMapping(
        name="projects",
        label=N_("Projects"),
        left="project",
        right="projects",
        fields=(
            FieldMapping("number", end("number"), end("ProjectNumber"), frozen=True, label=N_("Number")),
            FieldMapping("name", end("name"), end("Name"), clear=False, label=N_("Name")),
            FieldMapping(
                "customer",
                end("companyId", codec=soft_reference("customers")),
                end("ProjectCustomerID", codec=numeric(soft_reference("customers"))),
                clear=False,
                label=N_("Customer"),
            ),
            FieldMapping(
                "begins",
                end("startDate", codec=DAY),
                end("StartDate", codec=DAY),
                clear=False,
                label=N_("Start"),
                light=True,
            ),
            FieldMapping("ends", end("endDate", codec=DAY), end("EndDate", codec=DAY), label=N_("End"), light=True),
            FieldMapping("notes", end("invoiceNotes", codec=TEXT), end("Description"), label=N_("Notes"), light=True),
        ),
        match=(MatchRule(("number",), Evidence.AGREEING, ("name",)), MatchRule(("name",))),
        direction=Direction.TO_RIGHT,
        leading=Side.LEFT,
        deletion=DeletionPolicy.UNCOUPLE,
        create_left=False,
        left_filter=(Condition("number", "filled"), *of_departments(options)),
        depends_on=("customers",),
    )


def of_departments(options: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Only what belongs to the departments that were given access."""
    chosen = tuple(each.strip() for each in str(options["departments"]).split(",") if each.strip())
    return (Condition("departmentId", "in", chosen),) if chosen else ()
