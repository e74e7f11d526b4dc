"""Pleo → Business Central: expenses become vouchers once, to the øre, with their receipts, and Pleo hears of it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kobling.cli.output import Exit
from kobling.records import parse_instant
from tests.story.expenses import PAIR, Expenses, amounts, ledger

pytestmark = pytest.mark.story


def test_an_expense_becomes_a_draft_with_its_receipt_and_pleo_hears_of_it(taught: Expenses) -> None:
    entry = taught.spend(amount=12_345, note="Møde i Århus", tax="MOMS25", tags={"AFDELING": "SALG"})
    job = taught.export(entry)
    taught.sync()
    (line,) = taught.lines(entry["reconciliationId"])
    assert (line["accountNumber"], line["balancingAccountNumber"], line["taxCode"]) == ("4010", "5840", "MOMS25")
    assert amounts([line]) == [Decimal("123.45")]
    assert line["description"] == "DSB - Åse Birkholm - Møde i Århus"
    told_at = parse_instant(entry["bookkeepingDate"]).astimezone(ZoneInfo("Europe/Copenhagen"))
    assert line["postingDate"] == told_at.date().isoformat(), "the day it was in Denmark, whatever the day in UTC"
    (paper,) = [each for each in taught.dump(taught.central, "attachments") if each["parentId"] == line["id"]]
    assert paper["byteSize"] > 0
    told = taught.items()[entry["id"]]
    assert (told["status"], told["externalId"]) == ("successful", entry["reconciliationId"])
    assert taught.job(job)["status"] == "completed"


def test_a_split_expense_has_a_line_each_and_one_document_number(ready: Expenses) -> None:
    entry = ready.spend(amount=10_001, split=[1, 1, 1], currency="EUR", rate=7.46)
    ready.export(entry)
    ready.sync()
    lines = ready.lines(entry["reconciliationId"])
    assert len(lines) == 3
    assert sum(amounts(lines)) == Decimal(entry["transactionWalletValue"]["minors"]) / 100
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
    ready.sync()
    (line,) = ready.lines(entry["reconciliationId"])
    assert (line["accountNumber"], line["balancingAccountNumber"]) == (account, contra)
    assert amounts([line]) == [Decimal(amount)]


def test_an_exported_expense_is_never_booked_twice_however_often_it_is_exported(ready: Expenses) -> None:
    entry = ready.spend()
    for _ in range(3):
        job = ready.export(entry)
        ready.sync()
        assert ready.job(job)["status"] == "completed"
        assert ready.items()[entry["id"]]["externalId"] == entry["reconciliationId"]
    assert len(ready.lines()) == 1


@pytest.mark.parametrize("moment", ["journaled:1", "answered:1", "recorded:1", "planned:1"])
def test_a_kill_at_any_moment_books_each_expense_once_and_tells_pleo(ready: Expenses, moment: str) -> None:
    entries = [ready.spend(amount=1000 + at) for at in range(3)]
    job = ready.export(*entries)
    ready.kobling("sync", PAIR, expect=None, KOBLING_CRASH_AT=moment)
    ready.sync()
    ready.sync()
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
    ready.sync()
    ready.sync()
    assert len(ready.lines()) == 1
    assert [each["byteSize"] > 0 for each in ready.dump(ready.central, "attachments")] == [True]
    assert ready.items()[entry["id"]]["status"] == "successful"


def test_a_renamed_account_renames_its_category_and_a_new_one_arrives(taught: Expenses) -> None:
    account = next(each for each in taught.dump(taught.central, "accounts") if each["number"] == "4030")
    taught.control(taught.central, "PATCH", f"records/accounts/{account['id']}", {"displayName": "Rejser og ophold"})
    new = {"number": "4085", "displayName": "Kurser", "directPosting": True, "accountType": "Posting"}
    taught.control(taught.central, "POST", "records/accounts", new)
    taught.sync()
    names = {each["code"]: each["name"] for each in taught.dump(taught.pleo, "accounts")}
    assert (names["4030"], names["4085"]) == ("Rejser og ophold", "Kurser")


def test_posted_vouchers_are_in_the_ledger_and_balance_to_the_oere(taught: Expenses) -> None:
    taught.kobling("pair", "set", PAIR, "posting=posted")
    taught.control(taught.central, "POST", "config", {"digital_voucher": True})
    entry, back = taught.spend(amount=9_999, tax="MOMS25"), taught.spend(amount=-5_000)
    taught.export(entry, back)
    taught.sync()
    assert taught.lines() == []
    assert ledger(taught, entry["reconciliationId"]) == {
        "4010": Decimal("79.99"),
        "5510": Decimal("20.00"),
        "5840": Decimal("-99.99"),
    }
    assert ledger(taught, back["reconciliationId"]) == {"4010": Decimal("-50.00"), "5840": Decimal("50.00")}
    assert {each["status"] for each in taught.items().values()} == {"successful"}


def test_a_plan_says_what_would_be_booked_on_which_account(ready: Expenses) -> None:
    ready.export(ready.spend(amount=10_000), ready.spend(amount=2_550, category="4030"))
    told = ready.kobling("plan", PAIR, "--json", expect=None)
    booked = {account: Decimal(str(amount)) for account, amount in told["accounts"].items()}
    assert booked == {"4010": Decimal("100.00"), "4030": Decimal("25.50"), "5840": Decimal("-125.50")}


def test_the_books_are_proven_though_pleo_hands_the_expenses_out_no_more(ready: Expenses) -> None:
    ready.export(ready.spend(receipts=2), ready.spend())
    ready.sync()
    assert ready.kobling("issues", PAIR, "--json", expect=None) == []
    told = ready.kobling("verify", PAIR, "--json", expect=Exit.OK)
    expenses = next(each for each in told["tables"] if "expenses" in each.values())
    assert expenses["in_step"] == 2
    control = {(each["account"], each["currency"]): (each["left"], each["right"]) for each in expenses["control"]}
    spent = Decimal(2 * 12_345) / 100
    assert {key: tuple(map(Decimal, map(str, each))) for key, each in control.items()} == {
        ("4010", "DKK"): (spent, spent),
        ("5840", "DKK"): (-spent, -spent),
    }
    job = ready.export(ready.spend())
    ready.sync()
    assert ready.job(job)["status"] == "completed", "nothing is taken for gone"
    line = ready.lines()[0]
    ready.control(ready.central, "PATCH", f"records/journalLines/{line['id']}", {"amount": 1})
    told = ready.kobling("verify", PAIR, "--json", expect=Exit.NOT_IN_STEP)
    kinds = Counter(each["kind"] for each in told["differences"])
    assert kinds == {"total": 2, "control": 2}, "a changed amount is found, on its account and on the contra account"


def test_a_template_that_is_not_the_first_is_used_by_its_name(ready: Expenses) -> None:
    ready.control(ready.central, "POST", "config", {"templates": ["AFSTEMNING"]})
    ready.export(ready.spend())
    ready.sync()
    assert [each["journalDisplayName"] for each in ready.lines()] == ["DAGLIG"]


def test_a_vendor_of_either_side_arrives_on_the_other_with_its_number(ready: Expenses) -> None:
    ready.control(ready.pleo, "POST", "records/vendors", {"name": "Grossisten Ærø ApS", "country": "DK"})
    ready.sync()
    made = next(each for each in ready.dump(ready.central, "vendors") if each["displayName"] == "Grossisten Ærø ApS")
    known = next(each for each in ready.dump(ready.pleo, "vendors") if each["name"] == "Grossisten Ærø ApS")
    assert (known["state"], known["externalId"]) == ("ACTIVE", made["number"])
    assert ready.kobling("sync", PAIR, expect=Exit.OK)


def test_two_hundred_entries_of_all_kinds_end_in_the_books_or_are_named(tmp_path: Path) -> None:
    with Expenses(tmp_path / "data", records=200) as world:
        world.set_up()
        world.sync()
        job = world.export()
        world.sync()
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
