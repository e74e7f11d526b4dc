"""Purchase vouchers and purchase credit notes of a simulated Dinero, over HTTP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.simulators.books import CONTACT
from tests.simulators.books import LINE as SALE
from tests.simulators.web import Web, sign_in_to_dinero, web

PURCHASE = "/vouchers/purchase"
LINE = {"Description": "Papir", "Amount": 125, "AccountNumber": 2000}
CASH = {"PurchaseType": "cash", "DepositAccountNumber": 55000, "RegionKey": "DK", "VoucherDate": "2026-11-20"}


class Buyer:
    """A signed-in client that buys."""

    def __init__(self, dinero: Web) -> None:
        self.web = dinero

    def v(self, version: str, path: str) -> str:
        return f"{self.web.running.url}/{version}/{self.web.known['organization_id']}{path}"

    async def supplier(self, **more: Any) -> str:
        return str((await self.web.post("/contacts", {**CONTACT, "Name": "Grossisten", **more}))["ContactGuid"])

    async def credit(self, **more: Any) -> dict[str, Any]:
        contact = {"ContactGuid": await self.supplier()} if "ContactGuid" not in more else {}
        body = {"PurchaseType": "credit", "PaymentDate": "2026-12-20", "Lines": [LINE], **contact, **more}
        return await self.made(body)

    async def cash(self, **more: Any) -> dict[str, Any]:
        return await self.made({**CASH, "Lines": [LINE], **more})

    async def made(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.web.send("POST", self.v("v1.2", PURCHASE), json=body)
        assert answer.status == 200, answer.body
        return dict(answer.json)

    async def refused(self, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.web.send("POST", self.v("v1.2", PURCHASE), json=body)
        assert answer.status == 400, answer.body
        return dict(answer.json)

    async def book(self, voucher: dict[str, Any]) -> dict[str, Any]:
        body = {"Timestamp": voucher["Timestamp"]}
        return dict(await self.web.post(f"{PURCHASE}/{voucher['Guid']}/book", body))

    async def balances(self) -> dict[int, Decimal]:
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for entry in await self.web.dump("entries"):
            sums[entry["AccountNumber"]] += Decimal(str(entry["Amount"]))
        return {account: amount for account, amount in sums.items() if amount}


@pytest.fixture
async def buyer() -> AsyncIterator[Buyer]:
    async with web("dinero") as dinero:
        await sign_in_to_dinero(dinero)
        yield Buyer(dinero)


async def test_a_purchase_reads_its_amounts_with_and_without_vat(buyer: Buyer) -> None:
    made = await buyer.cash()
    assert (made["Status"], made["VoucherNumber"], made["RegionKey"]) == ("Draft", None, "DK")
    amounts = {"AmountExclVatValue": 100, "AmountInclVatValue": 125, "VatAmountValue": 25}
    assert made["Lines"] == [{"Description": "Papir", "VatCode": "I25", "AccountNumber": 2000, **amounts}]
    assert await buyer.web.get(f"{PURCHASE}/{made['Guid']}") == made


async def test_a_cash_purchase_is_booked_against_its_deposit_account(buyer: Buyer) -> None:
    booked = await buyer.book(await buyer.cash())
    assert (booked["Status"], booked["VoucherNumber"]) == ("Booked", 1)
    assert await buyer.balances() == {2000: 100, 64010: 25, 55000: -125}


async def test_a_credit_purchase_is_owed_to_its_contact(buyer: Buyer) -> None:
    supplier = await buyer.supplier()
    await buyer.book(await buyer.credit(ContactGuid=supplier))
    assert await buyer.balances() == {2000: 100, 64010: 25, 63000: -125}
    assert (await buyer.web.get(f"/contacts/{supplier}"))["IsCreditor"] is True


async def test_none_suppresses_the_vat_of_an_account(buyer: Buyer) -> None:
    await buyer.book(await buyer.cash(Lines=[{**LINE, "VatCode": "none"}]))
    assert await buyer.balances() == {2000: 125, 55000: -125}


async def test_a_draft_is_replaced_with_the_timestamp_as_it_was_read(buyer: Buyer) -> None:
    made = await buyer.cash()
    body = {**made, "TimeStamp": made["Timestamp"], "Lines": [{**LINE, "Amount": 50}]}
    body.pop("Timestamp")
    answer = await buyer.web.send("PUT", buyer.v("v1.1", f"{PURCHASE}/{made['Guid']}"), json=body)
    assert (answer.status, answer.json["Lines"][0]["AmountInclVatValue"]) == (200, 50)
    stale = await buyer.web.send("PUT", buyer.v("v1.1", f"{PURCHASE}/{made['Guid']}"), json=body)
    assert (stale.status, stale.json["code"]) == (400, 58)


async def test_a_booked_purchase_is_not_changed_and_its_deletion_posts_the_opposite(buyer: Buyer) -> None:
    booked = await buyer.book(await buyer.cash())
    place = f"{PURCHASE}/{booked['Guid']}"
    body = {**CASH, "Lines": [LINE], "Timestamp": booked["Timestamp"]}
    assert (await buyer.web.send("PUT", buyer.v("v1.1", place), json=body)).status == 400
    assert (await buyer.web.send("DELETE", place, json={"Timestamp": booked["Timestamp"]})).status == 200
    assert await buyer.balances() == {}
    assert (await buyer.web.send("GET", place)).status == 404


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"PurchaseType": "loan"}, "PurchaseType"),
        ({"DepositAccountNumber": None}, "DepositAccountNumber"),
        ({"DepositAccountNumber": 55999}, "DepositAccountNumber"),
        ({"RegionKey": None}, "RegionKey"),
        ({"PaymentDate": "2026-12-01"}, "PaymentDate"),
        ({"CurrencyKey": "EUR"}, "CurrencyKey"),
        ({"FileGuid": str(uuid4())}, "FileGuid"),
        ({"Lines": [{**LINE, "AccountNumber": 55000}]}, "Lines[0].AccountNumber"),
        ({"Lines": [{**LINE, "AccountNumber": 63000}]}, "Lines[0].AccountNumber"),
        ({"Lines": [{**LINE, "VatCode": ""}]}, "Lines[0].VatCode"),
    ],
)
async def test_a_wrong_cash_purchase_is_code_42(buyer: Buyer, changed: dict[str, Any], field: str) -> None:
    told = await buyer.refused({**CASH, "Lines": [LINE], **changed})
    assert (told["code"], list(told["validationErrors"])) == (42, [field])


@pytest.mark.parametrize("missing", ["ContactGuid", "PaymentDate"])
async def test_a_credit_purchase_needs_whom_and_when(buyer: Buyer, missing: str) -> None:
    body = {"PurchaseType": "credit", "ContactGuid": await buyer.supplier(), "PaymentDate": "2026-12-20"}
    told = await buyer.refused({**body, missing: None, "Lines": [LINE]})
    assert list(told["validationErrors"]) == [missing]


async def test_danish_vat_bought_abroad_fails_when_booked(buyer: Buyer) -> None:
    made = await buyer.cash(RegionKey="EU")
    answer = await buyer.web.send("POST", f"{PURCHASE}/{made['Guid']}/book", json={"Timestamp": made["Timestamp"]})
    assert answer.status == 400


async def test_older_clients_make_one_without_a_type_by_v1_and_v1_1(buyer: Buyer) -> None:
    untyped = {name: value for name, value in CASH.items() if name != "PurchaseType"}
    for version in ("v1", "v1.1"):
        answer = await buyer.web.send("POST", buyer.v(version, PURCHASE), json={**untyped, "Lines": [LINE]})
        assert (answer.status, answer.json["PurchaseType"]) == (200, "cash")
    assert "PurchaseType" in (await buyer.refused({**untyped, "Lines": [LINE]}))["validationErrors"]


async def test_a_file_is_used_once_a_voucher_names_it(buyer: Buyer) -> None:
    form = aiohttp.FormData()
    form.add_field("file", b"%PDF-1.4", filename="bilag.pdf", content_type="application/pdf")
    guid = (await buyer.web.send("POST", "/files", form=form)).json["FileGuid"]
    assert [row["FileGuid"] for row in await buyer.web.get("/files", fileStatus="Unused")] == [guid]
    made = await buyer.cash(FileGuid=guid)
    assert await buyer.web.get("/files", fileStatus="Unused") == []
    assert await buyer.web.get(f"{PURCHASE}/fileguid/{guid}") == [made["Guid"]]
    assert (await buyer.web.send("GET", f"/files/{guid}")).body == b"%PDF-1.4"
    assert (await buyer.web.send("DELETE", f"{PURCHASE}/{made['Guid']}")).status == 200
    assert [row["FileGuid"] for row in await buyer.web.get("/files", fileStatus="Unused")] == [guid]


async def test_a_similar_purchase_is_found(buyer: Buyer) -> None:
    made = await buyer.cash()
    found = await buyer.web.post(f"{PURCHASE}/similar", {**CASH, "Lines": [LINE]})
    assert (found["SimilarFound"], found["SimilarGuid"]) == (True, made["Guid"])
    other = await buyer.web.post(f"{PURCHASE}/similar", {**CASH, "Lines": [{**LINE, "Amount": 1}]})
    assert other["SimilarFound"] is False


async def test_a_payment_settles_what_is_owed_and_can_be_taken_back(buyer: Buyer) -> None:
    booked = await buyer.book(await buyer.credit())
    place = f"/purchase-vouchers/{booked['Guid']}/payments"
    body = {"Timestamp": booked["Timestamp"], "DepositAccountNumber": 55000, "Description": "Betalt", "Amount": 125}
    paid = await buyer.web.post(place, body)
    assert await buyer.balances() == {2000: 100, 64010: 25, 55000: -125}
    assert [row["Guid"] for row in await buyer.web.get(place)] == [paid["Guid"]]
    assert (await buyer.web.send("DELETE", f"{place}/{paid['Guid']}/{paid['TimeStamp']}")).status == 200
    assert await buyer.balances() == {2000: 100, 64010: 25, 63000: -125}


async def test_a_credit_note_of_a_purchase_takes_it_back(buyer: Buyer) -> None:
    booked = await buyer.book(await buyer.credit())
    body = {"Timestamp": {"Timestamp": booked["Timestamp"]}, "VoucherDate": "2026-11-22", "FileGuid": None}
    draft = await buyer.web.post(f"{PURCHASE}/{booked['Guid']}/generate-creditnote", body)
    place = f"{PURCHASE}/creditnotes/{draft['Guid']}"
    read = await buyer.web.get(place)
    assert (read["CreditNoteFor"], read["Status"], read["Date"]) == (booked["Guid"], "Draft", "2026-11-22")
    note = await buyer.web.post(f"{place}/book", {"Timestamp": draft["TimeStamp"]})
    assert (note["Status"], note["VoucherNumber"]) == ("Booked", 1)
    assert await buyer.balances() == {}


async def test_a_credit_note_is_made_changed_and_deleted_by_itself(buyer: Buyer) -> None:
    guid = str(uuid4())
    body = {"Guid": guid, "ContactGuid": await buyer.supplier(), "Lines": [LINE], "Date": "2026-11-20T00:00:00"}
    made = await buyer.web.post(f"{PURCHASE}/creditnotes", body)
    place = f"{PURCHASE}/creditnotes/{guid}"
    changed = await buyer.web.put(place, {**body, "Lines": [{**LINE, "Amount": 10}], "Timestamp": made["TimeStamp"]})
    read = await buyer.web.get(place)
    assert (read["Date"], read["Lines"][0]["AmountInclVatValue"]) == ("2026-11-20", 10)
    assert (await buyer.web.send("DELETE", place, json={"Timestamp": changed.json["TimeStamp"]})).status == 200
    assert (await buyer.web.send("GET", place)).status == 404


class TestFilesAndReports:
    """What other clients ask for beside vouchers."""

    async def test_files_can_be_asked_for_since_an_instant(self, buyer: Buyer) -> None:
        form = aiohttp.FormData()
        form.add_field("file", b"%PDF-1.4", filename="bilag.pdf", content_type="application/pdf")
        await buyer.web.send("POST", "/files", form=form)
        for since, found in (("2026-11-22T21:30:00Z", 1), ("2026-11-22T21:30:01Z", 0), ("2026/11/22", 1)):
            assert len(await buyer.web.get("/files", uploadedAfter=since)) == found

    async def test_a_file_is_attached_to_an_invoice_and_stays_out_of_the_archive(self, buyer: Buyer) -> None:
        form = aiohttp.FormData()
        form.add_field("file", b"%PDF-1.4", filename="aftale.pdf", content_type="application/pdf")
        guid = (await buyer.web.send("POST", "/files/attachment", form=form)).json["FileGuid"]
        assert await buyer.web.get("/files") == []
        invoice = (await buyer.web.post("/invoices", {"ProductLines": [SALE]}))["Guid"]
        assert (await buyer.web.send("POST", f"/attachments/{invoice}/{guid}/Aftale.pdf")).status == 200
        assert await buyer.web.get(f"/attachments/{invoice}") == [{"FileGuid": guid, "FileName": "Aftale.pdf"}]
        assert (await buyer.web.send("DELETE", f"/attachments/{invoice}/{guid}")).status == 200
        assert await buyer.web.get(f"/attachments/{invoice}") == []
        assert (await buyer.web.send("POST", f"/attachments/{invoice}/{uuid4()}")).status == 404

    async def test_reports_of_a_year_add_up(self, buyer: Buyer) -> None:
        await buyer.book(await buyer.cash())
        lines = {name: await buyer.web.get(f"/2026/reports/{name}") for name in ("saldo", "result", "balance")}
        assert lines["result"] == [{"AccountNumber": 2000, "AccountName": "Vareforbrug", "Amount": 100}]
        assert lines["saldo"] == lines["result"] + lines["balance"]
        assert sum(line["Amount"] for line in lines["saldo"]) == 0
        assert await buyer.web.get("/2026/reports/primo") == []
        assert (await buyer.web.send("GET", "/1999/reports/saldo")).json["code"] == 47
