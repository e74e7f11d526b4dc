"""Records with a field that points to one that is not coupled yet: planned again once it is, by no new reading."""

from __future__ import annotations

from collections.abc import Sequence

from kobling.hub.store import sql
from kobling.mapping import Side


def replace(table: int, side: Side, planned: tuple[int, int, int], found: Sequence[tuple[Side, str, str]]) -> None:
    """Remember what the records just planned point to (side, id, awaited id); forget what they pointed to before.

    ``planned`` is (feed, after, upto): the records of that side that moved between these revs.
    """
    sql.run(
        "DELETE FROM hub_pointing WHERE table_id = %s AND side = %s AND external_id IN"
        " (SELECT external_id FROM hub_mirrorrow WHERE feed_id = %s AND rev > %s AND rev <= %s)",
        [table, side.value, *planned],
    )
    sql.run_many(
        "INSERT INTO hub_pointing (table_id, side, external_id, awaited_id, due) VALUES (%s, %s, %s, %s, FALSE)"
        " ON CONFLICT (table_id, side, external_id, awaited_id) DO NOTHING",
        [(table, here.value, external_id, awaited) for here, external_id, awaited in found],
    )


def wake(pair: int, coupled: Sequence[str]) -> None:
    """Records were coupled: those that point to one of them are due.

    Which table a field points into is not always known (a line's product may be a service), so the id alone decides.
    """
    for batch in sql.batched(coupled, sql.BATCH):
        sql.run(
            f"UPDATE hub_pointing SET due = TRUE WHERE awaited_id IN ({sql.places(batch)})"
            " AND table_id IN (SELECT id FROM hub_table WHERE pair_id = %s)",
            [*batch, pair],
        )


def due(table: int, limit: int) -> dict[Side, list[str]]:
    """Records that are due, some at a time, by side."""
    found: dict[Side, list[str]] = {}
    for side, external_id in sql.rows(
        "SELECT DISTINCT side, external_id FROM hub_pointing WHERE table_id = %s AND due ORDER BY side, external_id"
        " LIMIT %s",
        [table, limit],
    ):
        found.setdefault(Side(side), []).append(external_id)
    return found


def forget(table: int, side: Side, external_ids: Sequence[str]) -> None:
    """These are planned again now."""
    for batch in sql.batched(external_ids, sql.BATCH):
        sql.run(
            f"DELETE FROM hub_pointing WHERE table_id = %s AND side = %s AND external_id IN ({sql.places(batch)})",
            [table, side.value, *batch],
        )
