"""What was put on the wire decides how a write ended, whatever is raised on the way and wherever."""

from __future__ import annotations

import pytest
from aiohttp import web

from kobling.records import KoblingError, RateLimited, Refused, SignInExpired
from kobling.sdk.outcomes import Confirmed, Declined, NotSent, Unknown, aside, current
from kobling.sdk.protocols import Operation, Write
from kobling.sdk.writing import send_all

WRITE = Write("k", Operation.CREATE, {"a": 1})
FAULTS = ["503", "429", "401", "403", "404", "cut", "no json"]


class Vendor:
    """Counts changes. ``reading`` and ``changing`` are what it does then: a status, cut, or no json."""

    def __init__(self, changing="200", reading="200"):
        self.changing, self.reading = changing, reading
        self.made = 0

    async def __call__(self, request):
        await request.read()
        does = self.reading if request.method == "GET" else self.changing
        if request.method != "GET":
            self.made += 1
        if does == "cut":
            request.transport.close()
            return web.Response()
        if does == "no json":
            return web.Response(text="{")
        return web.json_response({"id": "7"}, status=int(does))


async def sent(api, *, before=False, complete=True, between=None):
    """One create with a reading before or after it; gives (outcome, what was raised)."""
    outcomes = []

    async def one(write):
        if before:
            await api.json("GET", "/x")
        made = await api.json("POST", "/x", json=dict(write.fields))
        if between is not None:
            await between()
        if complete:
            current().complete(str(made["id"]))
        await api.json("GET", "/x")
        return Confirmed(write.key, str(made["id"]), None)

    raised = None
    try:
        await send_all([WRITE], one, outcomes.append, concurrency=1)
    except KoblingError as error:
        raised = error
    (outcome,) = outcomes
    return outcome, raised


@pytest.mark.parametrize("reading", FAULTS)
async def test_an_applied_write_whose_reading_back_fails_is_confirmed_and_sent_once(serve, make_api, reading):
    vendor = Vendor(reading=reading)
    outcome, raised = await sent(make_api(await serve(vendor)))
    assert isinstance(outcome, Confirmed) and outcome.external_id == "7" and outcome.record is None
    assert vendor.made == 1 and raised is None


@pytest.mark.parametrize("reading", FAULTS)
async def test_a_write_of_several_steps_that_stops_after_the_first_is_unknown(serve, make_api, reading):
    vendor = Vendor(reading=reading)
    outcome, raised = await sent(make_api(await serve(vendor)), complete=False)
    assert isinstance(outcome, Unknown)
    assert vendor.made == 1 and raised is None


@pytest.mark.parametrize("changing", ["500", "502", "503", "408", "cut", "no json"])
async def test_a_change_without_a_clear_answer_is_unknown_and_sent_once(serve, make_api, changing):
    vendor = Vendor(changing=changing)
    outcome, _ = await sent(make_api(await serve(vendor)))
    assert isinstance(outcome, Unknown)
    assert vendor.made == 1


@pytest.mark.parametrize("changing", ["400", "404", "409", "412", "413", "422", "501", "405"])
async def test_a_change_that_the_vendor_says_no_to_is_declined(serve, make_api, changing):
    outcome, raised = await sent(make_api(await serve(Vendor(changing=changing))))
    assert isinstance(outcome, Declined) and raised is None


async def test_a_limit_that_lasts_is_declined_and_stops_the_rest(serve, make_api):
    outcome, raised = await sent(make_api(await serve(Vendor(changing="429"))))
    assert isinstance(outcome, Declined) and isinstance(raised, RateLimited)


@pytest.mark.parametrize("reading", ["503", "cut"])
async def test_a_look_before_the_change_that_fails_means_that_nothing_was_sent(serve, make_api, reading):
    vendor = Vendor(reading=reading)
    outcome, _ = await sent(make_api(await serve(vendor)), before=True)
    assert isinstance(outcome, NotSent) and vendor.made == 0


async def test_an_unreadable_look_before_the_change_concerns_that_record(serve, make_api):
    vendor = Vendor(reading="no json")
    outcome, raised = await sent(make_api(await serve(vendor)), before=True)
    assert isinstance(outcome, Declined) and raised is None and vendor.made == 0


async def test_nobody_listening_means_that_nothing_was_sent(make_api):
    outcome, raised = await sent(make_api("http://127.0.0.1:9"))
    assert isinstance(outcome, NotSent) and raised is not None


class FailingAuth:
    """A sign-in that works once, or never."""

    def __init__(self, at_first=True):
        self.good = at_first

    async def headers(self):
        if not self.good:
            raise SignInExpired("revoked")
        return {"Authorization": "Bearer x"}

    async def rejected(self, used):
        self.good = False
        raise SignInExpired("revoked")


async def test_a_sign_in_that_fails_concerns_the_connection_and_nothing_was_sent(serve, make_api):
    vendor = Vendor()
    outcome, raised = await sent(make_api(await serve(vendor), auth=FailingAuth(at_first=False)))
    assert isinstance(outcome, NotSent) and isinstance(raised, SignInExpired) and vendor.made == 0


async def test_a_sign_in_that_fails_while_reading_back_leaves_the_write_confirmed(serve, make_api):
    vendor = Vendor(reading="401")
    outcome, _ = await sent(make_api(await serve(vendor), auth=FailingAuth()))
    assert isinstance(outcome, Confirmed) and vendor.made == 1


async def test_what_was_taken_back_was_not_carried_out(serve, make_api):
    async def undone():
        current().taken_back()
        raise Refused("the second step was refused, and the first undone")

    outcome, _ = await sent(make_api(await serve(Vendor())), between=undone)
    assert isinstance(outcome, Declined)


async def test_a_body_that_says_no_outweighs_its_status(serve, make_api):
    async def no():
        current().said_no()
        raise Refused("success: false")

    outcome, _ = await sent(make_api(await serve(Vendor())), between=no)
    assert isinstance(outcome, Declined)


async def test_requests_aside_belong_to_no_write(serve, make_api):
    vendor = Vendor()
    api = make_api(await serve(vendor))

    async def one(write):
        with aside():
            await api.json("POST", "/sign-in", json={})
        raise Refused("no")

    outcomes = []
    await send_all([WRITE], one, outcomes.append, concurrency=1)
    assert isinstance(outcomes[0], Declined) and vendor.made == 1
