"""Couplings with their base, and the match keys of records that have none."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kobling.hub.store import sql
from kobling.mapping import Side
from kobling.records import from_json, to_json

_UPSERT = """
INSERT INTO hub_coupling
  (table_id, uid, left_id, right_id, base_left, base_right, policy, coupled_at, coupled_by)
VALUES (%s, %s, %s, %s, %s, %s, NULL, %s, %s)
ON CONFLICT (table_id, uid) DO UPDATE SET
  left_id = excluded.left_id, right_id = excluded.right_id, base_left = excluded.base_left,
  base_right = excluded.base_right, policy = NULL
"""


@dataclass(slots=True)
class Link:
    """A coupling in memory; bases are agreed values per side."""

    uid: str
    left_id: str
    right_id: str
    base_left: dict[str, Any]
    base_right: dict[str, Any]
    policy: str | None = None

    def base(self, side: Side) -> dict[str, Any]:
        return self.base_left if side is Side.LEFT else self.base_right

    def name(self, side: Side, external_id: str) -> None:
        """That side knows its record by another id now."""
        if side is Side.LEFT:
            self.left_id = external_id
        else:
            self.right_id = external_id


def save(table: int, links: Iterable[Link], now: datetime, who: str) -> None:
    """Store couplings with their bases; a rule set for one decision is used up by it."""
    moment = sql.to_db(now)
    sql.run_many(_UPSERT, [_row(table, link, moment, who) for link in links])


def _row(table: int, link: Link, moment: Any, who: str) -> tuple[Any, ...]:
    left = to_json(link.base_left).decode()
    right = None if link.base_right == link.base_left else to_json(link.base_right).decode()
    return (table, link.uid, link.left_id, link.right_id, left, right, moment, who)


def rename(table: int, side: Side, external_id: str, new: str) -> None:
    """A side knows a coupled record by another id now."""
    sql.run(
        f"UPDATE hub_coupling SET {side.value}_id = %s WHERE table_id = %s AND {side.value}_id = %s",
        [new, table, external_id],
    )


def by_side(table: int, side: Side, external_ids: Sequence[str]) -> dict[str, Link]:
    """Couplings of the given records of one side, by that side's id."""
    found: dict[str, Link] = {}
    column = f"{side.value}_id"
    for batch in sql.batched(external_ids, sql.BATCH):
        for row in sql.rows(f"{_SELECT} WHERE table_id = %s AND {column} IN ({sql.places(batch)})", [table, *batch]):
            link = _link(row)
            found[link.left_id if side is Side.LEFT else link.right_id] = link
    return found


def ids_of(tables: Sequence[int], side: Side) -> frozenset[str]:
    """Every coupled record of one side."""
    column = f"{side.value}_id"
    return frozenset(
        row[0]
        for row in sql.rows(f"SELECT {column} FROM hub_coupling WHERE table_id IN ({sql.places(tables)})", [*tables])
    )


def by_uid(table: int, uids: Sequence[str]) -> dict[str, Link]:
    """Couplings by their ids."""
    found: dict[str, Link] = {}
    for batch in sql.batched(uids, sql.BATCH):
        for row in sql.rows(f"{_SELECT} WHERE table_id = %s AND uid IN ({sql.places(batch)})", [table, *batch]):
            link = _link(row)
            found[link.uid] = link
    return found


def page(table: int, after: str, limit: int) -> list[Link]:
    """Couplings in the order of their ids, for walks over all of them."""
    return [
        _link(row)
        for row in sql.rows(f"{_SELECT} WHERE table_id = %s AND uid > %s ORDER BY uid LIMIT %s", [table, after, limit])
    ]


def remove(table: int, uids: Sequence[str]) -> None:
    """Forget couplings; the records stay as they are."""
    for batch in sql.batched(uids, sql.BATCH):
        for side in Side:
            sql.run(
                "UPDATE hub_matchkey SET coupled = FALSE WHERE table_id = %s AND side = %s AND external_id IN"
                f" (SELECT {side.value}_id FROM hub_coupling WHERE table_id = %s AND uid IN ({sql.places(batch)}))",
                [table, side.value, table, *batch],
            )
        sql.run(f"DELETE FROM hub_coupling WHERE table_id = %s AND uid IN ({sql.places(batch)})", [table, *batch])


def coupled_in(tables: Sequence[int], side: Side, external_ids: Sequence[str]) -> set[str]:
    """Which of the given records are coupled in any of the given tables."""
    if not tables or not external_ids:
        return set()
    column = f"{side.value}_id"
    found: set[str] = set()
    for batch in sql.batched(external_ids, sql.BATCH):
        for row in sql.rows(
            f"SELECT {column} FROM hub_coupling WHERE table_id IN ({sql.places(tables)})"
            f" AND {column} IN ({sql.places(batch)})",
            [*tables, *batch],
        ):
            found.add(row[0])
    return found


def count(table: int) -> int:
    """How many couplings the table has."""
    return sql.number("SELECT COUNT(*) FROM hub_coupling WHERE table_id = %s", [table])


def newly_gone(table: int, side: Side, feed: int, after_rev: int) -> int:
    """How many coupled records of one side vanished after a rev."""
    return sql.number(
        f"SELECT COUNT(*) FROM hub_mirrorrow m JOIN hub_coupling c ON c.table_id = %s AND c.{side.value}_id"
        " = m.external_id WHERE m.feed_id = %s AND m.gone AND m.rev > %s",
        [table, feed, after_rev],
    )


def save_keys(table: int, side: Side, keys: Mapping[str, Sequence[str | None]], coupled: Container[str]) -> None:
    """Replace the match keys of the given records (id → one key per rule)."""
    drop_keys([table], side, list(keys))
    sql.run_many(
        "INSERT INTO hub_matchkey (table_id, side, rule, key, external_id, coupled) VALUES (%s, %s, %s, %s, %s, %s)",
        [
            (table, side.value, rule, key, external_id, external_id in coupled)
            for external_id, each in keys.items()
            for rule, key in enumerate(each)
            if key is not None
        ],
    )


def mark_coupled(table: int, siblings: Sequence[int], side: Side, external_ids: Sequence[str], keep: int) -> None:
    """Records were coupled: their identity keys (rules below ``keep``) stay as taken, all others go."""
    drop_keys(siblings, side, external_ids)
    for batch in sql.batched(external_ids, sql.BATCH):
        where = f"table_id = %s AND side = %s AND external_id IN ({sql.places(batch)})"
        parameters = [table, side.value, *batch]
        sql.run(f"DELETE FROM hub_matchkey WHERE {where} AND rule >= %s", [*parameters, keep])
        sql.run(f"UPDATE hub_matchkey SET coupled = TRUE WHERE {where}", parameters)


def drop_keys(tables: Sequence[int], side: Side, external_ids: Sequence[str]) -> None:
    """Forget match keys of records that are gone, coupled elsewhere or about to be keyed anew."""
    if not tables:
        return
    for batch in sql.batched(external_ids, sql.BATCH):
        sql.run(
            f"DELETE FROM hub_matchkey WHERE table_id IN ({sql.places(tables)}) AND side = %s"
            f" AND external_id IN ({sql.places(batch)})",
            [*tables, side.value, *batch],
        )


def holders(table: int, side: Side, rule: int, keys: Sequence[str]) -> dict[str, list[str]]:
    """Which records of one side that are not coupled carry which match key."""
    found: dict[str, list[str]] = {}
    for batch in sql.batched(keys, sql.BATCH):
        for key, external_id in sql.rows(
            f"{sql.wanted(batch)} SELECT k.key, k.external_id FROM wanted CROSS JOIN hub_matchkey k"
            " WHERE k.table_id = %s AND k.side = %s AND k.rule = %s AND k.key = wanted.item AND NOT k.coupled"
            " ORDER BY k.external_id",
            [*batch, table, side.value, rule],
        ):
            found.setdefault(key, []).append(external_id)
    return found


def takers(table: int, rule: int, keys: Sequence[str]) -> dict[str, list[str]]:
    """Which coupled records of either side carry which match key."""
    found: dict[str, list[str]] = {}
    for batch in sql.batched(keys, sql.BATCH):
        for key, external_id in sql.rows(
            f"{sql.wanted(batch)} SELECT k.key, k.external_id FROM wanted CROSS JOIN hub_matchkey k"
            " WHERE k.table_id = %s AND k.side IN ('left', 'right') AND k.rule = %s AND k.key = wanted.item"
            " AND k.coupled ORDER BY k.side, k.external_id",
            [*batch, table, rule],
        ):
            found.setdefault(key, []).append(external_id)
    return found


_SELECT = "SELECT uid, left_id, right_id, base_left, base_right, policy FROM hub_coupling"


def _link(row: tuple[Any, ...]) -> Link:
    uid, left_id, right_id, base_left, base_right, policy = row
    left = from_json(base_left)
    return Link(uid, left_id, right_id, left, dict(left) if base_right is None else from_json(base_right), policy)
