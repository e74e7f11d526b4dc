"""The list parameters that all entities share, and the page they select."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice
from typing import Any

from kobling_simulators.dinero.errors import INVALID_FILTER, INVALID_FORMAT, bad_request
from kobling_simulators.dinero.shelf import Item, Shelf

MAX_PAGE = 1000
_FILTER = re.compile(r"\s*(?P<name>\w+)\s+(?P<op>\w+)\s+'(?P<value>(?:[^']|'')*)'\s*(?:;|$)")
_SINCE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?:Z|[+-]\d{2}:\d{2})?)?")
Read = Callable[[Item, str], Any]


@dataclass(frozen=True, slots=True)
class Listable:
    """What a list endpoint offers: its fields (proper name by lower-case name), defaults and filterable fields."""

    fields: Mapping[str, str]
    default: str
    filters: frozenset[str]
    read: Read


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition of a queryFilter."""

    name: str
    contains: bool
    value: str

    def fits(self, item: Item) -> bool:
        """Case is ignored; blanks count.

        Fidelity: known dinero §3 – eq and contains ignore case
        Fidelity: inferred dinero §6.3 – stray blanks make eq miss
        """
        value = item.values.get(self.name)
        text = ("true" if value else "false") if isinstance(value, bool) else str(value or "").lower()
        return self.value in text if self.contains else self.value == text


@dataclass(frozen=True, slots=True)
class Wanted:
    """The parsed parameters of a list call."""

    fields: tuple[tuple[str, str], ...]
    filters: tuple[Filter, ...]
    since: int | None
    deleted_only: bool | None
    page: int
    size: int


def wanted(query: Mapping[str, str], listable: Listable) -> Wanted:
    """Parameters of a list call. Raises ApiError.

    Fidelity: known dinero §3 – page is 0-based, pageSize 100 by default and 1000 at most
    Fidelity: assumed dinero §3 – a larger pageSize, or a field that cannot be selected, is HTTP 400
    """
    page, size = whole_number(query, "page", 0), whole_number(query, "pageSize", 100)
    if page < 0 or not 1 <= size <= MAX_PAGE:
        raise bad_request(f"pageSize must be between 1 and {MAX_PAGE}, page not negative")
    deleted = query.get("deletedOnly", "")
    if deleted.lower() not in ("", "true", "false"):
        raise bad_request("deletedOnly must be true or false", INVALID_FORMAT)
    return Wanted(
        fields=_fields(query.get("fields") or listable.default, listable),
        filters=parse_filter(query.get("queryFilter", ""), listable.filters),
        since=changes_since(query),
        deleted_only=None if not deleted else deleted.lower() == "true",
        page=page,
        size=size,
    )


def whole_number(query: Mapping[str, str], name: str, default: int) -> int:
    """A parameter that is a whole number. Raises ApiError."""
    text = query.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise bad_request(f"{name} must be a whole number", INVALID_FORMAT)
    return int(text)


def changes_since(query: Mapping[str, str], name: str = "changesSince") -> int | None:
    """The moment in milliseconds, or None. Raises ApiError.

    Fidelity: known dinero §3 – UTC YYYY-MM-DDTHH:mm:ssZ, inclusive, whole seconds
    Fidelity: inferred dinero §3 – a date alone, fractions and another zone are read too, since clients send them
    """
    text = query.get(name, "")
    if not text:
        return None
    if not _SINCE.fullmatch(text):
        raise bad_request(f"{name} must be YYYY-MM-DDTHH:mm:ssZ", INVALID_FORMAT)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request(f"{name} is no moment", INVALID_FORMAT) from None
    return int((moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp()) * 1000


def _fields(text: str, listable: Listable) -> tuple[tuple[str, str], ...]:
    """(name as written, proper name) for each wanted field.

    Fidelity: known dinero §3 – list items echo the names as written in `fields`, matched whatever the case
    """
    pairs = []
    for written in (part.strip() for part in text.split(",")):
        proper = listable.fields.get(written.lower())
        if proper is None:
            raise bad_request(f"'{written}' is not a field that can be selected")
        pairs.append((written, proper))
    return tuple(pairs)


def parse_filter(text: str, allowed: frozenset[str]) -> tuple[Filter, ...]:
    """The conditions of a queryFilter. Raises ApiError.

    Fidelity: known dinero §3 – Field eq|contains 'value' joined by ; – anything else is HTTP 400, code 46
    Fidelity: inferred dinero §6.5 – a quote inside a value is doubled
    """
    proper = {name.lower(): name for name in allowed}
    found = []
    at = 0
    while at < len(text):
        match = _FILTER.match(text, at)
        if match is None or match["op"].lower() not in ("eq", "contains") or match["name"].lower() not in proper:
            raise bad_request("The filter is not understood", INVALID_FILTER)
        value = match["value"].replace("''", "'").lower()
        found.append(Filter(proper[match["name"].lower()], match["op"].lower() == "contains", value))
        at = match.end()
    return tuple(found)


def page_of(
    shelf: Shelf,
    asked: Wanted,
    listable: Listable,
    *,
    both: bool = False,
    only: Callable[[Item], bool] | None = None,
) -> dict[str, Any]:
    """The page of a shelf in order of UpdatedAt.

    Fidelity: inferred dinero §3 – rows come in order of UpdatedAt (documented for products, reported for contacts)
    Fidelity: known dinero §3 – deleted rows are left out unless deletedOnly=true
    Fidelity: inferred dinero §3 – the v2 contact list (`both`) holds deleted rows too unless deletedOnly=true narrows
    """
    skip = asked.page * asked.size
    everything = both and not asked.deleted_only
    if asked.filters or only:
        found = _candidates(shelf, asked, everything)
        kept = [item for item in found if only(item)] if only else found
        kept.sort(key=lambda item: (item.updated, item.order))
        return envelope(kept[skip : skip + asked.size], len(kept), asked, listable)
    sources = [shelf.live, shelf.dead] if everything else [shelf.dead if asked.deleted_only else shelf.live]
    sources = [keys for keys in sources if len(keys)]
    starts = [keys.position((asked.since, 0)) if asked.since is not None else 0 for keys in sources]
    total = sum(len(keys) - start for keys, start in zip(sources, starts, strict=True))
    if len(sources) == 1:
        picked = islice(sources[0].ascending(starts[0] + skip), asked.size)
    else:
        runs = [keys.ascending(start) for keys, start in zip(sources, starts, strict=True)]
        picked = islice(merge(*runs), skip, skip + asked.size)
    page = [shelf.item(key) for key in picked]
    return envelope(page, total, asked, listable)


def _candidates(shelf: Shelf, asked: Wanted, both: bool) -> list[Item]:
    picked = _by_index(shelf, asked.filters)
    rows = list(shelf) if picked is None else picked
    return [item for item in rows if _fits(item, asked, both)]


def _by_index(shelf: Shelf, filters: tuple[Filter, ...]) -> list[Item] | None:
    for one in filters:
        if not one.contains and one.value:
            rows = shelf.with_value(one.name, one.value)
            if rows is not None:
                return rows
    return None


def _fits(item: Item, asked: Wanted, both: bool) -> bool:
    if not both and (item.deleted is not None) != bool(asked.deleted_only):
        return False
    if asked.since is not None and item.updated < asked.since:
        return False
    return all(one.fits(item) for one in asked.filters)


def envelope(page: list[Item], total: int, asked: Wanted, listable: Listable) -> dict[str, Any]:
    """{"Collection", "Pagination"}."""
    read = listable.read
    return {
        "Collection": [{written: read(item, proper) for written, proper in asked.fields} for item in page],
        "Pagination": {
            "Page": asked.page,
            "PageSize": asked.size,
            "MaxPageSizeAllowed": MAX_PAGE,
            "Result": len(page),
            "ResultWithoutFilter": total,
        },
    }
