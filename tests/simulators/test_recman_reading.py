"""What a simulated RecMan gives to read, and to whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.staffing import RecMan, recman, refused


@pytest.fixture
async def app() -> AsyncIterator[RecMan]:
    async with recman(200) as client:
        yield client


class TestRows:
    """Maps of texts."""

    async def test_rows_come_as_a_map_by_id_with_the_fields_asked_for(self, app: RecMan) -> None:
        answer = await app.get("company", "companyId,name,companyNumber")
        assert (answer["success"], answer["numRows"], len(answer["data"])) == (True, 120, 120)
        assert all(key == row["companyId"] and len(row) == 3 for key, row in answer["data"].items())

    async def test_every_value_is_a_text_or_null_and_hours_keep_their_decimals(self, app: RecMan) -> None:
        rows = (await app.rows("invoice")).values()
        lines = [line for row in rows for line in row["lines"].values()]
        for row in rows:
            assert all(isinstance(value, str | None) for name, value in row.items() if name != "lines")
        assert all(isinstance(value, str | None) for line in lines for value in line.values())
        assert "7.5" in {line["quantity"] for line in lines}
        assert {line["vat"] for line in lines} == {"25", "15", "12", "0"}

    async def test_an_empty_map_is_a_list_until_the_knob_says_otherwise(self, app: RecMan) -> None:
        assert (await app.get("company", "name", companyIds="999"))["data"] == []
        rows = await app.rows("project", "attributes")
        assert next(iter(rows.values())) == {"attributes": []}
        await app.config(empty_maps="object")
        assert (await app.get("company", "name", companyIds="999"))["data"] == {}

    async def test_addresses_are_objects_by_name(self, app: RecMan) -> None:
        rows = await app.rows("company", "invoiceAddress")
        given = [row["invoiceAddress"] for row in rows.values() if row["invoiceAddress"]]
        assert set(given[0]) == {"address1", "address2", "postalCode", "city", "country"}

    async def test_credit_notes_are_negative_only_by_knob(self, app: RecMan) -> None:
        def signs(rows: dict[str, Any]) -> set[bool]:
            notes = [row for row in rows.values() if row["type"] == "creditnote"]
            return {line["quantity"].startswith("-") for row in notes for line in row["lines"].values()}

        assert signs(await app.rows("invoice")) == {False}
        await app.config(credit_notes="negative")
        assert signs(await app.rows("invoice")) == {True}


class TestPagesAndFilters:
    """What is asked for."""

    async def test_pages_hold_every_row_once_and_end_with_an_empty_one(self, app: RecMan) -> None:
        await app.config(page_size=17)
        found = await app.all_ids("project", "name")
        assert len(found) == len(set(found)) == 80

    async def test_a_row_deleted_between_two_pages_hides_another_one(self, app: RecMan) -> None:
        await app.config(page_size=10)
        first = list(await app.rows("companyContact", "email"))
        await app.control("DELETE", f"/records/companyContact/{first[0]}")
        second = list(await app.rows("companyContact", "email", page="2"))
        assert int(second[0]) == int(first[-1]) + 2

    async def test_a_row_inserted_between_two_pages_shows_another_one_twice(self, app: RecMan) -> None:
        await app.config(page_size=10, order="newest_first")
        first = list(await app.rows("company", "name"))
        await app.person("company", name="Nykommer AS")
        assert next(iter(await app.rows("company", "name", page="2"))) == first[-1]

    async def test_projects_from_an_id_on(self, app: RecMan) -> None:
        rows = await app.rows("project", "projectId", minProjectId="33075")
        assert sorted(rows) == [str(33_075 + at) for at in range(6)]

    async def test_filters_by_company_and_ids(self, app: RecMan) -> None:
        rows = await app.rows("invoice", "companyId,type", type="creditnote")
        assert rows and {row["type"] for row in rows.values()} == {"creditnote"}
        company = next(iter(rows.values()))["companyId"]
        mine = await app.rows("invoice", "companyId", companyId=company)
        assert {row["companyId"] for row in mine.values()} == {company}
        assert set(await app.rows("company", "name", companyIds=f"{company},20101,1")) == {company, "20101"}

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"scope": "candidates"}, 400),
            ({"scope": "company"}, 400),
            ({"scope": "company", "fields": "name,colour"}, 400),
            ({"scope": "company", "fields": "name", "companyId": "1"}, 400),
            ({"scope": "company", "fields": "name", "page": "0"}, 400),
            ({"scope": "company", "fields": "name", "page": "x"}, 400),
            ({"scope": "project", "fields": "name", "minProjectId": "²"}, 400),
            ({"scope": "company", "fields": "name", "key": "wrong"}, 401),
        ],
    )
    async def test_what_is_wrong_is_refused_with_status_200(
        self, app: RecMan, query: dict[str, str], code: int
    ) -> None:
        answer = await app.do("GET", "/v2/get/", **{"key": app.key, **query})
        assert answer.status == 200
        assert refused(answer.json) == code

    async def test_refusals_carry_a_status_of_their_own_by_knob(self, app: RecMan) -> None:
        await app.config(error_status="own")
        assert (await app.do("GET", "/v2/get/", key="wrong", scope="company")).status == 401


class TestKeys:
    """Scopes, departments, and keys that are taken back."""

    async def test_a_key_of_a_department_sees_only_its_rows(self, app: RecMan) -> None:
        everyone = await app.rows("project", "departmentId")
        app.key = app.known["department_key"]
        rows = await app.rows("project", "departmentId")
        assert {row["departmentId"] for row in rows.values()} == {"2"}
        assert 0 < len(rows) < len(everyone)
        invoices = await app.rows("invoice", "departmentId")
        assert {row["departmentId"] for row in invoices.values()} == {"2"}
        companies = await app.rows("company", "connectDepartment")
        assert {row["connectDepartment"] for row in companies.values()} == {None, "2", "1,2"}
        contacts = await app.rows("companyContact", "companyId")
        assert {row["companyId"] for row in contacts.values()} <= set(companies)
        hidden = next(key for key, row in everyone.items() if row["departmentId"] == "1")
        assert refused(await app.post("project", "update", projectId=hidden, name="x")) == 404

    async def test_a_contact_follows_its_company_out_of_sight(self, app: RecMan) -> None:
        key, app.key = app.key, app.known["department_key"]
        before = await app.rows("companyContact", "companyId")
        company = next(iter(before.values()))["companyId"]
        app.key = key
        await app.post("company", "update", companyId=company, connectDepartment="1")
        app.key = app.known["department_key"]
        after = await app.rows("companyContact", "companyId")
        assert company not in {row["companyId"] for row in after.values()}

    async def test_a_key_without_a_scope_is_refused_there(self, app: RecMan) -> None:
        app.key = app.known["project_key"]
        assert await app.rows("project", "name")
        assert refused(await app.get("company", "name")) == 403
        assert refused(await app.post("project", "insert", name="x", companyId="20101")) == 403

    async def test_a_key_taken_back_opens_nothing(self, app: RecMan) -> None:
        await app.control("POST", "/faults", {"kind": "token_revoked"})
        assert refused(await app.get("company", "name")) == 401
        assert refused(await app.get("company", "name")) == 401

    async def test_a_second_request_at_the_same_time_is_too_many_until_the_limit_is_off(self, app: RecMan) -> None:
        query = {"key": app.key, "scope": "department", "fields": "name"}
        for enabled, status in ((True, 429), (False, 200)):
            await app.control("POST", "/limits", {"enabled": enabled})
            await app.control("POST", "/faults", {"kind": "hold_before"})
            first = asyncio.create_task(app.do("GET", "/v2/get/", **query))
            for _ in range(200):
                if (await app.control("GET", "/faults"))["held"]:
                    break
            second = await app.do("GET", "/v2/get/", **query)
            assert second.status == status
            await app.control("POST", "/faults/release")
            assert (await first).status == 200


class TestFirstGeneration:
    """v1: bare maps and snake_case."""

    async def test_it_gives_a_bare_map_in_snake_case(self, app: RecMan) -> None:
        answer = await app.do("GET", "/v1.php", key=app.key, type="json", scope="user", fields="first_name,last_name")
        assert answer.json["11"] == {"first_name": "Åse", "last_name": "Lyngvær"}
        told = await app.do("GET", "/v1.php", key=app.key, type="json", scope="invoice", company_id="1")
        assert told.json == []

    async def test_it_selects_by_post(self, app: RecMan) -> None:
        answer = await app.post("company", "select", "/post/", page=1, fields=["company_number", "invoice_address"])
        row = answer["data"]["20104"]
        assert row["company_number"] == "2003"
        assert row["invoice_address"]["postal_code"] == "3210"

    async def test_it_writes_by_post(self, app: RecMan) -> None:
        made = await app.post("project", "insert", "/post/", name="Ny", company_id="20101")
        key = next(iter(made["data"]))
        assert (await app.rows("project", "name", minProjectId=key))[key] == {"name": "Ny"}

    async def test_its_refusals_are_an_error_alone(self, app: RecMan) -> None:
        answer = await app.do("GET", "/v1.php", key=app.key, type="json", scope="user", fields="firstname")
        assert answer.json == {"error": "Unknown field 'firstname' in scope 'user'"}
        answer = await app.do("GET", "/v1.php", key=app.key, scope="user", fields="first_name")
        assert answer.json == {"error": "type must be json"}

    async def test_where_only_it_runs_the_second_is_not_found(self, app: RecMan) -> None:
        await app.config(generation="v1")
        assert (await app.do("GET", "/v2/get/", key=app.key, scope="user", fields="firstName")).status == 404
        assert (await app.do("GET", "/v1.php", key=app.key, type="json", scope="user", fields="email")).status == 200
