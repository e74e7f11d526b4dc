"""Signing in with Microsoft Entra as a person: code with PKCE, refreshed, renewed, refused in words."""

from urllib.parse import parse_qs, urlsplit

import pytest

from kobling.connectors.business_central.connector import CONNECTOR as CENTRAL
from kobling.connectors.dataverse.connector import CONNECTOR as SALES
from kobling.records import SettingsError, SignInExpired
from kobling.sdk.budget import WindowBudget
from kobling.sdk.conformance_rig import ControlPort
from kobling.sdk.context import ConnectorContext, MemoryGrants
from kobling_simulators import start

REDIRECT = "http://localhost:8642/signed-in"


@pytest.fixture(params=["dataverse", "business_central"])
async def system(request):
    running = await start(request.param, records=3)
    yield running, SALES if request.param == "dataverse" else CENTRAL
    await running.stop()


@pytest.fixture
def person(system):
    running, _ = system
    given = running.credentials
    found = {"sign_in": "person", "tenant": given["tenant"], "client_id": given["public_client_id"]}
    found |= {"authority": given["authority"], "base_url": running.url}
    if running.vendor == "business_central":
        found |= {"environment": given["environment"], "company": given["company"]}
    return found


@pytest.fixture
def grants():
    return MemoryGrants()


@pytest.fixture
def context(transport, clock, grants):
    return ConnectorContext(
        transport,
        clock,
        WindowBudget(0, 300, clock),
        allow_hosts=("127.0.0.1",),
        load_grant=grants.load,
        save_grant=grants.save,
    )


async def sign_in(connector, settings, context, grants, session):
    begun = connector.sign_in.start(settings, REDIRECT)
    async with session.get(f"{begun.url}&auto=1", allow_redirects=False) as page:
        answer = parse_qs(urlsplit(page.headers["Location"]).query)
    assert answer["state"] == [begun.state]
    grants.grant = await connector.sign_in.finish(settings, context, answer["code"][0], begun.verifier, REDIRECT)


async def test_a_person_signs_in_and_is_kept_signed_in(system, person, context, grants, session, clock):
    running, connector = system
    assert connector.sign_in.needed(person)
    await sign_in(connector, person, context, grants, session)
    assert (await connector.open(person, context).check()).account_name
    first = dict(grants.grant)
    control = ControlPort(session, running.control_url).ask
    await control("POST", "/clock", {"advance": 4000})
    clock.turn(4000)
    assert (await connector.open(person, context).check()).account_name
    assert grants.grant["access_token"] != first["access_token"]


async def test_a_revoked_token_is_renewed_once(system, person, context, grants, session):
    running, connector = system
    await sign_in(connector, person, context, grants, session)
    opened = connector.open(person, context)
    await opened.check()
    await ControlPort(session, running.control_url).ask("POST", "/tokens/revoke")
    assert (await opened.check()).account_name


async def test_without_a_grant_a_person_is_asked_to_sign_in(system, person, context):
    _, connector = system
    with pytest.raises(SignInExpired):
        await connector.open(person, context).check()


async def test_a_code_is_good_once_and_only_for_its_verifier(system, person, context, grants, session):
    _, connector = system
    begun = connector.sign_in.start(person, REDIRECT)
    async with session.get(f"{begun.url}&auto=1", allow_redirects=False) as page:
        code = parse_qs(urlsplit(page.headers["Location"]).query)["code"][0]
    with pytest.raises(SettingsError):
        await connector.sign_in.finish(person, context, code, "x" * 64, REDIRECT)
