"""What was put on the wire decides how a write ended, whatever is raised on the way and wherever."""

from __future__ import annotations

import pytest
from aiohttp import web

from kobling.records import (
    KoblingError,
    Misunderstood,
    NotReached,
    NotThere,
    RateLimited,
    Refused,
    SettingsError,
    SignInExpired,
    Unreachable,
)
from kobling.sdk.outcomes import (
    Confirmed,
    Declined,
    NotSent,
    Sending,
    Unknown,
    account,
    aside,
    asked_account,
    current,
    ended,
    refusal,
    sending,
)
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


NO, GONE = Refused("no"), Unreachable("gone")
COURSES = {
    "nothing": ([], (0, 0, 0)),
    "left": ([Sending.leaves], (1, 0, 0)),
    "left twice": ([Sending.leaves, Sending.leaves], (2, 0, 0)),
    "left and stayed": ([Sending.leaves, Sending.leaves, Sending.stayed], (1, 0, 0)),
    "200": ([Sending.leaves, lambda s: s.answered(200)], (0, 1, 0)),
    "299": ([Sending.leaves, lambda s: s.answered(299)], (0, 1, 0)),
    "300": ([Sending.leaves, lambda s: s.answered(300)], (0, 0, 1)),
    "399": ([Sending.leaves, lambda s: s.answered(399)], (0, 0, 1)),
    "400, not judged yet": ([Sending.leaves, lambda s: s.answered(400)], (1, 0, 0)),
    "refused": ([Sending.leaves, lambda s: s.judged(NO)], (0, 0, 1)),
    "limit": ([Sending.leaves, lambda s: s.judged(RateLimited("429"))], (0, 0, 1)),
    "a fault": ([Sending.leaves, lambda s: s.judged(GONE)], (1, 0, 0)),
    "two applied": ([Sending.leaves, lambda s: s.answered(200)] * 2, (0, 2, 0)),
    "two denied": ([Sending.leaves, lambda s: s.answered(302)] * 2, (0, 0, 2)),
    "two refused": ([Sending.leaves, lambda s: s.judged(NO)] * 2, (0, 0, 2)),
    "the body says no": ([Sending.leaves, lambda s: s.answered(200), Sending.said_no], (0, 0, 1)),
    "the second body says no": ([*[Sending.leaves, lambda s: s.answered(200)] * 2, Sending.said_no], (0, 1, 1)),
    "a wanted answer says no": ([Sending.leaves, Sending.leaves, Sending.said_no], (1, 0, 1)),
    "a look's body says no": ([Sending.said_no], (0, 0, 1)),
    "the body says nothing": ([*[Sending.leaves, lambda s: s.answered(200)] * 2, Sending.said_nothing], (1, 1, 0)),
    "a look's body says nothing": ([Sending.said_nothing], (0, 0, 0)),
    "taken back": ([*[Sending.leaves, lambda s: s.answered(200)] * 2, Sending.leaves, Sending.taken_back], (1, 0, 0)),
}


@pytest.mark.parametrize("course", COURSES)
def test_what_was_put_on_the_wire_is_counted(course):
    made = Sending()
    steps, (opened, applied, denied) = COURSES[course]
    for step in steps:
        step(made)
    assert (made.open, made.applied, made.denied) == (opened, applied, denied)
    assert made.touched is bool(opened or applied)
    assert made.locked_out is False and made.made is None


NOTHING, LEFT, APPLIED, DENIED = "nothing", "left", "200", "refused"


@pytest.mark.parametrize(
    ("course", "error", "kind"),
    [
        (NOTHING, NO, Declined),
        (NOTHING, Misunderstood("?"), Declined),
        (NOTHING, SettingsError("403"), NotSent),
        (NOTHING, GONE, NotSent),
        (DENIED, NO, Declined),
        (DENIED, SettingsError("403"), Declined),
        (DENIED, RateLimited("429"), Declined),
        (LEFT, NO, Unknown),
        (LEFT, GONE, Unknown),
        (APPLIED, NO, Unknown),
        (APPLIED, SettingsError("403"), Unknown),
    ],
)
def test_the_wire_and_the_error_say_how_a_write_ended(course, error, kind):
    made = Sending()
    for step in COURSES[course][0]:
        step(made)
    assert ended("k", "x", error, made) == kind("k", "x", error)


@pytest.mark.parametrize("course", [NOTHING, LEFT, APPLIED, DENIED])
def test_what_is_complete_is_confirmed_whatever_broke_afterwards(course):
    made = Sending()
    for step in COURSES[course][0]:
        step(made)
    made.complete("7")
    assert ended("k", None, NO, made) == Confirmed("k", "7")


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Declined("k", None, NO), NO),
        (Declined("k", None, SettingsError("403")), None),
        (NotSent("k", None, NO), None),
        (Unknown("k", None, NO), None),
        (Confirmed("k", "7"), None),
    ],
)
def test_only_a_declined_record_was_refused(outcome, told):
    assert refusal(outcome) is told


def test_inside_and_aside_of_a_write_end_where_they_began():
    with sending() as outer:
        assert current() is outer
        with sending() as inner, aside():
            assert current() not in (outer, inner)
            current().leaves()
        assert current() is outer
        with aside():
            pass
        assert current() is outer
    assert current() is not outer and not outer.touched and not inner.touched


async def test_who_can_be_asked_about_the_account_ends_with_it():
    async def who_am_i():
        return None

    with account(who_am_i):
        assert asked_account() is who_am_i
    assert asked_account() is None


class Hiccup:
    """A sign-in that cannot be reached once, and goes well then."""

    def __init__(self):
        self.asked = 0

    async def headers(self):
        self.asked += 1
        if self.asked == 1:
            raise NotReached("no token just now")
        return {"Authorization": "Bearer x"}

    async def rejected(self, used):
        raise AssertionError


async def test_a_sign_in_that_went_well_in_the_end_does_not_make_one_records_refusal_everybodys(serve, make_api):
    vendor = Vendor(changing="404")
    outcome, raised = await sent(make_api(await serve(vendor), auth=Hiccup()))
    assert isinstance(outcome, Declined) and isinstance(outcome.error, NotThere)
    assert raised is None and vendor.made == 1
