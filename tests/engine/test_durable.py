"""What the engine keeps: JSON, never pickle; and a run that an older Kobling parked is told, not executed."""

from __future__ import annotations

import base64
import pickle
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
