"""What somebody brings that is no file of a client, or no longer: refused in words, and nothing of it is kept."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kobling.access.models import Client, Firm
from kobling.access.policy import Actor
from kobling.hub.exchange import opening
from kobling.hub.models import Connection, Coupling, Event, Pair
from kobling.portal import moving
from kobling.records import KoblingError
from tests.engine.bench import Bench
from tests.portal.away import OPERATOR, exported, forget_everything, rewritten
from tests.services.cast import cast

pytestmark = pytest.mark.django_db(transaction=True)
LATER = datetime(2026, 11, 24, tzinfo=UTC)
Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
def file(bench: Bench, tmp_path: Path) -> Path:
    """A client's file, in an installation that does not know the client."""
    company = bench.companies.put({"title": "Alfa"})
    bench.left.resources["orders"].put({"subject": "1", "company": company.external_id})
    bench.run()
    path = exported(bench, tmp_path)
    forget_everything()
    return path


def refused(path: Path) -> str:
    """Looked at and taken in alike; nothing is left behind."""
    codes = set()
    for act in (
        lambda: moving.look(OPERATOR, path, None),
        lambda: moving.import_client(OPERATOR, path, None, LATER),
    ):
        with pytest.raises(KoblingError) as why:
            act()
        codes.add(why.value.code)
        assert why.value.summary
        assert not Client.objects.exists() and not Connection.objects.exists() and not Event.objects.exists()
    assert len(codes) == 1
    return str(codes.pop())


def told(**changes: Any) -> Change:
    def change(inside: dict[str, bytes]) -> None:
        inside["manifest.json"] = json.dumps(json.loads(inside["manifest.json"]) | changes).encode()

    return change


def test_no_zip(bench: Bench, tmp_path: Path) -> None:
    forget_everything()
    for name, content in (("empty", b""), ("text", b"name;number\nAlfa;1"), ("half", b"PK\x03\x04xx")):
        (tmp_path / name).write_bytes(content)
        assert refused(tmp_path / name) == "no_zip"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda inside: inside.pop("manifest.json"), "another_format"),
        (told(format="another"), "another_format"),
        (told(version=2), "newer_version"),
        (told(version="1"), "damaged"),
        (told(version=0), "damaged"),
        (told(origin="../../etc"), "damaged"),
        (told(members={}), "damaged"),
        (told(exported_at="2026-11-24"), "damaged"),
        (told(name="x" * 201), "damaged"),
        (lambda inside: inside.update({"manifest.json": b"{"}), "damaged"),
        (lambda inside: inside.update({"manifest.json": b"[" * 100_000}), "damaged"),
        (lambda inside: inside.update({"manifest.json": b"[]"}), "another_format"),
        (lambda inside: inside.update({"../../x": b""}), "damaged"),
        (lambda inside: inside.update({"/abs.jsonl": b""}), "damaged"),
        (lambda inside: inside.update({"more.jsonl": b""}), "damaged"),
        (lambda inside: inside.pop("couplings.jsonl"), "damaged"),
        (lambda inside: inside.update({"couplings.jsonl": inside["couplings.jsonl"][:-9]}), "damaged"),
        (lambda inside: inside.update({"couplings.jsonl": inside["couplings.jsonl"] * 2}), "damaged"),
        (
            lambda inside: inside.update({"couplings.jsonl": inside["couplings.jsonl"].replace(b"Alfa", b"Beta")}),
            "damaged",
        ),
        (lambda inside: inside.update({f"{n}.jsonl": b"" for n in range(60)}), "too_big"),
        (lambda inside: inside.update({"manifest.json": b" " * (opening.MOST_MANIFEST + 1)}), "too_big"),
    ],
)
def test_a_file_that_is_not_as_it_was_written(file: Path, change: Change, code: str) -> None:
    assert refused(rewritten(file, change)) == code


def row(part: str, **changes: Any) -> Change:
    """The first row of a part says something else."""

    def change(inside: dict[str, bytes]) -> None:
        first, *others = inside[f"{part}.jsonl"].splitlines(keepends=True)
        line = {name: each for name, each in (json.loads(first) | changes).items() if each != "left out"}
        inside[f"{part}.jsonl"] = json.dumps(line).encode() + b"\n" + b"".join(others)

    return change


def doubled(part: str) -> Change:
    return lambda inside: inside.update({f"{part}.jsonl": inside[f"{part}.jsonl"] * 2})


@pytest.mark.parametrize(
    "change",
    [
        row("couplings", table=10**6),
        row("couplings", table=[]),
        row("couplings", client=1),
        row("couplings", left_id=None),
        row("couplings", left_id="x" * 129),
        row("couplings", left_id="a\x00b"),
        row("couplings", left_id=5),
        row("couplings", uid="left out"),
        row("couplings", coupled_at="2026-11-24T10:00:00"),
        row("couplings", coupled_at="soon"),
        row("runs", state="queued"),
        row("runs", epoch=10**20),
        row("runs", epoch=True),
        row("runs", summary={"x": "\x00"}),
        row("connections", secrets="x"),
        row("events", who_kind="god"),
        row("pairs", id="1"),
        row("pairs", uid="1"),
        doubled("pairs"),
        doubled("couplings"),
        lambda inside: inside.update({"couplings.jsonl": b"[1]\n"}),
        lambda inside: inside.update({"couplings.jsonl": b"{\n"}),
    ],
)
def test_a_file_that_somebody_has_made_up(file: Path, change: Change) -> None:
    """Its sums are right: what rows may hold and point to is looked at for each."""
    path = rewritten(file, change, sums=True)
    with pytest.raises(KoblingError) as why:
        moving.import_client(OPERATOR, path, None, LATER)
    assert why.value.code == "damaged"
    assert not Client.objects.exists() and not Pair.objects.exists()


def test_a_key_of_a_person_means_nobody_here(file: Path) -> None:
    moving.import_client(OPERATOR, rewritten(file, row("couplings", coupled_by="person:1"), sums=True), None, LATER)
    assert "unknown:person:1" in Coupling.objects.values_list("coupled_by", flat=True)


def test_a_bomb_is_not_unpacked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_UNPACKED", 10 * 1024**2)
    assert refused(rewritten(file, lambda inside: inside.update({"couplings.jsonl": b"0" * 11 * 1024**2}))) == "too_big"


def test_a_line_without_an_end_is_not_read_to_its_end(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_LINE", 1024)
    long = rewritten(file, lambda inside: inside.update({"couplings.jsonl": b"0" * 1024**2}), sums=True)
    assert refused(long) == "damaged"


def test_what_is_encrypted_or_packed_in_another_way_or_stands_twice(file: Path, tmp_path: Path) -> None:
    inside = io.BytesIO(file.read_bytes())
    with zipfile.ZipFile(inside, "a") as archive, pytest.warns(UserWarning):
        archive.writestr("couplings.jsonl", b"")
    (tmp_path / "twice").write_bytes(inside.getvalue())
    assert refused(tmp_path / "twice") == "damaged"
    other = tmp_path / "lzma"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_LZMA) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert refused(other) == "damaged"


def test_bytes_that_were_hurt_on_the_way(file: Path, tmp_path: Path) -> None:
    content = bytearray(file.read_bytes())
    for place in range(40, len(content) - 3000, 211):
        content[place] ^= 0xFF
    (tmp_path / "hurt").write_bytes(bytes(content))
    assert refused(tmp_path / "hurt") in ("damaged", "no_zip", "another_format")


def test_a_client_that_is_here_is_named_to_those_who_may_know_it(bench: Bench, tmp_path: Path) -> None:
    people = cast(bench.pair.client)
    path = exported(bench, tmp_path)
    firm, other = Firm.objects.get(name="Bogholderiet"), Firm.objects.get(name="Konkurrenten")
    for act in (moving.look, lambda *given: moving.import_client(*given, LATER)):
        for who, of, named in ((people["firm_admin"], firm, True), (people["other_firm_admin"], other, False)):
            with pytest.raises(KoblingError) as why:
                act(who, path, of.pk)
            assert (why.value.code, "Test ApS" in str(why.value)) == ("here_already", named)


def test_one_that_has_the_name_already_is_taken_in_under_another(bench: Bench, file: Path) -> None:
    firm = Firm.objects.get_or_create(name="F")[0]
    Client.objects.create(name="Test ApS", firm=firm)
    with pytest.raises(KoblingError) as why:
        moving.import_client(Actor.operator(), file, firm.pk, LATER)
    assert why.value.code == "exists"
    made = moving.import_client(Actor.operator(), file, firm.pk, LATER, "Test 2")
    assert (made.name, made.firm, Client.objects.count()) == ("Test 2", firm, 2)
