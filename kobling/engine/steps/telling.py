"""Steps that tell a source what became of the records that it handed out."""

from __future__ import annotations

from collections.abc import Sequence

from kobling.engine import renaming
from kobling.engine import requests as ask
from kobling.engine.steps.context import Steps
from kobling.hub.planning.workbench import Workbench
from kobling.hub.runs import reporting
from kobling.hub.store import journal
from kobling.mapping import Side
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Reporting
from kobling.sdk.reading import found_of

TOLD_AT_ONCE = 500


def begin(steps: Steps, step: ask.ReportBegin) -> None:
    """Saying it again changes nothing."""
    source = _source(steps, steps.benches[step.table])
    if source is not None:
        steps.waiting.run(source.begin())


def tell_chunk(steps: Steps, step: ask.ReportChunk) -> None:
    """Those alone that it waits to hear about."""
    bench = steps.benches[step.table]
    _tell(steps, bench, [each for each in journal.made_from(step.chunk) if each in awaited(steps, bench)])


def tell_rest(steps: Steps, step: ask.Report) -> None:
    """And end what is complete."""
    bench = steps.benches[step.table]
    source = _source(steps, bench)
    if source is not None:
        _tell(steps, bench, list(steps.waiting.run(source.awaited())))
        steps.waiting.run(source.end())


def give_up(steps: Steps, step: ask.GiveUp) -> None:
    """In the words of the language that the pair chose."""
    source = _source(steps, steps.benches[step.table])
    if source is not None:
        steps.waiting.run(source.give_up(reporting.said(step.failure.as_data(), _language(steps))))


def awaited(steps: Steps, bench: Workbench) -> frozenset[str]:
    """Records that are handed out now; asked once in an attempt."""
    if bench.name not in steps.handed_out:
        source = _source(steps, bench)
        told = steps.waiting.run(source.awaited()) if source is not None else ()
        steps.handed_out[bench.name] = frozenset(told)
    return steps.handed_out[bench.name]


def _tell(steps: Steps, bench: Workbench, ids: Sequence[str]) -> None:
    source = _source(steps, bench)
    if source is None:
        return
    journal.fence_now(steps.run, steps.epoch)
    for some in groups(ids, TOLD_AT_ONCE):
        told = reporting.results(bench, some, steps.clock.now(), _language(steps), _there(steps, bench, some))
        steps.waiting.run(source.tell(told))


def _there(steps: Steps, bench: Workbench, ids: Sequence[str]) -> set[str]:
    """The counterparts that stand there now: made and read in this run, or looked for."""
    known = reporting.counterparts(bench, ids)
    just_made = journal.made_in(steps.run, bench.table, list(known))
    asked = [other for mine, other in known.items() if mine not in just_made]
    made = {known[each] for each in just_made}
    if not asked:
        return made
    resource = steps.resources(bench)[Side.RIGHT]
    found = steps.waiting.run(found_of(resource, asked))
    attempt = renaming.Attempt(steps.run, steps.epoch, steps.clock.now())
    renamed = renaming.follow(bench, Side.RIGHT, resource, found.gone, steps.waiting, attempt)
    return made | {each.external_id for each in (*found.records, *renamed.values())}


def _source(steps: Steps, bench: Workbench) -> Reporting | None:
    resource = steps.resources(bench)[Side.LEFT]
    return resource if isinstance(resource, Reporting) else None


def _language(steps: Steps) -> str:
    return str(steps.pair.options.get("language") or reporting.LANGUAGE)
