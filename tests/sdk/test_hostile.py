"""Answers that no vendor should give: an error for that record or request, and the rest goes on."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from kobling.records import KoblingError, Misunderstood, RateLimited, SettingsError, from_json
from kobling.sdk.auth import OAuthClient
from kobling.sdk.outcomes import Confirmed, Declined, Unknown
from kobling.sdk.protocols import Operation, Write
from kobling.sdk.redaction import Redactor
from kobling.sdk.status import LONGEST_WAIT, http_date, retry_after_seconds
from kobling.sdk.writing import send_all

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def answering(status=200, body=b"{}", headers=None):
    async def vendor(request):
        await request.read()
        return web.Response(status=status, body=body, headers=headers or {})

    return vendor


@pytest.mark.parametrize(
    "value",
    [
        "²",
        "1e9",
        "-5",
        "9" * 400,
        "1.2.3",
        "nan",
        "inf",
        "\u0663",
        "Thu, 99 Foo",
        "Mon, 23 Nov 99999 08:00:00 GMT",
        ";",
        "1_000",
    ],
)
def test_a_retry_after_of_any_shape_is_a_bounded_pause_or_none(value):
    seconds = retry_after_seconds(value, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT


@given(st.text(max_size=40))
def test_no_text_as_a_date_or_pause_raises(text):
    http_date(text)
    seconds = retry_after_seconds(text, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_WAIT


@pytest.mark.parametrize("value", ["²", "9" * 400, "Mon, 23 Nov 99999 08:00:00 GMT", "soon"])
async def test_a_limit_with_a_strange_pause_is_still_a_limit(serve, make_api, value):
    header = {"Retry-After": value.encode().decode("latin-1")}
    api = make_api(await serve(answering(429, headers=header)))
    with pytest.raises(RateLimited):
        await api.json("GET", "/x")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"amount": 1e999999999}',
        b'{"amount": 1.0e-99999}',
        b'{"amount": ' + b"9" * 5_000 + b".5}",
        b'{"amount": ' + b"9" * 5_000 + b"}",
        b"\xff\xfe",
        b"",
        b"nul",
    ],
)
async def test_a_body_that_is_no_data_is_misunderstood_for_that_request(serve, make_api, body):
    api = make_api(await serve(answering(body=body)))
    with pytest.raises(Misunderstood):
        await api.json("GET", "/x")


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"error": ' * 10_000, b"[1]", b'"x"', b"null", b"\xff"])
@pytest.mark.parametrize("status", [400, 404, 500])
async def test_an_error_body_of_any_shape_is_the_error_of_its_status(serve, make_api, body, status):
    from kobling.sdk.odata.service import words
    from kobling.sdk.status import ErrorTable

    api = make_api(await serve(answering(status, body)), errors=ErrorTable(words=words))
    with pytest.raises(KoblingError) as caught:
        await api.json("GET", "/x")
    assert caught.value.kind in ("Refused", "NotThere", "Unreachable")


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://h:999999/", "", "//", "\\\\x", "http://\u2100", "javascript:1"]
)
async def test_a_bad_location_is_an_error_of_that_request(serve, make_api, location):
    api = make_api(await serve(answering(302, headers={"Location": location.encode("utf-8").decode("latin-1")})))
    with pytest.raises((Misunderstood, SettingsError)):
        await api.json("GET", "/x")


@pytest.mark.parametrize("life", ["soon", -1, 10**40, None, [], "3600"])
async def test_a_token_with_a_strange_life_is_good_for_the_usual_time(serve, transport, clock, life):
    async def vendor(_request):
        return web.json_response({"access_token": "t", "expires_in": life})

    url = await serve(vendor)
    client = OAuthClient(transport, url, vendor="V", client_id="c", client_secret="s-secret", redact=Redactor())
    grant = await client.client_credentials("x")
    assert grant.expires_at - clock.now().timestamp() == pytest.approx(3600, abs=1)


@pytest.mark.parametrize(
    "fault", [KeyError("id"), TypeError("x"), IndexError("x"), RecursionError("x"), ValueError("x")]
)
@pytest.mark.parametrize("applied", [True, False])
async def test_a_shape_that_nobody_foresaw_concerns_that_write_and_the_rest_goes_on(fault, applied):
    from kobling.sdk.outcomes import current

    async def one(write):
        if write.key == "k1":
            if applied:
                current().leaves()
                current().answered(200)
            raise fault
        return Confirmed(write.key, "id")

    outcomes = []
    writes = [Write(f"k{n}", Operation.CREATE) for n in range(3)]
    await send_all(writes, one, outcomes.append, concurrency=1)
    assert [type(each) for each in outcomes] == [Confirmed, Unknown if applied else Declined, Confirmed]


PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@given(st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3), max_leaves=8))
def test_ordinary_json_is_read(value):
    assert from_json(json.dumps(value)) == value
