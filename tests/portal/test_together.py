"""Several workers renew the same clients at once: nobody waits for ever, no older reckoning lands on a newer one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, connections, transaction

from kobling.access.models import Client
from kobling.hub.models import Connection, Pair, Run, Stale
from kobling.hub.store import stale
from kobling.portal import figures, renewing
from kobling.portal.models import ClientFigures

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
ON_SQLITE = "a data folder on SQLite has one worker, and writers take turns as a whole"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _several() -> Iterator[None]:
    if connection.vendor == "sqlite":
        pytest.skip(ON_SQLITE)
    yield


@pytest.fixture
def pair() -> Pair:
    client = Client.objects.create(name="Test ApS")
    sides = [Connection.objects.create(client=client, connector=name, name=name) for name in ("a", "b")]
    return Pair.objects.create(client=client, pair_type="t", name="p", left=sides[0], right=sides[1])


def beside(work: Callable[[], Any]) -> threading.Thread:
    """Another worker, with a session of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def waits_for_a_lock() -> None:
    """Until another session waits for one of ours."""
    pause = threading.Event()
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        pause.wait(0.05)
    raise AssertionError("nobody waits")


def test_who_comes_second_reckons_what_the_first_one_did_not_see(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first has read its facts; then a run begins, and the second renews before the first has written."""
    real, here = figures.gather, threading.current_thread()
    others: list[threading.Thread] = []

    def slow(*given: Any) -> Any:
        found = real(*given)
        if threading.current_thread() is here:
            others.append(beside(lambda: _begins(pair)))
            waits_for_a_lock()
        return found

    monkeypatch.setattr(figures, "gather", slow)
    stale.mark([pair.client_id])
    renewing.renew_marked(NOW)
    others[0].join(timeout=60)
    assert ClientFigures.objects.get().state == "run" and not Stale.objects.exists()


def _begins(pair: Pair) -> None:
    with transaction.atomic():
        Run.objects.create(pair=pair, state="running", asked_at=NOW, started_at=NOW)
        stale.mark([pair.client_id])
    renewing.renew_marked(NOW)


def test_a_change_that_is_not_committed_yet_keeps_its_mark(pair: Pair) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            Run.objects.create(pair=pair, state="running", asked_at=NOW, started_at=NOW)
            stale.mark([pair.client_id])
            begun.set()
            go_on.wait(60)

    stale.mark([pair.client_id])
    other = beside(change)
    assert begun.wait(60)
    assert renewing.renew_marked(NOW) == 1, "who renews does not wait for who changes"
    assert ClientFigures.objects.get().state == "never"
    go_on.set()
    other.join(timeout=60)
    assert renewing.renew_marked(NOW) == 1 and ClientFigures.objects.get().state == "run"


def test_two_who_change_the_same_client_do_not_wait_for_each_other(pair: Pair) -> None:
    done = threading.Event()

    def change() -> None:
        stale.mark([pair.client_id])
        done.set()

    with transaction.atomic():
        stale.mark([pair.client_id])
        other = beside(change)
        assert done.wait(60)
    other.join(timeout=60)
    assert Stale.objects.count() == 2


def test_workers_that_renew_the_same_clients_end_all_of_them(pair: Pair) -> None:
    made = [Client.objects.create(name=f"Client {number}").pk for number in range(30)]
    done: list[list[int]] = []

    def work(order: list[int]) -> None:
        for _ in range(10):
            stale.mark(order)
            figures.renew(order, NOW)
            renewing.renew_marked(NOW)
        done.append(order)

    workers = [beside(lambda order=order: work(order)) for order in (made, made[::-1], made[10:] + made[:10])]  # type: ignore[misc]
    for each in workers:
        each.join(timeout=120)
    renewing.renew_marked(NOW)
    assert len(done) == 3 and not Stale.objects.exists()
    assert ClientFigures.objects.filter(renewed_at=NOW).count() == 30
