"""Values that the two systems write differently: currencies, units, companies of contacts, owners, choices."""

from __future__ import annotations

from typing import Any

from kobling.mapping import Codec, Resolver, Unresolved
from kobling.mapping.codecs import LeftOut, Values
from kobling.mapping.references import KEEP
from kobling.records import N_, Refused

PREFIX = "NAV "
"""How the reference system names a unit group that it made from a unit of measure (bc_crm_rules §4)."""


def _asked(resolver: Resolver | None) -> Resolver:
    if resolver is None:
        raise LookupError("this value can be read only with a resolver")
    return resolver


def _read_sales_currency(values: Values, side: str, resolver: Resolver | None) -> Any:
    if not values[0]:
        return None
    return _asked(resolver).field(side, "transactioncurrencies", values[0], "isocurrencycode")


def _write_sales_currency(value: Any, side: str, resolver: Resolver | None) -> Values:
    if value is None:
        return (KEEP,)
    found = _asked(resolver).find(side, "transactioncurrencies", "isocurrencycode", value)
    if found is None:
        raise Unresolved("currencies", _asked(resolver).find("right", "currencies", "code", value) or str(value))
    return (found,)


SALES_CURRENCY = Codec("sales_currency", _read_sales_currency, _write_sales_currency)
"""A lookup to a currency ↔ its ISO code."""


def central_currency(own: str, *, named: bool = False) -> Codec:
    """A currency code that is blank for the company's own currency ↔ the ISO code.

    ``named``: the own currency is sent by its name, where a blank one would be filled from the customer's card.
    Fidelity: inferred business_central §4 – (hurts) a document takes the company's own currency by its code and keeps
    it blank; where it does not, the document is refused or its currency is proven wrong, and a person asked
    """

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        if value in (None, own):
            return (own if named else "",)
        if _asked(resolver).find(side, "currencies", "code", value) is None:
            raise Refused(
                N_("Business Central has no currency “%(value)s”. Create it there first."),
                value=value,
                code="no_currency",
            )
        return (value,)

    return Codec("central_currency", lambda values, _side, _resolver: values[0] or own, write)


def _read_unit_group(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    """Only a group named by the rule stands for a unit; any other name stays apart from every code."""
    name = str(values[0] or "")
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else f"={name}"


UNIT_GROUP = Codec("unit_group", _read_unit_group, lambda value, _side, _resolver: (f"{PREFIX}{value}", str(value)))
"""``name`` and ``baseuomname`` of a unit group ↔ the unit's code."""


def _read_sales_unit(values: Values, side: str, resolver: Resolver | None) -> Any:
    """The group decides; a line names only its unit, whose group is looked up."""
    group = values[0]
    if len(values) == 1 and group:
        group = _asked(resolver).field(side, "uoms", group, "uomscheduleid")
    if not group:
        return None
    coupling = _asked(resolver).coupling("units", side, str(group))
    if coupling is None:
        raise Unresolved("units", str(group))
    return f"units:{coupling}"


def _write_sales_unit(value: Any, side: str, resolver: Resolver | None) -> Values:
    if value is None:
        return (KEEP, KEEP)
    group = _asked(resolver).external_id("units", side, value.partition(":")[2])
    unit = _asked(resolver).find(side, "uoms", "uomscheduleid", group) if group else None
    if group is None or unit is None:
        raise Unresolved("units", group or value.partition(":")[2])
    return (group, unit)


SALES_UNIT = Codec("sales_unit", _read_sales_unit, _write_sales_unit)
"""``defaultuomscheduleid`` and ``defaultuomid`` ↔ a coupled unit."""


def _read_central_unit(values: Values, side: str, resolver: Resolver | None) -> Any:
    if not values[0]:
        return None
    found = _asked(resolver).find(side, "unitsOfMeasure", "code", values[0])
    coupling = _asked(resolver).coupling("units", side, found) if found else None
    if coupling is None:
        raise Unresolved("units", found or str(values[0]))
    return f"units:{coupling}"


def _write_central_unit(value: Any, side: str, resolver: Resolver | None) -> Values:
    if value is None:
        return (KEEP,)
    found = _asked(resolver).external_id("units", side, value.partition(":")[2])
    code = _asked(resolver).field(side, "unitsOfMeasure", found, "code") if found else None
    if code is None:
        raise Unresolved("units", value.partition(":")[2])
    return (code,)


CENTRAL_UNIT = Codec("central_unit", _read_central_unit, _write_central_unit)
"""A unit's code ↔ the coupled unit."""


def by_code(mapping: str, resource: str, path: str) -> Codec:
    """A field that names a record of ``resource`` by its ``path`` instead of its id ↔ the coupling."""

    def read(values: Values, side: str, resolver: Resolver | None) -> Any:
        if not values[0]:
            return None
        found = _asked(resolver).find(side, resource, path, values[0])
        coupling = _asked(resolver).coupling(mapping, side, found) if found else None
        if coupling is None:
            raise Unresolved(mapping, found or str(values[0]))
        return f"{mapping}:{coupling}"

    def write(value: Any, side: str, resolver: Resolver | None) -> Values:
        if value is None:
            return (None,)
        found = _asked(resolver).external_id(mapping, side, value.partition(":")[2])
        code = _asked(resolver).field(side, resource, found, path) if found else None
        if code is None:
            raise Unresolved(mapping, value.partition(":")[2])
        return (code,)

    return Codec(f"{mapping}_by_{path}", read, write)


def _read_owner(values: Values, side: str, resolver: Resolver | None) -> Any:
    """A record owned by somebody who is no salesperson says nothing of a salesperson."""
    coupling = _asked(resolver).coupling("salespeople", side, values[0]) if values[0] else None
    return f"salespeople:{coupling}" if coupling else None


def _write_owner(value: Any, side: str, resolver: Resolver | None) -> Values:
    found = _asked(resolver).external_id("salespeople", side, value.partition(":")[2]) if value else None
    return (found or KEEP,)


OWNER = Codec("owner", _read_owner, _write_owner)
"""``ownerid_systemuser`` ↔ a coupled salesperson. An owner is never cleared: every record has one."""


def _read_salesperson(values: Values, side: str, resolver: Resolver | None) -> Any:
    found = _asked(resolver).find(side, "salespeoplePurchasers", "code", values[0]) if values[0] else None
    coupling = _asked(resolver).coupling("salespeople", side, found) if found else None
    if found and coupling is None:
        raise LeftOut(("salespeople", found))
    return f"salespeople:{coupling}" if coupling else None


def _write_salesperson(value: Any, side: str, resolver: Resolver | None) -> Values:
    found = _asked(resolver).external_id("salespeople", side, value.partition(":")[2]) if value else None
    code = _asked(resolver).field(side, "salespeoplePurchasers", found, "code") if found else None
    return (code if code is not None else KEEP,)


SALESPERSON = Codec("salesperson", _read_salesperson, _write_salesperson)
"""A salesperson's code ↔ the coupled salesperson; one who is not coupled is left untouched (NN in bc_crm_rules)."""

COMPANIES = {"customers": "customers", "vendors": "vendors"}
"""Mapping → its resource in Business Central; a contact's company is one of them."""


def _read_company(values: Values, side: str, resolver: Resolver | None) -> Any:
    if not values[0]:
        return None
    missing = Unresolved("customers", "")
    for mapping, resource in COMPANIES.items():
        found = _asked(resolver).find(side, resource, "companyContactNumber", values[0])
        coupling = _asked(resolver).coupling(mapping, side, found) if found else None
        if coupling is not None:
            return f"{mapping}:{coupling}"
        missing = Unresolved(mapping, found) if found else missing
    raise missing


def _write_company(value: Any, side: str, resolver: Resolver | None) -> Values:
    if value is None:
        return (None,)
    mapping, _, coupling = value.partition(":")
    found = _asked(resolver).external_id(mapping, side, coupling)
    number = _asked(resolver).field(side, COMPANIES[mapping], found, "companyContactNumber") if found else None
    if not number:
        raise Unresolved(mapping, found or coupling)
    return (number,)


COMPANY = Codec("company", _read_company, _write_company)
"""The number of a company contact ↔ the coupled customer or vendor."""


def active(values: Values, _side: str, _resolver: Resolver | None) -> Any:
    """Whether a row is active, from its ``statecode``."""
    return None if values[0] is None else int(values[0]) == 0


ACTIVE = Codec("active", active, lambda value, _side, _resolver: (0, 1) if value else (1, 2))
"""``statecode`` and ``statuscode`` of a product: active (0, 1) or retired (1, 2)."""

NOT_BLOCKED = Codec(
    "not_blocked",
    lambda values, _side, _resolver: None if values[0] is None else not values[0],
    lambda value, _side, _resolver: (not value,),
)
