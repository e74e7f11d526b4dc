"""The corrections of 2026-11-29 to the contracts of Dinero and Simply CRM, line by line, over HTTP.

What recordings show of invoices line by line is replayed in test_simply_crm_invoice_recordings.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.books import CONTACT, LINE
from tests.simulators.test_foreign_clients_nordic import Vtiger
from tests.simulators.web import Web, sign_in_to_dinero, web


@pytest.fixture
async def dinero() -> AsyncIterator[Web]:
    async with web("dinero") as client:
        await sign_in_to_dinero(client)
        yield client


@pytest.fixture
async def crm() -> AsyncIterator[Vtiger]:
    async with web("simply_crm") as running:
        client = Vtiger(running)
        await client.login()
        yield client


async def draft(dinero: Web, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    """{Guid, TimeStamp} of an invoice of a new contact."""
    contact = (await dinero.post("/contacts", CONTACT))["ContactGuid"]
    body = {"ContactGuid": contact, "ProductLines": [{**LINE, **line} for line in lines or ({},)], **values}
    return dict(await dinero.post("/invoices", body))


async def booked(dinero: Web, *lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A booked invoice."""
    made = await draft(dinero, *lines, **values)
    return dict(await dinero.post(f"/invoices/{made['Guid']}/book", {"Timestamp": made["TimeStamp"]}))


async def paid(dinero: Web, guid: str) -> dict[str, Any]:
    """The payments of an invoice."""
    place = f"{dinero.running.url}/v2/{dinero.known['organization_id']}/invoices/{guid}/payments"
    return dict((await dinero.send("GET", place)).json)


class TestDineroBodies:
    """Names in JSON bodies."""

    async def test_names_match_whatever_their_case_in_lines_too(self, dinero: Web) -> None:
        contact = (await dinero.post("/contacts", {name.upper(): value for name, value in CONTACT.items()}))[
            "ContactGuid"
        ]
        line = {name.lower(): value for name, value in LINE.items()}
        made = await dinero.post("/invoices", {"CONTACTGUID": contact, "productlines": [line]})
        read = await dinero.get(f"/invoices/{made['Guid']}")
        assert (read["ContactGuid"], read["ProductLines"][0]["Quantity"]) == (contact, 1)

    async def test_the_timestamp_as_it_was_read_satisfies_a_put(self, dinero: Web) -> None:
        made = await draft(dinero)
        read = await dinero.get(f"/invoices/{made['Guid']}")
        assert "TimeStamp" in read
        assert "Timestamp" not in read
        place = f"{dinero.running.url}/v1.2/{dinero.known['organization_id']}/invoices/{made['Guid']}"
        assert (await dinero.send("PUT", place, json=read)).status == 200
        assert (await dinero.send("PUT", place, json=read)).json["code"] == 58

    async def test_unknown_fields_are_dropped_silently(self, dinero: Web) -> None:
        made = await dinero.post("/contacts", {**CONTACT, "Cvr": "12345674"})
        assert (await dinero.get(f"/contacts/{made['ContactGuid']}"))["VatNumber"] is None

    @pytest.mark.parametrize("changed", [{"Cvr": "1"}, {"ZipCode": 8000}, {"UseCvr": None}])
    async def test_a_knob_makes_bodies_strict(self, dinero: Web, changed: dict[str, Any]) -> None:
        await dinero.config(strict_bodies=True)
        answer = await dinero.send("POST", "/contacts", json={**CONTACT, **changed})
        assert (answer.status, list(answer.json["validationErrors"])) == (400, list(changed))

    async def test_a_knob_takes_older_versions_of_an_endpoint_away(self, dinero: Web) -> None:
        made = await draft(dinero)
        read = await dinero.get(f"/invoices/{made['Guid']}")
        await dinero.put(f"/invoices/{made['Guid']}", read)
        await dinero.config(old_versions=False)
        assert (await dinero.send("PUT", f"/invoices/{made['Guid']}", json=read)).status == 404

    @pytest.mark.parametrize(
        ("since", "found"),
        [
            ("2026-11-22", 1),
            ("2026-11-22T21:30:00.000Z", 1),
            ("2026-11-22T22:30:00+01:00", 1),
            ("2026-11-22T21:30:01", 0),
            ("2026-11-23", 0),
        ],
    )
    async def test_changes_are_asked_for_by_a_day_or_any_instant(self, dinero: Web, since: str, found: int) -> None:
        await dinero.post("/contacts", CONTACT)
        assert len((await dinero.get("/contacts", changesSince=since))["Collection"]) == found


class TestDineroSignIn:
    """The personal password grant."""

    async def test_a_grant_without_scope_is_answered_and_may_write(self) -> None:
        async with web("dinero") as dinero:
            answer = await sign_in_to_dinero(dinero)
            assert (answer.status, answer.json["scope"]) == (200, "read write")
            assert (await dinero.post("/contacts", CONTACT))["ContactGuid"]

    async def test_a_grant_with_scope_read_does_not_write(self) -> None:
        async with web("dinero") as dinero:
            assert (await sign_in_to_dinero(dinero, scope="read")).json["scope"] == "read"
            assert (await dinero.send("POST", "/contacts", json=CONTACT)).status == 403


class TestDineroAmounts:
    """What amounts mean, where nobody knows."""

    async def test_lines_shown_with_vat_have_it_in_their_amounts(self, dinero: Web) -> None:
        totals = []
        for shown in (False, True):
            made = await draft(dinero, {"BaseAmountValue": 125}, ShowLinesInclVat=shown)
            read = await dinero.get(f"/invoices/{made['Guid']}")
            totals.append((read["TotalExclVat"], read["TotalInclVat"]))
        assert totals == [(125, 156.25), (100, 125)]

    @pytest.mark.parametrize(("knob", "told"), [("voucher", 100), ("dkk", 750)])
    async def test_the_paid_amount_of_a_foreign_invoice_is_in_either_currency(
        self, dinero: Web, knob: str, told: int
    ) -> None:
        await dinero.config(paid_amount=knob)
        made = await booked(dinero, {"AccountNumber": 1050}, Currency="EUR")
        body = {"Timestamp": made["TimeStamp"], "DepositAccountNumber": 55000, "RemainderIsFee": False}
        body |= {"Description": "Betalt", "Amount": 750, "AmountInForeignCurrency": 100}
        await dinero.post(f"/invoices/{made['Guid']}/payments", body)
        read = await paid(dinero, made["Guid"])
        assert (read["PaidAmount"], read["RemainingAmount"]) == (told, 0)

    @pytest.mark.parametrize(("knob", "told"), [(True, 125), (False, 0)])
    async def test_a_settled_credit_note_is_inside_what_was_paid_or_not(
        self, dinero: Web, knob: bool, told: int
    ) -> None:
        await dinero.config(settled_is_paid=knob)
        made = await booked(dinero)
        note = await dinero.post(f"/invoices/{made['Guid']}/generate-creditnote", {"Timestamp": made["TimeStamp"]})
        await dinero.post(f"/sales/creditnotes/{note['Guid']}/book", {"Timestamp": note["TimeStamp"]})
        read = await paid(dinero, made["Guid"])
        assert (read["PaidAmount"], read["RemainingAmount"]) == (told, 0)

    @pytest.mark.parametrize(("knob", "status"), [("accept", 200), ("refuse", 400)])
    async def test_an_invoice_below_zero_is_booked_or_refused(self, dinero: Web, knob: str, status: int) -> None:
        await dinero.config(negative_invoices=knob)
        made = await draft(dinero, {"BaseAmountValue": -100})
        answer = await dinero.send("POST", f"/invoices/{made['Guid']}/book", json={"Timestamp": made["TimeStamp"]})
        assert answer.status == status


class TestSimplyCrm:
    """What a second laboratory run measured."""

    async def _owned(self, crm: Vtiger, module: str, **element: Any) -> dict[str, Any]:
        body = {"assigned_user_id": crm.user, **element}
        return dict(await crm.post("create", elementType=module, element=body))

    async def _invoice(self, crm: Vtiger) -> tuple[str, list[str]]:
        """An invoice of two lines in euro, and its products."""
        account = (await self._owned(crm, "Accounts", accountname="Kunde"))["id"]
        goods = [(await self._owned(crm, "Products", productname=name))["id"] for name in ("Første", "Sidste")]
        lines = [{"productid": each, "quantity": "1", "listprice": "100"} for each in goods]
        header = {"subject": "F", "account_id": account, "bill_street": "x", "ship_street": "x", "productid": goods[0]}
        header |= {"hdnTaxType": "group", "currency_id": "21x2", "conversion_rate": "0.134", "LineItems": lines}
        return (await self._owned(crm, "Invoice", **header))["id"], goods

    async def test_the_header_row_of_a_query_shows_the_last_line(self, crm: Vtiger) -> None:
        made, goods = await self._invoice(crm)
        (row,) = await crm.get("query", query=f"select * from Invoice where id='{made}';")
        assert row["productid"] == goods[1]

    async def test_writing_part_of_an_invoice_changes_its_rate(self, crm: Vtiger) -> None:
        made, _ = await self._invoice(crm)
        before = (await crm.get("retrieve", id=made))["conversion_rate"]
        await crm.post("revise", element={"id": made, "invoicestatus": "Sent"})
        after = (await crm.get("retrieve", id=made))["conversion_rate"]
        assert (before, after) == ("0.134", "1.000")

    async def test_a_moment_with_a_t_finds_what_the_same_with_a_blank_finds(self, crm: Vtiger) -> None:
        made = await self._owned(crm, "Accounts", accountname="Kunde")
        for joint in ("T", " "):
            query = "select id from Accounts where modifiedtime {} '2026-11-22{}21:30:00';"
            assert await crm.get("query", query=query.format(">=", joint)) == [{"id": made["id"]}]
            assert await crm.get("query", query=query.format(">", joint)) == []

    async def test_related_types_are_keyed_by_label_and_is_entity_is_a_text(self, crm: Vtiger) -> None:
        told = await crm.get("relatedtypes", elementType="Accounts")
        assert told["information"]["Sales Order"] == {"name": "SalesOrder", "label": "Sales Order", "isEntity": "1"}
        assert "SalesOrder" in told["types"]

    async def test_a_relation_that_is_none_is_an_unknown_entity(self, crm: Vtiger) -> None:
        account = (await self._owned(crm, "Accounts", accountname="Kunde"))["id"]
        for given in ({"relatedLabel": "SalesOrder", "relatedType": "SalesOrder"}, {"relatedLabel": "Sales Order"}):
            asked = {"operation": "retrieve_related", "id": account, "relatedType": "Contacts", **given}
            text = "&".join(f"{name}={value}" for name, value in asked.items())
            answer = await crm.crm.send("GET", f"/webservice.php?{text}&sessionName={crm.session}")
            assert answer.json["error"]["code"] == "UNKOWN_ENTITY"

    async def test_an_extended_session_tells_both_versions(self, crm: Vtiger) -> None:
        told = await crm.post("extendsession")
        assert told == {"sessionName": crm.session, "userId": "19x1", "version": "0.22", "vtigerVersion": "8.0.0"}

    async def test_currency_rates_have_five_decimals(self, crm: Vtiger) -> None:
        rows = await crm.get("query", query="select * from Currency;")
        assert [row["conversion_rate"] for row in rows] == ["1.00000", "0.13400", "1.49300"]

    @pytest.mark.parametrize("module", ["Currency", "Tax", "CompanyDetails", "Groups"])
    async def test_the_id_comes_first_in_reference_data(self, crm: Vtiger, module: str) -> None:
        (row, *_) = await crm.get("query", query=f"select * from {module};")
        assert next(iter(row)) == "id"
        assert next(iter(await crm.get("retrieve", id=row["id"]))) == "id"

    async def test_the_id_comes_last_in_records(self, crm: Vtiger) -> None:
        await self._owned(crm, "Accounts", accountname="Kunde")
        (row,) = await crm.get("query", query="select * from Accounts;")
        assert list(row)[-1] == "id"

    async def test_an_organisations_name_exists_once(self, crm: Vtiger) -> None:
        await self._owned(crm, "Accounts", accountname="Kunde")
        form = {"operation": "create", "sessionName": crm.session, "elementType": "Accounts"}
        element = '{"accountname":"Kunde","assigned_user_id":"19x1"}'
        answer = await crm.crm.send("POST", "/webservice.php", form={**form, "element": element})
        assert answer.json["error"] == {"message": "Duplicate(s) detected!", "code": 0}

    async def test_the_recycle_bin_keeps_the_id(self, crm: Vtiger) -> None:
        made = await self._owned(crm, "Accounts", accountname="Kunde")
        await crm.post("delete", id=made["id"])
        assert (await self._owned(crm, "Accounts", accountname="Anden"))["id"] != made["id"]
        crm.crm.clock.advance(1)
        place = f"{crm.crm.running.control_url}/records/Accounts/{made['id']}"
        assert (await crm.crm.send("PATCH", place, json={"deleted": False})).status == 200
        assert (await crm.get("retrieve", id=made["id"]))["accountname"] == "Kunde"
