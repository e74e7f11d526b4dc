"""The steps of a run: each a chunk of work that may be repeated after a crash. Arguments and results are plain JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kobling.engine import approved, observing
from kobling.engine.executing import Executor, load_chunk
from kobling.engine.finishing import finish_chunk
from kobling.engine.sending import Target
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.couplings import comparing
from kobling.hub.models import Feed, Pair, PlanChunk, Run, Table
from kobling.hub.planning import by_file, gather, handed_out, held, planned
from kobling.hub.planning.workbench import Workbench
from kobling.hub.runs import jobs, reporting
from kobling.hub.store import couplings, journal, mirror, pointing, sql
from kobling.mapping import Side
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Clock, Reporting, Resource
from kobling.sync import checkpoints
from kobling.sync.actions import AnyAction, RaiseConflict, Skip, Update, from_blob, to_blob
from kobling.sync.brake import Counts, brake
from kobling.sync.doubts import doubts, points
from kobling.sync.plan import plan
from kobling.sync.waiting import LoopThread

CHUNK = 1000
HANDED_OUT_CHUNK = 200
TOLD_AT_ONCE = 500
INDEX_CHUNK = 2000
PROVEN_AT_ONCE = 500
MANY_ECHOES = 500
ECHO_PAUSE = 4.0


@dataclass(slots=True)
class Steps:
    """All steps of one attempt of one run."""

    run: int
    epoch: int
    opener: Opener
    waiting: LoopThread
    clock: Clock
    only: dict[str, Any] | None = None
    dry: bool = False
    undoing: bool = False
    pair: Pair = field(init=False)
    benches: dict[str, Workbench] = field(init=False)
    _handed_out: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        row = Run.objects.select_related("pair__left", "pair__right", "pair__client").get(pk=self.run)
        self.pair = row.pair
        self.only = row.options.get("only")
        self.dry = row.kind == "plan"
        self.undoing = "undoes" in row.options
        self.benches = self.opener.benches(self.pair)
        if self.dry:
            for bench in self.benches.values():
                bench.resolver = planned.PlannedResolver(bench.resolver, self.run)

    def call(self, name: str, *args: Any) -> Any:
        """Do one step by name, unless the run was cancelled."""
        runs.stop_if_cancelled(self.run)
        step: Callable[..., Any] = getattr(self, f"do_{name}")
        return step(*args)

    def do_begin(self) -> dict[str, Any]:
        """What there is to do: feeds to read and tables in dependency order."""
        row = Run.objects.get(pk=self.run)
        if shown := row.options.get("plan"):
            runs.require_fresh(Run.objects.get(pk=shown), self.clock.now())
        feeds = [] if self.only else [feed for side in Side for feed in self._feeds_of(side)]
        tables = self.tables
        leftovers = [] if self.dry else journal.unfinished_chunks(self.pair.pk)
        depends = {name: list(bench.mapping.depends_on) for name, bench in self.benches.items()}
        fields = {name: bench.mapping.fields for name, bench in self.benches.items()}
        proofs = [
            name
            for name, each in fields.items()
            if any(one.proof or one.after_proof for one in each) or self.benches[name].mapping.handed_back
        ]
        refreshes = [name for name, bench in self.benches.items() if bench.mapping.refreshes]
        work = {"feeds": feeds, "tables": tables, "leftovers": leftovers, "proofs": proofs, "depends": depends}
        work |= {"refreshes": refreshes, "reports": self.reporting, "tables_of": self._tables_of()}
        return {**work, "dry": self.dry, "options": row.options}

    @property
    def reporting(self) -> list[str]:
        """Tables whose left side waits to hear what became of its records."""
        return [name for name, bench in self.benches.items() if bench.mapping.reports is not None]

    @property
    def tables(self) -> list[str]:
        """The tables that this run is about."""
        if self.only:
            return [str(self.only["table"])]
        chosen = Run.objects.values_list("options", flat=True).get(pk=self.run).get("tables")
        return [name for name in self.benches if not chosen or name in chosen]

    def do_finish(self, table: str) -> None:
        """A table is through."""
        journal.fence_now(self.run, self.epoch)
        jobs.ended(self.run, self.benches[table].table, runs.DONE, self.clock.now())

    def do_fail(self, table: str, failure: dict[str, Any]) -> None:
        """Remember that a table failed, or was held up, and why."""
        journal.fence_now(self.run, self.epoch)
        jobs.ended(self.run, self.benches[table].table, failure["outcome"], self.clock.now(), failure)

    def do_report_begin(self, table: str) -> None:
        """Tell the side that hands out records that the work has started."""
        resource = self._resources(self.benches[table])[Side.LEFT]
        if isinstance(resource, Reporting):
            self.waiting.run(resource.begin())

    def do_report_chunk(self, table: str, chunk: int) -> None:
        """Tell what became of the records that one chunk made."""
        bench = self.benches[table]
        made = [each for each in journal.made_from(chunk) if each in self._awaited(bench)]
        self._tell(bench, made)

    def do_report(self, table: str) -> None:
        """Tell what became of the rest that was handed out; what is not settled yet is told by a later run."""
        bench = self.benches[table]
        resource = self._resources(bench)[Side.LEFT]
        if isinstance(resource, Reporting):
            self._tell(bench, list(self.waiting.run(resource.awaited())))
            self.waiting.run(resource.end())

    def _tell(self, bench: Workbench, ids: list[str]) -> None:
        resource = self._resources(bench)[Side.LEFT]
        if isinstance(resource, Reporting):
            language = str(self.pair.options.get("language") or reporting.LANGUAGE)
            journal.fence_now(self.run, self.epoch)
            for some in groups(ids, TOLD_AT_ONCE):
                self.waiting.run(resource.tell(reporting.results(bench, some, self.clock.now(), language)))

    def _awaited(self, bench: Workbench) -> frozenset[str]:
        """Records that are handed out now; asked once in an attempt."""
        if bench.name not in self._handed_out:
            resource = self._resources(bench)[Side.LEFT]
            told = self.waiting.run(resource.awaited()) if isinstance(resource, Reporting) else ()
            self._handed_out[bench.name] = frozenset(told)
        return self._handed_out[bench.name]

    def do_give_up(self, table: str, failure: dict[str, Any]) -> None:
        """Tell the side that hands out records that nothing can be done with them until something is set up."""
        resource = self._resources(self.benches[table])[Side.LEFT]
        if isinstance(resource, Reporting):
            language = str(self.pair.options.get("language") or reporting.LANGUAGE)
            self.waiting.run(resource.give_up(reporting.said(failure, language)))

    def do_look_up(self, chunk: int) -> None:
        """Find out what became of an earlier run's unanswered writes."""
        executor = self._executor(chunk)
        executor.chunk.actions = approved.with_real_values(executor.chunk.actions, executor.bench)
        executor.look_up_only()

    def do_observe(self, feed: int) -> dict[str, Any]:
        """Read some pages of one feed into the mirror."""
        row = Feed.objects.get(pk=feed)
        runs.progress(self.run, f"read {row.resource}", mirror.count(feed))
        return observing.observe(self._place(feed), self._resource_of(row), self.waiting, self.clock)

    def do_sweep(self, feed: int, full: bool) -> dict[str, Any]:
        """Look for records that vanished without a word, where the vendor has no feed of deletions."""
        row = Feed.objects.get(pk=feed)
        return observing.sweep(self._place(feed), self._resource_of(row), self.waiting, self.clock, full)

    def do_fetch(self) -> None:
        """Read the one record that was asked for afresh."""
        assert self.only is not None
        bench, side = self.benches[self.only["table"]], Side(self.only["side"])
        resource = self._resources(bench)[side]
        record = self.waiting.run(resource.get(self.only["id"]))
        mirror.put(bench.feeds[side], [record], [], self.clock.now())
        mirror.touch(bench.feeds[side], [record.external_id])

    def do_window(self, table: str) -> dict[str, Any]:
        """The revs that this run covers on both sides of a table; what moves meanwhile is the next run's.

        A run that was asked to look at everything ``again`` covers all of them.
        """
        bench = self.benches[table]
        if bench.mapping.ready is not None:
            bench.mapping.ready(bench.resolver)
        comparing.require(bench, self.clock.now())
        if bench.mapping.reports is None:
            held.look_again(bench)
        row = Table.objects.get(pk=bench.table)
        revs = dict(Feed.objects.filter(pk__in=bench.feeds.values()).values_list("pk", "rev"))
        again = bool(Run.objects.values_list("options", flat=True).get(pk=self.run).get("again"))
        cursors = {Side.LEFT: 0, Side.RIGHT: 0} if again else {Side.LEFT: row.cursor_left, Side.RIGHT: row.cursor_right}
        moved = sum(mirror.waiting(bench.feeds[side], cursors[side], revs[bench.feeds[side]]) for side in Side)
        runs.progress(self.run, f"write {table}", 0, moved)
        jobs.began(self.run, bench.table)
        return {
            "left": [cursors[Side.LEFT], revs[bench.feeds[Side.LEFT]]],
            "right": [cursors[Side.RIGHT], revs[bench.feeds[Side.RIGHT]]],
            "first": bench.mapping.leading.value,
        }

    def do_brake(self, table: str, window: dict[str, Any], confirmed: list[str]) -> None:
        """Raises Unsafe when the mapping looks improbable and nobody confirmed it."""
        bench = self.benches[table]
        gone = {
            side: couplings.newly_gone(bench.table, side, bench.feeds[side], window[side.value][0]) for side in Side
        }
        counts = Counts(
            mirror.count(bench.feeds[Side.LEFT]),
            mirror.count(bench.feeds[Side.RIGHT]),
            couplings.count(bench.table),
            gone[Side.LEFT],
            gone[Side.RIGHT],
        )
        for unsafe in brake(bench.mapping, counts):
            if str(unsafe.code) not in confirmed:
                raise unsafe

    def do_index(self, table: str, side: str, upto: int) -> bool:
        """Key moved rows for matching; True while there are more."""
        bench = self.benches[table]
        row = Table.objects.get(pk=bench.table)
        column = f"indexed_{side}"
        reached = gather.index(bench, Side(side), getattr(row, column), upto, INDEX_CHUNK)
        Table.objects.filter(pk=bench.table).update(**{column: reached if reached is not None else upto})
        return reached is not None

    def do_plan(self, table: str, side: str, seq: int, window: dict[str, Any], after: int) -> dict[str, Any] | None:
        """Plan the next chunk and store it; None when nothing is left."""
        bench = self.benches[table]
        known = PlanChunk.objects.filter(run_id=self.run, table_id=bench.table, seq=seq).first()
        if known is not None:
            return {"chunk": known.pk, "upto": known.upto, "rows": known.rows, "size": known.size}
        first = None if side == window["first"] else (window[window["first"]][0], window[window["first"]][1])
        bench.resolver.forget()
        if seq == 0 or after == window[side][0]:
            jobs.direction_begins(self.run, bench.table, Side(side).other)
        if self.only:
            batch = self._only(bench, side, window)
        else:
            size = CHUNK if bench.mapping.reports is None else HANDED_OUT_CHUNK
            batch = gather.gather(bench, Side(side), after, window[side][1], size, first)
        if batch is None:
            return None
        questions: list[RaiseConflict] = []
        if bench.mapping.reports is not None:
            batch, questions = handed_out.split(bench, batch, self._awaited(bench))
        batch, elsewhere = by_file.split(bench, self.pair, batch)
        told: list[AnyAction] = [*questions, *elsewhere, *doubts(bench.mapping, batch.work), *points(batch.work)]
        actions = [*plan(bench.mapping, batch.work), *told]
        revs = {"after": after, "upto": batch.upto, "other_upto": window[Side(side).other.value][1]}
        row = self._store(bench, seq, side, actions, rows=batch.rows, **revs)
        checkpoints.reach(checkpoints.PLANNED)
        return {"chunk": row.pk, "upto": batch.upto, "rows": batch.rows, "size": len(actions)}

    def do_execute(self, chunk: int) -> None:
        """Execute a stored chunk, then advance the table's cursor."""
        executor = self._executor(chunk)
        executor.execute()
        done = finish_chunk(executor.chunk, executor.bench, moves_cursor=self.only is None)
        runs.progress(self.run, f"write {executor.bench.name}", done)

    def do_stale(self, table: str) -> list[int]:
        """Reference feeds that changed because this table was written."""
        bench = self.benches[table]
        if not any(journal.confirmed(self.run, bench.table).values()):
            return []
        connections = (self.pair.left_id, self.pair.right_id)
        wanted = Feed.objects.filter(connection_id__in=connections, resource__in=bench.mapping.refreshes)
        return list(wanted.values_list("pk", flat=True))

    def do_written(self, table: str, after: str, chunk: int | None) -> list[str]:
        """The next couplings that this run, or one chunk of it, wrote to, in the order of their ids."""
        return journal.couplings_written(self.run, self.benches[table].table, after, PROVEN_AT_ONCE, chunk)

    def do_plan_pointed(self, table: str, seq: int) -> int | None:
        """Plan records with a field that points to one that was coupled meanwhile; None when there are none left."""
        bench = self.benches[table]
        known = PlanChunk.objects.filter(run_id=self.run, table_id=bench.table, seq=seq).first()
        if known is not None:
            return known.pk
        due = pointing.due(bench.table, PROVEN_AT_ONCE)
        if not due:
            return None
        bench.resolver.forget()
        work = [each for side, ids in due.items() for each in gather.of(bench, side, ids)]
        actions: list[AnyAction] = [*plan(bench.mapping, work), *points(work)]
        with sql.together():
            journal.fence(self.run, self.epoch)
            for side, ids in due.items():
                pointing.forget(bench.table, side, ids)
            return self._store(bench, seq, Side.LEFT.value, actions).pk

    def do_plan_again(self, table: str, seq: int, written: list[str]) -> dict[str, Any]:
        """Plan couplings that were just written, from what the vendors answered."""
        bench = self.benches[table]
        known = PlanChunk.objects.filter(run_id=self.run, table_id=bench.table, seq=seq).first()
        if known is None:
            bench.resolver.forget()
            links = couplings.by_uid(bench.table, written)
            work = gather.pairings_of(bench, list(links.values()))
            actions = [each for each in plan(bench.mapping, work) if not isinstance(each, Skip)]
            known = self._store(bench, seq, Side.LEFT.value, actions)
        updates = sum(isinstance(each, Update) for each in from_blob(known.actions.encode()))
        return {"chunk": known.pk, "updates": updates}

    def do_execute_again(self, chunk: int) -> None:
        """Execute a chunk of proving; the cursors stay where they are."""
        executor = self._executor(chunk)
        executor.execute()
        finish_chunk(executor.chunk, executor.bench, moves_cursor=False)

    def do_arrive(self, table: str, side: str, upto: int) -> None:
        """Everything up to a rev was planned and executed: the next run begins behind it."""
        bench = self.benches[table]
        if self.only is None:
            journal.fence_now(self.run, self.epoch)
            Table.objects.filter(pk=bench.table).update(**{f"cursor_{side}": upto})
        jobs.direction_done(self.run, bench.table, Side(side).other)

    def do_execute_approved(self, chunk: int, failed: list[str]) -> None:
        """Execute a chunk of an approved plan as it was shown; records that moved since are left for the next plan.

        Nothing is done in a table whose records could not be read first.
        """
        executor = self._executor(chunk)
        if executor.bench.name not in failed:
            check = approved.untouched if self.undoing else approved.still_true
            executor.chunk.actions = check(executor.bench, executor.chunk, journal.of_chunk(chunk))
            executor.execute()
            finish_chunk(executor.chunk, executor.bench, moves_cursor=False)

    def do_echoes(self) -> list[int]:
        """Feeds that this run wrote so much to that the next run would have pages of our own writes to read.

        The pause lets the vendor's clock pass the overlap that its connector reads again each time.
        """
        written: Counter[int] = Counter()
        for bench in self.benches.values():
            for side, number in journal.confirmed(self.run, bench.table).items():
                if self._resources(bench)[Side(side)].capabilities.changed_since:
                    written[bench.feeds[Side(side)]] += number
        many = [feed for feed, number in written.items() if number >= MANY_ECHOES]
        if many:
            self.waiting.run(self.clock.sleep(ECHO_PAUSE))
        return many

    def _only(self, bench: Workbench, side: str, window: dict[str, Any]) -> gather.Batch | None:
        assert self.only is not None
        if side != self.only["side"] or PlanChunk.objects.filter(run_id=self.run, table_id=bench.table).exists():
            return None
        snapshot = mirror.by_ids(bench.feeds[Side(side)], [self.only["id"]])
        revs = [row.rev for row in snapshot.values()]
        return gather.gather(bench, Side(side), revs[0] - 1, revs[0], 1) if revs else None

    def _store(self, bench: Workbench, seq: int, side: str, actions: Sequence[AnyAction], **more: int) -> PlanChunk:
        blob = to_blob(actions).decode()
        return PlanChunk.objects.create(
            run_id=self.run, table_id=bench.table, seq=seq, side=side, actions=blob, size=len(actions), **more
        )

    def _executor(self, chunk: int) -> Executor:
        table, loaded = load_chunk(chunk, self.run, self.epoch, self.opener.group(self.pair))
        bench = next(each for each in self.benches.values() if each.table == table)
        return Executor(bench, loaded, self._targets(bench), self.waiting, self.clock)

    def _targets(self, bench: Workbench) -> dict[Side, Target]:
        resources = self._resources(bench)
        return {
            side: Target(
                side, resources[side], resources[side.other], self.opener.who_am_i(self.pair, bench.name, side)
            )
            for side in Side
        }

    def _resources(self, bench: Workbench) -> dict[Side, Resource]:
        return {side: self.opener.resource(self.pair, bench.name, bench.mapping, side) for side in Side}

    def _resource_of(self, feed: Feed) -> Resource:
        connection = self.pair.left if feed.connection_id == self.pair.left_id else self.pair.right
        return self.opener.connector(connection).resources[feed.resource]

    def _place(self, feed: int) -> observing.Place:
        tables = [(each.table, side) for each in self.benches.values() for side in Side if each.feeds[side] == feed]
        return observing.Place(feed, self.run, self.epoch, () if self.dry else tables)

    def _tables_of(self) -> dict[str, list[str]]:
        """Feed → the tables that cannot do without it; none for one that is only looked things up in."""
        found: dict[str, list[str]] = {}
        for name, bench in self.benches.items():
            for feed in bench.feeds.values():
                found.setdefault(str(feed), []).append(name)
        return found

    def _feeds_of(self, side: Side) -> list[int]:
        connection = self.pair.left if side is Side.LEFT else self.pair.right
        wanted = list(self.opener.reference_resources(self.pair, side))
        wanted += [bench.mapping.resource(side) for bench in self.benches.values()]
        return [
            Feed.objects.get_or_create(connection=connection, resource=resource)[0].pk
            for resource in dict.fromkeys(wanted)
        ]
