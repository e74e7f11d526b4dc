"""Token endpoints: how a client names itself, what is asked again, what is hidden, and how long a token is good for."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from kobling.records import Misunderstood, SettingsError, SignInExpired, Unreachable, to_json
from kobling.sdk.auth import Grant, OAuthClient, start_sign_in
from kobling.sdk.redaction import Redactor

TOKEN = {"access_token": "token-1", "refresh_token": "refresh-1", "expires_in": 60}
PAIR = base64.b64encode(b"client-1:secret-1").decode()


class Endpoint:
    """A token endpoint that gives these answers in order, the last one for ever."""

    def __init__(self, *answers):
        self.answers, self.asked, self.at_once, self.most = answers, [], 0, 0

    async def __call__(self, request):
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.asked.append((dict(await request.post()), request.headers.get("Authorization")))
        await asyncio.sleep(0)
        self.at_once -= 1
        status, told = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return web.Response(status=status, body=told if isinstance(told, bytes) else to_json(told))


@pytest.fixture
def client(serve, transport):
    async def make(*answers, secret="secret-1", **more):
        endpoint, redact = Endpoint(*answers or [(200, TOKEN)]), Redactor()
        made = OAuthClient(
            transport,
            await serve(endpoint),
            vendor="Vendor",
            client_id="client-1",
            client_secret=secret,
            redact=redact,
            **more,
        )
        return made, endpoint, redact

    return make


NAMED = {"client_id": "client-1", "client_secret": "secret-1"}


@pytest.mark.parametrize(
    ("options", "form", "header"),
    [
        ({}, {}, f"Basic {PAIR}"),
        ({"in_form": True}, NAMED, None),
        ({"in_form": True, "secret": ""}, {"client_id": "client-1"}, None),
    ],
)
async def test_a_client_names_itself_in_one_place(client, options, form, header):
    made, endpoint, _ = await client(**options)
    await made.client_credentials("s")
    assert endpoint.asked == [({"grant_type": "client_credentials", "scope": "s", **form}, header)]


async def test_each_flow_sends_its_form(client):
    made, endpoint, _ = await client()
    await made.password("user", "pass", "s")
    await made.refresh("r0", scope="s")
    await made.exchange("code", "verifier", "https://hub.example/back")
    assert [form for form, _ in endpoint.asked] == [
        {"grant_type": "password", "scope": "s", "username": "user", "password": "pass"},
        {"grant_type": "refresh_token", "refresh_token": "r0", "scope": "s"},
        {
            "grant_type": "authorization_code",
            "code": "code",
            "code_verifier": "verifier",
            "redirect_uri": "https://hub.example/back",
            "client_id": "client-1",
        },
    ]


async def test_only_what_uses_nothing_up_is_asked_again(client):
    for flow, again in (
        (lambda made: made.password("user", "pass", "s"), True),
        (lambda made: made.client_credentials("s"), True),
        (lambda made: made.refresh("r0"), False),
        (lambda made: made.exchange("code", "verifier", "https://hub.example/back"), False),
    ):
        made, endpoint, _ = await client((503, {}), (200, TOKEN))
        if again:
            assert (await flow(made)).access_token == "token-1"
        else:
            with pytest.raises(Unreachable):
                await flow(made)
        assert len(endpoint.asked) == 1 + again


async def test_every_secret_that_passes_is_hidden_from_then_on(client):
    made, _, redact = await client()
    await made.password("user", "pass-word", "s")
    await made.refresh("refresh-0")
    await made.exchange("code-1", "verifier", "https://hub.example/back")
    for secret in ("secret-1", PAIR, "pass-word", "refresh-0", "code-1", "token-1", "refresh-1"):
        assert redact(f"[{secret}]") == "[•••]"


async def test_one_at_a_time_and_as_often_as_needed(client, clock):
    made, endpoint, _ = await client()
    await asyncio.gather(*[made.client_credentials("s") for _ in range(5)])
    assert (endpoint.most, len(endpoint.asked), clock.slept) == (1, 5, 0)


async def test_a_limit_of_the_token_endpoint_is_waited_for_a_minute(client, clock):
    made, _, _ = await client((429, {}), (200, TOKEN))
    await made.refresh("r0")
    assert clock.slept == 60


YEAR = 366 * 86_400


@pytest.mark.parametrize(
    ("told", "life"),
    [
        (1, 1),
        (60, 60),
        ("60", 60),
        (YEAR, YEAR),
        (YEAR + 1, 3600),
        (10**30, 3600),
        (0, 3600),
        (-5, 3600),
        (None, 3600),
        ("soon", 3600),
        (True, 3600),
        ([], 3600),
        (Decimal("60.5"), 3600),
    ],
)
async def test_a_life_that_is_absent_or_absurd_is_the_usual_hour(client, clock, told, life):
    made, _, _ = await client((200, {**TOKEN, "expires_in": told}))
    grant = await made.client_credentials("s")
    assert grant == Grant("token-1", int(clock.now().timestamp()) + life, "refresh-1")


async def test_without_a_word_of_its_life_a_token_is_good_for_an_hour(client, clock):
    made, _, _ = await client((200, {"access_token": "t"}))
    assert await made.client_credentials("s") == Grant("t", int(clock.now().timestamp()) + 3600)


@pytest.mark.parametrize("given", [None, "", 7, [], {"a": 1}])
async def test_what_is_no_new_refresh_token_leaves_the_old_one(client, given):
    made, _, _ = await client((200, {**TOKEN, "refresh_token": given}))
    assert (await made.refresh("refresh-0")).refresh_token == "refresh-0"
    assert (await made.client_credentials("s")).refresh_token is None


@pytest.mark.parametrize("told", [[], "token", None, {}, {"access_token": 7}, {"access_token": None}])
async def test_an_answer_without_a_token_is_misunderstood(client, told):
    made, _, _ = await client((200, told))
    with pytest.raises(Misunderstood, match="Vendor's sign-in answered without a token"):
        await made.client_credentials("s")


EXPIRED, WRONG, NOT_OFFERED = "no longer accepts", "does not accept the client", "refuses this way"


@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (400, "invalid_grant", SignInExpired, EXPIRED),
        (401, "invalid_grant", SignInExpired, EXPIRED),
        (400, "invalid_client", SettingsError, WRONG),
        (400, "unauthorized_client", SettingsError, WRONG),
        (400, "unsupported_grant_type", SettingsError, NOT_OFFERED),
        (422, "invalid_scope", SettingsError, NOT_OFFERED),
        (422, "invalid_request", SettingsError, NOT_OFFERED),
        (400, "else", SettingsError, NOT_OFFERED),
        (401, "else", SettingsError, WRONG),
        (403, "else", SettingsError, NOT_OFFERED),
    ],
)
async def test_a_refusal_says_who_acts(client, status, code, kind, says):
    made, _, _ = await client((status, {"error": code}))
    with pytest.raises(kind, match=says) as caught:
        await made.refresh("r0")
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.vendor_text) == (code, code)


@pytest.mark.parametrize(
    ("told", "code", "text"),
    [
        ({"error": "x", "error_description": "because"}, "x", "because"),
        ({"error_description": "because"}, None, "because"),
        ({}, None, ""),
        ([], None, ""),
        ("x", None, ""),
        (b"no json", None, ""),
        (b'{"error": "\xff"}', None, ""),
        (b"[" * 100_000, None, ""),
    ],
)
async def test_whatever_stands_in_a_refusal_it_is_one(client, told, code, text):
    made, _, _ = await client((400, told))
    with pytest.raises(SettingsError) as caught:
        await made.refresh("r0")
    assert (caught.value.code, caught.value.vendor_text) == (code, text)


def test_a_sign_in_begins_with_what_only_we_know():
    start = start_sign_in(
        "https://login.example/authorize?a=1",
        client_id="client-1",
        redirect_uri="https://hub.example/back",
        scope="a b",
        prompt="consent",
    )
    digest = hashlib.sha256(start.verifier.encode()).digest()
    assert {name: each for name, (each,) in parse_qs(urlsplit(start.url).query).items()} == {
        "a": "1",
        "client_id": "client-1",
        "response_type": "code",
        "redirect_uri": "https://hub.example/back",
        "scope": "a b",
        "state": start.state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        "prompt": "consent",
    }
    assert (len(start.state), len(start.verifier)) == (32, 64)


@pytest.mark.parametrize(
    ("stored", "grant"),
    [
        ({"access_token": "t", "expires_at": 7, "refresh_token": "r"}, Grant("t", 7, "r")),
        ({"access_token": "t", "expires_at": "7"}, Grant("t", 7)),
        ({"refresh_token": "r"}, Grant("", 0, "r")),
        ({"access_token": None, "expires_at": None, "refresh_token": ""}, Grant("", 0)),
    ],
)
def test_a_stored_grant_is_read_and_what_it_lacks_is_nothing(stored, grant):
    assert Grant.of(stored) == grant and Grant.of(grant.data()) == grant
