"""Where and on which terms a document is delivered: an address goes as a whole, terms by what their options say.

Fidelity: known business_central §6.1 – a document takes what it is not told from the customer's card, part by part
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kobling.mapping import Codec, Direction, FieldMapping, Resolver, end
from kobling.mapping.codecs import LeftOut, Values, text_up_to
from kobling.mapping.people import country_key, country_name
from kobling.mapping.references import KEEP, soft_reference
from kobling.records import N_, Wrong
from kobling.records.texts import tidy

_PARTS = {
    "name": ("shipto_name", "shipToName", 100),
    "line1": ("shipto_line1", "shipToAddressLine1", 100),
    "line2": ("shipto_line2", "shipToAddressLine2", 50),
    "postcode": ("shipto_postalcode", "shipToPostCode", 20),
    "city": ("shipto_city", "shipToCity", 30),
    "county": ("shipto_stateorprovince", "shipToState", 30),
    "country": ("shipto_country", "shipToCountry", 10),
}


def ship_to(options: Mapping[str, Any]) -> FieldMapping:
    """The address of delivery: parts of two addresses are never mixed, so all of it is written, what is empty too."""
    words, key = country_name(options["country_language"]), country_key()
    sales = _address(words, lambda _part: words, None)
    central = _address(key, lambda part: key if part == "country" else text_up_to(_PARTS[part][2]), "")
    return FieldMapping(
        "ship_to",
        end(*(left for left, _, _ in _PARTS.values()), codec=sales),
        end(*(right for _, right, _ in _PARTS.values()), codec=central),
        clear=False,
        label=N_("Ship to"),
    )


def _address(country: Codec, codec_of: Callable[[str], Codec], empty: str | None) -> Codec:
    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        told = {part: tidy(str(value)) for part, value in zip(_PARTS, values, strict=True) if value not in (None, "")}
        found = {part: value for part, value in told.items() if value}
        if "country" in found:
            found["country"] = country.read((found["country"],), side, resolver)
        return found or None

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        if value is None:
            return (KEEP,) * len(_PARTS)
        found = []
        for part in _PARTS:
            is_words = part == "country" or empty == ""
            text = value.get(part)
            found.append(codec_of(part).write(text, side, resolver)[0] if text and is_words else text or empty)
        return tuple(found)

    return Codec(f"ship_to_{country.name}", read, write)


def terms() -> tuple[FieldMapping, ...]:
    """Terms of payment and delivery that an order names; one that names none gets those of the customer."""
    return tuple(
        FieldMapping(
            key,
            end(column, codec=_option(mapping, f"salesorder.{column}", account)),
            end(right, codec=soft_reference(mapping)),
            Direction.TO_RIGHT,
            clear=False,
            light=True,
            label=label,
        )
        for key, column, right, mapping, account, label in (
            (
                "payment_terms",
                "paymenttermscode",
                "paymentTermsId",
                "payment_terms",
                "account.paymenttermscode",
                N_("Payment terms"),
            ),
            (
                "shipment_method",
                "freighttermscode",
                "shipmentMethodId",
                "shipment_methods",
                "account.address1_freighttermscode",
                N_("Shipment method"),
            ),
        )
    )


def _option(mapping: str, own: str, coupled: str) -> Codec:
    """An option of an order's own list ↔ the option of the same label among the accounts', which is the coupled one."""

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        if values[0] in (None, "") or resolver is None:
            return None
        label = resolver.field(side, own, str(values[0]), "label")
        same = resolver.find(side, coupled, "label", label) if label else None
        if same is None:
            raise Wrong(N_("“%(value)s” is no option of the customers'."), value=label or values[0])
        coupling = resolver.coupling(mapping, side, same)
        if coupling is None:
            raise LeftOut((mapping, same))
        return f"{mapping}:{coupling}"

    return Codec(f"option_of_{own}", read, lambda _value, _side, _resolver: (KEEP,))
