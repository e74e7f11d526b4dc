"""What cannot be used is named with its package, and keeps nothing else from working."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kobling.access.policy import Actor
from kobling.engine.worker import Worker
from kobling.hub import runs
from kobling.hub.services import pairs as pair_services
from kobling.records import SettingsError
from kobling.sdk.extensions import gather
from kobling.sdk.registry import _SPELLING, connectors
from tests.engine.bench import benches
from tests.extensions.installed import kobling, pretend

pytestmark = pytest.mark.story
CONNECTOR = """
from kobling.sdk.protocols import ConnectorType

def made(name):
    return ConnectorType(name, name.title(), (), (), open=lambda settings, context: None)
"""
PAIR = """
from kobling.pairs.base import PairType
PAIR = PairType("{name}", "A pair", "{left}", "dinero", lambda options, schemas: {{}})
"""
TROUBLE = {
    "broken": "“broken” of the package acme-broken cannot be used",
    "exits": "“exits” of the package acme-exits cannot be used",
    "twin": "offered by the packages acme-one, acme-two. None is used",
    "dinero": "offered by the packages acme-greedy, kobling. Only Kobling's own is used",
    "other": "“other” of the package acme-misnamed cannot be used",
    "Bad Name": "“Bad Name” of the package acme-spelling cannot be used",
    "nothing": "“nothing” of the package acme-nothing cannot be used",
    "lonely-dinero": "“lonely-dinero” of the package acme-lonely needs the connector “lonely”, which is not there",
    "acme-garbled": "“acme-garbled” of the package acme-garbled cannot be used",
}


def _point(name: str, value: str, group: str = "kobling.connectors") -> str:
    return f"[{group}]\n{name} = {value}\n"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("others")
    given = CONNECTOR + 'GOOD, TWIN, DINERO, WRONG = (made(name) for name in ("good", "twin", "dinero", "wrong"))\n'
    pretend(folder, "acme-good", _point("good", "acme:GOOD"), acme=given)
    pretend(folder, "acme-broken", _point("broken", "acme_broken:C"), acme_broken="import no_such_thing\n")
    pretend(folder, "acme-exits", _point("exits", "acme_exits:C"), acme_exits="raise SystemExit(3)\n")
    pretend(folder, "acme-one", _point("twin", "acme:TWIN"))
    pretend(folder, "acme-two", _point("twin", "acme:TWIN"))
    pretend(folder, "acme-greedy", _point("dinero", "acme:DINERO"))
    pretend(folder, "acme-misnamed", _point("other", "acme:WRONG"))
    pretend(folder, "acme-spelling", _point("Bad Name", "acme:GOOD"))
    pretend(folder, "acme-nothing", _point("nothing", "acme:NOT_THERE"))
    pretend(
        folder,
        "acme-lonely",
        _point("lonely-dinero", "acme_lonely:PAIR", "kobling.pairs") + _point("good-dinero", "acme_pair:PAIR", "x"),
        acme_lonely=PAIR.format(name="lonely-dinero", left="lonely"),
    )
    pretend(
        folder,
        "acme-pair",
        _point("good-dinero", "acme_pair:PAIR", "kobling.pairs"),
        acme_pair=PAIR.format(name="good-dinero", left="good"),
    )
    pretend(folder, "acme-garbled", "[kobling.connectors]\nthis is no entry point\n")
    return folder


@pytest.fixture(scope="module")
def data(target: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house") / "data"
    assert kobling(target, folder, "init").returncode == 0
    return folder


def test_doctor_names_each_with_its_package_and_is_not_well(target: Path, data: Path) -> None:
    told = kobling(target, data, "doctor", "--json")
    found = {each["check"].removeprefix("Extension "): each for each in json.loads(told.stdout)}
    for name, sentence in TROUBLE.items():
        assert not found[name]["ok"] and sentence in found[name]["found"], name
    assert "No module named 'no_such_thing'" in found["broken"]["found"]
    assert found["good"] == {"check": "Extension good", "ok": True, "found": "acme-good"}
    assert told.returncode == 2


def test_the_market_offers_the_rest_and_says_what_is_left_out(target: Path, data: Path) -> None:
    told = kobling(target, data, "market", "list")
    assert told.returncode == 0, told.stderr
    for name in ("good-dinero", "simply-crm-dinero", "recman-unimicro"):
        assert name in told.stdout
    assert "lonely-dinero" not in told.stdout
    said = " ".join(told.stderr.split())
    assert all(sentence in said for sentence in TROUBLE.values()), said


@pytest.mark.parametrize("name", ["broken", "twin"])
def test_who_asks_for_it_is_told_why(target: Path, data: Path, name: str) -> None:
    for command in (("connect", name), ("connect", name, "key=x")):
        told = kobling(target, data, *command, "--json")
        assert told.returncode == 2
        assert TROUBLE[name] in json.loads(told.stdout)["error"]["what_happened"], command


def test_who_asks_for_a_pair_without_its_connector_is_told_why(target: Path, data: Path) -> None:
    for command in (("setup", "lonely-dinero"), ("pair", "create", "lonely-dinero")):
        told = kobling(target, data, *command, "--json")
        assert TROUBLE["lonely-dinero"] in json.loads(told.stdout)["error"]["what_happened"], command


def test_our_own_name_stays_ours(target: Path, data: Path) -> None:
    settings = json.loads(kobling(target, data, "connect", "dinero", "--json").stdout)
    assert "organization_id" in {each["name"] for each in settings}


def test_without_others_there_is_nothing_to_say() -> None:
    offers = connectors()
    assert set(offers.packages.values()) == {"kobling"} and offers.left_out == ()
    assert list(offers.found) == sorted(offers.found)


def test_one_that_nobody_can_read_leaves_those_after_it_alone(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(target))

    def read(name: str, loaded: Any) -> Any:
        if name == "good":
            raise RuntimeError("even our own reading of it")
        return loaded

    offers = gather("kobling.connectors", {"dinero": 1}, read, _SPELLING)
    assert offers.found["dinero"] == 1 and "other" in offers.found
    assert {each.name for each in offers.left_out} >= {"good", "broken", "dinero"}


@pytest.mark.django_db(transaction=True)
def test_a_pair_whose_package_is_gone_says_so_and_is_still_listed() -> None:
    who = Actor.operator("ejer")
    for bench in benches():
        bench.opener.pair_types = {}
        with pytest.raises(SettingsError, match="There is no pair “memory”"):
            bench.opener.mappings(bench.pair)
        assert [each.pk for each in pair_services.listed(who)] == [bench.pair.pk]
        run = runs.ask(bench.pair, "tester", bench.clock.now())
        assert runs.claim("tester", bench.clock.now()) == run.pk
        worker: Any = SimpleNamespace(name="tester", opener=bench.opener, waiting=bench.waiting, clock=bench.clock)
        assert Worker._attempt(worker, run.pk, lambda step: step, bench.clock.turn) == "failed"
        run.refresh_from_db()
        assert run.error is not None and run.error["summary"].startswith("There is no pair")
