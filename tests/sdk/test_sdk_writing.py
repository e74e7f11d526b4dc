"""Sending writes, reading pages, giving advice, finding connectors."""

import asyncio

import pytest

from kobling.records import (
    KoblingError,
    Misunderstood,
    NotThere,
    RateLimited,
    Record,
    Refused,
    SettingsError,
    Unreachable,
)
from kobling.sdk import errors
from kobling.sdk.advice import advice
from kobling.sdk.clock import FakeClock
from kobling.sdk.memory import MemoryResource
from kobling.sdk.paging import all_ids, groups, pages, without_repeats
from kobling.sdk.probe import asked, clock_finding, limit_finding
from kobling.sdk.protocols import ConnectorType, Finding, Operation, Outcome, Write
from kobling.sdk.redaction import Redactor
from kobling.sdk.registry import connector_types
from kobling.sdk.writing import send_all

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
        return Outcome(write.key, "id")

    outcomes, raised = await outcomes_of(one)
    assert sorted(sent) == sorted(each.key for each in outcomes) == sorted(each.key for each in WRITES)
    assert (most, raised) == (3, None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Refused("no"), Refused),
        (NotThere("gone"), NotThere),
        (Unreachable("lost", maybe_applied=True), Unreachable),
        (Misunderstood("what?"), Unreachable),
    ],
)
async def test_one_bad_record_never_stops_the_others(error, kind):
    async def one(write):
        if write.key == "k4":
            raise error
        return Outcome(write.key, "id")

    outcomes, raised = await outcomes_of(one)
    assert len(outcomes) == 10
    assert raised is None
    (bad,) = [each for each in outcomes if each.error]
    assert type(bad.error) is kind


@pytest.mark.parametrize("error", [SettingsError("s"), RateLimited("r"), Unreachable("u", maybe_applied=False)])
async def test_a_systemic_error_stops_new_writes_after_those_in_flight_are_reported(error):
    sent = []

    async def one(write):
        sent.append(write.key)
        await asyncio.sleep(0)
        if write.key == "k3":
            raise error
        await asyncio.sleep(0)
        return Outcome(write.key, "id")

    outcomes, raised = await outcomes_of(one)
    assert raised is error
    assert sorted(each.key for each in outcomes) == sorted(set(sent) - {"k3"})
    assert len(sent) < 10


async def test_a_bug_is_raised_after_those_in_flight_are_reported():
    async def one(write):
        if write.key == "k0":
            raise ZeroDivisionError
        await asyncio.sleep(0)
        return Outcome(write.key, "id")

    outcomes: list[Outcome] = []
    with pytest.raises(ZeroDivisionError):
        await send_all(WRITES, one, outcomes.append, concurrency=3)
    assert {each.key for each in outcomes} == {"k1", "k2"}


async def test_pages_and_ids_are_read_to_the_end():
    resource = MemoryResource("r", page_size=2)
    for n in range(5):
        resource.put({"n": n})
    assert [len(page.records) async for page in pages(resource)] == [2, 2, 1]
    assert [each async for each in all_ids(resource)] == [each.external_id for each in resource.all()]
    assert list(groups([1, 2, 3], 2)) == [[1, 2], [3]]


def test_a_repeated_version_is_left_out_and_a_new_one_kept():
    seen: set[str] = set()
    old, new = Record("r", "1", {}, "a"), Record("r", "1", {}, "b")
    assert without_repeats([old, old], seen) == [old]
    assert without_repeats([old, new], seen) == [new]


def test_advice_says_what_who_and_what_to_do_in_the_persons_language():
    error = Refused("%(vendor)s refused: %(text)s", code="42", vendor_text="Name", vendor="Dinero", text="Name")
    told = advice(error, lambda text: text.upper().replace("%(VENDOR)S", "%(vendor)s").replace("%(TEXT)S", "%(text)s"))
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
    kinds = [getattr(errors, name) for name in errors.__all__ if name not in ("N_", "redacted")]
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
