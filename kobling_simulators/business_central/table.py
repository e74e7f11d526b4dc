"""One entity set of one company: the one engine that reads and writes every table by its facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kobling_simulators.business_central.company import CompanyOf
from kobling_simulators.business_central.errors import (
    BAD_REQUEST,
    READ_ONLY,
    SAME_KEY,
    bad_request,
    no_record,
    no_relation,
    not_allowed,
    rule,
    wrong_field,
)
from kobling_simulators.business_central.facts import BLANK, ZERO_GUID, EntitySet, Link, Navigation, Property
from kobling_simulators.business_central.shelf import Row
from kobling_simulators.business_central.values import iso, read_value

Values = dict[str, Any]
Reading = Callable[[Row], Any]


@dataclass(frozen=True)
class Parent:
    """The record under which a request stands."""

    table: Table
    row: Row
    navigation: Navigation

    @property
    def value(self) -> str:
        """What the child's property has to equal."""
        return str(self.table.value(self.row, self.navigation.parent))


class Table:
    """Reads and writes by the facts; what one table does otherwise is a subclass that overrides the hooks below."""

    shelf_name = ""
    shelf_key = ""
    series = ""
    row_id_is_id = True
    text_key = False
    immutable: frozenset[str] = frozenset()
    used_in: tuple[tuple[str, str], ...] = ()

    def __init__(self, company: Company, entity: EntitySet) -> None:
        self.company = company
        self.entity = entity
        empty = {name: given.empty for name, given in entity.properties.items()}
        self.shelf = company.shelf(self.shelf_name or entity.name, self.shelf_key or entity.own_key, empty)
        self._computed: dict[str, Reading] = {
            "id": lambda row: row.id,
            "lastModifiedDateTime": lambda row: iso(row.modified),
            **{link.code: self._follow(link) for link in entity.links.values()},
            **self.computed(),
        }
        self._columns = [
            (name, given.empty, self._computed.get(name))
            for name, given in entity.properties.items()
            if given.type != "Stream"
        ]

    # What a subclass may override.

    def computed(self) -> Mapping[str, Reading]:
        """Properties that are worked out when they are read."""
        return {}

    def scope(self, asked: Mapping[str, object], parent: Parent | None) -> Callable[[Row], bool] | None:
        """Which rows a list may show; `asked` are the properties that the filter compares. Raises ApiError."""
        return None

    def prepare(self, values: Values, row: Row | None, given: frozenset[str], parent: Parent | None) -> None:
        """Defaults and rules before a write; `row` is None for a new record. Raises ApiError."""

    def created(self, row: Row, parent: Parent | None) -> None:
        """After an insert."""

    def changed(self, row: Row, before: Values) -> None:
        """After a change."""

    def deleting(self, row: Row) -> None:
        """Before a deletion. Raises ApiError."""
        for set_name, name in self.used_in:
            users = self.company.table(set_name).shelf.equal(name, row.id)
            if users:
                text = f"You cannot delete {self.entity.entity} {self.label(row)}"
                raise rule(f"{text} because it is used in {len(users)} record(s) of {set_name}.")

    def act(self, row: Row, action: str) -> None:
        """A bound action. Raises ApiError."""
        raise not_allowed("POST", action)

    # Reading.

    def _follow(self, link: Link) -> Reading:
        """Fidelity: assumed business_central §10 – a currency code without a length shows the local one for none."""
        company, told = self.company, self.entity.properties[link.code]
        local = link.target == "currencies" and told.length is None
        if local:
            return lambda row: (
                company.code_of(link.target, row.values.get(link.id)) or company.setup.get("currency", "")
            )
        return lambda row: company.code_of(link.target, row.values.get(link.id))

    def value(self, row: Row, name: str) -> Any:
        """The value of a property as JSON carries it."""
        reading = self._computed.get(name)
        if reading is not None:
            return reading(row)
        given = self.entity.properties.get(name)
        return row.values.get(name, None if given is None else given.empty)

    def is_stored(self, name: str) -> bool:
        """Whether rows hold the property itself, so that it can be indexed."""
        return name not in self._computed

    def show(self, row: Row, only: frozenset[str] | None = None) -> Values:
        """The record as JSON carries it, all properties or some."""
        shown: Values = {"@odata.etag": row.etag}
        values = row.values
        for name, empty, reading in self._columns:
            if only is None or name in only:
                shown[name] = values.get(name, empty) if reading is None else reading(row)
        return shown

    def label(self, row: Row) -> str:
        """How people call the record."""
        return str(self.value(row, self.entity.own_key))

    def get(self, key: str, parent: Parent | None = None) -> Row:
        """The record with an id. Raises ApiError."""
        row = self.shelf.rows.get(key)
        if row is None or not self.belongs(row, parent):
            raise no_record(self.entity.entity, key)
        return row

    def get_under(self, key: str, parent: Parent) -> Row:
        """The record with a key below another record. Raises ApiError."""
        return self.get(key, parent)

    def belongs(self, row: Row, parent: Parent | None) -> bool:
        """Whether a row is in this entity set, and under the parent."""
        return parent is None or str(self.value(row, parent.navigation.child)) == parent.value

    def under(self, parent: Parent) -> Iterable[Row]:
        """All rows under a record."""
        navigation = parent.navigation
        if navigation.child == "id":
            row = self.shelf.rows.get(parent.value)
            return [] if row is None else [row]
        return self.shelf.equal(navigation.child, parent.value)

    # Writing.

    def create(self, body: Any, parent: Parent | None = None) -> Row:
        """A new record with everything nested in its body. Raises ApiError."""
        if "i" not in self.entity.may:
            raise bad_request(f"Entity '{self.entity.entity}' does not support insert.", READ_ONLY)
        given, nested = self._split(body, creating=True)
        values = self._read(given)
        self._place(values, parent)
        self._resolve(values)
        self.prepare(values, None, frozenset(given), parent)
        self._need_key(values)
        row = self.shelf.add(self.new_key(values), self._sparse(values), self.company.now())
        self.created(row, parent)
        for navigation, bodies in nested:
            child = self.company.related(navigation.target)
            for one in bodies:
                child.create(one, Parent(self, row, navigation))
        return row

    def new_key(self, values: Values) -> str:
        """The id of a new record."""
        return self.company.new_id()

    def update(self, row: Row, body: Any) -> Row:
        """Change what the body names. Raises ApiError."""
        if "m" not in self.entity.may:
            raise bad_request(f"Entity '{self.entity.entity}' does not support modify.", READ_ONLY)
        given, _ = self._split(body, creating=False)
        values = self._read(given)
        for name in self.immutable & values.keys():
            if values[name] != self.value(row, name):
                raise rule(f"The value for '{name}' cannot be modified.")
        self._resolve(values)
        self.prepare(values, row, frozenset(given), None)
        self._need_key(values, row)
        before = dict(row.values)
        self.shelf.change(row, self._changes(values), self.company.now())
        self.changed(row, before)
        return row

    def delete(self, row: Row) -> None:
        """Take a record away. Raises ApiError."""
        if "d" not in self.entity.may:
            raise bad_request(f"Entity '{self.entity.entity}' does not support delete.", READ_ONLY)
        self.deleting(row)
        self.shelf.remove(row)

    def put(self, row: Row, **values: Any) -> None:
        """Set properties as the system does, without any check."""
        self.shelf.change(row, self._changes(values), self.company.now())

    def insert(self, values: Values, modified: int | None = None) -> Row:
        """A new record as the system makes it, without any check."""
        return self.shelf.add(
            self.new_key(values), self._sparse(values), self.company.now() if modified is None else modified
        )

    def read_stream(self, row: Row, name: str) -> bytes:
        """The octets behind a stream property; none when nothing was written."""
        content = row.secret(name)
        return content if isinstance(content, bytes) else b""

    def write_stream(self, row: Row, name: str, content: bytes) -> None:
        """Other octets behind a stream property. Raises ApiError."""
        if self.entity.properties[name].read_only or "m" not in self.entity.may:
            raise bad_request(f"Control '{name}' is read-only.", READ_ONLY)
        self.shelf.hide(row, name, content)
        self.shelf.change(row, {}, self.company.now())

    def _split(self, body: Any, *, creating: bool) -> tuple[Values, list[tuple[Navigation, list[Any]]]]:
        """Properties and nested collections of a body; annotations are dropped.

        Fidelity: known business_central §6 – deep insert works on POST only; a PATCH changes no collection
        Fidelity: inferred business_central §6 – a body may not name `id`: "You cannot change the value of the SystemId"
        Fidelity: assumed business_central §7 – an unknown property is 400 BadRequest and names the property
        """
        if not isinstance(body, dict):
            raise bad_request("The request body must be a JSON object.")
        given: Values = {}
        nested: list[tuple[Navigation, list[Any]]] = []
        for name, value in body.items():
            if "@" in name:
                continue
            told = self.entity.properties.get(name)
            if told is not None:
                self._need_writable(told)
                given[name] = value
                continue
            navigation = self.entity.navigation.get(name)
            if navigation is None:
                text = f"The property '{name}' does not exist on type 'Microsoft.NAV.{self.entity.entity}'."
                raise bad_request(f"{text} Make sure to only use property names that are defined by the type.")
            if not creating or not navigation.many or not isinstance(value, list):
                raise bad_request(f"The navigation property '{name}' cannot be written here.", BAD_REQUEST)
            nested.append((navigation, value))
        return given, nested

    def _need_writable(self, told: Property) -> None:
        """Fidelity: known business_central §7 – BadRequest_InvalidOperation is a read-only control."""
        if told.name == "id" and self.entity.key == "id" and told.read_only:
            raise bad_request("You cannot change the value of the SystemId field.", READ_ONLY)
        if told.read_only or told.type == "Stream":
            raise bad_request(f"Control '{told.name}' is read-only.", READ_ONLY)

    def _read(self, given: Values) -> Values:
        properties, entity = self.entity.properties, self.entity.entity
        return {name: read_value(properties[name], value, entity) for name, value in given.items()}

    def _place(self, values: Values, parent: Parent | None) -> None:
        if parent is None or parent.navigation.child == "id":
            return
        child, wanted = parent.navigation.child, parent.value
        if values.get(child, wanted) != wanted:
            raise bad_request(f"The value of '{child}' does not match the parent of the request.")
        values[child] = wanted
        if parent.navigation.kind and "parentType" in self.entity.properties:
            values.setdefault("parentType", parent.navigation.kind)

    def _resolve(self, values: Values) -> None:
        """Turn codes into ids, and refuse what points nowhere.

        Fidelity: inferred business_central §6.1 – a lookup may be given by id or by code; both have to agree
        """
        for link in self.entity.links.values():
            if link.code in values:
                self._join(values, link)
        for name in values.keys() & self.entity.properties.keys():
            told, value = self.entity.properties[name], values[name]
            if told.points_at and value not in (ZERO_GUID, "", None):
                if self.company.find(told.points_at, value) is None:
                    raise no_relation(name, self.entity.entity, value, told.points_at)
            elif told.names and name not in self.entity.links and value and not self._is_named(told.names, value):
                raise no_relation(name, self.entity.entity, value, told.names)

    def _is_named(self, set_name: str, key: str) -> bool:
        return self.company.named(set_name, key) is not None

    def _join(self, values: Values, link: Link) -> None:
        code = values.pop(link.code)
        found = self.blank_code(link, code)
        if not found:
            row = self.company.named(link.target, code)
            if row is None:
                raise no_relation(link.code, self.entity.entity, code, link.target)
            found = row.id
        if values.get(link.id, found) != found:
            raise wrong_field(f'The "{link.id}" and "{link.code}" do not match to a specific {link.target} record.')
        values[link.id] = found

    def blank_code(self, link: Link, code: str) -> str:
        """The zero GUID when a code stands for nothing, else "".

        Fidelity: assumed business_central §10 – the local currency's code means no currency, and is shown for it
        """
        if code == "" or (link.target == "currencies" and code == self.company.setup.get("currency")):
            return ZERO_GUID
        return ""

    def _need_key(self, values: Values, row: Row | None = None) -> None:
        """Fidelity: known business_central §6.1 – an existing number is 400 Internal_EntityWithSameKeyExists."""
        own = self.entity.own_key
        if self.series and row is None and not values.get(own):
            shelf = self.shelf
            values[own] = next(one for one in self.company.numbers(self.series) if not shelf.equal(own, one))
        for name, told in self.entity.properties.items():
            blank = values.get(name, "" if row is None else "-") in (None, "", BLANK, ZERO_GUID)
            if told.required and blank:
                raise wrong_field(f'The blank "{name}" is not allowed ({self.entity.entity}).')
        if own not in values or own == self.entity.key or not self.is_stored(own) or not self.key_is_unique():
            return
        is_new = row is None or values[own] != row.values.get(own)
        if values[own] and is_new and self.same_key(values if row is None else {**row.values, **values}):
            text = f"The record in table {self.entity.entity} already exists. Identification fields and values:"
            raise bad_request(f"{text} {own}='{values[own]}'", SAME_KEY)

    def key_is_unique(self) -> bool:
        """Whether a code or number names one record only."""
        return True

    def same_key(self, values: Values) -> bool:
        """Whether another record has the key."""
        return bool(self.shelf.equal(self.entity.own_key, values[self.entity.own_key]))

    def _sparse(self, values: Values) -> Values:
        properties = self.entity.properties
        return {
            name: value
            for name, value in values.items()
            if name not in properties or (value is not None and value != properties[name].empty)
        }

    def _changes(self, values: Values) -> Values:
        kept = self._sparse(values)
        return {name: kept.get(name) for name in values}


class Company(CompanyOf[Table]):
    """A company of such tables."""
