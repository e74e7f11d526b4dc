"""Match-based coupling of a table's lone records, and coupling and uncoupling of many at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kobling.access.policy import Actor, Doing, require
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.couplings import lookalikes, matcher
from kobling.hub.couplings.matcher import Rule
from kobling.hub.happened import What
from kobling.hub.models import Decision, Pair
from kobling.hub.planning import gather
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services.deciding import decide_many
from kobling.hub.services.issues import bench_of
from kobling.hub.services.log import record
from kobling.hub.store import couplings, issues, matches, mirror, sql
from kobling.hub.store.couplings import Link
from kobling.mapping import Side
from kobling.records import N_
from kobling.sync.states import coupling_id

BATCH = 500
SHOWN = 20
"""How many records of a group that competes are named."""
SAME = N_("Same %(keys)s.")
WHICH = N_("Several records have the same %(keys)s. Which one is it?")
NEVER = N_("A person said that they are not the same.")
TAKEN = N_("One of them is coupled already.")
MISSING = N_("One of them is not there.")
Two = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """Two records that belong together. ``score``: how alike their names are, of 100; ``keys``: what is the same."""

    left: str
    right: str
    left_title: str
    right_title: str
    score: int
    keys: str
    reason: str = SAME


@dataclass(frozen=True, slots=True)
class Group:
    """Records that compete: (id, title) of the first of each side, and how many there are."""

    keys: str
    left: list[Two]
    right: list[Two]
    left_size: int
    right_size: int


@dataclass(frozen=True, slots=True)
class Preview:
    """A page of what matching would do, and counts of the whole."""

    rules: list[Rule]
    rows: list[Row]
    groups: list[Group]
    hits: int
    group_count: int
    contested: int
    unmatched_left: int
    unmatched_right: int


@dataclass(slots=True)
class Applied:
    """What was done. ``refused``: (left, right, why) of two that could not be coupled."""

    coupled: int = 0
    asked: int = 0
    created: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)


def preview(
    actor: Actor,
    pair: Pair,
    table: str,
    rules: Sequence[Rule],
    opener: Opener,
    *,
    after: int = 0,
    limit: int = 100,
    left_out: bool = False,
) -> Preview:
    """Say what matching by these rules (none given: the mapping's own) would do, ``limit`` rows and groups of it.

    ``left_out``: look also at records that a person left out, as after uncoupling.
    """
    require(actor, Doing.SEE, pair.client)
    bench = bench_of(pair, table, opener)
    chosen = matcher.in_order(bench.mapping, rules)
    matcher.find(bench, chosen, left_out=left_out)
    rows = [
        Row(left, right, one, other, lookalikes.score(one, other), _keys(chosen[rule]))
        for rule, left, right, one, other in matches.hits(after, limit)
    ]
    groups = [_group(chosen[rule], rule, key) for rule, key in matches.groups(after, limit)]
    counted = matches.counts()
    return Preview(
        chosen,
        rows,
        groups,
        counted["hits"],
        counted["groups"],
        counted["contested"],
        counted["left"],
        counted["right"],
    )


def _keys(rule: Rule) -> str:
    return ", ".join(rule.keys)


def _group(rule: Rule, number: int, key: str) -> Group:
    left, right = (matches.group(number, key, side, SHOWN) for side in Side)
    return Group(_keys(rule), left, right, *(matches.group_size(number, key, side) for side in Side))


def apply(
    actor: Actor,
    pair: Pair,
    table: str,
    rules: Sequence[Rule],
    opener: Opener,
    now: datetime,
    *,
    create_unmatched: bool = False,
    left_out: bool = False,
    why: str = "",
) -> Applied:
    """Couple what has exactly one hit both ways; the next run brings their fields in step.

    Several hits: a person is asked, and no run touches the records until then. None: left alone, or made on the other
    side by the next run when asked for. Raises Unsafe while a run is going on.
    """
    require(actor, Doing.WORK, pair.client)
    bench = bench_of(pair, table, opener)
    chosen = matcher.in_order(bench.mapping, rules)
    with runs.between_runs(pair, now):
        pass
    matcher.find(bench, chosen, left_out=left_out)
    done = Applied()
    for rows in _pages_of_hits():
        _couple(actor, pair, bench, [(left, right) for _, left, right, _, _ in rows], now, done)
    for rule, key in _all_groups():
        for side in Side:
            done.asked += _ask(actor, pair, bench, side, (rule, key), chosen[rule], now)
    if create_unmatched:
        done.created = _create(actor, pair, bench, now, why)
    told = {"by": [_keys(each) for each in chosen], "coupled": done.coupled, "asked": done.asked, "new": done.created}
    record(actor, pair.client, What.MATCHED, table, after=told, why=why)
    return done


def _pages_of_hits() -> Iterator[list[tuple[int, str, str, str, str]]]:
    after = 0
    while rows := matches.hits(after, BATCH):
        yield rows
        after += len(rows)


def _all_groups() -> Iterator[tuple[int, str]]:
    last = (-1, "")
    while found := matches.groups_after(*last, BATCH):
        last = found[-1]
        yield from found


def _couple(actor: Actor, pair: Pair, bench: Workbench, wanted: Sequence[Two], now: datetime, done: Applied) -> None:
    """Couple those two and two that are there, free and not known to be different."""
    lefts, rights = [left for left, _ in wanted], [right for _, right in wanted]
    with runs.between_runs(pair, now):
        known = {side: _there(bench, side, ids) for side, ids in ((Side.LEFT, lefts), (Side.RIGHT, rights))}
        taken = {
            side: couplings.coupled_in([bench.table, *bench.siblings[side]], side, ids)
            for side, ids in ((Side.LEFT, lefts), (Side.RIGHT, rights))
        }
        never = matcher.never_pairs(bench.table, lefts)
        links = []
        for left, right in wanted:
            if problem := _problem(left, right, known, taken, never):
                done.refused.append((left, right, problem))
                continue
            taken[Side.LEFT].add(left)
            taken[Side.RIGHT].add(right)
            links.append(Link(coupling_id(bench.name, left, right), left, right, {}, {}))
        couplings.save(bench.table, links, now, actor.key)
        for side in Side:
            _now_coupled(bench, side, [each.left_id if side is Side.LEFT else each.right_id for each in links])
    done.coupled += len(links)


def _there(bench: Workbench, side: Side, external_ids: Sequence[str]) -> set[str]:
    return {each for each, row in mirror.by_ids(bench.feeds[side], external_ids).items() if not row.gone}


def _problem(
    left: str, right: str, known: dict[Side, set[str]], taken: dict[Side, set[str]], never: set[Two]
) -> str | None:
    if left not in known[Side.LEFT] or right not in known[Side.RIGHT]:
        return MISSING
    if left in taken[Side.LEFT] or right in taken[Side.RIGHT]:
        return TAKEN
    return NEVER if (left, right) in never else None


def _now_coupled(bench: Workbench, side: Side, external_ids: Sequence[str]) -> None:
    for batch in sql.batched(external_ids, BATCH):
        mine = Decision.objects.filter(table_id=bench.table, side=side.value, external_id__in=batch)
        mine.exclude(choice="never").delete()
    couplings.mark_coupled(bench.table, bench.siblings[side], side, external_ids, gather.identity_rules(bench.mapping))
    issues.settle_coupled(bench.table, side, external_ids, bench.feeds)
    issues.wake(bench.pair, external_ids, bench.feeds_by_table)
    mirror.touch(bench.feeds[side], external_ids)


def _ask(
    actor: Actor, pair: Pair, bench: Workbench, side: Side, group: tuple[int, str], rule: Rule, now: datetime
) -> int:
    """A question for each record of one side of a group; runs leave them alone until it is answered."""
    others = [external_id for external_id, _ in matches.group(*group, side.other, SHOWN)]
    after, number = "", 0
    while members := matches.group(*group, side, BATCH, after):
        after, ids = members[-1][0], [external_id for external_id, _ in members]
        raised = [_question(side, each, title, others, _keys(rule)) for each, title in members]
        with runs.between_runs(pair, now):
            issues.open_all(bench.table, raised, now)
            issues.park(bench.table, "ambiguous", [each.subject for each in raised])
            decide_many(actor, bench.table, side, ids, matcher.HELD, now)
        number += len(ids)
    return number


def _question(side: Side, external_id: str, title: str, others: list[str], keys: str) -> issues.Raised:
    left, right = (external_id, None) if side is Side.LEFT else (None, external_id)
    told = {"candidates": others}
    return issues.Raised("ambiguous", left, right, title=title, reason=WHICH, params={"keys": keys}, details=told)


def _create(actor: Actor, pair: Pair, bench: Workbench, now: datetime, why: str) -> int:
    number = 0
    for side in (side for side in Side if bench.mapping.may_create(side.other)):
        after = ""
        while ids := matches.unmatched(side, after, BATCH):
            after = ids[-1]
            with runs.between_runs(pair, now):
                decide_many(actor, bench.table, side, ids, "create", now, why)
                mirror.touch(bench.feeds[side], ids)
            number += len(ids)
    return number


def couple_many(
    actor: Actor, pair: Pair, opener: Opener, table: str, wanted: Sequence[Two], now: datetime, why: str = ""
) -> Applied:
    """Couple (left id, right id) two and two; those that cannot be are named with the reason, the others coupled."""
    require(actor, Doing.WORK, pair.client)
    bench = bench_of(pair, table, opener)
    done = Applied()
    for batch in sql.batched(wanted, BATCH):
        _couple(actor, pair, bench, batch, now, done)
    record(actor, pair.client, What.COUPLED_MANY, table, after={"coupled": done.coupled}, why=why)
    return done


def uncouple_many(
    actor: Actor,
    pair: Pair,
    opener: Opener,
    table: str,
    now: datetime,
    external_ids: Sequence[str] | None = None,
    why: str = "",
) -> int:
    """Forget the couplings of these records of either side, or (None) all of the table. No record is touched; all are
    left alone until a person couples or creates them, or matches with ``left_out``. Returns how many."""
    require(actor, Doing.WORK, pair.client)
    bench = bench_of(pair, table, opener)
    number = 0
    for links in _links(bench.table, external_ids):
        with runs.between_runs(pair, now):
            uids = [each.uid for each in links]
            couplings.remove(bench.table, uids)
            issues.settle_couplings(bench.table, uids)
            for side in Side:
                ids = [each.left_id if side is Side.LEFT else each.right_id for each in links]
                decide_many(actor, bench.table, side, ids, "ignore", now, why or "uncoupled")
        number += len(links)
    record(actor, pair.client, What.UNCOUPLED_MANY, table, after={"uncoupled": number}, why=why)
    return number


def _links(table: int, external_ids: Sequence[str] | None) -> Iterator[list[Link]]:
    after = ""
    if external_ids is None:
        while links := couplings.page(table, after, BATCH):
            after = links[-1].uid
            yield links
        return
    for batch in sql.batched(dict.fromkeys(external_ids), BATCH):
        found = {each.uid: each for side in Side for each in couplings.by_side(table, side, batch).values()}
        if found:
            yield list(found.values())


def never_many(
    actor: Actor, pair: Pair, opener: Opener, table: str, those: Sequence[Two], now: datetime, why: str = ""
) -> int:
    """Remember of (left id, right id) two and two that they are not the same, whatever rules say. Returns how many."""
    require(actor, Doing.WORK, pair.client)
    bench = bench_of(pair, table, opener)
    told = {"table_id": bench.table, "side": "left", "choice": "never", "decided_by": actor.key, "why": why}
    number = 0
    for batch in sql.batched(dict.fromkeys(those), BATCH):
        known = matcher.never_pairs(bench.table, [left for left, _ in batch])
        fresh = [each for each in batch if each not in known]
        with sql.together():
            Decision.objects.bulk_create(
                [Decision(external_id=left, other_id=right, decided_at=now, **told) for left, right in fresh]
            )
            mirror.touch(bench.feeds[Side.LEFT], [left for left, _ in fresh])
            mirror.touch(bench.feeds[Side.RIGHT], [right for _, right in fresh])
        number += len(fresh)
    record(actor, pair.client, What.NEVER_THE_SAME, table, after={"number": number}, why=why)
    return number
