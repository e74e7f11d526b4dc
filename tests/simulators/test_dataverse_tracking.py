"""Change tracking in a simulated Dataverse: delta links and what they carry."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.dynamics import Dynamics, dynamics

TRACK = {"Prefer": "odata.track-changes"}
PATH = "accounts?$select=name"


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


async def read(crm: Dynamics, path: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
    """All rows to the last page, and its delta link."""
    found: list[dict[str, Any]] = []
    while True:
        page = await crm.get(path, **headers)
        found += page["value"]
        if "@odata.deltaLink" in page:
            assert "@odata.nextLink" not in page
            return found, page["@odata.deltaLink"]
        path = page["@odata.nextLink"]


def told(rows: list[dict[str, Any]]) -> list[str]:
    """Names of changed rows, ids of deleted ones with a minus."""
    return [row["name"] if "name" in row else f"-{row['id']}" for row in rows]


async def test_a_first_read_ends_in_a_delta_link_that_tells_nothing(crm: Dynamics) -> None:
    await crm.make("accounts", name="A")
    rows, link = await read(crm, PATH, **TRACK)
    assert told(rows) == ["A"]
    assert "$deltatoken=" in link
    assert (await read(crm, link))[0] == []


async def test_without_the_preference_there_is_no_delta_link(crm: Dynamics) -> None:
    assert "@odata.deltaLink" not in await crm.get(PATH)


async def test_a_delta_tells_created_and_updated_rows_then_deleted_ones(crm: Dynamics) -> None:
    keys = [await crm.make("accounts", name=name) for name in ("A", "B", "C")]
    _, link = await read(crm, PATH, **TRACK)
    await crm.do("DELETE", f"accounts({keys[0]})")
    await crm.make("accounts", name="D")
    await crm.change("accounts", keys[1], name="B2")
    rows, again = await read(crm, link)
    assert told(rows) == ["D", "B2", f"-{keys[0]}"]
    assert rows[1]["accountid"] == keys[1]
    gone = rows[2]
    assert gone["@odata.context"].endswith("#accounts/$deletedEntity")
    assert (gone["id"], gone["reason"]) == (keys[0], "deleted")
    assert (await read(crm, again))[0] == []
    assert told((await read(crm, link))[0]) == told(rows)


async def test_any_change_of_a_row_is_told_even_of_a_column_not_chosen(crm: Dynamics) -> None:
    key = await crm.make("accounts", name="A")
    _, link = await read(crm, PATH, **TRACK)
    await crm.change("accounts", key, fax="1")
    assert told((await read(crm, link))[0]) == ["A"]


async def test_a_row_made_and_deleted_between_two_polls_is_told_as_deleted(crm: Dynamics) -> None:
    _, link = await read(crm, PATH, **TRACK)
    key = await crm.make("accounts", name="A")
    await crm.do("DELETE", f"accounts({key})")
    assert told((await read(crm, link))[0]) == [f"-{key}"]


async def test_a_change_while_paging_is_told_by_the_next_delta(crm: Dynamics) -> None:
    keys = [await crm.make("accounts", name=name) for name in ("A", "B", "C")]
    small = {"Prefer": "odata.track-changes,odata.maxpagesize=1"}
    page = await crm.get(PATH, **small)
    await crm.change("accounts", keys[2], name="C2")
    rows, link = await read(crm, page["@odata.nextLink"], **small)
    assert told(page["value"] + rows) == ["A", "B"]
    assert told((await read(crm, link))[0]) == ["C2"]


async def test_a_delta_is_paged(crm: Dynamics) -> None:
    _, link = await read(crm, PATH, **TRACK)
    keys = [await crm.make("accounts", name=str(number)) for number in range(5)]
    await crm.do("DELETE", f"accounts({keys[0]})")
    rows, _ = await read(crm, link, Prefer="odata.maxpagesize=2")
    assert told(rows) == ["1", "2", "3", "4", f"-{keys[0]}"]
    assert (await crm.do("GET", link.replace("accounts?", "accounts/$count?"))).body == b"5"


@pytest.mark.parametrize("option", ["$filter=name eq 'A'", "$orderby=name", "$expand=primarycontactid", "$top=1"])
async def test_options_that_tracking_lacks_are_refused(crm: Dynamics, option: str) -> None:
    answer = await crm.do("GET", f"{PATH}&{option}", **TRACK)
    name = option[1:].partition("=")[0]
    assert answer.status == 400
    assert answer.message == f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'


async def test_a_table_without_change_tracking_refuses(crm: Dynamics) -> None:
    await crm.config(change_tracking=["contact"])
    assert "change tracking" in (await crm.do("GET", PATH, **TRACK)).message
    await read(crm, "contacts?$select=fullname", **TRACK)
    told_so = await crm.get("EntityDefinitions(LogicalName='account')?$select=ChangeTrackingEnabled")
    assert told_so["ChangeTrackingEnabled"] is False


async def test_a_delta_link_is_over_after_seven_days(crm: Dynamics) -> None:
    _, link = await read(crm, PATH, **TRACK)
    crm.clock.advance(7 * 86_400)
    crm.token = (await crm.sign_in()).json["access_token"]
    assert (await crm.do("GET", link)).status == 200
    crm.clock.advance(1)
    assert (await crm.do("GET", link)).refused == (400, "0x80044352")
    await crm.config(delta_life_days=30)
    assert (await crm.do("GET", link)).status == 200


async def test_a_delta_token_belongs_to_its_query(crm: Dynamics) -> None:
    _, link = await read(crm, PATH, **TRACK)
    assert (await crm.do("GET", link.replace("$select=name", "$select=fax"))).status == 400
    assert (await crm.do("GET", f"{PATH}&$deltatoken=1")).status == 400
    page_link = "accounts?$select=name&$deltatoken=1&$skiptoken=x"
    assert (await crm.do("GET", page_link)).status == 400


async def test_what_was_undone_is_not_told(crm: Dynamics) -> None:
    key = await crm.make("accounts", name="A")
    _, link = await read(crm, PATH, **TRACK)
    rows = [
        {"@odata.type": "Microsoft.Dynamics.CRM.account", "accountid": key, "name": "B"},
        {"@odata.type": "Microsoft.Dynamics.CRM.account", "accountid": key, "name": 1},
    ]
    answer = await crm.do("POST", "accounts/Microsoft.Dynamics.CRM.UpdateMultiple", {"Targets": rows})
    assert answer.status == 400
    assert (await read(crm, link))[0] == []
    assert (await crm.get(f"accounts({key})"))["name"] == "A"
