"""Undoes a run from its own journal: master data restored where untouched since, made records deleted again,
deleted ones made again.

Nothing posted is touched: a booked invoice can only be answered by a credit note, which a person confirms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Max

from kobling.access.policy import Actor, Doing, require
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import PlanChunk, Run, WriteIntent
from kobling.hub.planning import gather
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services.deciding import decide
from kobling.hub.services.log import record
from kobling.hub.store import couplings, mirror, sql
from kobling.hub.store.couplings import Link
from kobling.mapping import Side
from kobling.records import N_, SettingsError, from_json, to_json
from kobling.sdk.reading import found_of
from kobling.sync.actions import AnyAction, Create, Delete, Update, to_blob
from kobling.sync.merge import MISSING
from kobling.sync.states import Pairing, Seen

CHUNK = 200
REASON = N_("Undone by a person.")
EDITED, GONE, POSTED, UNCOUPLED, NOT_OFFERED, USED, THERE, INCOMPLETE, NOT_MADE, NO_TABLE = (
    N_("edited later"),
    N_("gone"),
    N_("posted: needs a credit note"),
    N_("no longer coupled"),
    N_("the system cannot delete it"),
    N_("used by a record that stays"),
    N_("there again"),
    N_("refers to a record that is gone"),
    N_("the system cannot make it again"),
    N_("of a table that the pair has no longer"),
)


@dataclass(slots=True)
class Undo:
    """What undoing a run would do. ``kept``: (title or id, side, external id, why it stays).

    ``posted``: (table, external id) → title; ``used``: couplings that records which stay refer to.
    """

    actions: dict[str, list[AnyAction]] = field(default_factory=lambda: defaultdict(list))
    kept: list[tuple[str, str, str, str]] = field(default_factory=list)
    posted: dict[tuple[str, str], str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        return sum(len(each) for each in self.actions.values())


def prepare(actor: Actor, run: Run, opener: Opener) -> Undo:
    """Say what undoing a run would restore and what stays, from fresh reads of the records it wrote."""
    require(actor, Doing.SPEND, run.pair.client)
    if run.state not in runs.ENDED:
        raise SettingsError(N_("Run %(run)s has not ended."), run=run.pk, code="run_going_on")
    benches = {bench.table: bench for bench in opener.benches(run.pair).values()}
    undo = Undo()
    written = WriteIntent.objects.filter(run=run, state="confirmed")
    newest = written.values("table_id", "side").annotate(last=Max("id")).order_by("-last")
    for table, side in newest.values_list("table_id", "side"):
        intents = written.filter(table_id=table, side=side).order_by("external_id", "id")
        if table not in benches:
            undo.kept += [(each.source_id, side, each.external_id or "", NO_TABLE) for each in intents.iterator()]
            continue
        for batch in _by_record(intents.iterator(chunk_size=CHUNK)):
            _prepare_batch(undo, benches[table], Side(side), batch, opener, run)
    _keep_what_is_used(undo)
    return undo


def _by_record(intents: Iterator[WriteIntent]) -> Iterator[list[WriteIntent]]:
    """Batches in which all that was written to a record stands together, in the order in which it was written."""
    batch: list[WriteIntent] = []
    for intent in intents:
        if len(batch) >= CHUNK and batch[-1].external_id != intent.external_id:
            yield batch
            batch = []
        batch.append(intent)
    if batch:
        yield batch


def _keep_what_is_used(undo: Undo) -> None:
    """A customer or product of a record that stays is not deleted under its feet."""
    for table, actions in undo.actions.items():
        for each in [a for a in actions if isinstance(a, Delete) and f"{table}:{a.coupling}" in undo.used]:
            actions.remove(each)
            undo.kept.append((each.title, each.side.value, each.external_id, USED))


def _references(value: Any) -> Iterator[str]:
    """Agreed values that name couplings, however deep they stand."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _prepare_batch(
    undo: Undo, bench: Workbench, side: Side, intents: list[WriteIntent], opener: Opener, run: Run
) -> None:
    connection = run.pair.left if side is Side.LEFT else run.pair.right
    resource = opener.connector(connection).resources[bench.mapping.resource(side)]
    ids = sorted({intent.external_id for intent in intents if intent.external_id})
    found = opener.waiting.run(found_of(resource, ids))
    mirror.put(bench.feeds[side], found.records, [], opener.clock.now())
    links = couplings.by_side(bench.table, side, ids)
    pairings = {pairing.coupling: pairing for pairing in gather.pairings_of(bench, list(links.values()))}
    there = {each.external_id for each in found.records}
    standing = (set(ids) - set(found.gone)) | _made_again(run, bench, side)
    deleted = [each for each in intents if each.operation == "delete"]
    if deleted:
        _undo_deletes(undo, bench, side, deleted, standing, resource.capabilities.create)
    for intent in _last_of_each([each for each in intents if each.operation != "delete"]):
        link = links.get(intent.external_id or "")
        pairing = pairings.get(link.uid) if link else None
        seen = pairing.seen(side) if pairing else None
        if intent.external_id not in there or seen is None or pairing is None or link is None:
            why = UNCOUPLED if intent.external_id in there else GONE
            undo.kept.append((intent.source_id, side.value, intent.external_id or "", why))
        elif seen.locked:
            _keep(undo, bench, side, seen, POSTED)
            undo.posted[(bench.name, seen.external_id)] = _title(bench, seen)
        elif intent.operation == "create":
            _undo_create(undo, bench, side, link, seen, resource.capabilities.delete)
        elif intent.operation == "update":
            _undo_update(undo, bench, side, intent, pairing, seen)


def _keep(undo: Undo, bench: Workbench, side: Side, seen: Seen, why: str) -> None:
    line = (_title(bench, seen), side.value, seen.external_id, why)
    if line not in undo.kept:
        undo.kept.append(line)
    undo.used.update(_references(seen.values))


def _undo_create(undo: Undo, bench: Workbench, side: Side, link: Link, seen: Seen, offered: bool) -> None:
    base = link.base(side)
    edited = any(
        key in seen.values and not bench.mapping.same(key, seen.values[key], value) for key, value in base.items()
    )
    if edited or not offered:
        _keep(undo, bench, side, seen, EDITED if edited else NOT_OFFERED)
        return
    undo.actions[bench.name].append(
        Delete(
            side=side,
            coupling=link.uid,
            external_id=seen.external_id,
            version=seen.version,
            title=_title(bench, seen),
            reason=REASON,
        )
    )


def _made_again(run: Run, bench: Workbench, side: Side) -> set[str]:
    """Old ids of records that an earlier undo of the same run made again."""
    earlier = WriteIntent.objects.filter(run__options__undoes=run.pk, table_id=bench.table, side=side.value)
    return set(earlier.filter(operation="create", state="confirmed").values_list("source_id", flat=True))


def _undo_deletes(
    undo: Undo, bench: Workbench, side: Side, intents: list[WriteIntent], there: set[str], offered: bool
) -> None:
    """A deleted record is made again as the mirror last saw it, with a new id; it is coupled with nothing."""
    rows = mirror.by_ids(bench.feeds[side], [str(each.external_id) for each in intents])
    for external_id, row in rows.items():
        seen = gather.seen_of(bench, side, replace(row, gone=False))
        if seen is None:
            continue
        why = THERE if external_id in there else INCOMPLETE if seen.waits or seen.problems else ""
        if why or not offered:
            _keep(undo, bench, side, seen, why or NOT_MADE)
            continue
        values = {
            each.key: seen.values[each.key]
            for each in bench.mapping.fields
            if each.key in seen.values and each.end(side) is not None and not (each.proof or each.after_proof)
        }
        undo.actions[bench.name].append(
            Create(
                side=side,
                source_id=external_id,
                values=values,
                alone=True,
                title=_title(bench, seen),
                reason=REASON,
            )
        )


def _last_of_each(intents: Sequence[WriteIntent]) -> Iterator[WriteIntent]:
    """One write for each record: its making, or its changes from the first *before* to the last *after*."""
    first: dict[str | None, WriteIntent] = {}
    for each in intents:
        known = first.get(each.external_id)
        if known is None:
            first[each.external_id] = each
        elif known.operation == "update":
            known.changes = to_json(_joined(from_json(known.changes), from_json(each.changes))).decode()
    yield from first.values()


def _joined(one: Mapping[str, list[Any]], other: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    before = {key: change[0] for key, change in (*other.items(), *one.items())}
    after = {key: change[1] for key, change in (*one.items(), *other.items())}
    return {key: [before[key], after[key]] for key in after}


def _undo_update(undo: Undo, bench: Workbench, side: Side, intent: WriteIntent, pairing: Pairing, seen: Seen) -> None:
    changes: dict[str, list[Any]] = {}
    for key, (before, after) in from_json(intent.changes).items():
        stands = seen.values.get(key, MISSING)
        if bench.mapping.same(key, stands, after):
            changes[key] = [stands, before]
        else:
            undo.kept.append((f"{_title(bench, seen)}: {key}", side.value, seen.external_id, EDITED))
    if changes:
        undo.actions[bench.name].append(
            Update(
                side=side,
                coupling=pairing.coupling,
                external_id=seen.external_id,
                other_id=pairing.id_of(side.other),
                changes=changes,
                version=seen.version,
                alone=True,
                title=_title(bench, seen),
                reason=REASON,
            )
        )


def start(actor: Actor, run: Run, undo: Undo, opener: Opener, now: datetime, why: str = "") -> Run:
    """Queue the undoing as a run of its own. Records whose making is undone are left out of later runs."""
    require(actor, Doing.WORK, run.pair.client)
    benches = opener.benches(run.pair)
    with sql.together():
        asked = runs.ask(run.pair, actor.key, now, why=why or f"undo of run {run.pk}", undoes=run.pk, chunks=[])
        seq, chunks = 0, []
        for table, actions in undo.actions.items():
            bench = benches[table]
            _leave_out(actor, bench, actions, now, why)
            for batch in sql.batched(actions, CHUNK):
                chunks.append(_store(asked, bench, batch, seq))
                seq += 1
        Run.objects.filter(pk=asked.pk).update(options={**asked.options, "chunks": chunks})
    record(actor, run.pair.client, What.RUN_UNDONE, f"{run.pair.name} #{run.pk}", why=why)
    asked.refresh_from_db()
    return asked


def _leave_out(actor: Actor, bench: Workbench, actions: list[AnyAction], now: datetime, why: str) -> None:
    deleted = [each for each in actions if isinstance(each, Delete)]
    links = couplings.by_uid(bench.table, [each.coupling for each in deleted])
    for each in deleted:
        source = each.side.other
        link = links.get(each.coupling)
        if link is None:
            continue
        source_id = link.left_id if source is Side.LEFT else link.right_id
        decide(actor, bench.table, source, source_id, "ignore", now, why=why or REASON)


def _store(run: Run, bench: Workbench, actions: list[AnyAction], seq: int) -> int:
    revs = {side: mirror.latest_rev(bench.feeds[side]) for side in Side}
    chunk = PlanChunk.objects.create(
        run=run,
        table_id=bench.table,
        seq=seq,
        actions=to_blob(actions).decode(),
        size=len(actions),
        side=Side.LEFT.value,
        after=revs[Side.LEFT],
        upto=revs[Side.LEFT],
        other_upto=revs[Side.RIGHT],
        rows=len(actions),
    )
    return chunk.pk


def _title(bench: Workbench, seen: Seen) -> str:
    return str(seen.values.get(bench.mapping.title_key) or seen.external_id)
