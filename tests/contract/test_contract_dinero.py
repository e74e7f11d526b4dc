"""Dinero keeps the contract, resource by resource, against its simulator."""

from decimal import Decimal

import pytest

from kobling.connectors.dinero.connector import CONNECTOR
from kobling.sdk.conformance import ConnectorContract, Subject, simulator_rig
from kobling.simulators import start


def contact(n):
    return {
        "Name": f"Kunde {n} ApS",
        "CountryKey": "DK",
        "IsPerson": False,
        "IsMember": False,
        "UseCvr": False,
        "Phone": f"{n:08}",
        "Street": f"Søndergade {n}",
    }


def product(n):
    return {
        "Name": f"Vare {n}",
        "ProductNumber": f"V-{n}",
        "BaseAmountValue": Decimal("100.5"),
        "Quantity": 1,
        "AccountNumber": 1000,
        "Unit": "parts",
        "Comment": f"Sendes i kasse {n}",
    }


CONTACTS = Subject(
    resource="contacts",
    sample=contact,
    change={"City": "Århus C"},
    clear="Phone",
    text="Street",
    page=1000,
    entity="contacts",
    id_key="ContactGuid",
    reading="GET contacts",
    creating="POST contacts",
    refused={"CountryKey": "Danmark"},
    refused_field="CountryKey",
)
PRODUCTS = Subject(
    resource="products",
    sample=product,
    change={"Name": "Rådgivning"},
    clear="ProductNumber",
    text="Comment",
    page=1000,
    entity="products",
    id_key="ProductGuid",
    reading="GET products",
    creating="POST products",
    refused={"Unit": "stk"},
    refused_field="Unit",
)


def settings(running):
    given = {name: running.credentials[name] for name in ("client_id", "client_secret", "api_key", "organization_id")}
    return {**given, "base_url": running.url, "token_url": f"{running.url}/dineroapi/oauth/token"}


class TestDinero(ConnectorContract):
    @pytest.fixture(params=[CONTACTS, PRODUCTS], ids=lambda each: each.resource)
    async def rig(self, request):
        running = await start("dinero", records=3)
        async with simulator_rig(CONNECTOR, settings(running), running.control_url, request.param) as rig:
            yield rig
        await running.stop()
