"""Whatever changes a client's row marks the client, in the same transaction; what was marked is renewed, not lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.hub import runs
from kobling.hub.models import Connection, Pair, Run, Schedule, Stale, SyncIssue, Table
from kobling.hub.runs import due
from kobling.hub.services import clients, connections, credentials, issues, marketplace, matching, mending, pairs
from kobling.hub.store import issues as store
from kobling.hub.store import sql, stale
from kobling.hub.vault import Grants
from kobling.portal import figures, renewing
from kobling.portal.models import ClientFigures
from kobling.records import RateLimited, SettingsError, SignInExpired
from kobling.sdk.protocols import ConnectorType
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor.operator("ejer")


@pytest.fixture(autouse=True)
def _known(bench: Bench) -> None:
    settled(bench)


def settled(bench: Bench) -> ClientFigures:
    """Renew what is marked, and nothing else; the client's row then."""
    while renewing.renew_marked(bench.clock.now()):
        pass
    figures.renew([bench.pair.client_id], bench.clock.now())
    assert not Stale.objects.exists()
    return ClientFigures.objects.get(pk=bench.pair.client_id)


def row(bench: Bench) -> ClientFigures:
    """The client's row after a worker's round."""
    renewing.renew_marked(bench.clock.now())
    return ClientFigures.objects.get(pk=bench.pair.client_id)


def ask(bench: Bench) -> Run:
    return runs.ask(bench.pair, WHO.key, bench.clock.now())


def begin(bench: Bench) -> Run:
    run = ask(bench)
    assert runs.claim("w", bench.clock.now()) == run.pk
    return run


def test_the_way_of_a_run_is_seen_in_the_row(bench: Bench) -> None:
    run = ask(bench)
    assert row(bench).state == "wait"
    runs.claim("w", bench.clock.now())
    assert (row(bench).state, row(bench).run) == ("run", run.pk)
    runs.unclaim(run.pk)
    assert row(bench).state == "wait"
    runs.claim("w", bench.clock.now())
    runs.end(run.pk, 0, runs.DONE, bench.clock.now())
    assert (row(bench).state, row(bench).run) == ("ok", None)


def test_a_queued_run_that_is_cancelled_is_planned_no_longer(bench: Bench) -> None:
    run = ask(bench)
    assert row(bench).state == "wait"
    runs.cancel(run.pk, bench.clock.now())
    assert row(bench).state == "never"


def test_a_whole_run_with_a_question_and_its_answer_are_seen(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa", "mail": "a@x.example"})
    bench.run()
    assert row(bench).state == "ok"
    bench.companies.edit(made.external_id, {"mail": "b@x.example"})
    bench.contacts.edit(bench.contacts.all()[0].external_id, {"Email": "c@x.example"})
    bench.run()
    assert (row(bench).state, row(bench).open_issues) == ("you", 1)
    issue = SyncIssue.objects.get(kind="conflict")
    issues.settle(WHO, issue, "left", bench.opener, bench.clock.now())
    assert (row(bench).state, row(bench).open_issues) == ("ok", 0)


def issue(bench: Bench, **more: Any) -> SyncIssue:
    table, _ = Table.objects.get_or_create(pair=bench.pair, name="customers")
    now = bench.clock.now()
    return SyncIssue.objects.create(table=table, subject="left:1", left_id="1", opened_at=now, seen_at=now, **more)


def open_one(bench: Bench) -> None:
    table, _ = Table.objects.get_or_create(pair=bench.pair, name="customers")
    store.open_all(table.pk, [store.Raised("conflict", "1")], bench.clock.now())


def settle_planned(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa"})
    bench.run()
    settled(bench)
    bench.companies.edit(made.external_id, {"title": "Beta"})
    SyncIssue.objects.create(
        table_id=bench.table("customers"),
        kind="conflict",
        subject=f"left:{made.external_id}",
        left_id=made.external_id,
        opened_at=bench.clock.now(),
        seen_at=bench.clock.now(),
    )
    Stale.objects.all().delete()
    bench.run()
    assert SyncIssue.objects.get().state == "settled"


def retry(bench: Bench) -> None:
    issue(bench, kind="refused", state="parked")
    assert issues.retry_all(WHO, bench.pair, bench.opener, bench.clock.now()) == 1


def uncouple(bench: Bench) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.run()
    issue(bench, kind="conflict", coupling=sql.one("SELECT uid FROM hub_coupling")[0])  # type: ignore[index]
    Stale.objects.all().delete()
    matching.uncouple_many(WHO, bench.pair, bench.opener, "customers", bench.clock.now())
    assert SyncIssue.objects.get().state == "settled"


def mend(bench: Bench) -> None:
    made = bench.companies.put({"title": "Alfa"})
    bench.run()
    bench.companies.remove(made.external_id)
    bench.run_reading_only()
    issue(bench, kind="deleted", coupling=sql.one("SELECT uid FROM hub_coupling")[0])  # type: ignore[index]
    Stale.objects.all().delete()
    assert mending.mend(WHO, bench.pair, bench.opener, bench.clock.now(), "uncouple").done == 1


def red(bench: Bench) -> None:
    run = begin(bench)
    Stale.objects.all().delete()
    runs.show_red(run.pk, (), SignInExpired("Gone."))


def test_and_tested(bench: Bench) -> None:
    connections.test(WHO, connections.find(WHO, "left"), bench.opener)


def failing(bench: Bench) -> None:
    def broken(*_: Any) -> Any:
        raise SettingsError("No.")

    bench.opener.connector_types = {"left": ConnectorType("left", "left", (), (), broken)}
    with pytest.raises(SettingsError):
        connections.test(WHO, connections.find(WHO, "left"), bench.opener)


def revoke(bench: Bench) -> None:
    credentials.revoke(WHO, bench.pair.left, bench.clock.now())


def sign_in(bench: Bench) -> None:
    assert Grants(bench.pair.left_id)._save(None, {"access_token": "a", "ends_at": 1_800_000_000})


def schedule(bench: Bench) -> None:
    pairs.schedule(WHO, bench.pair, bench.clock.now())


def pause(bench: Bench) -> None:
    schedule(bench)
    Stale.objects.all().delete()
    pairs.schedule(WHO, bench.pair, bench.clock.now(), enabled=False)


def configure(bench: Bench) -> None:
    pairs.configure(WHO, bench.pair, bench.opener, {})


def another(bench: Bench) -> None:
    pairs.create(WHO, bench.pair.client, bench.opener, "memory", name="second")


def switch_off(bench: Bench) -> None:
    marketplace.activate(WHO, bench.pair.client, bench.opener, "memory", bench.clock.now())
    schedule(bench)
    Stale.objects.all().delete()
    marketplace.deactivate(WHO, bench.pair.client, bench.opener, "memory", bench.clock.now())


def due_time(bench: Bench) -> None:
    Connection.objects.update(healthy=False)
    Schedule.objects.create(pair=bench.pair, enabled=True, next_at=bench.clock.now())
    assert due.ask_due(bench.clock.now()) == 0


CHANGES: list[Callable[[Bench], None]] = [
    open_one,
    settle_planned,
    retry,
    uncouple,
    mend,
    red,
    test_and_tested,
    failing,
    revoke,
    sign_in,
    schedule,
    pause,
    configure,
    another,
    switch_off,
    due_time,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
def test_what_changes_a_row_marks_the_client(bench: Bench, change: Callable[[Bench], None]) -> None:
    other = Client.objects.create(name="Nabo ApS")
    change(bench)
    assert Stale.objects.filter(client=bench.pair.client_id).exists()
    assert not Stale.objects.filter(client=other.pk).exists()


@pytest.mark.parametrize("change", [schedule, revoke, open_one, red], ids=lambda each: each.__name__)
def test_a_change_that_is_taken_back_leaves_no_mark(bench: Bench, change: Callable[[Bench], None]) -> None:
    class Back(Exception):
        pass

    with pytest.raises(Back), sql.together():
        change(bench)
        assert Stale.objects.exists()
        raise Back
    assert not Stale.objects.exists()


def test_issues_that_were_settled_already_mark_nobody(bench: Bench) -> None:
    table = issue(bench, kind="conflict", state="settled", coupling="c").table_id
    store.settle_kind(table, ["conflict"], ["left:1"])
    store.settle_couplings(table, ["c"])
    store.open_all(table, [], bench.clock.now())
    assert not Stale.objects.exists()


def test_a_token_that_is_only_fetched_anew_marks_nobody(bench: Bench) -> None:
    assert Grants(bench.pair.left_id)._save(None, {"access_token": "a"})
    assert not Stale.objects.exists()


def test_a_new_client_has_a_row_after_a_round(bench: Bench) -> None:
    made = clients.add(WHO, "Ny ApS")
    renewing.renew_marked(bench.clock.now())
    assert ClientFigures.objects.get(pk=made.pk).state == "never"


def test_a_run_that_a_limit_lets_wait_shows_until_when(bench: Bench) -> None:
    seen: list[tuple[str, datetime | None]] = []
    wait = bench.clock.now() + timedelta(minutes=45)
    bench.companies.mischief.outage = RateLimited("Wait.", retry_at=wait)
    real = bench.clock.turn

    def turn(seconds: float) -> None:
        found = row(bench)
        seen.append((found.state, found.state_until))
        bench.companies.mischief.outage = None
        real(seconds)

    bench.clock.turn = turn  # type: ignore[method-assign]
    run = begin(bench)
    bench.go_on(run)
    assert seen == [("limit", wait)] and row(bench).state == "ok"


def test_a_short_wait_is_not_worth_a_word(bench: Bench) -> None:
    bench.companies.mischief.outage = RateLimited("Wait.", retry_at=bench.clock.now() + timedelta(seconds=20))

    def over(seconds: float) -> None:
        bench.companies.mischief.outage = None

    bench.clock.turn = over  # type: ignore[method-assign]
    run = bench.go_on(begin(bench))
    assert run.state == runs.DONE and runs.LIMITED_UNTIL not in run.summary


def test_a_mark_that_comes_while_the_row_is_reckoned_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    real = figures.gather

    def meanwhile(*given: Any) -> Any:
        found = real(*given)
        ask(bench)
        return found

    stale.mark([bench.pair.client_id])
    monkeypatch.setattr(figures, "gather", meanwhile)
    assert row(bench).state == "never"
    monkeypatch.setattr(figures, "gather", real)
    assert Stale.objects.exists() and row(bench).state == "wait"


def test_who_dies_while_renewing_leaves_the_marks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    ask(bench)
    with monkeypatch.context() as patch:
        patch.setattr(stale, "take_away", die)
        with pytest.raises(Killed):
            renewing.renew_marked(bench.clock.now())
    assert ClientFigures.objects.get(pk=bench.pair.client_id).state == "never"
    assert row(bench).state == "wait" and not Stale.objects.exists()


def test_a_round_renews_a_batch_and_those_that_wait_longest_first(bench: Bench) -> None:
    made = [Client.objects.create(name=f"Client {number}").pk for number in range(5)]
    stale.mark(made[3:])
    stale.mark(made)
    assert renewing.renew_marked(bench.clock.now(), most=3) == 3
    assert set(ClientFigures.objects.exclude(pk=bench.pair.client_id).values_list("pk", flat=True)) == {
        made[0],
        *made[3:],
    }
    assert renewing.renew_marked(bench.clock.now(), most=3) == 2
    assert renewing.renew_marked(bench.clock.now(), most=3) == 0


def test_one_client_that_cannot_be_reckoned_holds_up_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = (Client.objects.create(name=name).pk for name in ("Bad", "Good"))
    real = figures.gather

    def picky(chosen: list[int], *rest: Any) -> Any:
        if bad in chosen:
            raise KeyError(bad)
        return real(chosen, *rest)

    monkeypatch.setattr(figures, "gather", picky)
    stale.mark([bad, good])
    assert renewing.renew_marked(bench.clock.now()) == 1
    assert ClientFigures.objects.filter(pk=good, renewed_at__isnull=False).exists()
    assert not Stale.objects.exists(), "it waits for its next change"


def test_what_a_person_does_is_seen_right_after(bench: Bench) -> None:
    with renewing.right_after(bench.clock.now):
        ask(bench)
        open_one(bench)
        assert ClientFigures.objects.get(pk=bench.pair.client_id).state == "never"
    found = ClientFigures.objects.get(pk=bench.pair.client_id)
    assert (found.state, found.open_issues) == ("you", 1) and not Stale.objects.exists()
    ask(bench)
    assert Stale.objects.exists(), "nobody notes any more"


def test_an_act_that_fails_half_way_is_seen_too_and_its_error_stays(bench: Bench) -> None:
    with pytest.raises(KeyError), renewing.right_after(bench.clock.now):
        ask(bench)
        raise KeyError
    assert ClientFigures.objects.get(pk=bench.pair.client_id).state == "wait"


def test_figures_that_cannot_be_renewed_right_after_spoil_no_act(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError

    monkeypatch.setattr(renewing, "renew", broken)
    with renewing.right_after(bench.clock.now):
        ask(bench)
    assert Stale.objects.exists() and Run.objects.exists()


def test_a_round_without_marks_asks_once(bench: Bench) -> None:
    with CaptureQueriesContext(connection) as seen:
        assert renewing.renew_marked(bench.clock.now()) == 0
    assert len(seen) == 1


def test_a_pair_notes_its_direction_where_its_options_change_and_when_it_runs(bench: Bench) -> None:
    Pair.objects.update(direction="to_left")
    bench.run()
    assert Pair.objects.get().direction == "both"
