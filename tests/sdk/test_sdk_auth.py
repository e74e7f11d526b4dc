"""Signing in and staying signed in."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from kobling.records import Misunderstood, SettingsError, SignInExpired, Unreachable
from kobling.sdk.auth import Grant, OAuthClient, TokenHolder, start_sign_in
from kobling.sdk.context import MemoryGrants
from kobling.sdk.outcomes import sending
from kobling.sdk.redaction import Redactor


@pytest.fixture
def token_endpoint(serve, transport):
    async def make(*answers):
        asked = []

        async def handler(request):
            asked.append((dict(await request.post()), request.headers.get("Authorization")))
            status, body = answers[min(len(asked), len(answers)) - 1]
            if isinstance(body, str):
                return web.Response(status=status, text=body)
            return web.json_response(body, status=status)

        redact = Redactor()
        client = OAuthClient(
            transport,
            await serve(handler),
            vendor="Vendor",
            client_id="client-1",
            client_secret="secret-1",
            redact=redact,
        )
        return client, asked

    return make


async def test_the_password_grant_sends_the_client_as_basic(token_endpoint, clock):
    client, asked = await token_endpoint((200, {"access_token": "t1", "expires_in": 3600, "token_type": "bearer"}))
    grant = await client.password("key", "key", "read write")
    assert grant == Grant("t1", int(clock.now().timestamp()) + 3600)
    form, authorization = asked[0]
    assert form == {"grant_type": "password", "scope": "read write", "username": "key", "password": "key"}
    assert authorization == "Basic Y2xpZW50LTE6c2VjcmV0LTE="


async def test_a_refresh_keeps_the_old_refresh_token_unless_it_is_rotated(token_endpoint):
    client, _ = await token_endpoint(
        (200, {"access_token": "t1", "expires_in": 60}),
        (200, {"access_token": "t2", "expires_in": 60, "refresh_token": "r2"}),
    )
    assert (await client.refresh("r1")).refresh_token == "r1"
    assert (await client.refresh("r1")).refresh_token == "r2"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "key-abcdef is revoked"}, SignInExpired),
        (401, {"error": "invalid_client"}, SettingsError),
        (400, {"error": "unsupported_grant_type"}, SettingsError),
        (500, "oops", Unreachable),
        (200, "<html>", Unreachable),
        (200, "[1, 2", Misunderstood),
        (200, {"token": "?"}, Misunderstood),
    ],
)
async def test_a_refused_sign_in_says_who_acts_and_hides_the_key(token_endpoint, status, body, kind):
    client, _ = await token_endpoint((status, body))
    with sending() as sent, pytest.raises(kind) as caught:
        await client.password("key-abcdef", "key-abcdef", "read")
    assert type(caught.value) is kind
    assert "key-abcdef" not in str(caught.value) + caught.value.vendor_text
    assert not sent.touched, "a sign-in changes no record"


async def test_the_code_is_exchanged_with_its_verifier(token_endpoint):
    client, asked = await token_endpoint((200, {"access_token": "t", "refresh_token": "r", "expires_in": 60}))
    start = start_sign_in(
        "https://login.example/authorize", client_id="client-1", redirect_uri="https://hub.example/back", scope="a b"
    )
    query = parse_qs(urlsplit(start.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["state"] == [start.state]
    assert start.verifier not in start.url
    await client.exchange("code-1", start.verifier, "https://hub.example/back")
    assert asked[0][0]["code_verifier"] == start.verifier


async def test_client_credentials_carry_what_the_vendor_wants_more(token_endpoint):
    client, asked = await token_endpoint((200, {"access_token": "t"}))
    await client.client_credentials("s", tenant_id="1")
    assert asked[0][0] == {"grant_type": "client_credentials", "scope": "s", "tenant_id": "1"}


class Issuer:
    """Counts how often a token was obtained, and can fail."""

    def __init__(self, clock, life=3600):
        self.clock, self.life, self.count, self.error, self.seen = clock, life, 0, None, []

    async def __call__(self, grant):
        self.seen.append(grant)
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        self.count += 1
        return Grant(f"token-{self.count}", int(self.clock.now().timestamp()) + self.life, f"refresh-{self.count}")


def holder(issuer, clock, grants=None):
    grants = grants or MemoryGrants()
    return TokenHolder(issuer, clock=clock, redact=Redactor(), load=grants.load, save=grants.save)


async def test_many_at_once_make_one_token(clock):
    issuer = Issuer(clock)
    tokens = holder(issuer, clock)
    got = await asyncio.gather(*[tokens.headers() for _ in range(20)])
    assert issuer.count == 1
    assert {each["Authorization"] for each in got} == {"Bearer token-1"}


async def test_the_token_is_renewed_ahead_of_its_end(clock):
    issuer = Issuer(clock)
    tokens = holder(issuer, clock)
    await tokens.headers()
    clock.turn(3600 - 119)
    assert (await tokens.headers())["Authorization"] == "Bearer token-2"
    assert issuer.seen[1].refresh_token == "refresh-1"


async def test_a_rejected_token_is_renewed_once_for_everyone(clock):
    issuer = Issuer(clock)
    tokens = holder(issuer, clock)
    used = await tokens.headers()
    await asyncio.gather(*[tokens.rejected(used) for _ in range(5)])
    assert issuer.count == 2


async def test_a_failed_refresh_keeps_the_grant(clock):
    issuer, grants = Issuer(clock), MemoryGrants()
    tokens = holder(issuer, clock, grants)
    await tokens.headers()
    stored = grants.grant
    clock.turn(4000)
    issuer.error = SignInExpired("no")
    with pytest.raises(SignInExpired):
        await tokens.headers()
    assert grants.grant == stored
    issuer.error = None
    assert (await tokens.headers())["Authorization"] == "Bearer token-2"


async def test_a_worker_that_lost_the_race_uses_the_winners_token(clock):
    issuer, grants = Issuer(clock), MemoryGrants()
    one, two = holder(issuer, clock, grants), holder(issuer, clock, grants)
    first, second = await asyncio.gather(one.headers(), two.headers())
    assert first["Authorization"] == second["Authorization"] == "Bearer " + grants.grant["access_token"]


async def test_a_refresh_refused_because_another_was_quicker_is_no_failure(clock):
    issuer, grants = Issuer(clock), MemoryGrants()
    tokens = holder(issuer, clock, grants)
    await tokens.headers()
    clock.turn(4000)

    async def quicker(_grant):
        grants.grant = Grant("winner", int(clock.now().timestamp()) + 3600, "r").data()
        raise SignInExpired("the refresh token was used")

    assert (await holder(quicker, clock, grants).headers())["Authorization"] == "Bearer winner"


async def test_a_stored_token_is_used_again_after_a_restart(clock):
    issuer, grants = Issuer(clock), MemoryGrants()
    await holder(issuer, clock, grants).headers()
    await holder(issuer, clock, grants).headers()
    assert issuer.count == 1


async def test_a_401_is_answered_by_one_renewal_even_for_writes(serve, make_api, clock):
    asked = []

    async def handler(request):
        asked.append(request.headers["Authorization"])
        return web.Response(status=401 if asked[-1] == "Bearer token-1" else 200, text="{}")

    issuer = Issuer(clock)
    api = make_api(await serve(handler), auth=holder(issuer, clock))
    await api.json("POST", "/x", json={})
    assert asked == ["Bearer token-1", "Bearer token-2"]


async def test_a_401_that_stays_is_an_expired_sign_in(serve, make_api, clock):
    async def handler(_request):
        return web.Response(status=401)

    issuer = Issuer(clock)
    api = make_api(await serve(handler), auth=holder(issuer, clock))
    with pytest.raises(SignInExpired):
        await api.json("GET", "/x")
    assert issuer.count == 2


@pytest.mark.parametrize("word", ["refresh_token_expires_in", "refresh_expires_in"])
async def test_when_a_person_must_sign_in_again_is_kept_where_the_vendor_says_so(token_endpoint, clock, word):
    answer = {"access_token": "t", "expires_in": 60, "refresh_token": "r"}
    client, _ = await token_endpoint((200, {**answer, word: 86_400}), (200, {**answer, word: "soon"}), (200, answer))
    ends = int(clock.now().timestamp()) + 86_400
    found = await client.exchange("code", "verifier", "https://here.example")
    assert found.ends_at == ends and Grant.of(found.data()) == found
    for _ in range(2):
        again = await client.exchange("code", "verifier", "https://here.example")
        assert again.ends_at is None and "ends_at" not in again.data()


async def test_a_refresh_token_that_stays_ends_when_it_did(token_endpoint, clock):
    client, _ = await token_endpoint((200, {"access_token": "t2", "expires_in": 3600, "refresh_expires_in": 60}))
    grants = MemoryGrants(Grant("t1", 0, "r", 1_900_000_000).data())
    holder = TokenHolder(
        lambda old: client.refresh(old.refresh_token),
        clock=clock,
        redact=Redactor(),
        load=grants.load,
        save=grants.save,
    )
    await holder.headers()
    assert Grant.of(grants.grant).ends_at == 1_900_000_000 and grants.grant["access_token"] == "t2"
