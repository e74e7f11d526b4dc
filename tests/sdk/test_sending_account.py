"""What one write is not allowed: the account is asked, once, whether everything else would fail as well."""

from __future__ import annotations

import asyncio

import pytest

from kobling.records import Misunderstood, SignInExpired, Unreachable
from kobling.sdk.outcomes import Declined, NotSent, account, current
from tests.sdk.sending import BAD_SETTINGS, LIMIT, REFUSED, WRITES, confirmed, keys, told


@pytest.mark.parametrize("error", [REFUSED, Misunderstood("?"), Unreachable("503")])
async def test_the_account_is_asked_only_about_what_is_not_allowed(error):
    asked = []

    async def who_am_i():
        asked.append(1)

    async def one(write):
        raise error

    with account(who_am_i):
        await told(one)
    assert asked == []


async def test_when_the_account_is_refused_what_it_said_is_raised_for_all_that_asked():
    locked, answer = SignInExpired("signed out"), asyncio.Event()

    async def who_am_i():
        await answer.wait()
        raise locked

    async def one(write):
        if write.key == "k2":
            answer.set()
        raise BAD_SETTINGS

    with account(who_am_i):
        outcomes, raised = await told(one, WRITES, concurrency=3)
    assert raised is locked and keys(outcomes, NotSent) == [each.key for each in WRITES]


async def test_once_everything_is_stopped_the_account_is_not_asked_any_more():
    asked, stopped = [], asyncio.Event()

    async def who_am_i():
        asked.append(1)

    async def one(write):
        if write.key == "k0":
            stopped.set()
            raise LIMIT
        await stopped.wait()
        raise BAD_SETTINGS

    with account(who_am_i):
        outcomes, raised = await told(one, WRITES, concurrency=2)
    assert (asked, raised) == ([], LIMIT) and keys(outcomes, NotSent) == [each.key for each in WRITES]


async def test_what_stopped_the_sending_while_the_account_was_asked_still_stops_it():
    answer = asyncio.Event()

    async def who_am_i():
        await answer.wait()

    async def one(write):
        if write.key == "k0":
            raise BAD_SETTINGS
        answer.set()
        if write.key == "k1":
            raise LIMIT
        return confirmed(write)

    with account(who_am_i):
        outcomes, raised = await told(one, WRITES, concurrency=2)
    assert raised is LIMIT
    assert outcomes[1] == Declined("k0", "x0", BAD_SETTINGS) and len(keys(outcomes, NotSent)) == 9


async def test_what_asking_the_account_sends_is_not_the_writes():
    async def who_am_i():
        current().leaves()

    async def one(write):
        raise BAD_SETTINGS

    with account(who_am_i):
        assert await told(one) == ([Declined("k0", "x0", BAD_SETTINGS)], None)
