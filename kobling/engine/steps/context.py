"""What all steps of one attempt of a run work with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kobling.engine.executing import Executor, load_chunk
from kobling.engine.sending import Target
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Feed, Pair, PlanChunk, Run
from kobling.hub.planning import planned
from kobling.hub.planning.workbench import Workbench
from kobling.mapping import Side
from kobling.sdk.protocols import Clock, Resource
from kobling.sync.actions import AnyAction, from_blob, to_blob
from kobling.sync.once import Once
from kobling.sync.waiting import LoopThread


@dataclass(slots=True)
class Steps:
    """One attempt of one run, opened for its steps. ``only`` is the single record that the run is about."""

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
    handed_out: dict[str, frozenset[str]] = field(default_factory=dict)
    planned: dict[str, tuple[int, Once]] = field(default_factory=dict)

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

    def resources(self, bench: Workbench) -> dict[Side, Resource]:
        """Both sides of a table, opened."""
        return {side: self.opener.resource(self.pair, bench.name, bench.mapping, side) for side in Side}

    def resource_of(self, feed: Feed) -> Resource:
        """The resource that a feed reads."""
        connection = self.pair.left if feed.connection_id == self.pair.left_id else self.pair.right
        return self.opener.connector(connection).resources[feed.resource]

    def executor(self, chunk: int) -> Executor:
        """A stored chunk, ready to be executed."""
        table, loaded = load_chunk(chunk, self.run, self.epoch, self.opener.group(self.pair))
        bench = next(each for each in self.benches.values() if each.table == table)
        return Executor(bench, loaded, self._targets(bench), self.waiting, self.clock)

    def _targets(self, bench: Workbench) -> dict[Side, Target]:
        there = self.resources(bench)
        asking = {side: self.opener.who_am_i(self.pair, bench.name, side) for side in Side}
        return {side: Target(side, there[side], there[side.other], asking[side]) for side in Side}

    def chunk(self, bench: Workbench, seq: int) -> PlanChunk | None:
        """A chunk that this run has planned already."""
        return PlanChunk.objects.filter(run_id=self.run, table_id=bench.table, seq=seq).first()

    def decided(self, bench: Workbench) -> Once:
        """What this run's plan of a table holds that is not executed: all of it where the run only plans."""
        if not self.dry:
            return Once()
        last, once = self.planned.get(bench.name, (0, Once()))
        chunks = PlanChunk.objects.filter(run_id=self.run, table_id=bench.table, pk__gt=last).order_by("pk")
        for chunk in chunks.iterator(chunk_size=20):
            once.note(from_blob(chunk.actions.encode()))
            last = chunk.pk
        self.planned[bench.name] = (last, once)
        return once

    def store(self, bench: Workbench, seq: int, side: str, actions: Sequence[AnyAction], **more: int) -> PlanChunk:
        """Keep a chunk of a plan."""
        blob = to_blob(actions).decode()
        return PlanChunk.objects.create(
            run_id=self.run, table_id=bench.table, seq=seq, side=side, actions=blob, size=len(actions), **more
        )
