"""$batch and limits of Business Central."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.simulators.central import Central, central


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


@pytest.fixture
async def limited() -> AsyncIterator[Central]:
    async with central(limited=True) as client:
        yield client


def part(bc: Central, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    made: dict[str, Any] = {"method": method, "url": f"companies({bc.known['company_id']})/{path}"}
    if body is not None:
        made["body"] = body
        headers.setdefault("Content-Type", "application/json")
    return {**made, "headers": headers} if headers else made


async def test_parts_answer_in_order_under_their_ids(bc: Central) -> None:
    parts = [part(bc, "POST", "customers", {"displayName": f"K{at}"}) for at in range(3)]
    parts.append({**part(bc, "GET", "customers?$select=displayName&$orderby=displayName desc"), "id": "læs"})
    responses = await bc.batch(*parts)
    assert [one["status"] for one in responses] == [201, 201, 201, 200]
    assert [one["id"] for one in responses] == ["0", "1", "2", "læs"]
    assert [row["displayName"] for row in responses[3]["body"]["value"]] == ["K2", "K1", "K0"]


async def test_each_part_stands_alone_without_isolation(bc: Central) -> None:
    good = part(bc, "POST", "customers", {"displayName": "x"})
    bad = part(bc, "POST", "customers", {"displayName": "x" * 101})
    responses = await bc.batch(good, bad, good)
    assert [one["status"] for one in responses] == [201, 400, 201]
    assert responses[1]["body"]["error"]["code"] == "Application_StringExceededLength"
    assert len(await bc.rows("customers")) == 2


async def test_snapshot_isolation_is_all_or_nothing(bc: Central) -> None:
    good = part(bc, "POST", "customers", {"displayName": "x"})
    bad = part(bc, "POST", "customers", {"displayName": ""})
    responses = await bc.batch(good, bad, good, Isolation="snapshot")
    assert [one["status"] for one in responses] == [201, 400, 424]
    assert await bc.rows("customers") == []
    assert [one["status"] for one in await bc.batch(good, good, Isolation="snapshot")] == [201, 201]
    assert [row["number"] for row in await bc.rows("customers")] == ["D00010", "D00011"]


async def test_snapshot_isolation_restores_changes_and_deletions(bc: Central) -> None:
    first, second = [await bc.make("customers", displayName=name) for name in "ab"]
    change = part(bc, "PATCH", f"customers({first['id']})", {"displayName": "c"}, **{"If-Match": "*"})
    remove = part(bc, "DELETE", f"customers({second['id']})", **{"If-Match": "*"})
    bad = part(bc, "POST", "customers", {})
    await bc.batch(change, remove, bad, Isolation="snapshot")
    assert await bc.rows("customers") == [
        {name: value for name, value in row.items() if name != "@odata.context"} for row in (first, second)
    ]


async def test_posting_commits_what_a_snapshot_had_done_before(bc: Central) -> None:
    customer = await bc.make("customers", displayName="x")
    lines = [{"lineType": "Account", "lineObjectNumber": "1010", "quantity": 1, "unitPrice": 1}]
    invoice = await bc.make("salesInvoices", customerId=customer["id"], salesInvoiceLines=lines)
    responses = await bc.batch(
        part(bc, "POST", "customers", {"displayName": "y"}),
        part(bc, "POST", f"salesInvoices({invoice['id']})/Microsoft.NAV.post"),
        part(bc, "POST", "customers", {"displayName": "z"}),
        part(bc, "POST", "customers", {}),
        Isolation="snapshot",
    )
    assert [one["status"] for one in responses] == [201, 204, 201, 400]
    assert [row["displayName"] for row in await bc.rows("customers")] == ["x", "y"]


async def test_a_batch_has_at_most_100_parts_with_ids_of_their_own(bc: Central) -> None:
    one = part(bc, "GET", "customers")
    assert len(await bc.batch(*[one] * 100)) == 100
    path = f"{bc.root}/$batch"
    many = await bc.post(path, {"requests": [one] * 101})
    twice = await bc.post(path, {"requests": [{**one, "id": "1"}] * 2})
    assert (many.status, twice.status) == (400, 400)


@pytest.mark.parametrize(
    "body",
    [{}, [], {"requests": "x"}, {"requests": ["x"]}, {"requests": [{}]}, {"requests": [{"method": "EAT", "url": "x"}]}],
)
async def test_a_batch_that_is_none_is_400(bc: Central, body: Any) -> None:
    assert (await bc.post(f"{bc.root}/$batch", body)).status == 400


async def test_batches_are_json_and_posted(bc: Central) -> None:
    path = f"{bc.root}/$batch"
    multipart = await bc.raw("POST", path, b"--b\r\n", Content_Type="multipart/mixed; boundary=b")
    text = await bc.raw("POST", path, b"{}", Content_Type="text/plain")
    assert (multipart.status, text.status) == (400, 415)
    assert (await bc.get(path)).status == 405
    assert (await bc.raw("POST", path, b"{")).status == 400


async def test_a_part_may_name_its_company_in_a_header_or_the_query(bc: Central) -> None:
    made = {"method": "GET", "url": "customers", "headers": {"Company": bc.known["company"]}}
    asked = {"method": "GET", "url": f"customers?company={bc.known['company_id']}"}
    inner = {"method": "POST", "url": "$batch", "body": {"requests": []}}
    wrong = {"method": "GET", "url": "https://elsewhere.example/x"}
    responses = await bc.batch(made, asked, inner, wrong, {"method": "GET", "url": "customers"})
    assert [one["status"] for one in responses] == [200, 200, 404, 400, 400]


async def test_the_6001st_request_in_five_minutes_is_429_without_retry_after(limited: Central) -> None:
    bc = limited
    await bc.control("POST", "/limits", {"requests": 5})
    for _ in range(5):
        assert (await bc.get("customers")).status == 200
    refused = await bc.get("customers")
    assert (refused.status, "Retry-After" in refused.headers) == (429, False)
    assert (await bc.control("GET", "/counters"))["refused_by_limit"] == 1
    bc.clock.advance(299)
    assert (await bc.get("customers")).status == 429
    bc.clock.advance(2)
    assert (await bc.get("customers")).status == 200


async def test_the_window_slides_request_by_request(limited: Central) -> None:
    bc = limited
    await bc.control("POST", "/limits", {"requests": 2})
    await bc.get("customers")
    bc.clock.advance(200)
    await bc.get("customers")
    bc.clock.advance(101)
    assert [(await bc.get("customers")).status for _ in range(2)] == [200, 429]


async def test_a_retry_after_may_be_given_and_the_default_limit_is_6000(limited: Central) -> None:
    bc = limited
    assert (await bc.control("GET", "/limits"))["requests"] == 6000
    await bc.config(retry_after_429=17)
    await bc.control("POST", "/limits", {"requests": 0})
    assert (await bc.get("customers")).headers["Retry-After"] == "17"


async def test_more_connections_than_may_wait_are_429(limited: Central) -> None:
    bc = limited
    await bc.control("POST", "/limits", {"connections": 0})
    assert (await bc.get("customers")).status == 429


async def test_faults_speak_the_vendors_language(bc: Central) -> None:
    await bc.control("POST", "/faults", {"kind": "rate_limited", "match": {"operation": "GET customers"}})
    answer = await bc.get("customers")
    assert (answer.status, answer.code) == (429, "Application_TooManyRequests")
    await bc.control("POST", "/faults", {"kind": "token_revoked"})
    assert (await bc.get("customers")).status == 401
