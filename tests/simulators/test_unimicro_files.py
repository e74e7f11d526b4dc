"""Files, imports, orders and journals in a simulated Unimicro."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.simulators.dynamics import Answer
from tests.simulators.softrig import Softrig, good, message, new, softrig


@pytest.fixture
async def app() -> AsyncIterator[Softrig]:
    async with softrig() as client:
        yield client


async def upload(app: Softrig, content: bytes, name: str = "a.pdf", **more: str) -> Answer:
    form = aiohttp.FormData()
    form.add_field("File", content, filename=name, content_type="application/pdf")
    for field, text in more.items():
        form.add_field(field, text)
    return await app.do("POST", "/api/file", form=form)


class TestFiles:
    """Uploading, linking, downloading."""

    async def test_a_file_is_uploaded_to_where_it_belongs_and_comes_back_as_it_was(self, app: Softrig) -> None:
        customer = await app.customer()
        content = b"%PDF-\r\n--x\r\n\x00\xff"
        file = good(await upload(app, content, EntityType="Customer", EntityID=str(customer["ID"])))
        assert (file["Name"], file["ContentType"], file["Size"]) == ("a.pdf", "application/pdf", str(len(content)))
        assert [row["ID"] for row in await app.get(f"files/Customer/{customer['ID']}")] == [file["ID"]]
        answer = await app.ask("/api/download", id=file["StorageReference"])
        assert (answer.body, answer.headers["Content-Type"]) == (content, "application/pdf")

    async def test_a_file_is_linked_later_and_twice_is_once(self, app: Softrig) -> None:
        customer = await app.customer()
        file = good(await upload(app, b"x"))
        for _ in range(2):
            good(await app.do("POST", f"/api/biz/files/Customer/{customer['ID']}/{file['ID']}"))
        assert len(await app.get(f"files/Customer/{customer['ID']}")) == 1
        assert await app.get("files/Product/1") == []

    @pytest.mark.parametrize(
        "more", [{"EntityType": "Customer"}, {"EntityType": "Colour", "EntityID": "1"}, {"EntityID": "1"}]
    )
    async def test_a_place_is_a_kind_and_an_id(self, app: Softrig, more: dict[str, str]) -> None:
        assert (await upload(app, b"x", **more)).status == 400
        assert await app.get("files") == []

    async def test_a_file_needs_content_a_name_and_a_row_that_is_there(self, app: Softrig) -> None:
        assert (await upload(app, b"")).status == 400
        assert (await upload(app, b"x", name="")).status == 400
        assert (await upload(app, b"x", EntityType="Customer", EntityID="9")).status == 404
        assert (await app.do("POST", "/api/file", {"File": "x"})).status == 415

    async def test_a_file_of_one_company_is_not_in_the_other(self, app: Softrig) -> None:
        await app.config(person_companies="all")
        await app.sign_in()
        file = good(await upload(app, b"x"))
        app.company = app.known["other_company_key"]
        assert (await app.ask("/api/download", id=file["StorageReference"])).status == 404


async def run(app: Softrig, job: str, text: str, **more: Any) -> list[tuple[int, str, str]]:
    """What an import says of its lines."""
    file = good(await upload(app, text.encode("cp1252"), "in.txt"))
    url = f"{app.running.url}/api/download?id={file['StorageReference']}"
    body = {"CompanyKey": app.company, "CompanyName": "F", "Url": url, "ImportFileType": 1, "ImportOption": 0, **more}
    key = good(await app.do("POST", f"/jobs?job={job}", body))
    told = await app.get(f"/jobs/{key}")
    assert told["Status"] == ("Finished" if job != "ImportSaft" else "Failed")
    return [(row["Line"], row["Level"], row["Message"]) for row in told["Log"]]


CUSTOMER = "30,100500,Blåbær & Sønn AS,Storgata 1,,0155,Oslo,,,30,,,,22334455,,,,,,999888777,NO,Norge,NOK"


class TestImports:
    """Uni Standard files."""

    async def test_customers_are_made_from_their_columns(self, app: Softrig) -> None:
        assert await run(app, "CustomerImportJob", f"{CUSTOMER}\r\n") == [(1, "Info", "100500 was imported")]
        (row,) = await app.rows("customers", expand="Info.InvoiceAddress,Info.DefaultPhone")
        assert (row["CustomerNumber"], row["OrgNumber"], row["CreditDays"]) == (100_500, "999888777", 30)
        assert (row["Info"]["Name"], row["Info"]["InvoiceAddress"]["City"]) == ("Blåbær & Sønn AS", "Oslo")
        place, phone = row["Info"]["InvoiceAddress"], row["Info"]["DefaultPhone"]
        assert (place["PostalCode"], place["CountryCode"], place["Country"]) == ("0155", "NO", "Norge")
        assert (phone["Number"], phone["Type"]) == ("22334455", 150101)

    @pytest.mark.parametrize(
        ("option", "names"),
        [
            (0, {100_500: "Blåbær & Sønn AS"}),
            (1, {100_500: "Nytt AS"}),
            (2, {100_500: "Blåbær & Sønn AS", 100_000: "Nytt AS"}),
        ],
    )
    async def test_one_that_is_there_is_skipped_overwritten_or_made_again(
        self, app: Softrig, option: int, names: dict[int, str]
    ) -> None:
        await run(app, "CustomerImportJob", CUSTOMER)
        await run(app, "CustomerImportJob", CUSTOMER.replace("Blåbær & Sønn", "Nytt"), ImportOption=option)
        rows = await app.rows("customers", expand="Info")
        assert {row["CustomerNumber"]: row["Info"]["Name"] for row in rows} == names

    async def test_a_line_that_cannot_be_read_is_told_and_the_others_go_in(self, app: Softrig) -> None:
        told = await run(app, "ProductImportJob", "70,9001,Kurs,stk,,,,,,abc\r\n30,1,X\r\n70,9002,Kurs,stk,,,,,,12.50")
        assert [(line, level) for line, level, _ in told] == [(1, "Error"), (2, "Error"), (3, "Info")]
        (row,) = await app.rows("products", "contains(Name,'Kurs') and Unit eq 'stk' and PartName like '900%'")
        assert (row["PartName"], row["PriceExVat"]) == ("9002", Decimal("12.5"))

    @pytest.mark.parametrize(
        "wrong",
        [{"CompanyKey": "x"}, {"Url": "x"}, {"ImportFileType": 7}, {"ImportOption": 3}, {"DateFormat": "d"}, {"X": 1}],
    )
    async def test_a_job_that_makes_no_sense_is_refused(self, app: Softrig, wrong: dict[str, Any]) -> None:
        file = good(await upload(app, b"x"))
        url = f"/api/download?id={file['StorageReference']}"
        body = {"CompanyKey": app.company, "Url": url, "ImportFileType": 1, **wrong}
        assert (await app.do("POST", "/jobs?job=CustomerImportJob", body)).status == 400
        assert (await app.do("POST", "/jobs?job=Colours", body)).status == 400

    async def test_a_kind_of_import_that_is_not_simulated_fails_openly(self, app: Softrig) -> None:
        ((_, level, _),) = await run(app, "ImportSaft", "<xml/>")
        assert level == "Error"


async def order(app: Softrig, *lines: str, draft: bool = False) -> Any:
    customer = await app.customer(CreditDays=10)
    head = f"80,777,{customer['CustomerNumber']},20.11.2026,04.12.2026,Vår,Deres"
    told = await run(app, "OrderImportJob", "\r\n".join([head, *lines]), OtherParams={"isDraft": draft})
    assert told == [(1, "Info", "777 was imported")]
    return (await app.rows("orders", expand="Items"))[0]


class TestOrders:
    """From an import to an invoice."""

    LINES = ("81,,Vikar,7.5,400,10,3", "81,,Kjøring,2,50,,6")

    async def test_an_order_has_its_lines_priced(self, app: Softrig) -> None:
        made = await order(app, *self.LINES)
        assert (made["OrderNumber"], made["OrderDate"], made["StatusCode"]) == (777, "2026-11-20", 41002)
        assert (made["TaxExclusiveAmount"], made["TaxInclusiveAmount"]) == (2800, 3475)
        items = [(row["SortIndex"], row["ItemText"], row["SumTotalExVat"]) for row in made["Items"]]
        assert items == [(1, "Vikar", 2700), (2, "Kjøring", 100)]

    async def test_the_same_file_again_makes_nothing(self, app: Softrig) -> None:
        await order(app, *self.LINES)
        again = await run(app, "OrderImportJob", "80,777,100000,20.11.2026\r\n81,,X,1,1,,3")
        assert again == [(1, "Info", "777 is there already and was skipped")]
        assert len(await app.get("orders")) == 1

    @pytest.mark.parametrize(
        "wrong",
        ["80,1,9,20.11.2026\r\n81,,X,1,1,,3", "80,1,100000,2026-11-20\r\n81,,X,1,1,,3", "80,1,100000,20.11.2026"],
    )
    async def test_an_order_without_customer_date_or_lines_is_told(self, app: Softrig, wrong: str) -> None:
        await app.customer()
        ((line, level, _),) = await run(app, "OrderImportJob", wrong)
        assert (line, level, await app.get("orders")) == (1, "Error", [])

    async def test_an_order_becomes_an_invoice_part_by_part(self, app: Softrig) -> None:
        made = await order(app, *self.LINES, draft=True)
        where = f"orders/{made['ID']}"
        assert (await app.act("PUT", where, "transfer-to-invoice")).status == 400
        good(await app.act("POST", where, "register"))
        await app.edited("orders", made["ID"], Comment="x")
        links = (await app.get(where, hateoas="true"))["_links"]
        assert list(links["transitions"]) == ["transferToInvoice", "complete"]
        first = made["Items"][0]["ID"]
        invoice = good(await app.act("PUT", where, "transfer-to-invoice", {"Items": [{"ID": first}]}))
        assert (invoice["StatusCode"], invoice["TaxExclusiveAmount"]) == (42001, 2700)
        assert (invoice["InvoiceDate"], invoice["PaymentDueDate"]) == ("2026-11-22", "2026-12-02")
        assert (await app.get(where))["StatusCode"] == 41003
        assert good(await app.act("PUT", where, "transfer-to-invoice"))["TaxExclusiveAmount"] == 100
        assert (await app.get(where))["StatusCode"] == 41004
        assert (await app.act("POST", where, "complete")).status == 400


async def lines(app: Softrig, *amounts: tuple[int, Any], day: str = "2026-11-20", **more: Any) -> dict[str, Any]:
    """A journal entry over accounts by number."""
    keys = {row["AccountNumber"]: row["ID"] for row in await app.get("accounts")}
    drafted = [{"AccountID": keys[number], "Amount": amount, "FinancialDate": day} for number, amount in amounts]
    return new(**more, DraftLines=drafted)


class TestJournals:
    """Entries written by hand."""

    async def book(self, app: Softrig, *entries: dict[str, Any]) -> Answer:
        return await app.act("POST", "journalentries", "book-journal-entries", [*entries])

    async def test_an_entry_is_booked_with_its_lines_and_a_number(self, app: Softrig) -> None:
        entry = await lines(app, (1920, Decimal("10.50")), (3000, Decimal("-10.50")), Description="Rest")
        (made,) = good(await self.book(app, entry))
        assert (made["JournalEntryNumber"], made["Description"]) == ("1-2026", "Rest")
        query = {"select": "Account.AccountNumber,Amount,AmountCurrency,FinancialDate,StatusCode", "orderby": "ID"}
        rows = await app.rows("journalentrylines", f"JournalEntryID eq {made['ID']}", **query)
        assert [(row["Account"]["AccountNumber"], row["Amount"], row["AmountCurrency"]) for row in rows] == [
            (1920, Decimal("10.5"), Decimal("10.5")),
            (3000, Decimal("-10.5"), Decimal("-10.5")),
        ]
        assert {(row["FinancialDate"], row["StatusCode"]) for row in rows} == {("2026-11-20", 31001)}

    async def test_lines_must_sum_to_nothing_and_all_entries_are_booked_or_none(self, app: Softrig) -> None:
        fine, wrong = await lines(app, (1920, 1), (3000, -1)), await lines(app, (1920, 1), (3000, -2))
        answer = await self.book(app, fine, wrong)
        assert (answer.status, message(answer)) == (400, "The lines do not sum to 0")
        assert (await app.get("journalentries"), await app.get("journalentrylinedrafts")) == ([], [])

    async def test_a_saved_draft_is_booked_later_and_once(self, app: Softrig) -> None:
        draft = await lines(app, (1920, 5), (3000, -5))
        (saved,) = good(await app.act("POST", "journalentries", "save-journal-entries-as-draft", [draft]))
        assert (saved["JournalEntryNumber"], await app.get("journalentrylines")) == (None, [])
        (made,) = good(await self.book(app, {"ID": saved["ID"]}))
        assert (made["ID"], made["JournalEntryNumber"]) == (saved["ID"], "1-2026")
        assert {row["StatusCode"] for row in await app.get("journalentrylinedrafts")} == {34001}
        assert (await self.book(app, {"ID": saved["ID"]})).status == 400

    async def test_nothing_is_booked_twice_or_on_a_closed_day(self, app: Softrig) -> None:
        entry = await lines(app, (1920, 1), (3000, -1))
        assert (await self.book(app, entry)).status == 200
        assert (await self.book(app, entry)).status == 400
        await app.config(closed_years=[2025])
        assert (await self.book(app, await lines(app, (1920, 1), (3000, -1), day="2025-12-31"))).status == 400
        assert len(await app.get("journalentries")) == 1

    @pytest.mark.parametrize("body", [None, {}, [], [1], [{"DraftLines": []}], [{"ID": 99}]])
    async def test_what_is_no_list_of_entries_is_refused(self, app: Softrig, body: Any) -> None:
        graphs = [new(**each) if isinstance(each, dict) else each for each in body] if isinstance(body, list) else body
        assert (await app.act("POST", "journalentries", "book-journal-entries", graphs)).status in (400, 404)
        assert await app.get("journalentries") == []
