"""Unimicro keeps the contract, resource by resource, against its simulator."""

from decimal import Decimal

import pytest

from kobling.connectors.unimicro.connector import CONNECTOR
from kobling.sdk.conformance import ConnectorContract, Subject, simulator_rig
from kobling_simulators import start


def customer(n):
    return {"CustomerNumber": 500_000 + n, "Info.Name": f"Kunde {n} æøå", "CreditDays": 14, "OrgNumber": "974760673"}


def product(n):
    return {"PartName": f"P{n}", "Name": f"Produkt {n} æøå", "PriceExVat": Decimal("10.50"), "Description": "Fin"}


CUSTOMERS = Subject(
    resource="customers",
    sample=customer,
    change={"Info.Name": "Endret AS"},
    clear="OrgNumber",
    text="Info.Name",
    page=500,
    entity="customers",
    reading="GET customers",
    creating="POST customers",
    refused={"CustomerNumber": -1},
    refused_field="CustomerNumber",
    id_key="ID",
)
PRODUCTS = Subject(
    resource="products",
    sample=product,
    change={"Name": "Endret"},
    clear="Description",
    text="Name",
    page=500,
    entity="products",
    reading="GET products",
    creating="POST products",
    refused={"Name": "x" * 300},
    refused_field="Name",
    id_key="ID",
)


def settings(running):
    given = running.credentials
    return {
        "sign_in": "certificate",
        "client_id": given["server_client_id"],
        "certificate": given["certificate"],
        "certificate_password": given["certificate_password"],
        "company_key": given["company_key"],
        "identity_url": running.url,
        "base_url": running.url,
    }


@pytest.mark.story
class TestUnimicro(ConnectorContract):
    @pytest.fixture(params=[CUSTOMERS, PRODUCTS], ids=["customers", "products"])
    async def rig(self, request):
        running = await start("unimicro", records=3)
        running.simulator.set_limits({"enabled": False})
        async with simulator_rig(CONNECTOR, settings(running), running.control_url, request.param) as rig:
            yield rig
        await running.stop()
