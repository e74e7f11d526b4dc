"""A client from one installation to another by two commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kobling.access.models import Client, Firm
from kobling.cli.main import run
from kobling.cli.output import Exit
from kobling.hub.services import archiving
from tests.engine.bench import Bench, benches
from tests.portal.away import OPERATOR, forget_everything

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bench() -> Any:
    yield from benches()


def kobling(capsys: pytest.CaptureFixture[str], *arguments: str, expect: int = 0) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run(list(arguments))
    told = capsys.readouterr()
    assert (ended.value.code or 0) == expect, told.out + told.err
    return told.out + told.err


def test_out_by_one_command_and_in_by_another(bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench.companies.put({"title": "Alfa"})
    bench.run()
    archiving.archive(OPERATOR, bench.pair.client_id, bench.clock.now())
    file = str(tmp_path / "test.zip")
    told = kobling(capsys, "client", "export", "Test ApS", file)
    assert "1 coupling" in told
    assert list(tmp_path.iterdir()) == [tmp_path / "test.zip"]
    assert "already" in kobling(capsys, "client", "export", "Test ApS", file, expect=Exit.SETTINGS)
    assert "here already" in kobling(capsys, "client", "import", file, expect=Exit.SETTINGS)
    forget_everything()
    firm = Firm.objects.create(name="Nord")
    coming = json.loads(kobling(capsys, "client", "import", file, "--look", "--json"))
    assert (coming["name"], coming["couplings"], Client.objects.count()) == ("Test ApS", 1, 0)
    told = " ".join(kobling(capsys, "client", "import", file, "--firm", "Nord", "--name", "Ny").split())
    assert "Connect again: left (left)" in told
    assert "Not in the file: passwords, keys and sign-ins" in told
    made = Client.objects.get()
    assert (made.name, made.firm, made.stage) == ("Ny", firm, "active")


def test_a_file_that_is_not_there_or_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no file" in kobling(capsys, "client", "import", str(tmp_path / "x"), expect=Exit.SETTINGS)
    (tmp_path / "y").write_text("x")
    assert "no zip" in kobling(capsys, "client", "import", str(tmp_path / "y"), expect=Exit.SETTINGS)
