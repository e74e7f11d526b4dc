"""What a run does not ask twice: its own writes, ids it has just met."""

from __future__ import annotations

import pytest

from kobling.engine.steps.reading import MANY_ECHOES
from kobling.hub.models import Feed, PlanChunk
from kobling.hub.store import journal
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)


def fill(bench: Bench, number: int) -> None:
    for n in range(number):
        bench.companies.put({"title": f"Firma {n}", "cvr": f"{10_000_000 + n}", "mail": None, "limit": n})


def bookmark(bench: Bench) -> str:
    return Feed.objects.get(connection=bench.pair.right, resource="contacts").bookmark


def test_after_many_writes_a_run_reads_past_its_own_and_the_next_one_plans_nothing(bench: Bench) -> None:
    fill(bench, MANY_ECHOES)
    before = bench.run()
    assert before.state == "done"
    assert journal.confirmed(before.pk, PlanChunk.objects.filter(run=before).first().table_id) == {"right": MANY_ECHOES}
    read_up_to = bookmark(bench)
    run = bench.run()
    assert run.state == "done"
    assert bookmark(bench) == read_up_to, "the first run had read everything there was to read"
    assert not PlanChunk.objects.filter(run=run, size__gt=0).exists()


def test_what_others_change_while_echoes_are_read_is_carried_over_by_the_next_run(bench: Bench) -> None:
    fill(bench, MANY_ECHOES)
    changed: list[str] = []
    read = bench.contacts.read

    async def read_after_an_edit(mark: object) -> object:
        if bench.contacts.sent and not changed:
            changed.append(bench.contacts.all()[7].external_id)
            bench.contacts.edit(changed[0], {"Email": "new@b.example"})
        return await read(mark)  # type: ignore[arg-type]

    bench.contacts.read = read_after_an_edit  # type: ignore[assignment, method-assign]
    bench.run()
    assert changed
    assert bench.run().state == "done"
    assert [each.fields["mail"] for each in bench.companies.all()].count("new@b.example") == 1


def test_a_few_writes_are_left_for_the_next_run_to_read(bench: Bench) -> None:
    fill(bench, 3)
    bench.run()
    read_up_to = bookmark(bench)
    bench.run()
    assert bookmark(bench) != read_up_to
