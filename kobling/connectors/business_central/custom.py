"""What API v2.0 does not expose: resources, price groups and prices, through pages that the customer publishes.

Two ways: a custom API page (``publisher/group/version``), or OData web services published by name under ``ODataV4``.

Fidelity: known business_central §6.1 – these tables need a custom API extension or OData pages
Fidelity: assumed – field names of such pages: the API's usual ones, and AL's own with ``_`` in web services
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from kobling.connectors.business_central import values
from kobling.connectors.business_central.hosting import Place
from kobling.records import N_, Record, SettingsError
from kobling.sdk.http import Api
from kobling.sdk.odata.query import quoted
from kobling.sdk.odata.service import Row, Service
from kobling.sdk.odata.table import Spec, Table
from kobling.sdk.protocols import Capabilities, Deletions, FieldSchema, IdPage, Resource, Setting
from kobling.sdk.readonly import NotWritten

API, SERVICES = "api", "services"
_ASIDE = Capabilities(changed_since=True, deletions=Deletions.SWEEP, version_token=True)
_WHOLE = Capabilities(deletions=Deletions.SWEEP)
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "resources": {
        "number": "No",
        "displayName": "Name",
        "type": "Type",
        "unitPrice": "Unit_Price",
        "unitCost": "Unit_Cost",
        "baseUnitOfMeasureCode": "Base_Unit_of_Measure",
        "blocked": "Blocked",
    },
    "customerPriceGroups": {"code": "Code", "displayName": "Description"},
    "salesPrices": {
        "salesCode": "Sales_Code",
        "itemNumber": "Item_No",
        "unitOfMeasureCode": "Unit_of_Measure_Code",
        "currencyCode": "Currency_Code",
        "unitPrice": "Unit_Price",
        "startingDate": "Starting_Date",
        "endingDate": "Ending_Date",
    },
}
"""Our name → the name in a web service. The names of API pages are ours."""
_KEYS = {
    "resources": ("No",),
    "customerPriceGroups": ("Code",),
    "salesPrices": ("Sales_Code", "Item_No", "Unit_of_Measure_Code", "Currency_Code", "Starting_Date"),
}
_NAMES = {"resources": "Resources", "customerPriceGroups": "CustomerPriceGroups", "salesPrices": "SalesPrices"}

SETTINGS = (
    Setting(
        "extra_tables",
        N_("Resources, price groups and prices"),
        N_(
            "Business Central's API lacks them. “api”: your partner made an API page; “services”: web services by name."
        ),
        required=False,
        choices=(API, SERVICES),
    ),
    Setting(
        "extra_api", N_("API page"), N_("As publisher/group/version, e.g. kobling/masterdata/v1.0."), required=False
    ),
    Setting("availability_service", N_("Web service for availability"), required=False),
    Setting("availability_user", N_("User of the availability service"), required=False),
    Setting("availability_key", N_("Access key of that user"), secret=True, required=False),
    Setting("availability_url", N_("Address of the availability service"), required=False),
)


class ReadOnly(NotWritten, Table):
    """A table that is only read."""

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The columns that are read."""
        return {name: FieldSchema(name, name, read_only=True) for name in _FIELDS[self.name]}

    def fields(self, row: Row) -> dict[str, Any]:
        """Plain values."""
        return values.read(row)


class WebService(ReadOnly):
    """A published page: no ids and no time of change, so it is read whole; fields get the API's names."""

    def record(self, row: Row) -> Record:
        """A row; its id is made of its key fields."""
        plain = values.read(row)
        found = {ours: plain.get(theirs) for ours, theirs in _FIELDS[self.name].items()}
        external_id = "|".join(str(plain.get(name) or "") for name in _KEYS[self.name])
        return Record(self.name, external_id, found)

    def select(self) -> str:
        """The columns by their names there."""
        return ",".join(dict.fromkeys((*_KEYS[self.name], *_FIELDS[self.name].values())))

    async def read_ids(self, position: str | None) -> IdPage:
        """Ids are made of several fields, so a sweep reads the whole rows."""
        page = await self.read({"phase": "all", "at": "", "next": position} if position else None)
        return IdPage([each.external_id for each in page.records], str(page.bookmark["next"]) if page.more else None)

    async def get_many(self, external_ids: Any) -> Any:
        """Read whole, since no filter names a row."""
        found: list[Record] = []
        page = await self.read(None)
        while True:
            found += [each for each in page.records if each.external_id in external_ids]
            if not page.more:
                return found
            page = await self.read(page.bookmark)


Offer = tuple[Service, Callable[[str, str], str], list[Resource]]
"""A service, how its path is made of the company's id and name, and the tables it offers."""


def offer(api: Api, place: Place, settings: Mapping[str, str], headers: Mapping[str, str]) -> Offer | None:
    """The tables that the settings declare. Raises SettingsError for a half-made declaration."""
    chosen = settings.get("extra_tables", "")
    service = Service(api, "", headers)
    if chosen == SERVICES:
        tables: list[Resource] = [
            WebService(service, Spec(name, f"/{_NAMES[name]}", "", tuple(fields), can=_WHOLE))
            for name, fields in _FIELDS.items()
        ]
        return service, lambda _id, name: f"{place.root}/ODataV4/Company({quote(quoted(name))})", tables
    if chosen != API:
        return None
    parts = [each for each in settings.get("extra_api", "").strip("/ ").split("/") if each]
    if len(parts) != 3:
        raise SettingsError(N_("Name the API page as publisher/group/version."), field="extra_api", code="missing")
    route = f"{place.root}/api/{'/'.join(parts)}"
    pages: list[Resource] = [
        ReadOnly(service, Spec(name, f"/{name}", "id", tuple(fields), "lastModifiedDateTime", can=_ASIDE))
        for name, fields in _FIELDS.items()
    ]
    return service, lambda company, _name: f"{route}/companies({company})", pages
