"""Envelopes, paging, bodies."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kobling.simulators.pleo.errors import NO_JSON, ApiError, bad_parameter, invalid
from kobling.simulators.wire import Call, Reply, from_json, json_reply

Row = dict[str, Any]
_MOST, _USUAL = 100, 20
_ORDERS = {"ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST"}


def one(value: Mapping[str, Any], status: int = 200) -> Reply:
    """Fidelity: known pleo §2 – one object is {data: {...}}; private keys begin with an underscore."""
    return json_reply({"data": shown(value)}, status)


def shown(row: Mapping[str, Any]) -> Row:
    """What the API shows of a row; `_links` is Pleo's own name."""
    return {name: value for name, value in row.items() if not name.startswith("_") or name == "_links"}


def page(call: Call, rows: Sequence[Mapping[str, Any]], sortable: Sequence[str] = ("id",)) -> Reply:
    """A page of a list. Raises ApiError.

    Fidelity: known pleo §2 – after, before and offset exclude each other; cursors look like base32; limit is 1..100
    """
    query = call.query
    if sum(name in query for name in ("after", "before", "offset")) > 1:
        raise bad_parameter("after, before and offset exclude each other.")
    limit = _number(query.get("limit", str(_USUAL)), "limit")
    if not 1 <= limit <= _MOST:
        raise bad_parameter(f"limit must be between 1 and {_MOST}.")
    rows = _sorted(call, rows, sortable)
    if "before" in query:
        end = _place(query["before"])
        start = max(0, end - limit)
        rows_here = rows[start:end]
    else:
        start = _place(query["after"]) + 1 if "after" in query else _number(query.get("offset", "0"), "offset")
        rows_here = rows[start : start + limit]
    asked = {name: query.get(name) for name in ("after", "before", "limit", "offset")}
    pagination: Row = {
        "currentRequestPagination": {**asked, "parameters": {}, "sortingKeys": [], "sortingOrder": []},
        "startCursor": _cursor(start) if rows_here else None,
        "endCursor": _cursor(start + len(rows_here) - 1) if rows_here else None,
        "hasNextPage": start + len(rows_here) < len(rows),
        "hasPreviousPage": start > 0,
        "total": len(rows),
    }
    return json_reply({"data": [shown(row) for row in rows_here], "pagination": pagination})


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise bad_parameter(f"{name} must be a whole number.")
    return int(text)


def _cursor(place: int) -> str:
    return base64.b32encode(str(place).encode()).decode().replace("=", "~")


def _place(cursor: str) -> int:
    try:
        return int(base64.b32decode(cursor.replace("~", "=")).decode())
    except ValueError:
        raise bad_parameter(f"'{cursor}' is no cursor.") from None


def _sorted(call: Call, rows: Sequence[Mapping[str, Any]], sortable: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    keys = [each for each in call.query.get("sorting_keys", "").split(",") if each]
    orders = [each for each in call.query.get("sorting_order", "").split(",") if each]
    if len(keys) != len(orders):
        raise bad_parameter("sorting_keys and sorting_order must be of the same length.")
    found = list(rows)
    for key, order in reversed(list(zip(keys, orders, strict=True))):
        if key not in sortable or order not in _ORDERS:
            raise bad_parameter(f"Cannot sort by {key} {order}.")
        found.sort(key=lambda row, name=key: str(row.get(name) or ""), reverse=order.startswith("DESC"))  # type: ignore[misc]
    return found


def body_of(call: Call) -> Any:
    """The JSON of a body. Raises ApiError."""
    if not call.headers.get("Content-Type", "").startswith("application/json"):
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json.")
    try:
        return from_json(call.body)
    except ValueError as error:
        raise ApiError(400, NO_JSON, str(error)) from None


Check = Callable[[Any], bool]


def text(most: int = 255, least: int = 0) -> Check:
    """A text of a length."""
    return lambda value: isinstance(value, str) and least <= len(value) <= most


def number(value: Any) -> bool:
    """A number that is no boolean."""
    return (not isinstance(value, bool) and isinstance(value, int | float)) or str(type(value).__name__) == "Decimal"


def flag(value: Any) -> bool:
    """A boolean."""
    return isinstance(value, bool)


def mapping(value: Any) -> bool:
    """An object of texts."""
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def read(body: Any, fields: Mapping[str, tuple[Check, bool]], fixed: frozenset[str] = frozenset()) -> Row:
    """The known fields of a body; (check, needed) by name. Raises ApiError for unknown, missing and wrong ones.

    Fidelity: assumed pleo §2 – unknown properties are refused
    """
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    for name, value in body.items():
        if name not in fields:
            raise invalid(f"Unknown property '{name}'.")
        check, needed = fields[name]
        if value is None and not needed:
            continue
        if name in fixed:
            raise invalid(f"'{name}' cannot be changed.")
        if not check(value):
            raise invalid(f"'{name}' has a wrong value.")
    for name, (_, needed) in fields.items():
        if needed and body.get(name) is None:
            raise invalid(f"'{name}' is required.")
    return dict(body)
