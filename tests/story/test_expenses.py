"""Pleo → Business Central: expenses become vouchers once, to the øre, with their receipts, and Pleo hears of it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kobling.cli.output import Exit
from tests.story.expenses import PAIR, Expenses

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Expenses, Path]]:
    """The pair set up, and synchronised once, so that Pleo knows accounts, tags and tax codes."""
    folder = tmp_path_factory.mktemp("expenses")
    with Expenses(folder / "data") as world:
        world.set_up()
        shutil.copytree(world.folder, folder / "template")
        yield world, folder / "template"


@pytest.fixture
def world(stage: tuple[Expenses, Path]) -> Expenses:
    stage[0].reset(stage[1])
    for system in (stage[0].pleo, stage[0].central):
        knobs = stage[0].control(system, "GET", "config")
        assert knobs, "knobs are told"
    return stage[0]


@pytest.fixture
def ready(world: Expenses) -> Iterator[Expenses]:
    """Synchronised once; knobs of Business Central are turned back afterwards."""
    sync(world)
    yield world
    world.control(world.central, "POST", "config", {"allow_posting_from": "0001-01-01", "digital_voucher": False})
    world.control(world.central, "POST", "config", {"mandatory_dimensions": {}, "templates": []})


def sync(world: Expenses) -> dict[str, Any]:
    found: dict[str, Any] = world.kobling("sync", PAIR, "--json", expect=None)
    return found


def money(lines: list[dict[str, Any]]) -> list[Decimal]:
    return [Decimal(str(each["amount"])) for each in lines]


def ledger(world: Expenses, number: str) -> dict[str, Decimal]:
    """Account → debit less credit of a posted voucher."""
    found: Counter[str] = Counter()
    for each in world.dump(world.central, "generalLedgerEntries"):
        if each["documentNumber"] == number:
            found[each["accountNumber"]] += Decimal(str(each["debitAmount"])) - Decimal(str(each["creditAmount"]))  # type: ignore[assignment]
    return dict(found)  # type: ignore[arg-type]


def test_an_expense_becomes_a_draft_with_its_receipt_and_pleo_hears_of_it(ready: Expenses) -> None:
    entry = ready.spend(amount=12_345, note="Møde i Århus", tax="MOMS25", tags={"AFDELING": "SALG"})
    job = ready.export(entry)
    sync(ready)
    (line,) = ready.lines(entry["reconciliationId"])
    assert (line["accountNumber"], line["balancingAccountNumber"], line["taxCode"]) == ("4010", "5840", "MOMS25")
    assert money([line]) == [Decimal("123.45")]
    assert line["description"] == "DSB - Åse Birkholm - Møde i Århus"
    assert line["postingDate"] == entry["bookkeepingDate"][:10]
    (paper,) = [each for each in ready.dump(ready.central, "attachments") if each["parentId"] == line["id"]]
    assert paper["byteSize"] > 0
    told = ready.items()[entry["id"]]
    assert (told["status"], told["externalId"]) == ("successful", entry["reconciliationId"])
    assert ready.job(job)["status"] == "completed"


def test_a_split_expense_has_a_line_each_and_one_document_number(ready: Expenses) -> None:
    entry = ready.spend(amount=10_001, split=[1, 1, 1], currency="EUR", rate=7.46)
    ready.export(entry)
    sync(ready)
    lines = ready.lines(entry["reconciliationId"])
    assert len(lines) == 3
    assert sum(money(lines)) == Decimal(entry["transactionWalletValue"]["minors"]) / 100
    assert "EUR" in lines[0]["comment"], "the shop's currency and rate are kept"


@pytest.mark.parametrize(
    ("family", "sub", "account", "contra", "amount"),
    [
        ("CARD_PURCHASE", "ONLINE", "4010", "5840", "100.00"),
        ("OUT_OF_POCKET", None, "4010", "5910", "100.00"),
        ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE", "5910", "5840", "100.00"),
        ("WALLET", "LOAD", "5910", "5840", "-100.00"),
    ],
)
def test_each_kind_of_expense_has_its_own_contra_account(
    ready: Expenses, family: str, sub: str | None, account: str, contra: str, amount: str
) -> None:
    own = {"category": "4010"} if account == "4010" else {"category": None}
    entry = ready.spend(family=family, subFamily=sub, amount=10_000, **own)
    ready.export(entry)
    sync(ready)
    (line,) = ready.lines(entry["reconciliationId"])
    assert (line["accountNumber"], line["balancingAccountNumber"]) == (account, contra)
    assert money([line]) == [Decimal(amount)]


def test_an_exported_expense_is_never_booked_twice_however_often_it_is_exported(ready: Expenses) -> None:
    entry = ready.spend()
    for _ in range(3):
        job = ready.export(entry)
        sync(ready)
        assert ready.job(job)["status"] == "completed"
        assert ready.items()[entry["id"]]["externalId"] == entry["reconciliationId"]
    assert len(ready.lines()) == 1


@pytest.mark.parametrize("moment", ["journaled:1", "answered:1", "recorded:1", "planned:1"])
def test_a_kill_at_any_moment_books_each_expense_once_and_tells_pleo(ready: Expenses, moment: str) -> None:
    entries = [ready.spend(amount=1000 + at) for at in range(3)]
    job = ready.export(*entries)
    ready.kobling("sync", PAIR, expect=None, KOBLING_CRASH_AT=moment)
    sync(ready)
    sync(ready)
    assert Counter(each["documentNumber"] for each in ready.lines()) == Counter(
        each["reconciliationId"] for each in entries
    )
    papers = Counter(each["parentId"] for each in ready.dump(ready.central, "attachments") if each["byteSize"])
    assert set(papers.values()) == {1}
    assert len(papers) == 3
    assert ready.job(job)["status"] == "completed"


@pytest.mark.parametrize("operation", ["POST $batch", "POST attachments", "PATCH attachments"])
def test_a_lost_answer_books_nothing_twice_and_loses_no_receipt(ready: Expenses, operation: str) -> None:
    entry = ready.spend()
    ready.export(entry)
    ready.fault(ready.central, kind="applied_then_dropped", match={"operation": operation})
    sync(ready)
    sync(ready)
    assert len(ready.lines()) == 1
    assert [each["byteSize"] > 0 for each in ready.dump(ready.central, "attachments")] == [True]
    assert ready.items()[entry["id"]]["status"] == "successful"


def test_one_wrong_expense_holds_up_no_other_and_says_why_in_danish(ready: Expenses) -> None:
    good, bad = ready.spend(), ready.spend(category="zero")
    bare = ready.spend(receipts=0)
    job = ready.export(good, bad, bare)
    sync(ready)
    told = ready.items()
    assert told[good["id"]]["status"] == "successful"
    assert (told[bad["id"]]["status"], told[bare["id"]]["status"]) == ("failed", "failed")
    assert told[bare["id"]]["failureReasonType"] == "receipt_upload_failure"
    assert "kvittering" in told[bare["id"]]["failureReason"]
    assert "kategori" in told[bad["id"]]["failureReason"]
    assert ready.job(job)["status"] == "completed_with_errors"


def test_what_failed_goes_through_when_it_was_mended_and_exported_again(ready: Expenses) -> None:
    entry = ready.spend(receipts=0)
    ready.export(entry)
    sync(ready)
    ready.control(ready.pleo, "PATCH", f"records/entries/{entry['id']}", {"receipt": "application/pdf"})
    job = ready.export(entry)
    sync(ready)
    assert ready.job(job)["status"] == "completed"
    assert len(ready.lines()) == 1
    assert ready.kobling("issues", PAIR, "--json", expect=None) == []


def test_a_blocked_account_is_archived_in_pleo_and_named_when_it_is_still_used(ready: Expenses) -> None:
    account = next(each for each in ready.dump(ready.central, "accounts") if each["number"] == "4020")
    entry = ready.spend(category="4020")
    ready.control(ready.central, "PATCH", f"records/accounts/{account['id']}", {"blocked": True})
    ready.export(entry)
    sync(ready)
    assert next(each["archived"] for each in ready.dump(ready.pleo, "accounts") if each["code"] == "4020")
    told = ready.items()[entry["id"]]
    assert told["failureReasonType"] == "account_unknown"
    assert "4020" in told["failureReason"]


def test_a_renamed_account_renames_its_category_and_a_new_one_arrives(ready: Expenses) -> None:
    account = next(each for each in ready.dump(ready.central, "accounts") if each["number"] == "4030")
    ready.control(ready.central, "PATCH", f"records/accounts/{account['id']}", {"displayName": "Rejser og ophold"})
    new = {"number": "4085", "displayName": "Kurser", "directPosting": True, "accountType": "Posting"}
    ready.control(ready.central, "POST", "records/accounts", new)
    sync(ready)
    names = {each["code"]: each["name"] for each in ready.dump(ready.pleo, "accounts")}
    assert (names["4030"], names["4085"]) == ("Rejser og ophold", "Kurser")


@pytest.mark.parametrize(("rule", "booked"), [("hold", False), ("next_open", True)])
def test_a_closed_period_holds_or_moves_an_expense_by_choice(ready: Expenses, rule: str, booked: bool) -> None:
    ready.kobling("pair", "set", PAIR, f"locked_period={rule}")
    entry = ready.spend(date="2026-01-15T12:00:00.000Z")
    ready.control(ready.central, "POST", "config", {"allow_posting_from": "2026-03-01"})
    ready.export(entry)
    sync(ready)
    dates = [each["postingDate"] for each in ready.lines()]
    assert dates == (["2026-03-01"] if booked else [])
    if not booked:
        assert "2026-03-01" in ready.items()[entry["id"]]["failureReason"]


def test_a_day_is_the_companys_own_around_midnight(ready: Expenses) -> None:
    entry = ready.spend(date="2026-06-30T22:30:00.000Z")
    ready.export(entry)
    sync(ready)
    assert [each["postingDate"] for each in ready.lines()] == ["2026-07-01"]


def test_posted_vouchers_are_in_the_ledger_and_balance_to_the_oere(ready: Expenses) -> None:
    ready.kobling("pair", "set", PAIR, "posting=posted")
    ready.control(ready.central, "POST", "config", {"digital_voucher": True})
    entry, back = ready.spend(amount=9_999, tax="MOMS25"), ready.spend(amount=-5_000)
    ready.export(entry, back)
    sync(ready)
    assert ready.lines() == []
    assert ledger(ready, entry["reconciliationId"]) == {
        "4010": Decimal("79.99"),
        "5510": Decimal("20.00"),
        "5840": Decimal("-99.99"),
    }
    assert ledger(ready, back["reconciliationId"]) == {"4010": Decimal("-50.00"), "5840": Decimal("50.00")}
    assert {each["status"] for each in ready.items().values()} == {"successful"}


def test_a_voucher_that_cannot_be_posted_is_told_and_posts_nothing_else(ready: Expenses) -> None:
    ready.kobling("pair", "set", PAIR, "posting=posted")
    ready.control(ready.central, "POST", "config", {"mandatory_dimensions": {"4010": ["AFDELING"]}})
    wrong, right = ready.spend(), ready.spend(tags={"AFDELING": "ADM"})
    job = ready.export(wrong, right)
    sync(ready)
    assert ledger(ready, wrong["reconciliationId"]) == {}
    assert ledger(ready, right["reconciliationId"])
    told = ready.items()
    assert (told[wrong["id"]]["status"], told[right["id"]]["status"]) == ("failed", "successful")
    assert "AFDELING" in told[wrong["id"]]["failureReason"]
    assert ready.job(job)["status"] == "completed_with_errors"


def held(world: Expenses) -> dict[str, Any]:
    found = world.kobling("issues", PAIR, "--json", expect=None)
    assert len(found) == 1, found
    return dict(found[0])


def test_a_held_expense_is_let_through_by_a_person_once_or_as_a_rule(ready: Expenses) -> None:
    first, second = ready.spend(receipts=0), ready.spend(receipts=0)
    ready.export(first)
    sync(ready)
    ready.kobling("issues", PAIR, "--settle", str(held(ready)["issue"]), "--choose", "send", "--why", "Tabt")
    sync(ready)
    assert ready.lines() == [], "Pleo took it back: it must be exported again, since it may have changed"
    assert held(ready)["kind"] == "taken_back"
    ready.export(first, second)
    sync(ready)
    assert [each["documentNumber"] for each in ready.lines()] == [first["reconciliationId"]], "for this one alone"
    issue = str(held(ready)["issue"])
    ready.kobling("issues", PAIR, "--settle", issue, "--choose", "send", "--remember")
    third = ready.spend(receipts=0)
    job = ready.export(second, third)
    sync(ready)
    assert len(ready.lines()) == 3
    assert ready.job(job)["status"] == "completed"


def test_a_closed_period_is_moved_for_one_expense_alone(ready: Expenses) -> None:
    first, second = (ready.spend(date="2026-01-15T12:00:00.000Z") for _ in range(2))
    ready.control(ready.central, "POST", "config", {"allow_posting_from": "2026-03-01"})
    ready.export(first)
    sync(ready)
    ready.kobling("issues", PAIR, "--settle", str(held(ready)["issue"]), "--choose", "next_open")
    ready.export(first, second)
    sync(ready)
    assert [(each["documentNumber"], each["postingDate"]) for each in ready.lines()] == [
        (first["reconciliationId"], "2026-03-01")
    ]


def test_what_cannot_be_a_rule_is_not_made_one(ready: Expenses) -> None:
    ready.export(ready.spend(receipts=0))
    sync(ready)
    issue = str(held(ready)["issue"])
    told = ready.kobling("issues", PAIR, "--settle", issue, "--choose", "ignore", "--remember", expect=Exit.SETTINGS)
    assert "send" in told


def test_a_job_taken_back_by_a_person_is_not_booked(ready: Expenses) -> None:
    entry = ready.spend()
    job = ready.export(entry)
    ready.control(ready.pleo, "PATCH", f"records/export-jobs/{job['id']}", {"cancel": True})
    sync(ready)
    assert ready.lines() == []


def test_a_dry_run_tells_pleo_nothing(ready: Expenses) -> None:
    job = ready.export(ready.spend())
    ready.kobling("plan", PAIR, expect=None)
    assert ready.job(job)["status"] == "pending"
    assert ready.lines() == []


def test_a_plan_says_what_would_be_booked_on_which_account(ready: Expenses) -> None:
    ready.export(ready.spend(amount=10_000), ready.spend(amount=2_550, category="4030"))
    told = ready.kobling("plan", PAIR, "--json", expect=None)
    booked = {account: Decimal(str(amount)) for account, amount in told["accounts"].items()}
    assert booked == {"4010": Decimal("100.00"), "4030": Decimal("25.50"), "5840": Decimal("-125.50")}


def test_the_books_are_proven_though_pleo_hands_the_expenses_out_no_more(ready: Expenses) -> None:
    ready.export(ready.spend(receipts=2), ready.spend())
    sync(ready)
    assert ready.kobling("issues", PAIR, "--json", expect=None) == []
    told = ready.kobling("verify", PAIR, "--json", expect=Exit.OK)
    expenses = next(each for each in told["tables"] if "expenses" in each.values())
    assert expenses["in_step"] == 2
    job = ready.export(ready.spend())
    sync(ready)
    assert ready.job(job)["status"] == "completed", "nothing is taken for gone"
    line = ready.lines()[0]
    ready.control(ready.central, "PATCH", f"records/journalLines/{line['id']}", {"amount": 1})
    told = ready.kobling("verify", PAIR, "--json", expect=Exit.NOT_IN_STEP)
    assert [each["kind"] for each in told["differences"]] == ["total", "total"], "a changed amount is found"


def test_a_template_that_is_not_the_first_is_used_by_its_name(ready: Expenses) -> None:
    ready.control(ready.central, "POST", "config", {"templates": ["AFSTEMNING"]})
    ready.export(ready.spend())
    sync(ready)
    assert [each["journalDisplayName"] for each in ready.lines()] == ["DAGLIG"]


def test_a_wrong_batch_stops_the_expenses_with_its_name(world: Expenses) -> None:
    refused = world.kobling("connect", "business_central", *_changed(world, journal_batch="NIX"), expect=Exit.SETTINGS)
    assert "NIX" in refused
    batches = world.dump(world.central, "journals")
    ours = next(each["id"] for each in batches if each["code"] == "DAGLIG")
    world.control(world.central, "PATCH", f"records/journals/{ours}", {"code": "DAGLIG2"})
    job = world.export(world.spend())
    run = sync(world)
    assert run["jobs"]["accounts"]["inserted"] > 0, "what does not need the journal goes on"
    assert world.lines() == []
    told = world.job(job)
    assert (told["status"], told["failureReasonType"]) == ("failed", "missing_configuration")
    assert "DAGLIG" in told["failureReason"]


@pytest.mark.parametrize("account", ["", "1000", "5410", "9999"])
def test_a_contra_account_that_takes_no_posting_stops_the_expenses_before_anything_is_sent(
    world: Expenses, account: str
) -> None:
    world.kobling("pair", "set", PAIR, f"contra_card={account}")
    job = world.export(world.spend())
    sync(world)
    assert world.lines() == []
    told = world.job(job)
    assert told["failureReasonType"] == "missing_configuration"
    assert account in told["failureReason"]


def _changed(world: Expenses, **more: str) -> list[str]:
    return [f"{name}={value}" for name, value in world.central_settings(**more).items()]


def test_a_vendor_of_either_side_arrives_on_the_other_with_its_number(ready: Expenses) -> None:
    ready.control(ready.pleo, "POST", "records/vendors", {"name": "Grossisten Ærø ApS", "country": "DK"})
    sync(ready)
    made = next(each for each in ready.dump(ready.central, "vendors") if each["displayName"] == "Grossisten Ærø ApS")
    known = next(each for each in ready.dump(ready.pleo, "vendors") if each["name"] == "Grossisten Ærø ApS")
    assert (known["state"], known["externalId"]) == ("ACTIVE", made["number"])
    assert ready.kobling("sync", PAIR, expect=Exit.OK)


def test_two_hundred_entries_of_all_kinds_end_in_the_books_or_are_named(tmp_path: Path) -> None:
    with Expenses(tmp_path / "data", records=200) as world:
        world.set_up()
        sync(world)
        job = world.export()
        sync(world)
        told = world.items()
        good = {key for key, each in told.items() if each["status"] == "successful"}
        bad = {key: each for key, each in told.items() if each["status"] == "failed"}
        assert len(good) + len(bad) == len(told) > 150
        assert all(each["failureReason"] for each in bad.values())
        assert world.job(job)["status"] == "completed_with_errors"
        entries = {each["id"]: each for each in world.dump(world.pleo, "entries")}
        by_number: Counter[str] = Counter()
        for line in world.lines():
            by_number[line["documentNumber"]] += abs(Decimal(str(line["amount"])))  # type: ignore[assignment]
        wanted = {
            entries[key]["reconciliationId"]: abs(Decimal(entries[key]["transactionWalletValue"]["minors"])) / 100
            for key in good
        }
        assert dict(by_number) == wanted, "each good expense is one voucher of its amount, and nothing else is there"


def test_the_assisted_set_up_leads_from_nothing_to_a_first_synchronisation(stage: tuple[Expenses, Path]) -> None:
    world, template = stage
    world.reset(template)
    shutil.rmtree(world.folder)
    world.kobling("setup", PAIR, "prerequisites")
    world.kobling("setup", PAIR, "pleo", *[f"{name}={value}" for name, value in world.pleo_settings().items()])
    world.kobling("setup", PAIR, "business_central", *_changed(world))
    world.kobling("setup", PAIR, "accounts", "contra_card=5840")
    world.kobling("setup", PAIR, "booking", "posting=draft")
    world.kobling("setup", PAIR, "catalogue", "--skip")
    wrong = world.kobling("setup", PAIR, "journal", "journal_batch=NIX", expect=Exit.SETTINGS)
    assert "NIX" in wrong
    world.kobling("setup", PAIR, "journal", "journal_batch=STANDARD")
    sync(world)
    states = {each["step"]: each["state"] for each in world.kobling("setup", PAIR, "--json")}
    assert set(states.values()) == {"done", "skipped"}
    assert {"4060", "4010"} <= {each["code"] for each in world.dump(world.pleo, "accounts")}
