"""Dinero keeps the contract, resource by resource, against its simulator."""

from decimal import Decimal

import pytest

from kobling.connectors.dinero.connector import CONNECTOR
from kobling.sdk.conformance import ConnectorContract, Subject, simulator_rig
from kobling_simulators import start


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


def invoices(running):
    """Invoices need a customer that exists."""
    customer = running.simulator.dump("contacts")[0]["ContactGuid"]

    def invoice(n):
        line = {"BaseAmountValue": Decimal("99.95"), "Quantity": Decimal("1.5"), "AccountNumber": 1000}
        line |= {"Unit": "hours", "Discount": 0, "LineType": "Product", "Description": f"Linje {n}"}
        header = {"ContactGuid": customer, "ExternalReference": f"F-{n}", "Comment": f"Tak for handlen, nr. {n}"}
        return {**header, "Date": "2026-11-20", "ProductLines": [line, line]}

    return Subject(
        resource="invoices",
        sample=invoice,
        change={"Description": "Konsulentydelse"},
        clear="ExternalReference",
        text="Comment",
        page=100,
        entity="invoices",
        id_key="Guid",
        reading="GET invoices",
        creating="POST invoices",
        refused={"PaymentConditionType": "Straks"},
        refused_field="PaymentConditionType",
    )


def settings(running):
    given = {name: running.credentials[name] for name in ("client_id", "client_secret", "api_key", "organization_id")}
    return {**given, "base_url": running.url, "token_url": f"{running.url}/dineroapi/oauth/token"}


@pytest.mark.story
class TestDinero(ConnectorContract):
    @pytest.fixture(params=[CONTACTS, PRODUCTS, invoices], ids=["contacts", "products", "invoices"])
    async def rig(self, request):
        running = await start("dinero", records=3)
        chosen = request.param(running) if callable(request.param) else request.param
        async with simulator_rig(CONNECTOR, settings(running), running.control_url, chosen) as rig:
            yield rig
        await running.stop()
