"""Subscriptions of Business Central: handshake, life, notifications, failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from kobling_simulators.wire import from_json
from tests.simulators.central import Central, central


class Listener:
    """Somebody who is told; answers the handshake and notifications as it is set to."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.token: str | None = None
        self.handshakes = 0
        self.heard: list[list[dict[str, Any]]] = []
        self.news = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if "validationToken" in request.query:
            self.handshakes += 1
            return web.Response(text=request.query["validationToken"] if self.token is None else self.token)
        self.heard.append(from_json(await request.read())["value"])
        self.news.set()
        return web.Response(status=self.status)

    async def next(self) -> list[dict[str, Any]]:
        """The next letter."""
        await asyncio.wait_for(self.news.wait(), 5)
        self.news.clear()
        return self.heard.pop(0)


@pytest.fixture
async def bc() -> AsyncIterator[Central]:
    async with central() as client:
        yield client


@pytest.fixture
async def listener(serve: Callable[..., Awaitable[str]]) -> Listener:
    made = Listener()
    made.url = await serve(made.handle)
    return made


async def subscribe(bc: Central, listener: Listener, name: str = "customers", **more: Any) -> dict[str, Any]:
    resource = f"/api/v2.0/companies({bc.known['company_id']})/{name}"
    body = {"notificationUrl": listener.url, "resource": resource, "clientState": "hemmelig", **more}
    return await bc.make(f"{bc.root}/subscriptions", **body)


async def flush(bc: Central, listener: Listener) -> list[dict[str, Any]]:
    await bc.config(webhook_flush=True)
    return await listener.next()


async def test_a_subscription_begins_with_a_handshake_and_lives_three_days(bc: Central, listener: Listener) -> None:
    row = await subscribe(bc, listener)
    assert (listener.handshakes, row["expirationDateTime"], row["clientState"]) == (
        1,
        "2026-11-25T21:30:00Z",
        "hemmelig",
    )
    path = f"{bc.root}/subscriptions('{row['subscriptionId']}')"
    assert (await bc.get(path)).status == 200
    bc.clock.advance(3 * 86_400 - 1)
    bc.token = await bc.sign_in()
    assert len(await bc.rows(f"{bc.root}/subscriptions")) == 1
    bc.clock.advance(2)
    assert await bc.rows(f"{bc.root}/subscriptions") == []


async def test_a_renewal_is_a_patch_with_if_match_and_another_handshake(bc: Central, listener: Listener) -> None:
    row = await subscribe(bc, listener)
    path = f"{bc.root}/subscriptions('{row['subscriptionId']}')"
    body = {"notificationUrl": listener.url, "resource": row["resource"], "clientState": "ny"}
    assert (await bc.patch(path, body, None)).code == "BadRequest_InvalidToken"
    assert (await bc.patch(path, body, 'W/"old"')).status == 409
    bc.clock.advance(3_000)
    renewed = await bc.patch(path, body, row["@odata.etag"])
    assert (renewed.status, renewed.json["expirationDateTime"], listener.handshakes) == (200, "2026-11-25T22:20:00Z", 2)
    listener.token = "wrong"
    assert (await bc.patch(path, body)).status == 400


async def test_a_listener_that_does_not_echo_the_token_gets_no_subscription(bc: Central, listener: Listener) -> None:
    listener.token = ""
    resource = f"api/v2.0/companies({bc.known['company_id']})/customers"
    refused = await bc.post(f"{bc.root}/subscriptions", {"notificationUrl": listener.url, "resource": resource})
    assert refused.status == 400
    nobody = {"notificationUrl": "http://127.0.0.1:9/x", "resource": resource}
    assert (await bc.post(f"{bc.root}/subscriptions", nobody)).status == 400
    assert await bc.rows(f"{bc.root}/subscriptions") == []


@pytest.mark.parametrize(
    "name", ["contacts", "projects", "dimensionValues", "salespeoplePurchasers", "opportunities", "x"]
)
async def test_some_entity_sets_cannot_be_subscribed_to(bc: Central, listener: Listener, name: str) -> None:
    body = {"notificationUrl": listener.url, "resource": f"/api/v2.0/companies({bc.known['company_id']})/{name}"}
    assert (await bc.post(f"{bc.root}/subscriptions", body)).status == 400
    assert listener.handshakes == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"resource": ""},
        {"resource": "/api/v2.0/companies(11111111-1111-1111-1111-111111111111)/customers"},
        {"notificationUrl": ""},
        {"notificationUrl": "ftp://x"},
        {"clientState": "x" * 251},
        {"clientState": 5},
        {"subscriptionId": "own"},
        {"nothing": "x"},
    ],
)
async def test_a_wrong_subscription_is_refused(bc: Central, listener: Listener, changed: dict[str, Any]) -> None:
    body = {
        "notificationUrl": listener.url,
        "resource": f"/api/v2.0/companies({bc.known['company_id']})/customers",
        **changed,
    }
    assert (await bc.post(f"{bc.root}/subscriptions", body)).status == 400


async def test_changes_are_told_once_after_the_window(bc: Central, listener: Listener) -> None:
    row = await subscribe(bc, listener)
    made = await bc.make("customers", displayName="a")
    await bc.patch(f"customers({made['id']})", {"displayName": "b"})
    bc.clock.advance(29)
    await bc.get("customers")
    assert listener.heard == []
    bc.clock.advance(1)
    await bc.get("customers")
    (note,) = await listener.next()
    assert (note["subscriptionId"], note["clientState"], note["changeType"]) == (
        row["subscriptionId"],
        "hemmelig",
        "created",
    )
    assert note["resource"].endswith(f"customers({made['id']})")


async def test_one_letter_tells_of_several_subscriptions_and_of_deletions(bc: Central, listener: Listener) -> None:
    await subscribe(bc, listener)
    await subscribe(bc, listener, "vendors")
    one, two = await bc.make("customers", displayName="a"), await bc.make("vendors", displayName="b")
    assert len(await flush(bc, listener)) == 2
    await bc.delete(f"customers({one['id']})")
    await bc.patch(f"vendors({two['id']})", {"displayName": "c"})
    kinds = {note["changeType"] for note in await flush(bc, listener)}
    assert kinds == {"deleted", "updated"}


async def test_a_change_of_a_line_tells_of_its_document(bc: Central, listener: Listener) -> None:
    customer = await bc.make("customers", displayName="a")
    order = await bc.make("salesOrders", customerId=customer["id"])
    await subscribe(bc, listener, "salesOrders")
    await bc.make(f"salesOrders({order['id']})/salesOrderLines", lineType="Comment", description="x")
    (note,) = await flush(bc, listener)
    assert note["resource"].endswith(f"salesOrders({order['id']})") and note["changeType"] == "updated"


async def test_what_was_rolled_back_is_never_told(bc: Central, listener: Listener) -> None:
    await subscribe(bc, listener)
    body = {"displayName": "a"}
    url = f"companies({bc.known['company_id']})/customers"
    parts = [{"method": "POST", "url": url, "body": one} for one in (body, {})]
    await bc.batch(*parts, Isolation="snapshot")
    made = await bc.make("customers", displayName="b")
    (note,) = await flush(bc, listener)
    assert made["id"] in note["resource"]


async def test_more_than_a_thousand_changes_are_one_collection(bc: Central, listener: Listener) -> None:
    await subscribe(bc, listener, "itemCategories")
    url = f"companies({bc.known['company_id']})/itemCategories"
    for at in range(11):
        parts = [{"method": "POST", "url": url, "body": {"code": f"C{at}-{n}"}} for n in range(100)]
        await bc.batch(*parts)
    (note,) = await flush(bc, listener)
    assert note["changeType"] == "collection"
    assert len((await bc.get(note["resource"].removeprefix(bc.running.url))).rows) == 1100


async def test_trouble_is_tried_again_and_a_clear_no_ends_the_subscription(bc: Central, listener: Listener) -> None:
    await subscribe(bc, listener)
    listener.status = 503
    made = await bc.make("customers", displayName="a")
    first = await flush(bc, listener)
    listener.status = 404
    assert await flush_until(bc, listener) == first
    for _ in range(1_000):
        if not await bc.rows(f"{bc.root}/subscriptions"):
            break
    assert await bc.rows(f"{bc.root}/subscriptions") == []
    assert (await bc.get(f"customers({made['id']})")).status == 200


async def flush_until(bc: Central, listener: Listener) -> list[dict[str, Any]]:
    """The letter that was refused comes back as soon as the refusal was read."""
    while not listener.news.is_set():
        await bc.config(webhook_flush=True)
    return await listener.next()


async def test_no_more_than_200_subscriptions_and_no_second_of_the_same(bc: Central, listener: Listener) -> None:
    await subscribe(bc, listener)
    again = {"notificationUrl": listener.url, "resource": f"/api/v2.0/companies({bc.known['company_id']})/customers"}
    assert (await bc.post(f"{bc.root}/subscriptions", again)).code == "Internal_EntityWithSameKeyExists"
    for at in range(199):
        await subscribe(bc, listener, notificationUrl=f"{listener.url}/{at}")
    one_more = {**again, "notificationUrl": f"{listener.url}/x"}
    assert (await bc.post(f"{bc.root}/subscriptions", one_more)).status == 400


async def test_a_subscription_ends_when_it_is_deleted(bc: Central, listener: Listener) -> None:
    row = await subscribe(bc, listener)
    path = f"{bc.root}/subscriptions('{row['subscriptionId']}')"
    assert (await bc.delete(path, None)).status == 400
    assert (await bc.delete(path)).status == 204
    assert (await bc.get(path)).status == 404
