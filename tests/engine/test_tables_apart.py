"""A table that fails holds up those that depend on it, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from kobling.hub.models import SyncJob
from kobling.records import KoblingError, Misunderstood, NotOffered, SettingsError
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)


def broken(bench: Bench, resource: str, error: KoblingError) -> None:
    async def read(_bookmark: Any) -> Any:
        raise error

    bench.left.resources[resource].read = read  # type: ignore[method-assign]


def states(run: Any) -> dict[str, str]:
    return {job.table.name: job.state for job in SyncJob.objects.filter(run=run).select_related("table")}


@pytest.mark.parametrize("error", [Misunderstood("no JSON"), NotOffered("no such table")])
def test_a_table_that_cannot_be_read_leaves_the_others_alone(bench: Bench, error: KoblingError) -> None:
    bench.companies.put({"title": "Alfa"})
    broken(bench, "orders", error)
    run = bench.run()
    assert run.state == "partly_done"
    assert states(run) == {"customers": "done", "orders": "failed"}
    assert run.error["kind"] == error.kind
    assert bench.couplings() == 1
    assert bench.pair.left.healthy is not False


def test_what_depends_on_a_failed_table_waits_and_says_for_what(bench: Bench) -> None:
    broken(bench, "companies", Misunderstood("no JSON"))
    run = bench.run()
    assert states(run) == {"customers": "failed", "orders": "blocked"}
    job = SyncJob.objects.get(run=run, table__name="orders")
    assert job.error["params"] == {"table": "orders", "missing": "customers"}
    assert run.state == "failed"


def test_a_stopped_table_lets_independent_ones_go_on(bench: Bench) -> None:
    bench.change("orders", depends_on=())
    for n in range(3):
        bench.companies.put({"title": f"Firma {n}"})
    bench.run()
    for each in bench.companies.all():
        bench.companies.remove(each.external_id)
    bench.left.resources["orders"].put({"subject": "Ordre 1"})
    run = bench.run()
    assert run.state == "stopped"
    assert run.error["code"] == "side_empty"
    assert states(run) == {"customers": "stopped", "orders": "done"}
    assert len(bench.right.resources["invoices"].all()) == 1


def test_a_wrong_setting_ends_the_whole_run_at_once(bench: Bench) -> None:
    broken(bench, "companies", SettingsError("wrong company"))
    run = bench.run()
    assert run.state == "failed"
    assert states(run) == {}


def test_directions_end_with_their_own_state(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    run = bench.run()
    job = SyncJob.objects.get(run=run, table__name="customers")
    assert (job.to_right, job.to_left) == ("done", "done")


def test_only_the_chosen_tables_are_done(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.left.resources["orders"].put({"subject": "Ordre 1"})
    run = bench.run(tables=["customers"])
    assert states(run) == {"customers": "done"}
    assert bench.right.resources["invoices"].all() == []
