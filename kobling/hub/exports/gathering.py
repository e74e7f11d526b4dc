"""Reads afresh what a file could hold: documents and what is none, by the options of the pair that goes beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kobling.files import Document
from kobling.hub.connections import describing
from kobling.hub.connections.departments import ids_of
from kobling.hub.connections.opening import Opener
from kobling.hub.exports.wishes import Wish
from kobling.hub.models import Connection, Pair, Table
from kobling.hub.models.market import Activation
from kobling.mapping import Side
from kobling.pairs.file_exports import FileSource, Held
from kobling.records import N_, SettingsError, parse_day
from kobling.sdk.protocols import Bookmark, Reporting, Resource

_SPELLS = ("customer_numbers", "vat_codes", "priority", "time_zone", "invoices_from")
"""Options of a pair that decide what stands in a file, and which documents do."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the source has. ``since``: the day that the file begins with; ``permitted``: departments that were given
    access, of whose documents alone people hear (empty: all)."""

    found: list[Document | Held]
    since: date | None
    permitted: frozenset[str]


def gather(opener: Opener, connection: Connection, source: FileSource, wish: Wish, *, begin: bool) -> Gathered:
    """Read everything afresh; ``begin`` says to a source that waits for it that the work has started.

    Raises SettingsError for a wish that cannot be.
    """
    options = _options(opener, connection, source, wish)
    chosen, permitted = _departments(opener, connection, wish)
    rows = _read(opener, connection, source, options, begin)
    more: tuple[Any, ...] = ()
    if source.pair_type:
        more = (options, {Side.LEFT: describing.of(connection)})
    found = list(source.documents(rows, wish.vat_codes, chosen, *more))
    return Gathered(found, wish.since or _day(options.get("invoices_from")), permitted)


def tables(opener: Opener, connection: Connection, resource: str) -> list[int]:
    """Tables of pairs that send these records."""
    found: list[int] = []
    for pair in Pair.objects.filter(left=connection).select_related("left", "right", "client"):
        names = [name for name, mapping in opener.mappings(pair).items() if mapping.left == resource]
        found += Table.objects.filter(pair=pair, name__in=names).values_list("pk", flat=True)
    return found


def _options(opener: Opener, connection: Connection, source: FileSource, wish: Wish) -> dict[str, Any]:
    """The options of the pair that sends the same documents, and what was told beside; empty where nobody said any."""
    kind = opener.pair_types.get(source.pair_type)
    if wish.customer_numbers and (kind is None or "customer_numbers" not in {each.name for each in kind.options}):
        raise SettingsError(
            N_("Customer numbers of %(system)s are written as they are: there is no rule for them."),
            field="customer_numbers",
            system=connection.connector,
        )
    if kind is None:
        return {}
    told: dict[str, Any] = {"customer_numbers": wish.customer_numbers} if wish.customer_numbers else {}
    pairs = list(Pair.objects.filter(left=connection, pair_type=source.pair_type).order_by("pk"))
    if not pairs:
        kind.with_defaults(told)
        return told
    known = [kind.with_defaults(each.options) for each in pairs]
    given = {*told, *(("vat_codes",) if wish.vat_codes else ()), *(("invoices_from",) if wish.since else ())}
    for name in _SPELLS:
        if name not in given and len({str(each.get(name)) for each in known}) > 1:
            raise SettingsError(
                N_("Several pairs send these documents, and their option %(option)s differs. Say it for the file."),
                field=name,
                option=name,
            )
    return kind.with_defaults({**pairs[0].options, **told})


def _day(told: Any) -> date | None:
    """The first day of a pair's documents; None for all."""
    try:
        return parse_day(str(told))
    except ValueError:
        return None


def _departments(opener: Opener, connection: Connection, wish: Wish) -> tuple[frozenset[str], frozenset[str]]:
    """Those asked for, within those that were given access where the integration was switched on, and the latter."""
    kinds = [each for each in opener.pair_types.values() if each.left == connection.connector and each.departments]
    if not kinds:
        return frozenset(), frozenset()
    resource = kinds[0].departments
    names = [each.name for each in kinds]
    switched_on = Activation.objects.filter(client=connection.client_id, pair_type__in=names, ended_at=None)
    allowed = [name for each in switched_on for name in each.departments]
    chosen = frozenset(ids_of(opener, connection, resource, wish.departments))
    permitted = frozenset(ids_of(opener, connection, resource, allowed))
    if permitted and (beyond := sorted(chosen - permitted)):
        raise SettingsError(
            N_("Department %(name)s was not given access."), field="departments", name=", ".join(beyond)
        )
    return chosen or permitted, permitted


def _read(
    opener: Opener, connection: Connection, source: FileSource, options: Mapping[str, Any], begin: bool
) -> dict[str, dict[str, Mapping[str, Any]]]:
    connector = opener.connector(connection)
    found = {}
    for name in (source.resource, *source.beside, *source.more(options)):
        resource = connector.resources[name]
        if begin and isinstance(resource, Reporting):
            opener.waiting.run(resource.begin())
        found[name] = opener.waiting.run(_rows(resource))
    return found


async def _rows(resource: Resource) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    bookmark: Bookmark | None = None
    more = True
    while more:
        page = await resource.read(bookmark)
        found |= {each.external_id: each.fields for each in page.records}
        bookmark, more = page.bookmark, page.more
    return found
