"""The review of a full synchronisation: what it recommends, what it foresees, and how far each table is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.couplings.lookalikes import alike
from kobling.hub.models import Coupling, Event, Run
from kobling.hub.services import issues, reviewing
from kobling.hub.services.reviewing import Line
from kobling.records import Misunderstood, SettingsError, Unsafe
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
WHO = Actor.operator("bogholder")


def lines(bench: Bench) -> dict[str, Line]:
    return {line.table: line for line in reviewing.review(WHO, bench.pair, bench.opener)}


def customers(bench: Bench) -> Line:
    return lines(bench)["customers"]


def do(bench: Bench, run: Run) -> Run:
    """Let a run that was asked for run to its end."""
    bench.clock.turn(1)
    assert runs.claim("tester", bench.clock.now()) == run.pk
    return bench.go_on(run)


def start(bench: Bench, **options: Any) -> Run:
    return reviewing.start(WHO, bench.pair, bench.opener, bench.clock.now(), **options)


def prepare(bench: Bench, **options: Any) -> None:
    do(bench, reviewing.prepare(WHO, bench.pair, bench.clock.now(), **options))


def break_orders(bench: Bench) -> Any:
    """Orders cannot be read. Returns how they were read before."""
    before = bench.left.resources["orders"].read

    async def read(_bookmark: Any) -> Any:
        raise Misunderstood("no JSON")

    bench.left.resources["orders"].read = read  # type: ignore[method-assign]
    return before


def test_lines_come_in_dependency_order_and_recommend_nothing_before_anything_was_read(bench: Bench) -> None:
    found = reviewing.review(WHO, bench.pair, bench.opener)
    assert [(line.table, line.depends_on) for line in found] == [("customers", ()), ("orders", ("customers",))]
    assert {(line.recommendation, line.state, line.forecast) for line in found} == {("", "", None)}


@pytest.mark.parametrize(
    ("left", "right", "couple", "wanted"),
    [
        (0, 0, 0, "nothing"),
        (3, 0, 0, "full"),
        (0, 3, 0, "full"),
        (3, 3, 0, "couple_first"),
        (4, 4, 1, "couple_first"),
        (4, 4, 2, "full"),
        (3, 3, 3, "full"),
    ],
)
def test_the_recommendation_follows_how_full_the_sides_are_and_how_many_are_coupled(
    bench: Bench, left: int, right: int, couple: int, wanted: str
) -> None:
    lefts = [bench.companies.put({"title": f"Venstre {n}"}).external_id for n in range(left)]
    rights = [bench.contacts.put({"Name": f"Noget andet {n}"}).external_id for n in range(right)]
    prepare(bench)
    for one, other in zip(lefts[:couple], rights, strict=False):
        issues.couple(WHO, bench.pair, bench.opener, "customers", one, other, NOW)
    line = customers(bench)
    assert line.recommendation == wanted
    assert (line.left, line.right, line.coupled) == (left, right, couple)
    assert line.reason


def test_a_side_where_nothing_may_be_made_is_nothing_to_synchronise(bench: Bench) -> None:
    bench.change("customers", create_right=False)
    bench.companies.put({"title": "Alfa"})
    prepare(bench)
    assert (customers(bench).recommendation, customers(bench).reason) == (
        reviewing.NOTHING,
        "One side is empty, and this table makes no records there.",
    )


def test_all_coupled_is_said_to_be_harmless(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.run()
    assert "harmless" in customers(bench).reason


def test_the_forecast_counts_what_the_dry_run_found_on_each_side_once(bench: Bench) -> None:
    same = bench.companies.put({"title": "Alfa", "cvr": "12345674", "mail": "a@x.example"})
    bench.contacts.put({"Name": "Alfa", "VatNumber": "12345674"})
    bench.companies.put({"title": "Beta"})
    bench.contacts.put({"Name": "Gamma"})
    bench.companies.put({"title": "Delta"})
    bench.contacts.put({"Name": "DELTA"})
    prepare(bench)
    found = customers(bench).forecast
    assert found is not None
    assert (found.right.create, found.left.create) == (1, 1)
    assert (found.right.couple, found.left.couple) == (1, 1)
    assert (found.right.change, found.left.change) == (1, 0)
    assert found.right.conflict + found.left.conflict == 1
    assert (found.left_count, found.right_count) == (3, 3)
    assert same.external_id not in Coupling.objects.values_list("left_id", flat=True), "a review couples nothing"
    assert len(bench.contacts.all()) == 3


def test_the_forecast_counts_deletions_and_records_that_wait(bench: Bench) -> None:
    bench.left.resources["orders"].put({"subject": "Ordre", "company": "unknown"})
    prepare(bench)
    orders = lines(bench)["orders"].forecast
    assert orders is not None
    assert (orders.right.waits, orders.right.create) == (1, 0)


def test_creating_beside_a_name_that_looks_alike_is_counted_as_a_duplicate(bench: Bench) -> None:
    bench.contacts.put({"Name": "Hansens Maskinfabrik ApS"})
    bench.companies.put({"title": "Hansen Maskinfabrik ApS"})
    bench.companies.put({"title": "Sørensens Bageri"})
    prepare(bench)
    found = customers(bench).forecast
    assert found is not None
    assert (found.right.create, found.right.duplicates) == (2, 1)
    assert (found.left.create, found.left.duplicates) == (1, 1)


def test_creating_beside_the_same_key_is_counted_as_a_duplicate(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.contacts.put({"Name": "ALFA"})
    bench.run()
    for issue in issues.listed(WHO, bench.pair):
        issues.settle(WHO, issue, "create", bench.opener, NOW)
    prepare(bench)
    found = customers(bench).forecast
    assert found is not None
    assert (found.right.create, found.right.duplicates) == (1, 1)


def test_names_with_other_numbers_and_tables_that_match_by_no_name_make_no_duplicates(bench: Bench) -> None:
    assert not alike("Afdeling 10", "Afdeling 11")
    assert alike("Møller & Søn A/S", "MØLLER OG SØN A/S")
    bench.left.resources["orders"].put({"subject": "Konsulentbistand"})
    bench.right.resources["invoices"].put({"Text": "Konsulentbistand"})
    prepare(bench)
    found = lines(bench)["orders"].forecast
    assert found is not None
    assert (found.right.create, found.right.duplicates) == (1, 0)


def test_the_newest_dry_run_is_shown_with_its_age_and_counted_once(bench: Bench) -> None:
    prepare(bench)
    bench.companies.put({"title": "Alfa"})
    first = customers(bench)
    assert first.forecast is not None
    assert first.forecast.right.create == 0, "what came later is for the next dry run"
    prepare(bench)
    second = customers(bench)
    assert second.forecast is not None
    assert second.forecast.right.create == 1
    assert first.planned_at and second.planned_at and first.planned_at < second.planned_at
    bench.companies.put({"title": "Beta"})
    assert customers(bench).forecast == second.forecast


def test_a_dry_run_that_a_synchronisation_overtook_is_said_to_be_old(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    assert reviewing.overtaken(WHO, bench.pair) is None
    bench.run("plan", full=True)
    assert reviewing.overtaken(WHO, bench.pair) is None
    run = bench.run()
    assert reviewing.overtaken(WHO, bench.pair) == run
    bench.run("plan", full=True)
    assert reviewing.overtaken(WHO, bench.pair) is None


def test_what_was_made_since_the_dry_run_is_counted_as_soon_as_it_is_coupled(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    prepare(bench)
    assert (customers(bench).left, customers(bench).right) == (1, 0)
    bench.run()
    line = customers(bench)
    assert (line.left, line.right, line.coupled, line.recommendation) == (1, 1, 1, "full")


def test_asking_for_a_dry_run_twice_asks_once(bench: Bench) -> None:
    first = reviewing.prepare(WHO, bench.pair, NOW)
    assert reviewing.prepare(WHO, bench.pair, NOW).pk == first.pk
    assert reviewing.prepared(WHO, bench.pair) == first


def test_a_full_synchronisation_runs_in_the_background_in_dependency_order(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    run = start(bench, tables=["orders", "customers"], why="første gang")
    assert (run.options["tables"], run.options["full"]) == (["customers", "orders"], True)
    assert {line.state for line in lines(bench).values()} == {"queued"}
    assert do(bench, run).state == "done"
    assert {line.state for line in lines(bench).values()} == {"done"}
    assert (customers(bench).to_right, customers(bench).to_left) == ("done", "done")
    assert Event.objects.filter(what="full_synchronisation_asked_for", why="første gang").exists()


def test_a_second_full_synchronisation_is_refused_while_one_has_not_ended(bench: Bench) -> None:
    run = start(bench)
    for again in (lambda: start(bench), lambda: reviewing.resume(WHO, bench.pair, bench.opener, NOW)):
        with pytest.raises(Unsafe) as refused:
            again()
        assert str(run.pk) in str(refused.value)
    do(bench, run)
    assert start(bench).pk != run.pk


def test_only_the_chosen_tables_run(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.left.resources["orders"].put({"subject": "Ordre"})
    do(bench, start(bench, tables=["customers"]))
    assert (customers(bench).state, lines(bench)["orders"].state) == ("done", "")
    assert len(bench.right.resources["invoices"].all()) == 0


def test_an_unknown_table_is_named(bench: Bench) -> None:
    with pytest.raises(SettingsError) as wrong:
        start(bench, tables=["nonsense"])
    assert "customers, orders" in str(wrong.value)
    assert Run.objects.count() == 0


def test_resuming_takes_up_what_failed_and_nothing_else(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    before = break_orders(bench)
    do(bench, start(bench))
    assert (customers(bench).state, lines(bench)["orders"].state) == ("done", "failed")
    assert lines(bench)["orders"].error["kind"] == "Misunderstood"  # type: ignore[index]
    bench.left.resources["orders"].read = before  # type: ignore[method-assign]
    run = reviewing.resume(WHO, bench.pair, bench.opener, bench.clock.now())
    assert run.options["tables"] == ["orders"]
    assert do(bench, run).state == "done"
    assert {line.state for line in lines(bench).values()} == {"done"}
    with pytest.raises(SettingsError):
        reviewing.resume(WHO, bench.pair, bench.opener, NOW)


def test_a_table_whose_turn_never_came_is_stopped_and_can_be_resumed(bench: Bench) -> None:
    run = start(bench)
    runs.cancel(run.pk, NOW)
    assert {line.state for line in lines(bench).values()} == {"stopped"}
    again = reviewing.resume(WHO, bench.pair, bench.opener, NOW)
    assert again.options["tables"] == ["customers", "orders"]


def test_a_full_synchronisation_overwrites_nothing_that_both_sides_changed(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "mail": "old@x.example"})
    bench.run()
    bench.companies.edit(made.external_id, {"mail": "left@x.example"})
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "right@x.example"})
    do(bench, start(bench, restart=True))
    assert bench.companies.all()[0].fields["mail"] == "left@x.example"
    assert bench.contacts.all()[0].fields["Email"] == "right@x.example"
    assert bench.issues() == [("conflict", "open")]


def test_a_restart_looks_again_at_records_that_were_passed_over(bench: Bench) -> None:
    bench.change("customers", only_coupled=True)
    bench.companies.put({"title": "Alfa"})
    bench.run()
    bench.change("customers", only_coupled=False)
    do(bench, start(bench))
    assert len(bench.contacts.all()) == 0, "it has not moved since"
    prepare(bench, restart=True)
    forecast = customers(bench).forecast
    assert forecast is not None
    assert forecast.right.create == 1
    do(bench, start(bench, restart=True))
    assert len(bench.contacts.all()) == 1
    do(bench, start(bench, restart=True))
    assert (len(bench.companies.all()), len(bench.contacts.all())) == (1, 1)


def test_a_brake_stops_the_table_until_a_person_has_looked(bench: Bench) -> None:
    for n in range(3):
        bench.companies.put({"title": f"Firma {n}"})
    bench.run()
    for each in bench.companies.all():
        bench.companies.remove(each.external_id)
    do(bench, start(bench))
    line = customers(bench)
    assert line.state == "stopped"
    code = line.error["code"]  # type: ignore[index]
    run = reviewing.resume(WHO, bench.pair, bench.opener, NOW, confirmed=[code])
    assert run.options["confirmed"] == [code]
    assert Event.objects.filter(what="brake_released").exists()
