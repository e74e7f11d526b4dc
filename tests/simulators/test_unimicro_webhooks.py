"""What a simulated Unimicro tells its subscribers, how often, and when it stops."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from kobling_simulators.wire import from_json
from tests.simulators.softrig import Softrig, good, message, new, softrig

KEY = "nøkkel"


@dataclass
class Letter:
    headers: dict[str, str]
    body: bytes
    query: str

    @property
    def json(self) -> Any:
        return from_json(self.body)

    @property
    def said(self) -> tuple[str, str, int]:
        return self.json["EntityName"], self.json["EventType"], self.json["EntityID"]

    def genuine(self, name: str = "unimicro-signature") -> bool:
        at, _, digest = self.headers[name].removeprefix("t=").partition(",v1=")
        expected = hmac.new(KEY.encode(), at.encode() + b"." + self.body, hashlib.sha256).hexdigest()
        return digest == expected and at == "1795383000"


@dataclass
class Box:
    """A subscriber that answers with a status."""

    status: int = 200
    url: str = ""
    letters: asyncio.Queue[Letter] = field(default_factory=asyncio.Queue)

    async def take(self, request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): text for name, text in request.headers.items()}
        await self.letters.put(Letter(headers, await request.read(), request.query_string))
        return web.Response(status=self.status)

    async def next(self) -> Letter:
        return await asyncio.wait_for(self.letters.get(), 10)


@pytest.fixture
async def app() -> AsyncIterator[Softrig]:
    async with softrig() as client:
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


async def plan(app: Softrig, url: str, models: str = "Department", operations: str = "CUD", **more: Any) -> Any:
    subscriber = {"Name": "Kobling", "Endpoint": url, "Active": True, **more.pop("subscriber", {})}
    told = {"Name": "K", "Active": True, "PlanType": 0, "ModelFilter": models, "OperationFilter": operations}
    return await app.make("eventplans", **{**told, "SigningKey": KEY, "Subscribers": [subscriber], **more})


async def answered(app: Softrig, count: int) -> list[dict[str, Any]]:
    """The deliveries, once so many have been answered."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        found = await app.dump("deliveries")
    return found


class TestEvents:
    """What is told."""

    async def test_what_is_made_changed_and_deleted_is_told(self, app: Softrig, box: Box) -> None:
        await plan(app, box.url)
        made = await app.make("departments", Name="A", DepartmentNumber="9")
        letter = await box.next()
        assert letter.said == ("Department", "Create", made["ID"])
        assert (letter.json["Entity"]["Name"], letter.json["Entity"]["ID"]) == ("A", made["ID"])
        await app.edited("departments", made["ID"], Name="B")
        letter = await box.next()
        assert (letter.said[1], letter.json["Entity"]["Name"]) == ("Update", "B")
        await app.do("DELETE", f"/api/biz/departments/{made['ID']}")
        letter = await box.next()
        assert (letter.said[1], letter.json["Entity"]) == ("Delete", None)

    async def test_a_change_that_changes_nothing_is_not_told(self, app: Softrig, box: Box) -> None:
        await plan(app, box.url, operations="U")
        made = await app.make("departments", Name="A", DepartmentNumber="9")
        good(await app.put("departments", made["ID"], {**made, "Name": "A"}))
        await app.edited("departments", made["ID"], Name="B")
        assert (await box.next()).json["Entity"]["Name"] == "B"

    @pytest.mark.parametrize(
        ("models", "operations", "told"),
        [
            ("Customer", "C", {("Customer", "Create")}),
            ("Customer,BusinessRelation", "C|U", {("Customer", "Create"), ("BusinessRelation", "Create")}),
            ("*", "*", {("Customer", "Create"), ("BusinessRelation", "Create")}),
        ],
    )
    async def test_a_plan_hears_its_models_and_operations(
        self, app: Softrig, box: Box, models: str, operations: str, told: set[tuple[str, str]]
    ) -> None:
        await plan(app, box.url, models, operations)
        await app.customer()
        await answered(app, len(told))
        assert {letter.said[:2] for letter in [await box.next() for _ in told]} == told
        assert box.letters.empty()

    async def test_issuing_an_invoice_is_an_update_of_it(self, app: Softrig, box: Box) -> None:
        customer = await app.customer()
        draft = await app.invoice(customer["ID"])
        await plan(app, box.url, "CustomerInvoice")
        await app.act("POST", f"invoices/{draft['ID']}", "invoice")
        letter = await box.next()
        assert (letter.said, letter.json["Entity"]["InvoiceNumber"]) == (
            ("CustomerInvoice", "Update", draft["ID"]),
            "10000",
        )

    async def test_a_write_that_is_refused_tells_nothing(self, app: Softrig, box: Box) -> None:
        await plan(app, box.url, "*")
        assert (await app.post("customers", new(Info={"Name": ""}))).status == 400
        await app.make("departments", Name="A")
        assert (await box.next()).said[0] == "Department"

    async def test_of_plans_and_subscribers_only_active_webhooks_are_told(self, app: Softrig, box: Box) -> None:
        await plan(app, f"{box.url}?1", Active=False)
        await plan(app, f"{box.url}?2", PlanType=1)
        await plan(app, f"{box.url}?3", subscriber={"Active": False})
        gone = await plan(app, f"{box.url}?4")
        await app.do("DELETE", f"/api/biz/eventplans/{gone['ID']}")
        await plan(app, f"{box.url}?5")
        await app.make("departments", Name="A")
        assert (await box.next()).query == "5"
        assert len(await answered(app, 1)) == 1

    async def test_another_company_hears_nothing(self, app: Softrig, box: Box) -> None:
        await app.config(person_companies="all")
        await app.sign_in()
        own, app.company = app.company, app.known["other_company_key"]
        await plan(app, f"{box.url}?other")
        app.company = own
        await plan(app, f"{box.url}?own")
        await app.make("departments", Name="A")
        assert (await box.next()).query == "own"
        assert len(await answered(app, 1)) == 1


class TestSignatures:
    """How a subscriber knows who wrote."""

    @pytest.mark.parametrize("name", ["Unimicro-Signature", "Softrig-Signature"])
    async def test_a_letter_is_signed_under_either_name(self, app: Softrig, box: Box, name: str) -> None:
        await app.config(signature_header=name)
        await plan(app, box.url)
        await app.make("departments", Name="Æ")
        letter = await box.next()
        assert letter.genuine(name.lower())
        assert [each for each in letter.headers if each.endswith("-signature")] == [name.lower()]

    async def test_without_a_key_there_is_no_signature(self, app: Softrig, box: Box) -> None:
        await plan(app, box.url, SigningKey=None)
        await app.make("departments", Name="A")
        assert "unimicro-signature" not in (await box.next()).headers

    async def test_headers_of_the_subscriber_are_sent_along(self, app: Softrig, box: Box) -> None:
        more = {"Headers": "X-Kobling: 1\nX-To: b: c", "Authorization": "Bearer x"}
        await plan(app, box.url, subscriber=more)
        await app.make("departments", Name="A")
        headers = (await box.next()).headers
        assert (headers["x-kobling"], headers["x-to"], headers["authorization"]) == ("1", "b: c", "Bearer x")


class TestDelivery:
    """What happens when it does not work."""

    async def test_what_is_not_answered_with_200_comes_again(self, app: Softrig, box: Box) -> None:
        box.status = 500
        await plan(app, box.url)
        await app.make("departments", Name="A")
        first = await box.next()
        await answered(app, 1)
        box.status = 200
        app.clock.advance(59)
        await app.get("departments")
        app.clock.advance(1)
        await app.get("departments")
        assert (await box.next()).body == first.body
        told = [(row["Status"], row["Attempt"]) for row in await answered(app, 2)]
        assert told == [(500, 1), (200, 2)]

    async def test_after_some_attempts_a_letter_is_given_up(self, app: Softrig, box: Box) -> None:
        await app.config(webhook_attempts=2)
        await plan(app, "http://127.0.0.1:9/gone")
        await app.make("departments", Name="A")
        for count in (1, 2):
            await answered(app, count)
            app.clock.advance(60)
            await app.get("departments")
        await plan(app, box.url)
        await app.make("departments", Name="B")
        await box.next()
        mine = [row for row in await answered(app, 4) if '"Name":"A"' in row["Body"]]
        assert [(row["Status"], row["Attempt"]) for row in mine] == [(0, 1), (0, 2)]

    async def test_an_address_that_says_401_too_often_is_blocked_for_good(self, app: Softrig, box: Box) -> None:
        await app.config(block_after=2, webhook_attempts=1)
        box.status = 401
        await plan(app, f"{box.url}?v=1")
        for name in ("A", "B"):
            await app.make("departments", Name=name)
            await box.next()
        await answered(app, 2)
        box.status = 200
        await app.make("departments", Name="C")
        await plan(app, f"{box.url}?v=2")
        await app.make("departments", Name="D")
        assert ((await box.next()).query, len(await answered(app, 3))) == ("v=2", 3)

    async def test_by_knob_every_letter_comes_twice(self, app: Softrig, box: Box) -> None:
        await app.config(webhook_twice=True)
        await plan(app, box.url)
        await app.make("departments", Name="A")
        assert (await box.next()).body == (await box.next()).body

    async def test_what_a_person_does_is_told_at_once(self, app: Softrig, box: Box) -> None:
        await plan(app, box.url, "Customer")
        made = await app.person("customers", **{"Info.Name": "A"})
        assert (await box.next()).said == ("Customer", "Create", made["ID"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"Name": ""}, "Eventplan.Name is required"),
        ({"ModelFilter": "Colour"}, "Eventplan.ModelFilter does not know 'Colour'"),
        ({"ModelFilter": None}, "Eventplan.ModelFilter is required"),
        ({"OperationFilter": "X"}, "Eventplan.OperationFilter holds C, U, D or *"),
        ({"PlanType": 9}, "Eventplan.PlanType is no kind of plan"),
        ({"Subscribers": [{"Endpoint": "ftp://x"}]}, "EventSubscriber.Endpoint is no web address"),
        ({"EventSubscribers": []}, "'EventSubscribers' is no property of Eventplan"),
    ],
)
async def test_a_wrong_plan_is_refused(app: Softrig, wrong: dict[str, Any], words: str) -> None:
    told = {"Name": "K", "Active": True, "ModelFilter": "*", "OperationFilter": "*", **wrong}
    answer = await app.post("eventplans", new(**told))
    assert (answer.status, message(answer)) == (400, words)
