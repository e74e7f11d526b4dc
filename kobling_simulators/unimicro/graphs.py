"""Posted graphs: staged, checked as a whole, then written at once or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.errors import ApiError, Finding, Invalid, RuleBroken
from kobling_simulators.unimicro.facts import Entity, Relation, entities
from kobling_simulators.unimicro.filters import CUSTOM
from kobling_simulators.unimicro.table import Row
from kobling_simulators.unimicro.values import KEPT, is_guid, kept, problem, writable

_ALWAYS = frozenset({CUSTOM, "_links", "_validationResults"})
_NESTED = frozenset({"Customer", "Dimensions", "Product"})
_DEEPEST = 12
_MOST_PARTS = 5_000


@dataclass(slots=True, eq=False)
class Draft:
    """One row to be written: what it will say, what it says now (if it is there), and the graph it came from."""

    entity: Entity
    key: int
    values: Row
    row: Row | None
    graph: dict[str, Any]
    new: bool

    def final(self, name: str) -> Any:
        """A field as it will be."""
        if name in self.values:
            return self.values[name]
        return None if self.row is None else self.row.get(name)

    def whole(self) -> Row:
        """All fields as they will be."""
        return {**(self.row or {}), **self.values, "ID": self.key}


Rule = Callable[["Batch", Draft], None]


class Batch:
    """All rows of one graph.

    Fidelity: known unimicro §5 – a graph is written with its sub-entities; every new one needs a _createguid; an ID
        means update; Deleted in a sub-entity deletes it
    Fidelity: known unimicro §5 – the same _createguid again is an error, and nothing is made
    Fidelity: known unimicro §5 – a reference is an ID or a nested object, not both
    Fidelity: assumed unimicro §5 – both are fine when they agree; sub-entities that are left out stay
    Fidelity: assumed unimicro §5 – nested objects that the entity does not own (Product, Terms, …) are references only
    """

    def __init__(self, books: Books, *, person: bool = False) -> None:
        self.books = books
        self.drafts: list[Draft] = []
        self._findings: dict[int, list[Finding]] = {}
        self._guids: set[str] = set()
        self._person = person

    def write(self, entity: Entity, graph: Any, row: Row | None, rules: Mapping[str, tuple[Rule, Rule]]) -> Row:
        """Write a graph; gives the row of its root. Raises ApiError."""
        root = self.stage(entity, graph, row, {})
        self._finish([root], graph, rules)
        return self.books.tables[entity.name].rows[root.key]

    def write_all(
        self, entity: Entity, graphs: list[tuple[Any, Row | None]], rules: Mapping[str, tuple[Rule, Rule]]
    ) -> list[Row]:
        """Write several graphs or none; gives the rows of their roots. Raises ApiError."""
        roots = [self.stage(entity, graph, row, {}) for graph, row in graphs]
        self._finish(roots, [graph for graph, _ in graphs], rules)
        return [self.books.tables[entity.name].rows[root.key] for root in roots]

    def _finish(self, roots: list[Draft], graph: Any, rules: Mapping[str, tuple[Rule, Rule]]) -> None:
        for draft in list(self.drafts):
            if draft.entity.name in rules and not draft.values.get("Deleted"):
                rules[draft.entity.name][0](self, draft)
        if self._findings:
            raise Invalid(graph, self._findings)
        changed = [draft for draft in self.drafts if self._commit(draft)]
        for root in roots:
            if changed and root not in changed and root.row and self.books.settings.parent_stamp == "touched":
                self.books.touch(root.entity.name, root.row)
        for draft in self.drafts:
            if draft.entity.name in rules and not draft.values.get("Deleted"):
                rules[draft.entity.name][1](self, draft)

    def _commit(self, draft: Draft) -> bool:
        name = draft.entity.name
        if draft.row is None:
            draft.row = self.books.add(name, {**draft.values, "ID": draft.key})
            return True
        return self.books.change(name, draft.row, draft.values)

    def wrong(self, draft: Draft, field: str, message: str) -> None:
        """Something is wrong with a property; told when all have been looked at."""
        self._note(draft.entity, draft.graph, field, message)

    def _note(self, entity: Entity, graph: dict[str, Any], field: str, message: str) -> None:
        self._findings.setdefault(id(graph), []).append(Finding(entity.name, field, message))

    def of(self, entity: str) -> Iterator[Draft]:
        """Drafts of one entity."""
        return (draft for draft in self.drafts if draft.entity.name == entity)

    def find(self, entity: str, key: Any) -> Row | None:
        """A row as it will be, staged or stored."""
        for draft in self.of(entity):
            if draft.key == key:
                return None if draft.values.get("Deleted") else draft.whole()
        return self.books.get(entity, key)

    def parts(self, entity: str, carrier: str, whole: Draft) -> list[Row]:
        """All sub-entities of a row as they will be, by SortIndex."""
        staged = {part.key: part for part in self.of(entity) if part.final(carrier) == whole.key}
        found = [] if whole.new else list(self.books.tables[entity].found(carrier, whole.key))
        rows = [row for row in found if row["ID"] not in staged]
        rows += [part.whole() for part in staged.values() if not part.values.get("Deleted")]
        return sorted(rows, key=lambda row: (row.get("SortIndex") or 0, row["ID"]))

    def stage(self, entity: Entity, graph: Any, row: Row | None, carried: Mapping[str, Any], depth: int = 0) -> Draft:
        """A graph and all below it. Raises ApiError."""
        if not isinstance(graph, dict):
            raise ApiError(f"{entity.name} must be an object")
        if depth > _DEEPEST or len(self.drafts) > _MOST_PARTS:
            raise ApiError("The graph is too large")
        self._known(entity, graph)
        if row is None:
            key = self.books.tables[entity.name].new_id()
            draft = Draft(entity, key, {"_createguid": self._guid(entity, graph)}, None, graph, True)
        else:
            draft = Draft(entity, row["ID"], {}, row, graph, False)
            if graph.get("Deleted") is True and depth:
                draft.values["Deleted"] = True
                self.drafts.append(draft)
                return draft
        draft.values.update(carried)
        self._plain(draft)
        lists = []
        for relation in entity.relations.values():
            given = graph.get(relation.name)
            if given is None:
                continue
            if relation.many:
                lists.append((relation, given))
            else:
                self._single(draft, relation, given, depth)
        self.drafts.append(draft)
        for relation, given in lists:
            self._many(draft, relation, given, depth)
        return draft

    def _known(self, entity: Entity, graph: dict[str, Any]) -> None:
        if self.books.settings.unknown_properties == "ignore":
            return
        for name in graph:
            if name not in entity.fields and name not in entity.relations and name not in _ALWAYS:
                raise ApiError(f"'{name}' is no property of {entity.name}")

    def _guid(self, entity: Entity, graph: dict[str, Any]) -> str:
        if graph.get("ID"):
            raise RuleBroken(f"{entity.name}: a new entity has no ID", entity.name, "ID")
        given = graph.get("_createguid")
        if given is None and self._person:
            return self.books.new_guid()
        if not is_guid(given):
            raise RuleBroken(f"{entity.name}: a new entity needs a _createguid", entity.name, "_createguid")
        guid = str(given).lower()
        if guid in self.books.guids or guid in self._guids:
            text = f"{entity.name}: an entity with _createguid {guid} has been created already"
            raise RuleBroken(text, entity.name, "_createguid")
        self._guids.add(guid)
        return guid

    def _plain(self, draft: Draft) -> None:
        entity, graph = draft.entity, draft.graph
        carriers = entity.carried()
        clears = draft.row is not None and self.books.settings.put == "replace" and not self._person
        for field in entity.fields:
            if not writable(entity, field) or field in draft.values:
                continue
            if field not in graph:
                owned = field in carriers and carriers[field].owned
                back = field.endswith("BusinessRelationID") or field in ("EventplanID", "InvoiceReferenceID")
                if clears and field not in KEPT and not owned and not back:
                    draft.values[field] = None
                continue
            value = graph[field]
            found = problem(entity, field, value)
            if found:
                self._note(entity, graph, field, found)
                continue
            value = kept(entity, field, value)
            if field in carriers and value is not None and self.books.get(carriers[field].target, value) is None:
                self._note(entity, graph, field, f"there is no {carriers[field].target} with ID {value}")
                continue
            if value is not None or not draft.new:
                draft.values[field] = value
        if graph.get(CUSTOM) is not None:
            draft.values[CUSTOM] = self._custom(draft, graph[CUSTOM])

    def _custom(self, draft: Draft, given: Any) -> Row:
        known = self.books.custom_fields.get(draft.entity.name, {})
        if not isinstance(given, dict):
            raise ApiError("CustomFields must be an object")
        for name, value in given.items():
            if name not in known:
                raise ApiError(f"'{name}' is no active custom field of {draft.entity.name}")
            if value is not None and not isinstance(value, str | int):
                raise ApiError(f"Custom field '{name}' must be a text or a number")
        before = (draft.row or {}).get(CUSTOM) or {}
        return {name: value for name, value in {**before, **given}.items() if value is not None}

    def _single(self, draft: Draft, relation: Relation, given: Any, depth: int) -> None:
        if not isinstance(given, dict):
            raise ApiError(f"{draft.entity.name}.{relation.name} must be an object")
        target = entities()[relation.target]
        carrier, stored = draft.graph.get(relation.carrier) or None, (draft.row or {}).get(relation.carrier)
        key = given.get("ID") or (stored if self._person and relation.owned else None)
        if carrier is not None and carrier != key:
            text = f"{draft.entity.name}: give {relation.carrier} or {relation.name}, not both"
            raise RuleBroken(text, draft.entity.name, relation.name)
        if key is None:
            if not relation.owned and relation.target not in _NESTED:
                raise RuleBroken(f"{relation.target} cannot be made here", draft.entity.name, relation.name)
            back = _back(draft, target)
            draft.values[relation.carrier] = self.stage(target, given, None, back, depth + 1).key
            return
        row = self.books.get(relation.target, key)
        if row is None or (relation.owned and stored != key):
            self._note(draft.entity, draft.graph, relation.name, f"there is no such {relation.target} here")
            return
        draft.values[relation.carrier] = key
        if relation.owned and self.stage(target, given, row, {}, depth + 1).values.get("Deleted"):
            draft.values[relation.carrier] = None

    def _many(self, draft: Draft, relation: Relation, given: Any, depth: int) -> None:
        if not isinstance(given, list):
            raise ApiError(f"{draft.entity.name}.{relation.name} must be a list")
        if not relation.owned:
            return
        target = entities()[relation.target]
        for part in given:
            if not isinstance(part, dict):
                raise ApiError(f"{draft.entity.name}.{relation.name} must hold objects")
            if not part.get("ID"):
                self.stage(target, part, None, {relation.carrier: draft.key}, depth + 1)
                continue
            row = self.books.get(relation.target, part["ID"])
            if row is None or row.get(relation.carrier) != draft.key:
                self._note(target, part, "ID", f"there is no such {relation.target} here")
                continue
            if not any(other.row is row for other in self.drafts):
                self.stage(target, part, row, {}, depth + 1)


def _back(draft: Draft, target: Entity) -> Row:
    """What a sub-entity of a business relation says about where it belongs."""
    if draft.entity.name != "BusinessRelation":
        return {}
    name = "ParentBusinessRelationID" if target.name == "Contact" else "BusinessRelationID"
    return {name: draft.key} if name in target.fields else {}
