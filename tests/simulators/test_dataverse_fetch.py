"""FetchXML, the query language beside OData, of a simulated Dataverse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

import pytest

from tests.simulators.dynamics import Answer, Dynamics, dynamics


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        for name, city, worth in (("Ask", "Ribe", 10), ("Birk", "Ribe", 20), ("Cedertræ", "Skive", 40)):
            await client.make("accounts", name=name, address1_city=city, creditlimit=worth)
        yield client


async def fetch(crm: Dynamics, entity: str, where: str = "accounts", **attributes: str) -> Answer:
    told = "".join(f" {name}='{text}'" for name, text in attributes.items())
    logical = where.rstrip("s")
    text = f"<fetch{told}><entity name='{logical}'>{entity}</entity></fetch>"
    return await crm.do("GET", f"{where}?fetchXml={quote(text)}")


async def names(crm: Dynamics, entity: str, **attributes: str) -> list[str]:
    answer = await fetch(crm, f"<attribute name='name'/>{entity}", **attributes)
    assert answer.status == 200, answer.body
    return [row["name"] for row in answer.json["value"]]


async def test_it_shows_the_attributes_that_were_asked_for(crm: Dynamics) -> None:
    row = (await fetch(crm, "<attribute name='name'/><attribute name='primarycontactid'/>")).json["value"][0]
    assert set(row) == {"@odata.etag", "accountid", "name", "_primarycontactid_value"}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("attribute='name' operator='eq' value='ask'", ["Ask"]),
        ("attribute='name' operator='ne' value='ask'", ["Birk", "Cedertræ"]),
        ("attribute='name' operator='like' value='%r%'", ["Birk", "Cedertræ"]),
        ("attribute='name' operator='begins-with' value='B'", ["Birk"]),
        ("attribute='creditlimit' operator='ge' value='20'", ["Birk", "Cedertræ"]),
        ("attribute='fax' operator='not-null'", []),
        ("attribute='createdon' operator='today'", ["Ask", "Birk", "Cedertræ"]),
        ("attribute='createdon' operator='olderthan-x-days' value='1'", []),
        ("attribute='ownerid' operator='ne-userid'", []),
    ],
)
async def test_a_condition_picks_rows(crm: Dynamics, condition: str, found: list[str]) -> None:
    assert await names(crm, f"<filter><condition {condition}/></filter>") == found


async def test_filters_nest_and_lists_of_values_are_known(crm: Dynamics) -> None:
    many = "<condition attribute='name' operator='in'><value>Ask</value><value>Birk</value></condition>"
    one = "<condition attribute='name' operator='eq' value='Cedertræ'/>"
    city = "<condition attribute='address1_city' operator='eq' value='Ribe'/>"
    assert await names(crm, f"<filter type='or'>{many}{one}</filter>") == ["Ask", "Birk", "Cedertræ"]
    assert await names(crm, f"<filter>{city}<filter type='or'>{many}{one}</filter></filter>") == ["Ask", "Birk"]


async def test_rows_are_ordered_and_cut(crm: Dynamics) -> None:
    assert await names(crm, "<order attribute='name' descending='true'/>", top="2") == ["Cedertræ", "Birk"]


async def test_pages_follow_each_other_by_number_and_cookie(crm: Dynamics) -> None:
    order = "<attribute name='name'/><order attribute='name'/>"
    first = (await fetch(crm, order, count="2", page="1", returntotalrecordcount="true")).json
    assert [row["name"] for row in first["value"]] == ["Ask", "Birk"]
    assert first["@Microsoft.Dynamics.CRM.morerecords"] is True
    assert first["@Microsoft.Dynamics.CRM.totalrecordcount"] == 3
    cookie = first["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"]
    assert 'pagenumber="2"' in cookie
    assert "<cookie page=" in unquote(unquote(cookie))
    second = (await fetch(crm, order, count="2", page="2")).json
    assert [row["name"] for row in second["value"]] == ["Cedertræ"]
    assert "@Microsoft.Dynamics.CRM.fetchxmlpagingcookie" not in second


async def test_linked_rows_come_under_their_alias(crm: Dynamics) -> None:
    account = (await crm.rows("accounts?$filter=name eq 'Birk'"))[0]["accountid"]
    await crm.make("contacts", lastname="Bo", **{"parentcustomerid_account@odata.bind": f"/accounts({account})"})
    link = "<link-entity name='contact' from='parentcustomerid' to='accountid' alias='c'{}><attribute name='lastname'/>"
    told: list[dict[str, Any]] = (await fetch(crm, f"{link.format('')}</link-entity>")).json["value"]
    assert [row["c.lastname"] for row in told] == ["Bo"]
    outer = link.format(" link-type='outer'")
    told = (await fetch(crm, f"{outer}</link-entity>")).json["value"]
    assert [row.get("c.lastname") for row in told] == [None, "Bo", None]


async def test_totals_by_group(crm: Dynamics) -> None:
    told = (
        "<attribute name='creditlimit' alias='worth' aggregate='sum'/><attribute name='accountid' alias='n' "
        "aggregate='count'/><attribute name='address1_city' alias='city' groupby='true'/>"
    )
    rows = (await fetch(crm, told, aggregate="true")).json["value"]
    assert {row["city"]: (row["worth"], row["n"]) for row in rows} == {
        "Ribe": (Decimal(30), 2),
        "Skive": (Decimal(40), 1),
    }


@pytest.mark.parametrize(
    ("entity", "attributes"),
    [
        ("<attribute name='nothing'/>", {}),
        ("<filter><condition attribute='name' operator='resembles' value='x'/></filter>", {}),
        ("<filter><condition attribute='creditlimit' operator='eq' value='x'/></filter>", {}),
        ("<link-entity name='nothing' from='x' to='y'/>", {}),
        ("", {"top": "1", "page": "2"}),
        ("", {"count": "x"}),
    ],
)
async def test_what_makes_no_sense_is_refused(crm: Dynamics, entity: str, attributes: dict[str, str]) -> None:
    assert (await fetch(crm, entity, **attributes)).status == 400


async def test_the_entity_has_to_be_that_of_the_set(crm: Dynamics) -> None:
    text = quote("<fetch><entity name='contact'/></fetch>")
    assert (await crm.do("GET", f"accounts?fetchXml={text}")).status == 400
    assert (await crm.do("GET", "accounts?fetchXml=%3Cfetch")).status == 400
