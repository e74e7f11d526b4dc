"""How writes are sent: what is sent again and how often, what stops the others, and that each is told once."""

from __future__ import annotations

import asyncio

import pytest

from kobling.records import (
    Misunderstood,
    NotReached,
    RateLimited,
    SignInExpired,
    Temporary,
    Unreachable,
)
from kobling.sdk.outcomes import Confirmed, Declined, NotSent, Unknown, current
from kobling.sdk.writing import send_all
from tests.sdk.sending import BAD_SETTINGS, EXPIRED, LIMIT, REFUSED, WRITES, Patient, batched, confirmed, keys, told


@pytest.mark.parametrize("concurrency", [0, 1, 2, 99])
async def test_never_more_at_once_than_asked_for_and_at_least_one(concurrency):
    at_once, most = 0, 0

    async def one(write):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return confirmed(write)

    outcomes, raised = await told(one, WRITES, concurrency=concurrency)
    assert (most, len(outcomes), raised) == (max(1, min(concurrency, 10)), 10, None)


@pytest.mark.parametrize("error", [LIMIT, EXPIRED])
async def test_what_the_vendor_keeps_back_is_sent_four_times_with_a_wait_between(error):
    sent, pausing = [], Patient()

    async def one(write):
        sent.append(write.key)
        return Declined(write.key, write.external_id, error)

    outcomes, raised = await told(one, pausing=pausing)
    assert len(sent) == 4 and raised is error and outcomes == [Declined("k0", "x0", error)]
    assert pausing.waited == (["signed in"] * 3 if error is EXPIRED else [(LIMIT, 1), (LIMIT, 2), (LIMIT, 3)])


@pytest.mark.parametrize("error", [LIMIT, EXPIRED])
async def test_parts_that_the_vendor_keeps_back_are_sent_four_times_with_a_wait_between(error):
    asked, pausing = [], Patient()

    async def some(writes):
        asked.append([each.key for each in writes])
        return [Declined(each.key, None, error) if each.key == "k3" else confirmed(each) for each in writes]

    outcomes, raised = await batched(some, pausing=pausing)
    assert asked[1:] == [["k3"]] * 3 and raised is error
    assert keys(outcomes, Declined) == ["k3"] and len(outcomes) == 10
    assert pausing.waited == (["signed in"] * 3 if error is EXPIRED else [(LIMIT, 1), (LIMIT, 2), (LIMIT, 3)])


@pytest.mark.parametrize("error", [LIMIT, EXPIRED])
async def test_what_was_kept_back_once_is_confirmed_when_it_is_sent_again(error):
    sent = []

    async def one(write):
        sent.append(write.key)
        return confirmed(write) if len(sent) > 1 else Declined(write.key, None, error)

    assert await told(one, pausing=Patient()) == ([confirmed(WRITES[0])], None)


async def test_without_anybody_to_wait_nothing_is_sent_again():
    sent = []

    async def one(write):
        sent.append(write.key)
        return Declined(write.key, None, LIMIT)

    outcomes, raised = await told(one)
    assert (len(sent), len(outcomes), raised) == (1, 1, LIMIT)


@pytest.mark.parametrize(
    "outcome",
    [
        Declined("k0", None, REFUSED),
        Unknown("k0", None, LIMIT),
        Unknown("k0", None, EXPIRED),
        NotSent("k0", None, LIMIT),
    ],
)
async def test_only_what_the_vendor_certainly_kept_back_is_sent_again(outcome):
    sent, pausing = [], Patient()

    async def one(write):
        sent.append(write.key)
        return outcome

    async def some(writes):
        return [await one(each) for each in writes]

    assert (await told(one, pausing=pausing))[0] == [outcome]
    assert (await batched(some, WRITES[:1], pausing))[0] == [outcome]
    assert (sent, pausing.waited) == (["k0", "k0"], [])


async def test_a_sign_in_that_failed_on_the_way_is_not_tried_again_for_the_write():
    sent, pausing = [], Patient()

    async def one(write):
        sent.append(write.key)
        current().leaves()
        current().answered(302)
        current().locked_out = True
        raise EXPIRED

    outcomes, raised = await told(one, WRITES, pausing)
    assert (sent, pausing.waited, raised) == (["k0"], [], EXPIRED)
    assert keys(outcomes, Declined) == ["k0"] and keys(outcomes, NotSent) == [f"k{n}" for n in range(1, 10)]


async def test_a_wait_that_is_not_worth_it_ends_the_sending():
    sent, final = [], RateLimited("for an hour")

    async def one(write):
        sent.append(write.key)
        return Declined(write.key, None, LIMIT)

    outcomes, raised = await told(one, WRITES, Patient(final))
    assert (sent, raised) == (["k0"], final)
    assert outcomes[0] == Declined("k0", None, LIMIT) and {each.error for each in outcomes[1:]} == {final}


async def test_a_wait_that_is_not_worth_it_ends_the_batches():
    asked, final = [], SignInExpired("for good")

    async def some(writes):
        asked.append(len(writes))
        return [Declined(each.key, None, EXPIRED) if each.key == "k1" else confirmed(each) for each in writes]

    outcomes, raised = await batched(some, pausing=Patient(final), size=4)
    assert (asked, raised) == ([4], final)
    assert keys(outcomes, Confirmed) == ["k0", "k2", "k3"] and keys(outcomes, Declined) == ["k1"]
    assert keys(outcomes, NotSent) == [f"k{n}" for n in range(4, 10)]


async def test_what_stopped_the_sending_first_is_raised_whatever_comes_after():
    first, second = NotReached("nobody there"), RateLimited("for an hour")
    stopped = asyncio.Event()

    class Late(Patient):
        async def pause(self, error, attempt):
            await stopped.wait()
            raise second

    async def one(write):
        if write.key == "k0":
            return Declined(write.key, None, LIMIT)
        if write.key == "k1":
            raise first
        stopped.set()
        await asyncio.sleep(0)
        raise REFUSED if write.key == "k2" else ZeroDivisionError

    outcomes, raised = await told(one, WRITES, Late(), concurrency=4)
    assert raised is first
    assert keys(outcomes, Declined) == ["k0", "k2", "k3"] and len(outcomes) == 10
    assert {each.error for each in outcomes if each.key in ("k1", "k4", "k9")} == {first}


async def test_a_bug_tells_each_write_nothing_but_its_name():
    async def one(write):
        raise ZeroDivisionError("secret")

    async def some(writes):
        raise ZeroDivisionError("secret")

    for outcomes, raised in (await told(one, WRITES), await batched(some, size=4)):
        assert isinstance(raised, ZeroDivisionError) and len(outcomes) == 10
        assert {(type(each.error), each.error.code, each.error.detail) for each in outcomes} == {
            (Misunderstood, "fault", "ZeroDivisionError")
        }


async def test_of_two_bugs_the_first_is_raised():
    async def one(write):
        if write.key == "k1":
            await asyncio.sleep(0)
            raise AssertionError
        raise ZeroDivisionError

    outcomes, raised = await told(one, WRITES, concurrency=2)
    assert isinstance(raised, ZeroDivisionError) and len(outcomes) == 10


async def test_a_report_that_breaks_is_raised_once_everything_else_was_told():
    outcomes, begun = [], asyncio.Event()

    def report(outcome):
        if outcome.key == "k0":
            raise ZeroDivisionError
        outcomes.append(outcome)

    async def one(write):
        if write.key == "k1":
            current().leaves()
            begun.set()
            await asyncio.Event().wait()
        await begun.wait()
        return confirmed(write)

    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(5):
            await send_all(WRITES, one, report, concurrency=2)
    assert keys(outcomes, Unknown) == ["k1"] and keys(outcomes, NotSent) == [f"k{n}" for n in range(2, 10)]


async def test_a_report_that_breaks_twice_still_lets_the_others_be_told():
    outcomes, begun = [], asyncio.Event()

    def report(outcome):
        if outcome.key in ("k0", "k1"):
            raise ZeroDivisionError(outcome.key)
        outcomes.append(outcome)

    async def one(write):
        if write.key == "k1":
            begun.set()
            await asyncio.Event().wait()
        await begun.wait()
        return confirmed(write)

    with pytest.raises(ZeroDivisionError, match="k0"):
        async with asyncio.timeout(5):
            await send_all(WRITES, one, report, concurrency=2)
    assert keys(outcomes, NotSent) == [f"k{n}" for n in range(2, 10)]


async def test_cancelled_after_something_else_stopped_it_that_is_told():
    stopped = asyncio.Event()

    async def one(write):
        if write.key == "k0":
            stopped.set()
            raise EXPIRED
        await asyncio.Event().wait()

    outcomes = []
    task = asyncio.ensure_future(send_all(WRITES, one, outcomes.append, concurrency=2))
    await stopped.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(SignInExpired):
        await task
    assert len(outcomes) == 10


async def test_a_write_that_was_cancelled_before_it_left_can_be_sent_again():
    begun = asyncio.Event()

    async def one(write):
        begun.set()
        await asyncio.Event().wait()

    outcomes = []
    task = asyncio.ensure_future(send_all(WRITES[:2], one, outcomes.append, concurrency=1))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert keys(outcomes, NotSent) == ["k0", "k1"] and {type(each.error) for each in outcomes} == {Temporary}


@pytest.mark.parametrize("error", [NotReached("u"), LIMIT, Unreachable("dropped"), EXPIRED])
async def test_a_write_of_unknown_outcome_stops_nobody(error):
    async def one(write):
        current().leaves()
        raise error

    outcomes, raised = await told(one, WRITES)
    assert raised is None and keys(outcomes, Unknown) == [each.key for each in WRITES]


@pytest.mark.parametrize(
    ("course", "stops"), [("nncnncnncn", False), ("ncncncncnc", False), ("cnnnc", True), ("nndnnd", False)]
)
async def test_only_failures_in_a_row_say_that_the_vendor_is_gone(course, stops):
    async def one(write):
        does = course[WRITES.index(write)]
        if does == "c":
            return confirmed(write)
        raise Unreachable("503") if does == "n" else REFUSED

    outcomes, raised = await told(one, WRITES[: len(course)])
    assert isinstance(raised, Unreachable) is stops and len(outcomes) == len(course)


async def test_settings_that_are_wrong_for_one_record_decline_that_record():
    async def one(write):
        if write.key == "k4":
            raise BAD_SETTINGS
        return confirmed(write)

    outcomes, raised = await told(one, WRITES)
    assert raised is None and outcomes[4] == Declined("k4", "x4", BAD_SETTINGS)


async def test_what_never_left_for_want_of_a_sign_in_is_not_sent():
    async def one(write):
        raise EXPIRED

    outcomes, raised = await told(one, WRITES)
    assert raised is EXPIRED and {type(each) for each in outcomes} == {NotSent}


async def test_settings_that_fail_the_sign_in_concern_everything():
    async def one(write):
        current().locked_out = True
        raise BAD_SETTINGS

    async def some(writes):
        return await one(writes[0])

    for outcomes, raised in (await told(one, WRITES), await batched(some, size=4)):
        assert raised is BAD_SETTINGS and keys(outcomes, NotSent) == [each.key for each in WRITES]


async def test_a_sign_in_that_failed_in_one_batch_says_nothing_of_the_next():
    asked = []

    async def some(writes):
        asked.append(len(writes))
        if len(asked) == 1:
            current().leaves()
            current().locked_out = True
            raise Unreachable("no token")
        return [Declined(each.key, None, REFUSED) for each in writes]

    outcomes, raised = await batched(some, size=5)
    assert raised is None
    assert keys(outcomes, Unknown) == ["k0", "k1", "k2", "k3", "k4"] and len(keys(outcomes, Declined)) == 5
