"""How a pair and a client stand, as one of the eleven states that every page shows. Pure.

A pair is in the state that says most about what happens next; a client in the most pressing state of its pairs. Why
they follow each other in these orders: ``docs/why/0023-the-state-of-a-client.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kobling.hub import runs


class State(StrEnum):
    """Most pressing first: the order of a list that is sorted by urgency."""

    KEY = "key"
    BAD = "bad"
    YOU = "you"
    LATE = "late"
    HALF = "half"
    LIMIT = "limit"
    RUN = "run"
    PAUSE = "pause"
    WAIT = "wait"
    OK = "ok"
    NEVER = "never"


URGENCY = {state: number for number, state in enumerate(State)}

GRACE = timedelta(minutes=20)
"""A run that is due is late after this. The engine tries a vendor that does not answer again for a quarter of an hour
before it gives the run up; a run that may still come right by itself must not be called late meanwhile."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The last whole run that ended: its state, and the kind of error it ended with (empty: none).

    ``again_at``: the vendor said not to ask before. ``mended``: what it failed of was put right since.
    """

    state: str
    at: datetime
    error: str = ""
    again_at: datetime | None = None
    mended: bool = False


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What our tables know of a pair.

    ``signed_out`` and ``broken``: a connection shows red, since nobody is signed in or for another reason. ``running``
    is the run that goes on, ``queued_at`` since when one waits. ``expected_at``: when the next good run is due.
    """

    signed_out: bool = False
    broken: bool = False
    red_since: datetime | None = None
    running: int | None = None
    running_since: datetime | None = None
    limited_until: datetime | None = None
    queued_at: datetime | None = None
    last: Ended | None = None
    last_good_at: datetime | None = None
    open_issues: int = 0
    oldest_issue_at: datetime | None = None
    paused_at: datetime | None = None
    paused_by: str = ""
    next_at: datetime | None = None
    expected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A state with the time that belongs to it: since when, until when; who paused; the run that goes on."""

    state: State
    at: datetime | None = None
    until: datetime | None = None
    by: str = ""
    run: int | None = None


def state_of(facts: PairFacts, now: datetime) -> Standing:
    """How a pair stands: the first that is true of what happens now, what is broken, what was, and what is to come."""
    for found in (_going_on, _stopped_by_people, _broken, _ended, _to_come):
        for standing in found(facts, now):
            return standing
    return Standing(State.NEVER)


def state_of_client(pairs: Iterable[Standing]) -> Standing:
    """The most pressing of its pairs' states; of several the one that has stood longest."""
    found = sorted(pairs, key=lambda each: (URGENCY[each.state], each.at is None, each.at and each.at.timestamp()))
    return found[0] if found else Standing(State.NEVER)


def late_from(expected_at: datetime | None) -> datetime | None:
    """When a run that has not come is late."""
    return None if expected_at is None else expected_at + GRACE


def _going_on(facts: PairFacts, now: datetime) -> Iterator[Standing]:
    """A run that goes on will say more than anything that was before it."""
    if facts.running is not None and facts.limited_until is not None and facts.limited_until > now:
        yield Standing(State.LIMIT, facts.running_since, facts.limited_until, run=facts.running)
    if facts.running is not None:
        yield Standing(State.RUN, facts.running_since, run=facts.running)


def _stopped_by_people(facts: PairFacts, _now: datetime) -> Iterator[Standing]:
    """Who paused a pair knows what is wrong with it, and nothing happens until somebody lets it go on."""
    if facts.paused_at is not None:
        yield Standing(State.PAUSE, facts.paused_at, by=facts.paused_by)


def _broken(facts: PairFacts, _now: datetime) -> Iterator[Standing]:
    if facts.signed_out:
        yield Standing(State.KEY, facts.red_since)
    if facts.broken:
        yield Standing(State.BAD, facts.red_since)


def _ended(facts: PairFacts, now: datetime) -> Iterator[Standing]:
    last = None if facts.last is None or facts.last.mended else facts.last
    if last is not None and last.state == runs.FAILED:
        yield Standing(State.BAD, last.at)
    if last is not None and last.again_at is not None and last.again_at > now:
        yield Standing(State.LIMIT, last.at, last.again_at)
    late = late_from(facts.expected_at)
    if late is not None and late <= now:
        yield Standing(State.LATE, facts.expected_at)
    if last is not None and last.state == runs.PARTLY and last.error:
        yield Standing(State.HALF, last.at)
    if last is not None and last.state == runs.STOPPED:
        yield Standing(State.YOU, last.at)
    if facts.open_issues:
        yield Standing(State.YOU, facts.oldest_issue_at)


def _to_come(facts: PairFacts, _now: datetime) -> Iterator[Standing]:
    if facts.queued_at is not None:
        yield Standing(State.WAIT, facts.queued_at)
    if facts.last_good_at is not None:
        yield Standing(State.OK, facts.last_good_at)
    if facts.next_at is not None:
        yield Standing(State.WAIT, None, facts.next_at)
