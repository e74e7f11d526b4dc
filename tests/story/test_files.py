"""Files by the real command: previewed, made once, the same bytes for good, answered, and never beside a pair."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from kobling.cli.output import Exit
from tests.story.expenses import Expenses
from tests.story.staffing import PAIR, Staffing
from tests.story.world import World

pytestmark = pytest.mark.story
VAT = ("--vat", "25=3,15=31,12=33,0=6")


def rows(content: bytes, encoding: str = "cp1252", separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=separator))


def test_recmans_invoices_as_a_uni_standard_file(ready_staffing: Staffing, tmp_path: Path) -> None:
    world = ready_staffing
    company = world.company()
    numbers = [world.invoice(company)["number"], world.invoice(company, kind="creditnote")["number"]]
    shown = world.kobling("file", "preview", "recman", *VAT, "--json")
    assert [each["number"] for each in shown["documents"]] == numbers
    assert Decimal(str(shown["totals"]["NOK"])) == 0, "a credit note is negative"
    made = world.kobling("file", "make", "recman", *VAT, "--as-shown", shown["digest"], "--json")
    places = [tmp_path / name for name in ("a.txt", "b.txt")]
    for place in places:
        world.kobling("file", "download", str(made["file"]), "--to", str(place))
    first, second = (place.read_bytes() for place in places)
    assert first == second
    assert [row[0] for row in rows(first)] == ["30", "80", "81", "80", "81"]
    assert [row[3:5] for row in rows(first) if row[0] == "81"] == [["7.50", "549.90"], ["-7.50", "549.90"]]
    world.sync()
    assert world.transferred() == {}, "what is in a file goes over no pair"
    world.kobling("file", "transferred", str(made["file"]))
    world.kobling("file", "transferred", str(made["file"]), expect=Exit.CONFIRM)
    answer = tmp_path / "svar.csv"
    lines = ("Faktura;Status;Melding", f"{numbers[0]};OK", f"{numbers[1]};Feil;Ukjent kunde")
    answer.write_text("\n".join(lines), encoding="cp1252")
    world.kobling("file", "acknowledge", str(made["file"]), str(answer), expect=Exit.NOT_IN_STEP)
    assert [each["state"] for each in world.kobling("file", "show", str(made["file"]), "--json")] == [
        "accepted",
        "refused",
    ]
    assert [each["number"] for each in world.kobling("file", "preview", "recman", "--json")["documents"]] == numbers[1:]


def test_file_and_pair_give_a_customer_the_same_number(ready_staffing: Staffing, tmp_path: Path) -> None:
    world = ready_staffing
    world.kobling("pair", "set", PAIR, "customer_numbers=+100000", "invoices_from=2020-01-01")
    company = world.company(companyNumber="0501", email="post@x.example", invoiceEmail="faktura@x.example")
    fresh = world.invoice(company)["number"]
    old = world.invoice(company, date="2019-12-31")["number"]
    shown = world.kobling("file", "preview", "recman", *VAT, "--json")
    assert [(each["number"], each["kind"]) for each in shown["left"]] == [(old, "before")]
    assert [each["number"] for each in shown["documents"]] == [fresh]
    for wish, number in (((), "100501"), (("--customer-numbers", "same", "--again", "--why", "x"), "501")):
        place = tmp_path / f"{number}.txt"
        world.kobling("file", "make", "recman", *VAT, *wish, "--to", str(place))
        customer, invoice, _line = rows(place.read_bytes())
        assert (customer[1], invoice[2]) == (number, number)
    (left,) = world.kobling("file", "left", "1", "--json")
    assert (left["number"], left["who"], left["currency"]) == (old, company["name"], "NOK")


def test_what_a_pair_has_sent_goes_into_no_file(ready_staffing: Staffing) -> None:
    ready_staffing.invoice(ready_staffing.company())
    ready_staffing.sync(expect=0)
    ready_staffing.kobling("file", "make", "recman", expect=Exit.CONFIRM)
    assert ready_staffing.kobling("file", "list", "--json") == []


@pytest.mark.parametrize("moment", ["planned:1", "journaled:1", "recorded:1"])
def test_a_kill_leaves_a_whole_file_or_none_and_no_document_in_two(ready_staffing: Staffing, moment: str) -> None:
    world = ready_staffing
    company = world.company()
    numbers = {world.invoice(company)["number"] for _ in range(3)}
    world.kobling("file", "make", "recman", *VAT, expect=None, KOBLING_CRASH_AT=moment)
    world.kobling("file", "make", "recman", *VAT, expect=None)
    (made,) = world.kobling("file", "list", "--json")
    assert {each["number"] for each in world.kobling("file", "show", str(made["file"]), "--json")} == numbers


def test_used_as_files_needs_no_unimicro_and_reaches_its_departments_only(tmp_path: Path) -> None:
    with Staffing(tmp_path / "data") as world:
        world.kobling("market", "price", PAIR, "249", "NOK", "month")
        world.kobling("market", "activate", PAIR, "--mode", "csv", expect=Exit.SETTINGS)
        agreed = ("--agree", "249.00 NOK / month")
        world.kobling("market", "activate", PAIR, "--mode", "csv", "--department", "Bygg", *agreed)
        settings = [f"{name}={value}" for name, value in world.recman_settings().items()]
        world.kobling("setup", PAIR, "recman", *settings)
        steps = {each["step"]: each["state"] for each in world.kobling("setup", PAIR, "--json")}
        assert steps == {"activation": "done", "recman": "done", "file": "todo"}
        departments = {each["name"]: each["departmentId"] for each in world.dump(world.recman, "department")}
        company = world.company()
        mine = world.invoice(company, departmentId=departments["Bygg"])
        world.invoice(company, departmentId=departments["Helse"])
        made = world.kobling("file", "make", "recman", *VAT, "--json")
        (document,) = world.kobling("file", "show", str(made["file"]), "--json")
        assert document["number"] == mine["number"]
        world.kobling("file", "make", "recman", "--department", "Helse", expect=Exit.SETTINGS)


@pytest.mark.parametrize("language", ["da", "sv", "nb"])
def test_simply_crms_invoices_open_in_a_spreadsheet(stage: tuple[World, Path], tmp_path: Path, language: str) -> None:
    world = stage[0]
    world.reset(stage[1])
    profile = ("--profile", f"spreadsheet-{language}")
    shown = world.kobling("file", "preview", "simply_crm", *profile, "--json", expect=None)
    assert shown["documents"]
    place = tmp_path / "fakturaer.csv"
    world.kobling("file", "make", "simply_crm", *profile, "--to", str(place))
    head, *body = rows(place.read_bytes(), "utf-8-sig", ";")
    at = {name: head.index(name) for name in head}
    amount = {"da": "Beløb", "sv": "Belopp", "nb": "Beløp"}[language]
    sums: dict[str, Decimal] = {}
    for row in body:
        currency = row[at["Valuta"]]
        sums[currency] = sums.get(currency, Decimal(0)) + Decimal(row[at[amount]].replace(",", "."))
    assert sums == {currency: Decimal(str(total)) for currency, total in shown["totals"].items()}
    invoices = {each["invoice_no"]: each for each in world.control(world.crm, "GET", "dump/Invoice")}
    for number in {row[at["Nummer"]] for row in body}:
        lines = [row for row in body if row[at["Nummer"]] == number]
        total = sum(Decimal(row[at[amount]].replace(",", ".")) for row in lines)
        assert abs(total - Decimal(str(invoices[number]["pre_tax_total"]))) <= Decimal("0.01") * len(lines), number


def test_pleos_expenses_go_into_a_file_and_pleo_hears_of_it(ready: Expenses, tmp_path: Path) -> None:
    entries = [ready.spend(amount=10_000), ready.spend(amount=10_001, split=[1, 1, 1])]
    job = ready.export(*entries)
    shown = ready.kobling("file", "preview", "pleo", "--json")
    assert Decimal(str(shown["totals"]["DKK"])) == Decimal("200.01")
    assert ready.job(job)["status"] == "pending", "a preview changes nothing in Pleo"
    place = tmp_path / "udgifter.csv"
    made = ready.kobling("file", "make", "pleo", "--to", str(place), "--json")
    body = rows(place.read_bytes(), "utf-8-sig", ";")[1:]
    assert len(body) == 4 and {row[16] for row in body} == {"4010"}
    ready.sync()
    assert ready.lines() == [], "nothing is booked beside the file"
    ready.kobling("file", "transferred", str(made["file"]))
    assert {each["status"] for each in ready.items().values()} == {"successful"}
