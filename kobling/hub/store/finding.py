"""Finding a mirrored record by the value of one of its fields, by an index made when that field is first asked for."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from hashlib import blake2b

from django.db import connection

from kobling.hub.store import sql
from kobling.records import to_json


def find(feed: int, path: str, value: str | int | bool | Decimal) -> str | None:
    """The first record of a feed whose field holds exactly this value; text and numbers are never the same."""
    column, wanted = (_postgres if connection.vendor == "postgresql" else _sqlite)(path, value)
    _index(feed, path, column, connection.alias)
    # The feed stands in the statement as a number, since only so the index that is made for it can be used.
    row = sql.one(
        f"SELECT external_id FROM hub_mirrorrow WHERE feed_id = {int(feed)} AND NOT gone AND {column} = {wanted[0]}"
        " ORDER BY id LIMIT 1",
        [wanted[1]],
    )
    return str(row[0]) if row else None


def _sqlite(path: str, value: str | int | bool | Decimal) -> tuple[str, tuple[str, object]]:
    """A number is compared as one, a text as one; truth is told by its type, since SQLite makes it 1 and 0."""
    quoted = _quoted(path)
    name = f"json_extract(fields, {quoted})"
    if isinstance(value, bool):
        return f"json_type(fields, {quoted})", ("%s", "true" if value else "false")
    return name, ("%s", float(value) if isinstance(value, Decimal) else value)


def _postgres(path: str, value: str | int | bool | Decimal) -> tuple[str, tuple[str, object]]:
    literal = path.replace("'", "''").replace("%", "%%")
    return f"((fields::jsonb) -> '{literal}')", ("%s::jsonb", to_json(value).decode())


def _quoted(path: str) -> str:
    inside = path.replace('"', '\\"').replace("'", "''").replace("%", "%%")
    return f"'$.\"{inside}\"'"


@cache
def _index(feed: int, path: str, column: str, _database: str) -> None:
    """Made once for each field that a codec asks by; it holds this feed's rows alone."""
    name = f"mirror_find_{int(feed)}_{blake2b(column.encode(), digest_size=6).hexdigest()}"
    sql.run(
        f"CREATE INDEX IF NOT EXISTS {name} ON hub_mirrorrow ({column}, id) WHERE feed_id = {int(feed)} AND NOT gone"
    )
