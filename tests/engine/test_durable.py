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
