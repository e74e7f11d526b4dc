"""The HTTP seam: what is read, what is repeated, what is never sent twice, and what an error tells."""

import asyncio
import socket
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from kobling.records import (
    Misunderstood,
    NotReached,
    NotThere,
    RateLimited,
    Refused,
    SettingsError,
    SignInExpired,
    Unreachable,
)
from kobling.sdk.outcomes import sending
from kobling.sdk.status import ErrorTable, Rule, Words


def replies(*answers):
    """A vendor that gives these answers in order, the last one for ever, and counts what it was asked."""
    asked = []

    async def handler(request):
        asked.append((request.method, request.path_qs, await request.read(), dict(request.headers)))
        answer = answers[min(len(asked), len(answers)) - 1]
        return answer() if callable(answer) else web.Response(**answer)

    return handler, asked


class Drop(web.Response):
    """An answer that never comes: the connection is cut."""

    async def prepare(self, request):
        request.transport.abort()
        return await super().prepare(request)


async def test_numbers_are_exact_both_ways(serve, make_api):
    handler, asked = replies({"text": '{"amount": 0.1, "big": 12345678901234567.89}'})
    api = make_api(await serve(handler))
    data = await api.json("POST", "/x", json={"amount": Decimal("1250.50")})
    assert data == {"amount": Decimal("0.1"), "big": Decimal("12345678901234567.89")}
    assert asked[0][2] == b'{"amount":1250.50}'


async def test_query_and_form_travel_as_written(serve, make_api):
    handler, asked = replies({"text": "1"})
    api = make_api(await serve(handler))
    await api.json("GET", "/x", params={"q": "a='Åse & 1%' ;"})
    await api.json("POST", "/x", form={"element": '{"a":"é+ "}'})
    assert parse_qs(urlsplit(asked[0][1]).query, separator="&") == {"q": ["a='Åse & 1%' ;"]}
    assert asked[1][2] == b"element=%7B%22a%22%3A%22%C3%A9%2B+%22%7D"


async def test_a_reading_request_is_retried_on_a_vendors_fault(serve, make_api, clock):
    handler, asked = replies({"status": 503}, {"status": 500}, {"text": "[]"})
    api = make_api(await serve(handler))
    assert await api.json("GET", "/x") == []
    assert len(asked) == 3
    assert 0.5 < clock.slept < 4


async def test_a_writing_request_is_sent_once_and_its_fault_may_have_been_applied(serve, make_api):
    handler, asked = replies({"status": 502})
    api = make_api(await serve(handler))
    with sending() as sent, pytest.raises(Unreachable):
        await api.json("POST", "/x", json={})
    assert sent.touched
    assert len(asked) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_connection_cut_after_a_write_is_an_unknown_outcome_sent_once(serve, make_api, method):
    asked = []

    async def handler(request):
        await request.read()
        asked.append(request.method)
        return web.Response(text="{}") if request.method == "GET" else Drop()

    api = make_api(await serve(handler))
    await api.json("GET", "/warm-up")
    with sending() as sent, pytest.raises(Unreachable):
        await api.request(method, "/x", raw=b"{}")
    assert sent.touched
    assert asked == ["GET", method]


async def test_a_connection_cut_while_reading_applied_nothing(serve, make_api):
    async def handler(_request):
        return Drop()

    api = make_api(await serve(handler))
    with sending() as sent, pytest.raises(Unreachable):
        await api.json("GET", "/x")
    assert not sent.touched


async def test_nothing_listening_means_nothing_was_sent(make_api, clock):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    api = make_api(f"http://127.0.0.1:{port}")
    with sending() as sent, pytest.raises(NotReached):
        await api.json("POST", "/x", json={})
    assert not sent.touched
    assert clock.slept > 0


async def test_a_limit_is_waited_for_even_by_writes_since_nothing_was_applied(serve, make_api, clock):
    handler, asked = replies({"status": 429, "headers": {"Retry-After": "7"}}, {"text": "{}"})
    api = make_api(await serve(handler))
    await api.json("POST", "/x", json={})
    assert len(asked) == 2
    assert clock.slept >= 7


async def test_a_limit_that_lasts_too_long_is_left_to_the_schedule(serve, make_api, clock):
    handler, asked = replies({"status": 429, "headers": {"Retry-After": "3600"}})
    api = make_api(await serve(handler))
    with pytest.raises(RateLimited) as caught:
        await api.json("GET", "/x")
    assert len(asked) == 1
    assert (caught.value.retry_at - clock.now()).total_seconds() == 3600


async def test_an_endless_answer_is_stopped(serve, make_api):
    sent = 0

    async def handler(request):
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while sent < 50_000_000:
                await response.write(b"[" * 10_000)
                sent += 10_000
        except ConnectionResetError:
            pass
        return response

    api = make_api(await serve(handler))
    with pytest.raises(Misunderstood, match="does not end"):
        await api.json("GET", "/x")
    assert sent < 20_000_000


async def test_a_web_page_names_vendor_and_what_was_expected(serve, make_api):
    handler, _ = replies({"text": "<html>we are down s3cret-key</html>", "content_type": "text/html"})
    api = make_api(await serve(handler))
    with pytest.raises(Unreachable, match="Testvendor answered with a web page") as caught:
        await api.json("GET", "/x")
    assert "expected JSON" in caught.value.detail
    assert "s3cret-key" not in str(caught.value)


async def test_broken_json_is_misunderstood_when_reading_and_unknown_when_writing(serve, make_api):
    handler, asked = replies({"text": '{"a": [1, 2'})
    api = make_api(await serve(handler))
    with pytest.raises(Misunderstood, match="Testvendor"):
        await api.json("GET", "/x")
    with sending() as sent, pytest.raises(Unreachable):
        await api.json("POST", "/x", json={})
    assert sent.touched
    assert len(asked) == 2


async def test_a_redirect_is_followed_at_home_and_refused_abroad(serve, make_api):
    abroad, asked_abroad = replies({"text": "1"})
    elsewhere = await serve(abroad)

    async def handler(request):
        if request.path == "/home":
            raise web.HTTPFound("/there")
        if request.path == "/abroad":
            raise web.HTTPFound(f"{elsewhere}/x")
        return web.Response(text='"there"')

    api = make_api(await serve(handler))
    assert await api.json("GET", "/home") == "there"
    with pytest.raises(SettingsError, match="another address"):
        await api.json("GET", "/abroad")
    with pytest.raises(SettingsError, match="another address"):
        await api.json("POST", "/home", json={})
    assert asked_abroad == []


async def test_cookies_are_never_kept(serve, make_api):
    handler, asked = replies({"text": "1", "headers": {"Set-Cookie": "PHPSESSID=abc; path=/"}})
    api = make_api(await serve(handler))
    await api.json("GET", "/x")
    await api.json("GET", "/x")
    assert "Cookie" not in asked[1][3]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, SignInExpired),
        (403, SettingsError),
        (404, NotThere),
        (418, Refused),
        (429, RateLimited),
        (500, Unreachable),
        (599, Unreachable),
    ],
)
async def test_status_becomes_the_error_of_the_table(serve, make_api, status, kind):
    handler, _ = replies({"status": status, "text": "password=hunter22 s3cret-key"})
    api = make_api(await serve(handler))
    with pytest.raises(kind) as caught:
        await api.json("GET", "/x")
    assert type(caught.value) is kind
    assert "hunter22" not in str(caught.value)
    assert "s3cret-key" not in str(caught.value)


async def test_a_vendors_code_goes_before_its_status(serve, make_api):
    table = ErrorTable(
        codes={"58": Rule(NotThere, "gone: %(text)s")}, words=lambda _s, _b: Words("58", "said s3cret-key", "Name")
    )
    handler, _ = replies({"status": 400})
    api = make_api(await serve(handler), errors=table)
    with pytest.raises(NotThere) as caught:
        await api.json("GET", "/x")
    assert (caught.value.code, caught.value.field, caught.value.vendor_text) == ("58", "Name", "said •••")


async def test_no_more_requests_at_once_than_allowed(serve, make_api):
    at_once, most = 0, 0

    async def handler(_request):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return web.Response(text="1")

    api = make_api(await serve(handler), concurrency=2)
    await asyncio.gather(*[api.json("GET", "/x") for _ in range(8)])
    assert most == 2


async def test_a_multipart_form_can_be_sent_again(serve, make_api):
    handler, asked = replies({"status": 429, "headers": {"Retry-After": "1"}}, {"text": "{}"})
    api = make_api(await serve(handler))
    await api.json("POST", "/x", multipart={"note": "hej", "file": ("a.pdf", b"%PDF", "application/pdf")})
    assert all(b"%PDF" in each[2] and b"hej" in each[2] for each in asked)


async def test_a_slow_vendor_is_unreachable_and_the_write_may_be_applied(serve, clock):
    from kobling.sdk.budget import WindowBudget
    from kobling.sdk.http import Api, open_transport
    from kobling.sdk.redaction import Redactor

    async def handler(_request):
        await asyncio.sleep(5)
        return web.Response()

    url = await serve(handler)
    async with open_transport(clock, total=0.05) as transport:
        api = Api(
            transport,
            url,
            vendor="V",
            budget=WindowBudget(0, 1, clock),
            concurrency=1,
            errors=ErrorTable(),
            redact=Redactor(),
        )
        with sending() as sent, pytest.raises(Unreachable) as caught:
            await api.request("POST", "/x")
    assert (sent.touched, caught.value.code) == (True, "timeout")
