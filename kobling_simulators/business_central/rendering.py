"""Records as JSON carries them: $select and $expand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kobling_simulators.business_central.errors import no_property
from kobling_simulators.business_central.facts import EntitySet, Schema
from kobling_simulators.business_central.reading import read_page
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.table import Parent, Table
from kobling_simulators.odata.options import Expand, Options

_ALL = 1_000_000


@dataclass(frozen=True)
class Rendering:
    """How one request wants records: which schema it speaks, and the version of the filter dialect."""

    schema: Schema
    version: str

    def show(self, table: Table, row: Row, options: Options) -> dict[str, Any]:
        """A record with what is selected and expanded. Raises ApiError."""
        return self.shower(table, options)(row)

    def shower(self, table: Table, options: Options) -> Callable[[Row], dict[str, Any]]:
        """A function that shows many records alike. Raises ApiError."""
        only = selected(table.entity, options)
        if not options.expand:
            return lambda row: table.show(row, only)
        for expand in options.expand:
            if expand.name not in table.entity.navigation:
                raise no_property(expand.name, table.entity.entity)

        def shown(row: Row) -> dict[str, Any]:
            found = table.show(row, only)
            for expand in options.expand:
                found[expand.name] = self._expanded(table, row, expand)
            return found

        return shown

    def _expanded(self, table: Table, row: Row, expand: Expand) -> Any:
        """Fidelity: known business_central §4 – $expand goes several levels down, with nested options."""
        navigation = table.entity.navigation[expand.name]
        child = table.company.table(navigation.target, self.schema)
        parent = Parent(table, row, navigation)
        rows = read_page(child, expand.options, parent, _ALL, "", self.version).rows
        show = self.shower(child, expand.options)
        if navigation.many:
            return [show(one) for one in rows]
        return show(rows[0]) if rows else None


def selected(entity: EntitySet, options: Options) -> frozenset[str] | None:
    """The properties of $select, None for all. Raises ApiError."""
    if options.select is None or "*" in options.select:
        return None
    for name in options.select:
        if name not in entity.properties and name not in entity.navigation:
            raise no_property(name, entity.entity)
    return frozenset(options.select)
