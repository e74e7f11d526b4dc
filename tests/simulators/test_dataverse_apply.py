"""$apply of a simulated Dataverse: totals by groups."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

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
