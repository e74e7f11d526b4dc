"""Tag groups, tags, their further columns, tax codes and vendors in a simulated Pleo."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.expenses import Pleo, pleo, refused

GROUPS = "/v0/tag-groups"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def app() -> AsyncIterator[Pleo]:
    async with pleo() as client:
        yield client


@pytest.fixture
async def group(app: Pleo) -> Any:
    return await app.make(GROUPS, code="P", name="Projekt", archived=False)


async def tag(app: Pleo, group: Any, code: str, status: int = 201, **more: Any) -> Any:
    answer = await app.do("POST", f"{GROUPS}/{group['id']}/tags", {"code": code, "archived": False, **more})
    assert answer.status == status, answer.body
    return answer.json.get("data")


class TestGroups:
    """Dimensions."""

    async def test_a_groups_code_exists_once_in_a_company(self, app: Pleo, group: Any) -> None:
        body = {"code": "P", "name": "Andet", "archived": False}
        assert refused(await app.do("POST", GROUPS, body)) == (409, "CONFLICT")
        other = await app.make(GROUPS, code="A", name="Afdeling", archived=False)
        changed = await app.do("PUT", f"{GROUPS}/{other['id']}", body)
        assert refused(changed) == (409, "CONFLICT")
        freed = await app.do("PUT", f"{GROUPS}/{group['id']}", {"code": "Q", "name": "Projekt", "archived": False})
        assert freed.status == 200
        assert (await app.do("PUT", f"{GROUPS}/{other['id']}", body)).status == 200

    async def test_a_group_counts_its_tags(self, app: Pleo, group: Any) -> None:
        await tag(app, group, "1")
        assert (await app.get(f"{GROUPS}/{group['id']}"))["totalTagsCount"] == 1
        for path in (GROUPS, "/v0/aggregations/tag-groups"):
            (told,) = await app.get(f"{path}?company_id={app.company}")
            assert told["totalTagsCount"] == 1

    async def test_a_group_with_tags_is_not_deleted(self, app: Pleo, group: Any) -> None:
        made = await tag(app, group, "1")
        path = f"{GROUPS}/{group['id']}"
        assert refused(await app.do("DELETE", path)) == (409, "CONFLICT")
        assert (await app.do("DELETE", f"/v0/tags/{made['id']}")).status == 204
        assert (await app.do("DELETE", path)).status == 204
        assert (await app.do("GET", path)).status == 404

    async def test_usage_counts_entries(self, app: Pleo, group: Any) -> None:
        await tag(app, group, "1")
        await app.person("entries", tags={"P": "1"})
        assert (await app.get(f"{GROUPS}/{group['id']}/usage"))["accountingEntries"] == 1


class TestTags:
    """Values of a dimension."""

    async def test_a_tag_that_is_archived_keeps_its_code(self, app: Pleo, group: Any) -> None:
        made = await tag(app, group, "1")
        await app.do("POST", "/v0/tags/archive", {"ids": [made["id"]]})
        await tag(app, group, "1", status=409)

    async def test_a_tag_comes_back_only_where_there_is_room(self, app: Pleo, group: Any) -> None:
        await app.config(most_tags=1)
        first = await tag(app, group, "1", archived=True)
        await tag(app, group, "2")
        path, body = f"/v0/tags/{first['id']}", {"code": "1", "name": "Et", "archived": False}
        assert (await app.do("PUT", path, body)).status == 400
        await app.config(most_tags=2)
        assert (await app.do("PUT", path, body)).json["data"]["archived"] is False
        await tag(app, group, "3", status=400)

    async def test_many_are_deleted_or_none(self, app: Pleo, group: Any) -> None:
        made = [await tag(app, group, str(number)) for number in range(3)]
        await app.person("entries", tags={"P": "2"})
        ids = [each["id"] for each in made]
        assert refused(await app.do("DELETE", "/v0/tags", {"ids": ids})) == (409, "CONFLICT")
        assert len(await app.dump("tags")) == 3
        assert (await app.do("DELETE", "/v0/tags", {"ids": ids[:2]})).status == 204
        assert [each["code"] for each in await app.dump("tags")] == ["2"]

    @pytest.mark.parametrize(("ids", "status"), [([], 400), ([NOBODY] * 101, 400), (["x"], 400), ([NOBODY], 404)])
    @pytest.mark.parametrize(("method", "path"), [("POST", "/v0/tags/archive"), ("DELETE", "/v0/tags")])
    async def test_a_wrong_bulk_is_refused(
        self, app: Pleo, ids: list[str], status: int, method: str, path: str
    ) -> None:
        assert (await app.do(method, path, {"ids": ids})).status == status

    async def test_tags_are_found_over_all_groups(self, app: Pleo, group: Any) -> None:
        made = await tag(app, group, "1", name="Ørestad")
        found = await app.do("POST", f"/v0/tags:search?company_id={app.company}", {"name": "Ørestad"})
        assert [each["id"] for each in found.json["data"]] == [made["id"]]

    async def test_a_tag_names_no_other_group_than_that_of_its_path(self, app: Pleo, group: Any) -> None:
        await tag(app, group, "1", status=400, groupId=NOBODY)


class TestColumns:
    """What a group has besides code and name."""

    async def test_values_follow_the_columns(self, app: Pleo, group: Any) -> None:
        path = f"{GROUPS}/{group['id']}/dimensions"
        columns = [await app.make(path, code=code, name=code, visible=True) for code in ("STED", "LEDER")]
        made = await tag(app, group, "1", otherDimensionValues=["Ørestad", "Åse"])
        assert "otherDimensionValues" not in made
        told = await app.get(f"/v0/tags/{made['id']}/dimensions")
        assert [(each["code"], each["value"]) for each in told] == [("STED", "Ørestad"), ("LEDER", "Åse")]
        value = f"/v0/tags/{made['id']}/dimensions/{columns[1]['id']}"
        assert (await app.do("PUT", value, {"value": "Per"})).status == 200
        assert [each["value"] for each in await app.get(f"/v0/tags/{made['id']}/dimensions")] == ["Ørestad", "Per"]

    async def test_a_column_is_changed_and_removed_and_exists_once(self, app: Pleo, group: Any) -> None:
        path = f"{GROUPS}/{group['id']}/dimensions"
        made = await app.make(path, code="STED", name="Sted", visible=True)
        body = {"code": "STED", "name": "By", "visible": False}
        assert refused(await app.do("POST", path, body)) == (409, "CONFLICT")
        assert (await app.do("PUT", f"{path}/{made['id']}", body)).json["data"]["name"] == "By"
        assert [each["id"] for each in await app.get(path)] == [made["id"]]
        assert (await app.do("DELETE", f"{path}/{made['id']}")).status == 204
        assert (await app.do("GET", f"{path}/{made['id']}")).status == 404


class TestTaxCodesAndVendors:
    """The rest of the catalogue."""

    @pytest.mark.parametrize(
        "wrong", [{"rate": 25}, {"rate": "0.25"}, {"rate": -1}, {"type": "net"}, {"accountingIntegrationSystem": "BC"}]
    )
    async def test_a_wrong_tax_code_is_refused(self, app: Pleo, wrong: dict[str, Any]) -> None:
        body = {"companyId": app.company, "name": "Moms", "rate": 0.25, "type": "inclusive", "archived": False}
        assert refused(await app.do("POST", "/v0/tax-codes", {**body, **wrong})) == (400, "VALIDATION_FAILED")

    async def test_a_vendor_exists_once_by_its_external_id(self, app: Pleo) -> None:
        body = {"companyId": app.company, "name": "Grossisten", "defaultCurrency": "DKK", "externalId": "L-1"}
        await app.make("/v1/vendors", **body)
        assert refused(await app.do("POST", "/v1/vendors", {**body, "name": "En anden"})) == (409, "CONFLICT")
        draft = await app.person("vendors", name="Ny")
        clash = await app.do("POST", f"/v1/vendors/{draft['id']}:activate", {"externalId": "L-1"})
        assert refused(clash) == (409, "CONFLICT")

    async def test_an_archived_vendor_is_not_activated(self, app: Pleo) -> None:
        vendor = await app.person("vendors", name="Ny")
        path = f"/v1/vendors/{vendor['id']}"
        assert (await app.do("POST", f"{path}:activate", {"code": "1"})).status == 400
        assert (await app.do("POST", f"{path}:archive")).status == 204
        assert (await app.do("GET", path)).json["data"]["state"] == "ARCHIVED"
        assert refused(await app.do("POST", f"{path}:activate", {"externalId": "1"})) == (
            409,
            "INVALID_STATUS_TRANSITION",
        )

    async def test_a_vendor_is_not_deleted(self, app: Pleo) -> None:
        vendor = await app.person("vendors", name="Ny")
        assert (await app.do("DELETE", f"/v1/vendors/{vendor['id']}")).status == 405
