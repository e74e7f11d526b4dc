"""The HTTP seam: how often and how patiently something is repeated, what is followed, and what it notes of a write."""

from __future__ import annotations

import pytest
from aiohttp import web

from kobling.records import Misunderstood, RateLimited, Refused, SettingsError, SignInExpired, Unreachable
from kobling.sdk.clock import FakeClock
from kobling.sdk.http import Retry
from kobling.sdk.outcomes import sending


def replies(*answers):
    """A vendor that gives these answers in order, the last one for ever, and keeps what it was asked."""
    asked = []

    async def handler(request):
        asked.append((request.method, request.path, await request.read(), dict(request.headers)))
        return web.Response(**answers[min(len(asked), len(answers)) - 1])

    return handler, asked


class Watched(FakeClock):
    """A clock that keeps how long each sleep was."""

    def __init__(self):
        super().__init__()
        self.sleeps = []

    async def sleep(self, seconds):
        self.sleeps.append(seconds)
        await super().sleep(seconds)


@pytest.fixture
def clock():
    return Watched()


class Counting:
    """An allowance without an end that notes what is asked of it."""

    def __init__(self):
        self.taken, self.told = 0, []

    async def take(self, cost=1):
        self.taken += cost

    async def exhausted(self, retry_after):
        self.told.append(retry_after)


class Signing:
    """A sign-in that gives a newer token each time one is rejected."""

    def __init__(self):
        self.rejections = []

    async def headers(self):
        return {"Authorization": f"Bearer {len(self.rejections)}"}

    async def rejected(self, used):
        self.rejections.append(used)


@pytest.mark.parametrize(("status", "kind"), [(503, Unreachable), (429, RateLimited)])
async def test_what_fails_for_ever_is_asked_four_times(serve, make_api, status, kind):
    handler, asked = replies({"status": status, "headers": {"Retry-After": "1"}})
    budget = Counting()
    with pytest.raises(kind):
        await make_api(await serve(handler), budget=budget).request("GET", "/x")
    assert (len(asked), budget.taken) == (4, 4)
    assert budget.told == ([1.0] * 4 if status == 429 else [])


async def test_pauses_double_and_differ_between_connections(serve, make_api, clock):
    handler, _ = replies({"status": 503})
    url = await serve(handler)
    shares = set()
    for seed in "abcdefghijklmnop":
        clock.sleeps.clear()
        with pytest.raises(Unreachable) as caught:
            await make_api(url, seed=seed, retry=Retry(attempts=5, base=2.0)).request("GET", "/x")
        shares.update(slept / 2.0 ** (1 + at) for at, slept in enumerate(clock.sleeps))
        assert len(clock.sleeps) == 4 and caught.value.retry_at > clock.now()
    assert min(shares) >= 0.5 and max(shares) <= 1.5 and len(shares) == 64


@pytest.mark.parametrize(("named", "slept"), [("5", [5.0]), ("120", [120.0]), ("0", [0.0])])
@pytest.mark.parametrize("status", [503, 429])
async def test_a_pause_that_the_vendor_names_is_kept_to_the_second(serve, make_api, clock, status, named, slept):
    handler, asked = replies({"status": status, "headers": {"Retry-After": named}}, {"text": "1"})
    await make_api(await serve(handler), budget=Counting()).request("GET", "/x")
    assert (len(asked), clock.sleeps) == (2, slept)


@pytest.mark.parametrize("status", [503, 429])
async def test_a_pause_longer_than_anybody_waits_is_told_with_its_end(serve, make_api, clock, status):
    handler, asked = replies({"status": status, "headers": {"Retry-After": "121"}})
    with pytest.raises((Unreachable, RateLimited)) as caught:
        await make_api(await serve(handler), budget=Counting()).request("GET", "/x")
    assert (len(asked), clock.sleeps) == (1, [])
    assert (caught.value.retry_at - clock.now()).total_seconds() == 121


async def test_a_limit_without_a_time_pauses_as_the_connector_says(serve, make_api, clock):
    handler, _ = replies({"status": 429}, {"text": "1"})
    budget = Counting()
    await make_api(await serve(handler), budget=budget, rate_pause=33.0).request("POST", "/x")
    assert (clock.sleeps, budget.told) == ([33.0], [None])


async def test_a_limit_without_a_time_that_is_not_waited_for_is_told_with_its_end(serve, make_api, clock):
    handler, _ = replies({"status": 429})
    with pytest.raises(RateLimited) as caught:
        await make_api(await serve(handler), budget=Counting(), rate_pause=300.0).request("POST", "/x")
    assert (caught.value.retry_at - clock.now()).total_seconds() == 300


@pytest.mark.parametrize("safe", [True, False, None])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
async def test_what_changes_nothing_is_repeated_whatever_its_method(serve, make_api, method, safe):
    handler, asked = replies({"status": 503}, {})
    api = make_api(await serve(handler))
    changes = method not in ("GET", "HEAD", "OPTIONS") if safe is None else not safe
    with sending() as sent:
        if changes:
            with pytest.raises(Unreachable):
                await api.request(method, "/x", safe=safe)
        else:
            await api.request(method, "/x", safe=safe)
    assert len(asked) == (1 if changes else 2) and sent.touched is changes


@pytest.mark.parametrize("safe", [True, False, None])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("text", ["{", " <html>"])
async def test_no_json_leaves_open_what_a_change_did_and_says_nothing_of_a_look(serve, make_api, method, safe, text):
    handler, _ = replies({"text": text})
    api = make_api(await serve(handler))
    changes = method == "POST" if safe is None else not safe
    with sending() as sent, pytest.raises((Unreachable, Misunderstood)) as caught:
        await api.json(method, "/x", safe=safe)
    assert isinstance(caught.value, Unreachable if changes or "<" in text else Misunderstood)
    assert (sent.open, sent.applied, sent.denied) == (int(changes), 0, 0)


async def test_of_what_is_no_json_two_hundred_bytes_are_told(serve, make_api):
    handler, _ = replies({"text": "y" * 1000})
    api = make_api(await serve(handler))
    with pytest.raises(Misunderstood) as caught:
        await api.json("GET", "/x")
    assert caught.value.detail == "GET /x: expected JSON, got 1000 bytes: " + "y" * 200
    with pytest.raises(Misunderstood) as caught:
        await api.json("GET", "/" + "x" * 1000)
    assert len(caught.value.detail) == 301


@pytest.mark.parametrize(
    ("status", "noted"),
    [(200, (0, 1, 0)), (304, (0, 0, 1)), (300, (0, 0, 1)), (400, (0, 0, 1)), (404, (0, 0, 1)), (500, (1, 0, 0))],
)
async def test_a_change_is_noted_once_by_what_its_status_says(serve, make_api, status, noted):
    handler, _ = replies({"status": status})
    with sending() as sent:
        try:
            await make_api(await serve(handler)).request("POST", "/x")
        except (Misunderstood, Refused, Unreachable):
            assert status != 200
    assert (sent.open, sent.applied, sent.denied) == noted


@pytest.mark.parametrize("status", [200, 404])
async def test_a_look_is_noted_nowhere(serve, make_api, status):
    handler, _ = replies({"status": status})
    with sending() as sent:
        try:
            await make_api(await serve(handler)).request("GET", "/x")
        except Refused:
            assert status == 404
    assert (sent.open, sent.applied, sent.denied) == (0, 0, 0)


async def test_a_change_to_an_address_that_is_none_never_left(make_api):
    with sending() as sent, pytest.raises(SettingsError):
        await make_api("http://[bad").request("POST", "/x")
    assert not sent.touched


@pytest.mark.parametrize("status", [400, 207, 300])
async def test_an_answer_that_is_wanted_is_taken_whatever_its_status(serve, make_api, status):
    handler, asked = replies({"status": status, "text": "parts"})
    api = make_api(await serve(handler))
    answer = await api.request("POST", "/x", wanted=lambda each: each.body == b"parts")
    assert (answer.status, len(asked)) == (status, 1)


@pytest.mark.parametrize(("status", "fails"), [(200, False), (300, True), (400, True)])
async def test_an_answer_that_is_not_wanted_goes_by_its_status(serve, make_api, status, fails):
    handler, _ = replies({"status": status})
    api = make_api(await serve(handler))
    for wanted in (None, lambda _: False):
        if fails:
            with pytest.raises((Refused, Misunderstood)):
                await api.request("POST", "/x", wanted=wanted)
        else:
            assert (await api.request("POST", "/x", wanted=wanted)).status == status


@pytest.mark.parametrize(("status", "rejections"), [(401, 1), (402, 0), (403, 0), (404, 0)])
async def test_only_a_401_asks_for_a_newer_sign_in_and_once(serve, make_api, status, rejections):
    handler, asked = replies({"status": status})
    auth = Signing()
    with pytest.raises((SignInExpired, SettingsError, Refused)):
        await make_api(await serve(handler), auth=auth).request("GET", "/x")
    assert (len(auth.rejections), len(asked)) == (rejections, rejections + 1)
    assert [each[3]["Authorization"] for each in asked] == ["Bearer 0", "Bearer 1"][: len(asked)]


async def test_without_a_sign_in_a_401_is_told_at_once(serve, make_api):
    handler, asked = replies({"status": 401})
    with pytest.raises(SignInExpired):
        await make_api(await serve(handler)).request("GET", "/x")
    assert len(asked) == 1 and "Authorization" not in asked[0][3]


class Broken(Signing):
    async def rejected(self, used):
        raise SignInExpired("revoked")


async def test_a_sign_in_that_cannot_be_renewed_is_noted_with_the_write(serve, make_api):
    handler, _ = replies({"status": 401})
    with sending() as sent, pytest.raises(SignInExpired, match="revoked"):
        await make_api(await serve(handler), auth=Broken()).request("POST", "/x")
    assert sent.locked_out and not sent.touched


class Unsigned(Signing):
    async def headers(self):
        raise SettingsError("the wrong client")


async def test_a_sign_in_that_fails_is_noted_with_the_write(make_api):
    with sending() as sent, pytest.raises(SettingsError, match="the wrong client"):
        await make_api("http://127.0.0.1:9", auth=Unsigned()).request("POST", "/x")
    assert sent.locked_out and not sent.touched


async def test_a_part_refused_for_its_sign_in_gets_a_newer_one(make_api):
    auth = Signing()
    await make_api("http://127.0.0.1:9", auth=auth).sign_in_again()
    await make_api("http://127.0.0.1:9").sign_in_again()
    assert auth.rejections == [{"Authorization": "Bearer 0"}]


async def test_a_part_that_was_kept_back_is_waited_for_as_reading_is(make_api, clock):
    api = make_api("http://127.0.0.1:9", rate_pause=7.0)
    await api.pause(RateLimited("429"), 1)
    await api.pause(Unreachable("503"), 1)
    assert clock.sleeps[0] == 7.0 and len(clock.sleeps) == 2
    with pytest.raises(RateLimited):
        await api.pause(RateLimited("429"), 4)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("times", [1, 3, 4])
async def test_three_redirects_at_home_are_followed(serve, make_api, status, times):
    handler, asked = replies(*[{"status": status, "headers": {"Location": "/on"}}] * times, {"text": "1"})
    api = make_api(await serve(handler), auth=Signing())
    if times > 3:
        with pytest.raises(Misunderstood, match="in a circle"):
            await api.request("GET", "/x")
    else:
        assert (await api.request("GET", "/x")).body == b"1"
    assert [each[1] for each in asked] == ["/x"] + ["/on"] * min(times, 3)
    assert {each[3]["Authorization"] for each in asked} == {"Bearer 0"}


@pytest.mark.parametrize("status", [300, 304, 305, 306, 309])
async def test_other_statuses_below_400_are_not_followed(serve, make_api, status):
    handler, asked = replies({"status": status, "headers": {"Location": "/on"}})
    with pytest.raises(Misunderstood):
        await make_api(await serve(handler)).request("GET", "/x")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("location", "host"), [("http://other.example/x", "other.example"), ("mailto:a@b.example", "")]
)
async def test_a_redirect_abroad_names_the_other_host(serve, make_api, location, host):
    handler, asked = replies({"status": 302, "headers": {"Location": location}})
    with pytest.raises(SettingsError) as caught:
        await make_api(await serve(handler)).request("GET", "/x")
    assert (caught.value.code, caught.value.params["host"], len(asked)) == ("redirect", host, 1)


async def test_a_redirect_to_what_is_no_address_is_misunderstood(serve, make_api):
    handler, _ = replies({"status": 302, "headers": {"Location": "http://[/"}})
    with pytest.raises(Misunderstood) as caught:
        await make_api(await serve(handler)).request("GET", "/x")
    assert caught.value.code == "redirect"


async def test_a_change_that_is_sent_on_was_not_carried_out(serve, make_api):
    handler, asked = replies({"status": 307, "headers": {"Location": "/on"}})
    with sending() as sent, pytest.raises(SettingsError):
        await make_api(await serve(handler)).request("POST", "/x", json={})
    assert (sent.open, sent.applied, sent.denied, len(asked)) == (0, 0, 1, 1)


@pytest.mark.parametrize(
    ("options", "body", "kind"),
    [
        ({"form": {"a": "1 2"}}, b"a=1+2", "application/x-www-form-urlencoded"),
        ({"form": {}}, b"", "application/x-www-form-urlencoded"),
        ({"json": {"a": 1}}, b'{"a":1}', "application/json"),
        ({"json": []}, b"[]", "application/json"),
        ({"raw": b"raw", "headers": {"Content-Type": "text/x"}}, b"raw", "text/x"),
        ({"raw": b"raw"}, b"raw", "application/octet-stream"),
    ],
)
async def test_a_body_travels_with_its_kind(serve, make_api, options, body, kind):
    handler, asked = replies({})
    await make_api(await serve(handler)).request("POST", "/x", **options)
    assert (asked[0][2], asked[0][3]["Content-Type"]) == (body, kind)


async def test_the_parts_of_a_form_keep_their_names_and_kinds(serve, make_api):
    parts = []

    async def handler(request):
        async for part in await request.multipart():
            parts.append((part.name, part.filename, part.headers.get("Content-Type"), await part.read()))
        return web.Response()

    form = {"note": "hej", "file": ("a.pdf", b"%PDF", "application/pdf")}
    await make_api(await serve(handler)).request("POST", "/x", multipart=form)
    assert parts[0][0] == "note" and parts[0][1] is None and parts[0][3] == b"hej"
    assert parts[1] == ("file", "a.pdf", "application/pdf", b"%PDF")


async def test_parameters_stand_behind_the_path_only_where_there_are_any(serve, make_api):
    asked = []

    async def handler(request):
        asked.append(request.path_qs)
        return web.Response()

    api = make_api(await serve(handler))
    for params in (None, {}, {"a": "1 2"}):
        await api.request("GET", "/x", params=params)
    assert asked == ["/x", "/x", "/x?a=1+2"]
