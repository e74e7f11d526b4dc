"""A client goes to another installation: nothing is made twice there, nothing secret goes along, and all or nothing."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from kobling.access.models import Client
from kobling.hub import vault
from kobling.hub.models import (
    Connection,
    Coupling,
    Decision,
    Event,
    ExportedDocument,
    FileExport,
    Run,
    Schedule,
    SyncJob,
    Table,
    WriteIntent,
)
from kobling.hub.services import activity, connections, history, pairs
from kobling.hub.store import couplings
from kobling.hub.store.couplings import Link
from kobling.mapping import Side
from kobling.portal import entered, moving
from kobling.records import KoblingError, SettingsError
from kobling.sdk.protocols import Health
from tests.engine.bench import Bench
from tests.portal.away import OPERATOR, arrived, exported, members, rewritten
from tests.services.cast import cast

pytestmark = pytest.mark.django_db(transaction=True)
Item = TypeVar("Item")
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def filled(bench: Bench, number: int = 3) -> None:
    """Companies with an order each, on both sides."""
    for n in range(number):
        company = bench.companies.put({"title": f"Firma {n}", "mail": f"f{n}@x.example", "limit": "10.50"})
        bench.left.resources["orders"].put({"subject": f"Ordre {n}", "company": company.external_id})
    bench.run()


def written(bench: Bench, run: Run) -> int:
    return WriteIntent.objects.filter(run=run).count()


def test_the_first_run_elsewhere_makes_and_changes_nothing_and_an_edit_goes_through(
    bench: Bench, tmp_path: Path
) -> None:
    filled(bench)
    before = bench.fields_right()
    arrived(bench, exported(bench, tmp_path))
    first = bench.run()
    assert (first.state, written(bench, first), bench.issues()) == ("done", 0, [])
    assert bench.fields_right() == before
    assert bench.couplings() == bench.couplings("orders") == 3
    company = bench.companies.all()[0]
    bench.companies.edit(company.external_id, {"mail": "new@x.example"})
    second = bench.run()
    assert bench.counts(second) == {"modified": 1}
    assert "new@x.example" in [each["Email"] for each in bench.fields_right()]
    assert len(before) == len(bench.fields_right())


def test_what_changed_on_one_side_meanwhile_goes_on_from_there_and_what_changed_on_both_is_asked(
    bench: Bench, tmp_path: Path
) -> None:
    filled(bench)
    path = exported(bench, tmp_path)
    one, other, _ = bench.companies.all()
    bench.companies.edit(one.external_id, {"mail": "left@x.example"})
    bench.companies.edit(other.external_id, {"title": "Links"})
    partner = Coupling.objects.get(table__name="customers", left_id=other.external_id).right_id
    bench.contacts.edit(partner, {"Name": "Rechts"})
    arrived(bench, path)
    assert bench.counts(bench.run())["modified"] == 1
    assert bench.issues() == [("conflict", "open")]


def test_what_was_deleted_meanwhile_is_missed(bench: Bench, tmp_path: Path) -> None:
    filled(bench)
    path = exported(bench, tmp_path)
    bench.companies.remove(bench.companies.all()[0].external_id)
    arrived(bench, path)
    bench.run()
    assert bench.issues() == [("deleted", "open")]


def test_a_record_that_is_made_again_does_not_find_the_one_that_it_made_before(bench: Bench, tmp_path: Path) -> None:
    """How often a record was made is part of the key that a create is sent with; the journal knows it."""
    filled(bench, 1)
    keys = set(WriteIntent.objects.values_list("key", flat=True))
    arrived(bench, exported(bench, tmp_path))
    bench.contacts.remove(bench.contacts.all()[0].external_id)
    Coupling.objects.filter(table__name="customers").delete()
    bench.run(full=True)
    made = WriteIntent.objects.filter(operation="create", table__name="customers").order_by("pk").last()
    assert made is not None
    assert made.key not in keys


def test_a_write_whose_answer_was_lost_is_looked_for_there_too(bench: Bench, tmp_path: Path) -> None:
    filled(bench, 1)
    bench.companies.put({"title": "Ny"})
    bench.run()
    lost = WriteIntent.objects.order_by("pk").last()
    assert lost is not None
    WriteIntent.objects.filter(pk=lost.pk).update(state="unknown", closed_at=None)
    Coupling.objects.filter(left_id=lost.source_id).delete()
    arrived(bench, exported(bench, tmp_path))
    bench.run()
    assert len([each for each in bench.fields_right() if each["Name"] == "Ny"]) == 1
    assert not WriteIntent.objects.filter(state__in=("open", "unknown")).exists()


def test_why_a_field_is_as_it_is_is_still_answered(bench: Bench, tmp_path: Path) -> None:
    filled(bench, 1)
    link = Coupling.objects.get(table__name="customers")
    made = arrived(bench, exported(bench, tmp_path), connect=False)
    told = history.history(OPERATOR, bench.pair, link.right_id, table="customers")
    assert {(each.field, each.after, each.who) for each in told.changes} >= {("name", "Firma 0", "tester")}
    assert [each.uid for each in told.couplings] == [link.uid]
    whats = [each.what for each in activity.activity(OPERATOR, made)]
    assert whats[0] == "client_imported"
    assert "client_exported" in whats


def test_nothing_secret_is_in_the_file(bench: Bench, tmp_path: Path) -> None:
    filled(bench, 1)
    for n, each in enumerate(Connection.objects.all()):
        each.secrets = vault.seal({"key": f"canary-{n}"})
        each.grant = vault.seal({"token": f"canary-grant-{n}"})
        each.settings = {"base_url": "https://v.example"}
        each.save()
    sealed = [text for row in Connection.objects.values_list("secrets", "grant") for text in row]
    inside = b"".join(members(exported(bench, tmp_path)).values())
    assert b"https://v.example" in inside
    assert b"canary" not in inside
    assert all(text.encode() not in inside for text in sealed)
    arrived(bench, next(tmp_path.glob("*.zip")), connect=False)
    assert set(Connection.objects.values_list("secrets", "grant", "healthy")) == {("", "", False)}


def test_connections_wait_for_their_key_and_pairs_for_somebody_to_switch_them_on(bench: Bench, tmp_path: Path) -> None:
    filled(bench, 1)
    pairs.schedule(OPERATOR, bench.pair, NOW, cron="5 * * * *")
    arrived(bench, exported(bench, tmp_path), connect=False)
    schedule = Schedule.objects.get()
    assert (schedule.enabled, schedule.next_at, schedule.cron) == (False, None, "5 * * * *")
    assert all(each.revoked_at for each in Connection.objects.all())
    failed = bench.run()
    assert failed.state in ("failed", "stopped")
    assert bench.couplings() == 1


def test_everything_that_a_client_owns_goes_along(bench: Bench, tmp_path: Path) -> None:
    filled(bench, 1)
    people = cast(bench.pair.client)
    table = Table.objects.get(name="customers")
    boss = people["company_admin"]
    Decision.objects.create(
        table=table, side="left", external_id="x", choice="never", other_id="y", decided_by=boss.key, decided_at=NOW
    )
    file = FileExport.objects.create(
        connection=bench.pair.left, profile="p", content=b"\x00\xff", sha256="", number_of_documents=1, made_at=NOW
    )
    ExportedDocument.objects.create(
        export=file, connection=bench.pair.left, resource="o", source_id="1", number="1", amount="9.50", currency="DKK"
    )
    entered.set_wallet_threshold(OPERATOR, bench.pair.client, "250.00")
    entered.add_deadline(OPERATOR, bench.pair.client, "vat", date(2026, 12, 1))
    made = arrived(bench, exported(bench, tmp_path), connect=False)
    assert bytes(FileExport.objects.get().content) == b"\x00\xff"
    assert ExportedDocument.objects.get().amount == Decimal("9.50")
    assert made.wallet.threshold == Decimal(250)
    assert [each.day for each in entered.deadlines(OPERATOR, made)] == [date(2026, 12, 1)]
    assert SyncJob.objects.count() == 2
    said = Decision.objects.get()
    assert (said.choice, said.decided_by) == ("never", "unknown:company_admin"), "no number that is somebody else here"
    assert Event.objects.get(what="wallet_threshold_set").who_kind == "operator"


def test_a_file_that_was_left_out_of_goes_along_and_an_older_kobling_said_nothing_of_it(
    bench: Bench, tmp_path: Path
) -> None:
    filled(bench, 1)
    left = [{"number": "7", "kind": "cancelled", "reason": "x", "params": {}}]
    FileExport.objects.create(
        connection=bench.pair.left,
        profile="p",
        content=b"x",
        sha256="",
        number_of_documents=0,
        left=left,
        left_out={"cancelled": 1},
        made_at=NOW,
    )
    path = exported(bench, tmp_path)
    arrived(bench, path, connect=False)
    assert (FileExport.objects.get().left, FileExport.objects.get().left_out) == (left, {"cancelled": 1})

    def older(inside: dict[str, bytes]) -> None:
        row = json.loads(inside["files.jsonl"])
        inside["files.jsonl"] = (
            json.dumps({name: row[name] for name in row.keys() - {"left", "left_out"}}).encode() + b"\n"
        )

    arrived(bench, rewritten(path, older, sums=True), connect=False)
    assert (FileExport.objects.get().left, FileExport.objects.get().left_out) == ([], {})


def test_another_account_is_not_taken_for_the_one_it_was(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(bench, 1)
    Connection.objects.filter(name="left").update(identity="dk-1", account_name="Test ApS")
    made = arrived(bench, exported(bench, tmp_path), connect=False)
    monkeypatch.setattr(bench.left, "check", _another, raising=False)
    with pytest.raises(SettingsError) as refused:
        connections.connect(OPERATOR, made, bench.opener, "left", {}, "left")
    assert refused.value.code == "another_account"


async def _another() -> Any:
    return Health("Test ApS", identity="dk-2")


def test_a_client_while_it_runs_is_not_exported(bench: Bench, tmp_path: Path) -> None:
    filled(bench, 1)
    Run.objects.update(state="running")
    with pytest.raises(KoblingError) as refused:
        exported(bench, tmp_path)
    assert refused.value.code == "run_going_on"
    assert list(tmp_path.iterdir()) == []


def test_what_changes_while_it_is_exported_is_noticed(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(bench, 1)
    plain = moving.pack.__globals__["_manifest"]

    def meanwhile(*given: Any) -> Any:
        Event.objects.create(client=bench.pair.client, who="x", what="coupled")
        return plain(*given)

    monkeypatch.setitem(moving.pack.__globals__, "_manifest", meanwhile)
    with pytest.raises(KoblingError) as refused:
        exported(bench, tmp_path)
    assert refused.value.code == "changed_meanwhile"
    assert list(tmp_path.iterdir()) == []


def test_the_identity_is_made_once_and_goes_along(bench: Bench, tmp_path: Path) -> None:
    one, other = exported(bench, tmp_path), exported(bench, tmp_path)
    origins = {json.loads(members(each)["manifest.json"])["origin"] for each in (one, other)}
    assert origins == {Client.objects.get(pk=bench.pair.client_id).origin}
    assert arrived(bench, one, connect=False).origin in origins


def test_many_couplings_cost_no_memory(bench: Bench, tmp_path: Path) -> None:
    """Four times as many couplings, going out and coming in, take about as much memory."""
    table = Table.objects.create(pair=bench.pair, name="customers").pk

    def peak(number: int, first: int) -> tuple[int, int]:
        base = {"name": "x" * 200}
        links = [Link(f"u{n}", f"l{n}", f"r{n}", base, base) for n in range(first, number)]
        couplings.save(table, links, NOW, "operator:root")
        del links
        out, path = traced(lambda: exported(bench, tmp_path))
        strange = _elsewhere(path)
        return out, traced(lambda: moving.look(OPERATOR, strange, None))[0]

    few, many = peak(2_000, 0), peak(8_000, 2_000)
    assert many[0] < 1.5 * few[0], "going out"
    assert many[1] < 1.5 * few[1], "looked at"
    path = exported(bench, tmp_path)
    came, _ = traced(lambda: arrived(bench, path, connect=False))
    assert couplings.count(Table.objects.get().pk) == 8_000
    assert couplings.by_side(Table.objects.get().pk, Side.LEFT, ["l1"])["l1"].base_right == {"name": "x" * 200}
    assert came < 3 * many[0], "coming in"


def traced(act: Callable[[], Item]) -> tuple[int, Item]:
    """The most memory that was taken meanwhile."""
    tracemalloc.start()
    try:
        given = act()
        return tracemalloc.get_traced_memory()[1], given
    finally:
        tracemalloc.stop()


def _elsewhere(path: Path) -> Path:
    """The same file, as of a client that is not here."""

    def another(inside: dict[str, bytes]) -> None:
        told = json.loads(inside["manifest.json"])
        told["origin"] = "0" * 8 + "-0000" * 3 + "-" + "0" * 12
        inside["manifest.json"] = json.dumps(told).encode()

    return rewritten(path, another)
