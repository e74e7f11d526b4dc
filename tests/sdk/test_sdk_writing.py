"""Sending writes, reading pages, giving advice, finding connectors."""

import asyncio

import pytest

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
    Unsafe,
)
from kobling.sdk import errors
from kobling.sdk.advice import advice
from kobling.sdk.clock import FakeClock
from kobling.sdk.memory import MemoryResource
from kobling.sdk.outcomes import Confirmed, Declined, NotSent, Outcome, Unknown, account, current
from kobling.sdk.paging import all_ids, groups, pages
from kobling.sdk.probe import asked, clock_finding, limit_finding
from kobling.sdk.protocols import ConnectorType, Finding, Operation, Write
from kobling.sdk.redaction import Redactor
from kobling.sdk.registry import connector_types
from kobling.sdk.writing import all_told, send_all, send_batches

WRITES = [Write(f"k{n}", Operation.CREATE) for n in range(10)]


async def outcomes_of(write_one, concurrency=3):
    outcomes: list[Outcome] = []
    raised = None
    try:
        await send_all(WRITES, write_one, outcomes.append, concurrency=concurrency)
    except KoblingError as error:
        raised = error
    return outcomes, raised


async def test_each_write_is_sent_and_reported_once_within_the_concurrency():
    sent, at_once, most = [], 0, 0

    async def one(write):
        nonlocal at_once, most
        sent.append(write.key)
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        return Confirmed(write.key, "id")

    outcomes, raised = await outcomes_of(one)
    assert sorted(sent) == sorted(each.key for each in outcomes) == sorted(each.key for each in WRITES)
    assert (most, raised) == (3, None)


@pytest.mark.parametrize(
    "error", [Refused("no"), NotThere("gone"), Misunderstood("what?"), SettingsError("403"), Unsafe("?")]
)
async def test_one_bad_record_never_stops_the_others(error):
    async def one(write):
        if write.key == "k4":
            raise error
        return Confirmed(write.key, "id")

    outcomes, raised = await outcomes_of(one)
    assert raised is None
    (bad,) = [each for each in outcomes if each.error]
    assert isinstance(bad, Declined) and bad.error is error
    assert len(outcomes) == 10


@pytest.mark.parametrize("error", [SignInExpired("s"), RateLimited("r"), NotReached("u")])
async def test_a_systemic_error_stops_new_writes_and_each_has_an_outcome(error):
    sent = []

    async def one(write):
        sent.append(write.key)
        await asyncio.sleep(0)
        if write.key == "k3":
            raise error
        await asyncio.sleep(0)
        return Confirmed(write.key, "id")

    outcomes, raised = await outcomes_of(one)
    assert raised is error
    assert len(sent) < 10
    assert sorted(each.key for each in outcomes) == sorted(each.key for each in WRITES)
    assert {each.key for each in outcomes if isinstance(each, Confirmed)} == set(sent) - {"k3"}
    assert {type(each) for each in outcomes if each.key not in sent} == {NotSent}


async def test_what_cannot_be_begun_three_times_in_a_row_is_the_vendors_fault():
    tried = []

    async def one(write):
        tried.append(write.key)
        raise Unreachable("503")

    outcomes, raised = await outcomes_of(one, concurrency=1)
    assert isinstance(raised, Unreachable)
    assert len(tried) == 3 and {type(each) for each in outcomes} == {NotSent} and len(outcomes) == 10


async def test_one_that_cannot_be_begun_is_told_and_the_others_go_on():
    async def one(write):
        if write.key == "k4":
            raise Unreachable("503")
        return Confirmed(write.key, "id")

    outcomes, raised = await outcomes_of(one)
    assert raised is None
    assert [each.key for each in outcomes if isinstance(each, NotSent)] == ["k4"] and len(outcomes) == 10


@pytest.mark.parametrize("welcome", [True, False])
async def test_a_write_that_is_not_allowed_is_its_own_unless_the_account_is_refused_too(welcome):
    asked = []

    async def who_am_i():
        asked.append(1)
        if not welcome:
            raise SignInExpired("signed out")

    async def one(write):
        if write.key in ("k2", "k5"):
            raise SignInExpired("401")
        return Confirmed(write.key, "id")

    with account(who_am_i):
        outcomes, raised = await outcomes_of(one, concurrency=1)
    assert len(asked) == 1, "the account is asked once, not for each record"
    assert len(outcomes) == 10
    if welcome:
        assert raised is None
        assert sorted(each.key for each in outcomes if isinstance(each, Declined)) == ["k2", "k5"]
    else:
        assert isinstance(raised, SignInExpired)
        assert sum(isinstance(each, Confirmed) for each in outcomes) == 2


async def test_a_bug_is_raised_after_each_write_was_reported():
    async def one(write):
        if write.key == "k0":
            raise ZeroDivisionError
        await asyncio.sleep(0)
        return Confirmed(write.key, "id")

    outcomes: list[Outcome] = []
    with pytest.raises(ZeroDivisionError):
        await send_all(WRITES, one, outcomes.append, concurrency=3)
    assert len(outcomes) == 10
    assert {each.key for each in outcomes if isinstance(each, Confirmed)} == {"k1", "k2"}


async def test_a_cancelled_sending_leaves_an_outcome_for_each_write():
    begun = asyncio.Event()

    async def one(write):
        if write.key == "k2":
            current().leaves()
            begun.set()
            await asyncio.Event().wait()
        return Confirmed(write.key, "id")

    outcomes: list[Outcome] = []
    task = asyncio.ensure_future(send_all(WRITES, one, outcomes.append, concurrency=1))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    kinds = {each.key: type(each) for each in outcomes}
    assert kinds == {"k0": Confirmed, "k1": Confirmed, "k2": Unknown} | {f"k{n}": NotSent for n in range(3, 10)}


class Patient:
    """Waits for limits without waiting."""

    def __init__(self):
        self.paused, self.signed_in = 0, 0

    async def pause(self, error, attempt):
        self.paused += 1

    async def sign_in_again(self):
        self.signed_in += 1


async def batched(write_some, size=10):
    outcomes: list[Outcome] = []
    pausing, raised = Patient(), None
    try:
        await send_batches(WRITES, write_some, outcomes.append, size=size, concurrency=2, pausing=pausing)
    except KoblingError as error:
        raised = error
    return sorted(outcomes, key=lambda each: each.key), raised, pausing


async def test_a_batch_refused_as_a_whole_is_sent_in_halves_down_to_the_bad_one():
    async def some(writes):
        if any(each.key == "k6" for each in writes):
            raise Refused("too large")
        return [Confirmed(each.key, "id") for each in writes]

    outcomes, raised, _ = await batched(some)
    assert raised is None
    assert [each.key for each in outcomes if isinstance(each, Declined)] == ["k6"]
    assert sum(isinstance(each, Confirmed) for each in outcomes) == 9


@pytest.mark.parametrize("error", [RateLimited("429"), SignInExpired("401")])
async def test_parts_that_were_kept_back_are_sent_again_and_only_these(error):
    asked = []

    async def some(writes):
        asked.append([each.key for each in writes])
        late = {"k1", "k8"} if len(asked) == 1 else set()
        return [Declined(each.key, None, error) if each.key in late else Confirmed(each.key, "id") for each in writes]

    outcomes, raised, pausing = await batched(some)
    assert raised is None and all(isinstance(each, Confirmed) for each in outcomes)
    assert len(outcomes) == 10 and asked[1] == ["k1", "k8"]
    assert pausing.paused + pausing.signed_in == 1


async def test_a_batch_without_an_answer_leaves_every_part_unknown_and_is_sent_once():
    asked = []

    async def some(writes):
        asked.append(len(writes))
        current().leaves()
        raise Unreachable("dropped")

    outcomes, raised, _ = await batched(some)
    assert raised is None and asked == [10]
    assert {type(each) for each in outcomes} == {Unknown} and len(outcomes) == 10


async def test_a_part_that_the_answer_leaves_out_is_unknown():
    async def some(writes):
        return [Confirmed(each.key, "id") for each in writes if each.key != "k3"]

    outcomes, _, _ = await batched(some)
    assert [each.key for each in outcomes if isinstance(each, Unknown)] == ["k3"] and len(outcomes) == 10


async def test_what_an_error_leaves_untouched_is_told_as_not_sent():
    outcomes: list[Outcome] = []
    with pytest.raises(Refused), all_told(WRITES, outcomes.append) as tell:
        tell(Confirmed("k0", "id"))
        raise Refused("no")
    assert [type(each) for each in outcomes] == [Confirmed] + [NotSent] * 9


async def test_pages_and_ids_are_read_to_the_end():
    resource = MemoryResource("r", page_size=2)
    for n in range(5):
        resource.put({"n": n})
    assert [len(page.records) async for page in pages(resource)] == [2, 2, 1]
    assert [each async for each in all_ids(resource)] == [each.external_id for each in resource.all()]
    assert list(groups([1, 2, 3], 2)) == [[1, 2], [3]]


def loudly(sentence, params):
    return sentence.upper().replace("(VENDOR)S", "(vendor)s").replace("(TEXT)S", "(text)s") % params


def test_advice_says_what_who_and_what_to_do_in_the_persons_language():
    error = Refused("%(vendor)s refused: %(text)s", code="42", vendor_text="Name", vendor="Dinero", text="Name")
    told = advice(error, loudly)
    assert told.what_happened == "Dinero REFUSED: Name"
    assert told.who_can_fix == "THE BOOKKEEPER"
    assert (told.vendor_code, told.vendor_text) == ("42", "Name")
    assert "RETRY" in told.what_to_do


def test_a_foreign_error_shows_nothing_of_its_text():
    told = advice(RuntimeError("password=hunter2"))
    assert "hunter2" not in repr(told)


def test_advice_survives_a_sentence_that_lacks_its_parameters():
    assert advice(Refused("%(a)s and %(b)s", a="1")).what_happened == "%(a)s and %(b)s"


def test_every_error_has_someone_who_can_fix_it():
    kinds = [each for name in errors.__all__ if isinstance(each := getattr(errors, name), type)]
    for kind in kinds:
        assert advice(kind("x")).who_can_fix


async def test_a_probe_question_that_fails_becomes_a_finding():
    async def closed():
        raise SettingsError("closed", code="41", vendor_text="no")

    finding = await asked("door", closed)
    assert (finding.topic, finding.ok, finding.observed) == ("door", False, "SettingsError 41: no")


def test_the_clocks_are_compared_by_the_date_header():
    clock = FakeClock()
    ahead = {"Date": "Mon, 23 Nov 2026 08:10:00 GMT"}
    assert clock_finding(ahead, clock) == Finding("clock", "+600 s from ours", "within 5 s", False)
    assert clock_finding({}, clock).ok is None
    assert limit_finding({"X-RateLimit-Remaining": "3", "Server": "x"}).observed == "X-RateLimit-Remaining: 3"


def test_secrets_are_taken_out_by_value_and_by_name():
    redact = Redactor(["abc12345"])
    text = redact(
        'abc12345 sessionName=deadbeef&x=1 "access_token": "eyJ.a-b", Authorization: Bearer zzz.yyy accessKey=1'
    )
    for secret in ("abc12345", "deadbeef", "eyJ", "zzz"):
        assert secret not in text
    assert "x=1" in text


def test_connectors_are_registered_by_presence():
    for name, offered in connector_types().items():
        assert isinstance(offered, ConnectorType)
        assert offered.name == name
