"""Puts the rows of a file into the database, under new numbers: nothing in it can point to anything outside of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, models

from kobling.access.actors import Kind
from kobling.access.models import Client
from kobling.hub.exchange.opening import Opened
from kobling.hub.exchange.parts import Part
from kobling.hub.exchange.refusing import damaged
from kobling.hub.exchange.values import read
from kobling.hub.exchange.who import arriving
from kobling.hub.models import Connection, Event
from kobling.hub.store import sql
from kobling.hub.store.health import kept
from kobling.records import N_, SignInExpired

AT_ONCE, BYTES_AT_ONCE = 200, 16 * 1024**2
Numbers = dict[type[models.Model], dict[int, int]]
"""Model → number in the file → number here."""
Reader = Callable[[dict[str, Any]], dict[str, Any]]
"""A line of a file → values of a row."""
AGAIN = N_("Its key did not come along with the client.")


def unpack(opened: Opened, client: Client, parts: Sequence[Part], now: datetime) -> None:
    """Everything of a file becomes the client's. Part of the caller's transaction, which a damaged part ends."""
    here: Numbers = {Client: {}}
    for part in parts:
        try:
            _take(opened, part, client, here, _set_here(part, now))
        except (DatabaseError, OverflowError):
            raise damaged(part.member, "does not fit") from None


def _set_here(part: Part, now: datetime) -> dict[str, Any]:
    """Connections have no key, and nothing is asked of their systems until somebody connects them again."""
    if part.model is not Connection:
        return dict(part.set)
    return {**part.set, **kept(SignInExpired(AGAIN)), "revoked_at": now}


def _take(opened: Opened, part: Part, client: Client, here: Numbers, fixed: dict[str, Any]) -> None:
    reader = _reader(part, client, here, fixed)
    columns = [each for each in part.model._meta.concrete_fields if not isinstance(each, models.AutoField)]
    numbers = here.setdefault(part.model, {}) if part.named else None
    for batch in _batches(opened, part, reader):
        made = _insert(part.model, columns, [row for _, row in batch])
        if numbers is not None:
            known = len(numbers)
            numbers.update(zip((number for number, _ in batch), made, strict=True))
            if len(numbers) < known + len(batch):
                raise damaged(part.member, "a number twice")


def _batches(opened: Opened, part: Part, reader: Reader) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Rows with their numbers in the file, some at a time: not too many, and of long ones fewer."""
    wanted = {*part.fields, "id"} if part.named else set(part.fields)
    batch: list[tuple[int, dict[str, Any]]] = []
    size = 0
    for told, length in opened.rows(part):
        try:
            line = {**part.later, **told}
            if line.keys() != wanted or (part.named and type(line["id"]) is not int):
                raise ValueError(part.name)
            batch.append((line.get("id", 0), reader(line)))
        except (KeyError, ValueError, TypeError, ArithmeticError):
            raise damaged(part.member, "a row") from None
        size += length
        if len(batch) == AT_ONCE or size >= BYTES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _reader(part: Part, client: Client, here: Numbers, fixed: dict[str, Any]) -> Reader:
    """How a line becomes the values of a row."""
    fields = {name: part.model._meta.get_field(name) for name in part.fields}

    def made(line: dict[str, Any]) -> dict[str, Any]:
        row = {name: _value(part, each, line[name], here) for name, each in fields.items()}
        row |= fixed
        if part.of == "client":
            row["client"] = client.pk
        return row

    return made


def _value(part: Part, field: Any, value: Any, here: Numbers) -> Any:
    if field.is_relation:
        return here[field.related_model][value]
    found = read(field, value)
    if found not in part.allowed.get(field.name, (found,)):
        raise ValueError(field.name)
    if part.model is Event and field.name == "who_kind":
        return Kind.UNKNOWN.value if found == Kind.PERSON else Kind(found).value
    return arriving(found) if field.name in part.keys else found


def _insert(model: type[models.Model], columns: Sequence[Any], rows: Iterable[dict[str, Any]]) -> list[int]:
    """Insert rows as they are, also what Django would stamp with the present moment; their numbers, in order."""
    values: list[Any] = []
    number = 0
    for row in rows:
        number += 1
        values += [_to_db(each, row) for each in columns]
    quote = connection.ops.quote_name
    names = ", ".join(quote(each.column) for each in columns)
    place = f"({sql.places(columns)})"
    key: Any = model._meta.pk
    head = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES"
    found = sql.rows(f"{head} {', '.join([place] * number)} RETURNING {quote(key.column)}", values)
    return [int(each[0]) for each in found]


def _to_db(field: Any, row: dict[str, Any]) -> Any:
    if field.name in row:
        value = row[field.name]
    elif getattr(field, "auto_now_add", False):
        raise ValueError(field.name)
    else:
        value = field.get_default()
    return field.get_db_prep_save(value, connection)
