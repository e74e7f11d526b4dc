"""Alternate keys of a simulated Dataverse, and messages that write many rows at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
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


async def bulk(crm: Dynamics, message: str, rows: Any, entity_set: str = "accounts") -> Any:
    return await crm.do("POST", f"{entity_set}/Microsoft.Dynamics.CRM.{message}", {"Targets": rows})


async def key_on(crm: Dynamics, *columns: str, name: str = "new_key") -> Any:
    body = {"SchemaName": name, "KeyAttributes": list(columns)}
    return await crm.do("POST", "EntityDefinitions(LogicalName='account')/Keys", body)


class TestAlternateKeys:
    """Keys made by a client."""

    async def test_stock_tables_have_none(self, crm: Dynamics) -> None:
        assert (await crm.get("EntityDefinitions(LogicalName='account')/Keys"))["value"] == []
        assert (await crm.do("PATCH", "accounts(accountnumber='1')", {"name": "A"})).status == 400

    async def test_rows_are_upserted_and_read_by_a_key(self, crm: Dynamics) -> None:
        assert (await key_on(crm, "accountnumber")).status == 204
        path = "accounts(accountnumber='K 1')"
        assert (await crm.do("PATCH", path, {"name": "A"}, **SHOW)).status == 201
        assert (await crm.do("PATCH", path, {"name": "B"}, **SHOW)).status == 200
        row = await crm.get(path)
        assert (row["name"], row["accountnumber"]) == ("B", "K 1")
        child = await crm.make("contacts", lastname="Bo", **{"parentcustomerid_account@odata.bind": f"/{path}"})
        assert (await crm.get(f"contacts({child})"))["_parentcustomerid_value"] == row["accountid"]
        assert (await crm.do("GET", "accounts(accountnumber='K 2')")).status == 404
        assert (await crm.do("PATCH", "accounts(accountnumber='K 2')", {"name": "A"}, If_Match="*")).status == 404

    async def test_a_key_is_unique(self, crm: Dynamics) -> None:
        await key_on(crm, "accountnumber")
        await crm.make("accounts", accountnumber="k1")
        other = await crm.make("accounts", name="uden nummer")
        await crm.make("accounts", name="heller intet nummer")
        assert (await crm.do("POST", "accounts", {"accountnumber": "K1"})).refused == (412, "0x80040237")
        assert (await crm.change("accounts", other, accountnumber="k1")).refused == (412, "0x80040237")

    async def test_key_columns_are_not_repeated_in_the_body(self, crm: Dynamics) -> None:
        await key_on(crm, "accountnumber")
        body = {"name": "A", "accountnumber": "1"}
        assert (await crm.do("PATCH", "accounts(accountnumber='1')", body)).status == 400
        await crm.make("accounts", accountnumber="1")
        assert (await crm.do("PATCH", "accounts(accountnumber='1')", body)).status == 400

    @pytest.mark.parametrize("value", ["a/b", "a<b", "a*b", "a%25b", "a%26b", "a:b", "a?b", "a%2Bb", "a\\b"])
    async def test_some_characters_cannot_be_in_a_key(self, crm: Dynamics, value: str) -> None:
        await key_on(crm, "accountnumber")
        plain = value.replace("?", "%3F").replace("\\", "%5C").replace("<", "%3C")
        assert (await crm.do("GET", f"accounts(accountnumber='{plain}')")).status == 400

    async def test_a_key_is_built_in_time_and_fails_over_duplicates(self, crm: Dynamics) -> None:
        await crm.config(key_build_seconds=60)
        await crm.make("accounts", accountnumber="1", name="A")
        await crm.make("accounts", accountnumber="2", name="A")

        async def status(name: str) -> str:
            rows = (await crm.get(f"EntityDefinitions(LogicalName='account')/Keys?$filter=SchemaName eq '{name}'"))[
                "value"
            ]
            return str(rows[0]["EntityKeyIndexStatus"])

        await key_on(crm, "accountnumber", name="new_number")
        await key_on(crm, "name", name="new_name")
        assert (await status("new_number"), await status("new_name")) == ("Pending", "Failed")
        assert (await crm.do("GET", "accounts(accountnumber='1')")).status == 400
        crm.clock.advance(60)
        assert await status("new_number") == "Active"
        assert (await crm.do("GET", "accounts(accountnumber='1')")).status == 200
        assert (
            await crm.do("DELETE", "EntityDefinitions(LogicalName='account')/Keys(LogicalName='new_number')")
        ).status == 204
        assert (await crm.do("GET", "accounts(accountnumber='1')")).status == 400

    @pytest.mark.parametrize(
        ("name", "columns"),
        [
            ("key", ["accountnumber"]),
            ("new_key", []),
            ("new_key", ["nothing"]),
            ("new_key", ["description"]),
            ("new_key", ["creditlimit"]),
            ("new_key", ["name", "name"]),
            ("new_key", ["name", "address1_line1", "address1_line2"]),
        ],
    )
    async def test_a_malformed_key_is_refused(self, crm: Dynamics, name: str, columns: list[str]) -> None:
        assert (await key_on(crm, *columns, name=name)).status == 400

    async def test_a_table_has_ten_keys_at_most(self, crm: Dynamics) -> None:
        columns = ["accountnumber", "fax", "telephone1", "telephone2", "telephone3", "tickersymbol", "sic"]
        columns += ["address1_city", "address1_county", "address1_fax", "address1_country"]
        statuses = [(await key_on(crm, one, name=f"new_{one}")).status for one in columns]
        assert statuses == [204] * 10 + [400]

    async def test_the_organization_may_forbid_new_keys(self, crm: Dynamics) -> None:
        await crm.config(alternate_keys_allowed=False)
        assert (await key_on(crm, "accountnumber")).refused == (403, "0x80040220")


class TestBulk:
    """CreateMultiple, UpdateMultiple, UpsertMultiple."""

    async def test_rows_are_made_and_their_ids_answered_in_order(self, crm: Dynamics) -> None:
        answer = await bulk(crm, "CreateMultiple", [{**TYPE, "name": name} for name in ("A", "B")])
        assert answer.status == 200
        for key, name in zip(answer.json["Ids"], ("A", "B"), strict=True):
            assert (await crm.get(f"accounts({key})"))["name"] == name

    async def test_rows_are_changed_by_their_key(self, crm: Dynamics) -> None:
        keys = [await crm.make("accounts", name=name) for name in ("A", "B")]
        rows = [{**TYPE, "accountid": key, "fax": "1"} for key in keys]
        assert (await bulk(crm, "UpdateMultiple", rows)).status == 204
        assert [row["fax"] for row in await crm.rows("accounts")] == ["1", "1"]

    async def test_rows_are_upserted_by_an_alternate_key(self, crm: Dynamics) -> None:
        await key_on(crm, "accountnumber")
        rows = [{**TYPE, "@odata.id": f"accounts(accountnumber='{number}')", "name": "A"} for number in (1, 2)]
        rows += [{**TYPE, "@odata.id": "accounts(accountnumber='1')", "name": "B"}]
        answer = await bulk(crm, "UpsertMultiple", rows)
        assert (answer.status, answer.body) == (204, b"")
        found = await crm.rows("accounts?$orderby=accountnumber")
        assert [(row["accountnumber"], row["name"]) for row in found] == [("1", "B"), ("2", "A")]

    @pytest.mark.parametrize("message", ["CreateMultiple", "UpdateMultiple", "UpsertMultiple"])
    async def test_all_or_nothing(self, crm: Dynamics, message: str) -> None:
        key = await crm.make("accounts", name="A")
        rows = [
            {**TYPE, "accountid": GUID if message == "CreateMultiple" else key, "name": "B"},
            {**TYPE, "accountid": OTHER, "name": "x" * 161},
        ]
        assert (await bulk(crm, message, rows)).status in (400, 404)
        assert [row["name"] for row in await crm.rows("accounts")] == ["A"]

    @pytest.mark.parametrize(
        ("message", "rows"),
        [
            ("CreateMultiple", [{"name": "A"}]),
            ("CreateMultiple", [{"@odata.type": "Microsoft.Dynamics.CRM.contact", "name": "A"}]),
            ("CreateMultiple", []),
            ("CreateMultiple", "A"),
            ("CreateMultiple", [1]),
            ("UpdateMultiple", [{**TYPE, "name": "A"}]),
            ("UpsertMultiple", [{**TYPE, "@odata.id": f"contacts({GUID})", "name": "A"}]),
        ],
    )
    async def test_malformed_targets_are_refused(self, crm: Dynamics, message: str, rows: Any) -> None:
        assert (await bulk(crm, message, rows)).status == 400

    async def test_not_every_table_has_every_message(self, crm: Dynamics) -> None:
        unit = {"@odata.type": "Microsoft.Dynamics.CRM.uom", "name": "A"}
        assert (await bulk(crm, "CreateMultiple", [unit], "uoms")).status == 400
        assert "not yet been implemented" in (await bulk(crm, "DeleteMultiple", [TYPE])).message
        ask = (
            "sdkmessagefilters?$select=sdkmessagefilterid&$filter=sdkmessageid/name eq @message and "
            "primaryobjecttypecode eq @table&@message='CreateMultiple'&@table="
        )
        assert len((await crm.get(ask + "'account'"))["value"]) == 1
        assert (await crm.get(ask + "'uom'"))["value"] == []
        await crm.config(bulk_messages=[])
        assert (await crm.get(ask + "'account'"))["value"] == []
        assert (await bulk(crm, "CreateMultiple", [{**TYPE, "name": "A"}])).status == 400
