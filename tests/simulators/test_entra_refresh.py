"""Refresh tokens of the simulated Microsoft Entra, and its knobs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kobling_simulators.entra.tokens import read
from tests.simulators.crm import START
from tests.simulators.signing_in import RESOURCE, Entra, signing_in


@pytest.fixture
async def entra() -> AsyncIterator[Entra]:
    async with signing_in() as client:
        yield client


async def test_without_offline_access_there_is_no_refresh_token(entra: Entra) -> None:
    assert "refresh_token" not in await entra.signed_in(scope=f"{RESOURCE}/.default")


async def test_refresh_tokens_rotate(entra: Entra) -> None:
    first = (await entra.signed_in())["refresh_token"]
    status, answer = await entra.refresh(first)
    assert status == 200
    assert answer["refresh_token"] != first
    status, refused = await entra.refresh(first)
    assert (status, refused["error"]) == (400, "invalid_grant")
    assert (await entra.refresh(answer["refresh_token"]))[0] == 200


async def test_used_refresh_tokens_may_be_taken_again_by_a_knob(entra: Entra) -> None:
    await entra.config(rotation="lenient")
    first = (await entra.signed_in())["refresh_token"]
    assert [(await entra.refresh(first))[0] for _ in range(2)] == [200, 200]


async def test_a_refresh_token_may_ask_for_another_resource(entra: Entra) -> None:
    first = (await entra.signed_in())["refresh_token"]
    bc = "https://api.businesscentral.dynamics.com"
    _, answer = await entra.refresh(first, scope=f"{bc}/.default offline_access")
    claims = read(answer["access_token"], 1)
    assert (claims.audience, claims.scopes) == (bc, {"Financials.ReadWrite.All"})


async def test_a_refresh_token_is_over_after_ninety_days_unused(entra: Entra) -> None:
    first = (await entra.signed_in())["refresh_token"]
    entra.clock.advance(90 * 86_400 + 1)
    assert (await entra.refresh(first))[1]["error_codes"] == [700082]


async def test_unknown_and_foreign_refresh_tokens_are_refused(entra: Entra) -> None:
    assert (await entra.refresh("unknown"))[1]["error"] == "invalid_grant"
    assert (await entra.refresh(""))[1]["error_codes"] == [900144]
    mine = (await entra.signed_in())["refresh_token"]
    public = entra.known["public_client_id"]
    assert (await entra.refresh(mine, client_id=public, client_secret=""))[1]["error"] == "invalid_grant"


async def test_a_changed_password_ends_the_refresh_tokens_before_it(entra: Entra) -> None:
    before = (await entra.signed_in())["refresh_token"]
    status, _ = await entra.control("PATCH", f"/records/users/{entra.known['username']}", {"password": "new"})
    assert status == 200
    assert (await entra.refresh(before))[1]["error_codes"] == [50173]
    entra.clock.advance(1)
    after = (await entra.signed_in())["refresh_token"]
    assert (await entra.refresh(after))[0] == 200


async def test_a_disabled_person_cannot_sign_in_or_refresh(entra: Entra) -> None:
    before = (await entra.signed_in())["refresh_token"]
    await entra.control("PATCH", f"/records/users/{entra.known['username']}", {"enabled": False})
    assert (await entra.refresh(before))[1]["error_codes"] == [50057]
    assert "AADSTS50057" in await (await entra.authorize(auto="1")).text()


@pytest.mark.parametrize(
    ("knob", "number", "status"),
    [("password_changed", 50173, 400), ("consent_missing", 65001, 400), ("app_missing", 700016, 400)],
)
async def test_knobs_refuse_a_refresh(entra: Entra, knob: str, number: int, status: int) -> None:
    text = (await entra.signed_in())["refresh_token"]
    await entra.config(**{knob: True})
    found, answer = await entra.refresh(text)
    assert (found, answer["error_codes"]) == (status, [number])
    await entra.config(**{knob: False})
    assert (await entra.refresh(text))[0] == 200


async def test_knobs_refuse_consent_secrets_and_resources(entra: Entra) -> None:
    await entra.config(consent_missing=True)
    assert (await entra.back())["error_description"].startswith("AADSTS65001")
    await entra.config(consent_missing=False, secret_wrong=True)
    assert (await entra.for_app())[1]["error_codes"] == [7000215]
    await entra.config(secret_wrong=False, resources=["http://other.example"])
    assert (await entra.for_app())[1]["error_codes"] == [500011]


async def test_the_life_of_tokens_is_a_knob(entra: Entra) -> None:
    await entra.config(token_life=60)
    _, answer = await entra.for_app()
    assert (answer["expires_in"], read(answer["access_token"], 1).expires) == (60, START + 60)


async def test_revoking_ends_refresh_tokens(entra: Entra) -> None:
    text = (await entra.signed_in())["refresh_token"]
    assert (await entra.control("POST", "/tokens/revoke"))[1] == {"revoked": 1}
    assert (await entra.refresh(text))[1]["error"] == "invalid_grant"


async def test_a_rate_limit_can_be_asked_for_as_a_fault(entra: Entra) -> None:
    await entra.control("POST", "/faults", {"kind": "rate_limited", "retry_after": 7})
    async with entra.http.post(entra.at("oauth2/v2.0/token")) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
