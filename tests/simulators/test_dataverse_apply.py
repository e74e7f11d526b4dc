"""Totals by $apply, and the small part of SQL, of a simulated Dataverse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from urllib.parse import quote

import pytest

from tests.simulators.dynamics import Dynamics, dynamics


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        for name, city, worth in (("Ask", "Ribe", 10), ("Birk", "Ribe", 20), ("Ceder", "Skive", 40)):
            await client.make("accounts", name=name, address1_city=city, creditlimit=worth)
        yield client


async def test_rows_are_grouped_and_counted(crm: Dynamics) -> None:
    path = "accounts?$apply=groupby((address1_city),aggregate(creditlimit with sum as worth,$count as n))"
    rows = {row["address1_city"]: row for row in (await crm.get(path))["value"]}
    assert (rows["Ribe"]["worth"], rows["Ribe"]["n"], rows["Skive"]["n"]) == (Decimal(30), 2, 1)


async def test_groups_alone_are_the_distinct_values(crm: Dynamics) -> None:
    rows = (await crm.get("accounts?$apply=groupby((address1_city))"))["value"]
    assert [row["address1_city"] for row in rows] == ["Ribe", "Skive"]


async def test_a_filter_comes_before(crm: Dynamics) -> None:
    chain = "filter(creditlimit gt 10)/aggregate(creditlimit with max as top,creditlimit with average as mean)"
    (row,) = (await crm.get(f"accounts?$apply={chain}"))["value"]
    assert (row["top"], row["mean"]) == (Decimal(40), Decimal(30))


@pytest.mark.parametrize(
    "text",
    [
        "topcount(1,name)",
        "groupby(name)",
        "groupby((nothing))",
        "aggregate(name with magic as x)",
        "filter(name eq 'x')",
    ],
)
async def test_what_it_does_not_know_is_refused(crm: Dynamics, text: str) -> None:
    assert (await crm.do("GET", f"accounts?$apply={text}")).status == 400


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT TOP 2 name FROM account ORDER BY name DESC", ["Ceder", "Birk"]),
        ("SELECT name FROM account WHERE address1_city = 'Ribe' AND creditlimit > 10", ["Birk"]),
        ("SELECT name FROM account WHERE name LIKE 'B%' OR (name IN ('Ask','Ceder'))", ["Ask", "Birk", "Ceder"]),
        ("SELECT name FROM account WHERE name NOT LIKE '%e%' AND fax IS NULL", ["Ask", "Birk"]),
        ("SELECT name FROM account WHERE fax IS NOT NULL", []),
    ],
)
async def test_a_small_part_of_sql_is_understood(crm: Dynamics, sql: str, names: list[str]) -> None:
    rows = (await crm.get(f"accounts?sql={quote(sql)}"))["value"]
    assert [row["name"] for row in rows] == names
    assert all(set(row) == {"@odata.etag", "accountid", "name"} for row in rows)


@pytest.mark.parametrize(
    "sql", ["DELETE FROM account", "SELECT x FROM account", "SELECT name FROM account WHERE name ="]
)
async def test_other_sql_is_refused(crm: Dynamics, sql: str) -> None:
    assert (await crm.do("GET", f"accounts?sql={quote(sql)}")).status == 400
