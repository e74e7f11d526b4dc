"""Sync issues: listed, retried, and settled by what a person decides."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from kobling.access.policy import Actor, Doing, NotFound, clients_of, require
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import Coupling, Decision, Pair, SyncIssue, Table
from kobling.hub.planning import gather
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services import answering, pairs
from kobling.hub.services.answering import about, carry_out, check_free, check_known
from kobling.hub.services.answering import uncouple as part
from kobling.hub.services.log import record
from kobling.hub.store import couplings, mirror, sql, stale
from kobling.hub.store.issues import settle_coupled, wake
from kobling.mapping import Side
from kobling.records import N_, KoblingError, SettingsError, from_json, to_json
from kobling.sync.answers import Answer
from kobling.sync.states import coupling_id


@dataclass(frozen=True, slots=True)
class Foretold:
    """What an answer would do to an issue: ``does`` says it; with a ``problem`` it cannot be given."""

    issue: SyncIssue
    does: str = ""
    problem: KoblingError | None = None


class _OnlyLooking(Exception):
    """Takes back what a preview did."""


def listed(
    actor: Actor, pair: Pair | None = None, *, kind: str = "", state: str = "", table: str = "", error: str = ""
) -> QuerySet[SyncIssue]:
    """Issues the actor may see that are not settled, oldest first. ``error``: a vendor's code or part of its words."""
    found = SyncIssue.objects.filter(table__pair__client__in=clients_of(actor, Doing.SEE)).exclude(state="settled")
    if pair is not None:
        found = found.filter(table__pair=pair)
    if kind:
        found = found.filter(kind=kind)
    if state:
        found = found.filter(state=state)
    if table:
        found = found.filter(table__name=table)
    if error:
        spelled = [f'"{name}":{to_json(error).decode()}' for name in ("code", "kind")]
        same = Q(details__contains=spelled[0]) | Q(details__contains=spelled[1])
        found = found.filter(same | Q(details__icontains=to_json(error).decode()[1:-1], kind="refused"))
    return found.select_related("table__pair__client").order_by("id")


def find(actor: Actor, number: int) -> SyncIssue:
    """An issue by number. Raises NotFound, also for those of others."""
    issue = SyncIssue.objects.filter(table__pair__client__in=clients_of(actor, Doing.WORK), pk=number).first()
    if issue is None:
        raise NotFound(N_("There is no issue %(issue)s, or it is not yours."), issue=number, code="not_found")
    return issue


def settle(
    actor: Actor,
    issue: SyncIssue,
    choice: str,
    opener: Opener,
    now: datetime,
    *,
    other: str = "",
    why: str = "",
    remember: bool = False,
) -> None:
    """Do what a person chose; the next run carries it out. Raises SettingsError when the choice does not fit.

    ``kobling.sync.answers`` says which choices each kind of issue has and what they do; ``other`` names a record for
    those that need one. Beside these what the table permits for a record that is held back; ``remember`` makes that
    the pair's rule.
    """
    require(actor, Doing.WORK, issue.table.pair.client)
    bench = _bench(issue.table, opener)
    if remember:
        _make_it_the_rule(actor, issue, choice, bench, opener, why)
    with sql.together():
        carry_out(actor, about(issue, bench), choice, now, other=other, why=why)
        if choice != "never" or not _still_asked(issue, other):
            _release(issue)
            asked_again = issue.kind == "unreadable" and choice == "retry"
            SyncIssue.objects.filter(pk=issue.pk).update(state="open" if asked_again else "settled")
            stale.mark_table(issue.table_id)
        _look_again(bench, issue.left_id, issue.right_id)
    client = issue.table.pair.client
    told_of = ((bench.table, Side.LEFT, issue.left_id), (bench.table, Side.RIGHT, issue.right_id))
    subject = f"{issue.table.name} {issue.title}"
    record(actor, client, What.ISSUE_SETTLED, subject, after=other or None, why=why, about=told_of, choice=choice)


def choices(actor: Actor, issue: SyncIssue, opener: Opener) -> list[Answer]:
    """What may be answered to an issue as things stand, and what each answer will do."""
    require(actor, Doing.SEE, issue.table.pair.client)
    return answering.choices(about(issue, _bench(issue.table, opener)))


def preview(
    actor: Actor, chosen: Sequence[SyncIssue], choice: str, opener: Opener, now: datetime, *, other: str = ""
) -> list[Foretold]:
    """What one answer to many issues would do, and where it cannot be given; nothing is kept.

    Answers are tried one after another as ``settle`` would carry them out, so that what one of them takes is taken for
    the next.
    """
    for client in {issue.table.pair.client for issue in chosen}:
        require(actor, Doing.WORK, client)
    found: list[Foretold] = []
    with contextlib.suppress(_OnlyLooking), sql.together():
        for issue in chosen:
            told = {each.choice: each.does for each in choices(actor, issue, opener)}
            try:
                with sql.together():
                    settle(actor, issue, choice, opener, now, other=other)
            except KoblingError as problem:
                found.append(Foretold(issue, problem=problem))
            else:
                found.append(Foretold(issue, told.get(choice, "")))
        raise _OnlyLooking
    return found


def _make_it_the_rule(actor: Actor, issue: SyncIssue, choice: str, bench: Workbench, opener: Opener, why: str) -> None:
    """Let the same be done with all records like this one from now on. Raises SettingsError where there is no rule."""
    if choice not in bench.mapping.permits:
        raise SettingsError(
            N_("“%(value)s” cannot be made a rule. These can: %(choices)s."),
            value=choice,
            choices=", ".join(bench.mapping.permits) or "–",
            code="no_rule",
        )
    option, value = bench.mapping.permits[choice]
    pairs.configure(actor, issue.table.pair, opener, {option: value}, why=why)


def _still_asked(issue: SyncIssue, other: str) -> bool:
    """Whether others are left of the several that matching found, when one of them is not it."""
    found = details(issue)
    rest = [each for each in found.get("candidates", ()) if each != other]
    if issue.state != "parked" or issue.kind != "ambiguous" or not rest:
        return False
    told = to_json({**found, "candidates": rest}).decode()
    SyncIssue.objects.filter(pk=issue.pk).update(details=told)
    return True


def _release(issue: SyncIssue) -> None:
    """A person looks at it now: what matching held back for that is held back no longer."""
    for side, external_id in (("left", issue.left_id), ("right", issue.right_id)):
        Decision.objects.filter(table=issue.table, side=side, external_id=external_id or "", choice="ask").delete()


def retry_all(
    actor: Actor, pair: Pair, opener: Opener, now: datetime, *, table: str = "", error: str = "", why: str = ""
) -> int:
    """Try every refused record again that is parked, all or those of one table or with one error. Returns how many."""
    require(actor, Doing.WORK, pair.client)
    parked = listed(actor, pair, kind="refused", state="parked", table=table, error=error)
    number = 0
    for batch in sql.batched(list(parked.values_list("pk", flat=True)), sql.BATCH):
        number += _retry(parked.filter(pk__in=batch), pair, opener)
    what = {"table": table, "error": error, "number": number}
    record(actor, pair.client, What.PARKED_RETRIED, pair.name, after=what, why=why)
    return number


def _retry(found: QuerySet[SyncIssue], pair: Pair, opener: Opener) -> int:
    benches = {bench.table: bench for bench in opener.benches(pair).values()}
    with sql.together():
        chosen = [issue for issue in found if issue.table_id in benches]
        for side in Side:
            by_feed: dict[int, list[str]] = {}
            for issue in chosen:
                external_id = issue.left_id if side is Side.LEFT else issue.right_id
                if external_id:
                    by_feed.setdefault(benches[issue.table_id].feeds[side], []).append(external_id)
            for feed, ids in by_feed.items():
                mirror.touch(feed, ids)
        SyncIssue.objects.filter(pk__in=[issue.pk for issue in chosen]).update(state="settled")
        stale.mark([pair.client_id])
    return len(chosen)


def couple(
    actor: Actor, pair: Pair, opener: Opener, table: str, left_id: str, right_id: str, now: datetime, why: str = ""
) -> str:
    """Couple two records; the next run brings their fields in step. Returns the coupling's id."""
    require(actor, Doing.WORK, pair.client)
    bench = bench_of(pair, table, opener)
    for side, external_id in ((Side.LEFT, left_id), (Side.RIGHT, right_id)):
        check_known(bench, side, external_id)
        check_free(bench, side, external_id)
    uid = coupling_id(bench.name, left_id, right_id)
    with sql.together():
        for side, external_id in ((Side.LEFT, left_id), (Side.RIGHT, right_id)):
            Decision.objects.filter(table_id=bench.table, side=side.value, external_id=external_id).delete()
        couplings.save(bench.table, [couplings.Link(uid, left_id, right_id, {}, {})], now, actor.key)
        for side, external_id in ((Side.LEFT, left_id), (Side.RIGHT, right_id)):
            keep = gather.identity_rules(bench.mapping)
            couplings.mark_coupled(bench.table, bench.siblings[side], side, [external_id], keep)
            settle_coupled(bench.table, side, [external_id], bench.feeds)
            wake(bench.pair, [external_id], bench.feeds_by_table)
        _look_again(bench, left_id, right_id)
    told_of = ((bench.table, Side.LEFT, left_id), (bench.table, Side.RIGHT, right_id))
    record(actor, pair.client, What.COUPLED, f"{table} {left_id} ↔ {right_id}", why=why, about=told_of)
    return uid


def uncouple(
    actor: Actor, pair: Pair, opener: Opener, table: str, external_id: str, now: datetime, why: str = ""
) -> None:
    """Forget a link; both records stay as they are and are left alone until a person couples or creates them."""
    require(actor, Doing.WORK, pair.client)
    bench = bench_of(pair, table, opener)
    named = Q(left_id=external_id) | Q(right_id=external_id)
    found = Coupling.objects.filter(named, table_id=bench.table)
    links = list(found)
    if not links:
        raise NotFound(N_("“%(record)s” is not coupled in %(table)s."), record=external_id, table=table)
    if len(links) > 1:
        raise SettingsError(
            N_("“%(record)s” is a record of either side in %(table)s. Name the one that it is coupled with."),
            record=external_id,
            table=table,
            code="ambiguous",
        )
    told_of = ((bench.table, Side.LEFT, links[0].left_id), (bench.table, Side.RIGHT, links[0].right_id))
    with sql.together():
        part(actor, bench, list(couplings.by_uid(bench.table, [links[0].uid]).values()), now, why)
    record(actor, pair.client, What.UNCOUPLED, f"{table} {external_id}", why=why, about=told_of)


def details(issue: SyncIssue) -> dict[str, Any]:
    """The issue's details as data: fields with base, left and right, candidates, the vendor's words."""
    found: dict[str, Any] = from_json(issue.details)
    return found


def _look_again(bench: Workbench, left_id: str | None, right_id: str | None) -> None:
    for side, external_id in ((Side.LEFT, left_id), (Side.RIGHT, right_id)):
        if external_id:
            mirror.touch(bench.feeds[side], [external_id])


def _bench(table: Table, opener: Opener) -> Workbench:
    return bench_of(table.pair, table.name, opener)


def bench_of(pair: Pair, table: str, opener: Opener) -> Workbench:
    """A table of a pair, opened for work. Raises SettingsError naming those there are."""
    benches = opener.benches(pair)
    if table not in benches:
        raise SettingsError(
            N_("There is no table “%(table)s”. Known: %(known)s."), table=table, known=", ".join(benches)
        )
    return benches[table]
