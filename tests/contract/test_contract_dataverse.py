"""Dynamics 365 Sales keeps the contract, resource by resource, against its simulator."""

from decimal import Decimal

import pytest

from kobling.connectors.dataverse.connector import CONNECTOR
from kobling.sdk.conformance import ConnectorContract, Subject, simulator_rig
from kobling_simulators import start


def account(n):
    return {
        "name": f"Kunde {n} ApS",
        "customertypecode": 3,
        "telephone1": f"{n:08}",
        "address1_line1": f"Søndergade {n}",
        "creditlimit": Decimal("1000.50"),
    }


def contact(n):
    return {"firstname": f"Åse {n}", "lastname": "Sørensen", "mobilephone": f"{n:08}", "jobtitle": f"Chef for nr. {n}"}


ACCOUNTS = Subject(
    resource="accounts",
    sample=account,
    change={"address1_city": "Århus C"},
    clear="telephone1",
    text="address1_line1",
    page=1000,
    entity="accounts",
    id_key="accountid",
    reading="GET accounts",
    creating="POST $batch",
    refused={"name": "x" * 500},
    refused_field="name",
)
CONTACTS = Subject(
    resource="contacts",
    sample=contact,
    change={"address1_city": "Århus C"},
    clear="mobilephone",
    text="jobtitle",
    page=1000,
    entity="contacts",
    id_key="contactid",
    reading="GET contacts",
    creating="POST $batch",
    refused={"lastname": "x" * 500},
    refused_field="lastname",
)


def settings(running):
    given = {name: running.credentials[name] for name in ("tenant", "client_id", "client_secret", "authority")}
    return {**given, "sign_in": "app", "base_url": running.url}


@pytest.mark.story
class TestDataverse(ConnectorContract):
    @pytest.fixture(params=[ACCOUNTS, CONTACTS], ids=["accounts", "contacts"])
    async def rig(self, request):
        running = await start("dataverse", records=3)
        async with simulator_rig(CONNECTOR, settings(running), running.control_url, request.param) as rig:
            yield rig
        await running.stop()
