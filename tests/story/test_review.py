"""Review, full synchronisation, matching and mending from the command line, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.story.world import PAIR, World

pytestmark = pytest.mark.story


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path / "data") as made:
        made.set_up()
        yield made


def lines(world: World) -> dict[str, Any]:
    return {each["table"]: each for each in world.kobling("review", PAIR, "--json")["tables"]}


def test_a_person_reviews_synchronises_in_full_and_mends_what_broke(world: World) -> None:
    assert "--refresh" in world.kobling("review", PAIR), "nothing is known before a dry run"
    found = world.kobling("review", PAIR, "--refresh", "--json")
    assert found["planned_at"]
    companies = next(each for each in found["tables"] if each["forecast"]["right"]["create"])
    assert companies["state"] == ""
    before = world.names()
    done = world.kobling("fullsync", PAIR, "--json", expect=1)
    assert done["state"] == "partly_done", "look-alikes wait for a person"
    assert {each["state"] for each in done["tables"]} == {"done"}
    assert sum(each["counters"]["inserted"] for each in done["tables"]) > 0
    assert world.names() != before
    assert {each["state"] for each in lines(world).values()} == {"done"}
    assert "done" in world.kobling("review", PAIR)
    assert "full synchronisation" in world.kobling("review", PAIR)
    world.kobling("fullsync", PAIR, "--resume", expect=2)
    world.kobling("couplings", PAIR, "--broken")
    coupled = world.kobling("couplings", PAIR, "--json")
    table = coupled[0]["table"]
    world.kobling("uncouple", PAIR, table, "--all", "--why", "prøve")
    assert [each for each in world.kobling("couplings", PAIR, "--json") if each["table"] == table] == []
    shown = world.kobling("match", PAIR, table, "--by", "name", "--left-out", "--json")
    assert shown["hits"] > 0
    done = world.kobling("match", PAIR, table, "--by", "name", "--left-out", "--apply", "--json", expect=None)
    assert done["coupled"] == shown["hits"]
    assert len(world.kobling("couplings", PAIR, "--table", table, "--json")) == done["coupled"]


def test_bad_words_are_answered_with_a_sentence(world: World, tmp_path: Path) -> None:
    ids = tmp_path / "ids.csv"
    ids.write_text("1,2,3\n", encoding="utf-8")
    for arguments in (
        ["fullsync", PAIR, "--table", "nonsense"],
        ["match", PAIR, "organisations", "--by", "colour"],
        ["couplings", PAIR, "--mend", "magic"],
        ["couple", PAIR, "organisations"],
        ["couple", PAIR, "organisations", "--from", str(ids)],
        ["couple", PAIR, "organisations", "--from", str(tmp_path / "none")],
        ["uncouple", PAIR, "organisations"],
    ):
        said = world.kobling(*arguments, expect=2)
        assert "Traceback" not in said
        assert "✗" in said
