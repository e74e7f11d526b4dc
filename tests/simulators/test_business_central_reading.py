"""Lists of Business Central: filters, order, pages, what is selected and expanded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.simulators.central import START, Central, central

NOW = datetime.fromtimestamp(START, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


async def three(bc: Central) -> list[dict[str, Any]]:
    """Three customers made in one instant, the last changed a minute later."""
    rows = [await bc.make("customers", displayName=name, email=mail) for name, mail in PEOPLE]
    bc.clock.advance(60)
    return rows


PEOPLE = (("Åse", "a@x.example"), ("Børge", "b@x.example"), ("Çelik", ""))


async def names(bc: Central, wanted: str, **more: str) -> list[str]:
    query = "&".join([f"$filter={wanted}", *(f"{key}={value}" for key, value in more.items())])
    return [row["displayName"] for row in await bc.rows(f"customers?{query}")]


async def test_a_record_shows_every_property_and_empty_ones_are_never_null(bc: Central) -> None:
    row = await bc.make("customers", displayName="Åse")
    assert None not in row.values()
    assert (row["currencyId"], row["blocked"], row["addressLine1"]) == (
        "00000000-0000-0000-0000-000000000000",
        "_x0020_",
        "",
    )
    invoice = await bc.make("salesInvoices", customerId=row["id"])
    assert invoice["promisedPayDate"] == "0001-01-01"
    metadata = (await bc.get(f"{bc.root}/$metadata")).content.decode()
    entity = metadata.partition('<EntityType Name="customer">')[2].partition("</EntityType>")[0]
    assert all(f'<Property Name="{name}"' in entity for name in row if "@" not in name)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("displayName eq 'Åse'", ["Åse"]),
        ("displayName eq 'åse'", []),
        ("displayName ne 'Åse'", ["Børge", "Çelik"]),
        ("startswith(displayName,'B')", ["Børge"]),
        ("contains(email,'@x')", ["Åse", "Børge"]),
        ("endswith(displayName,'k') and email eq ''", ["Çelik"]),
        ("displayName eq 'Åse' or displayName eq 'Çelik'", ["Åse", "Çelik"]),
        ("tolower(displayName) eq 'åse'", ["Åse"]),
        ("number gt 'D00010'", ["Børge", "Çelik"]),
        ("number eq 'd00011'", ["Børge"]),
        ("blocked eq ' ' and type eq 'Company'", ["Åse", "Børge", "Çelik"]),
        ("taxLiable eq false", []),
        ("creditLimit ge 0 and balanceDue lt 1", ["Åse", "Børge", "Çelik"]),
        ("currencyCode eq 'DKK'", ["Åse", "Børge", "Çelik"]),
    ],
)
async def test_filters_find_what_they_say(bc: Central, wanted: str, found: list[str]) -> None:
    await three(bc)
    assert await names(bc, wanted) == found


async def test_or_on_two_properties_is_refused(bc: Central) -> None:
    refused = await bc.get("customers?$filter=displayName eq 'Åse' or email eq 'b@x.example'")
    assert refused.status == 400 and "'OR' operator is not supported on distinct fields" in refused.message


async def test_a_lambda_is_silently_ignored(bc: Central) -> None:
    await three(bc)
    assert len(await names(bc, "contactsInformation/any(c:c/contactName eq 'Ingen')")) == 3


async def test_in_and_nested_functions_need_schema_version_2_1(bc: Central) -> None:
    await three(bc)
    for wanted in ("displayName in ('Åse','Børge')", "endswith(tolower(displayName),'e')"):
        assert (await bc.get(f"customers?$filter={wanted}")).status == 400
        assert await names(bc, wanted, **{"$schemaversion": "2.1"}) == ["Åse", "Børge"]


@pytest.mark.parametrize(
    "query",
    [
        "$filter=nothing eq 1",
        "$filter=displayName eq 1",
        "$filter=id eq 'abc'",
        "$filter=currencyId eq 'a'",
        "$filter=blocked eq 'Maybe'",
        "$filter=creditLimit eq '5'",
        "$filter=lastModifiedDateTime gt 'yesterday'",
        "$filter=displayName eq",
        "$filter=displayName eq null",
        "$filter=not (displayName eq 'x')",
        "$filter=length(displayName) eq 3",
        "$filter=displayName eq email",
        "$filter=currency/code eq 'EUR'",
        "$select=nothing",
        "$expand=nothing",
        "$orderby=nothing",
        "$orderby=displayName up",
        "$top=many",
        "$top=-1",
        "$search=x",
        "$skiptoken=nonsense",
        "$schemaversion=9",
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(bc: Central, query: str) -> None:
    answer = await bc.get(f"customers?{query}")
    assert answer.status in (400, 501), answer.content
    assert answer.code.startswith(("BadRequest", "Application_FilterError"))
    assert "CorrelationId:" in answer.message


async def test_pages_hold_what_is_asked_and_links_lead_to_all_rows_exactly_once(bc: Central) -> None:
    for at in range(7):
        await bc.make("customers", displayName=f"Kunde {at}")
    rows = await bc.all("customers?$select=number", 3)
    assert [row["number"] for row in rows] == [f"D{10 + at:05d}" for at in range(7)]


@pytest.mark.parametrize(
    "query",
    [
        "$orderby=displayName desc",
        "$orderby=lastModifiedDateTime",
        "$orderby=type,displayName",
        f"$filter=lastModifiedDateTime ge {NOW}",
    ],
)
async def test_every_order_pages_through_all_rows_exactly_once(bc: Central, query: str) -> None:
    for at in range(7):
        await bc.make("customers", displayName=f"Kunde {at % 3}")
    rows = await bc.all(f"customers?{query}", 2)
    assert sorted(row["number"] for row in rows) == [f"D{10 + at:05d}" for at in range(7)]


async def test_rows_made_or_deleted_between_pages_neither_hide_nor_repeat_others(bc: Central) -> None:
    made = [await bc.make("customers", displayName=f"Kunde {at}", number=f"K{at}5") for at in range(6)]
    first = await bc.get("customers?$select=number", Prefer="odata.maxpagesize=2")
    await bc.delete(f"customers({made[0]['id']})")
    await bc.make("customers", displayName="Før", number="A1")
    rest = await bc.all(first.json["@odata.nextLink"].removeprefix(bc.running.url), 2)
    assert [row["number"] for row in first.rows + rest] == [row["number"] for row in made]


async def test_top_ends_the_list_also_over_several_pages(bc: Central) -> None:
    for at in range(6):
        await bc.make("customers", displayName=f"Kunde {at}")
    assert len(await bc.all("customers?$top=5", 2)) == 5
    assert len(await bc.all("customers?$top=2", 5)) == 2
    assert [row["displayName"] for row in await bc.all("customers?$skip=4", 5)] == ["Kunde 4", "Kunde 5"]


async def test_a_page_beyond_the_maximum_is_413(bc: Central) -> None:
    assert (await bc.get("customers", Prefer="odata.maxpagesize=20001")).status == 413
    assert (await bc.get("customers", Prefer="odata.maxpagesize=20000")).status == 200


async def test_count_is_of_all_that_fit(bc: Central) -> None:
    await three(bc)
    answer = await bc.get("customers?$count=true&$top=1&$filter=startswith(displayName,'Å') or displayName eq 'Børge'")
    assert (answer.json["@odata.count"], len(answer.rows)) == (2, 1)
    assert (await bc.get("customers/$count")).content == b"3"


async def test_modified_since_is_exact_to_the_millisecond_and_rows_may_share_an_instant(bc: Central) -> None:
    rows = await three(bc)
    await bc.patch(f"customers({rows[2]['id']})", {"phoneNumber": "1"})
    stamp = rows[0]["lastModifiedDateTime"]
    assert rows[1]["lastModifiedDateTime"] == stamp
    assert await names(bc, f"lastModifiedDateTime gt {stamp}") == ["Çelik"]
    assert len(await names(bc, f"lastModifiedDateTime ge {stamp}")) == 3
    assert len(await names(bc, "lastModifiedDateTime gt 2026-11-22T21:29:59.999Z")) == 3


async def test_a_deleted_record_leaves_no_trace_for_readers(bc: Central) -> None:
    rows = await three(bc)
    assert (await bc.delete(f"customers({rows[0]['id']})")).status == 204
    gone = await bc.get(f"customers({rows[0]['id']})")
    assert (gone.status, gone.code) == (404, "Internal_RecordNotFound")
    assert await names(bc, f"lastModifiedDateTime ge {rows[0]['lastModifiedDateTime']}") == ["Børge", "Çelik"]


async def test_select_keeps_the_etag_and_expand_goes_down_several_levels(bc: Central) -> None:
    customer = await bc.make("customers", displayName="Åse", currencyCode="EUR")
    item = await bc.make("items", displayName="Skrue", unitPrice=2)
    lines = [{"itemId": item["id"], "quantity": 1}]
    await bc.make("salesOrders", customerId=customer["id"], salesOrderLines=lines)
    row = await bc.one(
        "salesOrders?$select=number&$expand=customer($select=displayName;$expand=currency($select=code)),"
        "salesOrderLines($expand=item($select=number;$expand=baseUnitOfMeasure))"
    )
    assert set(row) == {"@odata.etag", "number", "customer", "salesOrderLines"}
    assert row["customer"]["currency"]["code"] == "EUR"
    assert row["salesOrderLines"][0]["item"]["baseUnitOfMeasure"]["code"] == "STK"


async def test_an_expanded_collection_takes_filters_of_its_own(bc: Central) -> None:
    row = await bc.one("dimensions?$filter=code eq 'AFDELING'&$expand=dimensionValues($filter=code eq 'ADM')")
    assert [value["displayName"] for value in row["dimensionValues"]] == ["Administration"]


async def test_lines_have_no_change_stamp_and_are_read_through_their_document_only(bc: Central) -> None:
    customer = await bc.make("customers", displayName="Åse")
    lines = [{"lineType": "Comment", "description": "Hej"}]
    order = await bc.make("salesOrders", customerId=customer["id"], salesOrderLines=lines)
    bare = await bc.get("salesOrderLines")
    assert bare.status == 400 and "Document Id" in bare.message
    (line,) = await bc.rows(f"salesOrderLines?$filter=documentId eq {order['id']}")
    assert "lastModifiedDateTime" not in line
    assert (await bc.get("salesOrderLines?$filter=lastModifiedDateTime gt 2026-01-01")).status == 400
    assert (await bc.get(f"salesOrderLines({line['id']})")).status == 200
    bc.clock.advance(5)
    await bc.patch(f"salesOrderLines({line['id']})", {"description": "Hej igen"})
    assert (await bc.one(f"salesOrders({order['id']})"))["lastModifiedDateTime"] > order["lastModifiedDateTime"]


async def test_ledger_entries_are_read_on_from_a_number(bc: Central) -> None:
    customer = await bc.make("customers", displayName="Åse")
    lines = [{"lineType": "Account", "lineObjectNumber": "1010", "quantity": 1, "unitPrice": 10}]
    for _ in range(2):
        invoice = await bc.make("salesInvoices", customerId=customer["id"], salesInvoiceLines=lines)
        assert (await bc.act(f"salesInvoices({invoice['id']})", "post")).status == 204
    rows = await bc.all("generalLedgerEntries?$filter=entryNumber gt 3", 2)
    assert [row["entryNumber"] for row in rows] == [4, 5, 6]


async def test_unknown_addresses_are_404(bc: Central) -> None:
    row = await bc.make("customers", displayName="Åse")
    for path in ("nothing", f"customers({row['id']})/nothing", "salesInvoices/Microsoft.NAV.post", f"{bc.root}/x/y"):
        assert (await bc.get(path)).status in (400, 404), path
    bad = await bc.get("customers(abc)")
    assert (bad.status, bad.code) == (400, "Application_InvalidGUID")


async def test_the_service_document_and_captions_name_every_entity_set(bc: Central) -> None:
    listed = {row["name"] for row in (await bc.get(bc.root)).rows}
    assert {"customers", "journals", "salesInvoiceLines"} <= listed
    told = {row["entitySetName"] for row in (await bc.get(f"{bc.root}/entityDefinitions")).rows}
    assert told == listed


async def test_webhook_supported_resources_lack_contacts(bc: Central) -> None:
    path = bc.company.replace("/v2.0/companies", "/microsoft/runtime/beta/companies")
    listed = {row["resource"] for row in await bc.rows(f"{path}/webhookSupportedResources")}
    assert "v2.0/customers" in listed and "v2.0/contacts" not in listed
