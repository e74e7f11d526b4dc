"""What a simulated Pleo tells its subscribers, and how it can go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from kobling_simulators.pleo.delivering import signed
from kobling_simulators.wire import from_json
from tests.simulators.expenses import Pleo, basic, pleo, refused

JOB, VENDOR = "v1.export-job.created", "v1.vendor.created"


@dataclass
class Letter:
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return from_json(self.body)

    def genuine(self, secret: str) -> bool:
        at = int(self.headers["webhook-timestamp"])
        return self.headers["webhook-signature"] == signed(secret, self.headers["webhook-id"], at, self.body)


@dataclass
class Box:
    """A subscriber that answers with a status."""

    status: int = 200
    url: str = ""
    letters: asyncio.Queue[Letter] = field(default_factory=asyncio.Queue)

    async def take(self, request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): text for name, text in request.headers.items()}
        await self.letters.put(Letter(headers, await request.read()))
        return web.Response(status=self.status)

    async def next(self) -> Letter:
        return await asyncio.wait_for(self.letters.get(), 10)


@pytest.fixture
async def app() -> AsyncIterator[Pleo]:
    async with pleo() as client:
        yield client


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    found = Box()
    runner = web.ServerRunner(web.Server(found.take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield found
    await runner.cleanup()


async def subscribe(app: Pleo, box: Box, *events: str, **more: Any) -> tuple[str, str]:
    made = await app.make("/v1/subscriptions", endpointUrl=box.url, eventTypes=[*events], **more)
    return made["id"], (await app.get(f"/v1/subscriptions/{made['id']}/secret"))["secretKey"]


async def test_a_vendor_that_a_person_made_is_told_as_a_draft(app: Pleo, box: Box) -> None:
    _, secret = await subscribe(app, box, VENDOR, JOB)
    vendor = await app.person("vendors", name="Grossisten Ærø")
    letter = await box.next()
    assert letter.genuine(secret)
    assert letter.json["eventType"] == VENDOR
    assert (letter.json["data"]["id"], letter.json["data"]["state"]) == (vendor["id"], "DRAFT")


async def test_a_job_made_over_the_api_is_told_as_well(app: Pleo, box: Box) -> None:
    await subscribe(app, box, JOB)
    entry = await app.person("entries")
    job = await app.make("/v3/export-jobs", companyId=app.company, accountingEntryIds=[entry["id"]])
    assert (await box.next()).json["data"] == job


async def test_the_older_spelling_of_the_event_is_told_in_that_spelling(app: Pleo, box: Box) -> None:
    await subscribe(app, box, "v1.export.job-created")
    await app.person("entries")
    await app.person("export-jobs")
    assert (await box.next()).json["eventType"] == "v1.export.job-created"


async def test_the_older_body_nests_headers_and_payload(app: Pleo, box: Box) -> None:
    _, secret = await subscribe(app, box, VENDOR)
    await app.config(webhook_body="nested")
    await app.person("vendors", name="A")
    letter = await box.next()
    assert letter.genuine(secret)
    assert letter.json["headers"]["webhook-id"] == letter.headers["webhook-id"]
    assert letter.json["payload"]["data"]["name"] == "A"


async def test_the_same_event_may_come_twice_under_the_same_id(app: Pleo, box: Box) -> None:
    await subscribe(app, box, VENDOR)
    await app.config(webhook_twice=True)
    await app.person("vendors", name="A")
    first, second = await box.next(), await box.next()
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


async def test_a_later_event_may_overtake_an_earlier_one(app: Pleo, box: Box) -> None:
    await subscribe(app, box, VENDOR)
    await app.config(webhook_order="swapped")
    await app.person("vendors", name="A", code="A")
    await app.person("vendors", name="B", code="B")
    assert [(await box.next()).json["data"]["name"] for _ in range(2)] == ["B", "A"]


async def test_events_come_in_their_order_otherwise(app: Pleo, box: Box) -> None:
    await subscribe(app, box, VENDOR)
    for number in range(5):
        await app.person("vendors", name=f"V{number}", code=f"{number}")
    assert [(await box.next()).json["data"]["code"] for _ in range(5)] == ["0", "1", "2", "3", "4"]


async def test_a_forged_signature_can_be_had(app: Pleo, box: Box) -> None:
    _, secret = await subscribe(app, box, VENDOR)
    await app.config(webhook_signature="wrong")
    await app.person("vendors", name="A")
    assert not (await box.next()).genuine(secret)


async def test_headers_and_a_password_of_the_subscriber_are_sent_along(app: Pleo, box: Box) -> None:
    auth = {"type": "BASIC", "credentials": {"username": "u", "password": "p"}}
    await subscribe(app, box, VENDOR, customHeaders={"X-Kobling": "1"}, endpointAuth=auth)
    await app.person("vendors", name="A")
    letter = await box.next()
    assert (letter.headers["x-kobling"], letter.headers["authorization"]) == ("1", "Basic dTpw")


async def test_deliveries_are_written_down_with_what_was_answered(app: Pleo, box: Box) -> None:
    box.status = 500
    key, _ = await subscribe(app, box, VENDOR)
    for code in ("A", "B"):
        await app.person("vendors", name=code, code=code)
        await box.next()
    told = (await app.get(f"/v1/subscriptions/{key}/activities"))[0]
    assert (told["statusCode"], told["eventType"]) == (500, VENDOR)


async def test_a_subscriber_that_is_gone_holds_nothing_up(app: Pleo, box: Box) -> None:
    gone = Box(url="http://127.0.0.1:9/hook")
    key, _ = await subscribe(app, gone, VENDOR)
    await subscribe(app, box, VENDOR)
    await app.person("vendors", name="A")
    await box.next()
    assert [each["statusCode"] for each in await app.get(f"/v1/subscriptions/{key}/activities")] == [0]


async def test_who_unsubscribes_pauses_or_belongs_to_another_company_is_told_nothing(app: Pleo, box: Box) -> None:
    (away, _), (paused, _) = await subscribe(app, box, VENDOR), await subscribe(app, box, VENDOR)
    assert (await app.do("DELETE", f"/v1/subscriptions/{away}")).status == 204
    body = {"endpointUrl": box.url, "eventTypes": [VENDOR], "status": "INACTIVE"}
    assert (await app.do("PUT", f"/v1/subscriptions/{paused}", body)).json["data"]["status"] == "INACTIVE"
    own, app.authorization = app.authorization, basic(app.known["other_api_key"])
    await subscribe(app, box, VENDOR)
    app.authorization = own
    await subscribe(app, box, VENDOR, customHeaders={"X-Who": "last"})
    await app.person("vendors", name="A")
    assert (await box.next()).headers["x-who"] == "last"
    assert box.letters.empty()


async def test_a_subscription_of_somebody_else_is_not_there(app: Pleo, box: Box) -> None:
    key, _ = await subscribe(app, box, VENDOR)
    app.authorization = basic(app.known["other_api_key"])
    assert await app.get("/v1/subscriptions") == []
    assert refused(await app.do("GET", f"/v1/subscriptions/{key}/secret")) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "wrong",
    [{"eventTypes": []}, {"endpointUrl": ""}, {"status": "ON"}, {"endpointAuth": {"type": "TOKEN"}}, {"secret": "x"}],
)
async def test_a_wrong_subscription_is_refused(app: Pleo, wrong: dict[str, Any]) -> None:
    body = {"endpointUrl": "http://localhost:9/x", "eventTypes": [JOB], **wrong}
    assert refused(await app.do("POST", "/v1/subscriptions", body)) == (400, "VALIDATION_FAILED")
