"""Writing to a simulated Dataverse: creating, changing, upserting, deleting, lookups, keys, bulk messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.dynamics import Dynamics, dynamics

GUID = "0f0e9d8c-1111-4222-8333-444455556666"
OTHER = "0f0e9d8c-1111-4222-8333-444455557777"
SHOW = {"Prefer": "return=representation"}
TYPE = {"@odata.type": "Microsoft.Dynamics.CRM.account"}


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


class TestCreate:
    """POST of a row."""

    async def test_answers_the_address_of_the_row(self, crm: Dynamics) -> None:
        answer = await crm.do("POST", "accounts", {"name": "A"})
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["OData-EntityId"] == f"{crm.root}accounts({answer.made})"
        assert answer.headers["OData-Version"] == "4.0"

    async def test_answers_the_row_on_request(self, crm: Dynamics) -> None:
        answer = await crm.do("POST", "accounts?$select=name", {"name": "A"}, **SHOW)
        assert answer.status == 201
        assert {"name", "accountid", "@odata.etag"} <= set(answer.json)
        assert "fax" not in answer.json
        assert answer.headers["Preference-Applied"] == "return=representation"

    async def test_the_client_may_choose_the_id(self, crm: Dynamics) -> None:
        assert await crm.make("accounts", accountid=GUID, name="A") == GUID
        assert (await crm.do("POST", "accounts", {"accountid": GUID})).refused == (412, "0x80040237")

    async def test_the_server_fills_in_who_and_when(self, crm: Dynamics) -> None:
        row = (await crm.do("POST", "accounts", {"name": "A"}, **SHOW)).json
        me = (await crm.get("WhoAmI"))["UserId"]
        assert {row[name] for name in ("_ownerid_value", "_createdby_value", "_modifiedby_value")} == {me}
        assert (row["statecode"], row["statuscode"], row["createdon"]) == (0, 1, "2026-11-22T21:30:00Z")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"Name": "A"}, "0x0"),
            ({"nothing": 1}, "0x0"),
            ({"name": 5}, "0x80060888"),
            ({"name": "x" * 161}, "0x80044331"),
            ({"name": "😀" * 81}, "0x80044331"),
            ({"description": "x" * 2001}, "0x80044331"),
            ({"customertypecode": 99}, "0x8004431a"),
            ({"customertypecode": "3"}, "0x80060888"),
            ({"customertypecode": True}, "0x80060888"),
            ({"creditlimit": "100"}, "0x80060888"),
            ({"creditlimit": -1}, "0x80044331"),
            ({"creditlimit": 10**30}, "0x80044331"),
            ({"numberofemployees": 1.5}, "0x80060888"),
            ({"numberofemployees": 2**31}, "0x80044331"),
            ({"creditonhold": "true"}, "0x80060888"),
            ({"accountid": "nonsense"}, "0x80060888"),
            ({"createdon": "2026-01-01T00:00:00Z"}, "0x80060888"),
            ({"statecode": 0}, "0x80060888"),
            ({"statuscode": 2}, "0x80048408"),
            ({"_primarycontactid_value": GUID}, "0x0"),
            ({"primarycontactid": GUID}, "0x0"),
            ({"PrimaryContactId@odata.bind": f"/contacts({GUID})"}, "0x0"),
            ({"primarycontactid@odata.bind": f"/contacts({GUID})"}, "0x80040217"),
            ({"primarycontactid@odata.bind": f"/accounts({GUID})"}, "0x80060888"),
            ({"primarycontactid@odata.bind": "contacts"}, "0x80060888"),
            ({"primarycontactid@odata.bind": 5}, "0x80060888"),
            ({"transactioncurrencyid@odata.bind": "/transactioncurrencies(isocurrencycode='DKK')"}, "0x80060888"),
            ({"@odata.type": "Microsoft.Dynamics.CRM.contact", "name": "A"}, "0x80060888"),
            ({"contact_customer_accounts": [1]}, "0x80060888"),
            ([], "0x80060888"),
            ("A", "0x80060888"),
        ],
    )
    async def test_refuses_what_the_table_does_not_take(self, crm: Dynamics, body: Any, code: str) -> None:
        answer = await crm.do("POST", "accounts", body)
        assert answer.code == code
        assert answer.status == (404 if code == "0x80040217" else 400)
        assert await crm.rows("accounts") == []

    async def test_takes_texts_at_the_limit(self, crm: Dynamics) -> None:
        await crm.make("accounts", name="😀" * 80, description="æ" * 2000, accountnumber="1" * 20)

    async def test_an_empty_text_is_nothing(self, crm: Dynamics) -> None:
        row = (await crm.do("POST", "accounts", {"name": "A", "fax": ""}, **SHOW)).json
        assert row["fax"] is None

    @pytest.mark.parametrize(
        ("body", "headers", "status"),
        [
            (b'{"name": "A"', {}, 400),
            (b"", {}, 400),
            (b'{"name": "\xff"}', {}, 400),
            (b'{"name": "A"}', {"Content_Type": "text/plain"}, 415),
            (b"name=A", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ],
    )
    async def test_refuses_a_body_that_is_no_json(
        self, crm: Dynamics, body: bytes, headers: dict[str, str], status: int
    ) -> None:
        assert (await crm.do("POST", "accounts", body, **headers)).status == status

    async def test_a_read_only_column_may_be_passed_over_by_a_knob(self, crm: Dynamics) -> None:
        await crm.config(read_only_columns="ignore")
        row = (await crm.do("POST", "accounts", {"createdon": "2020-01-01T00:00:00Z"}, **SHOW)).json
        assert row["createdon"] == "2026-11-22T21:30:00Z"

    async def test_recommended_columns_bind_by_a_knob_only(self, crm: Dynamics) -> None:
        await crm.make("accounts", fax="1")
        await crm.config(require_recommended=True)
        assert (await crm.do("POST", "accounts", {"fax": "1"})).refused == (400, "0x80040203")

    async def test_nested_rows_are_made_along(self, crm: Dynamics) -> None:
        people = [{"lastname": "Bo"}, {"lastname": "Ask"}]
        key = await crm.make("accounts", primarycontactid={"lastname": "Cai"}, contact_customer_accounts=people)
        row = await crm.get(f"accounts({key})?$expand=primarycontactid,contact_customer_accounts($orderby=fullname)")
        assert row["primarycontactid"]["fullname"] == "Cai"
        assert [one["fullname"] for one in row["contact_customer_accounts"]] == ["Ask", "Bo"]

    async def test_a_refused_nested_row_leaves_nothing_behind(self, crm: Dynamics) -> None:
        body = {"primarycontactid": {"lastname": "Cai"}, "contact_customer_accounts": [{"lastname": "x" * 51}]}
        assert (await crm.do("POST", "accounts", body)).status == 400
        assert await crm.rows("accounts") == []
        assert await crm.rows("contacts") == []

    async def test_dates_and_instants_are_told_apart(self, crm: Dynamics) -> None:
        for name, value, status in [
            ("birthdate", "2000-02-29", 204),
            ("birthdate", "2001-02-29", 400),
            ("birthdate", "2000-02-29T00:00:00Z", 400),
            ("overriddencreatedon", "2000-02-29T12:00:00+01:00", 204),
            ("overriddencreatedon", "2000-02-29T12:00:00", 400),
            ("overriddencreatedon", "2000-02-29", 400),
        ]:
            assert (await crm.do("POST", "contacts", {name: value})).status == status, (name, value)
        old = await crm.rows("contacts?$filter=createdon lt 2001-01-01T00:00:00Z")
        assert old[0]["createdon"] == "2000-02-29T11:00:00Z"

    async def test_money_is_rounded_and_kept_in_the_organizations_currency_too(self, crm: Dynamics) -> None:
        euro = await crm.currency("EUR")
        bound = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({euro})"}
        row = (await crm.do("POST", "accounts", {"creditlimit": Decimal("100.005"), **bound}, **SHOW)).json
        assert (row["creditlimit"], row["creditlimit_base"]) == (Decimal("100.01"), Decimal("746.07"))
        assert row["exchangerate"] == Decimal("0.1340482574")
        changed = await crm.do("PATCH", f"accounts({row['accountid']})", {"creditlimit": None}, **SHOW)
        assert (changed.json["creditlimit"], changed.json["creditlimit_base"]) == (None, None)
        plain = (await crm.do("POST", "accounts", {"creditlimit": 5}, **SHOW)).json
        assert plain["_transactioncurrencyid_value"] == await crm.currency("DKK")


class TestChange:
    """PATCH, PUT and DELETE of parts."""

    async def test_changes_only_what_is_named(self, crm: Dynamics) -> None:
        key = await crm.make("accounts", name="A", fax="1")
        before = await crm.get(f"accounts({key})")
        crm.clock.advance(5)
        answer = await crm.change("accounts", key, name="B")
        after = await crm.get(f"accounts({key})")
        assert (answer.status, answer.body) == (204, b"")
        assert (after["name"], after["fax"]) == ("B", "1")
        assert after["modifiedon"] == "2026-11-22T21:30:05Z"
        assert after["versionnumber"] > before["versionnumber"]

    async def test_without_if_match_an_unknown_row_is_made(self, crm: Dynamics) -> None:
        assert (await crm.do("PATCH", f"accounts({GUID})", {"name": "A"})).status == 204
        assert (await crm.get(f"accounts({GUID})"))["name"] == "A"
        assert (await crm.do("PATCH", f"accounts({OTHER})", {"name": "A"}, If_Match="*")).refused == (404, "0x80040217")
        assert (await crm.do("PATCH", f"accounts({GUID})", {"name": "B"}, **SHOW)).status == 200
        assert (await crm.do("PATCH", f"accounts({OTHER})", {"name": "B"}, **SHOW)).status == 201

    async def test_if_none_match_only_creates(self, crm: Dynamics) -> None:
        for status in (204, 412):
            answer = await crm.do("PATCH", f"accounts({GUID})", {"name": "A"}, If_None_Match="*")
            assert answer.status == status
        assert (await crm.do("PATCH", f"accounts({GUID})", {"name": "B"}, If_None_Match="null")).status == 204

    async def test_a_stale_etag_is_refused_and_a_fitting_one_taken(self, crm: Dynamics) -> None:
        key = await crm.make("accounts", name="A")
        etag = (await crm.get(f"accounts({key})"))["@odata.etag"]
        assert (await crm.do("PATCH", f"accounts({key})", {"name": "B"}, If_Match=etag)).status == 204
        for method, path, body in (
            ("PATCH", f"accounts({key})", {"name": "C"}),
            ("PUT", f"accounts({key})/name", {"value": "C"}),
            ("DELETE", f"accounts({key})/fax", None),
            ("DELETE", f"accounts({key})", None),
        ):
            assert (await crm.do(method, path, body, If_Match=etag)).refused == (412, "0x80060882")
        assert (await crm.get(f"accounts({key})"))["name"] == "B"

    @pytest.mark.parametrize(
        "body",
        [
            {"accountid": OTHER},
            {"overriddencreatedon": "2020-01-01T00:00:00Z"},
            {"modifiedon": "2020-01-01T00:00:00Z"},
            {"primarycontactid": {"lastname": "Bo"}},
            {"contact_customer_accounts": []},
            {"statecode": 5},
            {"statecode": None},
            {"statecode": 1, "statuscode": 1},
        ],
    )
    async def test_refuses_what_cannot_be_changed(self, crm: Dynamics, body: dict[str, Any]) -> None:
        key = await crm.make("accounts", name="A")
        assert (await crm.change("accounts", key, **body)).status == 400

    async def test_state_and_status_go_together(self, crm: Dynamics) -> None:
        key = await crm.make("accounts", name="A")
        assert (await crm.change("accounts", key, statecode=1)).status == 204
        row = await crm.get(f"accounts({key})")
        assert (row["statecode"], row["statuscode"]) == (1, 2)
        assert (await crm.change("accounts", key, statecode=0, statuscode=1)).status == 204

    async def test_a_system_required_column_cannot_be_emptied(self, crm: Dynamics) -> None:
        key = await crm.make("uomschedules", name="G", baseuomname="stk")
        assert (await crm.change("uomschedules", key, name=None)).refused == (400, "0x80040203")
        assert (await crm.do("POST", "uomschedules", {"baseuomname": "stk"})).refused == (400, "0x80040203")

    async def test_one_column_can_be_put_and_cleared(self, crm: Dynamics) -> None:
        key = await crm.make("accounts", name="A")
        assert (await crm.do("PUT", f"accounts({key})/fax", {"value": "1"})).status == 204
        assert (await crm.get(f"accounts({key})"))["fax"] == "1"
        assert (await crm.do("DELETE", f"accounts({key})/fax")).status == 204
        assert (await crm.get(f"accounts({key})"))["fax"] is None
        assert (await crm.do("PUT", f"accounts({key})/fax", {"fax": "1"})).status == 400
        assert (await crm.do("PUT", f"accounts({key})/nothing", {"value": "1"})).status == 404

    async def test_lookups_are_bound_and_cleared_in_every_way(self, crm: Dynamics) -> None:
        key = await crm.make("accounts", name="A")
        contact = await crm.make("contacts", lastname="Bo")
        place = f"accounts({key})/primarycontactid"

        async def bound() -> Any:
            return (await crm.get(f"accounts({key})"))["_primarycontactid_value"]

        for reference in (f"/contacts({contact})", f"contacts({contact})", f"{crm.root}contacts({contact})"):
            await crm.change("accounts", key, **{"primarycontactid@odata.bind": reference})
            assert await bound() == contact
            assert (await crm.do("DELETE", f"{place}/$ref")).status == 204
            assert await bound() is None
        assert (await crm.do("PUT", f"{place}/$ref", {"@odata.id": f"{crm.root}contacts({contact})"})).status == 204
        assert await bound() == contact
        for body in ({"primarycontactid@odata.bind": None}, {"primarycontactid": None}):
            await crm.change("accounts", key, **{"primarycontactid@odata.bind": f"/contacts({contact})"})
            assert (await crm.change("accounts", key, **body)).status == 204
            assert await bound() is None

    async def test_rows_are_associated_from_the_other_side(self, crm: Dynamics) -> None:
        key, contact = await crm.make("accounts", name="A"), await crm.make("contacts", lastname="Bo")
        place = f"accounts({key})/contact_customer_accounts"
        body = {"@odata.id": f"{crm.root}contacts({contact})"}
        assert (await crm.do("POST", f"{place}/$ref", body)).status == 204
        row = await crm.get(f"contacts({contact})?$expand=parentcustomerid_account($select=name)")
        assert (row["parentcustomerid_account"]["name"], row["_accountid_value"]) == ("A", key)
        assert (await crm.do("DELETE", f"{place}({contact})/$ref")).status == 204
        assert (await crm.get(f"contacts({contact})"))["_parentcustomerid_value"] is None
        wrong = {"@odata.id": f"{crm.root}accounts({key})"}
        assert (await crm.do("POST", f"{place}/$ref", wrong)).status == 400

    async def test_an_owner_may_be_a_user_or_a_team(self, crm: Dynamics) -> None:
        team = (await crm.rows("teams"))[0]["teamid"]
        key = await crm.make("accounts", name="A", **{"ownerid@odata.bind": f"/teams({team})"})
        path = f"accounts({key})?$select=_ownerid_value"
        told = await crm.get(path, Prefer='odata.include-annotations="*"')
        assert told["_ownerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "team"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PATCH", "accounts"),
            ("PUT", f"accounts({GUID})"),
            ("POST", f"accounts({GUID})"),
            ("DELETE", "accounts"),
            ("GET", "$batch"),
        ],
    )
    async def test_a_wrong_verb_is_405(self, crm: Dynamics, method: str, path: str) -> None:
        assert (await crm.do(method, path, {} if method != "GET" else None)).status == 405


class TestDelete:
    """DELETE of rows that others need."""

    async def test_a_deleted_row_is_gone(self, crm: Dynamics) -> None:
        key = await crm.make("accounts", name="A")
        assert (await crm.do("DELETE", f"accounts({key})")).status == 204
        assert (await crm.do("DELETE", f"accounts({key})")).refused == (404, "0x80040217")

    async def test_what_a_document_needs_stays(self, crm: Dynamics) -> None:
        key = await crm.make("accounts", name="A")
        order = await crm.make("salesorders", name="O", **{"customerid_account@odata.bind": f"/accounts({key})"})
        answer = await crm.do("DELETE", f"accounts({key})")
        assert answer.status == 405
        assert answer.code.startswith("0x80048d")
        await crm.do("DELETE", f"salesorders({order})")
        assert (await crm.do("DELETE", f"accounts({key})")).status == 204

    async def test_other_lookups_let_go(self, crm: Dynamics) -> None:
        contact = await crm.make("contacts", lastname="Bo")
        key = await crm.make("accounts", **{"primarycontactid@odata.bind": f"/contacts({contact})"})
        await crm.do("DELETE", f"contacts({contact})")
        assert (await crm.get(f"accounts({key})"))["_primarycontactid_value"] is None


async def test_duplicates_are_detected_only_when_switched_on(crm: Dynamics) -> None:
    await crm.make("accounts", name="A")
    key = await crm.make("accounts", name="a")
    on = {"MSCRM.SuppressDuplicateDetection": "false"}
    assert (await crm.do("POST", "accounts", {"name": "A"}, **on)).refused == (412, "0x80040333")
    assert (await crm.do("PATCH", f"accounts({key})", {"fax": "1"}, **on)).status == 412
    assert (await crm.do("POST", "accounts", {"name": "B"}, **on)).status == 204
