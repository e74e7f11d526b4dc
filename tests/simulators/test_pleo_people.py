"""What people do in a simulated Pleo, and what an export shows of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.expenses import Pleo, pleo, refused

ZERO = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def app() -> AsyncIterator[Pleo]:
    async with pleo() as client:
        yield client


async def edit(app: Pleo, entity: str, key: str, **values: Any) -> Any:
    return await app.control("PATCH", f"/records/{entity}/{key}", values)


async def item(app: Pleo, vendor_based: bool = False, **wish: Any) -> dict[str, Any]:
    entry = await app.person("entries", **{"category": "4010", "receipts": 1, **wish})
    job = await app.person("export-jobs", entries=[entry["id"]], vendorBasedBookkeeping=vendor_based)
    (found,) = await app.items(job["id"])
    return found


class TestEditing:
    """Before, during and after an export."""

    async def test_an_entry_gets_a_category_a_tag_a_tax_code_and_a_receipt(self, app: Pleo) -> None:
        await app.person("tag-groups", code="P", name="Projekt")
        tag = await app.person("tags", group="P", code="1", name="Ørestad")
        tax = await app.person("tax-codes", code="M25", name="Moms", rate=0.25, type="inclusive")
        entry = await app.person("entries", receipts=0)
        told = await edit(
            app, "entries", entry["id"], category="4030", tags={"P": "1"}, tax="M25", receipt="image/jpeg"
        )
        assert (told["accountCode"], told["taxCodeId"]) == ("4030", tax["id"])
        assert told["tags"][0]["tagId"] == tag["id"]
        job = await app.person("export-jobs")
        (found,) = await app.items(job["id"])
        assert found["files"][0]["type"] == "image/jpeg"
        assert found["accountingEntryLines"][0]["tax"]["code"] == "M25"
        assert (await app.do("GET", found["files"][0]["url"])).body.startswith(b"\xff\xd8\xff")

    async def test_a_category_that_was_replaced_can_be_deleted(self, app: Pleo) -> None:
        row = await app.account("5000")
        entry = await app.person("entries", category="5000")
        await edit(app, "entries", entry["id"], category="4010")
        assert (await app.do("DELETE", f"/v1/chart-of-accounts/{row['id']}")).status == 204

    async def test_a_category_on_a_line_of_a_split_is_in_use(self, app: Pleo) -> None:
        row = await app.account("5000")
        await app.person("entries", amount=300, split=[{"amount": 100, "category": "5000"}, {"amount": 200}])
        assert (await app.do("DELETE", f"/v1/chart-of-accounts/{row['id']}")).status == 409

    async def test_a_date_that_changes_moves_the_entry_in_a_search(self, app: Pleo) -> None:
        entry = await app.person("entries", date="2026-01-05T00:00:00.000Z")
        await edit(app, "entries", entry["id"], bookkeepingDate="2026-02-05T00:00:00.000Z")
        path = f"/v1/accounting-entries:search?company_id={app.company}"
        for start, found in (("2026-02-01", 1), ("2026-03-01", 0)):
            body = {"includeDeleted": False, "bookkeepingDateStart": start}
            assert len((await app.do("POST", path, body)).json["data"]) == found
        early = {"includeDeleted": False, "bookkeepingDateEnd": "2026-01-31"}
        assert (await app.do("POST", path, early)).json["data"] == []

    @pytest.mark.parametrize("status", ["QUEUED", "EXPORTING", "EXPORTED"])
    async def test_what_is_queued_or_exported_is_locked(self, app: Pleo, status: str) -> None:
        entry = await app.person("entries", exportStatus=status)
        await edit(app, "entries", entry["id"], note="x")
        assert app.control_status == 409
        await app.control("DELETE", f"/records/entries/{entry['id']}")
        assert app.control_status == 409

    async def test_support_reverts_an_export(self, app: Pleo) -> None:
        entry = await app.person("entries", exportStatus="EXPORTED")
        told = await edit(app, "entries", entry["id"], reverted=True, note="igen")
        assert (told["exportStatus"], told["note"]) == ("NOT_EXPORTED", "igen")

    async def test_an_entry_moves_out_of_the_queue_and_the_last_one_ends_it(self, app: Pleo) -> None:
        entries = [await app.person("entries") for _ in range(2)]
        job = await app.person("export-jobs")
        await edit(app, "entries", entries[0]["id"], queued=False)
        assert [each["accountingEntryId"] for each in await app.items(job["id"])] == [entries[1]["id"]]
        await edit(app, "entries", entries[1]["id"], queued=False)
        told = await app.get(f"/v3/export-jobs/{job['id']}")
        assert (told["status"], told["numberOfItems"], told["failureReasonType"]) == ("failed", 0, "canceled_by_user")
        assert {each["exportStatus"] for each in await app.dump("entries")} == {"NOT_EXPORTED"}

    async def test_nothing_moves_out_once_the_export_began(self, app: Pleo) -> None:
        entry = await app.person("entries")
        job = await app.person("export-jobs")
        await app.event(job["id"], "started")
        await edit(app, "entries", entry["id"], queued=False)
        assert app.control_status == 409

    async def test_an_ended_job_is_not_taken_back(self, app: Pleo) -> None:
        await app.person("entries")
        job = await app.person("export-jobs")
        await app.event(job["id"], "failed", failureReasonType="service_unreachable")
        await edit(app, "export-jobs", job["id"], cancel=True)
        assert app.control_status == 409

    @pytest.mark.parametrize("wish", [{"colour": "red"}, {"receipts": ["text/plain"]}])
    async def test_an_entry_of_unknown_words_is_refused(self, app: Pleo, wish: dict[str, Any]) -> None:
        await app.person("entries", **wish)
        assert app.control_status == 400

    async def test_an_account_is_renamed_and_a_vendor_made_by_a_person(self, app: Pleo) -> None:
        row = await app.account("5000")
        assert (await edit(app, "accounts", row["id"], name="Rejser"))["name"] == "Rejser"
        assert (await app.get(f"/v1/chart-of-accounts/{row['id']}"))["code"] == "5000"


class TestQueueing:
    """Which entries can be exported."""

    async def test_only_settled_entries_are_exported(self, app: Pleo) -> None:
        entry = await app.person("entries", settled=False)
        body = {"companyId": app.company, "accountingEntryIds": [entry["id"]]}
        assert refused(await app.do("POST", "/v3/export-jobs", body)) == (400, "VALIDATION_FAILED")
        await edit(app, "entries", entry["id"], settled=True)
        made = await app.make("/v3/export-jobs", **body)
        assert (made["status"], made["numberOfItems"], made["expiresIn"]) == ("pending", 1, 3600)

    async def test_an_entry_named_twice_is_exported_once(self, app: Pleo) -> None:
        entry = await app.person("entries")
        ids = [entry["id"]] * 2
        made = await app.make("/v3/export-jobs", companyId=app.company, accountingEntryIds=ids)
        assert made["numberOfItems"] == 1

    @pytest.mark.parametrize("ids", [[], ["x"], "x", [ZERO]])
    async def test_a_job_of_nothing_or_of_unknown_entries_is_refused(self, app: Pleo, ids: Any) -> None:
        answer = await app.do("POST", "/v3/export-jobs", {"companyId": app.company, "accountingEntryIds": ids})
        wanted = (404, "EXPORT_ENTRY_NOT_FOUND") if ids == [ZERO] else (400, "VALIDATION_FAILED")
        assert refused(answer) == wanted

    async def test_a_result_that_pleo_lost_the_entry_of_is_an_error(self, app: Pleo) -> None:
        entries = [await app.person("entries") for _ in range(2)]
        job = await app.person("export-jobs")
        await app.config(lost_entries=[entries[0]["id"]])
        await app.event(job["id"], "started")
        told = [{"accountingEntryId": each["id"], "status": "successful"} for each in entries]
        answer = (await app.results(job["id"], *told)).json
        assert [each["accountingEntryId"] for each in answer["data"]] == [entries[1]["id"]]
        assert answer["errors"][0]["type"] == "ACCOUNTING_ENTRY_DOES_NOT_EXIST"

    async def test_a_result_of_another_job_or_of_no_known_kind_changes_nothing(self, app: Pleo) -> None:
        entry = await app.person("entries")
        job = await app.person("export-jobs")
        await app.event(job["id"], "started")
        good = {"accountingEntryId": entry["id"], "status": "successful"}
        for wrong in ({"exportJobId": ZERO}, {"status": "done"}, {"failureReasonType": "bad_luck"}, {"x": 1}):
            assert refused(await app.results(job["id"], good, {**good, **wrong})) == (400, "VALIDATION_FAILED")
        assert [each["status"] for each in await app.dump("export-job-items")] == ["pending"]


class TestItems:
    """What an export shows."""

    async def test_a_reimbursement_names_what_it_settles(self, app: Pleo) -> None:
        paid = await app.person("entries", family="OUT_OF_POCKET")
        found = await item(app, family="REIMBURSEMENT", settles=[paid["reconciliationId"]])
        assert found["additionalInformation"]["reconciledEntries"] == [paid["reconciliationId"]]

    async def test_an_invoice_tells_its_number_and_its_vendor_only_with_vendor_bookkeeping(self, app: Pleo) -> None:
        await app.person("vendors", name="Grossisten", code="L-1")
        invoice = {"number": "F-1", "date": "2026-01-05T00:00:00.000Z", "due": "2026-02-05T00:00:00.000Z"}
        wish = {"family": "BILL_INVOICE", "vendor": "L-1", "invoice": invoice}
        found = await item(app, True, **wish)
        assert found["type"] == "invoice"
        assert found["additionalInformation"]["invoiceInformation"]["invoiceNumber"] == "F-1"
        assert (found["vendor"]["code"], found["bookkeeping"]["method"]) == ("L-1", "accounts_payable")
        await edit(app, "export-jobs", (await app.dump("export-jobs"))[0]["id"], cancel=True)
        plain = await item(app, **wish)
        assert (plain["vendor"], plain["bookkeeping"]["method"]) == (None, "journal")

    async def test_a_wallet_load_is_always_a_journal_entry(self, app: Pleo) -> None:
        await app.person("vendors", name="Banken", code="L-1")
        found = await item(app, True, family="WALLET", subFamily="LOAD", vendor="L-1")
        assert found["bookkeeping"]["method"] == "journal"

    async def test_reverse_charge_is_no_part_of_the_amount(self, app: Pleo) -> None:
        await app.person("tax-codes", code="R", name="Omvendt", rate=0.25, type="reverse")
        (line,) = (await item(app, amount=10_000, tax="R"))["accountingEntryLines"]
        assert line["tax"]["amount"]["inWalletCurrency"]["value"] == 0
        assert line["netAmount"] == line["lineAmount"]

    async def test_a_tag_that_nobody_knew_is_the_zero_uuid_without_a_code(self, app: Pleo) -> None:
        await app.person("tag-groups", code="P", name="Projekt")
        found = await item(app, tags={"P": "zero"})
        assert found["accountingEntryLines"][0]["tags"] == [{"id": ZERO, "code": "", "groupCode": "P"}]

    async def test_lines_have_accounts_and_tags_of_their_own(self, app: Pleo) -> None:
        lines = [{"amount": 1, "category": "4010"}, {"amount": 2, "category": "4020"}]
        found = (await item(app, amount=3, split=lines))["accountingEntryLines"]
        assert [each["account"]["code"] for each in found] == ["4010", "4020"]
        assert [each["lineAmount"]["inWalletCurrency"]["value"] for each in found] == [1, 2]

    @pytest.mark.parametrize(("amount", "rate", "shown"), [(1, "0.5", 1), (99, "7.4612", 739), (-1, "0.5", -1)])
    async def test_a_foreign_amount_is_rounded_half_up(self, app: Pleo, amount: int, rate: str, shown: int) -> None:
        found = await item(app, amount=amount, currency="EUR", rate=rate)
        assert found["amount"]["inWalletCurrency"] == {"currency": "DKK", "value": shown}

    async def test_parts_that_cancel_out_are_still_shown(self, app: Pleo) -> None:
        found = await item(app, amount=0, split=[{"amount": 100}, {"amount": -100}], currency="EUR", rate="7.46")
        assert sum(each["lineAmount"]["inWalletCurrency"]["value"] for each in found["accountingEntryLines"]) == 0

    async def test_any_type_can_come(self, app: Pleo) -> None:
        assert (await item(app, type="chargeback"))["type"] == "chargeback"

    async def test_a_large_file_has_the_size_that_is_told(self, app: Pleo) -> None:
        entry = await app.person("entries", receipts=0)
        await edit(app, "entries", entry["id"], receipt="application/pdf", size=3_000_000)
        await edit(app, "entries", entry["id"], receipt="image/jpeg", size=2_000)
        job = await app.person("export-jobs")
        files = (await app.items(job["id"]))[0]["files"]
        assert [each["size"] >= size for each, size in zip(files, (3_000_000, 2_000), strict=True)] == [True, True]
        for each in files:
            assert len((await app.do("GET", each["url"])).body) == each["size"]

    @pytest.mark.parametrize("status", [404, 500])
    async def test_a_file_can_fail(self, app: Pleo, status: int) -> None:
        found = await item(app)
        fault = {"kind": "status", "status": status, "match": {"path_regex": "^/files/"}}
        await app.control("POST", "/faults", fault)
        assert (await app.do("GET", found["files"][0]["url"])).status == status
        assert (await app.do("GET", found["files"][0]["url"])).status == 200


class TestTheSeed:
    """A company of its own making."""

    async def test_accounts_tags_tax_codes_and_currency_are_chosen_before_a_reset(self, app: Pleo) -> None:
        await app.config(
            accounts=[{"code": "6110", "name": "Kørsel"}],
            tags={"AFDELING": {"SALG": "Salg", "ADM": "Administration"}},
            tax_codes={"M25": "0.25"},
            currency="ISK",
            entries=40,
        )
        await app.control("POST", "/reset", {})
        assert [each["code"] for each in await app.dump("accounts")] == ["6110"]
        assert [each["code"] for each in await app.dump("tags")] == ["SALG", "ADM"]
        entries = await app.dump("entries")
        assert len(entries) == 40
        assert {each["transactionWalletValue"]["currency"] for each in entries} == {"ISK"}
        assert any(each["tags"] and each["taxCodeId"] for each in entries)

    async def test_an_empty_chart_of_accounts_is_possible(self, app: Pleo) -> None:
        await app.config(accounts=[], entries=3)
        await app.control("POST", "/reset", {})
        assert await app.dump("accounts") == []
        assert {each["accountId"] for each in await app.dump("entries")} == {None}

    async def test_two_hundred_entries_hold_all_that_hurts(self) -> None:
        async with pleo(records=200) as app:
            entries = await app.dump("entries")
        families = {each["family"] for each in entries}
        assert families >= {
            *("CARD_PURCHASE", "OUT_OF_POCKET", "MILEAGE", "PER_DIEM", "REIMBURSEMENT", "WALLET", "CASHBACK"),
            *("BILL_INVOICE", "BILL_INVOICE_PAYMENT", "CREDIT_NOTE", "PLEO_INVOICE", "BALANCE_AMENDMENT"),
        }
        known = {each["reconciliationId"]: each["_wallet"] for each in entries}
        settling = [each for each in entries if each["_settles"]]
        assert settling
        assert all(each["_wallet"] == sum(known[one] for one in each["_settles"]) for each in settling)
        assert {1, -1} & {each["_wallet"] for each in entries}
        assert {"ISK", "JPY", "EUR"} <= {each["transactionValue"]["currency"] for each in entries}
        assert any(each["accountId"] == ZERO for each in entries)
        assert {"PENDING", "COMPLETED", "DRAFT"} <= {each["status"] for each in entries}
