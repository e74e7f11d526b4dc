"""Options that name a record of a connected system (an account of the chart) are looked up before they are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kobling.hub.connections.opening import Opener
from kobling.hub.models import Feed, Pair
from kobling.hub.store.finding import find
from kobling.pairs.base import Named, Option
from kobling.records import N_, SettingsError


def require_there(opener: Opener, pair: Pair, changes: Mapping[str, Any]) -> None:
    """Raises SettingsError for a name that its system does not have, and what the system raises when it is asked."""
    known: dict[Named, set[str]] = {}
    for option in opener.pair_type(pair).options:
        value = str(changes.get(option.name) or "")
        if option.names is None or not value or _is_mirrored(pair, option.names, value):
            continue
        if option.names not in known:
            known[option.names] = set(_all_of(opener, pair, option.names))
        if value not in known[option.names]:
            raise _not_there(option, option.names, value)


def _is_mirrored(pair: Pair, named: Named, value: str) -> bool:
    connection = pair.left if named.side == "left" else pair.right
    feed = Feed.objects.filter(connection=connection, resource=named.resource).first()
    if feed is None:
        return False
    spellings: list[str | int] = [value, *([int(value)] if value.isdecimal() else [])]
    return any(find(feed.pk, named.field, each) is not None for each in spellings)


def _all_of(opener: Opener, pair: Pair, named: Named) -> Iterator[str]:
    """The mirror may be older than the account: the system itself is asked."""
    connection = pair.left if named.side == "left" else pair.right
    resource = opener.connector(connection).resources[named.resource]
    bookmark, more = None, True
    while more:
        page = opener.waiting.run(resource.read(bookmark))
        yield from (str(each.fields.get(named.field)) for each in page.records)
        bookmark, more = page.bookmark, page.more


def _not_there(option: Option, named: Named, value: str) -> SettingsError:
    return SettingsError(
        N_("There is no “%(value)s” among the %(resource)s of the connected system (option %(option)s)."),
        field=option.name,
        value=value,
        resource=named.resource,
        option=option.name,
        code="not_there",
    )
