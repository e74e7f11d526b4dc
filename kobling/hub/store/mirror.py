"""The mirror: last seen snapshots of a connection's records, and the revs that say which of them moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from kobling.hub.store import sql
from kobling.records import Gone, Record, to_json

NEVER_READ = ""
"""The digest of a record of which nothing but its existence is known."""
_READ = f"(digest <> '{NEVER_READ}' OR gone)"
_UPSERT = """
INSERT INTO hub_mirrorrow (feed_id, external_id, version, modified_at, fields, digest, gone, rev, sweep, seen_at)
VALUES (%s, %s, %s, %s, %s, %s, FALSE, %s, %s, %s)
ON CONFLICT (feed_id, external_id) DO UPDATE SET
  version = excluded.version, modified_at = excluded.modified_at, fields = excluded.fields,
  digest = excluded.digest, gone = FALSE, seen_at = excluded.seen_at,
  rev = CASE WHEN hub_mirrorrow.digest <> excluded.digest OR hub_mirrorrow.gone THEN {rev} ELSE hub_mirrorrow.rev END
WHERE hub_mirrorrow.digest <> excluded.digest OR hub_mirrorrow.gone
  OR COALESCE(hub_mirrorrow.version, '') <> COALESCE(excluded.version, '')
"""
_UPSERT_SEEN = _UPSERT.format(rev="excluded.rev")
_UPSERT_OWN = _UPSERT.format(rev="hub_mirrorrow.rev")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A mirror row as planning needs it; ``fields`` is still JSON text."""

    external_id: str
    version: str | None
    modified_at: datetime | None
    fields: str
    gone: bool
    rev: int


def put(feed: int, records: Sequence[Record], gone: Sequence[Gone], now: datetime) -> int:
    """Store a page as others' changes: rows whose content moved get a new rev; a version that moved alone is kept.

    Returns how many rows were offered.
    """
    first = _take_revs(feed, len(records) + len(gone))
    sql.run_many(_UPSERT_SEEN, _rows(feed, records, first, now))
    if gone:
        mark_gone(feed, [each.external_id for each in gone], now, first + len(records))
    return len(records) + len(gone)


def put_own(feed: int, records: Iterable[Record], now: datetime) -> None:
    """Store what came back for our own writes: the planner has no need to look at it again."""
    sql.run_many(_UPSERT_OWN, _rows(feed, records, None, now))


def expect(feed: int, external_ids: Sequence[str], now: datetime) -> None:
    """Remember records that exist and were not read yet, so that a deletion before their first reading is noticed."""
    sql.run_many(
        "INSERT INTO hub_mirrorrow"
        " (feed_id, external_id, version, modified_at, fields, digest, gone, rev, sweep, seen_at)"
        f" VALUES (%s, %s, NULL, NULL, '{{}}', '{NEVER_READ}', FALSE, 0, 0, %s)"
        " ON CONFLICT (feed_id, external_id) DO NOTHING",
        [(feed, external_id, sql.to_db(now)) for external_id in external_ids],
    )


def mark_gone(feed: int, external_ids: Sequence[str], now: datetime, first_rev: int | None = None) -> None:
    """Mark records as deleted on their side."""
    first = first_rev if first_rev is not None else _take_revs(feed, len(external_ids))
    sql.run_many(
        "UPDATE hub_mirrorrow SET gone = TRUE, rev = %s, seen_at = %s"
        " WHERE feed_id = %s AND external_id = %s AND NOT gone",
        [(first + n, sql.to_db(now), feed, external_id) for n, external_id in enumerate(external_ids)],
    )


def forget_own(feed: int, external_ids: Sequence[str]) -> None:
    """Mark records that we deleted ourselves as gone, without another look by the planner."""
    sql.run_many(
        "UPDATE hub_mirrorrow SET gone = TRUE WHERE feed_id = %s AND external_id = %s",
        [(feed, external_id) for external_id in external_ids],
    )


def touch(feed: int, external_ids: Sequence[str]) -> None:
    """Give rows a new rev, so that the next plan looks at them."""
    if not external_ids:
        return
    first = _take_revs(feed, len(external_ids))
    sql.run_many(
        "UPDATE hub_mirrorrow SET rev = %s WHERE feed_id = %s AND external_id = %s",
        [(first + n, feed, external_id) for n, external_id in enumerate(external_ids)],
    )


def begin_sweep(feed: int) -> int:
    """Start a deletion sweep; ids seen from now on carry its number."""
    sql.run("UPDATE hub_feed SET sweep = sweep + 1 WHERE id = %s", [feed])
    return sql.number("SELECT sweep FROM hub_feed WHERE id = %s", [feed])


def mark_swept(feed: int, number: int, external_ids: Sequence[str]) -> None:
    """Remember that these ids exist as of sweep ``number``."""
    for batch in sql.batched(external_ids, sql.BATCH):
        sql.run(
            f"UPDATE hub_mirrorrow SET sweep = %s WHERE feed_id = %s AND external_id IN ({sql.places(batch)})",
            [number, feed, *batch],
        )


def lacking(feed: int, external_ids: Sequence[str]) -> list[str]:
    """Which of these ids, that exist, the mirror does not know, or believes to be gone."""
    there: set[str] = set()
    for batch in sql.batched(external_ids, sql.BATCH):
        where = f"feed_id = %s AND external_id IN ({sql.places(batch)}) AND NOT gone AND {_READ}"
        there.update(row[0] for row in sql.rows(f"SELECT external_id FROM hub_mirrorrow WHERE {where}", [feed, *batch]))
    return [each for each in external_ids if each not in there]


def not_swept(feed: int, number: int, limit: int) -> list[str]:
    """Ids that the sweep did not meet; a record made meanwhile is among them until it is asked for by itself."""
    found = sql.rows(
        "SELECT external_id FROM hub_mirrorrow WHERE feed_id = %s AND sweep < %s AND NOT gone ORDER BY id LIMIT %s",
        [feed, number, limit],
    )
    return [row[0] for row in found]


def changed_between(feed: int, after: int, upto: int, limit: int) -> list[Snapshot]:
    """Rows that moved after one rev and up to another, in order."""
    found = sql.rows(
        f"{_SELECT} WHERE feed_id = %s AND rev > %s AND rev <= %s AND {_READ} ORDER BY rev LIMIT %s",
        [feed, after, upto, limit],
    )
    return [_snapshot(row) for row in found]


def by_ids(feed: int, external_ids: Sequence[str]) -> dict[str, Snapshot]:
    """Snapshots of the given records, those that were read or are gone."""
    found: dict[str, Snapshot] = {}
    for batch in sql.batched(external_ids, sql.BATCH):
        where = f"feed_id = %s AND external_id IN ({sql.places(batch)}) AND {_READ}"
        for row in sql.rows(f"{_SELECT} WHERE {where}", [feed, *batch]):
            found[row[0]] = _snapshot(row)
    return found


def waiting(feed: int, after: int, upto: int) -> int:
    """How many rows moved between two revs."""
    return sql.number(
        f"SELECT COUNT(*) FROM hub_mirrorrow WHERE feed_id = %s AND rev > %s AND rev <= %s AND {_READ}",
        [feed, after, upto],
    )


def count(feed: int) -> int:
    """How many records exist on that side, as far as we know."""
    return sql.number("SELECT COUNT(*) FROM hub_mirrorrow WHERE feed_id = %s AND NOT gone", [feed])


_SELECT = "SELECT external_id, version, modified_at, fields, gone, rev FROM hub_mirrorrow"


def _snapshot(row: tuple[object, ...]) -> Snapshot:
    external_id, version, modified_at, fields, gone, rev = row
    return Snapshot(str(external_id), version, sql.from_db(modified_at), str(fields), bool(gone), int(rev))  # type: ignore[arg-type, call-overload]


def _rows(feed: int, records: Iterable[Record], first: int | None, now: datetime) -> list[tuple[object, ...]]:
    to_db = sql.instants_to_db()
    seen_at = to_db(now)
    made: list[tuple[object, ...]] = []
    for n, record in enumerate(records):
        raw = to_json(record.fields)
        digest = blake2b(raw, digest_size=16).hexdigest()
        rev = 0 if first is None else first + n
        moment = to_db(record.modified_at)
        made.append((feed, record.external_id, record.version, moment, raw.decode(), digest, rev, 0, seen_at))
    return made


def _take_revs(feed: int, number: int) -> int:
    """Reserve ``number`` revs and return the first; the counter's row lock keeps two takers apart."""
    sql.run("UPDATE hub_feed SET rev = rev + %s WHERE id = %s", [number, feed])
    return latest_rev(feed) - number + 1


def page(feed: int, after: int, limit: int) -> list[tuple[int, str]]:
    """Existing records in the order they were first seen: (position, external id)."""
    found = sql.rows(
        "SELECT id, external_id FROM hub_mirrorrow"
        f" WHERE feed_id = %s AND id > %s AND NOT gone AND {_READ} ORDER BY id LIMIT %s",
        [feed, after, limit],
    )
    return [(int(position), str(external_id)) for position, external_id in found]


def latest_rev(feed: int) -> int:
    """The newest rev of a feed."""
    return sql.number("SELECT rev FROM hub_feed WHERE id = %s", [feed])
