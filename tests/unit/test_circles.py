"""`make check` sees modules that import each other, wherever the import stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def circles(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(TOOLS))
    from importlib import import_module

    yield import_module("circles").circles
    sys.modules.pop("circles", None)


@pytest.mark.parametrize(
    "back",
    [
        "import room.one\n",
        "from room import one\n",
        "from room.one import thing\n",
        "def later():\n    from room.one import thing\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from room.one import thing\n",
    ],
)
def test_a_circle_is_seen_wherever_the_import_stands(circles: Any, tmp_path: Path, back: str) -> None:
    room = tmp_path / "room"
    room.mkdir()
    (room / "__init__.py").touch()
    (room / "one.py").write_text("from room.two import other\nthing = 1\n")
    (room / "two.py").write_text("from room.three import other\n")
    (room / "three.py").write_text("other = 1\n")
    assert list(circles(tmp_path, ("room",))) == []
    (room / "three.py").write_text(back)
    assert list(circles(tmp_path, ("room",))) == [["room.one", "room.three", "room.two"]]
