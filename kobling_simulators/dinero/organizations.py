"""Organizations and countries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kobling_simulators.dinero.books import Books
from kobling_simulators.dinero.errors import bad_request
from kobling_simulators.dinero.facts import facts
from kobling_simulators.wire import Call


def organizations_v1(call: Call, reachable: Iterable[Books]) -> Any:
    """GET /v1/organizations?fields=.

    Fidelity: known dinero §4 – the default fields are id,name,isPro, echoed as written
    """
    written = [one.strip() for one in (call.query.get("fields") or "id,name,isPro").split(",")]
    rows = []
    for books in reachable:
        known = {name.lower(): value for name, value in _facts(books).items()}
        if any(name.lower() not in known for name in written):
            raise bad_request("fields holds an unknown field")
        rows.append({name: known[name.lower()] for name in written})
    return rows


def organizations_v1_1(call: Call, reachable: Iterable[Books]) -> Any:
    """GET /v1.1/organizations: with Subscription and RoleKey."""
    rows = []
    for books in reachable:
        known = _facts(books)
        for name in ("Type", "IsPro", "IsPayingPro"):
            known.pop(name)
        pro = books.settings.pro
        subscription = {
            "HasPro": pro,
            "HasPayingPro": pro,
            "HasStarterPlus": False,
            "HasTotal": False,
            "HasYfs": False,
        }
        more = {"CompanyTypeKey": "PrivateLimitedCompany", "RoleKey": "Owner", "Subscription": subscription}
        rows.append({**known, **more})
    return rows


def countries(call: Call) -> Any:
    """GET /v1/countries."""
    return [
        {"Key": key, "DanishName": danish, "EnglishName": english}
        for key, danish, english, _ in facts("set_up.json")["countries"]
    ]


def _facts(books: Books) -> dict[str, Any]:
    return {
        "Id": books.number,
        "Name": books.name,
        "Type": "PrivateLimitedCompany",
        "IsPro": books.settings.pro,
        "IsPayingPro": books.settings.pro,
        "IsVatFree": False,
        "Email": "post@proevefirma.example",
        "Phone": "+45 70 00 00 00",
        "Street": "Prøvevej 1",
        "City": "Aarhus C",
        "ZipCode": "8000",
        "AttPerson": None,
        "IsTaxFreeUnion": False,
        "VatNumber": "12345674",
        "CountryKey": "DK",
        "Website": "www.proevefirma.example",
    }
