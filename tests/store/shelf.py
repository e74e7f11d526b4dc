"""Rows to try the store on: everything stands twice, so that a statement that touches too much shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kobling.access.models import Client
from kobling.hub.models import Connection, Feed, Pair, PlanChunk, Run, Table
from kobling.hub.store import couplings, issues, journal, mirror
from kobling.hub.store.couplings import Link
from kobling.hub.store.issues import Raised
from kobling.hub.store.journal import Intent
from kobling.mapping import Side
from kobling.records import Record

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Shelf:
    """Two pairs of one client: ``mine`` and ``beside`` are tables of the first, ``far`` is one of the second."""

    def __init__(self) -> None:
        client = Client.objects.create(name="Test ApS")
        self.pairs = [self._pair(client, name) for name in ("one", "two")]
        self.mine, self.beside = self._table(self.pairs[0], "mine"), self._table(self.pairs[0], "beside")
        self.far = self._table(self.pairs[1], "mine")
        self.feeds = {side: self._feed(self.pairs[0], side, "things") for side in Side}
        self.other_feeds = {side: self._feed(self.pairs[1], side, "things") for side in Side}
        self.runs = [Run.objects.create(pair=each, kind="sync", asked_at=NOW, epoch=3) for each in self.pairs]
        self.chunk, self.next_chunk = (self._chunk(self.runs[0], self.mine) for _ in range(2))
        self.far_chunk = self._chunk(self.runs[1], self.far)

    def _pair(self, client: Client, name: str) -> Pair:
        sides = [Connection.objects.create(client=client, connector="c", name=f"{name} {side}") for side in Side]
        return Pair.objects.create(client=client, pair_type="memory", name=name, left=sides[0], right=sides[1])

    def _table(self, pair: Pair, name: str) -> int:
        return Table.objects.create(pair=pair, name=name).pk

    def _feed(self, pair: Pair, side: Side, resource: str) -> int:
        connection = pair.left if side is Side.LEFT else pair.right
        return Feed.objects.create(connection=connection, resource=resource).pk

    def _chunk(self, run: Run, table: int) -> int:
        number = PlanChunk.objects.count()
        return PlanChunk.objects.create(run=run, table_id=table, seq=number, side="left", actions="[]").pk

    @property
    def tables(self) -> tuple[int, int, int]:
        return self.mine, self.beside, self.far

    @property
    def all_feeds(self) -> list[int]:
        return [*self.feeds.values(), *self.other_feeds.values()]

    def mirror_everywhere(self, *ids: str) -> None:
        """The same records in every feed."""
        for feed in self.all_feeds:
            mirror.put(feed, [Record("things", each, {"n": each}) for each in ids], [], NOW)

    def couple_everywhere(self, *numbers: str) -> None:
        """Couplings c1 (l1, r1), … in every table."""
        for table in self.tables:
            links = [Link(f"c{n}", f"l{n}", f"r{n}", {"k": n}, {"k": n}) for n in numbers]
            couplings.save(table, links, NOW, "tester")

    def raise_everywhere(self, *raised: Raised) -> None:
        """The same issues in every table."""
        for table in self.tables:
            issues.open_all(table, raised, NOW)

    def journal(self, *intents: Intent, run: int = 0) -> None:
        """Open intents under the current epoch of a run."""
        journal.open_intents(self.runs[run].pk, 3, intents, NOW)

    def intent(self, position: int, **changed: Any) -> Intent:
        """An intent of the first chunk: make s<position> on the right."""
        given: dict[str, Any] = {
            "chunk": self.chunk,
            "table": self.mine,
            "side": "right",
            "operation": "create",
            "key": f"k{position}",
            "source_id": f"s{position}",
            "external_id": None,
            "coupling": None,
            "changes": {"name": [None, "x"]},
            "reason": "",
            **changed,
        }
        return Intent(position=position, **given)
