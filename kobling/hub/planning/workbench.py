"""One table mapping of one pair, opened for work: its feeds, cursors and siblings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kobling.hub.models import Feed, Pair, Table
from kobling.hub.planning.resolver import StoredResolver
from kobling.mapping import Side, TableMapping


@dataclass(slots=True)
class Workbench:
    """What planning and executing of one table need to know. Rows are addressed by ids, never by model objects."""

    pair: int
    pair_uid: str
    table: int
    mapping: TableMapping
    feeds: dict[Side, int]
    siblings: dict[Side, list[int]]
    resolver: StoredResolver
    feeds_by_table: dict[Side, dict[str, int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.mapping.name


def open_workbenches(
    pair: Pair, mappings: Mapping[str, TableMapping], references: Mapping[Side, Sequence[str]] | None = None
) -> dict[str, Workbench]:
    """Open every table of a pair, in dependency order; feeds and tables are made where they are missing."""
    feeds = {
        name: {side: _feed(pair, side, mapping.resource(side)) for side in Side} for name, mapping in mappings.items()
    }
    tables = {name: Table.objects.get_or_create(pair=pair, name=name)[0].pk for name in mappings}
    resolver = StoredResolver(
        tables,
        {
            side: {mapping.resource(side): feeds[name][side] for name, mapping in mappings.items()}
            | {resource: _feed(pair, side, resource) for resource in (references or {}).get(side, ())}
            for side in Side
        },
        mappings,
    )
    by_table = {side: {name: feeds[name][side] for name in mappings} for side in Side}
    return {
        name: Workbench(
            pair=pair.pk,
            pair_uid=str(pair.uid),
            table=tables[name],
            mapping=mappings[name],
            feeds=feeds[name],
            siblings={
                side: [tables[other] for other in mappings if other != name and feeds[other][side] == feeds[name][side]]
                for side in Side
            },
            resolver=resolver,
            feeds_by_table=by_table,
        )
        for name in in_dependency_order(mappings)
    }


def in_dependency_order(mappings: Mapping[str, TableMapping]) -> list[str]:
    """Names of the tables so that each comes after those it depends on. Raises ValueError for a circle."""
    ordered: list[str] = []
    waiting = dict(mappings)
    while waiting:
        ready = [name for name, each in waiting.items() if not any(other in waiting for other in each.depends_on)]
        if not ready:
            raise ValueError(f"these tables depend on each other in a circle: {', '.join(waiting)}")
        ordered += ready
        for name in ready:
            del waiting[name]
    return ordered


def _feed(pair: Pair, side: Side, resource: str) -> int:
    connection = pair.left_id if side is Side.LEFT else pair.right_id
    return Feed.objects.get_or_create(connection_id=connection, resource=resource)[0].pk
