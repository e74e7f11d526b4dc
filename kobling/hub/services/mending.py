"""Broken couplings: found, explained and mended, one or all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from kobling.access.policy import Actor, Doing, require
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import Coupling, Pair, Table
from kobling.hub.planning import gather
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services.deciding import decide_many
from kobling.hub.services.log import record
from kobling.hub.store import couplings, issues, mirror, sql
from kobling.hub.store.couplings import Link
from kobling.mapping import DeletionPolicy, Side
from kobling.records import N_, SettingsError
from kobling.sdk.protocols import Reporting
from kobling.sdk.reading import found_of

HOW = ("restore", "uncouple", "delete", "find")
THERE, GONE, UNKNOWN, NO_TABLE = "there", "gone", "unknown", "no_table"
BATCH = 200
_QUESTIONS = ("deleted", "deleted_but_changed")
BOTH_GONE = N_("Both records are gone: there is nothing to do it from.")
WITHOUT_TABLE = N_("The pair has no such table any more: it can only be uncoupled.")
NOT_MADE = N_("The rules of this table make no records on that side.")


@dataclass(frozen=True, slots=True)
class Broken:
    """A coupling whose records are not both there. ``left`` and ``right``: there, gone, unknown or no_table.

    ``since``: when Kobling learned of it. ``chosen``: what a person has chosen already; the next run does it.
    """

    coupling: str
    table: str
    title: str
    left_id: str
    right_id: str
    left: str
    right: str
    since: datetime | None
    chosen: str = ""


@dataclass(slots=True)
class Mended:
    """What was done. ``found``: both records are there after all; ``refused``: (coupling, why)."""

    done: int = 0
    found: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def listed(
    actor: Actor, pair: Pair, *, table: str = "", after: tuple[str, str] = ("", ""), limit: int = 100
) -> list[Coupling]:
    """A page of couplings, broken or not, by table and coupling; the next page begins ``after`` the last one's."""
    require(actor, Doing.SEE, pair.client)
    found = Coupling.objects.filter(table__pair=pair).select_related("table").order_by("table__name", "uid")
    if table:
        found = found.filter(table__name=table)
    name, uid = after
    return list(found.filter(Q(table__name__gt=name) | Q(table__name=name, uid__gt=uid))[:limit])


def broken(
    actor: Actor, pair: Pair, opener: Opener, *, table: str = "", after: tuple[str, str] = ("", ""), limit: int = 100
) -> list[Broken]:
    """A page of broken couplings, by table and coupling; the next page begins ``after`` the last one's."""
    require(actor, Doing.SEE, pair.client)
    found: list[Broken] = []
    for name, number, bench in _tables(pair, opener, table):
        if name < after[0]:
            continue
        start = after[1] if name == after[0] else ""
        found += _page(name, number, bench, start, limit - len(found))
        if len(found) >= limit:
            break
    return found


def count(actor: Actor, pair: Pair, opener: Opener) -> dict[str, int]:
    """Table → how many broken couplings it has; tables without any are left out."""
    require(actor, Doing.SEE, pair.client)
    counted = {name: _count(number, bench) for name, number, bench in _tables(pair, opener, "")}
    return {name: each for name, each in counted.items() if each}


def mend(
    actor: Actor,
    pair: Pair,
    opener: Opener,
    now: datetime,
    how: str,
    which: Sequence[str] | None = None,
    *,
    table: str = "",
    why: str = "",
) -> Mended:
    """Mend the given couplings, or (None) all broken ones, of one table or all. Raises Unsafe while a run is going on.

    restore: the next run makes the missing record again; delete: it deletes the one that is left; uncouple: only the
    coupling goes; find: ask the vendor whether the records are there after all, which the first two do first.
    """
    require(actor, Doing.WORK, pair.client)
    if how not in HOW:
        raise SettingsError(
            N_("“%(value)s” is not a choice for %(option)s. Choose one of: %(choices)s."),
            value=how,
            option="mend",
            choices=", ".join(HOW),
        )
    done = Mended()
    for name, number, bench in _tables(pair, opener, table):
        after = ""
        while page := _page(name, number, bench, after, BATCH):
            after = page[-1].coupling
            wanted = [each for each in page if which is None or each.coupling in which]
            _mend(_Work(actor, pair, opener, now, number, bench, why), how, wanted, done)
    told = {"done": done.done, "found": done.found, "refused": len(done.refused)}
    record(actor, pair.client, What.MENDED, f"{pair.name} {table}".strip(), after=told, why=why, choice=how)
    return done


def _tables(pair: Pair, opener: Opener, only: str) -> Iterator[tuple[str, int, Workbench | None]]:
    """Every table that has couplings by name, also those that the pair has no longer."""
    benches = opener.benches(pair)
    for name, number in Table.objects.filter(pair=pair).order_by("name").values_list("name", "pk"):
        if not only or name == only:
            yield name, number, benches.get(name)


_SIDES = """
 FROM hub_coupling c
 LEFT JOIN hub_mirrorrow l ON l.feed_id = %s AND l.external_id = c.left_id
 LEFT JOIN hub_mirrorrow r ON r.feed_id = %s AND r.external_id = c.right_id
 WHERE c.table_id = %s AND (l.id IS NULL OR l.gone OR r.id IS NULL OR r.gone)
"""


def _count(number: int, bench: Workbench | None) -> int:
    if bench is None:
        return couplings.count(number)
    return sql.number(f"SELECT COUNT(*) {_SIDES}", [bench.feeds[Side.LEFT], bench.feeds[Side.RIGHT], number])


def _page(name: str, number: int, bench: Workbench | None, after: str, limit: int) -> list[Broken]:
    if bench is None:
        links = couplings.page(number, after, limit)
        return [
            Broken(each.uid, name, _base_title(each, "name"), each.left_id, each.right_id, NO_TABLE, NO_TABLE, None)
            for each in links
        ]
    found = sql.rows(
        f"SELECT c.uid, l.gone, r.gone, l.seen_at, r.seen_at {_SIDES} AND c.uid > %s ORDER BY c.uid LIMIT %s",
        [bench.feeds[Side.LEFT], bench.feeds[Side.RIGHT], number, after, limit],
    )
    titled = _titles(bench, [row[0] for row in found])
    return [_broken(name, row, *titled[row[0]]) for row in found]


def _broken(name: str, row: tuple[Any, ...], link: Link, title: str) -> Broken:
    uid, left_gone, right_gone, left_at, right_at = row
    moments = [sql.from_db(at) for gone, at in ((left_gone, left_at), (right_gone, right_at)) if gone]
    known = [each for each in moments if each is not None]
    chosen = link.policy if link.policy in set(DeletionPolicy) else ""
    return Broken(
        uid,
        name,
        title,
        link.left_id,
        link.right_id,
        _state(left_gone),
        _state(right_gone),
        min(known) if known else None,
        chosen or "",
    )


def _state(gone: bool | None) -> str:
    if gone is None:
        return UNKNOWN
    return GONE if gone else THERE


def _titles(bench: Workbench, uids: Sequence[str]) -> dict[str, tuple[Link, str]]:
    links = couplings.by_uid(bench.table, uids)
    key = bench.mapping.title_key
    found = {}
    for pairing in gather.pairings_of(bench, list(links.values())):
        link = links[pairing.coupling]
        seen = pairing.left or pairing.right
        title = str(seen.values.get(key) or "") if seen else ""
        found[link.uid] = (link, title or _base_title(link, key))
    return found


def _base_title(link: Link, key: str) -> str:
    return str(link.base_left.get(key) or link.base_right.get(key) or link.left_id)


@dataclass(frozen=True, slots=True)
class _Work:
    actor: Actor
    pair: Pair
    opener: Opener
    now: datetime
    number: int
    bench: Workbench | None
    why: str


def _mend(work: _Work, how: str, wanted: Sequence[Broken], done: Mended) -> None:
    if not wanted:
        return
    if work.bench is None:
        if how == "uncouple":
            _uncouple(work, wanted, done)
        else:
            done.refused += [(each.coupling, WITHOUT_TABLE) for each in wanted]
        return
    if how == "uncouple":
        _uncouple(work, wanted, done)
        return
    still = _find(work, work.bench, wanted, done)
    if how == "find":
        done.done += len(wanted)
    else:
        _choose(work, work.bench, DeletionPolicy(how), still, done)


def _uncouple(work: _Work, wanted: Sequence[Broken], done: Mended) -> None:
    uids = [each.coupling for each in wanted]
    with runs.between_runs(work.pair, work.now):
        couplings.remove(work.number, uids)
        issues.settle_couplings(work.number, uids)
        for side in Side:
            ids = [each.left_id if side is Side.LEFT else each.right_id for each in wanted]
            decide_many(work.actor, work.number, side, ids, "ignore", work.now, work.why or "uncoupled")
    done.done += len(wanted)


def _find(work: _Work, bench: Workbench, wanted: Sequence[Broken], done: Mended) -> list[Broken]:
    """Ask the vendors for the records anew and remember the answer. Returns what is broken still, as it is now."""
    there: dict[Side, set[str]] = {}
    for side in Side:
        ids = sorted({each.left_id if side is Side.LEFT else each.right_id for each in wanted})
        connection = work.pair.left if side is Side.LEFT else work.pair.right
        resource = work.opener.connector(connection).resources[bench.mapping.resource(side)]
        if isinstance(resource, Reporting):
            # What is not handed out any more is not gone.
            there[side] = set(ids)
            continue
        asked = work.opener.waiting.run(found_of(resource, ids))
        there[side] = set(ids) - set(asked.gone)
        with runs.between_runs(work.pair, work.now):
            mirror.put(bench.feeds[side], asked.records, [], work.now)
            mirror.mark_gone(bench.feeds[side], asked.gone, work.now)
    still, found = [], []
    for each in wanted:
        if each.left_id in there[Side.LEFT] and each.right_id in there[Side.RIGHT]:
            found.append(each.coupling)
        else:
            still.append(each)
    with runs.between_runs(work.pair, work.now):
        _settle(bench.table, found)
        Coupling.objects.filter(table_id=bench.table, uid__in=found, policy__in=list(DeletionPolicy)).update(
            policy=None
        )
    done.found += len(found)
    uids = [each.coupling for each in still]
    return [each for each in _again(bench, uids) if each.coupling in set(uids)]


def _again(bench: Workbench, uids: Sequence[str]) -> list[Broken]:
    titled = _titles(bench, uids)
    states = {side: _states(bench, side, [link for link, _ in titled.values()]) for side in Side}
    return [
        Broken(
            uid,
            bench.name,
            title,
            link.left_id,
            link.right_id,
            states[Side.LEFT].get(link.left_id, GONE),
            states[Side.RIGHT].get(link.right_id, GONE),
            None,
        )
        for uid, (link, title) in titled.items()
    ]


def _states(bench: Workbench, side: Side, links: Sequence[Link]) -> dict[str, str]:
    ids = [each.left_id if side is Side.LEFT else each.right_id for each in links]
    return {each: GONE if row.gone else THERE for each, row in mirror.by_ids(bench.feeds[side], ids).items()}


def _choose(work: _Work, bench: Workbench, policy: DeletionPolicy, still: Sequence[Broken], done: Mended) -> None:
    """Remember for each coupling what the next run shall do about its missing record."""
    chosen = []
    for each in still:
        if problem := _problem(bench, policy, each):
            done.refused.append((each.coupling, problem))
        else:
            chosen.append(each)
    uids = [each.coupling for each in chosen]
    with runs.between_runs(work.pair, work.now):
        Coupling.objects.filter(table_id=bench.table, uid__in=uids).update(policy=policy.value)
        _settle(bench.table, uids)
        mirror.touch(bench.feeds[Side.LEFT], [each.left_id for each in chosen if each.left == THERE])
        mirror.touch(bench.feeds[Side.RIGHT], [each.right_id for each in chosen if each.right == THERE])
    done.done += len(chosen)


def _problem(bench: Workbench, policy: DeletionPolicy, each: Broken) -> str | None:
    if THERE not in (each.left, each.right):
        return BOTH_GONE
    missing = Side.RIGHT if each.left == THERE else Side.LEFT
    if policy is DeletionPolicy.RESTORE and not bench.mapping.may_create(missing):
        return NOT_MADE
    return None


def _settle(table: int, uids: Sequence[str]) -> None:
    issues.settle_couplings(table, uids, _QUESTIONS)
