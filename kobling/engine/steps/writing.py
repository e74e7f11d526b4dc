"""Steps that execute stored chunks, and say how a table ended."""

from __future__ import annotations

from kobling.engine import approved
from kobling.engine import requests as ask
from kobling.engine.executing import Chunk
from kobling.engine.finishing import finish_chunk
from kobling.engine.steps.context import Steps
from kobling.hub import runs
from kobling.hub.models import Table
from kobling.hub.planning.workbench import Workbench
from kobling.hub.runs import jobs
from kobling.hub.store import journal
from kobling.mapping import Side


def look_up(steps: Steps, step: ask.LookUp) -> None:
    """Nothing is sent anew."""
    executor = steps.executor(step.chunk)
    executor.chunk.actions = approved.with_real_values(executor.chunk.actions, executor.bench)
    executor.look_up_only()


def execute(steps: Steps, step: ask.Execute) -> None:
    """The cursor of a run about one record stays where it is."""
    executor = steps.executor(step.chunk)
    executor.execute()
    done = finish_chunk(executor.chunk, executor.bench, steps.clock.now(), moves_cursor=steps.only is None)
    runs.progress(steps.run, runs.Phase.WRITE, executor.bench.name, done)


def execute_again(steps: Steps, step: ask.ExecuteAgain) -> None:
    """A chunk beside the window."""
    executor = steps.executor(step.chunk)
    executor.execute()
    finish_chunk(executor.chunk, executor.bench, steps.clock.now(), moves_cursor=False)


def execute_approved(steps: Steps, step: ask.ExecuteApproved) -> None:
    """Records that moved since it was shown are left for the next plan."""
    executor = steps.executor(step.chunk)
    bench, chunk = executor.bench, executor.chunk
    if bench.name in step.failed:
        return
    check = approved.untouched if steps.undoing else approved.still_true
    chunk.actions = check(bench, chunk, journal.of_chunk(step.chunk))
    if _was_planned_since(bench, chunk):
        chunk.actions = approved.without_questions(chunk.actions)
        chunk.after = chunk.upto
    executor.execute()
    finish_chunk(chunk, bench, steps.clock.now(), moves_cursor=False)


def _was_planned_since(bench: Workbench, chunk: Chunk) -> bool:
    """Whether a run planned these records after they were shown: what it asked stands, and only that."""
    column = f"cursor_{chunk.side.value}"
    return bool(Table.objects.values_list(column, flat=True).get(pk=bench.table) > chunk.after)


def arrive(steps: Steps, step: ask.Arrive) -> None:
    """Under the attempt's fence."""
    bench = steps.benches[step.table]
    if steps.only is None:
        journal.fence_now(steps.run, steps.epoch)
        Table.objects.filter(pk=bench.table).update(**{f"cursor_{step.side}": step.upto})
    jobs.direction_done(steps.run, bench.table, Side(step.side).other)


def finish(steps: Steps, step: ask.Finish) -> None:
    """Under the attempt's fence."""
    journal.fence_now(steps.run, steps.epoch)
    jobs.ended(steps.run, steps.benches[step.table].table, runs.DONE, steps.clock.now())


def fail(steps: Steps, step: ask.Fail) -> None:
    """Under the attempt's fence."""
    journal.fence_now(steps.run, steps.epoch)
    table = steps.benches[step.table].table
    jobs.ended(steps.run, table, step.failure.outcome, steps.clock.now(), step.failure.as_data())
