"""--client: a wrong one is an error in every command, a right one is all that a command sees, none is made by it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from typer.main import get_command

from kobling.access.models import Assignment, Client, ClientMember, ClientRole, Firm, FirmMember, FirmRole, Person
from kobling.cli.asking import asked
from kobling.cli.main import app, load_commands, run
from kobling.cli.output import Exit
from kobling.hub import runs
from kobling.hub.models import Connection, Event, FileExport, Pair, Run, Schedule, SyncIssue
from tests.engine.bench import Bench
from tests.services.house import NOW

pytestmark = pytest.mark.django_db
Told = Callable[..., Any]


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    found = getattr(command, "commands", None)
    if not found:
        yield path
    for name in found or ():
        yield from _commands(found[name], (*path, name))


def every_command() -> list[tuple[str, ...]]:
    """Every command there is, also one that is new."""
    load_commands()
    found = sorted(_commands(get_command(app)))
    assert ("pair", "list") in found and ("issues",) in found and len(found) > 40
    return found


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("KOBLING_CLIENT", "KOBLING_AS"):
        monkeypatch.delenv(name, raising=False)
    environment = dict(os.environ)
    yield
    # The demo turns this process to a folder of its own.
    os.environ.clear()
    os.environ.update(environment)
    structlog.reset_defaults()


@pytest.fixture
def kobling(capsys: pytest.CaptureFixture[str]) -> Told:
    """Run a command here; its JSON, or its text."""

    def call(*arguments: str, expect: int = 0) -> Any:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run(list(arguments))
        told = capsys.readouterr()
        assert (ended.value.code or 0) == expect, told.out + told.err
        return json.loads(told.out) if "--json" in arguments else told.out + told.err

    return call


def test_nothing_of_one_command_is_left_for_the_next(kobling: Told) -> None:
    Client.objects.create(name="mine", number="1")
    kobling("--client", "mine", "pair", "list")
    with pytest.raises(LookupError):
        asked()
    kobling("--client", "theirs", "pair", "list", expect=Exit.SETTINGS)
    with pytest.raises(LookupError):
        asked()


@pytest.fixture
def two() -> Iterator[dict[str, Pair]]:
    """Two clients with the same things, told apart by their names alone."""
    bench = Bench()
    firm = Firm.objects.create(name="Nord")
    Client.objects.filter(pk=bench.pair.client_id).update(name="mine", number="1", firm=firm)
    made = {"mine": bench.pair}
    theirs = Client.objects.create(name="theirs", number="2", firm=firm)
    sides = [
        Connection.objects.create(client=theirs, connector=side, name=f"their {side}") for side in ("left", "right")
    ]
    made["theirs"] = Pair.objects.create(
        client=theirs, pair_type="memory", name="their pair", left=sides[0], right=sides[1]
    )
    for pair in made.values():
        runs.ask(pair, "operator:x", NOW)
        table = pair.tables.create(name="customers")
        times = {"opened_at": NOW, "seen_at": NOW}
        SyncIssue.objects.create(table=table, kind="refused", subject="1", title=str(pair.client_id), **times)
        FileExport.objects.create(
            connection=pair.left, profile="x", content=b"", sha256="", number_of_documents=0, made_at=NOW
        )
        Schedule.objects.create(pair=pair, enabled=True, next_at=NOW)
    bench.close()
    yield {name: Pair.objects.select_related("client").get(pk=pair.pk) for name, pair in made.items()}


def test_a_wrong_client_is_an_error_in_every_command(kobling: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    Client.objects.create(name="default")
    before = Event.objects.count()
    for command in every_command():
        monkeypatch.delenv("KOBLING_CLIENT", raising=False)
        assert "acme" in kobling("--client", "acme", *command, expect=Exit.SETTINGS), command
        monkeypatch.setenv("KOBLING_CLIENT", "acme")
        assert "acme" in kobling(*command, expect=Exit.SETTINGS), command
    assert list(Client.objects.values_list("name", flat=True)) == ["default"]
    assert Event.objects.count() == before


def test_whoever_is_nobody_or_not_active_gets_no_command_done(kobling: Told) -> None:
    Person.objects.create_user(username="former", is_active=False)
    for command in every_command():
        for name in ("former", "nobody"):
            assert name in kobling("--as", name, *command, expect=Exit.SETTINGS), command


LISTS = (
    ("pair", "list"),
    ("connections",),
    ("credentials", "list"),
    ("client", "list"),
    ("issues",),
    ("jobs",),
    ("file", "list"),
)


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
@pytest.mark.parametrize("named", ["theirs", "2"])
def test_a_list_for_a_client_is_that_clients_alone(
    kobling: Told, two: dict[str, Pair], command: tuple[str, ...], named: str
) -> None:
    code = Exit.NOT_IN_STEP if command == ("issues",) else Exit.OK
    everything = kobling(*command, "--json", expect=code)
    theirs = kobling("--client", named, *command, "--json", expect=code)
    mine = kobling("--client", "mine", *command, "--json", expect=code)
    assert theirs and mine and len(theirs) + len(mine) == len(everything)
    assert all(each in everything and each not in mine for each in theirs)


def test_doctor_speaks_of_the_client_asked_about(kobling: Told, two: dict[str, Pair]) -> None:
    told = kobling("--client", "theirs", "doctor", "--json", expect=Exit.SETTINGS)
    checks = " ".join(each["check"] for each in told)
    assert "theirs" in checks and "mine" not in checks and "Schedule test" not in checks
    assert "1 waiting" in str(told)


def test_what_has_a_number_is_not_reached_from_another_client(kobling: Told, two: dict[str, Pair]) -> None:
    mine = two["mine"]
    run_, issue = Run.objects.get(pair=mine), SyncIssue.objects.get(table__pair=mine)
    export = FileExport.objects.get(connection=mine.left)
    for command in (
        ("cancel", str(run_.pk)),
        ("undo", str(run_.pk)),
        ("jobs", "--run", str(run_.pk)),
        ("issues", "--settle", str(issue.pk), "--choose", "retry"),
        ("file", "show", str(export.pk)),
        ("file", "withdraw", str(export.pk)),
        ("file", "download", str(export.pk)),
        ("pair", "schedule", "test"),
        ("history", "test", "1"),
        ("credentials", "rename", "crm", "new"),
    ):
        kobling("--client", "theirs", *command, expect=Exit.SETTINGS)
    run_.refresh_from_db()
    issue.refresh_from_db()
    assert (run_.state, issue.state) == ("queued", "open")
    kobling("--client", "mine", "cancel", str(run_.pk))


def test_a_person_sees_theirs_also_in_doctor(kobling: Told, two: dict[str, Pair]) -> None:
    bodil = Person.objects.create_user(username="bodil")
    member = FirmMember.objects.create(firm=two["mine"].client.firm, person=bodil, role=FirmRole.BOOKKEEPER)
    Assignment.objects.create(client=two["mine"].client, member=member)
    assert [each["client"] for each in kobling("--as", "bodil", "client", "list", "--json")] == ["mine"]
    assert "theirs" not in str(kobling("--as", "bodil", "doctor", "--json", expect=Exit.SETTINGS))
    kobling("--as", "bodil", "--client", "theirs", "pair", "list", expect=Exit.SETTINGS)


def test_whoever_may_only_look_starts_no_dry_run(kobling: Told, two: dict[str, Pair]) -> None:
    anna = Person.objects.create_user(username="anna")
    ClientMember.objects.create(client=two["mine"].client, person=anna, role=ClientRole.USER)
    before = Run.objects.count()
    for command in (("plan", "test"), ("review", "test", "--refresh"), ("figures", "left"), ("verify", "test")):
        kobling("--as", "anna", *command, expect=Exit.SETTINGS)
    assert Run.objects.count() == before
    kobling("--as", "anna", "pair", "list")


class TestAddingAndListing:
    def test_a_client_is_added_with_a_number_and_a_firm(self, kobling: Told) -> None:
        firm = Firm.objects.create(name="Nord")
        told = kobling("client", "add", "Bageren", "--number", "17", "--firm", "Nord", "--json")
        made = Client.objects.get()
        assert (made.name, made.number, made.firm) == ("Bageren", "17", firm)
        assert told == {"id": made.pk, "client": "Bageren", "number": "17", "firm": "Nord"}
        shown = kobling("client", "list")
        assert f"#{made.pk}" in shown and "Bageren" in shown and "17" in shown and "Nord" in shown

    def test_a_firm_that_is_not_there_is_an_error_and_nothing_is_added(self, kobling: Told) -> None:
        kobling("client", "add", "Bageren", "--firm", "Nrod", expect=Exit.SETTINGS)
        assert not Client.objects.exists()

    def test_a_bookkeeper_adds_no_client(self, kobling: Told) -> None:
        firm, bodil = Firm.objects.create(name="Nord"), Person.objects.create_user(username="bodil")
        FirmMember.objects.create(firm=firm, person=bodil, role=FirmRole.BOOKKEEPER)
        for more in ((), ("--firm", "Nord")):
            kobling("--as", "bodil", "client", "add", "Bageren", *more, expect=Exit.SETTINGS)
        assert not Client.objects.exists()


class TestAnEmptyInstallation:
    def test_looking_makes_no_client(self, kobling: Told) -> None:
        assert kobling("pair", "list", "--json") == []
        assert kobling("client", "list", "--json") == []
        kobling("market", "list", "--json")
        kobling("setup", "recman-unimicro", "--json")
        kobling("pair", "create", "recman-unimicro", expect=Exit.SETTINGS)
        kobling("market", "deactivate", "recman-unimicro", expect=Exit.SETTINGS)
        assert not Client.objects.exists()

    def test_a_first_step_of_the_set_up_makes_the_default_client(self, kobling: Told) -> None:
        kobling("market", "activate", "recman-unimicro")
        kobling("setup", "recman-unimicro", "--json")
        assert Client.objects.get().name == "default"
