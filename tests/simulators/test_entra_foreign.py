"""Signing in as libraries that others wrote do: version 1 of the protocol, names and passwords, discovery."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from yarl import URL

from kobling_simulators.entra.tokens import read
from kobling_simulators.wire import from_json
from tests.simulators.crm import START
from tests.simulators.signing_in import REDIRECT, RESOURCE, Entra, signing_in


@pytest.fixture
async def entra() -> AsyncIterator[Entra]:
    async with signing_in() as client:
        yield client


async def first(entra: Entra, **fields: str) -> tuple[int, dict[str, Any]]:
    """A request to the token endpoint of version 1."""
    given = {"client_id": entra.known["client_id"], "client_secret": entra.known["client_secret"], **fields}
    async with entra.http.post(entra.at("oauth2/token"), data=given) as answer:
        return answer.status, from_json(await answer.read())


async def told(entra: Entra, path: str, **query: str) -> dict[str, Any]:
    async with entra.http.get(entra.at(path), params=query) as answer:
        assert answer.status == 200
        return dict(from_json(await answer.read()))


async def test_version_one_takes_a_resource_and_tells_numbers_as_text(entra: Entra) -> None:
    status, answer = await first(entra, grant_type="client_credentials", resource=f"{RESOURCE}/")
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", "3600")
    assert (answer["expires_on"], answer["not_before"]) == (str(int(START) + 3600), str(int(START)))
    assert (answer["resource"], "refresh_token" in answer) == (f"{RESOURCE}/", False)
    assert read(answer["access_token"], 1).audience == f"{RESOURCE}/"


async def test_version_one_needs_the_resource(entra: Entra) -> None:
    status, answer = await first(entra, grant_type="client_credentials", scope=f"{RESOURCE}/.default")
    assert (status, answer["error_codes"]) == (400, [900144])
    assert "'resource'" in answer["error_description"]


async def test_version_one_signs_a_person_in_by_code_and_refreshes_unasked(entra: Entra) -> None:
    ask = {"client_id": entra.known["client_id"], "redirect_uri": REDIRECT, "response_type": "code", "auto": "1"}
    ask["resource"] = RESOURCE
    async with entra.http.get(entra.at("oauth2/authorize"), params=ask, allow_redirects=False) as answer:
        code = URL(answer.headers["Location"]).query["code"]
    _, given = await first(entra, grant_type="authorization_code", code=code, redirect_uri=REDIRECT, resource=RESOURCE)
    assert given["scope"] == "user_impersonation"
    again = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "resource": "http://other.example"}
    _, other = await first(entra, **again)
    assert read(other["access_token"], 1).audience == "http://other.example"


@pytest.mark.parametrize("version", [1, 2])
async def test_a_name_and_a_password_sign_a_person_in(entra: Entra, version: int) -> None:
    fields = {"grant_type": "password", "username": entra.known["username"], "password": entra.known["password"]}
    if version == 1:
        status, answer = await first(entra, **fields, resource=RESOURCE)
    else:
        status, answer = await entra.token(**fields, scope=f"{RESOURCE}/.default openid offline_access")
    assert (status, read(answer["access_token"], 1).name) == (200, entra.known["username"])
    assert answer["refresh_token"]
    assert answer["id_token"]


async def test_a_wrong_password_and_an_unknown_person_are_refused_alike(entra: Entra) -> None:
    fields = {"grant_type": "password", "scope": f"{RESOURCE}/.default"}
    for person in (
        {"username": entra.known["username"], "password": "x"},
        {"username": "a@b.example", "password": "x"},
    ):
        status, answer = await entra.token(**fields, **person)
        assert (status, answer["error"], answer["error_codes"]) == (400, "invalid_grant", [50126])


async def test_client_info_tells_libraries_whose_account_it_is(entra: Entra) -> None:
    fields = {"grant_type": "password", "username": entra.known["username"], "password": entra.known["password"]}
    _, answer = await entra.token(**fields, scope=f"{RESOURCE}/.default openid", client_info="1")
    info = from_json(base64.urlsafe_b64decode(answer["client_info"] + "=="))
    assert info["utid"] == entra.tenant
    assert info["uid"] == read(answer["access_token"], 1).object_id


async def test_each_version_has_a_configuration_of_its_own(entra: Entra) -> None:
    one, two = (
        await told(entra, ".well-known/openid-configuration"),
        await told(entra, "v2.0/.well-known/openid-configuration"),
    )
    assert (one["token_endpoint"], two["token_endpoint"]) == (entra.at("oauth2/token"), entra.at("oauth2/v2.0/token"))
    assert one["issuer"] == f"https://sts.windows.net/{entra.tenant}/"
    async with entra.http.get(one["jwks_uri"]) as answer:
        assert from_json(await answer.read())["keys"]


async def test_a_library_may_ask_which_hosts_belong_to_the_service_and_where_a_person_signs_in(entra: Entra) -> None:
    tenant = entra.tenant
    entra.tenant = "common"
    found = await told(
        entra, "discovery/instance", authorization_endpoint=f"{entra.running.url}/{tenant}/oauth2/v2.0/authorize"
    )
    assert found["metadata"][0]["aliases"] == [entra.running.url.removeprefix("http://")]
    assert found["tenant_discovery_endpoint"].endswith(f"/{tenant}/v2.0/.well-known/openid-configuration")
    assert (await told(entra, f"UserRealm/{entra.known['username']}"))["account_type"] == "Managed"


async def test_a_program_on_another_device_waits_until_a_person_types_its_code(entra: Entra) -> None:
    form = {"client_id": entra.known["public_client_id"], "scope": f"{RESOURCE}/.default offline_access"}
    async with entra.http.post(entra.at("oauth2/v2.0/devicecode"), data=form) as answer:
        told = from_json(await answer.read())
    assert told["user_code"] in told["message"]
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    ask = {"grant_type": grant, "client_id": form["client_id"], "device_code": told["device_code"], "client_secret": ""}
    status, waiting = await entra.token(**ask)
    assert (status, waiting["error"]) == (400, "authorization_pending")
    person = {"username": entra.known["username"], "password": entra.known["password"]}
    await entra.http.post(told["verification_uri"], data={**person, "user_code": told["user_code"]})
    status, given = await entra.token(**ask)
    assert (status, read(given["access_token"], 1).name) == (200, entra.known["username"])
    assert (await entra.token(**ask))[0] == 400


async def test_a_devices_code_is_over_after_a_quarter_of_an_hour(entra: Entra) -> None:
    form = {"client_id": entra.known["public_client_id"], "scope": f"{RESOURCE}/.default"}
    async with entra.http.post(entra.at("oauth2/v2.0/devicecode"), data=form) as answer:
        told = from_json(await answer.read())
    entra.clock.advance(901)
    ask = {"grant_type": "device_code", "client_id": form["client_id"], "device_code": told["device_code"]}
    _, answered = await entra.token(**ask, client_secret="")
    assert answered["error"] == "expired_token"
