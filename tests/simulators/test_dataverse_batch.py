"""$batch of a simulated Dataverse: order, change sets, references, and strictness about the form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.dynamics import Answer, Dynamics, bodies, change_set, dynamics, multipart, statuses

GUID = "0f0e9d8c-1111-4222-8333-444455556666"
MIXED = {"Content_Type": 'multipart/mixed; boundary="batch_1"'}
A, B, WRONG = 'POST accounts|{"name":"A"}', 'POST accounts|{"name":"B"}', 'POST accounts|{"nothing":1}'


@pytest.fixture
async def crm() -> AsyncIterator[Dynamics]:
    async with dynamics() as client:
        yield client


async def send(crm: Dynamics, *requests: str, **headers: str) -> Answer:
    return await crm.do("POST", "$batch", multipart(*requests), **{**MIXED, **headers})


async def names(crm: Dynamics) -> list[str]:
    return [row["name"] for row in await crm.rows("accounts?$select=name")]


async def test_requests_are_answered_in_order(crm: Dynamics) -> None:
    answer = await send(crm, A, "GET accounts?$select=name", B, "GET accounts?$select=name")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert statuses(answer) == [204, 200, 204, 200]
    assert [len(body["value"]) for body in bodies(answer)] == [1, 2]


async def test_addresses_are_absolute_or_from_either_root(crm: Dynamics) -> None:
    answer = await send(crm, f"GET {crm.root}accounts", "GET /api/data/v9.2/accounts", "GET accounts")
    assert statuses(answer) == [200, 200, 200]


async def test_a_query_of_a_part_is_decoded(crm: Dynamics) -> None:
    await crm.make("accounts", name="Æ & Ø")
    answer = await send(crm, "GET accounts?$filter=name%20eq%20'%C3%86%20%26%20%C3%98'&$select=name")
    assert [row["name"] for row in bodies(answer)[0]["value"]] == ["Æ & Ø"]


async def test_it_stops_at_the_first_error(crm: Dynamics) -> None:
    answer = await send(crm, A, WRONG, B)
    assert statuses(answer) == [204, 400]
    assert await names(crm) == ["A"]


async def test_it_goes_on_when_told_to(crm: Dynamics) -> None:
    answer = await send(crm, A, WRONG, B, Prefer="odata.continue-on-error")
    assert statuses(answer) == [204, 400, 204]
    assert await names(crm) == ["A", "B"]


async def test_a_change_set_is_applied_as_a_whole(crm: Dynamics) -> None:
    answer = await send(crm, change_set(A, B))
    assert statuses(answer) == [204, 204]
    assert b"Content-ID: 2\r\n" in answer.body
    assert await names(crm) == ["A", "B"]


async def test_a_change_set_with_an_error_is_undone_and_answered_once(crm: Dynamics) -> None:
    key = await crm.make("accounts", name="Før")
    etag = (await crm.get(f"accounts({key})"))["@odata.etag"]
    change = f'PATCH accounts({key})|{{"name":"Efter"}}'
    answer = await send(crm, change_set(A, change, f"DELETE accounts({key})|", WRONG), B)
    assert statuses(answer) == [400]
    assert await names(crm) == ["Før"]
    assert (await crm.get(f"accounts({key})"))["@odata.etag"] == etag
    answer = await send(crm, change_set(A, WRONG), B, Prefer="odata.continue-on-error")
    assert statuses(answer) == [400, 204]
    assert await names(crm) == ["Før", "B"]


async def test_requests_of_a_change_set_refer_to_each_other(crm: Dynamics) -> None:
    child = 'POST contacts|{"lastname":"Bo","parentcustomerid_account@odata.bind":"$1"}'
    change = 'PATCH $1|{"fax":"1"}'
    answer = await send(crm, change_set(A, child, change))
    assert statuses(answer) == [204, 204, 204]
    row = (await crm.rows("contacts?$expand=parentcustomerid_account"))[0]["parentcustomerid_account"]
    assert (row["name"], row["fax"]) == ("A", "1")


async def test_an_unknown_reference_is_refused(crm: Dynamics) -> None:
    assert statuses(await send(crm, change_set('PATCH $7|{"fax":"1"}'))) == [400]


async def test_conditions_and_preferences_belong_to_their_part(crm: Dynamics) -> None:
    parts = (
        f'PATCH accounts({GUID})|If-Match: *|{{"name":"A"}}',
        'POST accounts|Prefer: return=representation|{"name":"B"}',
        'POST accounts|{"name":"C"}',
    )
    answer = await send(crm, *parts, Prefer="odata.continue-on-error,return=representation")
    assert statuses(answer) == [404, 201, 204]


async def test_a_thousand_requests_are_taken_and_no_more(crm: Dynamics) -> None:
    asked = ["GET accounts?$top=1&$select=name"] * 1000
    assert statuses(await send(crm, *asked)) == [200] * 1000
    assert (await send(crm, *asked, asked[0])).status == 400
    assert (await send(crm, change_set(*[A] * 1001))).status == 400
    assert await names(crm) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.replace(b"--batch_1--", b""),
        lambda body: body.replace(b"--batch_1", b"--batch_2"),
        lambda body: body.replace(b"Content-Transfer-Encoding: binary\r\n", b""),
        lambda body: body.replace(b"application/http", b"text/plain"),
        lambda body: body.replace(b" HTTP/1.1", b""),
        lambda body: body.replace(b"POST", b"post"),
        lambda body: body.replace(b"POST", b"BREW"),
        lambda body: body.replace(b"Content-Type: application/json\r\n", b"nonsense\r\n"),
        lambda body: body.replace(b"binary\r\n\r\n", b"binary\r\n"),
        lambda body: b"",
        lambda body: b"\xff\x00",
        lambda body: b"--batch_1--\r\n",
    ],
)
async def test_a_malformed_batch_is_refused_as_a_whole(crm: Dynamics, spoil: Any) -> None:
    answer = await crm.do("POST", "$batch", spoil(multipart(A, B)), **MIXED)
    assert answer.status == 400
    assert await names(crm) == []


@pytest.mark.parametrize("kind", ["application/json", "multipart/mixed", "multipart/form-data; boundary=batch_1"])
async def test_the_content_type_has_to_name_the_boundary(crm: Dynamics, kind: str) -> None:
    assert (await crm.do("POST", "$batch", multipart(A), Content_Type=kind)).status == 400


async def test_bare_line_feeds_are_taken_unless_a_knob_refuses_them(crm: Dynamics) -> None:
    body = multipart(change_set(A), B).replace(b"\r\n", b"\n")
    answer = await crm.do("POST", "$batch", body, **MIXED)
    assert (answer.status, statuses(answer)) == (200, [204, 204])
    await crm.control("POST", "/config", {"line_feeds": "refused"})
    assert (await crm.do("POST", "$batch", body, **MIXED)).status == 400


async def test_a_part_of_a_change_set_may_do_without_a_content_id(crm: Dynamics) -> None:
    answer = await send(crm, change_set(A, B).replace("Content-ID: 1\r\n", "").replace("Content-ID: 2\r\n", ""))
    assert (answer.status, statuses(answer)) == (200, [204, 204])
    assert b"Content-ID" not in answer.body


async def test_a_failed_change_set_gives_the_whole_answer_its_status(crm: Dynamics) -> None:
    gone = f'PATCH accounts({GUID})|If-Match: *|{{"name":"A"}}'
    for part, status in ((WRONG, 400), (gone, 404)):
        answer = await send(crm, change_set(A, part), B)
        assert (answer.status, statuses(answer)) == (status, [status])
        assert answer.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
        assert b"Content-ID: 2\r\n" in answer.body


async def test_a_failed_request_gives_the_whole_answer_its_status(crm: Dynamics) -> None:
    assert (await send(crm, A, WRONG)).status == 400


async def test_told_to_go_on_the_whole_answer_is_200(crm: Dynamics) -> None:
    assert (await send(crm, change_set(A, WRONG), WRONG, Prefer="odata.continue-on-error")).status == 200


async def test_a_change_set_holds_no_reads_and_no_batches(crm: Dynamics) -> None:
    assert (await send(crm, change_set("GET accounts"))).status == 400
    nested = change_set(A).replace("Content-Type: application/http", "Content-Type: multipart/mixed; boundary=x")
    assert (await send(crm, nested)).status == 400
    assert await names(crm) == []


async def test_a_batch_in_a_batch_is_refused(crm: Dynamics) -> None:
    assert statuses(await send(crm, "POST $batch|{}")) == [404]


async def test_parts_run_as_the_caller_of_the_batch(crm: Dynamics) -> None:
    other = (await crm.sign_in_as_person()).json["access_token"]
    person = {"Authorization": f"Bearer {other}"}
    mine = bodies(await send(crm, "GET WhoAmI"))[0]["UserId"]
    theirs = bodies(await send(crm, f"GET WhoAmI|Authorization: Bearer {crm.token}|", **person))[0]["UserId"]
    assert theirs != mine
