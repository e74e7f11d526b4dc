"""File commands: what is left out is said, the form is chosen, and an answer that cannot be read says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kobling.cli import files as commands
from kobling.cli.main import run
from kobling.cli.output import Exit
from kobling.files import Document, Line, Party
from kobling.hub.services import exporting
from kobling.pairs.file_exports import About, FileSource, Held
from tests.engine.bench import Bench, benches

pytestmark = pytest.mark.django_db(transaction=True)


def documents(rows: Any, _codes: Any, _departments: Any) -> Iterator[Document | Held]:
    for source_id, fields in rows["orders"].items():
        number, amount = fields["subject"], Decimal(fields.get("amount") or 10)
        if amount < 0:
            yield Held(source_id, number, "It is cancelled.", {}, "cancelled", About("Beta", amount, "DKK"))
            continue
        line = Line("Vare", Decimal(1), amount, amount)
        yield Document("invoice", source_id, number, date(2026, 11, 1), "DKK", (line,), Party("0017", "Alfa"))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(exporting, "SOURCES", {"left": FileSource("left", "orders", (), "spreadsheet-da", documents)})
    for made in benches():

        @contextmanager
        def vendors(opener: Any = made.opener) -> Iterator[Any]:
            yield opener

        monkeypatch.setattr(commands, "vendors", vendors)
        for number, amount in (("001", ""), ("002", ""), ("003", "-5")):
            made.left.resources["orders"].put({"subject": number, "amount": amount})
        yield made


def kobling(capsys: pytest.CaptureFixture[str], *arguments: str, expect: int = Exit.OK) -> Any:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run(["file", *arguments])
    told = capsys.readouterr()
    assert (ended.value.code or 0) == expect, told.out + told.err
    return json.loads(told.out) if "--json" in arguments else " ".join((told.out + told.err).split())


def test_what_is_left_out_is_said_before_and_after(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    said = kobling(capsys, "preview", "left", "--number", "001", "--number", "003")
    assert "Left out: 2 documents (cancelled: 1, not asked for: 1)." in said
    assert "003 │ Beta │ -5.00 │ DKK │ It is cancelled." in said and "Its number was not asked for." in said
    assert "faktura" not in said and "001;01-11-2026" in said, "a spreadsheet is shown as text"
    said = kobling(capsys, "make", "left", "--number", "001")
    assert "Left out: 2 documents (not asked for: 2)." in said and "kobling file left" in said
    shown = kobling(capsys, "preview", "left", "--json")
    assert shown["left_out"] == {"cancelled": 1, "in_a_file": 1}
    (cancelled, gone) = shown["left"]
    assert cancelled == {
        "number": "003",
        "kind": "cancelled",
        "reason": "It is cancelled.",
        "source_id": cancelled["source_id"],
        "who": "Beta",
        "amount": -5,
        "currency": "DKK",
    }
    assert gone["who"] == "Alfa" and "already" in gone["reason"]
    (made,) = kobling(capsys, "list", "--json")
    assert made["left_out"] == {"not_asked": 2}
    assert [each["number"] for each in kobling(capsys, "left", str(made["file"]), "--json")] == ["002", "003"]
    assert "003 │ Beta" in kobling(capsys, "left", str(made["file"]))


def test_many_that_people_chose_so_are_counted_and_the_first_are_listed(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(100, 130):
        bench.left.resources["orders"].put({"subject": str(number)})
    said = kobling(capsys, "preview", "left", "--number", "001")
    assert said.count("Its number was not asked for.") == 20 and "… and 12 more: not asked for." in said


def test_a_number_that_nothing_has_is_no_success(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    said = kobling(capsys, "preview", "left", "--number", "1", "--number", "001", expect=Exit.NOT_IN_STEP)
    assert "There is no document of this number." in said


def test_the_form_is_chosen_by_word_or_by_name_and_the_name_never_lies(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    places = {name: tmp_path / name for name in ("a.csv", "b.xlsx", "c.xlsx")}
    kobling(capsys, "make", "left", "--number", "001", "--to", str(places["a.csv"]))
    assert places["a.csv"].read_bytes().startswith(b"\xef\xbb\xbfType;")
    refused = kobling(capsys, "make", "left", "--form", "csv", "--to", str(places["b.xlsx"]), expect=Exit.SETTINGS)
    assert "b.xlsx" in refused and not places["b.xlsx"].exists()
    assert len(kobling(capsys, "list", "--json")) == 1, "nothing was made"
    kobling(capsys, "make", "left", "--to", str(places["b.xlsx"]))
    assert places["b.xlsx"].read_bytes().startswith(b"PK")
    first, second = sorted(each["file"] for each in kobling(capsys, "list", "--json"))
    kobling(capsys, "download", str(first), "--to", str(places["c.xlsx"]), expect=Exit.SETTINGS)
    kobling(capsys, "download", str(second), "--to", str(places["c.xlsx"]))
    assert places["c.xlsx"].read_bytes() == places["b.xlsx"].read_bytes()
    assert "txt" in kobling(
        capsys, "preview", "left", "--profile", "recman-uni-assumed", "--form", "xlsx", expect=Exit.SETTINGS
    )


def test_an_answer_says_what_it_could_not_tell_and_how_to_name_it(
    bench: Bench, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = kobling(capsys, "make", "left", "--json")
    number, answer, profile = str(made["file"]), tmp_path / "svar.csv", tmp_path / "vart.json"
    answer.write_text("7;1;J\n8;2;N\n9;x;J\n")
    said = kobling(capsys, "acknowledge", number, str(answer), expect=Exit.SETTINGS)
    assert "Fakturanr" in said and "“7”, “1”, “J”" in said and "--profile @" in said
    form = {"number": 2, "verdict": 3, "taken": ["J"], "refused": ["N"]}
    profile.write_text(json.dumps({"like": "spreadsheet-da", "answer": form}))
    said = kobling(capsys, "acknowledge", number, str(answer), "--profile", f"@{profile}", expect=Exit.NOT_IN_STEP)
    assert "1 taken, 1 refused." in said and "“1” was read as 001." in said
    assert "Line 3 is not understood: 9;x;J" in said
    states = [each["state"] for each in kobling(capsys, "show", number, "--json")]
    assert states == ["accepted", "refused"]
