"""Scratch tables for matching all records of a table by chosen rules; they live as long as the database connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kobling.hub.store import sql
from kobling.mapping import Side

_RECORDS, _KEYS, _HITS = "kobling_match_record", "kobling_match_key", "kobling_match_hit"
_TABLES = {
    _RECORDS: "side VARCHAR(5) NOT NULL, external_id VARCHAR(128) NOT NULL, title TEXT NOT NULL,"
    " scope INTEGER NOT NULL, state VARCHAR(10) NOT NULL, rule INTEGER NOT NULL, hit VARCHAR(32) NOT NULL,"
    " PRIMARY KEY (side, external_id)",
    _KEYS: "rule INTEGER NOT NULL, hit VARCHAR(32) NOT NULL, side VARCHAR(5) NOT NULL,"
    " external_id VARCHAR(128) NOT NULL",
    _HITS: "position INTEGER PRIMARY KEY, rule INTEGER NOT NULL, left_id VARCHAR(128) NOT NULL,"
    " right_id VARCHAR(128) NOT NULL",
}
CONTESTED, COUPLED = "contested", "coupled"


def begin() -> None:
    """Empty scratch tables."""
    for name, columns in _TABLES.items():
        sql.run(f"DROP TABLE IF EXISTS {name}")
        sql.run(f"CREATE TEMPORARY TABLE {name} ({columns})")
    sql.run(f"CREATE INDEX kobling_match_lookup ON {_KEYS} (rule, hit, side)")


def add(side: Side, records: Iterable[tuple[str, str, bool, Sequence[str | None]]]) -> None:
    """Add records of one side: (external id, title, whether it may be coupled without a word, one key per rule)."""
    given = list(records)
    sql.run_many(
        f"INSERT INTO {_RECORDS} (side, external_id, title, scope, state, rule, hit)"
        " VALUES (%s, %s, %s, %s, '', 0, '')",
        [(side.value, external_id, title, int(scope)) for external_id, title, scope, _ in given],
    )
    sql.run_many(
        f"INSERT INTO {_KEYS} (rule, hit, side, external_id) VALUES (%s, %s, %s, %s)",
        [
            (rule, key, side.value, external_id)
            for external_id, _, _, keys in given
            for rule, key in enumerate(keys)
            if key is not None
        ],
    )


_OPEN = (
    f"FROM {_KEYS} k JOIN {_RECORDS} r ON r.side = k.side AND r.external_id = k.external_id"
    " WHERE k.rule = %s AND r.state = ''"
)


def shared_keys(rule: int, after: str, limit: int) -> list[tuple[str, int]]:
    """The next keys that open records of both sides share: (key, how many share it)."""
    found = sql.rows(
        f"SELECT k.hit, COUNT(*) {_OPEN} AND k.hit > %s GROUP BY k.hit"
        " HAVING COUNT(DISTINCT k.side) = 2 ORDER BY k.hit LIMIT %s",
        [rule, after, limit],
    )
    return [(str(key), int(number)) for key, number in found]


def sharing(rule: int, keys: Sequence[str]) -> dict[str, dict[Side, dict[str, bool]]]:
    """Key → side → open records that have it, and whether each may be coupled without a word."""
    found: dict[str, dict[Side, dict[str, bool]]] = {}
    for batch in sql.batched(keys, sql.BATCH):
        for key, side, external_id, scope in sql.rows(
            f"SELECT k.hit, k.side, k.external_id, r.scope {_OPEN} AND k.hit IN ({sql.places(batch)})", [rule, *batch]
        ):
            both = found.setdefault(key, {Side.LEFT: {}, Side.RIGHT: {}})
            both[Side(side)][external_id] = bool(scope)
    return found


def hit(rule: int, pairs: Sequence[tuple[str, str]], first: int) -> None:
    """Two and two belong together; ``first`` is how many were found before."""
    rows = [(position, rule, left, right) for position, (left, right) in enumerate(pairs, first)]
    sql.run_many(f"INSERT INTO {_HITS} (position, rule, left_id, right_id) VALUES (%s, %s, %s, %s)", rows)
    _mark(COUPLED, rule, "", Side.LEFT, [left for left, _ in pairs])
    _mark(COUPLED, rule, "", Side.RIGHT, [right for _, right in pairs])


def seal() -> None:
    """Nothing more is added: make what was found quick to page through."""
    sql.run(f"CREATE INDEX kobling_match_group ON {_RECORDS} (state, rule, hit, side, external_id)")


def contest(rule: int, key: str, side: Side, external_ids: Iterable[str]) -> None:
    """Records compete: a person must say."""
    _mark(CONTESTED, rule, key, side, external_ids)


def contest_all(rule: int, key: str) -> None:
    """So many share a key that all of them compete."""
    sql.run(
        f"UPDATE {_RECORDS} SET state = %s, rule = %s, hit = %s WHERE state = '' AND EXISTS (SELECT 1 FROM {_KEYS} k"
        f" WHERE k.rule = %s AND k.hit = %s AND k.side = {_RECORDS}.side AND k.external_id = {_RECORDS}.external_id)",
        [CONTESTED, rule, key, rule, key],
    )


def _mark(state: str, rule: int, key: str, side: Side, external_ids: Iterable[str]) -> None:
    rows = [(state, rule, key, side.value, external_id) for external_id in external_ids]
    if rows:
        sql.run_many(
            f"UPDATE {_RECORDS} SET state = %s, rule = %s, hit = %s WHERE side = %s AND external_id = %s", rows
        )


def hits(after: int, limit: int) -> list[tuple[int, str, str, str, str]]:
    """A page of hits: (rule, left id, right id, left title, right title)."""
    found = sql.rows(
        f"SELECT h.rule, h.left_id, h.right_id, l.title, r.title FROM {_HITS} h"
        f" JOIN {_RECORDS} l ON l.side = 'left' AND l.external_id = h.left_id"
        f" JOIN {_RECORDS} r ON r.side = 'right' AND r.external_id = h.right_id"
        " WHERE h.position >= %s AND h.position < %s ORDER BY h.position",
        [after, after + limit],
    )
    return [(int(rule), left, right, one, other) for rule, left, right, one, other in found]


def groups(after: int, limit: int) -> list[tuple[int, str]]:
    """A page of groups that compete: (rule, key)."""
    found = sql.rows(
        f"SELECT DISTINCT rule, hit FROM {_RECORDS} WHERE state = %s ORDER BY rule, hit LIMIT %s OFFSET %s",
        [CONTESTED, limit, after],
    )
    return [(int(rule), key) for rule, key in found]


def groups_after(rule: int, key: str, limit: int) -> list[tuple[int, str]]:
    """The next groups after one of them."""
    found = sql.rows(
        f"SELECT DISTINCT rule, hit FROM {_RECORDS} WHERE state = %s AND (rule, hit) > (%s, %s)"
        " ORDER BY rule, hit LIMIT %s",
        [CONTESTED, rule, key, limit],
    )
    return [(int(rule), key) for rule, key in found]


def group_size(rule: int, key: str, side: Side) -> int:
    """How many records of a side compete in a group."""
    return _number("state = %s AND rule = %s AND hit = %s AND side = %s", [CONTESTED, rule, key, side.value])


def group(rule: int, key: str, side: Side, limit: int, after: str = "") -> list[tuple[str, str]]:
    """Records of one side in a group: (external id, title), in the order of their ids."""
    found = sql.rows(
        f"SELECT external_id, title FROM {_RECORDS} WHERE state = %s AND rule = %s AND hit = %s AND side = %s"
        " AND external_id > %s ORDER BY external_id LIMIT %s",
        [CONTESTED, rule, key, side.value, after, limit],
    )
    return [(external_id, title) for external_id, title in found]


def unmatched(side: Side, after: str, limit: int) -> list[str]:
    """The next records of a side that nothing matched and that may be made on the other side."""
    found = sql.rows(
        f"SELECT external_id FROM {_RECORDS} WHERE state = '' AND rule = 0 AND hit = '' AND scope = 1 AND side = %s"
        " AND external_id > %s"
        " ORDER BY external_id LIMIT %s",
        [side.value, after, limit],
    )
    return [row[0] for row in found]


def counts() -> dict[str, int]:
    """How many hits, groups and contested records there are, and records of each side that nothing matched."""
    contested = f"SELECT DISTINCT rule, hit FROM {_RECORDS} WHERE state = 'contested'"
    return {
        "hits": sql.number(f"SELECT COUNT(*) FROM {_HITS}"),
        "groups": sql.number(f"SELECT COUNT(*) FROM ({contested}) g"),
        "contested": _number("state = %s", [CONTESTED]),
        "left": _number("state = '' AND scope = 1 AND side = %s", ["left"]),
        "right": _number("state = '' AND scope = 1 AND side = %s", ["right"]),
    }


def _number(where: str, parameters: Sequence[Any]) -> int:
    return sql.number(f"SELECT COUNT(*) FROM {_RECORDS} WHERE {where}", parameters)
