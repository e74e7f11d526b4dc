"""The export-job protocol of a simulated Pleo, its items and files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.expenses import Pleo, pleo, refused

PDF, PNG = b"%PDF-1.4", b"\x89PNG"


@pytest.fixture
async def app() -> AsyncIterator[Pleo]:
    async with pleo() as client:
        yield client


async def queued(app: Pleo, **wish: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An entry and the job it is queued in."""
    entry = await app.person("entries", **{"category": "4010", "receipts": 1, **wish})
    return entry, await app.person("export-jobs", entries=[entry["id"]])


async def item(app: Pleo, **wish: Any) -> dict[str, Any]:
    _, job = await queued(app, **wish)
    (found,) = await app.items(job["id"])
    return found


def value(money: dict[str, Any]) -> tuple[str, int]:
    return money["inWalletCurrency"]["currency"], money["inWalletCurrency"]["value"]


class TestTheJob:
    """From pending to completed."""

    async def test_it_goes_from_pending_over_started_to_completed_and_the_entry_is_exported(self, app: Pleo) -> None:
        entry, job = await queued(app)
        pending = await app.get(f"/v3/export-jobs?company_id={app.company}&statuses=pending")
        assert [each["id"] for each in pending] == [job["id"]]
        assert (await app.event(job["id"], "started")).status == 202
        told = {"accountingEntryId": entry["id"], "status": "successful", "externalId": "V1"}
        assert (await app.results(job["id"], told)).status == 200
        assert (await app.event(job["id"], "completed")).status == 202
        assert (await app.get(f"/v3/export-jobs/{job['id']}"))["status"] == "completed"
        assert (await app.get(f"/v1/accounting-entries/{entry['id']}"))["exportStatus"] == "EXPORTED"

    async def test_a_failed_item_can_be_exported_again_and_the_job_ends_with_errors(self, app: Pleo) -> None:
        entry, job = await queued(app)
        await app.event(job["id"], "started")
        failed = {"accountingEntryId": entry["id"], "status": "failed", "failureReasonType": "account_unknown"}
        await app.results(job["id"], failed)
        assert refused(await app.event(job["id"], "completed")) == (422, "INVALID_EXPORT_JOB_STATUS_CHANGE")
        assert (await app.event(job["id"], "completed_with_errors")).status == 202
        assert (await app.get(f"/v1/accounting-entries/{entry['id']}"))["exportStatus"] == "NOT_EXPORTED"

    async def test_a_company_runs_one_job_at_a_time(self, app: Pleo) -> None:
        entry, _ = await queued(app)
        body = {"companyId": app.company, "accountingEntryIds": [entry["id"]]}
        assert refused(await app.do("POST", "/v3/export-jobs", body)) == (409, "EXPORT_ALREADY_IN_PROGRESS")

    async def test_results_are_taken_while_it_is_in_progress_only(self, app: Pleo) -> None:
        entry, job = await queued(app)
        told = {"accountingEntryId": entry["id"], "status": "successful"}
        assert refused(await app.results(job["id"], told)) == (422, "EXPORT_JOB_STATUS_UNPROCESSABLE")

    async def test_more_than_a_hundred_results_are_refused(self, app: Pleo) -> None:
        entry, job = await queued(app)
        await app.event(job["id"], "started")
        told = {"accountingEntryId": entry["id"], "status": "successful"}
        assert refused(await app.results(job["id"], *[told] * 101)) == (413, "EXPORT_JOB_ITEMS_UPDATE_LIMIT")

    async def test_a_result_for_an_entry_of_another_job_is_an_error_beside_the_good_ones(self, app: Pleo) -> None:
        entry, job = await queued(app)
        other = await app.person("entries")
        await app.event(job["id"], "started")
        told = [{"accountingEntryId": each["id"], "status": "successful"} for each in (entry, other)]
        answer = (await app.results(job["id"], *told)).json
        assert [each["accountingEntryId"] for each in answer["data"]] == [entry["id"]]
        assert [each["type"] for each in answer["errors"]] == ["ACCOUNTING_ENTRY_DOES_NOT_EXIST"]

    async def test_it_expires_an_hour_after_the_last_action(self, app: Pleo) -> None:
        entry, job = await queued(app)
        app.clock.advance(3000)
        await app.event(job["id"], "started")
        app.clock.advance(3599)
        assert (await app.get(f"/v3/export-jobs/{job['id']}"))["status"] == "in_progress"
        app.clock.advance(1)
        ended = await app.get(f"/v3/export-jobs/{job['id']}")
        assert (ended["status"], ended["failureReasonType"]) == ("failed", "job_expired")
        assert (await app.get(f"/v1/accounting-entries/{entry['id']}"))["exportStatus"] == "NOT_EXPORTED"

    async def test_a_person_takes_it_back(self, app: Pleo) -> None:
        _, job = await queued(app)
        await app.control("PATCH", f"/records/export-jobs/{job['id']}", {"cancel": True})
        ended = await app.get(f"/v3/export-jobs/{job['id']}")
        assert ended["failureReasonType"] == "canceled_by_user"
        assert refused(await app.event(job["id"], "started")) == (422, "INVALID_EXPORT_JOB_STATUS_CHANGE")

    async def test_what_has_no_result_at_the_end_is_abandoned(self, app: Pleo) -> None:
        entry, job = await queued(app)
        await app.event(job["id"], "started")
        await app.event(job["id"], "completed_with_errors")
        (told,) = await app.get(f"/v3/export-jobs/{job['id']}/items")
        assert (told["accountingEntryId"], told["status"]) == (entry["id"], "abandoned")

    @pytest.mark.parametrize("event", ["begun", "", None])
    async def test_an_unknown_event_is_refused(self, app: Pleo, event: Any) -> None:
        _, job = await queued(app)
        assert (await app.event(job["id"], event)).status == 400

    async def test_items_are_shown_until_the_job_ends(self, app: Pleo) -> None:
        _, job = await queued(app)
        assert len(await app.items(job["id"])) == 1
        await app.event(job["id"], "failed", failureReasonType="missing_configuration")
        answer = await app.do("GET", f"/v3/export-items?job_id={job['id']}")
        assert refused(answer) == (422, "EXPORT_JOB_STATUS_UNPROCESSABLE")

    async def test_without_contra_accounts_items_are_refused(self, app: Pleo) -> None:
        _, job = await queued(app)
        await app.config(contra_accounts="none")
        answer = await app.do("GET", f"/v3/export-items?job_id={job['id']}")
        assert refused(answer) == (400, "MISSING_CONTRA_ACCOUNTS")


class TestTheItem:
    """What is to be booked."""

    async def test_it_carries_amount_account_employee_and_reference(self, app: Pleo) -> None:
        found = await item(app, amount=89696, supplier="DSB")
        assert (found["type"], value(found["amount"])) == ("card_purchase", ("DKK", 89696))
        (line,) = found["accountingEntryLines"]
        assert (line["account"]["code"], value(line["lineAmount"])) == ("4010", ("DKK", 89696))
        assert found["user"]["name"] == "Åse Birkholm"
        assert found["supplier"]["name"] == "DSB"
        assert found["additionalInformation"]["reconciliationId"].startswith("PLEO-")

    async def test_a_split_entry_has_lines_that_add_up_to_it(self, app: Pleo) -> None:
        found = await item(app, amount=10001, split=[1, 1, 1], currency="EUR", rate=7.46)
        lines = [value(each["lineAmount"])[1] for each in found["accountingEntryLines"]]
        assert len(lines) == 3
        assert sum(lines) == value(found["amount"])[1] == round(10001 * 7.46)

    async def test_vat_is_part_of_the_amount_and_rounded_half_up(self, app: Pleo) -> None:
        body = {"companyId": app.company, "name": "25 %", "rate": 0.25, "type": "inclusive", "archived": False}
        await app.make("/v0/tax-codes", **body, code="MOMS25")
        found = await item(app, amount=9999, tax="MOMS25")
        (line,) = found["accountingEntryLines"]
        assert value(line["tax"]["amount"]) == ("DKK", 2000)
        assert value(line["netAmount"]) == ("DKK", 7999)

    @pytest.mark.parametrize(("how", "shown"), [("hundredths", 150_000), ("whole", 1_500)])
    async def test_a_currency_without_hundredths_is_counted_as_the_knob_says(
        self, app: Pleo, how: str, shown: int
    ) -> None:
        await app.config(zero_decimal_value=how)
        found = await item(app, amount=1500, currency="ISK", rate=0.05)
        assert found["amount"]["inSupplierCurrency"] == {"currency": "ISK", "value": shown}
        assert value(found["amount"]) == ("DKK", 7500)

    async def test_i_do_not_know_is_the_zero_uuid(self, app: Pleo) -> None:
        found = await item(app, category="zero")
        assert found["accountingEntryLines"][0]["account"]["id"] == "00000000-0000-0000-0000-000000000000"

    @pytest.mark.parametrize(
        ("family", "sub", "amount", "kind", "contra"),
        [
            ("CARD_PURCHASE", "ONLINE", 100, "card_purchase", "Pleo wallet"),
            ("CARD_PURCHASE", "ONLINE", -100, "refund", "Pleo wallet"),
            ("OUT_OF_POCKET", None, 100, "out_of_pocket", "Pleo pocket"),
            ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE", 100, "direct_reimbursement", "Pleo reimbursement"),
            ("WALLET", "LOAD", 100, "wallet_load", "Pleo wallet"),
        ],
    )
    async def test_each_family_has_its_type_and_contra_account(
        self, app: Pleo, family: str, sub: str | None, amount: int, kind: str, contra: str
    ) -> None:
        found = await item(app, family=family, subFamily=sub, amount=amount)
        assert (found["type"], found["contraAccount"]["name"]) == (kind, contra)

    async def test_tags_come_with_the_code_of_their_group(self, app: Pleo) -> None:
        group = await app.make("/v0/tag-groups", code="PROJEKT", name="Projekt", archived=False)
        await app.make(f"/v0/tag-groups/{group['id']}/tags", code="P1", name="Ørestad", archived=False)
        found = await item(app, tags={"PROJEKT": "P1"})
        (tag,) = found["accountingEntryLines"][0]["tags"]
        assert (tag["groupCode"], tag["code"]) == ("PROJEKT", "P1")


class TestFiles:
    """Receipts."""

    async def test_they_are_real_files_of_the_size_that_is_told(self, app: Pleo) -> None:
        found = await item(app, receipts=2)
        answers = [await app.do("GET", each["url"]) for each in found["files"]]
        assert [each.status for each in answers] == [200, 200]
        assert [len(each.body) for each in answers] == [each["size"] for each in found["files"]]
        assert answers[0].body.startswith(PDF)
        assert answers[1].body.startswith(PNG)

    async def test_a_link_is_good_for_a_day_and_a_new_one_is_given(self, app: Pleo) -> None:
        await app.config(job_life=10**6)
        _, job = await queued(app)
        first = (await app.items(job["id"]))[0]["files"][0]["url"]
        app.clock.advance(24 * 3600)
        assert (await app.do("GET", first)).status == 403
        second = (await app.items(job["id"]))[0]["files"][0]["url"]
        assert (await app.do("GET", second)).status == 200

    async def test_a_link_cannot_be_made_up(self, app: Pleo) -> None:
        url = (await item(app))["files"][0]["url"]
        assert (await app.do("GET", url[:-1] + ("0" if url[-1] != "0" else "1"))).status == 403
