"""What is kept of what people did and of how far a run is: keys with parameters, told in anybody's language."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import translation

from kobling.access.policy import Actor
from kobling.cli import output
from kobling.hub import runs
from kobling.hub.happened import SENTENCES, What
from kobling.hub.models import Event, SyncIssue
from kobling.hub.runs import Phase
from kobling.hub.services import history, issues
from kobling.hub.services.log import record
from kobling.hub.told.records import HistoryTold
from kobling.hub.told.runs import Progress, RunTold
from kobling.hub.told.said import filled
from kobling.records import NP_, Unsafe
from kobling.sdk.advice import advice
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator("bogholder")


def test_everything_that_can_happen_has_its_sentence_and_fits_its_place() -> None:
    assert SENTENCES.keys() == set(What)
    assert max(len(each.value) for each in What) <= 50


def test_what_somebody_did_about_a_record_is_told_in_its_history(bench: Bench) -> None:
    left = bench.companies.put({"title": "Alfa"}).external_id
    bench.contacts.put({"Name": "ALFA"})
    bench.run()
    issue = SyncIssue.objects.get(kind="maybe_same", left_id=left)
    issues.settle(WHO, issue, "create", bench.opener, bench.clock.now(), why="fordi")
    (event,) = HistoryTold.of(history.history(WHO, bench.pair, left)).events
    assert (event.by, event.why) == ("bogholder", "fordi")
    with translation.override("da"):
        assert output.in_words(event.what) == "Sag afklaret: create"


def test_what_an_older_version_kept_becomes_a_key_with_its_choice(bench: Bench) -> None:
    old = [
        Event.objects.create(who="x", what=words)
        for words in ("issue settled: left", "set-up step done", "coupled", "full synchronisation asked for")
    ]
    import_module("kobling.hub.migrations.0008_events_by_key").as_keys(apps, None)
    for each in old:
        each.refresh_from_db()
    assert [(What(each.what), each.params) for each in old] == [
        (What.ISSUE_SETTLED, {"choice": "left"}),
        (What.STEP_DONE, {}),
        (What.COUPLED, {}),
        (What.FULL_ASKED_FOR, {}),
    ]


def test_a_choice_is_kept_beside_its_key(bench: Bench) -> None:
    record(WHO, bench.pair.client, What.MENDED, "customers", choice="restore")
    record(WHO, bench.pair.client, What.PAIR_MADE, "test")
    assert [(each.what, each.params) for each in Event.objects.order_by("id")] == [
        ("couplings_mended", {"choice": "restore"}),
        ("pair_made", {}),
    ]


def test_how_far_a_run_is_names_what_it_does_and_with_what(bench: Bench) -> None:
    asked = runs.ask(bench.pair, "tester", bench.clock.now())
    runs.progress(asked.pk, Phase.READ, "contacts", 20, 100)
    runs.progress(asked.pk, Phase.READ, "contacts", 40)
    asked.refresh_from_db()
    assert RunTold.of(asked).progress == Progress(Phase.READ, "contacts", 40, 100)
    runs.progress(asked.pk, Phase.READ, "accounts", 5)
    asked.refresh_from_db()
    assert RunTold.of(asked).progress == Progress(Phase.READ, "accounts", 5, 0), "another one has a total of its own"
    runs.progress(asked.pk, Phase.WRITE, "accounts", 0, 7)
    asked.refresh_from_db()
    assert RunTold.of(asked).progress == Progress(Phase.WRITE, "accounts", 0, 7)


def test_a_run_that_has_ended_is_nowhere(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    assert RunTold.of(bench.run()).progress is None


ROWS = NP_("%(number)s line", "%(number)s lines")


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("en", "1 line", "0 lines"),
        ("da", "1 linje", "0 linjer"),
        ("sv", "1 rad", "0 rader"),
        ("nb", "1 linje", "0 linjer"),
    ],
)
def test_a_sentence_that_counts_says_one_and_many(language: str, one: str, many: str) -> None:
    with translation.override(language):
        assert filled(ROWS, {"number": 1}) == one
        assert filled(ROWS, {"number": 0}) == many
        assert advice(Unsafe(ROWS, number=1), filled).what_happened == one


def test_in_english_it_counts_without_a_catalogue() -> None:
    assert str(advice(Unsafe(ROWS, number=1)).what_happened) == "1 line"
    assert advice(Unsafe(ROWS, number=21)).what_happened == "21 lines"
