"""Sync issues: listed, retried, and settled by what a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from kobling.access.policy import Actor, Doing, NotFound, clients_of, require
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Coupling, Decision, Pair, SyncIssue, Table
from kobling.hub.planning import gather
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services import pairs
from kobling.hub.services.log import record
from kobling.hub.store import couplings, mirror, sql
from kobling.hub.store.issues import settle_coupled, wake
from kobling.mapping import ConflictPolicy, DeletionPolicy, Side
from kobling.records import N_, SettingsError, from_json, to_json
from kobling.sync.states import coupling_id

CHOICES = ("retry", "left", "right", "couple", "create", "never", "ignore", "uncouple", "restore", "delete")


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

    retry; left or right (that side's values win, once); couple (with ``other``); create (it is a new one); never
    (with ``other``: they are not the same); ignore (leave it out); uncouple; restore or delete (one side vanished).
    Beside these what the table permits for a record that is held back; ``remember`` makes that the pair's rule.
    """
    require(actor, Doing.WORK, issue.table.pair.client)
    bench = _bench(issue.table, opener)
    known = (*CHOICES, *bench.mapping.permits)
    if choice not in known:
        raise SettingsError(
            N_("“%(value)s” is not a choice for %(option)s. Choose one of: %(choices)s."),
            value=choice,
            option="issue",
            choices=", ".join(known),
        )
    if remember:
        _make_it_the_rule(actor, issue, choice, bench, opener, why)
    with sql.together():
        _decide(actor, issue, choice, bench, now, other, why)
        if choice != "never" or not _still_asked(issue, other):
            _release(issue)
            SyncIssue.objects.filter(pk=issue.pk).update(state="settled")
        _look_again(bench, issue.left_id, issue.right_id)
    client = issue.table.pair.client
    about = ((bench.table, Side.LEFT, issue.left_id), (bench.table, Side.RIGHT, issue.right_id))
    subject = f"{issue.table.name} {issue.title}"
    record(actor, client, f"issue settled: {choice}", subject, after=other or None, why=why, about=about)


def _decide(actor: Actor, issue: SyncIssue, choice: str, bench: Workbench, now: datetime, other: str, why: str) -> None:
    if choice in ("left", "right"):
        _coupled(issue).update(policy=ConflictPolicy(choice).value)
    elif choice == "uncouple":
        _uncouple(actor, bench, _coupled(issue), now, why)
    elif choice in ("restore", "delete"):
        _coupled(issue).update(policy=DeletionPolicy(choice).value)
    elif choice in bench.mapping.permits:
        for side, external_id in ((Side.LEFT, issue.left_id), (Side.RIGHT, issue.right_id)):
            if external_id:
                told = {"decided_by": actor.key, "why": why, "decided_at": now}
                Decision.objects.get_or_create(
                    table_id=bench.table, side=side.value, external_id=external_id, choice=choice, defaults=told
                )
    elif choice in ("couple", "create", "never", "ignore"):
        side, external_id = (Side.LEFT, issue.left_id) if issue.left_id else (Side.RIGHT, issue.right_id)
        both = issue.right_id if side is Side.LEFT else None
        other = other or both or _only_candidate(issue) if choice in ("couple", "never") else ""
        if choice == "ignore" and both:
            decide(actor, bench.table, side.other, both, choice, now, why=why)
        if choice == "couple":
            _check_free(bench, side.other, other)
        decide(actor, bench.table, side, external_id or "", choice, now, other=other, why=why)


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
    about = {"table": table, "error": error, "number": number}
    record(actor, pair.client, "parked records retried", pair.name, after=about, why=why)
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
    return len(chosen)


def decide_many(
    actor: Actor, table: int, side: Side, external_ids: Sequence[str], choice: str, now: datetime, why: str = ""
) -> None:
    """Remember the same word on many records; it replaces older ones on what to do with them."""
    _require_table(actor, table)
    for batch in sql.batched(external_ids, sql.BATCH // 2):
        mine = Decision.objects.filter(table_id=table, side=side.value, external_id__in=batch)
        mine.exclude(choice="never").delete()
        told = {"choice": choice, "decided_by": actor.key, "why": why, "decided_at": now}
        Decision.objects.bulk_create(
            [Decision(table_id=table, side=side.value, external_id=each, **told) for each in dict.fromkeys(batch)]
        )


def decide(
    actor: Actor,
    table: int,
    side: Side,
    external_id: str,
    choice: str,
    now: datetime,
    *,
    other: str = "",
    why: str = "",
) -> None:
    """Remember what a person said of a record; a new word on what to do with it replaces the old one."""
    _require_table(actor, table)
    mine = Decision.objects.filter(table_id=table, side=side.value, external_id=external_id)
    if choice != "never":
        mine.exclude(choice="never").delete()
    Decision.objects.get_or_create(
        table_id=table,
        side=side.value,
        external_id=external_id,
        choice=choice,
        other_id=other,
        defaults={"decided_by": actor.key, "why": why, "decided_at": now},
    )


def _require_table(actor: Actor, table: int) -> None:
    """A table is given by number here, which may be anybody's."""
    client = Table.objects.filter(pk=table).values_list("pair__client", flat=True).first()
    require(actor, Doing.WORK, client or 0)


def couple(
    actor: Actor, pair: Pair, opener: Opener, table: str, left_id: str, right_id: str, now: datetime, why: str = ""
) -> str:
    """Couple two records; the next run brings their fields in step. Returns the coupling's id."""
    require(actor, Doing.WORK, pair.client)
    bench = bench_of(pair, table, opener)
    for side, external_id in ((Side.LEFT, left_id), (Side.RIGHT, right_id)):
        _check_known(bench, side, external_id)
        _check_free(bench, side, external_id)
    uid = coupling_id(bench.name, left_id, right_id)
    with sql.together():
        for side, external_id in ((Side.LEFT, left_id), (Side.RIGHT, right_id)):
            Decision.objects.filter(table_id=bench.table, side=side.value, external_id=external_id).delete()
        couplings.save(bench.table, [couplings.Link(uid, left_id, right_id, {}, {})], now, actor.key)
        for side, external_id in ((Side.LEFT, left_id), (Side.RIGHT, right_id)):
            keep = gather.identity_rules(bench.mapping)
            couplings.mark_coupled(bench.table, bench.siblings[side], side, [external_id], keep)
            settle_coupled(bench.table, side, [external_id])
            wake(bench.pair, [external_id], bench.feeds_by_table)
        _look_again(bench, left_id, right_id)
    about = ((bench.table, Side.LEFT, left_id), (bench.table, Side.RIGHT, right_id))
    record(actor, pair.client, "coupled", f"{table} {left_id} ↔ {right_id}", why=why, about=about)
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
    about = ((bench.table, Side.LEFT, links[0].left_id), (bench.table, Side.RIGHT, links[0].right_id))
    with sql.together():
        _uncouple(actor, bench, found, now, why)
    record(actor, pair.client, "uncoupled", f"{table} {external_id}", why=why, about=about)


def details(issue: SyncIssue) -> dict[str, Any]:
    """The issue's details as data: fields with base, left and right, candidates, the vendor's words."""
    found: dict[str, Any] = from_json(issue.details)
    return found


def _uncouple(actor: Actor, bench: Workbench, found: QuerySet[Coupling], now: datetime, why: str) -> None:
    for each in list(found):
        couplings.remove(bench.table, [each.uid])
        for side, external_id in ((Side.LEFT, each.left_id), (Side.RIGHT, each.right_id)):
            decide(actor, bench.table, side, external_id, "ignore", now, why=why or "uncoupled")


def _coupled(issue: SyncIssue) -> QuerySet[Coupling]:
    found = Coupling.objects.filter(table=issue.table, uid=issue.coupling or "")
    if not found.exists():
        raise SettingsError(N_("This issue is not about a coupled record; that choice does not fit."), code="misfit")
    return found


def _only_candidate(issue: SyncIssue) -> str:
    candidates: Sequence[str] = details(issue).get("candidates", ())
    if len(candidates) != 1:
        raise SettingsError(
            N_("Say with which record: %(candidates)s."), candidates=", ".join(candidates) or "-", code="which_one"
        )
    return candidates[0]


def _check_known(bench: Workbench, side: Side, external_id: str) -> None:
    row = mirror.by_ids(bench.feeds[side], [external_id]).get(external_id)
    if row is None or row.gone:
        raise NotFound(
            N_("There is no record “%(record)s” in %(resource)s."),
            record=external_id,
            resource=bench.mapping.resource(side),
        )


def _check_free(bench: Workbench, side: Side, external_id: str) -> None:
    if couplings.coupled_in([bench.table, *bench.siblings[side]], side, [external_id]):
        raise SettingsError(
            N_("“%(record)s” is coupled already. Uncouple it first."), record=external_id, code="coupled_already"
        )


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
