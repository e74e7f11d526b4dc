"""Bad input of every kind: the error names who can fix it, and nothing is lost."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

import pytest

from kobling.cli.output import Exit
from tests.story.world import PAIR, World

pytestmark = pytest.mark.story


def error_of(world: World, *arguments: str, expect: int) -> dict[str, Any]:
    """What a failing command says, as data."""
    answer = world.kobling(*arguments, "--json", expect=expect)
    found: dict[str, Any] = answer["error"]
    return found


def crm(world: World, **changed: str) -> list[str]:
    given = world.crm.credentials
    settings = {"base_url": world.crm.url, "username": given["username"], "access_key": given["access_key"]}
    return [f"{name}={value}" for name, value in {**settings, **changed}.items()]


def dinero(world: World, **changed: str) -> list[str]:
    return [f"{name}={value}" for name, value in {**world.dinero_settings(), **changed}.items()]


def test_a_wrong_access_key_is_told_and_not_stored(world: World) -> None:
    error = error_of(world, "connect", "simply_crm", *crm(world, access_key="wrong"), "--name=x", expect=Exit.SETTINGS)
    assert error["kind"] == "SignInExpired"
    assert error["who_can_fix"] == "an administrator of the company"
    assert "wrong" not in str(error)
    assert [each["name"] for each in world.kobling("connections", "--json")] == ["dinero", "simply_crm"]


def test_a_wrong_key_does_not_replace_a_right_one(world: World) -> None:
    error_of(world, "connect", "dinero", *dinero(world, api_key="wrong"), expect=Exit.SETTINGS)
    assert world.kobling("test", "dinero", "--json")["account_name"] == "Kobling Prøvefirma ApS"


def test_a_wrong_company_id_lists_those_the_key_reaches(world: World) -> None:
    error = error_of(world, "connect", "dinero", *dinero(world, organization_id="1"), "--name=y", expect=Exit.SETTINGS)
    assert "Kobling Prøvefirma ApS" in error["what_happened"]


def test_a_plan_without_api_access_says_which_plan_is_needed(world: World) -> None:
    world.control(world.dinero, "POST", "config", {"pro": False})
    try:
        error = error_of(world, "test", "dinero", expect=Exit.SETTINGS)
        assert "Pro" in error["what_happened"]
    finally:
        world.control(world.dinero, "POST", "config", {"pro": True})


def test_a_foreign_address_needs_the_operators_word(world: World) -> None:
    answer = world.kobling(
        "connect", "simply_crm", *crm(world), "--name=z", "--json", expect=Exit.SETTINGS, KOBLING_ALLOW_HOSTS="other"
    )
    assert "KOBLING_ALLOW_HOSTS" in answer["error"]["what_happened"]


@pytest.mark.parametrize("system", ["crm", "dinero"])
@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ({"kind": "malformed_json", "times": 1, "skip": 6}, {Exit.FAULT}),
        ({"kind": "html_error", "times": 8, "skip": 6}, {Exit.TRY_LATER, Exit.NOT_IN_STEP, Exit.OK}),
        ({"kind": "endless_body", "times": 1, "skip": 6}, {Exit.FAULT}),
    ],
    ids=["malformed", "web page", "endless"],
)
def test_an_answer_that_is_no_answer_loses_nothing(
    world: World, undisturbed: dict[str, Counter[str]], system: str, fault: dict[str, Any], codes: set[int]
) -> None:
    vendor = world.crm if system == "crm" else world.dinero
    world.fault(vendor, **fault, match={"method": "GET"})
    run = world.kobling("sync", PAIR, "--json", expect=None)
    world.control(vendor, "DELETE", "faults")
    if codes == {Exit.FAULT}:
        assert run["state"] == "partly_done"
        assert run["error"]["kind"] == "Misunderstood"
    world.finish()
    assert world.names() == undisturbed


def test_a_revoked_key_pauses_the_pair_and_a_new_sign_in_goes_on(
    world: World, undisturbed: dict[str, Counter[str]]
) -> None:
    world.fault(world.dinero, kind="status", status=401, times=None, match={"path_regex": "^/v"})
    run = world.kobling("sync", PAIR, "--json", expect=Exit.SETTINGS)
    assert run["error"]["kind"] == "SignInExpired"
    status = world.kobling("pair", "list", "--json")[0]
    assert status["status"] == "red" and status["reason"]
    world.control(world.dinero, "DELETE", "faults")
    world.kobling("connect", "dinero", *dinero(world))
    assert world.kobling("pair", "list", "--json")[0]["status"] == "green"
    world.finish()
    assert world.names() == undisturbed


def test_a_mapping_to_a_missing_field_is_refused_with_those_there_are(world: World) -> None:
    wish = 'fields={"organisations": {"phone": {"left": "phon", "right": "Phone"}}}'
    error = error_of(world, "pair", "set", PAIR, "mapping=custom", wish, expect=Exit.SETTINGS)
    assert "phon" in error["what_happened"] and "otherphone" in error["what_happened"]


def test_an_option_that_does_not_exist_is_refused_with_those_there_are(world: World) -> None:
    error = error_of(world, "pair", "set", PAIR, "colour=red", expect=Exit.SETTINGS)
    assert "direction" in error["what_happened"]


def test_a_closed_account_is_an_issue_with_the_vendors_words_and_the_rest_goes_on(world: World) -> None:
    world.script((["pair", "set", PAIR, "sales_account=1190"], 0), (["sync", PAIR], Exit.NOT_IN_STEP))
    refused = [each for each in world.kobling("issues", PAIR, "--json", expect=1) if each["kind"] == "refused"]
    assert refused and all(each["details"]["vendor_text"] for each in refused)
    assert {each["table"] for each in refused} <= {"products", "services", "invoices"}
    jobs = world.kobling("jobs", PAIR, "--json")[0]["jobs"]
    assert jobs["organisations"]["coupled"] > 0 and jobs["organisations"]["failed"] == 0
    world.script((["pair", "set", PAIR, "sales_account=1000"], 0))
    world.kobling("issues", PAIR, "--kind", "refused", "--all", "--choose", "retry")
    world.finish()


def test_a_single_record_goes_only_where_data_flows_to_dinero(world: World) -> None:
    accounts = world.control(world.crm, "GET", "dump/Accounts")
    wanted = accounts[0]["id"]
    world.kobling("sync", PAIR, "--record", wanted, "--table", "organisations", "--json", expect=None)
    found = world.kobling("history", PAIR, wanted, "--json", expect=None)
    assert found["couplings"] or found["changes"]
    world.kobling("pair", "set", PAIR, "direction=dinero_to_crm")
    error = error_of(world, "sync", PAIR, "--record", wanted, "--table", "organisations", expect=Exit.SETTINGS)
    assert error["code"] == "wrong_direction"


def test_undo_takes_back_what_a_run_made_and_keeps_what_people_touched(world: World) -> None:
    before = world.names()
    known = {each["ContactGuid"] for each in world.control(world.dinero, "GET", "dump/contacts")}
    run = world.kobling("sync", PAIR, "--json", expect=None)["run"]
    contacts = world.control(world.dinero, "GET", "dump/contacts")
    touched = next(each for each in contacts if each["ContactGuid"] not in known)
    world.control(world.dinero, "PATCH", f"records/contacts/{touched['ContactGuid']}", {"Phone": "12 34 56 78"})
    done = world.kobling("undo", str(run), "--yes", "--json", expect=None)
    assert done["undone"] > 0
    assert any(each["id"] == touched["ContactGuid"] and each["why"] == "edited later" for each in done["kept"])
    after = world.names()
    assert touched["Name"].strip() in after["dinero contacts"]
    assert len(list(after["dinero contacts"].elements())) == len(list(before["dinero contacts"].elements())) + 1


def test_a_booked_invoice_is_undone_by_one_drafted_credit_note_however_often_it_is_asked(world: World) -> None:
    world.kobling("pair", "set", PAIR, "booking=when_approved", "direction=crm_to_dinero")
    world.kobling("sync", PAIR, expect=None)
    run = world.kobling("jobs", PAIR, "--json")[0]["run"]
    booked = [each for each in world.control(world.dinero, "GET", "dump/invoices") if each["Status"] == "Booked"]
    notes = len(world.control(world.dinero, "GET", "dump/creditnotes"))
    first = world.kobling("undo", str(run), "--yes", "--credit-notes", "--json", expect=None)
    again = world.kobling("undo", str(run), "--yes", "--credit-notes", "--json", expect=None)
    assert first["credit_notes"] and first["credit_notes"] == again["credit_notes"]
    after = world.control(world.dinero, "GET", "dump/creditnotes")
    assert len(after) == notes + len(first["credit_notes"])
    drafted = [each for each in after if each["Guid"] in first["credit_notes"]]
    assert {each["Status"] for each in drafted} == {"Draft"}, "booking it is a person's act"
    still = [each for each in world.control(world.dinero, "GET", "dump/invoices") if each["Status"] == "Booked"]
    assert {each["Guid"] for each in still} >= {each["Guid"] for each in booked}


def test_a_kill_while_a_credit_note_is_drafted_makes_no_second_one(world: World) -> None:
    world.kobling("pair", "set", PAIR, "booking=when_approved", "direction=crm_to_dinero")
    world.kobling("sync", PAIR, expect=None)
    run = str(world.kobling("jobs", PAIR, "--json")[0]["run"])
    before = len(world.control(world.dinero, "GET", "dump/creditnotes"))
    world.fault(world.dinero, kind="hold_after", match={"path_regex": "/generate-creditnote$"}, times=1)
    process = world.begin("undo", run, "--yes", "--credit-notes")
    world.until_held(world.dinero, process)
    process.kill()
    process.wait(timeout=30)
    world.control(world.dinero, "DELETE", "faults")
    world.control(world.dinero, "POST", "faults/release")
    assert "going on" in error_of(world, "undo", run, "--yes", "--credit-notes", expect=Exit.CONFIRM)["what_happened"]
    with closing(sqlite3.connect(world.folder / "kobling.sqlite3")) as database:
        database.execute("UPDATE hub_run SET started_at = '2026-01-01 00:00:00' WHERE kind = 'credit_notes'")
        database.commit()
    notes = world.kobling("undo", run, "--yes", "--credit-notes", "--json", expect=None)["credit_notes"]
    assert len(world.control(world.dinero, "GET", "dump/creditnotes")) == before + len(notes)


def test_doctor_and_probe_find_a_healthy_installation(world: World) -> None:
    assert all(each["ok"] for each in world.kobling("doctor", "--json"))
    for name in ("simply_crm", "dinero"):
        findings = world.kobling("probe", name, "--json", expect=None)
        text = str(findings)
        assert len(findings) > 5
        assert world.crm.credentials["access_key"] not in text and world.dinero.credentials["api_key"] not in text
