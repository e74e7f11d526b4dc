"""Business Central keeps the contract, resource by resource, against its simulator."""

from decimal import Decimal

import pytest

from kobling.connectors.business_central.connector import CONNECTOR
from kobling.sdk.conformance import ConnectorContract, Subject, simulator_rig
from kobling_simulators import start


def customer(n):
    return {
        "displayName": f"Kunde {n} ApS",
        "type": "Company",
        "phoneNumber": f"{n:08}",
        "addressLine1": f"Søndergade {n}",
        "creditLimit": Decimal("1000.50"),
    }


def item(n):
    return {"displayName": f"Vare {n}", "type": "Inventory", "gtin": f"{n:013}", "unitPrice": Decimal("99.95")}


CUSTOMERS = Subject(
    resource="customers",
    sample=customer,
    change={"city": "Århus C"},
    clear="phoneNumber",
    text="addressLine1",
    page=1000,
    entity="customers",
    reading="GET customers",
    creating="POST $batch",
    refused={"displayName": "x" * 300},
    refused_field="displayName",
)
ITEMS = Subject(
    resource="items",
    sample=item,
    change={"unitPrice": Decimal("120.50")},
    clear="gtin",
    text="displayName",
    page=1000,
    entity="items",
    reading="GET items",
    creating="POST $batch",
    refused={"displayName": "x" * 300},
    refused_field="displayName",
)


def settings(running):
    given = running.credentials
    names = ("tenant", "client_id", "client_secret", "authority", "environment", "company", "company_id")
    found = {name: given[name] for name in names}
    return {**found, "company_name": given["company"], "sign_in": "app", "base_url": running.url}


@pytest.mark.story
class TestBusinessCentral(ConnectorContract):
    @pytest.fixture(params=[CUSTOMERS, ITEMS], ids=["customers", "items"])
    async def rig(self, request):
        running = await start("business_central", records=3)
        async with simulator_rig(CONNECTOR, settings(running), running.control_url, request.param) as rig:
            yield rig
        await running.stop()
