"""What a table does beyond keeping what it is given; a table without rules of its own uses this as it stands."""

from __future__ import annotations

from typing import Any, Protocol

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import BAD_STATUS, bad_request
from kobling_simulators.dataverse.facts import Table
from kobling_simulators.dataverse.settings import Settings
from kobling_simulators.dataverse.shelf import Row
from kobling_simulators.dataverse.store import Store

# The first status of a state is its default.
STATUSES: dict[str, dict[int, tuple[int, ...]]] = {
    "product": {0: (1,), 1: (2,), 2: (0,), 3: (3,)},
    "pricelevel": {0: (100001,), 1: (100002,)},
    "salesorder": {0: (1, 2), 1: (3,), 2: (4,), 3: (100001, 100002), 4: (100003,)},
    "invoice": {0: (1, 2, 4, 5, 6), 1: (3, 7), 2: (100001, 100002), 3: (100003,)},
    "opportunity": {0: (1, 2), 1: (3,), 2: (4, 5)},
    "lead": {0: (1, 2), 1: (3,), 2: (4, 5, 6, 7)},
    "task": {0: (2, 3, 4, 7), 1: (5,), 2: (6,)},
    "campaign": {0: (0, 1, 2, 3, 4, 5), 1: (6,)},
    "quote": {0: (1,), 1: (2, 3), 2: (4,), 3: (5, 6, 7)},
}
_PLAIN: dict[int, tuple[int, ...]] = {0: (1,), 1: (2,)}


def statuses(logical: str) -> dict[int, tuple[int, ...]]:
    """Which statuses belong to which state of a table.

    Fidelity: assumed dataverse §10 – the pairs of state and status are the usual ones; the contract lists them apart
    """
    return STATUSES.get(logical, _PLAIN)


def settle_status(logical: str, values: dict[str, Any], state: int) -> None:
    """Bring statecode and statuscode of new values together; `state` holds when they name none. Raises ApiError."""
    pairs = statuses(logical)
    if "statecode" in values and values["statecode"] is None:
        raise bad_request("The statecode cannot be empty.", BAD_STATUS)
    state = values.get("statecode", state)
    status = values.get("statuscode")
    if status is None:
        values["statecode"], values["statuscode"] = state, pairs[state][0]
    elif status not in pairs[state]:
        raise bad_request(
            f"{status} is not a valid status code for state code {state} of '{logical}'.",
            BAD_STATUS,
        )


class Hand(Protocol):
    """What rules may do to other rows while one is written."""

    store: Store
    settings: Settings
    base_currency: str
    organization: str

    def insert(self, table: Table, values: dict[str, Any], context: Context) -> Row:
        """A new row of checked values. Raises ApiError."""
        ...

    def change(self, table: Table, row: Row, changes: dict[str, Any], context: Context) -> None:
        """Change a row by checked values. Raises ApiError."""
        ...


class Rules:
    """Hooks around the writes of one table; all may raise ApiError."""

    first_state = 0

    def __init__(self, writer: Hand) -> None:
        self.writer = writer
        self.store = writer.store

    def creating(self, values: dict[str, Any], context: Context) -> None:
        """Check and complete the values of a row to be made."""

    def created(self, row: Row, context: Context) -> None:
        """Follow up on a new row, before its nested rows are made."""

    def changing(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        """Check and complete the changes of a row."""

    def changed(self, row: Row, changes: dict[str, Any], context: Context) -> None:
        """Follow up on a changed row."""

    def deleting(self, row: Row, context: Context) -> None:
        """Refuse a deletion that may not be."""

    def deleted(self, row: Row, context: Context) -> None:
        """Follow up on a deletion."""
