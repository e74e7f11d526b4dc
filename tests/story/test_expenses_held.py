"""Expenses that cannot be booked as they are: held, named in a bookkeeper's words, let through by a person."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from kobling.cli.output import Exit
from tests.story.expenses import PAIR, Expenses, ledger

pytestmark = pytest.mark.story


def test_one_wrong_expense_holds_up_no_other_and_says_why_in_danish(ready: Expenses) -> None:
    good, bad = ready.spend(), ready.spend(category="zero")
    bare = ready.spend(receipts=0)
    job = ready.export(good, bad, bare)
    ready.sync()
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
    ready.sync()
    ready.control(ready.pleo, "PATCH", f"records/entries/{entry['id']}", {"receipt": "application/pdf"})
    job = ready.export(entry)
    ready.sync()
    assert ready.job(job)["status"] == "completed"
    assert len(ready.lines()) == 1
    assert ready.kobling("issues", PAIR, "--json", expect=None) == []


def test_a_blocked_account_is_archived_in_pleo_and_named_when_it_is_still_used(taught: Expenses) -> None:
    account = next(each for each in taught.dump(taught.central, "accounts") if each["number"] == "4020")
    entry = taught.spend(category="4020")
    taught.control(taught.central, "PATCH", f"records/accounts/{account['id']}", {"blocked": True})
    taught.export(entry)
    taught.sync()
    assert next(each["archived"] for each in taught.dump(taught.pleo, "accounts") if each["code"] == "4020")
    told = taught.items()[entry["id"]]
    assert told["failureReasonType"] == "account_unknown"
    assert "4020" in told["failureReason"]


@pytest.mark.parametrize(("rule", "booked"), [("hold", False), ("next_open", True)])
def test_a_closed_period_holds_or_moves_an_expense_by_choice(ready: Expenses, rule: str, booked: bool) -> None:
    ready.kobling("pair", "set", PAIR, f"locked_period={rule}")
    entry = ready.spend(date="2026-01-15T12:00:00.000Z")
    ready.control(ready.central, "POST", "config", {"allow_posting_from": "2026-03-01"})
    ready.export(entry)
    ready.sync()
    dates = [each["postingDate"] for each in ready.lines()]
    assert dates == (["2026-03-01"] if booked else [])
    if not booked:
        assert "2026-03-01" in ready.items()[entry["id"]]["failureReason"]


def test_a_day_is_the_companys_own_around_midnight(ready: Expenses) -> None:
    entry = ready.spend(date="2026-06-30T22:30:00.000Z")
    ready.export(entry)
    ready.sync()
    assert [each["postingDate"] for each in ready.lines()] == ["2026-07-01"]


def test_a_voucher_that_cannot_be_posted_is_told_and_posts_nothing_else(taught: Expenses) -> None:
    taught.kobling("pair", "set", PAIR, "posting=posted")
    taught.control(taught.central, "POST", "config", {"mandatory_dimensions": {"4010": ["AFDELING"]}})
    wrong, right = taught.spend(), taught.spend(tags={"AFDELING": "ADM"})
    job = taught.export(wrong, right)
    taught.sync()
    assert ledger(taught, wrong["reconciliationId"]) == {}
    assert ledger(taught, right["reconciliationId"])
    told = taught.items()
    assert (told[wrong["id"]]["status"], told[right["id"]]["status"]) == ("failed", "successful")
    assert "AFDELING" in told[wrong["id"]]["failureReason"]
    assert taught.job(job)["status"] == "completed_with_errors"


def test_an_expense_without_a_dimension_that_its_account_needs_waits_before_anything_is_written(
    taught: Expenses,
) -> None:
    taught.kobling("pair", "set", PAIR, "needed_dimensions=4010=AFDELING")
    wrong, right = taught.spend(), taught.spend(tags={"AFDELING": "ADM"})
    other = taught.spend(category="4030")
    taught.export(wrong, right, other)
    taught.sync()
    booked = {each["documentNumber"] for each in taught.lines()}
    assert booked == {right["reconciliationId"], other["reconciliationId"]}
    assert "AFDELING" in taught.items()[wrong["id"]]["failureReason"]


def held(world: Expenses) -> dict[str, Any]:
    found = world.kobling("issues", PAIR, "--json", expect=None)
    assert len(found) == 1, found
    return dict(found[0])


def test_a_held_expense_is_let_through_by_a_person_once_or_as_a_rule(ready: Expenses) -> None:
    first, second = ready.spend(receipts=0), ready.spend(receipts=0)
    ready.export(first)
    ready.sync()
    ready.kobling("issues", PAIR, "--settle", str(held(ready)["issue"]), "--choose", "send", "--why", "Tabt")
    ready.sync()
    assert ready.lines() == [], "Pleo took it back: it must be exported again, since it may have changed"
    assert held(ready)["kind"] == "taken_back"
    ready.export(first, second)
    ready.sync()
    assert [each["documentNumber"] for each in ready.lines()] == [first["reconciliationId"]], "for this one alone"
    issue = str(held(ready)["issue"])
    ready.kobling("issues", PAIR, "--settle", issue, "--choose", "send", "--remember")
    third = ready.spend(receipts=0)
    job = ready.export(second, third)
    ready.sync()
    assert len(ready.lines()) == 3
    assert ready.job(job)["status"] == "completed"


def test_a_closed_period_is_moved_for_one_expense_alone(ready: Expenses) -> None:
    first, second = (ready.spend(date="2026-01-15T12:00:00.000Z") for _ in range(2))
    ready.control(ready.central, "POST", "config", {"allow_posting_from": "2026-03-01"})
    ready.export(first)
    ready.sync()
    ready.kobling("issues", PAIR, "--settle", str(held(ready)["issue"]), "--choose", "next_open")
    ready.export(first, second)
    ready.sync()
    assert [(each["documentNumber"], each["postingDate"]) for each in ready.lines()] == [
        (first["reconciliationId"], "2026-03-01")
    ]


def test_what_cannot_be_a_rule_is_not_made_one(ready: Expenses) -> None:
    ready.export(ready.spend(receipts=0))
    ready.sync()
    issue = str(held(ready)["issue"])
    told = ready.kobling("issues", PAIR, "--settle", issue, "--choose", "ignore", "--remember", expect=Exit.SETTINGS)
    assert "send" in told


def test_a_job_taken_back_by_a_person_is_not_booked(ready: Expenses) -> None:
    entry = ready.spend()
    job = ready.export(entry)
    ready.control(ready.pleo, "PATCH", f"records/export-jobs/{job['id']}", {"cancel": True})
    ready.sync()
    assert ready.lines() == []


def test_a_dry_run_tells_pleo_nothing(ready: Expenses) -> None:
    job = ready.export(ready.spend())
    ready.kobling("plan", PAIR, expect=None)
    assert ready.job(job)["status"] == "pending"
    assert ready.lines() == []


def test_a_wrong_batch_stops_the_expenses_with_its_name(pleo_world: Expenses) -> None:
    world = pleo_world
    refused = world.kobling("connect", "business_central", *_changed(world, journal_batch="NIX"), expect=Exit.SETTINGS)
    assert "NIX" in refused
    batches = world.dump(world.central, "journals")
    ours = next(each["id"] for each in batches if each["code"] == "DAGLIG")
    world.control(world.central, "PATCH", f"records/journals/{ours}", {"code": "DAGLIG2"})
    job = world.export(world.spend())
    run = world.sync()
    assert run["jobs"]["accounts"]["inserted"] > 0, "what does not need the journal goes on"
    assert world.lines() == []
    told = world.job(job)
    assert (told["status"], told["failureReasonType"]) == ("failed", "missing_configuration")
    assert "DAGLIG" in told["failureReason"]


def test_a_contra_account_that_is_not_in_the_chart_is_refused_when_it_is_set(pleo_world: Expenses) -> None:
    before = pleo_world.kobling("pair", "show", PAIR, "--json")["options"]
    said = pleo_world.kobling("pair", "set", PAIR, "contra_card=9999", expect=Exit.SETTINGS)
    assert "9999" in said
    assert pleo_world.kobling("pair", "show", PAIR, "--json")["options"] == before


@pytest.mark.parametrize("account", ["", "1000", "5410"])
def test_a_contra_account_that_takes_no_posting_stops_the_expenses_before_anything_is_sent(
    pleo_world: Expenses, account: str
) -> None:
    world = pleo_world
    world.kobling("pair", "set", PAIR, f"contra_card={account}")
    job = world.export(world.spend())
    world.sync()
    assert world.lines() == []
    told = world.job(job)
    assert told["failureReasonType"] == "missing_configuration"
    assert account in told["failureReason"]


def _changed(world: Expenses, **more: str) -> list[str]:
    return [f"{name}={value}" for name, value in world.central_settings(**more).items()]


def test_the_assisted_set_up_leads_from_nothing_to_a_first_synchronisation(pleo_stage: tuple[Expenses, Path]) -> None:
    world, template = pleo_stage
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
    world.sync()
    states = {each["step"]: each["state"] for each in world.kobling("setup", PAIR, "--json")}
    assert set(states.values()) == {"done", "skipped"}
    assert {"4060", "4010"} <= {each["code"] for each in world.dump(world.pleo, "accounts")}
