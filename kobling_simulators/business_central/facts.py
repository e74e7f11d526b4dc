"""Which entity sets there are and what their properties hold, from the contract's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from kobling_simulators.wire import from_json

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
NO_DATE = "0001-01-01"
NO_INSTANT = "0001-01-01T00:00:00Z"
BLANK = "_x0020_"
_ZERO = Decimal(0)
_EMPTY: Mapping[str, object] = {
    "String": "",
    "Guid": ZERO_GUID,
    "Date": NO_DATE,
    "DateTimeOffset": NO_INSTANT,
    "TimeOfDay": "00:00:00",
    "Duration": "PT0S",
    "Decimal": _ZERO,
    "Int32": 0,
    "Int64": 0,
    "Boolean": False,
    "Stream": None,
}
_REQUIRED = frozenset({("customers", "displayName"), ("contacts", "displayName"), ("documentAttachments", "parentId")})
# Accounts of journal lines and objects of document lines follow a type, so they are resolved by hand.
_NOT_LINKED = frozenset({"journalLines.accountId", "journalLines.balancingAccountId"})


@dataclass(frozen=True, slots=True)
class Property:
    """One property: type, length, access, and which entity set it points into (by id or by its key).

    Fidelity: known business_central §10 – names, types, lengths, access, enum members and relations
    Fidelity: known business_central §4 – empty values: "", the zero GUID, 0001-01-01; never null
    Fidelity: inferred business_central §10 – numbers and codes are AL Code fields: upper case, no blanks around
    Fidelity: assumed business_central §10 – ShowMandatory binds for codes, customer and contact names only
    """

    name: str
    type: str
    length: int | None = None
    read_only: bool = False
    required: bool = False
    code: bool = False
    choices: tuple[str, ...] = ()
    points_at: str = ""
    names: str = ""
    stored_as: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    empty: Any = ""


@dataclass(frozen=True, slots=True)
class Navigation:
    """A navigation property: child rows whose `child` property equals the `parent` property of this entity."""

    name: str
    many: bool
    target: str
    child: str
    parent: str
    kind: str


@dataclass(frozen=True, slots=True)
class Link:
    """A code or number that stands beside an id: both name one record of `target`, whose key is `key`."""

    code: str
    id: str
    target: str
    key: str


@dataclass(frozen=True, eq=False)
class EntitySet:
    """One entity set under its names."""

    name: str
    entity: str
    key: str
    may: str
    properties: Mapping[str, Property]
    navigation: Mapping[str, Navigation] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    links: Mapping[str, Link] = field(default_factory=dict)

    @property
    def own_key(self) -> str:
        """The property that people know a record by: its code or number, else its id."""
        found = next((name for name in ("code", "number") if name in self.properties), self.key)
        return "entryNumber" if "entryNumber" in self.properties and found == "id" else found


@dataclass(frozen=True, eq=False)
class Schema:
    """The entity sets that one API offers."""

    route: str
    sets: Mapping[str, EntitySet]

    def without(self, missing: Iterable[str]) -> Schema:
        """The same lacking some entity sets ("vendors") and properties ("customers.taxLiable")."""
        names = frozenset(missing)
        kept = {name: _lacking(one, names) for name, one in self.sets.items() if name not in names}
        for name, one in kept.items():
            navigation = {key: nav for key, nav in one.navigation.items() if nav.target in kept}
            kept[name] = replace(one, navigation=navigation)
        return Schema(self.route, kept)


def _lacking(one: EntitySet, names: frozenset[str]) -> EntitySet:
    properties = {name: given for name, given in one.properties.items() if f"{one.name}.{name}" not in names}
    links = {name: link for name, link in one.links.items() if name in properties}
    return replace(one, properties=properties, links=links)


@cache
def standard() -> Schema:
    """API v2.0 as Microsoft ships it."""
    return _schema("v2.0", "facts.json")


@cache
def custom_api() -> Schema:
    """The API pages of our own extension.

    Fidelity: known business_central §6.1 – resources, price groups and sales prices are not exposed in v2.0
    """
    return _schema("kobling/masterdata/v1.0", "custom_api.json")


@cache
def web_services() -> Schema:
    """OData web services published from pages: one per service name, properties named as the AL fields."""
    return _schema("ODataV4", "web_services.json")


def _schema(route: str, file: str) -> Schema:
    read: dict[str, dict[str, Any]] = from_json((Path(__file__).parent / file).read_bytes())
    sets = {name: _entity_set(name, told) for name, told in read.items()}
    known = sets if route == "v2.0" else {**standard().sets, **sets}
    return Schema(route, {name: replace(one, links=_links(one, known)) for name, one in sets.items()})


def _entity_set(name: str, told: Mapping[str, Any]) -> EntitySet:
    return EntitySet(
        name=name,
        entity=told["entity"],
        key=told["key"],
        may=told["may"],
        properties={key: _property(name, key, text) for key, text in told["properties"].items()},
        navigation={key: _navigation(key, text) for key, text in told.get("navigation", {}).items()},
        actions=tuple(told.get("actions", ())),
    )


def _property(set_name: str, name: str, text: str) -> Property:
    kind, *words = text.split(" ")
    choices = tuple(words.pop(0).split("|")) if kind == "Enum" else ()
    length = int(words.pop(0)) if words and words[0].isdecimal() else None
    given = dict(word.partition("=")[::2] for word in words)
    return Property(
        name=name,
        type=kind,
        length=length,
        read_only="RO" in given,
        required=(set_name, name) in _REQUIRED or (name == "code" and ("M" in given or "NB" in given)),
        code="CODE" in given,
        choices=choices,
        points_at=given.get("id", ""),
        names=given.get("key", ""),
        stored_as=given.get("al", ""),
        low=Decimal(given["min"]) if "min" in given else None,
        high=Decimal(given["max"]) if "max" in given else None,
        empty=choices[0] if choices else _EMPTY[kind],
    )


def _navigation(name: str, text: str) -> Navigation:
    many, target, child, parent, *kind = text.split(" ")
    return Navigation(name, many == "*", target, child, parent, kind[0] if kind else "")


def _links(one: EntitySet, sets: Mapping[str, EntitySet]) -> dict[str, Link]:
    found: dict[str, Link] = {}
    for name, given in one.properties.items():
        if given.points_at not in sets or f"{one.name}.{name}" in _NOT_LINKED:
            continue
        base = name.removesuffix("Id")
        for code in (f"{base}Code", f"{base}Number", base):
            if code in one.properties and one.properties[code].type == "String":
                found[code] = Link(code, name, given.points_at, sets[given.points_at].own_key)
                break
    return found
