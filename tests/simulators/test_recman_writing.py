"""What a simulated RecMan lets be changed, by clients and by people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from stdnum.no import orgnr

from kobling_simulators import Clock, build
from kobling_simulators.world.norway import recman_knows, unimicro_knows
from tests.simulators.crm import START
from tests.simulators.staffing import RecMan, recman, refused


@pytest.fixture
async def app() -> AsyncIterator[RecMan]:
    async with recman() as client:
        yield client


async def company(app: RecMan, **more: Any) -> str:
    return str((await app.person("company", **{"name": "Åsfjord Bygg AS", **more}))["companyId"])


class TestWriting:
    """Insert, update, delete."""

    async def test_what_is_inserted_can_be_read(self, app: RecMan) -> None:
        address = {"address1": "Storgata 1", "postalCode": "0150", "city": "Oslo"}
        made = await app.post("company", "insert", name="Ny kunde", creditTime=14, invoiceAddress=address)
        key = next(iter(made["data"]))
        assert made == {"success": True, "numRows": 1, "data": {key: {"companyId": key}}}
        row = (await app.rows("company", "name,creditTime,invoiceAddress"))[key]
        assert row == {"name": "Ny kunde", "creditTime": "14", "invoiceAddress": address}

    async def test_an_update_touches_only_what_it_names(self, app: RecMan) -> None:
        key = await company(app, companyNumber="7", invoiceAddress={"address1": "A", "city": "B"})
        await app.post("company", "update", companyId=key, email="a@b.example", invoiceAddress={"city": "C"})
        row = (await app.rows("company", "name,companyNumber,email,invoiceAddress"))[key]
        expected = {"name": "Åsfjord Bygg AS", "companyNumber": "7", "email": "a@b.example"}
        assert row == {**expected, "invoiceAddress": {"address1": "A", "city": "C"}}

    async def test_an_update_marks_a_project_as_updated(self, app: RecMan) -> None:
        made = await app.post("project", "insert", name="P", companyId=await company(app))
        key = next(iter(made["data"]))
        assert (await app.rows("project", "updated"))[key]["updated"] is None
        await app.post("project", "update", projectId=key, name="Q")
        row = (await app.rows("project", "name,created,updated"))[key]
        assert row == {"name": "Q", "created": "2026-11-22 21:30:00", "updated": "2026-11-22 21:30:00"}

    async def test_a_deleted_row_is_gone_and_one_in_use_stays(self, app: RecMan) -> None:
        key = await company(app)
        made = await app.post("project", "insert", name="P", companyId=key)
        project = next(iter(made["data"]))
        assert refused(await app.post("company", "delete", companyId=key)) == 409
        assert (await app.post("project", "delete", projectId=project))["success"] is True
        assert (await app.post("company", "delete", companyId=key))["success"] is True
        assert refused(await app.post("company", "delete", companyId=key)) == 404
        assert (await app.control("GET", "/dump/company"))[0]["deleted"] is True

    @pytest.mark.parametrize(
        ("scope", "operation", "data", "code"),
        [
            ("company", "insert", {}, 400),
            ("company", "insert", {"name": "x", "colour": "red"}, 400),
            ("company", "insert", {"name": "x" * 256}, 400),
            ("company", "insert", {"name": ["x"]}, 400),
            ("company", "insert", {"name": "x", "type": "partner"}, 400),
            ("company", "insert", {"name": "x", "companyId": "1"}, 400),
            ("company", "insert", {"name": "x", "invoiceAddress": "Storgata"}, 400),
            ("company", "insert", {"name": "x", "invoiceAddress": {"zip": "1"}}, 400),
            ("company", "insert", {"name": "x", "file": {"a": "b"}}, 400),
            ("company", "select", {}, 400),
            ("company", "update", {"companyId": "1", "name": "x"}, 404),
            ("company", "update", {"name": "x"}, 404),
            ("project", "insert", {"name": "x"}, 400),
            ("project", "insert", {"name": "x", "companyId": "1"}, 400),
            ("project", "insert", {"name": "x", "companyId": "20101", "created": "2026-01-01"}, 400),
            ("invoice", "insert", {"companyId": "20101"}, 400),
            ("invoice", "update", {"invoiceId": "70001", "exported": "1"}, 400),
            ("candidate", "insert", {"name": "x"}, 400),
        ],
    )
    async def test_what_is_wrong_changes_nothing(
        self, app: RecMan, scope: str, operation: str, data: dict[str, Any], code: int
    ) -> None:
        await company(app)
        before = await app.control("GET", "/dump")
        assert refused(await app.post(scope, operation, **data)) == code
        assert await app.control("GET", "/dump") == before

    async def test_a_name_cannot_be_cleared(self, app: RecMan) -> None:
        key = await company(app)
        assert refused(await app.post("company", "update", companyId=key, name="")) == 400

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"key":1}', b"\xff"])
    async def test_a_malformed_body_is_refused(self, app: RecMan, body: bytes) -> None:
        answer = await app.do("POST", "/v2/post/", body)
        assert answer.status == 200
        assert answer.json["success"] is False

    async def test_data_has_to_be_an_object(self, app: RecMan) -> None:
        for path in ("/v2/post/", "/post/"):
            body = {"key": app.key, "scope": "company", "operation": "insert", "data": [1]}
            assert "error" in (await app.do("POST", path, body)).json

    async def test_other_methods_and_paths_are_not_there(self, app: RecMan) -> None:
        assert (await app.do("POST", "/v2/get/")).status == 405
        assert (await app.do("GET", "/v3/get/")).status == 404

    async def test_a_key_of_a_department_writes_only_there(self, app: RecMan) -> None:
        async with recman(20) as seeded:
            seeded.key = seeded.known["department_key"]
            assert refused(await seeded.post("company", "insert", name="x", connectDepartment="1")) == 403
            made = await seeded.post("company", "insert", name="x")
            rows = await seeded.rows("company", "connectDepartment")
            assert rows[next(iter(made["data"]))] == {"connectDepartment": "2"}


class TestPeople:
    """Acts in the screens."""

    async def test_an_invoice_by_hand_gets_number_kid_and_dates(self, app: RecMan) -> None:
        key = await company(app, companyNumber="100020", creditTime="10")
        line = {"number": "1001", "description": "Timer", "quantity": 7.5, "price": "615.00", "vat": "0"}
        made = await app.person("invoice", companyId=key, lines=[line])
        assert (made["number"], made["date"], made["dueDate"]) == ("30001", "2026-11-22", "2026-12-02")
        assert made["kid"].startswith("0100020030001")
        row = (await app.rows("invoice"))[made["invoiceId"]]
        assert next(iter(row["lines"].values()))["quantity"] == "7.5"

    async def test_a_credit_note_and_a_draft_by_hand(self, app: RecMan) -> None:
        key = await company(app)
        note = await app.person("creditnote", companyId=key, lines=[{"quantity": "1", "price": "10"}])
        draft = await app.person("invoice", companyId=key, draft=True)
        assert (note["type"], note["kid"]) == ("creditnote", None)
        assert draft["number"] is None

    async def test_people_change_and_delete(self, app: RecMan) -> None:
        key = await company(app)
        made = await app.person("invoice", companyId=key)
        path = f"/records/invoice/{made['invoiceId']}"
        changed = await app.control("PATCH", path, {"exported": True, "lines": [{"description": "Ny"}]})
        assert changed["exported"] == "1"
        assert next(iter(changed["lines"].values()))["description"] == "Ny"
        await app.control("DELETE", path)
        assert await app.rows("invoice") == {}
        await app.control("DELETE", path)
        assert app.control_status == 404

    async def test_what_a_screen_would_not_take_is_refused(self, app: RecMan) -> None:
        for entity, values in (
            ("company", {"colour": "red"}),
            ("invoice", {"lines": []}),
            ("invoice", {"companyId": await company(app), "lines": [{"colour": "red"}]}),
            ("invoice", {"companyId": await company(app), "date": "i morgen"}),
        ):
            await app.person(entity, **values)
            assert app.control_status == 409

    async def test_unknown_knobs_are_refused(self, app: RecMan) -> None:
        for knobs in ({"colour": "red"}, {"page_size": 0}, {"generation": "v9"}):
            await app.control("POST", "/config", knobs)
            assert app.control_status == 400


class TestSeed:
    """The staffing firm and what its accounting system knows."""

    def test_equal_seeds_give_equal_books(self) -> None:
        def dump(seed: int) -> list[object]:
            simulator = build("recman", clock=Clock(lambda: START), seed=seed, records=40)
            return [simulator.dump(entity) for entity in simulator.entities()]

        assert dump(1) == dump(1)
        assert dump(1) != dump(2)

    def test_the_books_are_messy(self) -> None:
        found = list(recman_knows(1, 120))
        valid = [one for one in found if orgnr.is_valid(one.org_number)]
        assert 90 < len(valid) < 115
        assert any(one.org_number and not orgnr.is_valid(one.org_number) for one in found)
        assert any(not one.org_number for one in found) and any(not one.number for one in found)
        assert any(one.name.endswith(".") for one in found) and any("😀" in one.name for one in found)
        assert all(not one.email or one.email.endswith(".example") for one in found)

    def test_the_accounting_system_knows_three_in_five_some_by_another_number(self) -> None:
        left = {one.index: one for one in recman_knows(1, 120)}
        right = list(unimicro_knows(1, 120))
        shared = [one for one in right if one.index in left]
        assert len(shared) == 72
        same = [one for one in shared if one.number and one.number == left[one.index].number]
        numbers = {one.number: one.index for one in left.values() if one.number}
        clashing = [one for one in right if numbers.get(one.number, one.index) != one.index]
        assert len(same) > 25 and clashing and any(not one.number for one in right)
        given = [one.number for one in right if one.number]
        assert len(given) == len(set(given)) and all(int(number) >= 100_000 for number in given)
