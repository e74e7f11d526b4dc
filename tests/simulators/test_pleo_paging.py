"""Pages, sorting and searching of a simulated Pleo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.expenses import Pleo, pleo, refused


@pytest.fixture
async def app() -> AsyncIterator[Pleo]:
    async with pleo() as client:
        yield client


def entries_of(app: Pleo, query: str = "") -> str:
    return f"/v1/accounting-entries:search?company_id={app.company}{query}"


async def search(app: Pleo, query: str = "", **wanted: Any) -> list[dict[str, Any]]:
    answer = await app.do("POST", entries_of(app, query), {"includeDeleted": False, **wanted})
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json["data"]
    return found


async def walk(app: Pleo, query: str, *, back: bool = False, **wanted: Any) -> list[str]:
    """Ids of all pages, by cursor; `back` from the last page to the first."""
    found: list[str] = []
    cursor, seen = "", 0
    if back:
        cursor = f"&before={await end_of(app, query, **wanted)}"
    while True:
        answer = (await app.do("POST", entries_of(app, query + cursor), {"includeDeleted": False, **wanted})).json
        ids, told = [each["id"] for each in answer["data"]], answer["pagination"]
        found = [*ids, *found] if back else [*found, *ids]
        seen += 1
        assert seen < 100
        if not told["hasPreviousPage" if back else "hasNextPage"]:
            return found
        cursor = f"&before={told['startCursor']}" if back else f"&after={told['endCursor']}"


async def end_of(app: Pleo, query: str, **wanted: Any) -> str:
    cursor = ""
    while True:
        answer = (await app.do("POST", entries_of(app, query + cursor), {"includeDeleted": False, **wanted})).json
        if not answer["pagination"]["hasNextPage"]:
            return str(answer["pagination"]["endCursor"])
        cursor = f"&after={answer['pagination']['endCursor']}"


SORTED = "&limit=7&sorting_keys[]={}&sorting_order[]={}"


class TestPages:
    """Cursors."""

    async def test_a_row_that_goes_between_two_pages_skips_no_other(self, app: Pleo) -> None:
        made = [await app.account(str(6000 + number)) for number in range(10)]
        path = f"/v1/chart-of-accounts?company_id={app.company}&limit=10"
        first = (await app.do("GET", path)).json
        await app.do("DELETE", f"/v1/chart-of-accounts/{made[0]['id']}")
        second = (await app.do("GET", f"{path}&after={first['pagination']['endCursor']}")).json
        seen = {each["id"] for each in (*first["data"], *second["data"])}
        assert {each["id"] for each in made} <= seen

    async def test_cursors_look_as_the_contract_says(self, app: Pleo) -> None:
        told = (await app.do("GET", f"/v1/chart-of-accounts?company_id={app.company}")).json["pagination"]
        for name in ("startCursor", "endCursor"):
            assert set(told[name]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=~")
        assert told["total"] == 6

    async def test_an_offset_begins_so_many_rows_later(self, app: Pleo) -> None:
        path = f"/v1/chart-of-accounts?company_id={app.company}"
        everything = [each["code"] for each in await app.get(path)]
        answer = (await app.do("GET", f"{path}&offset=4")).json
        assert [each["code"] for each in answer["data"]] == everything[4:]
        assert answer["pagination"]["hasPreviousPage"] is True
        assert answer["pagination"]["currentRequestPagination"]["offset"] == 4

    @pytest.mark.parametrize("ways", [("after", "before"), ("after", "offset"), ("before", "offset")])
    async def test_only_one_way_of_paging_is_taken(self, app: Pleo, ways: tuple[str, str]) -> None:
        path = f"/v1/chart-of-accounts?company_id={app.company}"
        cursor = (await app.do("GET", path)).json["pagination"]["endCursor"]
        told = {"after": cursor, "before": cursor, "offset": "1"}
        answer = await app.do("GET", "&".join([path, *(f"{way}={told[way]}" for way in ways)]))
        assert refused(answer) == (400, "PARAMETER_VALIDATION_FAILED")

    async def test_a_cursor_of_another_list_is_refused(self, app: Pleo) -> None:
        await app.person("entries")
        await app.person("entries")
        told = (
            await app.do("POST", entries_of(app, SORTED.format("settledAt", "ASC")), {"includeDeleted": False})
        ).json
        path = f"/v1/chart-of-accounts?company_id={app.company}&after={told['pagination']['endCursor']}"
        assert refused(await app.do("GET", path)) == (400, "PARAMETER_VALIDATION_FAILED")


class TestSorting:
    """Orders of accounting entries."""

    @pytest.mark.parametrize("order", ["ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_LAST"])
    async def test_pages_in_an_order_hold_every_entry_once_forwards_and_backwards(self, app: Pleo, order: str) -> None:
        for number in range(20):
            await app.person("entries", days=number % 6, settled=number % 4 != 0)
        rows = {row["id"]: row for row in await app.dump("entries")}
        found = await walk(app, SORTED.format("settledAt", order))
        assert sorted(found) == sorted(rows)
        values = [rows[each]["settledAt"] for each in found]
        dated = [each for each in values if each]
        assert dated == sorted(dated, reverse=order.startswith("DESC"))
        nulls_first = order in ("DESC", "ASC_NULLS_FIRST")
        assert (values[0] is None, values[-1] is None) == (nulls_first, not nulls_first)
        assert await walk(app, SORTED.format("settledAt", order), back=True) == found[:-1]

    async def test_two_keys_sort_one_within_the_other(self, app: Pleo) -> None:
        for number in range(9):
            await app.person("entries", days=number % 3)
        query = "&sorting_keys=performedAt&sorting_order=DESC&sorting_keys=id&sorting_order=ASC&limit=100"
        rows = await search(app, query)
        keys = [(row["performedAt"], row["id"]) for row in rows]
        assert keys == sorted(sorted(keys, key=lambda key: key[1]), key=lambda key: key[0], reverse=True)

    @pytest.mark.parametrize(
        "query",
        [
            "&sorting_keys[]=updatedAt&sorting_order[]=ASC",
            "&sorting_keys[]=id",
            "&sorting_keys[]=id&sorting_order[]=UP",
        ],
    )
    async def test_what_cannot_be_sorted_is_refused(self, app: Pleo, query: str) -> None:
        answer = await app.do("POST", entries_of(app, query), {"includeDeleted": False})
        assert refused(answer) == (400, "PARAMETER_VALIDATION_FAILED")


class TestSearching:
    """Filters of accounting entries."""

    async def test_a_range_of_dates_holds_both_its_ends_in_any_order(self, app: Pleo) -> None:
        days = [f"2026-03-0{day}T12:00:00.000Z" for day in range(1, 8)]
        for day in days:
            await app.person("entries", date=day)
        wanted = {"bookkeepingDateStart": days[2], "bookkeepingDateEnd": days[4]}
        assert [row["bookkeepingDate"] for row in await search(app, **wanted)] == days[2:5]
        down = await search(app, SORTED.format("performedAt", "DESC"), **wanted)
        assert [row["bookkeepingDate"] for row in down] == days[2:5][::-1]
        assert len(await search(app, bookkeepingDateStart="2026-03-06")) == 2

    @pytest.mark.parametrize(
        ("wish", "wanted"),
        [
            ({"family": "MILEAGE"}, {"families": ["MILEAGE"]}),
            ({"subFamily": "ATM"}, {"subFamilies": ["ATM"]}),
            ({"settled": False}, {"settled": False}),
            ({"settled": False}, {"hasBookkeepingDate": False}),
            ({"settled": False}, {"exportStatus": ["NOT_CREATED"]}),
            ({"status": "DRAFT"}, {"status": ["DRAFT", "ERROR"]}),
            ({"reviewStatus": "NOT_OK"}, {"reviewStatus": ["NOT_OK"]}),
            ({"currency": "SEK", "rate": 0.65}, {"transactionValueCurrencies": ["SEK"]}),
            ({"note": "x"}, {"hasNote": True}),
            ({"category": "zero"}, {"hasAccount": True}),
            ({"category": "zero"}, {"accountIds": ["00000000-0000-0000-0000-000000000000"]}),
        ],
    )
    async def test_a_filter_leaves_what_fits(self, app: Pleo, wish: dict[str, Any], wanted: dict[str, Any]) -> None:
        await app.person("entries")
        row = await app.person("entries", **wish)
        assert [each["id"] for each in await search(app, **wanted)] == [row["id"]]

    async def test_entries_without_a_tag_of_a_group_are_found(self, app: Pleo) -> None:
        group = await app.person("tag-groups", code="P", name="Projekt")
        tag = await app.person("tags", group="P", code="1", name="Et")
        tagged, bare = await app.person("entries", tags={"P": "1"}), await app.person("entries")
        assert [each["id"] for each in await search(app, tagGroupIdsUnset=[group["id"]])] == [bare["id"]]
        assert [each["id"] for each in await search(app, tagRowIds=[tag["id"]])] == [tagged["id"]]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"families": ["MONEY"]},
            {"accountIds": ["x"]},
            {"accountIds": ["00000000-0000-0000-0000-000000000000"] * 101},
            {"settledAtStart": "yesterday"},
            {"settled": "yes"},
            {"updatedAtStart": "2026-01-01"},
            {"includeDeleted": None},
        ],
    )
    async def test_a_wrong_filter_is_refused(self, app: Pleo, wrong: dict[str, Any]) -> None:
        answer = await app.do("POST", entries_of(app), {"includeDeleted": False, **wrong})
        assert refused(answer) == (400, "VALIDATION_FAILED")

    async def test_an_organisation_is_searched_within_reach_only(self, app: Pleo) -> None:
        row = await app.person("entries")
        path = f"/v1/accounting-entries:search?organization_id={app.known['organization_id']}"
        assert [each["id"] for each in (await app.do("POST", path, {"includeDeleted": True})).json["data"]] == [
            row["id"]
        ]
        both = await app.do("POST", f"{path}&company_id={app.company}", {"includeDeleted": True})
        assert refused(both) == (400, "PARAMETER_VALIDATION_FAILED")

    async def test_an_entry_has_the_columns_of_the_contract_alone(self, app: Pleo) -> None:
        row = await app.person("entries", split=[1, 2])
        told = await app.get(f"/v1/accounting-entries/{row['id']}")
        assert not {"reconciliationId", "_wallet"} & set(told)
        assert set(told["splitItems"][0]) == {
            *("id", "accountId", "accountCode", "taxCodeId", "tags"),
            *("totalBillValue", "transactionValue", "createdAt", "updatedAt"),
        }

    async def test_a_deleted_entry_is_told_when_it_is_asked_for(self, app: Pleo) -> None:
        row = await app.person("entries")
        await app.control("DELETE", f"/records/entries/{row['id']}")
        path = f"/v1/accounting-entries/{row['id']}"
        assert (await app.do("GET", path)).status == 404
        assert (await app.get(f"{path}?include_deleted=true"))["deletedAt"]


class TestCatalogueSearch:
    """Searching accounts, tax codes, tags and vendors."""

    @pytest.mark.parametrize("wanted", [{"externalId": "x-5000"}, {"code": "5000"}, {"name": "Konto 5000"}])
    async def test_an_account_is_found_by_what_it_is_called(self, app: Pleo, wanted: dict[str, str]) -> None:
        row = await app.account("5000")
        body = {"companyId": app.company, **wanted}
        found = (await app.do("POST", "/v1/chart-of-accounts:search", body)).json["data"]
        assert [each["id"] for each in found] == [row["id"]]

    async def test_accounts_are_found_by_id_and_archived_ones_on_demand(self, app: Pleo) -> None:
        rows = [await app.account(code) for code in ("5000", "5001")]
        path = f"/v1/chart-of-accounts:search?company_id={app.company}"
        found = (await app.do("POST", path, {"ids": [rows[1]["id"]]})).json["data"]
        assert [each["id"] for each in found] == [rows[1]["id"]]
        assert (await app.do("POST", path, {"archived": True})).json["data"] == []

    async def test_without_a_company_nothing_is_searched(self, app: Pleo) -> None:
        answer = await app.do("POST", "/v1/chart-of-accounts:search", {})
        assert refused(answer) == (400, "PARAMETER_VALIDATION_FAILED")

    @pytest.mark.parametrize(
        ("path", "wrong"),
        [
            ("/v1/chart-of-accounts:search", {"colour": "red"}),
            ("/v0/tax-codes:search", {"type": "none"}),
            ("/v1/vendors:search", {"states": ["DRAFT", "ACTIVE", "ARCHIVED", "DRAFT", "DRAFT"]}),
            ("/v1/vendors:search", {"states": ["GONE"]}),
        ],
    )
    async def test_a_search_for_what_there_is_not_is_refused(self, app: Pleo, path: str, wrong: dict[str, Any]) -> None:
        answer = await app.do("POST", f"{path}?company_id={app.company}", wrong)
        assert refused(answer) == (400, "VALIDATION_FAILED")

    async def test_archived_tags_are_listed_on_demand(self, app: Pleo) -> None:
        group = await app.person("tag-groups", code="P", name="Projekt")
        await app.person("tags", group="P", code="1", archived=True)
        await app.person("tags", group="P", code="2")
        path = f"/v0/tag-groups/{group['id']}/tags"
        assert [each["code"] for each in await app.get(path)] == ["2"]
        assert [each["code"] for each in await app.get(f"{path}?include_archived=true")] == ["1", "2"]
        assert (await app.do("GET", f"{path}?include_archived=perhaps")).status == 400
