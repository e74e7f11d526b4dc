"""Attempts that are cut off, overtaken or broken: nothing is lost, doubled or mixed up, and nothing hangs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kobling.engine.attempt import attempt, guarded
from kobling.engine.requests import Execute, Step
from kobling.engine.sending import Sender
from kobling.engine.settling import Settler
from kobling.engine.steps import Steps
from kobling.hub import runs
from kobling.hub.models import Connection, WriteIntent
from kobling.hub.store.journal import Fenced
from kobling.mapping import Side
from tests.engine.bench import Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """The process ends here."""


def killed_before(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, call: int = 1) -> None:
    """Kill the first attempt just before the n-th call of a method; later calls go through."""
    original = getattr(owner, name)
    calls = [0]

    def method(self: Any, *args: Any) -> Any:
        calls[0] += 1
        if calls[0] == call:
            raise Killed
        return original(self, *args)

    monkeypatch.setattr(owner, name, method)


def ask(bench: Bench, **options: Any) -> runs.Run:
    asked = runs.ask(bench.pair, "tester", bench.clock.now(), **options)
    assert runs.claim("tester", bench.clock.now()) == asked.pk
    return asked


@pytest.mark.parametrize(("owner", "name"), [(Settler, "settle"), (Sender, "send"), (Settler, "apply_local")])
def test_a_cut_off_attempt_goes_on_without_a_double(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    for n in range(6):
        bench.companies.put({"title": f"Firma {n}"})
    asked = ask(bench)
    killed_before(monkeypatch, owner, name)
    with pytest.raises(Killed):
        bench.go_on(asked)
    assert bench.go_on(asked).state == "done"
    assert sorted(each["Name"] for each in bench.fields(Side.RIGHT)) == [f"Firma {n}" for n in range(6)]
    assert len(bench.contacts.sent) == bench.couplings() == 6


@pytest.mark.parametrize("idempotent", [True, False])
def test_an_approved_plan_that_is_cut_off_mixes_up_no_records(
    monkeypatch: pytest.MonkeyPatch, idempotent: bool
) -> None:
    for bench in benches():
        if not idempotent:
            _forget_keys(bench)
        made = [bench.companies.put({"title": f"Firma {n}", "mail": f"{n}@x.example"}) for n in range(6)]
        shown = bench.run(kind="plan")
        asked = ask(bench, chunks=list(shown.chunks.order_by("id").values_list("pk", flat=True)))
        bench.clock.turn(1)
        killed_before(monkeypatch, Settler, "settle")
        with pytest.raises(Killed):
            bench.go_on(asked)
        bench.companies.edit(made[1].external_id, {"title": "Firma 1 A/S"})
        bench.run_reading_only()
        bench.go_on(asked)
        assert bench.run().state == "done"
        names = {each["title"]: each["mail"] for each in bench.fields(Side.LEFT)}
        assert {each["Name"]: each["Email"] for each in bench.fields(Side.RIGHT)} == names
        assert len(bench.contacts.all()) == bench.couplings() == 6


def _forget_keys(bench: Bench) -> None:
    bench.contacts.capabilities = replace(bench.contacts.capabilities, idempotent_create=False)


def test_an_overtaken_attempt_writes_nothing_more(bench: Bench) -> None:
    for n in range(3):
        bench.companies.put({"title": f"Firma {n}"})
    asked = ask(bench)
    old = Steps(asked.pk, runs.new_attempt(asked.pk, "old"), bench.opener, bench.waiting, bench.clock)

    def overtaken_before_executing(step: Step[Any]) -> dict[str, Any]:
        if isinstance(step, Execute):
            runs.new_attempt(asked.pk, "new")
        return guarded(old, step)

    with pytest.raises(Fenced):
        attempt(old, overtaken_before_executing, bench.clock.turn)
    assert bench.contacts.sent == [] and not WriteIntent.objects.exists()
    assert bench.go_on(asked).state == "done"
    assert len(bench.contacts.all()) == 3


def test_an_overtaken_attempt_does_not_end_the_run(bench: Bench) -> None:
    asked = ask(bench)
    old = runs.new_attempt(asked.pk, "old")
    runs.new_attempt(asked.pk, "new")
    runs.end(asked.pk, old, runs.DONE, bench.clock.now())
    asked.refresh_from_db()
    assert asked.state == runs.RUNNING
    assert Connection.objects.exclude(held_by="").count() == 2


@pytest.mark.parametrize("where", ["ours", "the vendor's"])
def test_a_fault_ends_the_run_in_words_and_lets_go_of_the_connections(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    bench.companies.put({"title": "Alfa"})

    def broken(*_: Any) -> None:
        raise KeyError("oops")

    with monkeypatch.context() as patch:
        if where == "ours":
            patch.setattr(Settler, "settle", broken)
        else:
            patch.setattr(bench.contacts.mischief, "before_apply", broken)
        run = bench.run()
    code = "fault" if where == "ours" else "shape"
    assert (run.state, run.error["kind"], run.error["code"]) == ("failed", "Misunderstood", code)
    assert not Connection.objects.exclude(held_by="").exists()
    assert bench.run().state == "done"
    assert len(bench.contacts.all()) == 1


def test_a_cancelled_run_stops_and_the_next_one_goes_on(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    asked = ask(bench)
    assert runs.cancel(asked.pk, bench.clock.now())
    assert bench.go_on(asked).state == "cancelled"
    assert bench.contacts.sent == []
    assert bench.run().state == "done"


def test_a_queued_run_is_cancelled_at_once(bench: Bench) -> None:
    asked = runs.ask(bench.pair, "tester", bench.clock.now())
    assert runs.cancel(asked.pk, bench.clock.now())
    assert runs.claim("tester", bench.clock.now()) is None
    assert not runs.cancel(asked.pk, bench.clock.now())
