"""Our own storage fails in the middle of a run: the attempt stops without a trace, and the run goes on later."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection

from kobling.engine.attempt import Stranded
from kobling.engine.patience import SAY_AGAIN_AFTER, TRY_AGAIN_AFTER, Patience
from kobling.hub.models import Run, WriteIntent
from kobling.hub.store import faults
from kobling.mapping import Side
from kobling.records import KoblingError, NoRoom, StorageError, Temporary, Unsafe
from kobling.sdk.clock import FakeClock
from kobling.sync import checkpoints
from tests.engine.bench import Bench

pytestmark = pytest.mark.django_db(transaction=True)
RECORDS = 40


def pages(limit: int | None = None) -> int:
    """The database's size in pages; with a limit it grows no more (0: as large as it likes)."""
    with connection.cursor() as cursor:
        if limit is not None:
            cursor.execute(f"PRAGMA max_page_count = {limit or 1 << 30}")
        cursor.execute("PRAGMA page_count")
        found: int = cursor.fetchone()[0]
        return found


@pytest.mark.skipif(bool(settings.DATABASE_URL), reason="SQLite's way to have no room")
@pytest.mark.parametrize("moment", [checkpoints.OBSERVED, checkpoints.PLANNED, checkpoints.ANSWERED])
def test_a_run_without_room_goes_on_when_there_is_some(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    for n in range(RECORDS):
        bench.companies.put({"title": f"Firma {n} {'x' * 3000}"})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # other tests left room inside the file
    reached: list[str] = []

    def full_at(name: str) -> None:
        if name == moment and name not in reached:
            pages(pages())
        reached.append(name)

    monkeypatch.setattr(checkpoints, "reach", full_at)
    try:
        with pytest.raises(Stranded) as stranded:
            bench.run()
    finally:
        pages(0)
    assert isinstance(stranded.value.problem, NoRoom) and moment in reached
    run = Run.objects.latest("pk")
    assert run.state == "running"
    assert bench.go_on(run).state == "done"
    names = [each["Name"] for each in bench.fields(Side.RIGHT)]
    assert len(names) == len(set(names)) == RECORDS == bench.couplings()
    assert not WriteIntent.objects.exclude(state="confirmed").exists()


def of_sqlite(name: str, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> Exception:
    """As Django hands on an error of SQLite."""
    fault = kind("words that may quote a value")
    fault.sqlite_errorname = name
    told = OperationalError("words that may quote a value")
    told.__cause__ = fault
    return told


class Wrapped(Exception):
    """As SQLAlchemy hands on an error."""

    def __init__(self, orig: Exception) -> None:
        super().__init__("words")
        self.orig = orig


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (of_sqlite("SQLITE_FULL"), NoRoom, "disk_full"),
        (Wrapped(of_sqlite("SQLITE_FULL")), NoRoom, "disk_full"),
        (of_sqlite("SQLITE_IOERR_WRITE"), NoRoom, "disk_refuses"),
        (of_sqlite("SQLITE_READONLY_DIRECTORY"), StorageError, "data_folder"),
        (of_sqlite("SQLITE_CANTOPEN"), StorageError, "data_folder"),
        (of_sqlite("SQLITE_IOERR_READ"), StorageError, "data_folder"),
        (of_sqlite("SQLITE_CORRUPT_INDEX"), StorageError, "database_damaged"),
        (of_sqlite("SQLITE_NOTADB"), StorageError, "database_damaged"),
        (of_sqlite("SQLITE_BUSY"), Temporary, "database"),
        (psycopg.errors.DiskFull(), NoRoom, "disk_full"),
        (psycopg.errors.AdminShutdown(), Temporary, "database"),
        (OSError(errno.ENOSPC, "full", "elsewhere"), NoRoom, "disk_full"),
        (PermissionError(errno.EACCES, "no", str(settings.DATA_DIR / "worker.lock")), StorageError, "data_folder"),
    ],
)
def test_faults_of_our_storage_are_told_in_words(fault: Exception, kind: type[KoblingError], code: str) -> None:
    told = faults.told(fault)
    assert type(told) is kind and told.code == code
    assert "quote a value" not in str(told)


@pytest.mark.parametrize(
    "fault",
    [KeyError("x"), DatabaseError("no such table"), PermissionError(errno.EACCES, "no", "/somewhere/else"), OSError()],
)
def test_other_faults_are_not_called_the_storages(fault: Exception) -> None:
    assert faults.told(fault) is None


def test_with_no_room_a_fault_of_the_disk_is_a_full_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "has_room", lambda: False)
    for name in ("SQLITE_IOERR_SHMSIZE", "SQLITE_CANTOPEN", "SQLITE_IOERR_WRITE"):
        assert isinstance(faults.told(of_sqlite(name)), NoRoom)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def patience(said: list[str]) -> Patience:
    return Patience(FakeClock(), lambda problem: said.append(str(problem.code)))


def test_what_is_waited_for_is_said_once(patience: Patience, said: list[str]) -> None:
    for _ in range(5):
        patience.bear(of_sqlite("SQLITE_FULL"))
    assert said == ["disk_full"]
    patience.clock.turn(SAY_AGAIN_AFTER + 1)  # type: ignore[attr-defined]
    patience.bear(of_sqlite("SQLITE_FULL"))
    assert said == ["disk_full", "disk_full"]


@pytest.mark.parametrize(
    ("fault", "raised"),
    [(of_sqlite("SQLITE_CORRUPT"), StorageError), (KeyError("x"), KeyError), (Unsafe("stop"), Unsafe)],
)
def test_what_waiting_does_not_mend_is_raised(patience: Patience, fault: Exception, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        patience.bear(fault)


def test_a_stranded_run_goes_on_after_a_while_when_there_is_room(
    patience: Patience, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_on: list[int] = []
    room = [False]
    monkeypatch.setattr(faults, "has_room", lambda: room[0])
    monkeypatch.setattr("django.conf.settings.DATABASE_URL", "", raising=False)
    patience.strand(7, faults.no_room())
    patience.go_on(gone_on.append)
    patience.clock.turn(TRY_AGAIN_AFTER)  # type: ignore[attr-defined]
    patience.go_on(gone_on.append)
    assert gone_on == [], "no room yet"
    room[0] = True
    patience.go_on(gone_on.append)
    patience.go_on(gone_on.append)
    assert gone_on == [7]


def test_a_run_that_cannot_be_started_again_stays_stranded(patience: Patience) -> None:
    def still_full(_run: int) -> Any:
        raise of_sqlite("SQLITE_FULL")

    patience.strand(7, faults.no_room())
    patience.clock.turn(TRY_AGAIN_AFTER)  # type: ignore[attr-defined]
    with pytest.raises(OperationalError):
        patience.go_on(still_full)
    gone_on: list[int] = []
    patience.go_on(gone_on.append)
    assert gone_on == [7]


def test_a_run_on_a_damaged_database_ends_the_worker(patience: Patience) -> None:
    patience.strand(7, faults.forbidden(str(Path("x"))))
    with pytest.raises(StorageError):
        patience.go_on(lambda _run: None)
