"""RecMan → Unimicro: numbers compared first, invoices transferred once ever, drafts unless chosen otherwise."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from kobling.cli.output import Exit
from tests.story.staffing import PAIR, Staffing

pytestmark = pytest.mark.story
NET = Decimal("4124.25")
"""7.5 hours of 549.90."""


def test_a_customer_its_project_and_its_invoice_arrive(staffing: Staffing) -> None:
    company = staffing.company(countryRegNumber="974760673", email="post@havna.example")
    project = {"companyId": company["companyId"], "number": "P9", "name": "Kai 4"}
    made = staffing.control(staffing.recman, "POST", "records/project", project)
    sent = staffing.invoice(company, projectId=made["projectId"])
    staffing.begin_with_numbers()
    staffing.sync(expect=0)
    customer = staffing.customers()[200001]
    assert (customer["OrgNumber"], customer["CreditDays"]) == ("974760673", 14)
    assert [each["ProjectNumber"] for each in staffing.dump(staffing.unimicro, "projects")] == ["P9"]
    there = staffing.transferred()[sent["invoiceId"]]
    assert (there["StatusCode"], there["CustomerID"], there.get("InvoiceNumber")) == (42001, customer["ID"], None)
    assert Decimal(str(there["TaxExclusiveAmount"])) == NET
    assert there["InternalNote"] == f"RecMan {sent['number']} KID {sent['kid']}"
    (item,) = [
        each for each in staffing.dump(staffing.unimicro, "invoiceitems") if each["CustomerInvoiceID"] == there["ID"]
    ]
    products = {each["ID"]: each["PartName"] for each in staffing.dump(staffing.unimicro, "products")}
    assert products[item["ProductID"]] == "1003"
    staffing.kobling("verify", PAIR, expect=Exit.OK)


def test_a_second_run_sends_nothing(ready_staffing: Staffing) -> None:
    ready_staffing.invoice(ready_staffing.company())
    ready_staffing.sync(expect=0)
    ready_staffing.control(ready_staffing.unimicro, "DELETE", "counters")
    ready_staffing.sync(expect=0)
    asked = ready_staffing.control(ready_staffing.unimicro, "GET", "counters")
    assert not [each for each in asked["by_operation"] if not each.startswith("GET") and "token" not in each]


def test_nothing_starts_before_every_number_is_settled(tmp_path: Path) -> None:
    with Staffing(tmp_path / "data", records=20) as world:
        world.set_up()
        before = {each["ID"]: each for each in world.dump(world.unimicro, "customers")}
        refused = world.sync()
        assert (refused["state"], refused["error"]["code"]) == ("failed", "numbers_not_compared")
        assert {each["ID"]: each for each in world.dump(world.unimicro, "customers")} == before, "nothing was touched"
        counts = world.kobling("numbers", PAIR, "--json", expect=None)["counts"]
        assert {kind: each["open"] > 0 for kind, each in counts.items()} == {
            "match": False,
            **{kind: True for kind in counts if kind != "match"},
        }
        assert {"match", "renumbered", "only_left", "only_right"} <= set(counts)
        world.settle_all()
        assert world.sync()["state"] in ("done", "partly_done")
        numbers = Counter(each.get("CustomerNumber") for each in world.dump(world.unimicro, "customers"))
        assert all(each == 1 for number, each in numbers.items() if number), "no number stands twice"
        names = Counter(each.get("OrgNumber") for each in world.dump(world.unimicro, "customers"))
        legal = {number: each for number, each in names.items() if number and each > 1}
        assert not legal, "and no company either"


def test_numbers_of_another_series_are_moved_by_rule(staffing: Staffing) -> None:
    staffing.kobling("pair", "set", PAIR, "customer_numbers=+100000, 17=100300")
    for number in ("42", "17"):
        staffing.company(companyNumber=number, name=f"Kunde {number}")
    staffing.begin_with_numbers()
    staffing.sync(expect=0)
    assert set(staffing.customers()) == {100042, 100300}


def test_a_customer_made_by_hand_in_unimicro_is_asked_about_and_not_made_twice(ready_staffing: Staffing) -> None:
    world = ready_staffing
    world.sync()
    world.control(world.unimicro, "POST", "records/customers", {"CustomerNumber": 300001, "Info.Name": "Fremmed AS"})
    world.sync()
    assert [(each["kind"], each["title"]) for each in world.issues()] == [("made_elsewhere", "Fremmed AS")]
    assert [each["name"] for each in world.dump(world.recman, "company")] == []
    world.company(companyNumber="300001", name="Fremmed AS")
    world.sync()
    assert list(world.customers()) == [300001]


def test_a_customer_that_was_left_alone_in_unimicro_is_not_made_a_second_time(staffing: Staffing) -> None:
    world = staffing
    old = {"CustomerNumber": 300001, "OrgNumber": "974760673", "Info.Name": "Gammel AS"}
    world.control(world.unimicro, "POST", "records/customers", old)
    world.begin_with_numbers()
    world.company(companyNumber="200009", countryRegNumber="974760673", name="Gammel AS")
    world.sync()
    assert set(world.customers()) == {300001}
    assert [each["kind"] for each in world.issues()] == ["maybe_same"]


def test_a_customer_follows_recman(ready_staffing: Staffing) -> None:
    world = ready_staffing
    company = world.company()
    world.sync(expect=0)
    world.control(world.recman, "PATCH", f"records/company/{company['companyId']}", {"name": "Havna Nord AS"})
    world.sync(expect=0)
    names = {each["ID"]: each["Name"] for each in world.dump(world.unimicro, "business-relations")}
    assert names[world.customers()[200001]["BusinessRelationID"]] == "Havna Nord AS"


def test_a_product_that_is_not_there_holds_the_invoice_until_it_comes(ready_staffing: Staffing) -> None:
    world = ready_staffing
    line = {"number": "KURS-7", "description": "Kurs", "quantity": "1", "price": "1000.00", "vat": "25"}
    held = world.invoice(world.company(), lines=[line])
    world.sync()
    assert world.transferred() == {}
    (issue,) = world.issues()
    assert "KURS-7" in str(issue)
    world.control(world.unimicro, "POST", "records/products", {"PartName": "KURS-7", "Name": "Kurs"})
    world.sync(expect=0)
    assert list(world.transferred()) == [held["invoiceId"]]
    assert world.issues() == []


def test_products_are_matched_by_number_alone(ready_staffing: Staffing) -> None:
    world = ready_staffing
    lines = [
        {"number": number, "description": "x", "quantity": "1", "price": "10.00", "vat": "25"}
        for number in ("003", "3")
    ]
    world.invoice(world.company(), lines=lines)
    world.sync(expect=0)
    products = {each["ID"]: each["PartName"] for each in world.dump(world.unimicro, "products")}
    items = world.dump(world.unimicro, "invoiceitems")
    assert [products[each["ProductID"]] for each in items] == ["003", "3"]


def test_a_credit_note_goes_the_same_way(ready_staffing: Staffing) -> None:
    world = ready_staffing
    world.kobling("pair", "set", PAIR, "invoices_as=issued")
    company = world.company()
    note = world.invoice(company, kind="creditnote")
    world.invoice(company)
    world.sync(expect=0)
    there = world.transferred()
    assert {each["StatusCode"] for each in there.values()} == {42002}
    assert Decimal(str(there[note["invoiceId"]]["TaxExclusiveAmount"])) == -NET
    booked = sum(Decimal(str(each["Amount"])) for each in world.dump(world.unimicro, "journalentrylines"))
    assert booked == 0
    world.kobling("verify", PAIR, expect=Exit.OK)


def test_issued_by_choice_and_only_once_its_totals_were_compared(ready_staffing: Staffing) -> None:
    world = ready_staffing
    world.kobling("pair", "set", PAIR, "invoices_as=issued")
    sent = world.invoice(world.company())
    world.sync(expect=0)
    there = world.transferred()[sent["invoiceId"]]
    assert there["StatusCode"] == 42002 and there["InvoiceNumber"]
    world.sync(expect=0)
    entries = Counter(each["CustomerInvoiceID"] for each in world.dump(world.unimicro, "journalentrylines"))
    assert entries[there["ID"]] == 3


MOMENTS = ("planned:1", "journaled:1", "journaled:2", "answered:1", "answered:2", "recorded:1", "recorded:2")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_at_any_moment_transfers_each_invoice_once(ready_staffing: Staffing, moment: str) -> None:
    world = ready_staffing
    world.kobling("pair", "set", PAIR, "invoices_as=issued")
    company = world.company()
    sent = {world.invoice(company)["invoiceId"] for _ in range(3)}
    world.kobling("sync", PAIR, expect=None, KOBLING_CRASH_AT=moment)
    world.sync()
    world.sync(expect=0)
    there = world.transferred()
    assert set(there) == sent
    assert len(world.customers()) == 1
    entries = Counter(each["CustomerInvoiceID"] for each in world.dump(world.unimicro, "journalentrylines"))
    assert set(entries.values()) == {3}, "each is posted once"


LOST = ("POST customers", "POST projects", "POST invoices", "POST invoices invoice")


@pytest.mark.parametrize("operation", LOST)
def test_a_lost_answer_transfers_nothing_twice(ready_staffing: Staffing, operation: str) -> None:
    world = ready_staffing
    world.kobling("pair", "set", PAIR, "invoices_as=issued")
    company = world.company()
    project = {"companyId": company["companyId"], "number": "P9", "name": "Kai 4"}
    world.control(world.recman, "POST", "records/project", project)
    sent = {world.invoice(company)["invoiceId"] for _ in range(2)}
    world.fault(world.unimicro, kind="applied_then_dropped", match={"operation": operation})
    for _ in range(3):
        world.sync()
    assert set(world.transferred()) == sent
    assert {each["StatusCode"] for each in world.transferred().values()} == {42002}
    assert (len(world.customers()), len(world.dump(world.unimicro, "projects"))) == (1, 1)
    entries = Counter(each["CustomerInvoiceID"] for each in world.dump(world.unimicro, "journalentrylines"))
    assert set(entries.values()) == {3}
    world.kobling("verify", PAIR, expect=Exit.OK)


def test_only_the_departments_that_were_given_access(ready_staffing: Staffing) -> None:
    world = ready_staffing
    wanted = next(each for each in world.dump(world.recman, "department") if each["name"] == "Bygg")["departmentId"]
    world.kobling("market", "activate", PAIR, "--department", "bygg")
    company = world.company()
    mine = world.invoice(company, departmentId=wanted)
    world.invoice(company, departmentId="3")
    world.sync(expect=0)
    assert list(world.transferred()) == [mine["invoiceId"]]


def test_invoices_before_the_chosen_day_stay_where_they_are(ready_staffing: Staffing) -> None:
    world = ready_staffing
    world.kobling("pair", "set", PAIR, "invoices_from=2026-01-01")
    company = world.company()
    world.invoice(company, date="2025-12-31")
    new = world.invoice(company, date="2026-01-01")
    world.sync(expect=0)
    assert list(world.transferred()) == [new["invoiceId"]]


def test_an_invoice_that_was_changed_in_recman_afterwards_is_told_not_sent_again(ready_staffing: Staffing) -> None:
    world = ready_staffing
    sent = world.invoice(world.company())
    world.sync(expect=0)
    line = {"number": "1003", "description": "Endret", "quantity": "1", "price": "1.00", "vat": "25"}
    world.control(world.recman, "PATCH", f"records/invoice/{sent['invoiceId']}", {"lines": [line]})
    world.sync()
    assert Decimal(str(world.transferred()[sent["invoiceId"]]["TaxExclusiveAmount"])) == NET
    told = world.kobling("verify", PAIR, "--json", expect=Exit.NOT_IN_STEP)
    assert {"total", "control"} <= {each["kind"] for each in told["differences"]}


def test_unimicros_limit_and_a_sign_in_that_ends_do_not_stop_the_run(tmp_path: Path) -> None:
    with Staffing(tmp_path / "data") as world:
        world.set_up()
        world.begin_with_numbers()
        company = world.company()
        sent = {world.invoice(company)["invoiceId"] for _ in range(12)}
        world.fault(world.unimicro, kind="rate_limited", times=3, skip=4, retry_after=1)
        world.fault(world.unimicro, kind="session_expired", skip=12)
        world.sync()
        world.sync(expect=0)
        assert set(world.transferred()) == sent
