"""Customer numbers compared before the first transfer: shown, and settled by what a person says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from kobling.access.policy import Actor, Doing, require
from kobling.hub.connections import afresh
from kobling.hub.connections.opening import Opener
from kobling.hub.couplings import comparing
from kobling.hub.happened import What
from kobling.hub.models import Pair, Table
from kobling.hub.planning.workbench import Workbench
from kobling.hub.services.deciding import decide, decide_many
from kobling.hub.services.log import record
from kobling.hub.store import mirror, sql
from kobling.mapping import Side
from kobling.records import N_, SettingsError, Unsafe
from kobling.sync.comparing import Line

SAME, MAKE, LEAVE = "same", "make", "leave"
"""What a person may say: the two are the same customer; make it on the other side; leave it out of the transfer."""


@dataclass(slots=True)
class Comparison:
    """What was found. ``lines``: the first of them; ``counts``: all, by kind; ``open``: those to be settled."""

    table: str
    lines: list[Line] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    open: Counter[str] = field(default_factory=Counter)
    passed_at: datetime | None = None


def compare(
    actor: Actor,
    pair: Pair,
    opener: Opener,
    told: Callable[[str, int], None] = lambda _what, _n: None,
    *,
    settled: bool = False,
    read: bool = True,
    most: int = 200,
) -> Comparison:
    """Read both sides afresh and compare numbers; ``settled`` lists also what needs nobody's word.

    Raises SettingsError for a pair that has no numbers to compare, Unsafe while a run is going on.
    """
    require(actor, Doing.SPEND, pair.client)
    if read and (pair.left.held_by or pair.right.held_by):
        raise Unsafe(N_("A run is going on. Try again when it has ended."), code="run_going_on")
    bench = _bench(pair, opener)
    if read:
        afresh.read_tables(pair, opener, [bench], told)
    found = Comparison(bench.name, passed_at=Table.objects.get(pk=bench.table).compared_at)
    for each in comparing.lines(bench):
        found.counts[each.kind] += 1
        found.open[each.kind] += not each.settled
        if (settled or not each.settled) and len(found.lines) < most:
            found.lines.append(each)
    return found


def settle(
    actor: Actor, pair: Pair, opener: Opener, choice: str, left: str, right: str, now: datetime, why: str = ""
) -> None:
    """Say of one finding (its records by id, one may be empty) what it is. Raises SettingsError where that misfits."""
    require(actor, Doing.WORK, pair.client)
    bench = _bench(pair, opener)
    for side, external_id in ((Side.LEFT, left), (Side.RIGHT, right)):
        if external_id and external_id not in mirror.by_ids(bench.feeds[side], [external_id]):
            raise SettingsError(
                N_("There is no record “%(record)s” in %(resource)s."),
                record=external_id,
                resource=bench.mapping.resource(side),
            )
    if choice == SAME and left and right:
        decide(actor, bench.table, Side.LEFT, left, "couple", now, other=right, why=why)
    elif choice == MAKE and left and not right:
        decide(actor, bench.table, Side.LEFT, left, "create", now, why=why)
    elif choice == LEAVE and bool(left) != bool(right):
        side = Side.LEFT if left else Side.RIGHT
        decide(actor, bench.table, side, left or right, "ignore", now, why=why)
    else:
        raise SettingsError(
            N_("Say same with one record of each side, make with one of the left, leave with one of either."),
            code="misfit",
        )
    about = ((bench.table, Side.LEFT, left), (bench.table, Side.RIGHT, right))
    subject = f"{bench.name} {left} {right}".strip()
    record(actor, pair.client, What.NUMBER_SETTLED, subject, why=why, about=about, choice=choice)


def settle_all(actor: Actor, pair: Pair, opener: Opener, kind: str, now: datetime, why: str = "") -> int:
    """Let all that one side alone has be made on the other (left), or be left alone (right). Returns how many."""
    require(actor, Doing.WORK, pair.client)
    answer = comparing.simple_answers(kind)
    if answer is None:
        raise SettingsError(N_("“%(kind)s” must be settled one by one."), kind=kind, code="one_by_one")
    bench = _bench(pair, opener)
    side, word = answer
    open_lines = (each for each in comparing.lines(bench) if each.kind == kind and not each.settled)
    waiting = [known.external_id for each in open_lines if (known := each.left or each.right)]
    with sql.together():
        decide_many(actor, bench.table, side, waiting, word, now, why)
    record(actor, pair.client, What.NUMBERS_SETTLED, bench.name, after={"number": len(waiting)}, why=why, choice=kind)
    return len(waiting)


def _bench(pair: Pair, opener: Opener) -> Workbench:
    for each in opener.benches(pair).values():
        if each.mapping.compare is not None:
            return each
    raise SettingsError(N_("“%(pair)s” has no numbers to compare."), pair=pair.name, code="nothing_to_compare")
