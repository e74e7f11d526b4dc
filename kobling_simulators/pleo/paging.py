"""Envelopes and pages: cursors name the row they stand at, so that a page costs what it shows."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from kobling_simulators.pleo.errors import bad_parameter
from kobling_simulators.pleo.shelf import Listed, Place, Walk
from kobling_simulators.wire import Call, Reply, from_json, json_reply, to_json

Row = dict[str, Any]
MOST, USUAL = 100, 20
ORDERS = ("ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST")
_WAYS = ("after", "before", "offset")


def one(value: Mapping[str, Any], status: int = 200) -> Reply:
    """Fidelity: known pleo §2 – one object is {data: {...}}; private keys begin with an underscore."""
    return json_reply({"data": shown(value)}, status)


def shown(row: Mapping[str, Any]) -> Row:
    """What the API shows of a row; `_links` is Pleo's own name."""
    return {name: value for name, value in row.items() if not name.startswith("_") or name == "_links"}


def many(call: Call, name: str) -> list[str]:
    """All values of a query parameter.

    Fidelity: inferred pleo §3 – a list is `name` or `name[]` repeated; assumed: commas part values as well
    """
    getall = getattr(call.query, "getall", None)
    texts: list[str] = []
    for each in (name, f"{name}[]"):
        if each in call.query:
            texts += getall(each) if getall else [call.query[each]]
    return [value for text in texts for value in text.split(",") if value]


def sorting(call: Call, sortable: Sequence[str]) -> list[tuple[str, str]]:
    """The sort keys with their orders. Raises ApiError.

    Fidelity: known pleo §2 – sorting_keys[] and sorting_order[] of the same length; ASC, DESC, _NULLS_FIRST/_LAST
    """
    keys, orders = many(call, "sorting_keys"), many(call, "sorting_order")
    if len(keys) != len(orders):
        raise bad_parameter("sorting_keys and sorting_order must be of the same length.")
    for key, order in zip(keys, orders, strict=True):
        if key not in sortable or order not in ORDERS:
            raise bad_parameter(f"Cannot sort by {key} {order}.")
    return list(zip(keys, orders, strict=True))


def sorted_rows(rows: Sequence[Row], keys: Sequence[tuple[str, str]]) -> list[Row]:
    """Rows by several keys; without a word about them, nulls come last when ascending and first when descending."""
    found = list(rows)
    for key, order in reversed(keys):
        down = order.startswith("DESC")
        first = nulls_first(order)
        filled = [row for row in found if row.get(key) is not None]
        empty = [row for row in found if row.get(key) is None]
        filled.sort(key=lambda row, name=key: str(row[name]), reverse=down)  # type: ignore[misc]
        found = [*empty, *filled] if first else [*filled, *empty]
    return found


def nulls_first(order: str) -> bool:
    """Where an order puts rows without a value."""
    return order.endswith("NULLS_FIRST") or order == "DESC"


def page(
    call: Call, walk: Walk, *, sortable: Sequence[str] = (), render: Callable[[Row], Mapping[str, Any]] = shown
) -> Reply:
    """One page of a walk, which is in the order asked for already unless it is small. Raises ApiError.

    Fidelity: known pleo §2 – after, before and offset exclude each other; cursors look like base32; limit is 1..100
    Fidelity: assumed pleo §2 – there is something on the side that a cursor came from, without looking again
    Fidelity: assumed pleo §2 – what is not sorted comes in the order it was made; `total` when it costs nothing
    """
    query = call.query
    if sum(name in query for name in _WAYS) > 1:
        raise bad_parameter("after, before and offset exclude each other.")
    limit = _number(query.get("limit", str(USUAL)), "limit")
    if not 1 <= limit <= MOST:
        raise bad_parameter(f"limit must be between 1 and {MOST}.")
    keys = sorting(call, sortable or ("id",))
    if keys and not sortable:
        walk = Listed(sorted_rows([row for _, row in walk.rows(None, False)], keys))
    place = _place(query["after"]) if "after" in query else _place(query["before"]) if "before" in query else None
    back = "before" in query
    skip = _number(query.get("offset", "0"), "offset")
    try:
        found = list(islice(walk.rows(place, back), skip, skip + limit + 1))
        more, found = len(found) > limit, found[:limit]
    except (ValueError, TypeError):
        raise bad_parameter("The cursor belongs to another list.") from None
    behind = place is not None or (skip > 0 and bool(found))
    if back:
        found.reverse()
    pagination: Row = {
        "currentRequestPagination": _asked(call, limit, keys),
        "startCursor": _cursor(found[0][0]) if found else None,
        "endCursor": _cursor(found[-1][0]) if found else None,
        "hasNextPage": behind if back else more,
        "hasPreviousPage": more if back else behind,
    }
    if walk.total() is not None:
        pagination["total"] = walk.total()
    return json_reply({"data": [render(row) for _, row in found], "pagination": pagination})


def _asked(call: Call, limit: int, keys: list[tuple[str, str]]) -> Row:
    told: Row = {name: call.query.get(name) for name in ("after", "before")}
    told |= {"limit": limit, "offset": int(call.query["offset"]) if "offset" in call.query else None}
    return {**told, "parameters": {}, "sortingKeys": [key for key, _ in keys], "sortingOrder": [by for _, by in keys]}


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_parameter(f"{name} must be a whole number.")
    return int(text)


def _cursor(place: Place) -> str:
    return base64.b32encode(to_json(place)).decode().replace("=", "~")


def _place(cursor: str) -> Place:
    try:
        place = from_json(base64.b32decode(cursor.replace("~", "=")))
    except (ValueError, binascii.Error):
        place = None
    if not isinstance(place, list):
        raise bad_parameter(f"'{cursor}' is no cursor.")
    return place
