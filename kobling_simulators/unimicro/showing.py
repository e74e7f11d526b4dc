"""What answers hold of a row: all fields, those selected, relations that were asked for, links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError
from kobling_simulators.unimicro.facts import FLAG, Entity, entities
from kobling_simulators.unimicro.filters import CUSTOM, resolve
from kobling_simulators.unimicro.table import Row

Tree = dict[str, Any]
_DEEPEST = 6
TRANSITIONS: Mapping[tuple[str, int], tuple[str, ...]] = {
    ("CustomerInvoice", 42001): ("invoice",),
    ("CustomerInvoice", 42002): ("credit", "pay"),
    ("CustomerInvoice", 42003): ("credit", "pay"),
    ("CustomerInvoice", 42004): ("credit",),
    ("CustomerInvoice", 42007): ("credit", "pay"),
    ("CustomerOrder", 41001): ("register",),
    ("CustomerOrder", 41002): ("transferToInvoice", "complete"),
    ("CustomerOrder", 41003): ("transferToInvoice", "complete"),
    ("Product", 35001): ("Discard", "Delete"),
    ("Product", 35002): ("Reactivate",),
}


class Shower:
    """Shows rows of one entity as one query wants them.

    Fidelity: known unimicro §4 – expand with dots, select, hateoas; answers are bare objects and arrays
    Fidelity: assumed unimicro §4 – relations that were not asked for are null; select keeps nesting; hateoas is off
        unless asked for; flags are never null
    Fidelity: known unimicro §5 – _links.transitions names what is allowed now
    """

    def __init__(self, books: Books, entity: Entity, query: Mapping[str, str]) -> None:
        self._books = books
        self._entity = entity
        self._expand = _tree(entity, query.get("expand", ""))
        self._select = _selected(entity, query.get("select", ""))
        hateoas = query.get("hateoas", "false").lower()
        if hateoas not in ("true", "false"):
            raise ApiError(f"Invalid hateoas: '{hateoas}'")
        self._links = hateoas == "true"

    def shown(self, row: Row) -> Row:
        """One row."""
        if self._select:
            return self._chosen(self._entity, row, self._select)
        return self._full(self._entity, row, self._expand)

    def _full(self, entity: Entity, row: Row, expand: Tree) -> Row:
        shown: Row = {name: False if kind == FLAG else None for name, kind in entity.fields.items()}
        shown.update(row)
        if not self._books.settings.createguid_readable:
            shown["_createguid"] = None
        shown[CUSTOM] = self._custom(entity, row)
        for relation in entity.relations.values():
            if relation.name not in expand:
                shown[relation.name] = None
            elif relation.many:
                children = self._books.tables[relation.target].found(relation.carrier, row["ID"])
                inner, target = expand[relation.name], entities()[relation.target]
                shown[relation.name] = [self._full(target, child, inner) for child in children]
            else:
                other = self._books.get(relation.target, row.get(relation.carrier))
                inner, target = expand[relation.name], entities()[relation.target]
                shown[relation.name] = None if other is None else self._full(target, other, inner)
        if self._links:
            shown["_links"] = _links(entity, row)
        return shown

    def _custom(self, entity: Entity, row: Row) -> Row | None:
        """Fidelity: assumed unimicro §7 – active custom fields are shown by name, null where not set."""
        known = self._books.custom_fields.get(entity.name)
        return {name: (row.get(CUSTOM) or {}).get(name) for name in known} if known else None

    def _chosen(self, entity: Entity, row: Row, select: Tree) -> Row:
        shown: Row = {}
        for name, inner in select.items():
            relation = entity.relations.get(name)
            if name == CUSTOM:
                values = row.get(CUSTOM) or {}
                shown[name] = {each: values.get(each) for each in inner} if inner else self._custom(entity, row)
            elif relation is None:
                shown[name] = bool(row.get(name)) if entity.fields[name] == FLAG else row.get(name)
            else:
                other = self._books.get(relation.target, row.get(relation.carrier))
                target = entities()[relation.target]
                shown[name] = None if other is None else self._chosen(target, other, inner)
        return shown


def _links(entity: Entity, row: Row) -> Row:
    names = TRANSITIONS.get((entity.name, row.get("StatusCode", 0)), ())
    path = f"/api/biz/{entity.route}/{row['ID']}"
    told = {name: {"href": f"{path}?action={name}", "method": "POST"} for name in names}
    return {"self": {"href": path}, "transitions": told}


def _tree(entity: Entity, text: str) -> Tree:
    """The relations of an expand, nested. Raises ApiError."""
    tree: Tree = {}
    for path in text.split(",") if text.strip() else ():
        here, at = tree, entity
        parts = path.strip().split(".")
        if len(parts) > _DEEPEST:
            raise ApiError(f"expand goes too deep: '{path}'")
        for part in parts:
            name = at.spelled.get(part.lower(), "")
            if name == CUSTOM:
                break
            relation = at.relations.get(name)
            if relation is None:
                raise ApiError(f"'{path.strip()}' cannot be expanded from {entity.name}")
            here = here.setdefault(name, {})
            at = entities()[relation.target]
    return tree


def _selected(entity: Entity, text: str) -> Tree:
    tree: Tree = {}
    for path in text.split(",") if text.strip() else ():
        if path.strip().lower() == CUSTOM.lower():
            tree.setdefault(CUSTOM, {})
            continue
        spelled, _ = resolve(entity, path.strip())
        here = tree
        for part in spelled.split("."):
            here = here.setdefault(part, {})
    return tree
