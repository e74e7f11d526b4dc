"""The `sync` operation as it behaves where somebody repaired it."""

from __future__ import annotations

from itertools import islice
from typing import Any

from kobling_simulators.simply_crm.errors import Crash, denied
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.rendering import query_row
from kobling_simulators.simply_crm.sessions import User
from kobling_simulators.simply_crm.store import Row, Table

PAGE = 100


def sync(place: Installation, user: User, since: str, element_type: str, sync_type: str) -> dict[str, Any]:
    """Changes after a moment (unix seconds) of one module. Raises Crash, ServiceError.

    Fidelity: known simply_crm §6 – strictly later, whole seconds, the first 100 and everything tied with the 100th
    Fidelity: known simply_crm §6 – only records the user owns; `application` is everything, for admins only
    Fidelity: known simply_crm §6 – modifiedTime=0, an untyped sync and the stock sync crash with an empty HTTP 500
    Fidelity: assumed simply_crm §6 – groups have no members here, so userandgroup adds nothing
    """
    if place.settings.sync == "broken" or not since.isdecimal() or not element_type:
        raise Crash
    table = place.store.tables.get(element_type)
    if table is None or not table.module.number_field:
        raise denied()
    if sync_type == "application" and not user.is_admin:
        raise denied("Only admin users can perform application sync")
    after = place.time_text(int(since))
    everyone = sync_type == "application"
    rows = _changed(table, after, None if everyone else user.full_id)
    page = list(islice(rows, PAGE))
    following = next(rows, None)
    while following is not None and following.values["modifiedtime"] == page[-1].values["modifiedtime"]:
        page.append(following)
        following = next(rows, None)
    last = place.seconds_of(page[-1].values["modifiedtime"]) if page else int(since)
    module = table.module
    return {
        "updated": [query_row(place.store, module, row, row.last_line) for row in page if not row.deleted],
        "deleted": [f"{module.prefix}x{row.number}" for row in page if row.deleted],
        "more": following is not None,
        "lastModifiedTime": last,
    }


def _changed(table: Table, after: str, owner: str | None) -> Any:
    start = table.modified.position((after, 10**12))
    for _, number in table.modified.ascending(start):
        row: Row | None = table.any(number)
        if row is not None and (owner is None or row.values.get("assigned_user_id") == owner):
            yield row
