"""What the engine keeps: JSON, never pickle; and a run that an older Kobling parked is told, not executed."""

from __future__ import annotations

import base64
import pickle
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from dbos import _serialization as theirs

from kobling.engine import durable
from kobling.engine.durable import EngineFault, Json

CANARY = "canary-in-a-message"


class Bomb:
    """Does something when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("value", [None, 3, 1.5, "æ", [1, {"a": None}], {"args": [1], "kwargs": {}}])
def test_what_steps_return_comes_back(value: Any) -> None:
    assert Json().deserialize(Json().serialize(value)) == value


def test_an_exception_is_kept_as_its_type_alone() -> None:
    kept = Json().serialize(KeyError(CANARY))
    assert CANARY not in kept
    found = Json().deserialize(kept)
    assert isinstance(found, EngineFault) and str(found) == "KeyError"


def test_what_json_cannot_carry_is_refused() -> None:
    with pytest.raises(TypeError):
        Json().serialize({"a": object()})


@pytest.mark.parametrize("said_to_be", ["py_pickle", None, "kobling_json"])
def test_nothing_that_lies_in_the_engines_file_is_unpickled(tmp_path: Path, said_to_be: str | None) -> None:
    bomb = base64.b64encode(pickle.dumps(Bomb(tmp_path / "went off"))).decode()
    for read in (theirs.deserialize_args, theirs.deserialize_value, theirs.deserialize_exception):
        with pytest.raises((EngineFault, ValueError)):
            read(bomb, said_to_be, Json())
    theirs.safe_deserialize(
        Json(), said_to_be, "w", serialized_input=bomb, serialized_output=bomb, serialized_exception=bomb
    )
    assert not (tmp_path / "went off").exists()


def test_nothing_is_pickled_either() -> None:
    for serialization in ("py_pickle", None):
        kept, _ = theirs.serialize_value({"a": 1}, serialization, Json())
        assert kept == '{"a": 1}'


def test_the_engines_file_is_as_durable_as_ours(tmp_path: Path) -> None:
    from sqlalchemy import create_engine

    engine = create_engine(durable._sqlite_url(tmp_path))
    with engine.connect() as session:
        assert session.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert session.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()


class Old(sqlite3.Connection):
    """Remembers which functions it was given."""

    def create_function(self, *args: Any, **more: Any) -> None:
        GIVEN.append(args[0])
        super().create_function(*args, **more)


GIVEN: list[str] = []


@pytest.mark.parametrize(("version", "given"), [((3, 41, 2), ["unixepoch"]), ((3, 42, 0), []), ((3, 50, 1), [])])
def test_a_sqlite_that_knows_no_parts_of_a_second_is_taught(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], given: list[str]
) -> None:
    """The engine asks every SQLite for them on newer Pythons."""
    GIVEN.clear()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    with sqlite3.connect(":memory:", factory=Old) as connection:
        durable._durable(connection, None)
        assert given == GIVEN
        if given:
            assert connection.execute("SELECT unixepoch('subsec')").fetchone()[0] > 1.7e9
    connection.close()
    durable._durable(object(), None)


class Known:
    """What the engine says of a workflow."""

    def __init__(self, status: str, version: str | None) -> None:
        self.status, self.app_version = status, version


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, None),
        (Known("PENDING", durable.VERSION), "PENDING"),
        (Known("PENDING", None), "PENDING"),
        (Known("PENDING", "1"), durable.OLDER),
        (Known("ENQUEUED", "1"), durable.OLDER),
        (Known("SUCCESS", "1"), "SUCCESS"),
        (Known("ERROR", "1"), "ERROR"),
    ],
)
def test_what_an_older_kobling_parked_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, found: Known | None, said: str | None
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(durable.DBOS, "get_workflow_status", lambda name: asked.append(name) or found)
    assert durable.status(7) == said and asked == [durable.workflow_id(7)] == ["run-7"]


@pytest.mark.parametrize(("status", "begun"), [(None, "started"), ("PENDING", "resumed")])
def test_a_run_that_was_left_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch, status: str | None, begun: str
) -> None:
    done: list[tuple[str, Any]] = []
    monkeypatch.setattr(durable, "status", lambda _run: status)
    monkeypatch.setattr(durable, "start", lambda run: done.append(("started", run)))
    monkeypatch.setattr(durable.DBOS, "resume_workflow", lambda name: done.append(("resumed", name)))
    durable.go_on(7)
    assert done == [(begun, 7 if begun == "started" else "run-7")]


def test_runs_of_the_dead_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(durable.DBOS, "_recover_pending_workflows", lambda names: asked.append(names) or [1, 2])
    assert durable.take_over(["a", "b"]) == 2 and asked == [["a", "b"]]
