"""$filter in Dataverse's dialect: names checked, constants in the shape rows hold, functions of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

from kobling_simulators.dataverse.errors import UNNAMED, bad_request, no_property
from kobling_simulators.dataverse.facts import Column, Table
from kobling_simulators.dataverse.functions import FUNCTIONS, functions_of
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.store import Store
from kobling_simulators.dataverse.values import edm_type
from kobling_simulators.odata.expressions import (
    Call,
    Compare,
    Field,
    FilterProblem,
    InList,
    Lambda,
    Literal,
    Logic,
    Named,
    Node,
    Not,
    Operand,
    ValueOf,
    predicate,
)

_TEXT_FUNCTIONS = ("contains", "startswith", "endswith")
_PREFIX = "Microsoft.Dynamics.CRM."
Getter = Callable[[Row], object]
NEVER = InList(Literal(None), ())


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter ready for use: the tree over internal values, and the test for one row."""

    node: Node
    test: Callable[[Row], bool]


def compile_filter(store: Store, table: Table, node: Node, user: str) -> Filter:
    """Check a filter against a table. Raises ApiError.

    Fidelity: known dataverse §4 – contains, startswith, endswith, lambdas and Microsoft.Dynamics.CRM functions
    Fidelity: assumed dataverse §4 – other OData functions are refused; texts compare without regard to case
    """
    reader = _Reader(store)
    try:
        checked = reader.node(node, table, {})
        test = predicate(checked, functions=functions_of(store.clock.moment(), user), fold_case=True)
    except FilterProblem as problem:
        raise bad_request(str(problem)) from None
    return Filter(checked, lambda row: test(reader.value_of(row)))


class _Reader:
    """Turns names into ways to read a row."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._getters: dict[str, Getter] = {}

    def value_of(self, row: Row) -> ValueOf:
        """The row as a filter reads it."""
        return lambda path: self._getters[path](row)

    def node(self, node: Node, table: Table, scope: dict[str, Table]) -> Node:
        """The node with every name checked and every constant in shape."""
        match node:
            case Logic(op, left, right):
                return Logic(op, self.node(left, table, scope), self.node(right, table, scope))
            case Not(inner):
                return Not(self.node(inner, table, scope))
            case Lambda():
                return self._lambda(node, table, scope)
            case InList(Field(path), values):
                column = self._column(path, table, scope)
                return InList(Field(path), tuple(Literal(_shaped(column, one.value)) for one in values))
            case Compare():
                return self._compare(node, table, scope)
            case Call(name, args):
                return self._call(name, args, table, scope)
            case Field(path) if self._column(path, table, scope).type == "Boolean":
                return node
            case _:
                raise bad_request("The $filter expression must evaluate to a single boolean value.")

    def _compare(self, node: Compare, table: Table, scope: dict[str, Table]) -> Node:
        if isinstance(node.field, Call) and isinstance(node.value, Literal) and isinstance(node.value.value, bool):
            called = self._call(node.field.name, node.field.args, table, scope)
            return called if node.value.value == (node.op == "eq") else Not(called)
        if not isinstance(node.field, Field):
            raise bad_request("A comparison must begin with a property.")
        column = self._column(node.field.path, table, scope)
        if isinstance(node.value, Field):
            other = self._column(node.value.path, table, scope)
            if edm_type(column) != edm_type(other):
                raise _incompatible(column, edm_type(other))
            return node
        if not isinstance(node.value, Literal):
            raise bad_request("A property can be compared with a constant or another property.")
        value = node.value.value
        if value is None and node.op not in ("eq", "ne"):
            raise bad_request("Null can be compared with eq and ne only.")
        if isinstance(value, datetime) and not column.date_only and column.type == "DateTime":
            return _instant_compare(node.field, node.op, value)
        return Compare(node.field, node.op, Literal(_shaped(column, value)))

    def _call(self, name: str, args: tuple[Operand | Named, ...], table: Table, scope: dict[str, Table]) -> Node:
        if name in _TEXT_FUNCTIONS:
            if len(args) != 2 or not isinstance(args[0], Field) or not isinstance(args[1], Literal):
                raise bad_request(f"The function '{name}' takes a property and a text.")
            column = self._column(args[0].path, table, scope)
            if edm_type(column) != "Edm.String" or not isinstance(args[1].value, str):
                raise bad_request(f"The function '{name}' takes a text property and a text.")
            return Call(name, args)
        plain = name.removeprefix(_PREFIX)
        if not name.startswith(_PREFIX) or plain not in FUNCTIONS:
            raise bad_request(f"The function '{name}' is not supported.")
        given = {one.name: one.value for one in args if isinstance(one, Named)}
        if set(given) != {"PropertyName", *FUNCTIONS[plain]}:
            raise bad_request(
                f"The function '{name}' takes PropertyName and {', '.join(FUNCTIONS[plain]) or 'no more'}."
            )
        path = given["PropertyName"]
        if not isinstance(path, Literal) or not isinstance(path.value, str):
            raise bad_request("PropertyName must be the name of a column in quotes.")
        column = self._column(self._read_name(path.value, table), table, scope)
        field = Field(column.read_name)
        rest = [given[key] for key in FUNCTIONS[plain]]
        if plain == "In" and isinstance(rest[0], Literal) and isinstance(rest[0].value, tuple):
            return InList(field, tuple(Literal(_from_text(column, str(one))) for one in rest[0].value))
        return Call(name, (field, *rest))

    def _read_name(self, name: str, table: Table) -> str:
        """Functions name columns by their logical name."""
        if name not in table.columns:
            raise no_property(name, table.logical)
        return table.columns[name].read_name

    def _lambda(self, node: Lambda, table: Table, scope: dict[str, Table]) -> Node:
        if node.collection not in table.collections:
            raise no_property(node.collection, table.logical)
        logical, column = table.collections[node.collection]
        shelf_of = self._store
        key = table.key

        def members(row: Row) -> Iterable[ValueOf]:
            return [self.value_of(one) for one in shelf_of.where(logical, column, row.values[key])]

        self._getters[node.collection] = members
        child = self._store.table(logical)
        body = None
        if node.body is not None:
            body = self.node(node.body, table, {**scope, node.variable: child})
        return Lambda(node.collection, node.quantifier, node.variable, body)

    def _column(self, path: str, table: Table, scope: dict[str, Table]) -> Column:
        """The column a path ends in; paths go through single-valued navigation properties."""
        parts = path.split("/")
        own = parts[0] in scope
        if own:
            table = scope[parts[0]]
            parts = parts[1:]
        steps = []
        for name in parts[:-1]:
            if name not in table.singles:
                raise no_property(name, table.logical)
            navigation = table.singles[name]
            target = self._store.schema.tables.get(navigation.targets[0])
            if target is None:
                raise no_property(name, table.logical)
            steps.append((navigation.column, target.logical))
            table = target
        if not parts or parts[-1] not in table.by_read_name:
            raise no_property(parts[-1] if parts else path, table.logical)
        column = table.by_read_name[parts[-1]]
        self._getters["/".join(path.split("/")[1:]) if own else path] = self._getter(steps, column.name)
        return column

    def _getter(self, steps: list[tuple[str, str]], name: str) -> Getter:
        if not steps:
            return lambda row: row.values.get(name)

        def read(row: Row) -> object:
            at: Row | None = row
            for column, logical in steps:
                key = at.values.get(column) if at is not None else None
                at = self._store.find(logical, key) if key else None
            return None if at is None else at.values.get(name)

        return read


def _instant_compare(field: Field, op: str, value: datetime) -> Node:
    """Rows hold whole seconds: a constant between two seconds is moved to one of them."""
    text = value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if value.microsecond:
        if op in ("eq", "ne"):
            return NEVER if op == "eq" else Not(NEVER)
        op = {"ge": "gt", "gt": "gt", "le": "le", "lt": "le"}[op]
    return Compare(field, op, Literal(text))


def _incompatible(column: Column, other: str) -> Exception:
    return bad_request(
        f"A binary operator with incompatible types was detected. Found operand types '{edm_type(column)}' and "
        f"'{other}' for operator kind of '{column.name}'.",
        UNNAMED,
    )


def _shaped(column: Column, value: object) -> str | Decimal | bool | int | None:
    """A constant as rows hold it. Raises ApiError when its type is not the column's."""
    if value is None:
        return None
    kind = edm_type(column)
    if kind == "Edm.String" and isinstance(value, str):
        return value
    if kind == "Edm.Boolean" and isinstance(value, bool):
        return value
    if kind == "Edm.Guid" and isinstance(value, UUID):
        return str(value)
    if kind in ("Edm.Decimal", "Edm.Double") and isinstance(value, Decimal):
        return value
    if kind in ("Edm.Int32", "Edm.Int64") and isinstance(value, Decimal) and value == int(value):
        return int(value)
    if kind == "Edm.Date" and isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    if kind == "Edm.DateTimeOffset" and isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise _incompatible(column, f"Edm.{type(value).__name__}")


def _from_text(column: Column, text: str) -> str | Decimal | bool | int | None:
    """The functions give constants of any type as text."""
    try:
        match edm_type(column):
            case "Edm.Guid":
                return str(UUID(text))
            case "Edm.Int32" | "Edm.Int64":
                return int(text)
            case "Edm.Decimal" | "Edm.Double":
                return Decimal(text)
            case "Edm.Boolean":
                return text.lower() in ("1", "true")
            case _:
                return text
    except (ValueError, ArithmeticError):
        raise bad_request(f"'{text}' is no value of '{column.name}'.") from None
