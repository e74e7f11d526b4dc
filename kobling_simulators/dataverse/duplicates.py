"""Duplicate detection, for clients that switch it on."""

from __future__ import annotations

from typing import Any

from kobling_simulators.dataverse.errors import DUPLICATE_FOUND, ApiError
from kobling_simulators.dataverse.shelf import Row, equal_key
from kobling_simulators.dataverse.store import Store

_RULES = {
    "account": (("name",), ("emailaddress1",)),
    "contact": (("emailaddress1",), ("firstname", "lastname")),
}


def refuse_duplicates(store: Store, logical: str, values: dict[str, Any], row: Row | None) -> None:
    """Raises ApiError when another row has the same name or address.

    Fidelity: known dataverse §3 – off by default, 412 when on and a duplicate is found
    Fidelity: assumed dataverse §3 – the published rules: accounts by name or e-mail, contacts by e-mail or full name
    """
    for columns in _RULES.get(logical, ()):
        wanted = {name: values.get(name) for name in columns}
        if any(one is None for one in wanted.values()):
            continue
        for other in store.where(logical, columns[0], wanted[columns[0]]):
            same = all(equal_key(other.values.get(name)) == equal_key(one) for name, one in wanted.items())
            if other is not row and same:
                raise ApiError(
                    412,
                    DUPLICATE_FOUND,
                    "A record was not created or updated because a duplicate of the current record already exists.",
                )
