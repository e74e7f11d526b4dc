"""Departments that a client chose to give access to, by name or id, as the other system knows them."""

from __future__ import annotations

from collections.abc import Sequence

from kobling.hub.connections.opening import Opener
from kobling.hub.models import Connection
from kobling.records import N_, SettingsError
from kobling.sdk.protocols import Bookmark, Resource


def ids_of(opener: Opener, connection: Connection, resource: str, chosen: Sequence[str]) -> list[str]:
    """Ids of the departments named, in their order; ids stay ids. Raises SettingsError listing those there are."""
    if not chosen:
        return []
    known = opener.waiting.run(_read(opener.connector(connection).resources[resource]))
    by_name: dict[str, list[str]] = {}
    for found, name in known.items():
        by_name.setdefault(name.casefold(), []).append(found)
    ids = []
    for each in chosen:
        hits = [each] if each in known else by_name.get(each.casefold(), [])
        if len(hits) > 1:
            raise SettingsError(
                N_("Several departments are called “%(name)s”: %(ids)s. Give the id."),
                field="departments",
                name=each,
                ids=", ".join(hits),
            )
        if not hits:
            raise SettingsError(
                N_("There is no department “%(name)s”. Known: %(known)s."),
                field="departments",
                name=each,
                known=", ".join(f"{name} ({id})" for id, name in known.items()) or "–",
            )
        ids += hits
    return list(dict.fromkeys(ids))


async def _read(resource: Resource) -> dict[str, str]:
    found: dict[str, str] = {}
    bookmark: Bookmark | None = None
    more = True
    while more:
        page = await resource.read(bookmark)
        found |= {each.external_id: str(each.fields.get("name") or "") for each in page.records}
        bookmark, more = page.bookmark, page.more
    return found
