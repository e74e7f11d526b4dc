"""An organization before anything is sold: itself, its people, its currencies and units."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kobling_simulators.dataverse.catalogue import (
    Contacts,
    Currencies,
    Leads,
    PriceListItems,
    PriceLists,
    Products,
    UnitGroups,
    Units,
)
from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.documents import install
from kobling_simulators.dataverse.notes import Notes
from kobling_simulators.dataverse.roles import ADMINISTRATOR, CUSTOMIZER, STANDARD
from kobling_simulators.dataverse.settings import Settings
from kobling_simulators.dataverse.store import Store
from kobling_simulators.dataverse.values import SCALE
from kobling_simulators.dataverse.writing import Writer
from kobling_simulators.entra.directory import Directory

NAME = "Kobling Prøvefirma ApS"
_CURRENCIES = (
    ("DKK", "Danske kroner", "kr.", "1"),
    ("EUR", "Euro", "€", "0.1340482574"),
    ("SEK", "Svenska kronor", "kr", "1.5384615385"),
    ("NOK", "Norske kroner", "kr", "1.5600624025"),
)
_PLAIN = {ord("æ"): "ae", ord("ø"): "oe", ord("å"): "aa"}
# Salespeople: name, mobile, disabled, licensed.
_SALESPEOPLE = (
    ("Søren", "Ågesen", "+45 20 11 22 33", False, True),
    ("Mette", "Lyngvadsen", "+45 20112244", False, True),
    ("Kåre", "Bøghansen", "", False, True),
    ("Ida", "Ravnsøe", "+4520112255", False, True),
    ("Jørgen", "Klitborg", "20 11 22 66", True, True),
    ("Line", "Mosekjær", "", True, False),
    ("Asger", "Hedemand", "+45 20 11 22 77", False, False),
)


def new_writer(store: Store, settings: Settings) -> Writer:
    """A writer with the rules of every table in force."""
    writer = Writer(store, settings)
    plain: dict[str, Any] = {
        "product": Products,
        "productpricelevel": PriceListItems,
        "pricelevel": PriceLists,
        "uomschedule": UnitGroups,
        "uom": Units,
        "transactioncurrency": Currencies,
        "contact": Contacts,
        "annotation": Notes,
        "lead": Leads,
    }
    writer.rules = {logical: rules(writer) for logical, rules in plain.items()}
    install(writer)
    return writer


def set_up(writer: Writer, known: Directory) -> list[str]:
    """Make the organization; returns the ids of the people who own customers.

    Fidelity: assumed dataverse §2 – the app user is non-interactive and unlicensed and has the app's id
    """
    store = writer.store
    writer.organization, writer.business_unit = store.new_id(), store.new_id()
    store.add(
        "organization",
        writer.organization,
        {
            "name": NAME,
            "expirechangetrackingindays": int(writer.settings.delta_life_days),
            "oobpricecalculationenabled": True,
            "createproductswithoutparentinactivestate": False,
        },
    )
    store.add("businessunit", writer.business_unit, {"name": NAME, "isdisabled": False, **_stamps(store)})
    system = _user(writer, "", "SYSTEM", "", licensed=False)
    _user(writer, "", "INTEGRATION", "", licensed=False, isintegrationuser=True)
    _user(writer, "", "Kobling", "", licensed=False, accessmode=4, applicationid=known.app.client_id)
    app = known.administrator.client_id
    admin = _user(writer, "", "Administrator", "", licensed=False, accessmode=4, applicationid=app)
    for person in known.users.values():
        first, _, last = person.name.partition(" ")
        more = {"azureactivedirectoryobjectid": person.object_id, "internalemailaddress": person.username}
        _user(writer, first, last, "", licensed=True, **more)
    owners = [
        _user(writer, first, last, phone, licensed=licensed, isdisabled=disabled)
        for first, last, phone, disabled, licensed in _SALESPEOPLE
    ]
    _money(writer, system)
    for name in STANDARD:
        stamped = {"businessunitid": writer.business_unit, "ismanaged": False, "iscustomizable": True, **_stamps(store)}
        store.add("role", store.new_id(), {"name": name, **stamped})
    for name in (ADMINISTRATOR, CUSTOMIZER):
        writer.roles.give(admin, name)
    team = {"name": NAME, "businessunitid": writer.business_unit, "isdefault": True, "teamtype": 0, **_stamps(store)}
    store.add("team", store.new_id(), team)
    return owners


def _money(writer: Writer, system: str) -> None:
    table = writer.store.table("transactioncurrency")
    context = Context(system)
    for code, name, symbol, rate in _CURRENCIES if writer.settings.multi_currency else _CURRENCIES[:1]:
        values = {
            "isocurrencycode": code,
            "currencyname": name,
            "currencysymbol": symbol,
            "exchangerate": Decimal(rate).quantize(SCALE),
            "currencyprecision": 2,
        }
        row = writer.insert(table, values, context)
        if not writer.base_currency:
            writer.base_currency = row.id
            organization = writer.store.row("organization", writer.organization)
            writer.store.change("organization", organization, {"basecurrencyid": row.id})


def _user(writer: Writer, first: str, last: str, phone: str, *, licensed: bool, **more: Any) -> str:
    full = f"{first} {last}".strip()
    plain = full.lower().replace(" ", ".").translate(_PLAIN)
    mail = more.get("internalemailaddress", f"{plain}@proevefirma.example")
    values: dict[str, Any] = {
        "firstname": first or None,
        "lastname": last,
        "fullname": full,
        "internalemailaddress": mail if first else None,
        "domainname": mail,
        "mobilephone": phone or None,
        "businessunitid": writer.business_unit,
        "isdisabled": False,
        "islicensed": licensed,
        "isintegrationuser": False,
        "accessmode": 0,
        **_stamps(writer.store),
        **more,
    }
    row_id = writer.store.new_id()
    writer.store.add("systemuser", row_id, {name: value for name, value in values.items() if value is not None})
    return row_id


def _stamps(store: Store) -> dict[str, Any]:
    return {"createdon": store.now(), "modifiedon": store.now()}
