"""vTiger's query language, written so that nothing a person typed can change a query.

Fidelity: known simply_crm §4 – a limit above 100 is cut to 100 silently
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from kobling.records import N_, Refused

PAGE = 100

_UNWRITABLE = re.compile(r"[\\\x00-\x1f\x7f]")


def writable(value: str) -> bool:
    """Whether a value can stand in a query at all.

    Fidelity: known simply_crm §4 – an empty literal and a backslash cannot be written; control characters are assumed.
    """
    return bool(value) and not _UNWRITABLE.search(value)


def literal(value: str) -> str:
    """Quote a value. Raises Refused for one that cannot be written."""
    if not writable(value):
        raise Refused(N_("Simply CRM cannot search for this text."), code="vtql_literal")
    return "'" + value.replace("'", "''") + "'"


def any_of(column: str, values: Iterable[str]) -> str:
    """A condition that the column has one of the values."""
    return f"{column} in ({','.join(map(literal, values))})"


def select(columns: str, module: str, *conditions: str, order: str = "", limit: str = str(PAGE)) -> str:
    """A whole query; conditions are joined by AND, since parentheses do not exist."""
    where = f" where {' and '.join(conditions)}" if conditions else ""
    ordered = f" order by {order}" if order else ""
    return f"select {columns} from {module}{where}{ordered} limit {limit};"  # noqa: S608 - literals are quoted above


def moved(stamp: str, by: timedelta) -> str:
    """A server's own local time stamp some time later or earlier; no zone is involved."""
    return (datetime.fromisoformat(stamp) + by).isoformat(sep=" ")
