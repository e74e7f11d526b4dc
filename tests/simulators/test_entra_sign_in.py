"""Signing in to the simulated Microsoft Entra, over HTTP."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from yarl import URL

from kobling_simulators.entra.keys import decode
from kobling_simulators.entra.tokens import read
from kobling_simulators.wire import from_json
from tests.simulators.crm import START
from tests.simulators.signing_in import RESOURCE, Entra, signing_in


@pytest.fixture
async def entra() -> AsyncIterator[Entra]:
    async with signing_in() as client:
        yield client


async def test_an_app_gets_a_token_for_an_hour_and_a_resource(entra: Entra) -> None:
    status, answer = await entra.for_app()
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3600)
    assert "refresh_token" not in answer
    claims = read(answer["access_token"], 1)
    assert (claims.audience, claims.kind, claims.app_id) == (RESOURCE, "app", entra.known["client_id"])
    assert (claims.tenant, claims.expires) == (entra.tenant, START + 3600)


async def test_the_double_slash_of_a_resource_with_a_final_slash_is_kept(entra: Entra) -> None:
    _, answer = await entra.for_app(scope=f"{RESOURCE}//.default")
    assert read(answer["access_token"], 1).audience == f"{RESOURCE}/"


async def test_an_app_may_sign_in_with_basic(entra: Entra) -> None:
    pair = f"{entra.known['client_id']}:{entra.known['client_secret']}".encode()
    who = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    fields = {"grant_type": "client_credentials", "scope": f"{RESOURCE}/.default"}
    async with entra.http.post(entra.at("oauth2/v2.0/token"), data=fields, headers=who) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("fields", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": "11111111-1111-4111-8111-111111111111"}, 400, "unauthorized_client", 700016),
        ({"client_id": ""}, 400, "invalid_request", 900144),
        ({"scope": ""}, 400, "invalid_request", 900144),
        ({"scope": f"{RESOURCE}/user_impersonation"}, 400, "invalid_scope", 1002012),
        ({"scope": f"{RESOURCE}/.default openid"}, 400, "invalid_scope", 1002012),
        ({"scope": "nonsense"}, 400, "invalid_scope", 70011),
        ({"scope": f"{RESOURCE}/.default http://other/.default"}, 400, "invalid_request", 28000),
        ({"grant_type": "implicit"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
    ],
)
async def test_a_wrong_sign_in_is_named(
    entra: Entra, fields: dict[str, str], status: int, error: str, number: int
) -> None:
    given = {"grant_type": "client_credentials", "scope": f"{RESOURCE}/.default", **fields}
    found, answer = await entra.token(**given)
    assert (found, answer["error"], answer["error_codes"]) == (status, error, [number])
    assert answer["error_description"].startswith(f"AADSTS{number}: ")
    assert set(answer) >= {"timestamp", "trace_id", "correlation_id"}


async def test_a_public_client_does_not_sign_in_by_itself(entra: Entra) -> None:
    status, answer = await entra.for_app(client_id=entra.known["public_client_id"], client_secret="")
    assert (status, answer["error_codes"]) == (401, [700025])


@pytest.mark.parametrize("tenant", ["common", "organizations"])
async def test_an_app_needs_a_tenant_of_its_own(entra: Entra, tenant: str) -> None:
    entra.tenant = tenant
    status, answer = await entra.for_app()
    assert (status, answer["error_codes"]) == (400, [50059])


async def test_the_tenant_may_be_its_domain_and_not_a_strangers(entra: Entra) -> None:
    entra.tenant = entra.known["domain"]
    assert (await entra.for_app())[0] == 200
    entra.tenant = entra.known["other_tenant"]
    status, answer = await entra.for_app()
    assert (status, answer["error_codes"]) == (400, [90002])


async def test_discovery_names_the_endpoints_and_the_key_signs_the_tokens(entra: Entra) -> None:
    async with entra.http.get(entra.at("v2.0/.well-known/openid-configuration")) as answer:
        told = await answer.json()
    assert told["token_endpoint"] == entra.at("oauth2/v2.0/token")
    assert told["authorization_endpoint"] == entra.at("oauth2/v2.0/authorize")
    async with entra.http.get(told["jwks_uri"]) as answer:
        key = (await answer.json())["keys"][0]
    id_token = (await entra.signed_in(nonce="n1"))["id_token"]
    head, body, signature = id_token.split(".")
    numbers = RSAPublicNumbers(int.from_bytes(decode(key["e"]), "big"), int.from_bytes(decode(key["n"]), "big"))
    numbers.public_key().verify(decode(signature), f"{head}.{body}".encode(), PKCS1v15(), SHA256())
    claims = from_json(decode(body))
    assert (from_json(decode(head))["kid"], claims["nonce"], claims["iss"]) == (key["kid"], "n1", told["issuer"])


async def test_common_discovery_leaves_the_tenant_open(entra: Entra) -> None:
    entra.tenant = "common"
    async with entra.http.get(entra.at("v2.0/.well-known/openid-configuration")) as answer:
        assert "{tenantid}" in (await answer.json())["issuer"]


async def test_the_page_carries_the_request_and_leads_to_a_token_of_the_person(entra: Entra) -> None:
    page = await (await entra.authorize()).text()
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page))
    fields.update(username=entra.known["username"], password=entra.known["password"], decision="allow")
    place = entra.at("oauth2/v2.0/authorize")
    answer = await entra.http.post(place, data=fields, allow_redirects=False)
    back = URL(answer.headers["Location"]).query
    assert back["state"] == "s1"
    status, granted = await entra.redeem(back["code"])
    claims = read(granted["access_token"], 1)
    assert (status, claims.kind, claims.name) == (200, "user", entra.known["username"])
    assert claims.scopes == {"user_impersonation"}


async def test_a_wrong_password_shows_the_page_again(entra: Entra) -> None:
    fields = {**entra.ask(), "username": entra.known["username"], "password": "wrong"}
    answer = await entra.http.post(entra.at("oauth2/v2.0/authorize"), data=fields, allow_redirects=False)
    assert answer.status == 200
    assert "AADSTS50126" in await answer.text()


async def test_a_person_may_decline(entra: Entra) -> None:
    fields = {**entra.ask(), "decision": "deny"}
    answer = await entra.http.post(entra.at("oauth2/v2.0/authorize"), data=fields, allow_redirects=False)
    assert URL(answer.headers["Location"]).query["error"] == "access_denied"


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"client_id": "11111111-1111-4111-8111-111111111111"}, 700016),
        ({"redirect_uri": ""}, 50011),
        ({"redirect_uri": "javascript:alert(1)"}, 50011),
    ],
)
async def test_what_could_lead_to_a_stranger_stays_on_the_page(
    entra: Entra, changed: dict[str, str], number: int
) -> None:
    answer = await entra.authorize(auto="1", **changed)
    assert answer.status == 400
    assert f"AADSTS{number}" in await answer.text()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": ""}, "invalid_request"),
        ({"scope": "nonsense"}, "invalid_scope"),
    ],
)
async def test_other_mistakes_go_back_to_the_client(entra: Entra, changed: dict[str, str], error: str) -> None:
    back = await entra.back(**changed)
    assert (back["error"], back["state"]) == (error, "s1")


async def test_without_a_page_nobody_is_signed_in(entra: Entra) -> None:
    assert (await entra.back(prompt="none"))["error"] == "login_required"


async def test_only_registered_addresses_are_redirected_to_when_there_are_any(entra: Entra) -> None:
    await entra.config(redirect_uris=["https://kobling.example/back"])
    assert (await entra.authorize(auto="1")).status == 400
    assert (await entra.authorize(auto="1", redirect_uri="https://kobling.example/back")).status == 302


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        ({"code_verifier": "wrong"}, 501481),
        ({"code_verifier": ""}, 501481),
        ({"redirect_uri": "http://localhost:9/other"}, 500112),
        ({"redirect_uri": ""}, 900144),
        ({"code": "unknown"}, 9002313),
    ],
)
async def test_a_code_is_redeemed_with_what_belongs_to_it(entra: Entra, changed: dict[str, str], number: int) -> None:
    code = (await entra.back())["code"]
    _, answer = await entra.redeem(**{"code": code, **changed})
    assert answer["error_codes"] == [number]


async def test_a_code_works_once_and_for_ten_minutes(entra: Entra) -> None:
    code = (await entra.back())["code"]
    assert (await entra.redeem(code))[0] == 200
    assert (await entra.redeem(code))[1]["error_codes"] == [54005]
    late = (await entra.back())["code"]
    entra.clock.advance(601)
    assert (await entra.redeem(late))[1]["error_codes"] == [70008]


async def test_a_public_client_needs_pkce_and_no_secret(entra: Entra) -> None:
    public = entra.known["public_client_id"]
    assert (await entra.back(client_id=public, code_challenge=""))["error"] == "invalid_request"
    code = (await entra.back(client_id=public))["code"]
    assert (await entra.redeem(code, client_id=public, client_secret=""))[0] == 200


async def test_a_confidential_client_may_go_without_pkce(entra: Entra) -> None:
    code = (await entra.back(code_challenge=""))["code"]
    assert (await entra.redeem(code, code_verifier=""))[0] == 200


async def test_a_code_of_another_app_is_refused(entra: Entra) -> None:
    code = (await entra.back())["code"]
    public = entra.known["public_client_id"]
    assert (await entra.redeem(code, client_id=public, client_secret=""))[1]["error_codes"] == [700005]


async def test_other_addresses_and_methods_are_not_there(entra: Entra) -> None:
    for method, path in (("GET", "oauth2/v2.0/token"), ("GET", "oauth2/v2.0/logout"), ("GET", "nothing")):
        async with entra.http.request(method, entra.at(path)) as answer:
            assert answer.status == 404


async def test_the_control_port_shows_no_secret_and_takes_no_nonsense(entra: Entra) -> None:
    _, dump = await entra.control("GET", "/dump")
    assert entra.known["password"] not in str(dump)
    assert entra.known["client_secret"] not in str(dump)
    assert (await entra.control("POST", "/limits", {"requests": 1}))[0] == 400
    assert (await entra.control("POST", "/records/users", {"name": "x"}))[0] == 409
    assert (await entra.control("POST", "/config", {"token_life": "long"}))[0] == 400
