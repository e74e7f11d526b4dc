"""Signing in to Dinero, personally and through Visma Connect, and what a token reaches."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kobling_simulators.wire import Call, from_json
from tests.simulators.books import CONTACT, Dinero, Refused

REDIRECT = "http://localhost:9/back"
VERIFIER = "v" * 60
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def dinero() -> Dinero:
    return Dinero()


def test_an_api_key_gives_a_token_for_an_hour(dinero: Dinero) -> None:
    answer = from_json(dinero.sign_in().body)
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 3600, "read write")
    assert "refresh_token" not in answer


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"username": "x", "password": "x"}, 400, "invalid_grant"),
        ({"password": "other"}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ],
)
def test_a_wrong_personal_sign_in_is_named(dinero: Dinero, changed: dict[str, str], status: int, error: str) -> None:
    reply = dinero.sign_in(**changed)
    assert (reply.status, from_json(reply.body)["error"]) == (status, error)


def test_a_wrong_client_is_401(dinero: Dinero) -> None:
    reply = dinero.form("/dineroapi/oauth/token", dinero.basic(secret="no"), grant_type="password")
    assert (reply.status, from_json(reply.body)["error"]) == (401, "invalid_client")


def test_a_token_is_over_after_its_life(dinero: Dinero) -> None:
    dinero.clock.advance(3599)
    assert dinero.get("v1 vatTypes")
    dinero.clock.advance(1)
    assert dinero.raw("GET", "v1 vatTypes").status == 401


def test_revoking_ends_every_token(dinero: Dinero) -> None:
    assert dinero.simulator.revoke_all() == 1
    assert dinero.raw("GET", "v1 vatTypes").status == 401


def test_a_token_reaches_one_organization(dinero: Dinero) -> None:
    for number in (dinero.credentials["other_organization_id"], "1"):
        dinero.organization = number
        with pytest.raises(Refused) as refused:
            dinero.get("v1 contacts")
        assert (refused.value.status, refused.value.code) == (403, 41)


def test_a_token_that_may_only_read_does_not_write(dinero: Dinero) -> None:
    dinero.token = from_json(dinero.sign_in(scope="read").body)["access_token"]
    assert dinero.get("v1 contacts")
    with pytest.raises(Refused) as refused:
        dinero.do("POST", "v1 contacts", CONTACT)
    assert refused.value.status == 403


def test_without_pro_everything_of_the_organization_is_403_with_code_90() -> None:
    dinero = Dinero(pro=False)
    with pytest.raises(Refused) as refused:
        dinero.get("v1 contacts")
    assert (refused.value.status, refused.value.code) == (403, 90)


class TestVismaConnect:
    """Authorization code with PKCE, refresh tokens, tenants."""

    def ask(self, dinero: Dinero, **changed: str) -> dict[str, str]:
        return {
            "client_id": dinero.credentials["visma_client_id"],
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "dineropublicapi:read dineropublicapi:write offline_access",
            "state": "s1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changed,
        }

    def authorize(self, dinero: Dinero, **changed: str) -> Any:
        return dinero.simulator.answer(Call("GET", "/connect/authorize", self.ask(dinero, **changed), {}))

    def code(self, dinero: Dinero) -> str:
        place = urlsplit(self.authorize(dinero, auto="1").headers["Location"])
        given = parse_qs(place.query)
        assert given["state"] == ["s1"]
        return given["code"][0]

    def redeem(self, dinero: Dinero, code: str, **changed: str) -> Any:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return self.token(dinero, **{**fields, **changed})

    def token(self, dinero: Dinero, **fields: str) -> Any:
        known = dinero.credentials
        who = {"client_id": known["visma_client_id"], "client_secret": known["visma_client_secret"]}
        return dinero.form("/connect/token", None, **who, **fields)

    def test_the_form_carries_the_request_and_leads_to_a_code(self, dinero: Dinero) -> None:
        page = self.authorize(dinero).body.decode()
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        known = dinero.credentials
        who = {"username": known["visma_username"], "password": known["visma_password"], "decision": "allow"}
        reply = dinero.form("/connect/authorize", None, **fields, **who)
        assert reply.status == 302
        assert reply.headers["Location"].startswith(f"{REDIRECT}?code=")

    def test_a_person_can_say_no(self, dinero: Dinero) -> None:
        reply = dinero.form("/connect/authorize", None, **self.ask(dinero), decision="deny")
        assert "error=access_denied" in reply.headers["Location"]

    def test_a_wrong_password_shows_the_form_again(self, dinero: Dinero) -> None:
        reply = dinero.form("/connect/authorize", None, **self.ask(dinero), username="x", password="y")
        assert reply.status == 200
        assert b"Wrong" in reply.body

    @pytest.mark.parametrize(
        "changed",
        [
            {"client_id": "other"},
            {"redirect_uri": "javascript:x"},
            {"response_type": "token"},
            {"code_challenge": ""},
            {"code_challenge_method": "plain"},
            {"scope": "everything"},
        ],
    )
    def test_a_wrong_request_is_never_redirected(self, dinero: Dinero, changed: dict[str, str]) -> None:
        assert self.authorize(dinero, auto="1", **changed).status == 400

    def test_an_unregistered_address_is_refused(self) -> None:
        dinero = Dinero(redirect_uris=["https://elsewhere.example/back"])
        assert self.authorize(dinero, auto="1").status == 400

    def test_a_code_gives_a_token_that_reaches_the_users_organizations(self, dinero: Dinero) -> None:
        answer = from_json(self.redeem(dinero, self.code(dinero)).body)
        dinero.token = answer["access_token"]
        dinero.organization = dinero.credentials["other_organization_id"]
        assert dinero.get("v1 contacts")["Pagination"]["Result"] == 0

    def test_a_code_serves_once(self, dinero: Dinero) -> None:
        code = self.code(dinero)
        assert self.redeem(dinero, code).status == 200
        assert self.redeem(dinero, code).status == 400

    def test_a_code_is_over_after_ten_minutes(self, dinero: Dinero) -> None:
        code = self.code(dinero)
        dinero.clock.advance(601)
        assert self.redeem(dinero, code).status == 400

    @pytest.mark.parametrize("changed", [{"code_verifier": "w" * 60}, {"redirect_uri": "http://localhost:9/other"}])
    def test_the_verifier_and_the_address_must_fit(self, dinero: Dinero, changed: dict[str, str]) -> None:
        reply = self.redeem(dinero, self.code(dinero), **changed)
        assert (reply.status, from_json(reply.body)["error"]) == (400, "invalid_grant")

    def test_a_refresh_token_is_replaced_when_used(self, dinero: Dinero) -> None:
        first = from_json(self.redeem(dinero, self.code(dinero)).body)["refresh_token"]
        second = from_json(self.token(dinero, grant_type="refresh_token", refresh_token=first).body)["refresh_token"]
        assert second != first
        assert self.token(dinero, grant_type="refresh_token", refresh_token=first).status == 400
        assert self.token(dinero, grant_type="refresh_token", refresh_token=second).status == 200

    def test_without_offline_access_there_is_no_refresh_token(self, dinero: Dinero) -> None:
        location = self.authorize(dinero, auto="1", scope="dineropublicapi:read").headers["Location"]
        code = parse_qs(urlsplit(location).query)["code"][0]
        assert "refresh_token" not in from_json(self.redeem(dinero, code).body)

    def test_client_credentials_reach_one_tenant(self, dinero: Dinero) -> None:
        fields = {"grant_type": "client_credentials", "scope": "dineropublicapi:read"}
        reply = self.token(dinero, **fields, tenant_id=dinero.credentials["tenant_id"])
        dinero.token = from_json(reply.body)["access_token"]
        assert dinero.get("v1 contacts")
        assert self.token(dinero, **fields, tenant_id="no").status == 400


class TestLimits:
    """Requests per minute on the simulator's clock."""

    def test_a_personal_client_has_60_a_minute(self) -> None:
        dinero = Dinero(limited=True)
        replies = [dinero.raw("GET", "v1 vatTypes") for _ in range(61)]
        assert [reply.status for reply in replies] == [200] * 60 + [429]
        assert replies[-1].content_type.startswith("text/plain")
        assert replies[-1].body.startswith(b"API calls quota exceeded!")
        assert "Retry-After" not in replies[-1].headers

    def test_the_next_minute_begins_anew(self) -> None:
        dinero = Dinero(limited=True, retry_after_header=True)
        for _ in range(60):
            dinero.raw("GET", "v1 vatTypes")
        wait = dinero.raw("GET", "v1 vatTypes").headers["Retry-After"]
        dinero.clock.advance(int(wait))
        assert dinero.raw("GET", "v1 vatTypes").status == 200

    def test_another_organization_has_its_own(self) -> None:
        dinero = Dinero(limited=True)
        for _ in range(60):
            dinero.raw("GET", "v1 vatTypes")
        key = dinero.credentials["other_api_key"]
        dinero.token = from_json(dinero.sign_in(username=key, password=key).body)["access_token"]
        dinero.organization = dinero.credentials["other_organization_id"]
        assert dinero.raw("GET", "v1 vatTypes").status == 200
