"""Dinero's lists in whatever order they come, and its error bodies in whatever shape."""

import pytest
from aiohttp import web

from kobling.connectors.dinero.connector import CONNECTOR
from kobling.connectors.dinero.faults import words_of
from kobling.sdk.conformance_rig import reading
from kobling.sdk.context import ConnectorContext


@pytest.fixture
def connect(transport, clock):
    def connect(url):
        settings = {"base_url": url, "token_url": f"{url}/token", "organization_id": "1"}
        settings |= {"client_id": "c", "client_secret": "s-secret", "api_key": "k-secret"}
        return CONNECTOR.open(settings, ConnectorContext(transport, clock, allow_hosts=("127.0.0.1",)))

    return connect


@pytest.mark.parametrize(
    ("body", "code", "text", "field"),
    [
        (b'{"code":42,"message":"Bad","validationErrors":{"Name":"too short"}}', "42", "Bad – Name: too short", "Name"),
        (b'{"errorcode":58,"error":"Old"}', "58", "Old", None),
        (b'{"code":42,"validationErrors":{"Lines":["a","b"]}}', "42", "Lines: a, b", "Lines"),
        (b"API calls quota exceeded! Wait.", None, "API calls quota exceeded! Wait.", None),
        (b"<html>oops</html>", None, "", None),
        (b"[1]", None, "[1]", None),
        (b"", None, "", None),
    ],
)
def test_error_bodies_are_read_leniently(body, code, text, field):
    words = words_of(400, body)
    assert (words.code, words.text, words.field) == (code, text, field)


class OtherOrder:
    """A list that is ordered by name, and a record that moves to another page while the list is being read."""

    def __init__(self, stamp):
        self.rows = {f"g{n:05}": (f"N{n:05}", stamp(n)) for n in range(2500)}
        self.asked = 0

    async def __call__(self, request):
        if request.path.endswith("token"):
            return web.json_response({"access_token": "t", "expires_in": 3600})
        since, page = request.query.get("changesSince", ""), int(request.query.get("page", 0))
        rows = sorted((name, guid, at) for guid, (name, at) in self.rows.items() if at >= since)
        part = [] if request.query.get("deletedOnly") else rows[page * 1000 : page * 1000 + 1000]
        self.asked += 1
        if self.asked == 1:
            self.rows["g00003"] = ("Z", "2026-02-02T00:00:00Z")
        told = [{"ContactGuid": guid, "Name": name, "UpdatedAt": at} for name, guid, at in part]
        return web.json_response({"Collection": told, "Pagination": {"ResultWithoutFilter": len(rows)}})


@pytest.mark.parametrize(
    "stamp",
    [
        lambda n: f"2026-01-{n * 7 % 28 + 1:02}T00:00:00Z",
        lambda n: "2026-01-01T00:00:00Z",
        lambda n: f"2026-01-{28 if n == 999 else 1:02}T00:00:00Z",
        lambda n: f"2026-01-01T00:{n // 60:02}:{n % 60:02}Z",
    ],
    ids=["in no order", "all at once", "ordered on its first page only", "ordered by time"],
)
async def test_no_order_of_the_list_loses_a_record_that_moved_while_it_was_read(connect, serve, stamp):
    vendor = OtherOrder(stamp)
    url = await serve(vendor)
    contacts = connect(url).resources["contacts"]
    records, _, mark = await reading(contacts, None)
    seen = {each.external_id: each.fields["Name"] for each in records}
    more, _, _ = await reading(contacts, mark)
    assert set(seen) == set(vendor.rows)
    assert "Z" in {each.fields["Name"] for each in [*records, *more]}
