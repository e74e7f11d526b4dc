"""A client's pairs as cards: how each stands, what is at stake where it does not, and the one thing to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Max

from kobling.access.models import Client
from kobling.access.naming import called_all
from kobling.access.policy import Actor, Doing, require
from kobling.hub.models import Connection, Pair, Run, ToldFigures
from kobling.hub.store.moved import ZONE
from kobling.hub.told.figures import figures_of
from kobling.hub.told.said import Said
from kobling.pairs.registry import pairs
from kobling.portal.facts import gather
from kobling.portal.states import URGENCY, PairFacts, Standing, State, state_of
from kobling.records import N_, NP_
from kobling.sdk.figures import TO_EXPORT


class Verb(StrEnum):
    """The one thing that a card offers."""

    SETTLE = "settle"
    SIGN_IN = "sign_in"
    RESUME = "resume"
    WATCH = "watch"
    TRY = "try"
    RUN = "run"


_VERBS: Mapping[State, Verb] = {
    State.YOU: Verb.SETTLE,
    State.KEY: Verb.SIGN_IN,
    State.PAUSE: Verb.RESUME,
    State.RUN: Verb.WATCH,
    State.LIMIT: Verb.WATCH,
    State.LATE: Verb.TRY,
    State.BAD: Verb.TRY,
    State.HALF: Verb.TRY,
}


@dataclass(frozen=True, slots=True)
class Stake:
    """What waits in the left system meanwhile: how many, worth how much (by currency, major units)."""

    system: str
    number: int
    amounts: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Card:
    """One pair. ``told``: its state in a sentence; ``why``: what its last run failed of, empty where it did not.

    ``run`` is the run that goes on or ended last, ``took`` its length in seconds; ``at_stake`` None: nothing that is
    known of waits, or all is well.
    """

    pair: int
    name: str
    left: str
    right: str
    direction: str
    broken: bool
    standing: Standing
    told: Said
    why: Said
    run: int | None
    run_at: datetime | None
    took: int | None
    last_good_at: datetime | None
    next_at: datetime | None
    expected_at: datetime | None
    open_issues: int
    oldest_issue_at: datetime | None
    verb: Verb
    at_stake: Stake | None


def cards(actor: Actor, client: Client, now: datetime) -> tuple[Card, ...]:
    """The pairs of a client, most pressing first. A bounded number of queries, however many runs there were."""
    require(actor, Doing.SEE, client)
    facts = gather([client.pk], now.astimezone(ZONE).date())[client.pk]
    rows = Pair.objects.in_bulk(facts.numbers)
    sides = {each.pk: each for each in facts.connections}
    last = {each.pair_id: each for each in _last_runs(facts.numbers)}
    people = called_all({each.paused_by for each in facts.pairs if each.paused_by})
    told = ToldFigures.objects.in_bulk([row.left_id for row in rows.values()])
    found = []
    for number, each in zip(facts.numbers, facts.pairs, strict=True):
        pair, standing = rows[number], state_of(each, now)
        left, right = sides[pair.left_id], sides[pair.right_id]
        by = people[each.paused_by] if each.paused_by else ""
        stake = _stake(left, told.get(left.pk)) if standing.state in (State.LATE, State.BAD, State.KEY) else None
        found.append(_card(pair, (left, right), each, standing, last.get(number), by, stake))
    return tuple(sorted(found, key=lambda each: (URGENCY[each.standing.state], each.pair)))


def _last_runs(numbers: list[int]) -> list[Run]:
    last = Run.objects.filter(pair__in=numbers, kind="sync").order_by().values("pair").annotate(last=Max("pk"))
    return list(Run.objects.filter(pk__in=[each["last"] for each in last]))


def _card(
    pair: Pair,
    sides: tuple[Connection, Connection],
    facts: PairFacts,
    standing: Standing,
    last: Run | None,
    by: str,
    stake: Stake | None,
) -> Card:
    over = last is not None and last.started_at is not None and last.ended_at is not None
    kind = pairs().found.get(pair.pair_type)
    return Card(
        pair=pair.pk,
        name=pair.name if kind is None or pair.name != pair.pair_type else kind.title,
        left=sides[0].connector,
        right=sides[1].connector,
        direction=pair.direction,
        broken=any(each.healthy is False for each in sides),
        standing=standing,
        told=_told(standing, facts, by),
        why=_why(standing, last),
        run=None if last is None else last.pk,
        run_at=None if last is None else last.started_at or last.asked_at,
        took=int((last.ended_at - last.started_at).total_seconds()) if over else None,  # type: ignore[union-attr, operator]
        last_good_at=facts.last_good_at,
        next_at=facts.next_at,
        expected_at=facts.expected_at,
        open_issues=facts.open_issues,
        oldest_issue_at=facts.oldest_issue_at,
        verb=_VERBS.get(standing.state, Verb.RUN),
        at_stake=stake,
    )


_SENTENCES: Mapping[State, str] = {
    State.KEY: N_("A sign-in has expired. Nothing goes through until an administrator signs in again."),
    State.BAD: N_("The last run failed. What it had not done is still to be done; nothing is lost."),
    State.LATE: N_("The run that was due did not come. It is tried again; nothing is lost."),
    State.HALF: N_("The last run did a part. What it left out is tried again in the next one."),
    State.LIMIT: N_("The other system lets us wait. It goes on by itself."),
    State.RUN: N_("A run goes on."),
    State.PAUSE: N_("Paused by %(who)s. Nothing runs until somebody lets it go on."),
    State.WAIT: N_("A run is planned."),
    State.OK: N_("Everything was in step after the last run."),
    State.NEVER: N_("Nothing has been run yet."),
}
_WAITING = NP_("%(number)s record waits for a choice.", "%(number)s records wait for a choice.")
_STOPPED = N_("The run stopped itself and asks first. Look at it, then let it go on.")


def _told(standing: Standing, facts: PairFacts, by: str) -> Said:
    if standing.state is State.YOU:
        return Said(_WAITING, {"number": facts.open_issues}) if facts.open_issues else Said(_STOPPED)
    return Said(_SENTENCES[standing.state], {"who": by} if standing.state is State.PAUSE else {})


def _why(standing: Standing, last: Run | None) -> Said:
    error: Mapping[str, Any] = (last.error if last else None) or {}
    told = error.get("summary") if standing.state in (State.BAD, State.HALF, State.LATE, State.KEY) else None
    return Said(str(told), error.get("params")) if told else Said("")


def _stake(left: Connection, row: ToldFigures | None) -> Stake | None:
    waits = next((each for each in figures_of(row) if each.name == TO_EXPORT), None) if row else None
    return Stake(left.connector, waits.number, waits.amounts) if waits and waits.number else None
