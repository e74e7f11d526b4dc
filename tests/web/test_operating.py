"""The operator's page: what is true of the installation, in a bounded number of queries; the check-up as a job."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from kobling import storage
from kobling.access.models import Client
from kobling.access.policy import Actor
from kobling.engine.durable import WorkerLock
from kobling.hub import runs
from kobling.hub.models import Connection, Pair, Run
from kobling.jobs import queue, working
from kobling.jobs import services as jobs
from kobling.jobs.models import Job
from kobling.jobs.working import Hearing
from kobling.mail.outbox import Letter, put
from kobling.operating import keys as room
from kobling.operating import workers
from kobling.sdk.clock import FakeClock
from tests.web.signing import sign_in

pytestmark = pytest.mark.django_db
EVENTS = {"HTTP_ACCEPT": "text/event-stream"}


@pytest.fixture
def operator(browser: Browser, people: dict[str, Actor]) -> Browser:
    sign_in(browser, people["superuser"])
    return browser


def pair(client: Client) -> Pair:
    sides = [Connection.objects.create(client=client, connector="dinero", name=each) for each in ("l", "r")]
    return Pair.objects.create(client=client, name="p", pair_type="x", left=sides[0], right=sides[1])


def done(clock: FakeClock) -> None:
    """A worker does the job that waits."""
    claimed = queue.claim("local", clock.now())
    assert claimed is not None
    working.work(claimed[0], Hearing(claimed[1], clock, None))  # type: ignore[arg-type]


def part(page: str, head: str) -> str:
    """The row of a table, as words."""
    row = re.search(rf'<tr role="row"><th[^>]*>{head}.*?</tr>', page, re.DOTALL)
    assert row is not None, head
    return " ".join(re.sub(r"<[^>]+>", " ", row[0]).split())


def test_what_waits_is_counted_with_the_oldest(operator: Browser, client_company: Client, clock: FakeClock) -> None:
    kept = pair(client_company)
    for minutes in (5, 3):
        at = clock.now() - timedelta(minutes=minutes)
        Run.objects.create(pair=kept, asked_by="schedule", asked_at=at, state=runs.QUEUED)
    ended = {"asked_at": clock.now() - timedelta(days=1), "state": runs.DONE, "asked_by": "schedule", "pair": kept}
    Run.objects.create(**ended, ended_at=clock.now() - timedelta(minutes=59))
    Run.objects.create(**ended, ended_at=clock.now() - timedelta(minutes=61))
    put(Letter("a@x.example", "x", "x"), clock.now())
    page = operator.get("/operating/").content.decode()
    assert part(page, "Kørsler") == "Kørsler 2 i dag kl. 08.55 0 1"
    assert part(page, "E-mail") == "E-mail 1 i dag kl. 09.00 0 0"
    assert "<dt>Kørsler i dag</dt><dd>2</dd>" in page


def test_what_a_worker_is_at_stands_beside_it(operator: Browser, client_company: Client, clock: FakeClock) -> None:
    run = Run.objects.create(pair=pair(client_company), asked_by="schedule", asked_at=clock.now(), state=runs.RUNNING)
    run.summary = {"worker": "local", "progress": {"what": "x", "done": 412, "total": 1260}}
    run.started_at = clock.now()
    run.save()
    page = operator.get("/operating/").content.decode()
    assert f'<a href="/runs/{run.pk}/">{client_company.name}</a>' in page
    assert "412 af 1.260" in part(page, "local")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one worker and no locks of sessions")
def test_a_worker_lives_while_its_session_holds_its_lock(
    operator: Browser, client_company: Client, clock: FakeClock
) -> None:
    told = connection.settings_dict
    url = f"postgresql://{told['USER']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"
    run = {"pair": pair(client_company), "asked_by": "schedule", "asked_at": clock.now(), "state": runs.RUNNING}
    for name in ("w-1", "w-2"):
        Run.objects.create(**run, summary={"worker": name})
    lock = WorkerLock(url, "w-1")
    try:
        page = operator.get("/operating/").content.decode()
        assert "siden" in part(page, "w-1") and "væk" in part(page, "w-2")
        assert "<dt>Arbejdere</dt><dd>1</dd>" in page
    finally:
        lock.close()


@pytest.mark.skipif(connection.vendor == "postgresql", reason="there a lock tells it")
def test_whether_a_worker_lives_is_not_guessed(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "vides ikke" in part(operator.get("/operating/").content.decode(), "local")
    monkeypatch.setattr(workers, "_THREAD", "MainThread")
    assert "vides ikke" not in part(operator.get("/operating/").content.decode(), "local")


def test_keys_are_looked_at_and_never_shown(operator: Browser, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / storage.SECRETS_KEY).write_text("s3cr3t")
    os.chmod(tmp_path / storage.SECRETS_KEY, 0o644)
    page = operator.get("/operating/").content.decode()
    assert "s3cr3t" not in page
    found = room.keys()
    assert [(each.changed_at is not None, each.private) for each in found] == [(True, False), (False, False)]
    os.chmod(tmp_path / storage.SECRETS_KEY, 0o600)
    assert room.keys()[0].private


def test_sign_ins_that_end_soon_are_counted(client_company: Client, clock: FakeClock) -> None:
    for number, days in enumerate((-1, 1, 29, 31, None)):
        until = None if days is None else clock.now() + timedelta(days=days)
        Connection.objects.create(client=client_company, connector="x", name=str(number), sign_in_until=until)
    assert room.sign_ins(clock.now()) == room.SignIns(5, 2, 1)


def test_the_page_asks_the_same_however_much_there_is(
    operator: Browser, client_company: Client, clock: FakeClock
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert operator.get("/operating/").status_code == 200
        return len(queries)

    operator.get("/operating/")
    before = asked()
    kept = pair(client_company)
    told = {"pair": kept, "asked_by": "schedule", "asked_at": clock.now(), "state": runs.RUNNING}
    Run.objects.bulk_create(Run(**told, summary={"worker": str(number)}) for number in range(150))
    assert asked() == before


def test_the_check_up_is_a_workers_to_do_and_is_watched(operator: Browser, clock: FakeClock) -> None:
    answer = operator.post("/operating/check-up/")
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}/")
    assert job.result is None
    page = operator.get(f"/jobs/{job.pk}/").content.decode()
    assert f'sse-connect="/jobs/{job.pk}/progress/"' in page and "Venter på en arbejder" in page
    assert operator.post("/operating/check-up/")["Location"] == f"/jobs/{job.pk}/"
    queue.claim("local", clock.now())
    assert "<progress" in operator.get(f"/jobs/{job.pk}/").content.decode()
    clock.turn(queue.LEASE.total_seconds())
    done(clock)
    page = operator.get(f"/jobs/{job.pk}/").content.decode()
    assert "sse-connect" not in page and "Alt er i orden" in page
    assert operator.get(f"/jobs/{job.pk}/progress/", HTTP_HX_REQUEST="true").status_code == 286
    events = b"".join(operator.get(f"/jobs/{job.pk}/progress/", **EVENTS)).decode()  # type: ignore[call-overload]
    assert events.startswith("event: over\n")
    assert "Alt er i orden" in operator.get("/operating/").content.decode()


def test_what_it_failed_of_is_told_in_words(operator: Browser, clock: FakeClock) -> None:
    number = jobs.ask(Actor.operator("x"), "check_up", {}, clock.now())
    Job.objects.filter(pk=number).update(repeatable=False)
    queue.claim("dead", clock.now())
    clock.turn(queue.LEASE.total_seconds())
    assert queue.claim("next", clock.now()) is None
    assert "Kobling blev afbrudt" in operator.get(f"/jobs/{number}/").content.decode()


def test_the_side_leads_there_for_the_operator_alone(browser: Browser, people: dict[str, Actor]) -> None:
    for who, leads in (("superuser", True), ("firm_admin", False)):
        sign_in(browser, people[who])
        page = browser.get("/my-access/").content.decode()
        assert ('href="/operating/"' in page, 'href="/mail/"' in page) == (leads, leads), who
