"""A row that FetchXML found, with the rows linked to it, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.fetch_conditions import column_of
from kobling_simulators.dataverse.rendering import View
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.store import Store
from kobling_simulators.odata.options import Options


@dataclass(frozen=True, slots=True)
class Linked:
    """One <link-entity>: which rows of its table meet a row, and whether a row may do without."""

    alias: str
    table: Table
    told: Element
    rows: Callable[[Row], list[Row]]
    inner: list[Linked] = field(default_factory=list)
    outer: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A row and those linked to it by alias."""

    row: Row
    linked: dict[str, Row | None]


def shown(store: Store, table: Table, entity: Element, found: Found, context: Context) -> dict[str, Any]:
    """The row as JSON: chosen columns, those of linked rows as alias.column.

    Fidelity: assumed dataverse §4 – columns of linked rows come as alias.column, or as the alias of the attribute
    """
    told = _view(store, table, entity, context).shown(found.row)
    told |= _renamed(entity, table, found.row)
    for link, depth in _links(entity, 1):
        linked_table = store.table(link.get("name", ""))
        alias = link.get("alias") or f"{linked_table.logical}{depth}"
        row = found.linked.get(alias)
        if row is None:
            continue
        for name in _names(link, linked_table):
            value = row.values.get(name)
            if value is not None:
                told[_alias(link, name) or f"{alias}.{name}"] = value
    return told


def _view(store: Store, table: Table, entity: Element, context: Context) -> View:
    names = _names(entity, table)
    chosen = tuple(table.columns[name].read_name for name in names)
    return View(store, table, Options(select=chosen or (table.key,)), context)


def _names(told: Element, table: Table) -> list[str]:
    if told.find("all-attributes") is not None:
        return list(table.columns)
    return [column_of(table, one.get("name")).name for one in told.findall("attribute")]


def _alias(told: Element, name: str) -> str:
    return next((one.get("alias", "") for one in told.findall("attribute") if one.get("name") == name), "")


def _renamed(told: Element, table: Table, row: Row) -> dict[str, Any]:
    aliased = ((one.get("alias"), one.get("name", "")) for one in told.findall("attribute"))
    return {alias: row.values.get(column_of(table, name).name) for alias, name in aliased if alias}


def _links(told: Element, depth: int) -> list[tuple[Element, int]]:
    found: list[tuple[Element, int]] = []
    for one in told.findall("link-entity"):
        found += [(one, depth), *_links(one, depth + 1)]
    return found
