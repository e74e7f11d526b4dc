"""Issues: one open line per record, table and kind, counted, and closed when the record is planned without it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kobling.hub.store import couplings, mirror, pointing, sql, stale
from kobling.mapping import Side
from kobling.records import Busy, KoblingError, Temporary, to_json
from kobling.records.errors import keepable
from kobling.sync.answers import ANSWERS

_UPSERT = """
INSERT INTO hub_syncissue (table_id, kind, subject, left_id, right_id, coupling, title, reason, params, details,
  waits_table, waits_id, cause, times, state, opened_at, seen_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, 'open', %s, %s)
ON CONFLICT (table_id, kind, subject) DO UPDATE SET
  times = CASE WHEN hub_syncissue.cause = excluded.cause AND hub_syncissue.state <> 'settled'
    THEN hub_syncissue.times + 1 ELSE 1 END,
  state = CASE WHEN excluded.kind = 'refused' AND excluded.cause <> '' AND hub_syncissue.cause = excluded.cause
    AND hub_syncissue.state <> 'settled' THEN 'parked' ELSE 'open' END,
  cause = excluded.cause,
  opened_at = CASE WHEN hub_syncissue.state = 'settled' THEN excluded.opened_at ELSE hub_syncissue.opened_at END,
  left_id = excluded.left_id, right_id = excluded.right_id, coupling = excluded.coupling, title = excluded.title,
  reason = excluded.reason, params = excluded.params, details = excluded.details,
  waits_table = excluded.waits_table, waits_id = excluded.waits_id, seen_at = excluded.seen_at
"""


@dataclass(frozen=True, slots=True)
class Raised:
    """An issue to open. ``cause`` decides whether the same error came again; without one it is never parked."""

    kind: str
    left_id: str | None = None
    right_id: str | None = None
    coupling: str | None = None
    title: str = ""
    reason: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    waits_table: str | None = None
    waits_id: str | None = None
    cause: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ANSWERS:
            raise ValueError(f"{self.kind}: nobody could answer this kind of issue")

    @property
    def subject(self) -> str:
        return subject(self.left_id, self.right_id)


def subject(left_id: str | None, right_id: str | None) -> str:
    """What an issue is about: the left record where there is one, since it stays the same when it is coupled."""
    return f"left:{left_id}" if left_id else f"right:{right_id}"


def open_all(table: int, raised: Iterable[Raised], now: datetime) -> None:
    """Open issues, or count them once more; a refusal that comes twice for the same cause is parked."""
    moment = sql.to_db(now)
    rows = [
        (
            table,
            each.kind,
            each.subject,
            each.left_id,
            each.right_id,
            each.coupling,
            keepable(each.title)[:500],
            each.reason,
            to_json(each.params).decode(),
            to_json(each.details).decode(),
            each.waits_table,
            each.waits_id,
            each.cause,
            moment,
            moment,
        )
        for each in raised
    ]
    if not rows:
        return
    with sql.along():
        sql.run_many(_UPSERT, rows)
        stale.mark_table(table)


SAME = ("maybe_same", "ambiguous", "duplicate_identity")
"""Kinds of questions about which records are the same."""
_ALONE = (*SAME, "out_of_reach", "done_there")
"""Kinds of questions about a record that is alone: a coupling ends them, however it came."""
KEPT = ("refused", "unreadable")
"""Kinds that planning anew does not settle: only a write or a reading that succeeds does."""


def settle_planned(table: int, side: Side, feed: int, revs: tuple[int, int], before: datetime) -> list[str]:
    """Close the issues of records that were just planned anew; those still true are opened again right after.

    Issues seen since ``before`` (the run's begin) stay: they were raised from the other side of the same records.
    Returns the records of the other side that were asked about as look-alikes of these.
    """
    planned = (
        f"{side.value}_id IN (SELECT external_id FROM hub_mirrorrow WHERE feed_id = %s AND rev > %s AND rev <= %s)"
    )
    where = f"table_id = %s AND state = 'open' AND seen_at < %s AND {planned}"
    about = [table, sql.to_db(before), feed, *revs]
    asked = sql.rows(
        f"SELECT DISTINCT {side.other.value}_id FROM hub_syncissue WHERE {where} AND kind IN ({sql.places(SAME)})"
        f" AND {side.other.value}_id IS NOT NULL ORDER BY 1",
        [*about, *SAME],
    )
    _settle(table, f"{where} AND kind NOT IN ({sql.places(KEPT)})", [*about, *KEPT])
    return [each for (each,) in asked]


def unasked(table: int, side: Side, external_ids: Sequence[str]) -> list[str]:
    """Which of these records no question is open about that asks which record is the same."""
    found: set[str] = set()
    for batch in sql.batched(external_ids, sql.BATCH):
        found.update(
            each
            for (each,) in sql.rows(
                f"SELECT {side.value}_id FROM hub_syncissue WHERE table_id = %s AND state <> 'settled'"
                f" AND kind IN ({sql.places(SAME)}) AND {side.value}_id IN ({sql.places(batch)})",
                [table, *SAME, *batch],
            )
        )
    return [each for each in external_ids if each not in found]


def settle_kind(table: int, kinds: Sequence[str], subjects: Sequence[str]) -> None:
    """Close issues of some kinds for the given subjects."""
    for batch in sql.batched(subjects, sql.BATCH):
        where = f"table_id = %s AND kind IN ({sql.places(kinds)}) AND state <> 'settled'"
        _settle(table, f"{where} AND subject IN ({sql.places(batch)})", [table, *kinds, *batch])


def settle_told(table: int, side: Side, external_ids: Sequence[str], kinds: Sequence[str]) -> None:
    """Close what was told of records that are planned again; what is still true is told again right after."""
    for batch in sql.batched(external_ids, sql.BATCH):
        where = f"table_id = %s AND state <> 'settled' AND kind IN ({sql.places(kinds)})"
        _settle(table, f"{where} AND {side.value}_id IN ({sql.places(batch)})", [table, *kinds, *batch])


def settle_couplings(table: int, uids: Sequence[str], kinds: Sequence[str] = ()) -> None:
    """Close issues of these couplings, of some kinds or (none named) of any."""
    for batch in sql.batched(uids, sql.BATCH):
        where = f"table_id = %s AND state <> 'settled' AND coupling IN ({sql.places(batch)})"
        where += f" AND kind IN ({sql.places(kinds)})" if kinds else ""
        _settle(table, where, [table, *batch, *kinds])


def _settle(table: int, where: str, parameters: Sequence[Any]) -> None:
    with sql.along():
        if sql.run(f"UPDATE hub_syncissue SET state = 'settled' WHERE {where}", parameters):
            stale.mark_table(table)


def park(table: int, kind: str, subjects: Sequence[str]) -> None:
    """Issues that planning anew does not settle: a person must."""
    for batch in sql.batched(subjects, sql.BATCH):
        sql.run(
            "UPDATE hub_syncissue SET state = 'parked' WHERE table_id = %s AND kind = %s AND state = 'open'"
            f" AND subject IN ({sql.places(batch)})",
            [table, kind, *batch],
        )


def settle_coupled(table: int, side: Side, external_ids: Sequence[str], feeds: Mapping[Side, int]) -> None:
    """Close the questions about which record is the same, for records that were just coupled.

    Who was asked about one of them and is alone still is looked at again: the question is answered otherwise now.
    """
    for batch in sql.batched(external_ids, sql.BATCH):
        where = f"table_id = %s AND state <> 'settled' AND kind IN ({sql.places(_ALONE)})"
        where += f" AND {side.value}_id IN ({sql.places(batch)})"
        named = sql.rows(f"SELECT {side.other.value}_id FROM hub_syncissue WHERE {where}", [table, *_ALONE, *batch])
        others = sorted({each for (each,) in named if each})
        coupled = couplings.coupled_in([table], side.other, others)
        mirror.touch(feeds[side.other], [each for each in others if each not in coupled])
        _settle(table, where, [table, *_ALONE, *batch])


def parked(table: int, subjects: Sequence[str]) -> set[str]:
    """Which subjects have a refusal that is parked."""
    found: set[str] = set()
    for batch in sql.batched(subjects, sql.BATCH):
        found.update(
            row[0]
            for row in sql.rows(
                f"SELECT subject FROM hub_syncissue WHERE table_id = %s AND kind = 'refused' AND state = 'parked'"
                f" AND subject IN ({sql.places(batch)})",
                [table, *batch],
            )
        )
    return found


def wake(pair: int, external_ids: Sequence[str], feeds: dict[Side, dict[str, int]]) -> None:
    """Records that waited for one of these, or point to it, are looked at again. ``feeds``: side → table → feed.

    Which table a record waits for is not always known (a line's product may be a service), so the id alone decides.
    """
    pointing.wake(pair, external_ids)
    for batch in sql.batched(external_ids, sql.BATCH):
        waiting = sql.rows(
            "SELECT t.name, i.left_id, i.right_id FROM hub_syncissue i JOIN hub_table t ON t.id = i.table_id"
            f" WHERE t.pair_id = %s AND i.kind = 'waits' AND i.state = 'open' AND i.waits_id IN ({sql.places(batch)})",
            [pair, *batch],
        )
        for table_name, left_id, right_id in waiting:
            side = Side.LEFT if left_id else Side.RIGHT
            mirror.touch(feeds[side][table_name], [left_id or right_id])


def cause_of(error: KoblingError) -> str:
    """What makes two refusals the same, whatever their words. Empty for what heals by itself."""
    if isinstance(error, Temporary | Busy):
        return ""
    return f"{error.kind}:{error.code or ''}:{error.field or ''}"[:150]


def error_as_data(error: KoblingError) -> dict[str, Any]:
    """An error as stored: what a person needs to read."""
    return {
        "kind": error.kind,
        "summary": error.summary,
        "params": as_text(error.params),
        "code": error.code,
        "field": error.field,
        "vendor_text": error.vendor_text,
    }


def as_text(params: Mapping[str, object]) -> dict[str, str]:
    """Parameters of a sentence, as they are shown."""
    return {name: str(value) for name, value in params.items()}
