"""Numbers of companies: what their check digits say, and, when asked, what the register says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kobling.access.policy import Actor, Doing, require
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Pair
from kobling.hub.planning import gather
from kobling.hub.planning.workbench import Workbench
from kobling.hub.store import mirror
from kobling.mapping import FieldMapping, Side
from kobling.mapping.identity import Check, Checked, as_vat_number
from kobling.sdk.registers import Register, Registered, Vies
from kobling.sync.states import Seen

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """A number of a record: ``checked`` by its digits, ``registered`` as far as the register was asked."""

    table: str
    side: Side
    external_id: str
    title: str
    field: str
    number: str
    checked: Checked
    registered: Registered


def findings(
    actor: Actor,
    pair: Pair,
    opener: Opener,
    *,
    online: bool = False,
    register: Register | None = None,
    told: Callable[[int], None] = lambda _n: None,
) -> Iterator[Finding]:
    """Every checked number of records as they were last read, one at a time. ``online`` asks the register too."""
    require(actor, Doing.SPEND, pair.client)
    return _findings(pair, opener, (register or Vies(opener.transport)) if online else None, told)


def _findings(pair: Pair, opener: Opener, asked: Register | None, told: Callable[[int], None]) -> Iterator[Finding]:
    number = 0
    for bench in opener.benches(pair).values():
        for field in bench.mapping.fields:
            if field.check is None:
                continue
            for each in _of_table(bench, field, field.check):
                number += 1
                told(number)
                yield _registered(opener, each, asked)


def _of_table(bench: Workbench, field: FieldMapping, check: Check) -> Iterator[Finding]:
    for side in Side:
        after = 0
        while rows := mirror.page(bench.feeds[side], after, _PAGE):
            after = rows[-1][0]
            snapshots = mirror.by_ids(bench.feeds[side], [external_id for _, external_id in rows])
            for _, external_id in rows:
                seen = gather.seen_of(bench, side, snapshots.get(external_id))
                if seen is not None and seen.in_scope and seen.values.get(field.key):
                    yield _finding(bench, side, seen, field, check)


def _finding(bench: Workbench, side: Side, seen: Seen, field: FieldMapping, check: Check) -> Finding:
    value = seen.values[field.key]
    title = str(seen.values.get(bench.mapping.title_key) or seen.external_id)
    label = field.label or field.key
    return Finding(bench.name, side, seen.external_id, title, label, str(value), check(value), Registered.UNKNOWN)


def _registered(opener: Opener, each: Finding, register: Register | None) -> Finding:
    """A number whose digits cannot be right is not asked about."""
    vat = as_vat_number(each.number) if register and each.checked is Checked.FITS else None
    if register is None or vat is None:
        return each
    said = opener.waiting.run(register.ask(*vat))
    return Finding(each.table, each.side, each.external_id, each.title, each.field, each.number, each.checked, said)
