"""Pleo keeps the contract, resource by resource, against its simulator."""

from decimal import Decimal

import pytest

from kobling.connectors.pleo.connector import CONNECTOR
from kobling.sdk.conformance import ConnectorContract, Subject, simulator_rig
from kobling_simulators import start


def account(n):
    return {"externalId": f"x-{n}", "code": f"{n}", "name": f"Konto {n} æøå", "archived": False}


def tax_code(n):
    return {"code": f"M{n}", "name": f"Moms {n}", "rate": Decimal("0.25"), "type": "inclusive", "archived": False}


ACCOUNTS = Subject(
    resource="accounts",
    sample=account,
    change={"name": "Rejser"},
    clear="code",
    text="name",
    page=100,
    entity="accounts",
    reading="POST v1/chart-of-accounts:search",
    creating="POST v1/chart-of-accounts",
    refused={"name": "x" * 300},
    refused_field=None,
)
TAX_CODES = Subject(
    resource="taxCodes",
    sample=tax_code,
    change={"name": "Halv moms"},
    clear="code",
    text="name",
    page=100,
    entity="tax-codes",
    reading="POST v0/tax-codes:search",
    creating="POST v0/tax-codes",
    refused={"rate": Decimal("25")},
    refused_field=None,
)


def settings(running):
    given = running.credentials
    return {"api_key": given["api_key"], "company_id": given["company_id"], "base_url": running.url}


@pytest.mark.story
class TestPleo(ConnectorContract):
    @pytest.fixture(params=[ACCOUNTS, TAX_CODES], ids=["accounts", "tax_codes"])
    async def rig(self, request):
        running = await start("pleo", records=3)
        running.simulator.set_limits({"enabled": False})
        async with simulator_rig(CONNECTOR, settings(running), running.control_url, request.param) as rig:
            yield rig
        await running.stop()
