"""Batches: what a refusal of the whole says, what an answer that cannot be read says, and what stops the others."""

from __future__ import annotations

import asyncio

import pytest

from kobling.records import Misunderstood, NotReached, RateLimited, Refused, SignInExpired, Unreachable
from kobling.sdk.outcomes import Confirmed, Declined, NotSent, Unknown, current
from kobling.sdk.writing import all_told
from tests.sdk.sending import BAD_SETTINGS, EXPIRED, LIMIT, REFUSED, WRITES, Patient, batched, confirmed, keys


async def test_a_refused_batch_is_sent_in_halves():
    asked = []

    async def some(writes):
        asked.append([int(each.key[1:]) for each in writes])
        if any(each.key == "k6" for each in writes):
            raise REFUSED
        return [confirmed(each) for each in writes]

    outcomes, raised = await batched(some)
    halves = [[*range(10)], [*range(5)], [*range(5, 10)], [5, 6, 7], [5, 6], [5], [6], [7], [8, 9]]
    assert (asked, raised) == (halves, None)
    assert keys(outcomes, Declined) == ["k6"] and len(outcomes) == 10


async def test_a_batch_of_one_that_is_refused_is_not_sent_again():
    asked = []

    async def some(writes):
        asked.append(len(writes))
        raise REFUSED

    assert await batched(some, WRITES[:1]) == ([Declined("k0", "x0", REFUSED)], None)
    assert asked == [1]


async def test_a_first_half_that_stops_everything_leaves_the_second_unsent():
    asked = []

    async def some(writes):
        asked.append(len(writes))
        raise Refused("too large") if len(writes) == 10 else NotReached("gone")

    outcomes, raised = await batched(some)
    assert asked == [10, 5] and isinstance(raised, NotReached)
    assert {type(each) for each in outcomes} == {NotSent} and len(outcomes) == 10


async def test_a_part_that_is_refused_says_nothing_of_the_others():
    asked = []

    async def some(writes):
        asked.append(len(writes))
        return [Declined(each.key, None, REFUSED) if each.key == "k0" else confirmed(each) for each in writes]

    outcomes, raised = await batched(some)
    assert (asked, raised, keys(outcomes, Declined)) == ([10], None, ["k0"])


async def test_beside_a_part_that_is_kept_back_the_others_are_told_at_once():
    asked = []

    async def some(writes):
        asked.append([each.key for each in writes])
        said = {"k0": REFUSED, "k1": LIMIT} if len(asked) == 1 else {}
        return [Declined(each.key, None, said[each.key]) if each.key in said else confirmed(each) for each in writes]

    outcomes, raised = await batched(some, WRITES[:3])
    assert asked == [["k0", "k1", "k2"], ["k1"]] and raised is None
    assert outcomes == [Declined("k0", None, REFUSED), confirmed(WRITES[2]), confirmed(WRITES[1])]


async def test_the_first_part_that_is_kept_back_says_what_is_waited_for():
    asked, pausing = [], Patient()

    async def some(writes):
        asked.append(len(writes))
        said = {"k0": LIMIT, "k1": EXPIRED} if len(asked) == 1 else {}
        return [Declined(each.key, None, said[each.key]) if each.key in said else confirmed(each) for each in writes]

    await batched(some, WRITES[:3], pausing)
    assert (asked, pausing.waited) == ([3, 2], [(LIMIT, 1)])


@pytest.mark.parametrize("error", [RateLimited("429"), SignInExpired("401")])
async def test_a_limit_of_the_whole_batch_was_waited_for_already(error):
    asked, pausing = [], Patient()

    async def some(writes):
        asked.append(len(writes))
        current().leaves()
        current().judged(error)
        raise error

    outcomes, raised = await batched(some, pausing=pausing, size=4)
    assert (asked, pausing.waited, raised) == ([4], [], error)
    assert len(keys(outcomes, Declined)) == 4 and len(keys(outcomes, NotSent)) == 6


@pytest.mark.parametrize("left", [False, True])
async def test_an_answer_of_an_unknown_shape_concerns_its_batch(left):
    asked = []

    async def some(writes):
        asked.append(len(writes))
        if len(asked) == 1:
            if left:
                current().leaves()
            raise KeyError("id")
        return [confirmed(each) for each in writes]

    outcomes, raised = await batched(some, size=5)
    assert (asked, raised) == ([5, 5], None)
    assert keys(outcomes, Unknown if left else Declined) == ["k0", "k1", "k2", "k3", "k4"]
    assert {each.error.code for each in outcomes if each.error} == {"shape"} and len(keys(outcomes, Confirmed)) == 5


async def test_of_two_batches_that_meet_a_bug_the_first_is_raised():
    async def some(writes):
        if writes[0].key == "k5":
            await asyncio.sleep(0)
            raise OverflowError
        raise ZeroDivisionError

    outcomes, raised = await batched(some, size=5, concurrency=2)
    assert isinstance(raised, ZeroDivisionError) and len(outcomes) == 10


async def test_a_part_without_an_answer_is_unknown_with_its_id():
    async def some(writes):
        return [confirmed(each) for each in writes[1:]]

    outcomes, raised = await batched(some)
    assert isinstance(outcomes[0], Unknown) and outcomes[0].external_id == "x0" and raised is None
    assert isinstance(outcomes[0].error, Misunderstood) and outcomes[0].error.code == "no_part"


async def test_parts_that_are_not_allowed_are_declined_and_the_next_batch_goes():
    async def some(writes):
        return [NotSent(each.key, None, BAD_SETTINGS) for each in writes]

    outcomes, raised = await batched(some, size=5)
    assert raised is None and len(keys(outcomes, Declined)) == 10


async def test_of_several_sendings_each_write_is_told_once_and_the_error_is_raised():
    outcomes = []
    with pytest.raises(Unreachable) as raised, all_told(WRITES[:3], outcomes.append) as tell:
        tell(confirmed(WRITES[1]))
        raise Unreachable("gone")
    assert outcomes == [confirmed(WRITES[1])] + [NotSent(f"k{n}", f"x{n}", raised.value) for n in (0, 2)]


async def test_of_several_sendings_a_bug_is_told_without_its_words():
    outcomes = []
    with pytest.raises(ZeroDivisionError), all_told(WRITES[:1], outcomes.append):
        raise ZeroDivisionError("secret")
    assert (outcomes[0].error.code, outcomes[0].error.detail) == ("fault", "ZeroDivisionError")


async def test_of_several_sendings_that_all_went_well_nothing_more_is_told():
    outcomes = []
    with all_told(WRITES, outcomes.append) as tell:
        tell(confirmed(WRITES[0]))
    assert outcomes == [confirmed(WRITES[0])]
