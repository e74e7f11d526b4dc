"""A pair of two memory systems with the whole engine between them, but for the durable part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from kobling.access.models import Client
from kobling.engine.attempt import attempt, guarded
from kobling.engine.observing import Place, observe
from kobling.engine.steps import Steps
from kobling.hub import runs
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Connection, Coupling, Feed, Pair, Run, SyncIssue, SyncJob, Table
from kobling.mapping import Evidence, FieldMapping, MatchRule, Side, TableMapping, end
from kobling.mapping.codecs import EMAIL, NUMBER
from kobling.mapping.people import CVR
from kobling.mapping.references import reference
from kobling.pairs.base import PairType
from kobling.sdk.clock import FakeClock
from kobling.sdk.memory import MemoryResource
from kobling.sdk.protocols import ConnectorType
from kobling.sync.waiting import LoopThread

CUSTOMERS = TableMapping(
    name="customers",
    left="companies",
    right="contacts",
    fields=(
        FieldMapping("name", end("title"), end("Name")),
        FieldMapping("cvr", end("cvr", codec=CVR), end("VatNumber", codec=CVR), clear=False, legal=True),
        FieldMapping("email", end("mail", codec=EMAIL), end("Email", codec=EMAIL)),
        FieldMapping("limit", end("limit", codec=NUMBER), end("Limit", codec=NUMBER)),
    ),
    match=(MatchRule(("cvr",), Evidence.LEGAL), MatchRule(("name",))),
)
ORDERS = TableMapping(
    name="orders",
    left="orders",
    right="invoices",
    fields=(
        FieldMapping("name", end("subject"), end("Text")),
        FieldMapping(
            "customer", end("company", codec=reference("customers")), end("Contact", codec=reference("customers"))
        ),
    ),
    depends_on=("customers",),
)


class MemorySystem:
    """A connector over memory resources."""

    def __init__(self, clock: FakeClock, *names: str, **options: Any) -> None:
        self.resources = {name: MemoryResource(name, clock=clock, seed=name, **options) for name in names}


@dataclass
class Bench:
    """Two systems, a pair, and a way to run it."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(datetime(2026, 11, 23, 8, tzinfo=UTC)))
    mappings: dict[str, TableMapping] = field(default_factory=lambda: {"customers": CUSTOMERS, "orders": ORDERS})
    options: Mapping[str, Any] = field(default_factory=dict)
    waits: Callable[[], Any] = LoopThread
    """How vendors are waited for."""

    def __post_init__(self) -> None:
        self.waiting = self.waits()
        self.left = MemorySystem(self.clock, "companies", "orders", **self.options)
        self.right = MemorySystem(self.clock, "contacts", "invoices", **self.options)
        kinds = {
            name: ConnectorType(name, name, (), (), lambda _settings, _context, system=system: system)
            for name, system in (("left", self.left), ("right", self.right))
        }
        pair_type = PairType("memory", "Memory", "left", "right", lambda _options, _schemas: self.mappings)
        self.opener = Opener(self.waiting, self.clock, None, kinds, {"memory": pair_type})  # type: ignore[arg-type]
        client = Client.objects.create(name="Test ApS")
        left = Connection.objects.create(client=client, connector="left", name="left")
        right = Connection.objects.create(client=client, connector="right", name="right")
        self.pair = Pair.objects.create(client=client, pair_type="memory", name="test", left=left, right=right)

    @property
    def companies(self) -> MemoryResource:
        return self.left.resources["companies"]

    @property
    def contacts(self) -> MemoryResource:
        return self.right.resources["contacts"]

    def change(self, table: str, **changes: Any) -> None:
        """Change a table mapping's rules."""
        self.mappings[table] = replace(self.mappings[table], **changes)

    def run(self, kind: str = "sync", **options: Any) -> Run:
        """Run to the end in this thread, without the durable engine. Waiting costs no time."""
        self.clock.turn(1)
        asked = runs.ask(self.pair, "tester", self.clock.now(), kind=kind, **options)
        number = runs.claim("tester", self.clock.now())
        assert number == asked.pk
        return self.go_on(asked)

    def go_on(self, run: Run) -> Run:
        """Attempt a run (again)."""
        steps = Steps(run.pk, runs.new_attempt(run.pk, "tester"), self.opener, self.waiting, self.clock)
        attempt(steps, partial(guarded, steps), self.clock.turn)
        run.refresh_from_db()
        return run

    def run_reading_only(self) -> None:
        """Read what changed into the mirror, as a run that is still to come would."""
        for feed in Feed.objects.all():
            system = self.left if feed.connection_id == self.pair.left_id else self.right
            last = Run.objects.order_by("-pk").first()
            place = Place(feed.pk, last.pk if last else 0, last.epoch if last else 0)
            observe(place, system.resources[feed.resource], self.waiting, self.clock)

    def counts(self, run: Run, table: str = "customers") -> dict[str, int]:
        """The job's counters that are not zero."""
        job = SyncJob.objects.filter(run=run, table__name=table).first()
        names = ("inserted", "modified", "deleted", "skipped", "failed", "coupled", "uncoupled", "unchanged")
        return {name: getattr(job, name) for name in names if job is not None and getattr(job, name)}

    def issues(self) -> list[tuple[str, str]]:
        """Open issues: (kind, state)."""
        return sorted(SyncIssue.objects.exclude(state="settled").values_list("kind", "state"))

    def couplings(self, table: str = "customers") -> int:
        return Coupling.objects.filter(table__name=table).count()

    def fields(self, side: Side) -> list[dict[str, Any]]:
        """All records of the customers' resource of one side, sorted."""
        resource = self.companies if side is Side.LEFT else self.contacts
        return sorted((dict(each.fields) for each in resource.all()), key=str)

    def table(self, name: str) -> int:
        """A table's id."""
        return Table.objects.get(pair=self.pair, name=name).pk

    def fields_right(self) -> list[dict[str, Any]]:
        """All records of the customers' resource of the right side."""
        return self.fields(Side.RIGHT)

    def close(self) -> None:
        self.waiting.close()


def benches(**options: Any) -> Iterator[Bench]:
    """For fixtures."""
    made = Bench(**options)
    try:
        yield made
    finally:
        made.close()
