"""What Pleo's users choose from, kept as the books have it: accounts, dimensions, tax codes, vendors.

What is booked is the code, whatever it is called here: equal codes are one account, dimension or VAT code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from kobling.mapping import (
    Condition,
    ConflictPolicy,
    DeletionPolicy,
    Direction,
    Evidence,
    FieldMapping,
    MatchRule,
    Side,
    TableMapping,
    end,
)
from kobling.mapping.codecs import FLAG, NUMBER, Codec, Resolver, Values
from kobling.mapping.identity import cvr_number
from kobling.mapping.people import CVR, country_key
from kobling.mapping.references import reference
from kobling.records import N_, Wrong, exact

_PERCENT = re.compile(r"(\d+(?:[.,]\d+)?)\s*%")


def _one_way(**more: Any) -> dict[str, Any]:
    """From the books alone; what vanished there is archived in Pleo, which its connector makes of a deletion."""
    return {"direction": Direction.TO_LEFT, "leading": Side.RIGHT, "deletion": DeletionPolicy.DELETE, **more}


def accounts(options: Mapping[str, Any]) -> TableMapping:
    """G/L accounts → categories; an account that is blocked or takes no direct posting is archived there."""
    return TableMapping(
        name="accounts",
        label=N_("Accounts"),
        left="accounts",
        right="accounts",
        fields=(
            FieldMapping(
                "external", end("externalId"), end("number"), frozen=True, label=N_("External id"), listed=True
            ),
            FieldMapping("code", end("code"), end("number"), clear=False, label=N_("Account number"), listed=True),
            FieldMapping(
                "name",
                end("name"),
                end("displayName"),
                clear=False,
                frozen=options["category_names"] == "own",
                label=N_("Name"),
            ),
            FieldMapping(
                "archived",
                end("archived", codec=FLAG),
                end("blocked", "directPosting", codec=_CLOSED),
                label=N_("Closed"),
            ),
        ),
        match=tuple(MatchRule((key,), Evidence.LISTED) for key in ("external", "code")),
        right_filter=(
            Condition("accountType", "equals", "Posting"),
            Condition("blocked", "equals", False, carried=True),
            Condition("directPosting", "equals", True, carried=True),
        ),
        **_one_way(),
    )


def _read_closed(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    blocked, direct = values
    return bool(blocked) or not direct


_CLOSED = Codec("closed_account", _read_closed, lambda _value, _side, _resolver: (None, None))


def dimensions(_options: Mapping[str, Any]) -> TableMapping:
    """Dimensions → tag groups."""
    return TableMapping(
        name="dimensions",
        label=N_("Dimensions"),
        left="tagGroups",
        right="dimensions",
        fields=(
            FieldMapping("code", end("code"), end("code"), clear=False, label=N_("Code"), listed=True),
            FieldMapping("name", end("name"), end("displayName"), clear=False, label=N_("Name")),
        ),
        match=(MatchRule(("code",), Evidence.LISTED),),
        left_filter=(Condition("archived", "differs", True),),
        **_one_way(),
    )


def dimension_values(_options: Mapping[str, Any]) -> TableMapping:
    """Dimension values → tags of their group."""
    group = reference("dimensions")
    return TableMapping(
        name="dimension_values",
        label=N_("Dimension values"),
        left="tags",
        right="dimensionValues",
        fields=(
            FieldMapping(
                "group",
                end("groupId", codec=group),
                end("dimensionId", codec=group),
                frozen=True,
                scopes=True,
                label=N_("Dimension"),
            ),
            FieldMapping("code", end("code"), end("code"), clear=False, label=N_("Code"), listed=True),
            FieldMapping("name", end("name"), end("displayName"), clear=False, label=N_("Name")),
        ),
        match=(MatchRule(("group", "code"), Evidence.LISTED),),
        left_filter=(Condition("archived", "differs", True),),
        depends_on=("dimensions",),
        **_one_way(),
    )


def tax_codes(options: Mapping[str, Any]) -> TableMapping:
    """VAT product posting groups → tax codes; their rate is not in the API, so it is read off the name or told."""
    return TableMapping(
        name="tax_codes",
        label=N_("VAT codes"),
        left="taxCodes",
        right="taxGroups",
        fields=(
            FieldMapping("code", end("code"), end("code"), clear=False, label=N_("Code"), listed=True),
            FieldMapping("name", end("name"), end("displayName"), clear=False, label=N_("Name")),
            FieldMapping(
                "rate",
                end("rate", codec=NUMBER),
                end("code", "displayName", codec=_rate(options["vat_rates"])),
                clear=False,
                label=N_("Rate"),
            ),
        ),
        match=(MatchRule(("code",), Evidence.LISTED),),
        left_constants={"type": "inclusive"},
        left_filter=(Condition("archived", "differs", True),),
        **_one_way(),
    )


def rates_of(text: str) -> dict[str, Decimal]:
    """``CODE=25, CODE=0`` as rates, 0.25 for 25. Raises ValueError for what is no number."""
    found = {}
    for part in filter(None, (each.strip() for each in re.split(r"[;,\n](?=\s*[^\s\d])", text))):
        code, _, rate = part.partition("=")
        found[code.strip()] = exact(rate.strip().replace(",", ".")) / 100
    return found


def _rate(told: str) -> Codec:
    known = rates_of(told)

    def read(values: Values, _side: str, _resolver: Resolver | None) -> Any:
        code, name = str(values[0] or ""), str(values[1] or "")
        if code in known:
            return _plain(known[code])
        found = _PERCENT.search(name)
        if found:
            return _plain(exact(found[1].replace(",", ".")) / 100)
        if "fri" in name.casefold() or "free" in name.casefold():
            return 0
        raise Wrong(N_("Say which rate the VAT code %(code)s has (option vat_rates: %(code)s=25)."), code=code)

    return Codec("vat_rate", read, lambda _value, _side, _resolver: (None, None))


def _plain(rate: Decimal) -> Decimal | int:
    number = rate.normalize()
    return int(number) if number == number.to_integral_value() else number


def vendors(options: Mapping[str, Any]) -> TableMapping:
    """Vendors ↔ vendors; the number is the books' and comes back, which makes a draft of Pleo active."""
    return TableMapping(
        name="vendors",
        label=N_("Vendors"),
        left="vendors",
        right="vendors",
        fields=_vendor_fields(str(options["base_currency"])),
        match=(
            MatchRule(("cvr",), Evidence.LEGAL),
            MatchRule(("number",), Evidence.AGREEING, ("name",)),
            MatchRule(("name",)),
        ),
        left_filter=(Condition("state", "differs", "ARCHIVED"),),
        right_filter=(Condition("blocked", "empty", keeps_name=True),),
        conflict=ConflictPolicy.RIGHT,
        leading=Side.RIGHT,
    )


def _vendor_fields(own: str) -> tuple[FieldMapping, ...]:
    return (
        FieldMapping("name", end("name"), end("displayName"), clear=False, label=N_("Name")),
        FieldMapping("number", end("externalId"), end("number"), Direction.TO_LEFT, clear=False, label=N_("Number")),
        FieldMapping("code", end("code"), end("number"), Direction.TO_LEFT, clear=False, label=N_("Code")),
        FieldMapping(
            "cvr",
            end("taxRegistrationNumber", codec=CVR),
            end("taxRegistrationNumber", codec=CVR),
            clear=False,
            label=N_("CVR number"),
            check=cvr_number,
            legal=True,
        ),
        FieldMapping(
            "country",
            end("country", codec=country_key()),
            end("country", codec=country_key()),
            clear=False,
            label=N_("Country"),
            light=True,
        ),
        FieldMapping(
            "currency",
            end("defaultCurrency"),
            end("currencyCode", codec=_currency(own)),
            clear=False,
            label=N_("Currency"),
        ),
    )


def _currency(own: str) -> Codec:
    """Business Central leaves the company's own currency blank."""
    return Codec(
        "own_currency_blank",
        lambda values, _side, _resolver: str(values[0]) if values[0] else own,
        lambda value, _side, _resolver: ("" if value == own else value,),
    )
