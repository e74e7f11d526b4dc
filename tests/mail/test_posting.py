"""A worker's mail beside its other work."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from kobling.engine.posting import AFTER_SILENCE, Posting
from kobling.mail import queue, sending
from kobling.mail.models import Mail, State
from kobling.mail.outbox import Letter, put
from kobling.sdk.clock import FakeClock
from tests.mail.server import Post

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def posting(clock: FakeClock) -> Iterator[Posting]:
    made = Posting(clock)
    yield made
    made.stop()


@contextmanager
def hanging() -> Iterator[tuple[int, threading.Event]]:
    """A server that lets everybody in and never says a word, until it is told to hang up."""
    over, told = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def silent() -> None:
            session, _ = door.accept()
            told.set()
            over.wait(30)
            session.close()

        thread = threading.Thread(target=silent)
        thread.start()
        try:
            yield door.getsockname()[1], over
        finally:
            over.set()
            thread.join()


def test_a_mail_server_that_hangs_holds_nothing_up(posting: Posting, clock: FakeClock, settings: Any) -> None:
    put(Letter("a@x.example", "x", "x"), clock.now())
    with hanging() as (port, over):
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, False
        assert posting.post(clock.now())
        assert posting.busy and not posting.post(clock.now()), "one round at a time, and nobody waits for it"
        over.set()
        posting.wait(30)
    assert (Mail.objects.get().state, Mail.objects.get().tries) == (State.WAITING, 1)
    clock.turn(AFTER_SILENCE.total_seconds() - 1)
    assert not posting.post(clock.now()), "it is left alone a while"


def test_mail_goes_out_and_an_idle_round_starts_no_thread(posting: Posting, clock: FakeClock, post: Post) -> None:
    assert not posting.post(clock.now())
    put(Letter("a@x.example", "x", "x"), clock.now())
    assert posting.post(clock.now())
    posting.wait(30)
    assert len(post.taken) == 1 and not posting.post(clock.now())


def test_a_fault_of_our_storage_is_the_workers_to_bear_and_one_of_ours_is_logged(
    posting: Posting, clock: FakeClock, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(with_what: Exception) -> None:
        def broken(*_: object) -> bool:
            raise with_what

        monkeypatch.setattr(sending.queue, "goes_out", broken)
        posting.post(clock.now())
        posting.wait(30)
        monkeypatch.undo()

    put(Letter("a@x.example", "x", "x"), clock.now())
    fails(OperationalError("disk I/O error"))
    with pytest.raises(OperationalError):
        posting.post(clock.now())
    fails(ValueError("ours"))
    assert not posting.post(clock.now())
    clock.turn(AFTER_SILENCE.total_seconds())
    assert posting.post(clock.now())
    posting.wait(30)
    assert len(post.taken) == 1


def test_who_is_alone_waits_for_nobodys_lease(posting: Posting, clock: FakeClock, post: Post) -> None:
    for number in range(2):
        put(Letter(f"{number}@x.example", "x", "x"), clock.now())
    (_, turn), _ = queue.claim(clock.now(), 5)
    queue.goes_out(turn, clock.now())
    clock.turn(timedelta(seconds=1).total_seconds())
    posting.alone()
    posting.post(clock.now())
    posting.wait(30)
    assert sorted(Mail.objects.values_list("state", flat=True)) == [State.SENT, State.UNKNOWN]
