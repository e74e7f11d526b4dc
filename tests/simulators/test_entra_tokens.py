"""Tokens of the simulated sign-in service, and how resources take them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from kobling_simulators import Clock
from kobling_simulators.entra.gate import Gate
from kobling_simulators.entra.keys import decode, encode
from kobling_simulators.entra.tokens import TokenProblem, issue, sign, verify
from kobling_simulators.wire import Call, from_json, to_json

AUDIENCE = "http://crm.example"
TENANT = Gate(1, Clock()).directory.tenant
NOW = 1_000_000.0


def token(**changed: Any) -> str:
    given: dict[str, Any] = {
        "audience": AUDIENCE,
        "tenant": TENANT,
        "kind": "user",
        "app_id": "app",
        "object_id": "person",
        "name": "bodil",
        "now": NOW,
        "life": 3600,
        "token_id": "1",
        "scopes": frozenset({"user_impersonation"}),
        **changed,
    }
    return issue(1, **given)


def test_what_was_issued_is_verified() -> None:
    claims = verify(token(), AUDIENCE, NOW, seed=1, tenant=TENANT)
    assert (claims.kind, claims.name, claims.object_id, claims.app_id) == ("user", "bodil", "person", "app")
    assert (claims.scopes, claims.issued, claims.expires) == ({"user_impersonation"}, NOW, NOW + 3600)
    app = verify(token(kind="app", scopes=frozenset({"API.ReadWrite.All"})), AUDIENCE, NOW, seed=1)
    assert (app.kind, app.name, app.scopes) == ("app", "", {"API.ReadWrite.All"})


def test_the_audience_is_compared_without_case_and_final_slash() -> None:
    assert verify(token(audience="HTTP://CRM.example/"), AUDIENCE, NOW, seed=1)


@pytest.mark.parametrize(
    ("changed", "given", "problem"),
    [
        ({}, {"audience": "http://other.example"}, "audience"),
        ({}, {"tenant": "11111111-1111-4111-8111-111111111111"}, "another tenant"),
        ({}, {"now": NOW + 3600}, "expired"),
        ({}, {"now": NOW - 301}, "not valid yet"),
        ({}, {"seed": 2}, "signature"),
    ],
)
def test_a_token_that_does_not_fit_is_refused(changed: dict[str, Any], given: dict[str, Any], problem: str) -> None:
    asked: dict[str, Any] = {"audience": AUDIENCE, "now": NOW, "seed": 1, "tenant": TENANT, **given}
    with pytest.raises(TokenProblem, match=problem):
        verify(token(**changed), asked["audience"], asked["now"], seed=asked["seed"], tenant=asked["tenant"])


def forged() -> list[str]:
    header, body, signature = token().split(".")
    claims = from_json(decode(body))
    other = encode(to_json({**claims, "oid": "someone else"}))
    unsigned = encode(to_json({"alg": "none"}))
    return [
        f"{header}.{other}.{signature}",
        f"{unsigned}.{body}.",
        f"{header}.{body}",
        f"{header}.{body}.{base64.b64encode(b'x' * 256).decode()}",
        "opaque",
        "",
        "a.b.c",
        f"{encode(b'[]')}.{body}.{signature}",
        sign(1, {"aud": AUDIENCE}),
        sign(1, {**claims, "tid": "no guid"}),
    ]


@pytest.mark.parametrize("text", forged())
def test_a_forged_or_garbled_token_is_refused(text: str) -> None:
    with pytest.raises(TokenProblem):
        verify(text, AUDIENCE, NOW, seed=1)


class TestGate:
    """What a resource does with bearer tokens."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock(lambda: NOW)

    @pytest.fixture
    def gate(self, clock: Clock) -> Gate:
        return Gate(1, clock)

    def call(self, text: str) -> Call:
        return Call("GET", "/", {}, {"Authorization": f"Bearer {text}"})

    def test_lets_in_by_any_of_its_audiences(self, gate: Gate) -> None:
        assert gate.admit(self.call(token()), "http://first.example", AUDIENCE).name == "bodil"

    def test_remembers_a_token_but_not_for_another_audience(self, gate: Gate) -> None:
        gate.admit(self.call(token()), AUDIENCE)
        with pytest.raises(TokenProblem, match="audience"):
            gate.admit(self.call(token()), "http://other.example")

    def test_refuses_a_call_without_token(self, gate: Gate) -> None:
        for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer"}):
            with pytest.raises(TokenProblem, match="no bearer"):
                gate.admit(Call("GET", "/", {}, headers), AUDIENCE)

    def test_refuses_a_remembered_token_when_it_is_over(self, gate: Gate, clock: Clock) -> None:
        gate.admit(self.call(token()), AUDIENCE)
        clock.advance(3600)
        with pytest.raises(TokenProblem, match="expired"):
            gate.admit(self.call(token()), AUDIENCE)

    def test_goes_by_the_clock_of_its_sign_in_service(self, gate: Gate, clock: Clock) -> None:
        gate.join("http://entra.example", Clock(lambda: NOW + 3600))
        with pytest.raises(TokenProblem, match="expired"):
            gate.admit(self.call(token()), AUDIENCE)

    def test_revokes_what_it_let_in_and_takes_what_comes_after(self, gate: Gate) -> None:
        gate.admit(self.call(token()), AUDIENCE)
        assert gate.revoke_all() == 1
        with pytest.raises(TokenProblem, match="revoked"):
            gate.admit(self.call(token()), AUDIENCE)
        assert gate.admit(self.call(token(token_id="2")), AUDIENCE)

    def test_revokes_what_it_has_not_seen_yet(self, gate: Gate, clock: Clock) -> None:
        clock.advance(1)
        assert gate.revoke_all() == 0
        with pytest.raises(TokenProblem, match="revoked"):
            gate.admit(self.call(token()), AUDIENCE)

    def test_expires_one_token(self, gate: Gate) -> None:
        gate.expire(self.call(token()))
        gate.expire(self.call("opaque"))
        with pytest.raises(TokenProblem, match="revoked"):
            gate.admit(self.call(token()), AUDIENCE)
        assert gate.admit(self.call(token(token_id="2")), AUDIENCE)
