"""docs/connector-tutorial.md, taken at its word: its files are installed, keep the contract, and are found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.extensions.installed import TUTORIAL, install, kobling, run, tutorial_files, write

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("package"), tutorial_files())


@pytest.fixture(scope="module")
def target(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    install(package, folder)
    return folder


@pytest.fixture(scope="module")
def data(target: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house") / "data"
    assert kobling(target, folder, "init").returncode == 0
    return folder


def test_the_tutorial_is_short() -> None:
    assert TUTORIAL.read_text(encoding="utf-8").count("\n") < 250


def test_what_it_builds_keeps_the_whole_contract_without_a_control_port(
    package: Path, target: Path, tmp_path: Path
) -> None:
    command = ("pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "-rs", "tests")
    told = run(target, tmp_path, *command, cwd=package)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr
    passed = int(told.stdout.rsplit(" passed", 1)[0].split()[-1])
    assert passed >= 35, told.stdout
    assert "no faults over HTTP here" not in told.stdout


def test_doctor_names_it_and_its_package(target: Path, data: Path) -> None:
    told = kobling(target, data, "doctor", "--json")
    assert told.returncode == 0, told.stdout
    found = {each["check"]: (each["ok"], each["found"]) for each in json.loads(told.stdout)}
    assert found["Extension tiny_books"] == (True, "kobling-tiny")
    assert found["Extension tiny-books-dinero"] == (True, "kobling-tiny")


def test_connect_asks_for_its_settings(target: Path, data: Path) -> None:
    told = kobling(target, data, "connect", "tiny-books", "--json")
    assert [each["name"] for each in json.loads(told.stdout)] == ["key", "base_url"]


def test_the_market_and_the_set_up_offer_its_pair(target: Path, data: Path) -> None:
    offers = json.loads(kobling(target, data, "market", "list", "--json").stdout)
    assert {"tiny-books-dinero", "simply-crm-dinero"} <= {each["name"] for each in offers}
    steps = json.loads(kobling(target, data, "setup", "tiny-books-dinero", "--json").stdout)
    assert [each["step"] for each in steps] == ["tiny"]
