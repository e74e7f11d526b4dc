"""What invoices and credit notes of the CRM and Dinero share: whom, when, in what, and their lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.mapping import Codec, Condition, Direction, End, Evidence, FieldMapping, MatchRule, Resolver, Side, end
from kobling.mapping.codecs import DAY, LeftOut, Values
from kobling.mapping.references import KEEP, any_reference, first_reference
from kobling.pairs.simply_crm_dinero.lines import CRM_HEADER, DINERO_LINES, crm_lines, dinero_lines
from kobling.records import N_, Refused, exact

MATCH = (MatchRule(("reference",), Evidence.AGREEING, ("customer", "currency", "total_incl_vat")),)
CREDIT = "Credit Invoice"
DEPENDS_ON = ("organisations", "contacts", "products", "services")


def from_day(options: Mapping[str, Any], side: Side) -> tuple[Condition, ...]:
    """History that stays out, unless it was asked for."""
    since, path = options["invoices_from"], "invoicedate" if side is Side.LEFT else "Date"
    return () if since in ("", "all") else (Condition(path, "at_least", since),)


def heading(options: Mapping[str, Any]) -> list[FieldMapping]:
    """Subject, customer, day, currency, address and number."""
    return [
        FieldMapping("subject", end("subject"), end("Description"), label=N_("Subject")),
        _customer(options),
        FieldMapping("date", end("invoicedate", codec=DAY), end("Date", codec=DAY), clear=False, label=N_("Date")),
        FieldMapping("currency", _currency(CRM_CURRENCY), end("Currency"), clear=False, label=N_("Currency")),
        _address(),
        FieldMapping(
            "reference",
            end("invoice_no"),
            end("ExternalReference"),
            direction=Direction.TO_RIGHT,
            frozen=True,
            label=N_("Number in the CRM"),
        ),
    ]


def lines(options: Mapping[str, Any], *, credit: bool = False) -> FieldMapping:
    """Lines by the pair's accounts and its product for lines without one."""
    limit, without_vat = exact(options["rounding_limit"]), options["sales_account_without_vat"]
    accounts = int(options["sales_account"]), int(without_vat) if without_vat else None
    left = end(
        "LineItems", "productid", *CRM_HEADER, codec=crm_lines(options["fallback_product"], limit, credit=credit)
    )
    right = end(*DINERO_LINES, codec=dinero_lines(*accounts))
    return FieldMapping("lines", left, right, needed=True, label=N_("Lines"))


def in_currency() -> FieldMapping:
    """The currency as a proof: without it no total proves a thing. A document of the CRM may name none."""
    return FieldMapping("in_currency", _currency(_TOLD), end("Currency"), proof=True, label=N_("Currency"))


def only_to_crm(key: str, left: Any, right: Any, label: str, frozen: bool = False) -> FieldMapping:
    """A field that Dinero decides, never emptied."""
    return FieldMapping(key, left, right, Direction.TO_LEFT, clear=False, frozen=frozen, label=label)


def _address() -> FieldMapping:
    """The CRM wants addresses on its documents; they are given when one is made there."""
    here = end("bill_street", "ship_street", codec=CRM_ADDRESS)
    return only_to_crm("address", here, end("Address"), N_("Address"), frozen=True)


def _currency(codec: Codec) -> End:
    return end("currency_id", "conversion_rate", codec=codec)


def _customer(options: Mapping[str, Any]) -> FieldMapping:
    paths, tables = ("account_id", "contact_id"), ("organisations", "contacts")
    if options["priority"] == "contacts":
        paths, tables = paths[::-1], tables[::-1]
    left = end(*paths, codec=_with_organisation(first_reference(*tables), paths))
    return FieldMapping("customer", left, end("ContactGuid", codec=any_reference(*tables)), label=N_("Customer"))


def _with_organisation(codec: Codec, paths: tuple[str, ...]) -> Codec:
    """The CRM needs an organisation on every invoice, also on one to a person: the person's own."""
    account, contact = paths.index("account_id"), paths.index("contact_id")

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        made = list(codec.write(value, side, resolver))
        if made[contact] is not KEEP and made[account] is KEEP:
            assert resolver is not None
            organisation = resolver.field(side, "Contacts", made[contact], "account_id")
            if not organisation:
                raise Refused(
                    N_("The CRM needs an organisation on every invoice, and this person belongs to none."),
                    code="no_organisation",
                )
            made[account] = organisation
        return tuple(made)

    return Codec(f"{codec.name}_with_organisation", codec.read, write)


def _read_currency(values: Values, side: str, resolver: Resolver | None) -> Any:
    if values[0] in (None, "") or resolver is None:
        return None
    return resolver.field(side, "Currency", values[0], "currency_code")


def _write_currency(value: Any, side: str, resolver: Resolver | None) -> Values:
    found = resolver.find(side, "Currency", "currency_code", value or "DKK") if resolver else None
    if found is None or resolver is None:
        raise Refused(
            N_("The CRM has no currency “%(value)s”. Create it there first."), value=value, code="no_currency"
        )
    return (found, resolver.field(side, "Currency", found, "conversion_rate"))


CRM_CURRENCY = Codec("crm_currency", _read_currency, _write_currency)


def _read_told(values: Values, side: str, resolver: Resolver | None) -> Any:
    if (found := _read_currency(values, side, resolver)) is None:
        raise LeftOut(None)
    return found


_TOLD = Codec("crm_currency_told", _read_told, _write_currency)
CRM_ADDRESS = Codec(
    "crm_address",
    lambda values, _side, _resolver: values[0] or None,
    lambda value, _side, _resolver: (value or "-", value or "-"),
)
