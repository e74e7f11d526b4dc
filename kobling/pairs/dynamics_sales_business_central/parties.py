"""Salespeople, customers, vendors and contacts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import Condition, Direction, Evidence, FieldMapping, MatchRule, TableMapping, end
from kobling.mapping.codecs import EMAIL, NUMBER, text_up_to
from kobling.mapping.people import PERSON_NAME, country_key, country_name, phone_digits
from kobling.mapping.references import any_reference, soft_reference
from kobling.pairs.dynamics_sales_business_central.codecs import (
    COMPANY,
    OWNER,
    SALES_CURRENCY,
    SALESPERSON,
    central_currency,
)
from kobling.pairs.dynamics_sales_business_central.options import rules
from kobling.records import N_

CUSTOMER, VENDOR = 3, 11
"""Values of ``customertypecode`` (dataverse §10)."""
_ACTIVE = Condition("statecode", "equals", 0, keeps_name=True)


def salespeople(options: Mapping[str, Any]) -> TableMapping:
    """Users → salespeople. They are coupled, by e-mail after a person's word, and never created."""
    return TableMapping(
        name="salespeople",
        label=N_("Salespeople"),
        left="systemusers",
        right="salespeoplePurchasers",
        fields=(
            FieldMapping("name", end("fullname"), _text("displayName", 50), label=N_("Name")),
            FieldMapping(
                "email",
                end("internalemailaddress", codec=EMAIL),
                end("email", codec=EMAIL),
                label=N_("E-mail"),
                light=True,
            ),
            FieldMapping(
                "phone",
                end("mobilephone"),
                _text("phoneNo", 30),
                clear=False,
                label=N_("Phone"),
                compared=phone_digits,
                light=True,
            ),
        ),
        match=(MatchRule(("email",)),),
        left_filter=(
            Condition("isdisabled", "equals", False),
            Condition("islicensed", "equals", True),
            Condition("isintegrationuser", "equals", False),
        ),
        create_left=False,
        create_right=False,
        **rules(options, Direction.TO_RIGHT),
    )


def customers(options: Mapping[str, Any]) -> TableMapping:
    """Accounts of the kind customer ↔ customers that are not blocked."""
    return TableMapping(
        name="customers",
        label=N_("Customers"),
        left="accounts",
        right="customers",
        fields=(
            *_company_fields(options),
            FieldMapping(
                "shipment_method",
                end("address1_freighttermscode", codec=soft_reference("shipment_methods")),
                end("shipmentMethodId", codec=soft_reference("shipment_methods")),
                label=N_("Shipment method"),
                light=True,
            ),
            *_salesperson(options, "salespersonCode"),
            FieldMapping(
                "credit_limit",
                end("creditlimit", codec=NUMBER),
                end("creditLimit", codec=NUMBER),
                Direction.TO_LEFT,
                label=N_("Credit limit"),
            ),
        ),
        match=(MatchRule(("number",), Evidence.AGREEING, ("name",)), *_GUESSES),
        depends_on=("salespeople", "currencies", "payment_terms", "shipment_methods"),
        left_filter=(_ACTIVE, Condition("customertypecode", "equals", CUSTOMER)),
        right_filter=(Condition("blocked", "empty", keeps_name=True),),
        left_constants={"customertypecode": CUSTOMER},
        **rules(options),
    )


def vendors(options: Mapping[str, Any]) -> TableMapping:
    """Accounts of the kind vendor ↔ vendors that are not blocked."""
    return TableMapping(
        name="vendors",
        label=N_("Vendors"),
        left="accounts",
        right="vendors",
        fields=_company_fields(options),
        match=(MatchRule(("number",), Evidence.AGREEING, ("name",)), *_GUESSES),
        depends_on=("salespeople", "currencies", "payment_terms"),
        left_filter=(_ACTIVE, Condition("customertypecode", "equals", VENDOR)),
        right_filter=(Condition("blocked", "empty", keeps_name=True),),
        left_constants={"customertypecode": VENDOR},
        **rules(options),
    )


def contacts(options: Mapping[str, Any]) -> TableMapping:
    """Contacts of an account ↔ persons of a company that is a customer or vendor."""
    left_company = end("parentcustomerid_account", codec=any_reference("customers", "vendors"))
    return TableMapping(
        name="contacts",
        label=N_("Contacts"),
        left="contacts",
        right="contacts",
        fields=(
            FieldMapping("name", end("firstname", "lastname", codec=PERSON_NAME), _text("displayName", 100)),
            FieldMapping("company", left_company, end("companyNumber", codec=COMPANY), clear=False, scopes=True),
            FieldMapping("title", end("jobtitle"), _text("jobTitle", 30), label=N_("Job title"), light=True),
            *_address(options),
            FieldMapping(
                "mobile",
                end("mobilephone"),
                _text("mobilePhoneNumber", 30),
                label=N_("Mobile phone"),
                compared=phone_digits,
                light=True,
            ),
        ),
        match=(MatchRule(("email",)), MatchRule(("name", "company"))),
        depends_on=("customers", "vendors"),
        left_filter=(_ACTIVE, Condition("parentcustomerid_account", "filled")),
        right_filter=(Condition("type", "equals", "Person"), Condition("companyNumber", "filled")),
        right_constants={"type": "Person"},
        **rules(options),
    )


_GUESSES = (MatchRule(("email",)), MatchRule(("name",)))


def _text(path: str, limit: int) -> Any:
    """A text field of Business Central; what is too long is refused there, never cut."""
    return end(path, codec=text_up_to(limit))


def _company_fields(options: Mapping[str, Any]) -> tuple[FieldMapping, ...]:
    return (
        FieldMapping("name", end("name"), _text("displayName", 100), clear=False, label=N_("Name")),
        FieldMapping("number", end("accountnumber"), end("number"), Direction.TO_LEFT, clear=False, label=N_("Number")),
        *_address(options),
        FieldMapping(
            "currency",
            end("transactioncurrencyid", codec=SALES_CURRENCY),
            end("currencyCode", codec=central_currency(options["base_currency"])),
            clear=False,
            label=N_("Currency"),
        ),
        FieldMapping(
            "payment_terms",
            end("paymenttermscode", codec=soft_reference("payment_terms")),
            end("paymentTermsId", codec=soft_reference("payment_terms")),
            label=N_("Payment terms"),
            light=True,
        ),
    )


def _address(options: Mapping[str, Any]) -> tuple[FieldMapping, ...]:
    words = country_name(options["country_language"])
    return (
        FieldMapping("street", end("address1_line1"), _text("addressLine1", 100), label=N_("Street"), light=True),
        FieldMapping(
            "street_2", end("address1_line2"), _text("addressLine2", 50), label=N_("Street, second line"), light=True
        ),
        FieldMapping("postcode", end("address1_postalcode"), _text("postalCode", 20), label=N_("Postcode"), light=True),
        FieldMapping("city", end("address1_city"), _text("city", 30), label=N_("City"), light=True),
        FieldMapping("county", end("address1_stateorprovince"), _text("state", 30), label=N_("County"), light=True),
        FieldMapping(
            "country",
            end("address1_country", codec=words),
            end("country", codec=country_key()),
            clear=False,
            label=N_("Country"),
            light=True,
        ),
        FieldMapping(
            "phone", end("telephone1"), _text("phoneNumber", 30), label=N_("Phone"), compared=phone_digits, light=True
        ),
        FieldMapping(
            "email", end("emailaddress1", codec=EMAIL), end("email", codec=EMAIL), label=N_("E-mail"), light=True
        ),
        FieldMapping("website", end("websiteurl"), _text("website", 255), label=N_("Website"), light=True),
    )


def _salesperson(options: Mapping[str, Any], path: str) -> tuple[FieldMapping, ...]:
    if options["ownership"] == "team":
        return ()
    return (
        FieldMapping(
            "salesperson",
            end("ownerid_systemuser", codec=OWNER),
            end(path, codec=SALESPERSON),
            Direction.TO_LEFT,
            clear=False,
            label=N_("Salesperson"),
        ),
    )
