"""The journal: intents made before each write, under the current epoch only, closed with what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kobling.hub.store import sql
from kobling.records import KoblingError, from_json, to_json


class Fenced(KoblingError):
    """A newer attempt of this run took over; this one must stop without another write."""

    who_fixes = "nobody"


@dataclass(frozen=True, slots=True)
class Intent:
    """A write about to be sent. ``changes`` is key → [before, after] in agreed values."""

    chunk: int
    position: int
    table: int
    side: str
    operation: str
    key: str
    source_id: str
    external_id: str | None
    coupling: str | None
    changes: dict[str, list[Any]]
    reason: str


@dataclass(frozen=True, slots=True)
class Journaled:
    """An intent already in the journal. ``lost_at``: when its answer was lost, at a time-out where ``slow``."""

    position: int
    state: str
    key: str
    external_id: str | None
    opened_at: datetime
    sent: int = 1
    epoch: int = 0
    lost_at: datetime | None = None
    slow: bool = False


def fence(run: int, epoch: int) -> None:
    """Hold the run's row and make sure that this attempt is the current one. Raises Fenced."""
    row = sql.one(f"SELECT epoch FROM hub_run WHERE id = %s{sql.lock_clause()}", [run])
    if row is None or row[0] != epoch:
        raise Fenced("Another attempt of this run took over.", code="fenced")


def fence_now(run: int, epoch: int) -> None:
    """Make sure that this attempt is the current one. Raises Fenced."""
    with sql.together():
        fence(run, epoch)


def open_intents(run: int, epoch: int, intents: Sequence[Intent], now: datetime) -> None:
    """Journal writes before they are sent; nothing is journaled under an old epoch."""
    moment = sql.to_db(now)
    with sql.together():
        fence(run, epoch)
        sql.run_many(
            "INSERT INTO hub_writeintent (run_id, chunk_id, position, table_id, side, operation, key, source_id,"
            " external_id, coupling, changes, reason, state, epoch, opened_at, sent)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'open', %s, %s, 1)",
            [
                (
                    run,
                    each.chunk,
                    each.position,
                    each.table,
                    each.side,
                    each.operation,
                    each.key,
                    each.source_id,
                    each.external_id,
                    each.coupling,
                    to_json(each.changes).decode(),
                    each.reason,
                    epoch,
                    moment,
                )
                for each in intents
            ],
        )


def close_intents(
    chunk: int, closed: Sequence[tuple[int, str, str | None, str | None, str | None]], now: datetime
) -> None:
    """Close intents: (position, state, external id, coupling, error as JSON)."""
    moment = sql.to_db(now)
    sql.run_many(
        "UPDATE hub_writeintent SET state = %s, external_id = COALESCE(%s, external_id),"
        " coupling = COALESCE(%s, coupling), error = %s, closed_at = %s WHERE chunk_id = %s AND position = %s",
        [
            (state, external_id, coupling, error, moment, chunk, position)
            for position, state, external_id, coupling, error in closed
        ],
    )


def close_by_hand(table: int, external_ids: Sequence[str], said: KoblingError, now: datetime) -> None:
    """A person said what became of the writes about these records that nobody could tell of."""
    told, moment = to_json({"kind": "Refused", "summary": said.summary, "code": said.code}).decode(), sql.to_db(now)
    for column in ("source_id", "external_id"):
        sql.run(
            "UPDATE hub_writeintent SET state = 'refused', error = %s, closed_at = %s WHERE table_id = %s"
            f" AND state IN ('open', 'unknown') AND {column} IN ({sql.places(external_ids)})",
            [told, moment, table, *external_ids],
        )


def note_lost(chunk: int, lost: Sequence[tuple[int, KoblingError]], now: datetime) -> None:
    """Nobody knows what became of these writes (position, why); the vendor may be working on them still."""
    moment = sql.to_db(now)
    sql.run_many(
        "UPDATE hub_writeintent SET error = %s, closed_at = %s"
        " WHERE chunk_id = %s AND position = %s AND state = 'open'",
        [(to_json({"kind": why.kind, "code": why.code}).decode(), moment, chunk, position) for position, why in lost],
    )


def count_sent(chunk: int, positions: Sequence[int]) -> None:
    """Writes whose outcome was unknown are sent once more."""
    if positions:
        sql.run(
            f"UPDATE hub_writeintent SET sent = sent + 1 WHERE chunk_id = %s AND position IN ({sql.places(positions)})",
            [chunk, *positions],
        )


def withdraw(chunk: int, positions: Sequence[int]) -> None:
    """Take back intents that certainly were not sent."""
    if positions:
        sql.run(
            f"DELETE FROM hub_writeintent WHERE chunk_id = %s AND position IN ({sql.places(positions)})",
            [chunk, *positions],
        )


def of_chunk(chunk: int) -> dict[int, Journaled]:
    """What the journal holds of a chunk, in the order of positions."""
    return {
        row[0]: _journaled(*row)
        for row in sql.rows(
            "SELECT position, state, key, external_id, opened_at, sent, epoch, closed_at, error FROM hub_writeintent"
            " WHERE chunk_id = %s ORDER BY position",
            [chunk],
        )
    }


def _journaled(
    position: int,
    state: str,
    key: str,
    external_id: str | None,
    opened_at: Any,
    sent: int,
    epoch: int,
    closed_at: Any,
    error: str | None,
) -> Journaled:
    opened = sql.from_db(opened_at) or datetime.min.replace(tzinfo=UTC)
    slow = bool(error) and from_json(error or "").get("code") == "timeout"
    lost_at = sql.from_db(closed_at) if state == "open" else None
    return Journaled(position, state, key, external_id, opened, sent, epoch, lost_at, slow)


def unsettled(table: int, external_ids: Sequence[str], but_chunk: int | None = None) -> set[str]:
    """Which of the given records have a write whose outcome is not known."""
    wanted = set(external_ids)
    found: set[str] = set()
    for state in ("open", "unknown"):
        for source_id, external_id in sql.rows(
            "SELECT source_id, external_id FROM hub_writeintent"
            f" WHERE table_id = %s AND state = '{state}' AND chunk_id <> %s",
            [table, but_chunk or 0],
        ):
            if source_id in wanted or external_id in wanted:
                found.update(each for each in (source_id, external_id) if each)
    return found


def generations(table: int, side: str, source_ids: Sequence[str]) -> dict[str, int]:
    """How often each source record was already created on a side: part of the next create's key."""
    found: dict[str, int] = {}
    for batch in sql.batched(source_ids, sql.BATCH):
        for source_id, times in sql.rows(
            "SELECT source_id, COUNT(*) FROM hub_writeintent WHERE table_id = %s AND side = %s"
            f" AND operation = 'create' AND state = 'confirmed' AND source_id IN ({sql.places(batch)})"
            " GROUP BY source_id",
            [table, side, *batch],
        ):
            found[source_id] = int(times)
    return found


def couplings_written(run: int, table: int, after: str, limit: int, chunk: int | None = None) -> list[str]:
    """Couplings whose records a run, or one chunk of it, has written to, in order, after one of them."""
    return [
        row[0]
        for row in sql.rows(
            "SELECT DISTINCT coupling FROM hub_writeintent WHERE run_id = %s AND table_id = %s AND state = 'confirmed'"
            f" AND coupling > %s AND operation <> 'delete'{'' if chunk is None else ' AND chunk_id = %s'}"
            " ORDER BY coupling LIMIT %s",
            [run, table, after, *([] if chunk is None else [chunk]), limit],
        )
    ]


def confirmed_of(chunk: int) -> list[int]:
    """Positions of a chunk's writes that were confirmed, in order."""
    found = sql.rows(
        "SELECT position FROM hub_writeintent WHERE chunk_id = %s AND state = 'confirmed' ORDER BY position", [chunk]
    )
    return [int(row[0]) for row in found]


def made_from(chunk: int) -> list[str]:
    """Ids of the records from which a chunk made others."""
    found = sql.rows(
        "SELECT source_id FROM hub_writeintent WHERE chunk_id = %s AND state = 'confirmed' AND operation = 'create'",
        [chunk],
    )
    return [row[0] for row in found]


def made_in(run: int, table: int, sources: Sequence[str]) -> set[str]:
    """Which of these records a run made others from, each read back as it stands there."""
    found: set[str] = set()
    for batch in sql.batched(sources, sql.BATCH):
        rows = sql.rows(
            "SELECT source_id FROM hub_writeintent WHERE run_id = %s AND table_id = %s AND state = 'confirmed'"
            f" AND operation = 'create' AND source_id IN ({sql.places(batch)})",
            [run, table, *batch],
        )
        found |= {row[0] for row in rows}
    return found


def confirmed(run: int, table: int) -> dict[str, int]:
    """How many writes of a run succeeded on each side of a table."""
    return {
        row[0]: int(row[1])
        for row in sql.rows(
            "SELECT side, COUNT(*) FROM hub_writeintent WHERE run_id = %s AND table_id = %s AND state = 'confirmed'"
            " GROUP BY side",
            [run, table],
        )
    }


def unfinished_chunks(pair: int) -> list[int]:
    """Chunks of a pair's earlier runs that hold writes with unknown outcome, oldest first."""
    return [
        row[0]
        for row in sql.rows(
            "SELECT DISTINCT i.chunk_id FROM hub_table t CROSS JOIN hub_writeintent i"
            " WHERE t.pair_id = %s AND i.table_id = t.id AND (i.state = 'open' OR i.state = 'unknown')"
            " AND i.operation <> 'creditnote'"
            " ORDER BY i.chunk_id",
            [pair],
        )
    ]
