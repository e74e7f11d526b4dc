"""Two simulated systems with the whole engine between them, run as the durable engine runs it, killed and gone on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.db import connection

from kobling.access.policy import Actor
from kobling.engine import observing
from kobling.engine.attempt import attempt, guarded
from kobling.engine.requests import Step
from kobling.engine.steps import Steps, planning, reading
from kobling.hub import runs
from kobling.hub.models import Pair, Run, WriteIntent
from kobling.hub.store.journal import Fenced
from kobling.mapping import ConflictPolicy, DeletionPolicy, Side
from kobling.records import Record
from kobling.sdk.protocols import Capabilities, Deletions, Operation, Write
from kobling.sync import checkpoints
from tests.engine.bench import Bench
from tests.simulation import judged, tables, weather
from tests.simulation.book import Book, Where, spell
from tests.simulation.turns import Turns
from tests.simulation.vendor import Counting, Killed, Vendor, Watcher
from tests.simulation.weather import CALM, Weather

BY = Actor.operator("simulation")
MOST_KILLS = 3
STATEMENTS = 260
"""About as many statements as a run makes: we die before one of them."""


@dataclass(slots=True)
class Rules:
    """What a seed decides about a pair."""

    tables: tuple[str, ...]
    conflict: dict[str, ConflictPolicy]
    deletion: dict[str, DeletionPolicy]
    leading: Side
    style: dict[Side, str]
    capabilities: dict[Side, Capabilities]
    counting: dict[Side, bool]
    page_size: int
    chunk: int
    group: int
    ahead: int
    echoes: int

    @staticmethod
    def drawn(rng: Random) -> Rules:
        """Mostly what businesses have: questions are asked, both systems can do nearly everything."""
        chosen = rng.choice((("customers",), ("customers", "orders"), ("customers", "orders"), tuple(tables.FIELDS)))
        style = {side: rng.choice(("log", "instants", "none")) for side in Side}
        return Rules(
            tables=chosen,
            conflict={name: rng.choice([ConflictPolicy.ASK, *ConflictPolicy]) for name in chosen},
            deletion={name: rng.choice([DeletionPolicy.ASK, *DeletionPolicy]) for name in chosen},
            leading=rng.choice(list(Side)),
            style=style,
            capabilities={side: _capabilities(rng, style[side]) for side in Side},
            counting={side: rng.random() < 0.3 for side in Side},
            page_size=rng.choice((2, 3, 50)),
            chunk=rng.choice((1, 3, 1000)),
            group=rng.choice((1, 2, 25)),
            ahead=rng.choice((1, 2, 5)),
            echoes=rng.choice((1, 500)),
        )

    def words(self) -> str:
        sides = [
            f"{side.value}: feed {self.style[side]}, deletions by {self.capabilities[side].deletions.value},"
            f" {'versions' if self.capabilities[side].version_token else 'no versions'},"
            f" creates {'by key' if self.capabilities[side].idempotent_create else 'without a key'}"
            for side in Side
        ]
        rules = [f"{name} ({self.conflict[name].value}/{self.deletion[name].value})" for name in self.tables]
        return f"{'; '.join(sides)}; tables (conflict/deletion): {', '.join(rules)}; {self.leading.value} leads"


def _capabilities(rng: Random, style: str) -> Capabilities:
    feed = style != "none" and rng.random() < 0.5
    return Capabilities(
        create=True,
        update=True,
        delete=True,
        changed_since=style != "none",
        deletions=Deletions.FEED if feed else Deletions.SWEEP,
        version_token=rng.random() < 0.6,
        idempotent_create=rng.random() < 0.4,
        batch_size=20,
    )


class Process:
    """What one process of ours does until it dies; ``dies_at`` counts statements, ``dies_on`` checkpoints."""

    def __init__(self, rng: Random, *, mortal: bool) -> None:
        dies = mortal and rng.random() < 0.35
        self.dies_at = rng.randint(1, STATEMENTS) if dies and rng.random() < 0.6 else 0
        self.dies_on = rng.randint(1, 14) if dies and not self.dies_at else 0
        overtaken = mortal and rng.random() < 0.08
        self.overtaken = rng.choice(("step", checkpoints.JOURNALED)) if overtaken else ""
        self.overtaken_at = rng.randint(1, 40 if self.overtaken == "step" else 4)
        self.looking = False

    def is_overtaken(self, moment: str) -> bool:
        """Whether another worker takes over at this moment."""
        if moment != self.overtaken:
            return False
        self.overtaken_at -= 1
        return not self.overtaken_at

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.dies_at and not self.looking:
            self.dies_at -= 1
            if not self.dies_at:
                raise Killed
        return execute(sql, params, many, context)

    def checkpoint(self) -> None:
        if self.dies_on:
            self.dies_on -= 1
            if not self.dies_on:
                raise Killed


@dataclass
class World(Bench, Watcher):
    """A bench between two ``Vendor``s each, that writes everything down."""

    rng: Random = field(default_factory=lambda: Random(0))
    rules: Rules = field(default_factory=lambda: Rules.drawn(Random(0)))
    book: Book = field(default_factory=Book)
    act: Callable[[], None] = field(default=lambda: None)
    """What people do at any moment, on their side."""

    def __post_init__(self) -> None:
        self.mappings = {
            name: tables.mapping(name, self.rules.conflict[name], self.rules.deletion[name], self.rules.leading)
            for name in self.rules.tables
        }
        self.waits = lambda: Turns(lambda: self.rng.randint(1, self.rules.ahead))
        super().__post_init__()
        Pair.objects.filter(pk=self.pair.pk).update(uid=UUID(int=7))
        self.pair.refresh_from_db()
        self.vendors: dict[tuple[str, Side], Vendor] = {}
        for side, system in ((Side.LEFT, self.left), (Side.RIGHT, self.right)):
            system.resources.clear()
            for table in self.rules.tables:
                made = self._vendor(tables.resource(table, side), side)
                system.resources[made.name] = self.vendors[table, side] = made
                made.watcher = self
        self.names = {id(vendor): where for where, vendor in self.vendors.items()}
        self.process = Process(self.rng, mortal=False)
        self.zombie = False
        self.undo_going_on = False
        self.recorded: list[tuple[Step[Any], Any]] = []
        self.book.tell(self.rules.words())

    def _vendor(self, name: str, side: Side) -> Vendor:
        kind = Counting if self.rules.counting[side] else Vendor
        return kind(name, self.clock, self.rules.style[side], self.rules.capabilities[side], self.rules.page_size)

    def where(self, vendor: Vendor, external_id: str) -> Where:
        table, side = self.names[id(vendor)]
        return table, side, external_id

    def vendor(self, where: Where) -> Vendor:
        return self.vendors[where[0], where[1]]

    def living(self, where: Where) -> bool:
        return self.vendor(where).now_says(where[2]) is not None

    def set_weather(self, now: Weather) -> None:
        """What goes wrong from now on, at every vendor alike."""
        for vendor in self.vendors.values():
            vendor.weather = now
            if now is CALM:
                vendor.quiet()

    @contextmanager
    def small(self) -> Iterator[None]:
        """Small steps, so that a small world has many of them; and checkpoints that we can die at."""
        with ExitStack() as stack:
            for owner, name, value in (
                (planning, "CHUNK", self.rules.chunk),
                (planning, "INDEX_CHUNK", max(2, self.rules.chunk)),
                (reading, "MANY_ECHOES", self.rules.echoes),
                (observing, "PAGES_PER_STEP", 2),
                (observing, "CONFIRM_AT_ONCE", 2),
                (checkpoints, "reach", self._reach),
            ):
                stack.enter_context(patch.object(owner, name, value))
            yield

    # Runs.

    def begin(self, kind: str = "sync", **options: Any) -> Run | None:
        """Ask for a run and claim it."""
        asked = runs.ask(self.pair, BY.key, self.clock.now(), kind=kind, **options)
        return self.claim(asked)

    def claim(self, asked: Run) -> Run:
        self.clock.turn(1)
        assert runs.claim_this(asked.pk, "simulation", self.clock.now()) is not None, "the connections are not free"
        return asked

    def go_through(self, run: Run, wind: Weather) -> Run:
        """Attempt a run until it ends, dying as the seed decides."""
        self.set_weather(wind)
        self.run_now, self.recorded = run, []
        calm = wind is CALM or not wind.chances
        for life in range(MOST_KILLS + 1):
            mortal = life < MOST_KILLS and not calm
            if not mortal:
                wind.chances.pop("killed", None)
            try:
                self._live(Process(self.rng, mortal=mortal))
                break
            except Killed:
                self.zombie = False
                for vendor in self.vendors.values():
                    vendor.hang_up(lambda write: any(each.closed_at for each in self.intents(write.key)))
                self.book.tell("  we are killed")
                self.clock.turn(self.rng.choice((0.2, 1.0, 5.0, 7200.0)))
                while self.rng.random() < 0.4:
                    self.act()
                self.book.tell("  we start again")
        self.zombie = False
        run.refresh_from_db()
        told = f", {run.error['kind']} {run.error.get('code')}" if run.error else ""
        self.book.tell(f"  run {run.kind} ended {run.state}{told}")
        if run.error and run.error.get("code") in ("fault", "no_outcome"):
            self.book.blame(f"a run broke: {run.error.get('detail')}")
        self.set_weather(CALM)
        return run

    def _live(self, process: Process) -> None:
        """One attempt in one process. What was recorded of steps is not done again."""
        run, before, self.process = self.run_now, self.process, process
        done = iter(list(self.recorded))
        try:
            with connection.execute_wrapper(process.statement):
                epoch = runs.new_attempt(run.pk, "simulation")
                mine = Steps(run.pk, epoch, self.opener, self.waiting, self.clock)  # type: ignore[arg-type]
                attempt(mine, lambda step: self._step(mine, done, step), self.clock.turn)
        except Fenced:
            self.book.tell("  the overtaken worker stops")
        finally:
            self.process = before

    def _step(self, mine: Steps, done: Iterator[Any], step: Step[Any]) -> Any:
        known = next(done, None)
        if known is not None:
            assert known[0] == step, f"the flow took another way: {step} instead of {known[0]}"
            return known[1]
        self._reach("step")
        answer = json.loads(json.dumps(guarded(mine, step)))
        self.process.checkpoint()
        if not self.zombie:
            self.recorded.append((step, answer))
        return answer

    def _reach(self, moment: str) -> None:
        """A moment at which we may die, or at which another worker may take over while this one only sleeps."""
        if self.process.is_overtaken(moment) and not self.zombie:
            self.book.tell("  another worker takes over")
            recorded = list(self.recorded)
            self._live(Process(self.rng, mortal=False))
            self.recorded = recorded
            self.book.tell("  the first worker wakes up")
            self.zombie = True
        self.process.checkpoint()

    # Watching over the vendors' shoulders.

    def passing(self, vendor: Vendor, call: str) -> None:
        self.clock.turn(self.rng.uniform(0.02, 0.2))
        if vendor.weather.happens("people"):
            self.act()

    def fate(self, vendor: Vendor, write: Write, what: str) -> None:
        self.book.tell(f"  {write.operation.value} in {vendor.name}: {what}")

    def leaves(self, vendor: Vendor, write: Write) -> None:
        judged.leaves(self, vendor, write)

    def applied(self, vendor: Vendor, write: Write, before: Record | None, after: Record | None) -> None:
        judged.applied(self, vendor, write, before, after)

    def intents(self, key: str) -> list[WriteIntent]:
        """What the journal holds of a write."""
        before, self.process.looking = self.process.looking, True
        try:
            return list(WriteIntent.objects.filter(key=key))
        finally:
            self.process.looking = before


__all__ = ["BY", "Operation", "Rules", "World", "spell", "timedelta", "weather"]
