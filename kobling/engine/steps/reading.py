"""Steps that read: what there is to do, feeds, sweeps, one record, and what our own writes moved."""

from __future__ import annotations

from collections import Counter

from kobling.engine import observing
from kobling.engine import requests as ask
from kobling.engine.steps.context import Steps
from kobling.hub import runs
from kobling.hub.models import Feed, Pair, Run
from kobling.hub.store import journal, mirror
from kobling.mapping import Side

MANY_ECHOES = 500
ECHO_PAUSE = 4.0


def begin(steps: Steps, _step: ask.Begin) -> ask.Work:
    """Raises Unsafe for an approved plan that is too old by now."""
    options = Run.objects.values_list("options", flat=True).get(pk=steps.run)
    if shown := options.get("plan"):
        runs.require_fresh(Run.objects.get(pk=shown), steps.clock.now())
    # Pairs that an older Kobling made do not know their direction yet.
    Pair.objects.filter(pk=steps.pair.pk).update(direction=steps.opener.direction(steps.pair))
    mappings = {name: bench.mapping for name, bench in steps.benches.items()}
    return ask.Work(
        feeds=[] if steps.only else [feed for side in Side for feed in _feeds_of(steps, side)],
        tables=steps.tables,
        leftovers=[] if steps.dry else journal.unfinished_chunks(steps.pair.pk),
        proofs=[
            name
            for name, each in mappings.items()
            if each.handed_back or any(one.proof or one.after_proof for one in each.fields)
        ],
        depends={name: list(each.depends_on) for name, each in mappings.items()},
        refreshes=[name for name, each in mappings.items() if each.refreshes],
        reports=steps.reporting,
        tables_of=_tables_of(steps),
        confirmed=list(options.get("confirmed", ())),
        dry=steps.dry,
        full=bool(options.get("full")),
        single=bool(steps.only),
    )


def observe(steps: Steps, step: ask.Observe) -> ask.Observed:
    """Pages are stored under the attempt's fence."""
    row = Feed.objects.get(pk=step.feed)
    runs.progress(steps.run, runs.Phase.READ, row.resource, mirror.count(step.feed))
    return observing.observe(_place(steps, step.feed), steps.resource_of(row), steps.waiting, steps.clock)


def sweep(steps: Steps, step: ask.Sweep) -> ask.Swept:
    """Where the vendor has no feed of deletions, or it is asked for."""
    row = Feed.objects.get(pk=step.feed)
    place = _place(steps, step.feed)
    return observing.sweep(place, steps.resource_of(row), steps.waiting, steps.clock, step.full)


def fetch(steps: Steps, _step: ask.Fetch) -> None:
    """The record counts as moved, so that it is planned."""
    assert steps.only is not None
    bench, side = steps.benches[steps.only["table"]], Side(steps.only["side"])
    record = steps.waiting.run(steps.resources(bench)[side].get(steps.only["id"]))
    mirror.put(bench.feeds[side], [record], [], steps.clock.now())
    mirror.touch(bench.feeds[side], [record.external_id])


def stale(steps: Steps, step: ask.Stale) -> list[int]:
    """None where this run wrote nothing to the table."""
    bench = steps.benches[step.table]
    if not any(journal.confirmed(steps.run, bench.table).values()):
        return []
    connections = (steps.pair.left_id, steps.pair.right_id)
    wanted = Feed.objects.filter(connection_id__in=connections, resource__in=bench.mapping.refreshes)
    return list(wanted.values_list("pk", flat=True))


def echoes(steps: Steps, _step: ask.Echoes) -> list[int]:
    """The pause lets the vendor's clock pass the overlap that its connector reads again each time."""
    written: Counter[int] = Counter()
    for bench in steps.benches.values():
        for side, number in journal.confirmed(steps.run, bench.table).items():
            if steps.resources(bench)[Side(side)].capabilities.changed_since:
                written[bench.feeds[Side(side)]] += number
    many = [feed for feed, number in written.items() if number >= MANY_ECHOES]
    if many:
        steps.waiting.run(steps.clock.sleep(ECHO_PAUSE))
    return many


def _place(steps: Steps, feed: int) -> observing.Place:
    tables = [(each.table, side) for each in steps.benches.values() for side in Side if each.feeds[side] == feed]
    return observing.Place(feed, steps.run, steps.epoch, tables)


def _tables_of(steps: Steps) -> dict[str, list[str]]:
    """Feed → the tables that cannot do without it; none for one that is only looked things up in."""
    found: dict[str, list[str]] = {}
    for name, bench in steps.benches.items():
        for feed in bench.feeds.values():
            found.setdefault(str(feed), []).append(name)
    return found


def _feeds_of(steps: Steps, side: Side) -> list[int]:
    connection = steps.pair.left if side is Side.LEFT else steps.pair.right
    wanted = list(steps.opener.reference_resources(steps.pair, side))
    wanted += [bench.mapping.resource(side) for bench in steps.benches.values()]
    return [
        Feed.objects.get_or_create(connection=connection, resource=resource)[0].pk for resource in dict.fromkeys(wanted)
    ]
