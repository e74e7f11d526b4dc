"""Broken couplings are found, explained, and mended as a person says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.models import Coupling, Decision, Event, MirrorRow, SyncIssue
from kobling.hub.services import issues, mending
from kobling.mapping import DeletionPolicy, Direction
from kobling.records import Refused, SettingsError, Unsafe
from tests.engine.bench import Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
WHO = Actor.operator("bogholder")


@pytest.fixture
def bench() -> Iterator[Bench]:
    for made in benches():
        made.change("customers", deletion=DeletionPolicy.ASK)
        for name in ("Alfa", "Beta", "Gamma"):
            made.companies.put({"title": name})
        made.run()
        yield made


def company(bench: Bench, name: str) -> str:
    return next(each.external_id for each in bench.companies.all() if each.fields["title"] == name)


def contact(bench: Bench, name: str) -> str:
    return next(each.external_id for each in bench.contacts.all() if each.fields["Name"] == name)


def names(bench: Bench) -> tuple[list[str], list[str]]:
    return (
        sorted(each.fields["title"] for each in bench.companies.all()),
        sorted(each.fields["Name"] for each in bench.contacts.all()),
    )


def lose(bench: Bench, name: str = "Alfa") -> None:
    """A contact vanishes, and a run has noticed."""
    bench.contacts.remove(contact(bench, name))
    bench.run()


def broken(bench: Bench) -> list[mending.Broken]:
    return mending.broken(WHO, bench.pair, bench.opener)


def mend(bench: Bench, how: str, **options: object) -> mending.Mended:
    return mending.mend(WHO, bench.pair, bench.opener, NOW, how, **options)  # type: ignore[arg-type]


def test_whole_couplings_are_not_broken(bench: Bench) -> None:
    assert broken(bench) == []
    assert mending.count(WHO, bench.pair, bench.opener) == {}


def test_a_broken_coupling_says_what_is_there_what_is_not_and_since_when(bench: Bench) -> None:
    gone = contact(bench, "Alfa")
    lose(bench)
    (found,) = broken(bench)
    assert (found.title, found.left_id, found.right_id) == ("Alfa", company(bench, "Alfa"), gone)
    assert (found.left, found.right) == ("there", "gone")
    assert found.since is not None
    assert mending.count(WHO, bench.pair, bench.opener) == {"customers": 1}


def test_a_record_that_was_never_seen_is_unknown(bench: Bench) -> None:
    MirrorRow.objects.filter(external_id=contact(bench, "Beta")).delete()
    assert [(each.title, each.left, each.right) for each in broken(bench)] == [("Beta", "there", "unknown")]


def test_couplings_of_a_table_that_is_gone_are_broken_and_can_only_be_uncoupled(bench: Bench) -> None:
    del bench.mappings["orders"], bench.mappings["customers"]
    found = broken(bench)
    assert {each.left for each in found} == {"no_table"}
    assert sorted(each.title for each in found) == ["Alfa", "Beta", "Gamma"]
    assert len(mend(bench, "restore").refused) == 3
    assert mend(bench, "uncouple").done == 3
    assert broken(bench) == []


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("restore", (["Alfa", "Beta", "Gamma"], ["Alfa", "Beta", "Gamma"])),
        ("delete", (["Beta", "Gamma"], ["Beta", "Gamma"])),
        ("uncouple", (["Alfa", "Beta", "Gamma"], ["Beta", "Gamma"])),
    ],
)
def test_a_broken_coupling_is_mended_as_a_person_says(
    bench: Bench, how: str, wanted: tuple[list[str], list[str]]
) -> None:
    lose(bench)
    assert mend(bench, how, why="fordi").done == 1
    assert bench.run().state == "done"
    bench.run()
    assert names(bench) == wanted
    assert broken(bench) == []
    assert Event.objects.filter(what="couplings_mended", params={"choice": how}, who="bogholder", why="fordi").exists()


def test_one_is_mended_and_the_others_stay_as_they_are(bench: Bench) -> None:
    lose(bench, "Alfa")
    lose(bench, "Beta")
    first = next(each for each in broken(bench) if each.title == "Alfa")
    assert mend(bench, "restore", which=[first.coupling]).done == 1
    bench.run()
    assert [each.title for each in broken(bench)] == ["Beta"]
    assert names(bench)[1] == ["Alfa", "Gamma"]


def test_what_was_chosen_is_shown_until_the_next_run_has_done_it(bench: Bench) -> None:
    lose(bench)
    mend(bench, "restore")
    assert [each.chosen for each in broken(bench)] == ["restore"]


def test_a_record_that_is_there_after_all_is_found_and_its_question_is_closed(bench: Bench) -> None:
    gone = contact(bench, "Alfa")
    MirrorRow.objects.filter(external_id=gone).update(gone=True)
    SyncIssue.objects.create(
        table_id=Coupling.objects.get(right_id=gone).table_id,
        kind="deleted",
        subject="x",
        coupling=Coupling.objects.get(right_id=gone).uid,
        opened_at=NOW,
        seen_at=NOW,
    )
    assert mend(bench, "find").found == 1
    assert broken(bench) == []
    assert bench.issues() == []


def test_restoring_looks_first_so_that_nothing_is_made_twice(bench: Bench) -> None:
    MirrorRow.objects.filter(external_id=contact(bench, "Alfa")).delete()
    mended = mend(bench, "restore")
    assert (mended.done, mended.found) == (0, 1)
    bench.run()
    assert names(bench) == (["Alfa", "Beta", "Gamma"], ["Alfa", "Beta", "Gamma"])


def test_deleting_looks_first_so_that_nothing_whole_is_deleted(bench: Bench) -> None:
    MirrorRow.objects.filter(external_id=contact(bench, "Alfa")).update(gone=True)
    mend(bench, "delete")
    bench.run()
    assert names(bench) == (["Alfa", "Beta", "Gamma"], ["Alfa", "Beta", "Gamma"])


def test_nothing_is_restored_from_two_records_that_are_gone(bench: Bench) -> None:
    for each in (company(bench, "Alfa"), contact(bench, "Alfa")):
        MirrorRow.objects.filter(external_id=each).update(gone=True)
    bench.companies.remove(company(bench, "Alfa"))
    bench.contacts.remove(contact(bench, "Alfa"))
    assert [why for _, why in mend(bench, "restore").refused] == [mending.BOTH_GONE]


def test_nothing_is_restored_where_the_rules_make_no_records(bench: Bench) -> None:
    lose(bench)
    bench.change("customers", direction=Direction.TO_LEFT)
    assert [why for _, why in mend(bench, "restore").refused] == [mending.NOT_MADE]


def test_uncoupled_records_are_left_alone_by_later_runs(bench: Bench) -> None:
    lose(bench)
    left = company(bench, "Alfa")
    mend(bench, "uncouple")
    assert Decision.objects.filter(side="left", external_id=left, choice="ignore").exists()
    bench.companies.edit(left, {"mail": "ny@x.example"})
    bench.run()
    assert names(bench)[1] == ["Beta", "Gamma"]


def test_nothing_is_mended_while_a_run_is_going_on(bench: Bench) -> None:
    lose(bench)
    runs.ask(bench.pair, "x", NOW)
    assert runs.claim("x", NOW) is not None
    for how in ("uncouple", "restore", "find"):
        with pytest.raises(Unsafe):
            mend(bench, how)
    assert bench.couplings() == 3


def test_another_word_than_the_four_is_refused(bench: Bench) -> None:
    with pytest.raises(SettingsError):
        mend(bench, "magic")


def test_pages_together_are_the_whole(bench: Bench) -> None:
    for name in ("Alfa", "Beta", "Gamma"):
        MirrorRow.objects.filter(external_id=contact(bench, name)).delete()
    first = mending.broken(WHO, bench.pair, bench.opener, limit=2)
    rest = mending.broken(WHO, bench.pair, bench.opener, limit=2, after=(first[-1].table, first[-1].coupling))
    assert sorted(each.title for each in (*first, *rest)) == ["Alfa", "Beta", "Gamma"]


def parked(bench: Bench) -> None:
    """Two records are refused twice with different words each, so that both are parked."""
    for name, code in (("Alfa", "too_long"), ("Beta", "bad_email")):
        right = contact(bench, name)
        bench.contacts.mischief.refusals[right] = Refused("no", code=code, vendor_text=f"{name} nej")
        bench.companies.edit(company(bench, name), {"mail": f"{name}@x.example"})
    bench.run()
    bench.run()
    assert bench.issues() == [("refused", "parked")] * 2
    bench.contacts.mischief.refusals.clear()


@pytest.mark.parametrize(
    ("chosen", "number"),
    [
        ({}, 2),
        ({"table": "customers"}, 2),
        ({"table": "orders"}, 0),
        ({"error": "too_long"}, 1),
        ({"error": "beta NEJ"}, 1),
        ({"error": "other"}, 0),
    ],
)
def test_parked_records_are_retried_all_by_table_or_by_error(bench: Bench, chosen: dict[str, str], number: int) -> None:
    parked(bench)
    assert issues.retry_all(WHO, bench.pair, bench.opener, NOW, **chosen) == number
    bench.run()
    assert bench.issues() == [("refused", "parked")] * (2 - number)
    assert sum("Email" in each.fields and bool(each.fields["Email"]) for each in bench.contacts.all()) == number
