"""What a simulated Business Central holds and offers: seeds, extensions, gaps, size."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from kobling_simulators import Clock, build
from tests.simulators.central import START, Central, central


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central(60) as client:
        yield client


def dump(seed: int, records: int = 60) -> dict[str, object]:
    simulator = build("business_central", clock=Clock(lambda: START), seed=seed, records=records)
    return {name: simulator.dump(name) for name in simulator.entities()}


def test_equal_seeds_give_equal_worlds_and_others_do_not() -> None:
    assert dump(1) == dump(1)
    assert dump(1)["customers"] != dump(2)["customers"]


def test_it_shares_two_in_five_customers_with_dataverse_and_differs_in_every_fifth_of_them() -> None:
    central_rows = build("business_central", clock=Clock(lambda: START), seed=1, records=200)
    sales = build("dataverse", clock=Clock(lambda: START), seed=1, records=200).dump("accounts")
    ours = [*central_rows.dump("customers"), *central_rows.dump("vendors")]
    mine, theirs = {row["email"] for row in ours}, {row["emailaddress1"] for row in sales}
    assert (len(ours), len(sales)) == (140, 140)
    assert 70 <= len(mine & theirs) <= 85
    names = {row["emailaddress1"]: row["name"] for row in sales}
    changed = [row for row in ours if row["email"] in names and names[row["email"]] != row["displayName"]]
    assert 3 <= len(changed) <= 12


async def rows_of(name: str) -> list[dict[str, object]]:
    simulator = build("business_central", clock=Clock(lambda: START), seed=1, records=300)
    rows: list[dict[str, object]] = simulator.dump(name)
    return rows


async def test_the_seed_is_as_messy_as_life() -> None:
    customers = await rows_of("customers")
    assert {row["blocked"] for row in customers} == {"_x0020_", "All", "Invoice", "Ship"}
    assert any(len(str(row["displayName"])) == 100 for row in customers)
    assert any("😀" in str(row["displayName"]) for row in customers)
    assert any(row["taxRegistrationNumber"] == "" for row in customers)
    assert max(Counter(str(row["email"]) for row in customers).values()) > 1
    stamps = Counter(row["lastModifiedDateTime"] for row in customers)
    assert max(stamps.values()) > 1
    statuses = Counter(row["status"] for row in await rows_of("salesInvoices"))
    assert {"Draft", "Open", "Paid"} <= statuses.keys()


async def test_the_seeded_ledger_balances() -> None:
    assert sum(row["netChange"] for row in await rows_of("accounts")) == 0  # type: ignore[misc]


async def test_reset_brings_the_same_company_back_and_keeps_the_sign_in(bc: Central) -> None:
    before = await bc.rows("customers")
    await bc.make("customers", displayName="Ny")
    await bc.control("POST", "/reset", {})
    assert await bc.rows("customers") == before


async def test_own_api_pages_exist_only_where_the_extension_is_installed(bc: Central) -> None:
    root = bc.company.replace("/api/v2.0/", "/api/kobling/masterdata/v1.0/")
    assert (await bc.get(f"{root}/resources")).status == 404
    await bc.config(extensions="api")
    rows = await bc.rows(f"{root}/resources?$filter=number eq 'R-TIME'")
    assert (rows[0]["unitPrice"], rows[0]["baseUnitOfMeasureCode"]) == (950, "TIME")
    made = await bc.make(f"{root}/resources", number="r-ny", displayName="Ny", baseUnitOfMeasureCode="TIME")
    assert (await bc.patch(f"{root}/resources({made['id']})", {"unitPrice": 5})).json["unitPrice"] == 5
    group = await bc.one(f"{root}/customerPriceGroups?$filter=code eq 'STANDARD'&$expand=salesPrices")
    assert group["salesPrices"]
    assert (await bc.get(f"{root}/salesPrices?$top=1")).rows[0]["salesType"] == "Customer_x0020_Price_x0020_Group"
    assert (await bc.get(f"{root}/customers")).status == 404
    assert (await bc.get("resources")).status == 404


async def test_web_services_name_the_fields_as_the_pages_do(bc: Central) -> None:
    root = f"/v2.0/{bc.known['tenant']}/Production/ODataV4/Company('{bc.known['company']}')"
    assert (await bc.get(f"{root}/Resources")).status == 404
    await bc.config(extensions="odata")
    row = await bc.one(f"{root}/Resources('R-TIME')")
    assert (row["No"], row["Unit_Price"], row["Base_Unit_of_Measure"]) == ("R-TIME", 950, "TIME")
    found = await bc.rows(f"{root}/Resources?$filter=startswith(No,'R-M')&$select=No,Name")
    assert found[0]["Name"] == "Montørtime"
    made = await bc.make(f"{root}/Resources", No="X-1", Name="Ny", Base_Unit_of_Measure="TIME")
    changed = await bc.patch(f"{root}/Resources('X-1')", {"Name": "Nyere"}, made["@odata.etag"])
    assert changed.json["Name"] == "Nyere"
    assert (await bc.post(f"{root}/Resources", {"number": "X-2"})).status == 400
    assert {row["Code"] for row in await bc.rows(f"{root}/CustomerPriceGroups")} >= {"STANDARD", "STORKUNDE"}
    price = (await bc.rows(f"{root}/SalesPrices?$top=1"))[0]
    assert price["Sales_Type"] == "Customer_x0020_Price_x0020_Group"
    key = (
        f"Item_No='{price['Item_No']}',Sales_Type='{price['Sales_Type']}',Sales_Code='{price['Sales_Code']}',"
        f"Starting_Date={price['Starting_Date']},Currency_Code='',Variant_Code='',"
        f"Unit_of_Measure_Code='{price['Unit_of_Measure_Code']}',Minimum_Quantity=0"
    )
    assert (await bc.one(f"{root}/SalesPrices({key})"))["Unit_Price"] == price["Unit_Price"]


async def test_availability_is_read_with_its_own_user_where_basic_is_allowed(bc: Central) -> None:
    pair = f"{bc.known['availability_user']}:{bc.known['availability_key']}"
    basic = "Basic " + b64encode(pair.encode()).decode()
    company = f"Company('{bc.known['company']}')"
    online = f"/v2.0/{bc.known['tenant']}/Production/ODataV4/{company}/ItemAvailability"
    rows = await bc.rows(online)
    assert {"No", "Description", "Inventory", "Base_Unit_of_Measure", "Last_Date_Modified"} <= rows[0].keys()
    assert (await bc.raw("GET", online, Authorization=basic)).status == 401
    await bc.config(basic_auth=True)
    assert (await bc.raw("GET", online, Authorization=basic)).rows == rows
    assert (await bc.raw("GET", "customers", Authorization=basic)).status == 401
    assert (await bc.post(online, {"No": "X"})).status == 400
    await bc.config(basic_auth=False, hosting="on_premises")
    at_home = f"/{bc.known['server_instance']}/ODataV4/{company}/ItemAvailability?$filter=Inventory gt 0"
    assert (await bc.raw("GET", at_home, Authorization=basic)).rows


async def test_a_customised_company_may_lack_an_entity_set_or_a_property(bc: Central) -> None:
    await bc.config(missing=["salespeoplePurchasers", "customers.taxLiable"])
    assert (await bc.get("salespeoplePurchasers")).status == 404
    assert "taxLiable" not in (await bc.rows("customers?$top=1"))[0]
    refused = await bc.post("customers", {"displayName": "x", "taxLiable": True})
    assert refused.status == 400 and "taxLiable" in refused.message
    assert (await bc.get("customers?$select=taxLiable")).status == 400
    assert b"salespeoplePurchasers" not in (await bc.get(f"{bc.root}/$metadata")).content
    assert await bc.make("customers", displayName="x")


async def test_counters_name_operations_without_ids(bc: Central) -> None:
    await bc.control("DELETE", "/counters")
    row = await bc.make("customers", displayName="x")
    await bc.patch(f"customers({row['id']})", {"city": "x"})
    await bc.get(f"customers({row['id']})/customerFinancialDetails")
    operations = (await bc.control("GET", "/counters"))["by_operation"]
    assert {"POST customers", "PATCH customers", "GET customers/customerFinancialDetails"} <= operations.keys()


async def test_a_page_of_a_large_table_is_found_without_walking_the_table(
    bc: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = bc.running.simulator._environment.main.table("customers")  # type: ignore[attr-defined]
    bc.clock.advance(60)
    row = (await bc.rows("customers?$top=1"))[0]
    await bc.patch(f"customers({row['id']})", {"city": "x"})
    seen: list[str] = []
    real = table.value
    monkeypatch.setattr(table, "value", lambda one, name: seen.append(name) or real(one, name))
    for query in (
        "$filter=lastModifiedDateTime gt 2026-11-22T21:30:30Z",
        f"$filter=number eq '{row['number']}'",
        "$top=1&$orderby=lastModifiedDateTime desc",
    ):
        seen.clear()
        assert [one["id"] for one in await bc.rows(f"customers?{query}")] == [row["id"]]
        assert len(seen) <= 2, query
