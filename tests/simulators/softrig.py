"""A small client of the simulated Unimicro for tests, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import aiohttp
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from joserfc import jwt
from joserfc.jwk import RSAKey
from yarl import URL

from kobling_simulators import Clock, Running, start
from kobling_simulators.wire import from_json, to_json
from tests.simulators.crm import START
from tests.simulators.dynamics import Answer

VERIFIER = "v" * 60
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPE = "openid profile offline_access AppFramework"


class Softrig:
    """A running Unimicro, its clock, and (once signed in) a person's token for the first company."""

    def __init__(self, running: Running, http: aiohttp.ClientSession, clock: Clock) -> None:
        self.running = running
        self.http = http
        self.clock = clock
        self.known = running.credentials
        self.company = self.known["company_key"]
        self.token = ""

    async def do(self, method: str, path: str, body: Any = None, form: Any = None, **headers: str) -> Answer:
        """Any request; headers are written with _ for -, and left out where they are empty."""
        told = {"Authorization": f"Bearer {self.token}", "CompanyKey": self.company}
        told |= {name.replace("_", "-"): text for name, text in headers.items()}
        data = form
        if body is not None:
            data, told["Content-Type"] = to_json(body), "application/json"
        sent = {name: text for name, text in told.items() if text}
        url = URL(self.running.url + path, encoded=True)
        async with self.http.request(method, url, data=data, headers=sent, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, route: str, **query: Any) -> Any:
        """The JSON of a good answer below /api/biz, or at a path of its own."""
        answer = await self.ask(route, **query)
        assert answer.status == 200, answer.body
        return answer.json

    async def ask(self, route: str, **query: Any) -> Answer:
        """Any answer to such a GET."""
        path = route if route.startswith("/") else f"/api/biz/{route}"
        return await self.do("GET", f"{path}?{urlencode(query, quote_via=quote)}" if query else path)

    async def rows(self, route: str, text: str = "", **query: Any) -> list[dict[str, Any]]:
        """Rows by a filter."""
        found: list[dict[str, Any]] = await self.get(route, **({"filter": text} if text else {}), **query)
        return found

    async def post(self, route: str, graph: Any) -> Answer:
        return await self.do("POST", f"/api/biz/{route}", graph)

    async def put(self, route: str, key: int, graph: Any) -> Answer:
        return await self.do("PUT", f"/api/biz/{route}/{key}", graph)

    async def make(self, route: str, **graph: Any) -> Any:
        """A new row; every object in it gets a _createguid."""
        return good(await self.post(route, new(**graph)))

    async def customer(self, name: str = "Bøgh & Sønn AS", **more: Any) -> Any:
        return await self.make("customers", **{"Info": {"Name": name}, **more})

    async def invoice(self, customer: int, *items: dict[str, Any], **more: Any) -> Any:
        """A draft, by default of one line of 1 x 100.00 with 25 % VAT."""
        lines = list(items) or [{"ItemText": "Vikar", "NumberOfItems": 1, "PriceExVat": 100, "VatPercent": 25}]
        head = {"CustomerID": customer, "InvoiceDate": "2026-11-20", "PaymentDueDate": "2026-12-04"}
        return await self.make("invoices", **{**head, "StatusCode": 10001, "Items": lines, **more})

    async def act(self, method: str, where: str, action: str, body: Any = None) -> Answer:
        glue = "&" if "?" in where else "?"
        return await self.do(method, f"/api/biz/{where}{glue}action={action}", body)

    async def issued(self, customer: int, *items: dict[str, Any], **more: Any) -> Any:
        draft = await self.invoice(customer, *items, **more)
        return good(await self.act("POST", f"invoices/{draft['ID']}", "invoice"))

    async def credited(self, invoice: int) -> Any:
        """An issued credit note of a whole invoice."""
        note = good(await self.act("PUT", f"invoices/{invoice}", "create-credit-draft-invoice"))
        return good(await self.act("POST", f"invoices/{note['ID']}", "invoice"))

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        url = self.running.control_url + path
        async with self.http.request(method, url, data=None if body is None else to_json(body)) as answer:
            self.control_status = answer.status
            return from_json(await answer.read())

    async def config(self, **knobs: Any) -> None:
        await self.control("POST", "/config", knobs)
        assert self.control_status == 200

    async def person(self, entity: str, **values: Any) -> Any:
        made = await self.control("POST", f"/records/{entity}", values)
        assert self.control_status == 200, made
        return made

    async def edited(self, entity: str, key: int, **values: Any) -> Any:
        made = await self.control("PATCH", f"/records/{entity}/{key}", values)
        assert self.control_status == 200, made
        return made

    async def dump(self, entity: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.control("GET", f"/dump/{entity}")
        return found

    def asked(self, **more: str) -> dict[str, str]:
        """What an app sends to the sign-in page."""
        told = {"client_id": self.known["client_id"], "redirect_uri": self.known["redirect_uri"], "scope": SCOPE}
        told |= {"response_type": "code", "state": "s", "nonce": "n"}
        return {**told, "code_challenge": CHALLENGE, "code_challenge_method": "S256", **more}

    async def authorize(self, **more: str) -> Answer:
        asked = {name: text for name, text in self.asked(**{"auto": "1", **more}).items() if text}
        return await self.do("GET", f"/connect/authorize?{urlencode(asked)}", Authorization="")

    async def grant(self, **form: str) -> Answer:
        """An answer of the token endpoint."""
        sent = {name: text for name, text in form.items() if text}
        return await self.do("POST", "/connect/token", form=sent, Authorization="", CompanyKey="")

    def app(self) -> dict[str, str]:
        return {"client_id": self.known["client_id"], "client_secret": self.known["client_secret"]}

    async def redeem(self, code: str, **more: str) -> Answer:
        told = {"code": code, "redirect_uri": self.known["redirect_uri"], "code_verifier": VERIFIER, **self.app()}
        return await self.grant(grant_type="authorization_code", **{**told, **more})

    async def renewed(self, text: str, **more: str) -> Answer:
        return await self.grant(grant_type="refresh_token", refresh_token=text, **{**self.app(), **more})

    async def tokens(self, **more: str) -> Any:
        """What an app gets for a person's consent."""
        back = URL((await self.authorize(**more)).headers["Location"])
        return good(await self.redeem(back.query["code"]))

    async def sign_in(self, **more: str) -> None:
        self.token = (await self.tokens(**more))["access_token"]

    def key(self) -> RSAKey:
        """The private key of the certificate."""
        file = base64.b64decode(self.known["certificate"])
        key, certificate, _ = pkcs12.load_key_and_certificates(file, self.known["certificate_password"].encode())
        assert key is not None and certificate is not None
        return RSAKey.import_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def claims(self, **more: Any) -> dict[str, Any]:
        """What a server application says of itself; None leaves a claim out."""
        now, mine = int(self.clock.now()), self.known["server_client_id"]
        told: dict[str, Any] = {"iss": mine, "sub": mine, "jti": str(uuid4())}
        told["aud"] = f"{self.running.url}/connect/token"
        told |= {"iat": now, "nbf": now, "exp": now + 60, **more}
        return {name: value for name, value in told.items() if value is not None}

    async def server_token(self, assertion: str = "", **more: str) -> Answer:
        """The answer to a server application."""
        text = assertion or jwt.encode({"alg": "RS256"}, self.claims(), self.key())
        told = {"client_id": self.known["server_client_id"], "scope": "AppFramework", "client_assertion": text}
        return await self.grant(grant_type="client_credentials", **{**told, "client_assertion_type": ASSERTION, **more})


def new(**graph: Any) -> dict[str, Any]:
    """A graph in which everything without an ID gets a _createguid."""
    found: dict[str, Any] = {} if "ID" in graph else {"_createguid": str(uuid4())}
    for name, value in graph.items():
        if isinstance(value, dict) and name != "CustomFields":
            value = new(**value)
        elif isinstance(value, list):
            value = [new(**each) for each in value]
        found[name] = value
    return found


def good(answer: Answer) -> Any:
    """The JSON of an answer that must be good."""
    assert answer.status == 200, answer.body
    return answer.json


def message(answer: Answer) -> str:
    """The text of a refusal, in whichever of the three shapes it comes."""
    told = answer.json
    if "Messages" in told:
        return str(told["Messages"][0]["Message"])
    return str(told["Message"]) if "Message" in told else "; ".join(findings(told))


def findings(graph: Any) -> list[str]:
    """What a graph that came back has in its _validationResults, anywhere: "Entity.field message"."""
    if isinstance(graph, list):
        return [text for each in graph for text in findings(each)]
    if not isinstance(graph, dict):
        return []
    found = []
    for name, value in graph.items():
        if name == "_validationResults":
            found += [f"{one['EntityType']}.{field} {one['Message']}" for field, all in value.items() for one in all]
        else:
            found += findings(value)
    return found


@asynccontextmanager
async def softrig(records: int = 0) -> AsyncIterator[Softrig]:
    """Unimicro on a frozen clock, without its limit, and a person who is signed in."""
    clock = Clock(lambda: START)
    running = await start("unimicro", records=records, clock=clock)
    async with aiohttp.ClientSession() as http:
        client = Softrig(running, http, clock)
        await client.control("POST", "/limits", {"enabled": False})
        await client.sign_in()
        yield client
    await running.stop()
