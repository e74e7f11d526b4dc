"""Item availability: an OData web service with a user and key of its own, or the sign-in we have.

Fidelity: known business_central §2 – user and web service access key (Basic) work only where Microsoft does not host
Fidelity: assumed – the published page shows ``No``, ``Inventory`` and ``Base_Unit_of_Measure``
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from kobling.connectors.business_central.hosting import HOSTS, TITLE, Place
from kobling.records import N_, SettingsError, exact
from kobling.sdk.context import ConnectorContext
from kobling.sdk.hosts import checked_base_url
from kobling.sdk.http import Api
from kobling.sdk.odata.query import one_of, quoted
from kobling.sdk.odata.service import Service
from kobling.sdk.paging import groups
from kobling.sdk.protocols import InStock

_AT_ONCE = 20
_SELECT = "No,Inventory,Base_Unit_of_Measure"


class Stock:
    """Asks one published page. ``ready`` is false where nobody named the service."""

    def __init__(self, service: Service, name: str) -> None:
        self._service = service
        self._name = name

    @property
    def ready(self) -> bool:
        """Whether the settings name a service."""
        return bool(self._name)

    async def ask(self, numbers: Sequence[str]) -> dict[str, InStock]:
        """What is in stock of each item number; unknown numbers are left out. Raises SettingsError where unset."""
        if not self.ready:
            raise SettingsError(
                N_("Name the web service that shows what is in stock."), field="availability_service", code="missing"
            )
        found: dict[str, InStock] = {}
        for group in groups(list(dict.fromkeys(numbers)), _AT_ONCE):
            told = await self._service.rows(f"/{self._name}", select=_SELECT, filter=one_of("No", group))
            for row in told.rows:
                amount, unit = exact(row.get("Inventory") or 0), str(row.get("Base_Unit_of_Measure") or "")
                found[str(row["No"])] = InStock(amount, unit)
        return found


def stock(
    api: Api, place: Place, settings: Mapping[str, str], context: ConnectorContext, headers: Mapping[str, str]
) -> Stock:
    """The service as the settings declare it: with its own user and key, else with our sign-in."""
    name, user = settings.get("availability_service", "").strip(), settings.get("availability_user", "").strip()
    company = f"Company({quote(quoted(settings.get('company_name', '')))})"
    if not user:
        return Stock(Service(api, f"{place.root}/ODataV4/{company}", headers), name)
    address = settings.get("availability_url", "").strip() or f"{place.api}{place.root}/ODataV4"
    pair = base64.b64encode(f"{user}:{settings.get('availability_key', '')}".encode()).decode()
    api.redact.hide(pair)
    base = checked_base_url(
        address, vendor=TITLE, hosts=HOSTS, allow_hosts=context.allow_hosts, setting="availability_url"
    )
    own = api.signed_otherwise(base, auth=None)
    return Stock(Service(own, f"/{company}", {**headers, "Authorization": f"Basic {pair}"}), name)
