"""worker: what runs in the background."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from kobling import log
from kobling.cli import output
from kobling.records import N_

app = typer.Typer()


@app.command()
def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then stop.")] = False,
) -> None:
    """Run what is due and what is asked for, until stopped. On PostgreSQL start as many as you like."""
    from kobling.engine.worker import Worker
    from kobling.hub import runs
    from kobling.hub.models import Run

    log.set_up(verbose=True)
    with Worker() as work:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: work.stop())
        output.say(N_("Working as %(name)s."), {"name": work.name})
        ended = Run.objects.exclude(state__in=runs.ENDED)
        work.serve(until=lambda: once and work.ticked and not ended.exists() and work.is_idle)
