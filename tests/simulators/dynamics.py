"""A small client of the simulated Microsoft vendors for tests, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from kobling_simulators import Clock, Running, start
from kobling_simulators.wire import from_json, to_json
from tests.simulators.crm import START

JSON = {"Content-Type": "application/json; charset=utf-8"}


class Answer:
    """An answer read to the end."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return from_json(self.body)

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])

    @property
    def made(self) -> str:
        """The id of the row that was made."""
        return str(self.headers["OData-EntityId"]).rpartition("(")[2].rstrip(")")

    @property
    def refused(self) -> tuple[int, str]:
        return self.status, self.code


class Dynamics:
    """A running Dataverse with its own sign-in service, and a token of the application user."""

    def __init__(self, running: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
        assert running.companion is not None
        self.running = running
        self.entra = running.companion
        self.http = http
        self.clock = clock
        self.known = running.credentials
        self.root = f"{running.url}/api/data/v9.2/"
        self.token = ""

    async def request(self, method: str, url: str, body: Any = None, **headers: str) -> Answer:
        """Any request; a body that is not bytes goes as JSON. Header names are written with underscores."""
        told = {name.replace("_", "-"): text for name, text in headers.items()}
        if self.token:
            told.setdefault("Authorization", f"Bearer {self.token}")
        data = body if isinstance(body, bytes) else None if body is None else to_json(body)
        if data is not None and "Content-Type" not in told:
            told.update(JSON)
        place = URL(url, encoded=True) if "%" in url else URL(url)
        async with self.http.request(method, place, data=data, headers=told, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def do(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return await self.request(method, path if "://" in path else self.root + path, body, **headers)

    async def get(self, path: str, **headers: str) -> Any:
        """The JSON of a good answer."""
        answer = await self.do("GET", path, **headers)
        assert answer.status == 200, answer.body
        return answer.json

    async def rows(self, path: str, **headers: str) -> list[dict[str, Any]]:
        """The rows of all pages."""
        found: list[dict[str, Any]] = []
        while path:
            page = await self.get(path, **headers)
            found += page["value"]
            path = page.get("@odata.nextLink", "")
        return found

    async def make(self, entity_set: str, **values: Any) -> str:
        """The id of a new row."""
        answer = await self.do("POST", entity_set, values)
        assert answer.status == 204, answer.body
        return answer.made

    async def change(self, entity_set: str, key: str, **values: Any) -> Answer:
        return await self.do("PATCH", f"{entity_set}({key})", values, If_Match="*")

    async def sign_in(self, **changed: str) -> Answer:
        """Client credentials."""
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.known["client_id"],
            "client_secret": self.known["client_secret"],
            "scope": f"{self.running.url}/.default",
            **changed,
        }
        place = f"{self.known['authority']}/{self.known['tenant']}/oauth2/v2.0/token"
        async with self.http.post(place, data=fields) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def sign_in_as_person(self, scope: str = "", **changed: str) -> Answer:
        """The code flow with the handed-out person, passed through at once."""
        base = f"{self.known['authority']}/organizations/oauth2/v2.0"
        ask = {
            "client_id": self.known["client_id"],
            "redirect_uri": "http://localhost:9/back",
            "response_type": "code",
            "scope": scope or f"{self.running.url}/user_impersonation offline_access",
            "auto": "1",
            **changed,
        }
        async with self.http.get(f"{base}/authorize", params=ask, allow_redirects=False) as answer:
            code = URL(answer.headers["Location"]).query["code"]
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": ask["redirect_uri"],
            "client_id": ask["client_id"],
            "client_secret": self.known["client_secret"],
        }
        async with self.http.post(f"{base}/token", data=fields) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def control(self, method: str, path: str, body: Any = None, running: Running | None = None) -> Any:
        """The control port of Dataverse, or of another running vendor."""
        url = (running or self.running).control_url + path
        async with self.http.request(method, url, data=None if body is None else to_json(body)) as answer:
            self.control_status = answer.status
            return from_json(await answer.read())

    async def config(self, **knobs: Any) -> None:
        await self.control("POST", "/config", knobs)
        assert self.control_status == 200

    async def currency(self, code: str) -> str:
        rows = await self.rows(f"transactioncurrencies?$filter=isocurrencycode eq '{code}'")
        return str(rows[0]["transactioncurrencyid"])


@asynccontextmanager
async def dynamics(records: int = 0) -> AsyncIterator[Dynamics]:
    """Dataverse and its sign-in service on a frozen clock, signed in as the application user."""
    clock = Clock(lambda: START)
    running = await start("dataverse", records=records, clock=clock)
    async with aiohttp.ClientSession() as http:
        client = Dynamics(running, http, clock)
        client.token = (await client.sign_in()).json["access_token"]
        yield client
    await running.stop()


class Goods:
    """A unit group, an active product in a price list, and an account to sell to."""

    def __init__(self, crm: Dynamics) -> None:
        self.crm = crm

    async def make(self) -> Goods:
        crm = self.crm
        self.group = await crm.make("uomschedules", name="Stk", baseuomname="stk")
        units = await crm.rows(f"uoms?$filter=_uomscheduleid_value eq {self.group}")
        self.unit = units[0]["uomid"]
        self.prices = await crm.make("pricelevels", name="Standard")
        self.product = await self.draft("V-1")
        self.item = await self.price(self.product)
        answer = await crm.change("products", self.product, statecode=0)
        assert answer.status == 204, answer.body
        self.account = await crm.make("accounts", name="Kunde")
        return self

    async def draft(self, number: str, **values: Any) -> str:
        bound = {
            "defaultuomscheduleid@odata.bind": f"/uomschedules({self.group})",
            "defaultuomid@odata.bind": f"/uoms({self.unit})",
        }
        return await self.crm.make("products", name="Vare", productnumber=number, quantitydecimal=2, **bound, **values)

    def item_body(self, product: str, **values: Any) -> dict[str, Any]:
        return {
            "productid@odata.bind": f"/products({product})",
            "pricelevelid@odata.bind": f"/pricelevels({self.prices})",
            "uomid@odata.bind": f"/uoms({self.unit})",
            "amount": 100,
            **values,
        }

    async def price(self, product: str, **values: Any) -> str:
        return await self.crm.make("productpricelevels", **self.item_body(product, **values))

    async def order(self, **values: Any) -> str:
        bound = {
            "customerid_account@odata.bind": f"/accounts({self.account})",
            "pricelevelid@odata.bind": f"/pricelevels({self.prices})",
        }
        return await self.crm.make("salesorders", name="Ordre", **bound, **values)

    def line_body(self, order: str, **values: Any) -> dict[str, Any]:
        return {
            "salesorderid@odata.bind": f"/salesorders({order})",
            "productid@odata.bind": f"/products({self.product})",
            "uomid@odata.bind": f"/uoms({self.unit})",
            "quantity": 2,
            **values,
        }

    async def line(self, order: str, **values: Any) -> str:
        return await self.crm.make("salesorderdetails", **self.line_body(order, **values))


def multipart(*requests: str, boundary: str = "batch_1") -> bytes:
    """A batch of requests, each written "METHOD path|header: value|…|JSON" or made by `change_set`."""
    parts = [one if one.startswith("Content-Type: multipart") else _part(one) for one in requests]
    return ("".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n").encode()


def change_set(*requests: str) -> str:
    parts = "".join(f"--set_1\r\n{_part(one, number)}\r\n" for number, one in enumerate(requests, 1))
    return f"Content-Type: multipart/mixed; boundary=set_1\r\n\r\n{parts}--set_1--\r\n"


def _part(text: str, number: int = 0) -> str:
    line, *headers, body = [*text.split("|"), ""] if "|" not in text else text.split("|")
    named = f"Content-ID: {number}\r\n" if number else ""
    told = "".join(f"{header}\r\n" for header in headers)
    if body:
        told += "Content-Type: application/json\r\n"
    outer = f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{named}\r\n"
    return f"{outer}{line} HTTP/1.1\r\n{told}\r\n{body}"


def statuses(answer: Answer) -> list[int]:
    """The statuses of the answers in a batch."""
    lines = answer.body.decode().split("\r\n")
    return [int(line.split(" ")[1]) for line in lines if line.startswith("HTTP/1.1 ")]


def bodies(answer: Answer) -> list[Any]:
    """The JSON bodies in a batch."""
    return [json.loads(line) for line in answer.body.decode().split("\r\n") if line.startswith("{")]
