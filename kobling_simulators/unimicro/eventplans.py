"""Event plans: webhooks with a signature."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from kobling_simulators.unimicro.books import Books
from kobling_simulators.unimicro.facts import entities
from kobling_simulators.unimicro.graphs import Batch, Draft
from kobling_simulators.unimicro.showing import Shower
from kobling_simulators.unimicro.table import Row
from kobling_simulators.wire import to_json

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_PAUSE = 60.0
_LETTERS = {"Create": "C", "Update": "U", "Delete": "D"}
_OPERATIONS = frozenset("CUD|*,")


def check_eventplan(batch: Batch, draft: Draft) -> None:
    """Fidelity: known unimicro §8 – Name, ModelFilter of names or *, OperationFilter of C, U, D or *, PlanType 0
    Fidelity: assumed unimicro §8 – Name, ModelFilter and OperationFilter are required
    """
    for name in ("Name", "ModelFilter", "OperationFilter"):
        if not draft.final(name):
            batch.wrong(draft, name, "is required")
    for model in str(draft.final("ModelFilter") or "*").split(","):
        if model.strip() != "*" and model.strip() not in entities():
            batch.wrong(draft, "ModelFilter", f"does not know '{model.strip()}'")
    if not set(str(draft.final("OperationFilter") or "")) <= _OPERATIONS:
        batch.wrong(draft, "OperationFilter", "holds C, U, D or *")
    if (draft.final("PlanType") or 0) not in (0, 1, 2, 3):
        batch.wrong(draft, "PlanType", "is no kind of plan")


def check_subscriber(batch: Batch, draft: Draft) -> None:
    """A subscriber needs the address of a web server."""
    if urlsplit(str(draft.final("Endpoint") or "")).scheme not in ("http", "https"):
        batch.wrong(draft, "Endpoint", "is no web address")


def signature(key: str, at: int, body: bytes) -> str:
    """Fidelity: known unimicro §8 – t=<unix>,v1=<hex HMAC-SHA256(SigningKey, t.body)>."""
    digest = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@dataclass(slots=True)
class _Letter:
    """One event on its way to one subscriber."""

    subscriber: Row
    key: str
    body: bytes
    event: str
    due: float
    attempts: int = 0


class Postman:
    """Hears what changes, and tells subscribers when the request that changed it is over.

    Fidelity: known unimicro §8 – payload {EntityName, EventType, EntityID, Entity}
    Fidelity: known unimicro §8 – what is not answered with 200 is tried again; a URL that answers 401 some times
        is blocked for good by its exact text
    Fidelity: assumed unimicro §8 – on Delete the Entity is null; a minute between attempts on the vendor's clock, which
        is looked at when a request comes
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._heard: dict[tuple[str, str, int], None] = {}
        self._letters: list[_Letter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._unauthorized: dict[str, int] = {}
        self.blocked: set[str] = set()
        self.deliveries: list[Row] = []
        books.heard = self._hear

    def _hear(self, entity: str, event: str, row: Row) -> None:
        if self._books.tables["Eventplan"].live.keys:
            self._heard[(entity, event, row["ID"])] = None

    def flush(self) -> None:
        """Send what was heard, and what is due again."""
        heard, self._heard = self._heard, {}
        for entity, event, key in heard:
            for plan in self._plans(entity, event):
                self._write(plan, entity, event, key)
        now = self._books.clock.now()
        due = [letter for letter in self._letters if letter.due <= now]
        self._letters = [letter for letter in self._letters if letter.due > now]
        for letter in due:
            self._post(letter)

    def _plans(self, entity: str, event: str) -> list[Row]:
        table = self._books.tables["Eventplan"]
        found = []
        for key in table.live.keys:
            plan = table.rows[key]
            models = {each.strip() for each in plan["ModelFilter"].split(",")}
            wanted = plan["OperationFilter"]
            hears = entity in models or ("*" in models and entity not in ("Eventplan", "EventSubscriber"))
            if plan.get("Active") and not plan.get("PlanType") and hears and {"*", _LETTERS[event]} & set(wanted):
                found.append(plan)
        return found

    def _write(self, plan: Row, entity: str, event: str, key: int) -> None:
        row = self._books.tables[entity].rows[key]
        shown = None if event == "Delete" else Shower(self._books, entities()[entity], {}).shown(row)
        body = to_json({"EntityName": entity, "EventType": event, "EntityID": key, "Entity": shown})
        times = 2 if self._books.settings.webhook_twice else 1
        for subscriber in self._books.tables["EventSubscriber"].found("EventplanID", plan["ID"]):
            if subscriber.get("Active"):
                for _ in range(times):
                    now = self._books.clock.now()
                    self._letters.append(_Letter(subscriber, plan.get("SigningKey") or "", body, event, now))

    def _post(self, letter: _Letter) -> None:
        if letter.subscriber["Endpoint"] in self.blocked:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._letters.append(letter)
            return
        task = loop.create_task(self._deliver(letter))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, letter: _Letter) -> None:
        at = int(self._books.clock.now())
        headers = {"Content-Type": "application/json", **_further(letter.subscriber)}
        if letter.key:
            headers[self._books.settings.signature_header] = signature(letter.key, at, letter.body)
        url: str = letter.subscriber["Endpoint"]
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as http,
                http.post(url, data=letter.body, headers=headers) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            status = 0
        self._answered(letter, url, status)

    def _answered(self, letter: _Letter, url: str, status: int) -> None:
        letter.attempts += 1
        told: Row = {"Url": url, "EventType": letter.event, "Status": status, "Attempt": letter.attempts}
        self.deliveries.append({**told, "Body": letter.body.decode()})
        if status == 401:
            self._unauthorized[url] = self._unauthorized.get(url, 0) + 1
            if self._unauthorized[url] >= self._books.settings.block_after:
                self.blocked.add(url)
        if status != 200 and letter.attempts < self._books.settings.webhook_attempts:
            letter.due = self._books.clock.now() + _PAUSE
            self._letters.append(letter)


def _further(subscriber: Row) -> dict[str, str]:
    """Fidelity: assumed unimicro §8 – Headers are lines of `Name: value`; Authorization is sent as it stands."""
    pairs: list[Any] = [line.partition(":") for line in str(subscriber.get("Headers") or "").splitlines()]
    headers = {name.strip(): value.strip() for name, colon, value in pairs if colon}
    if subscriber.get("Authorization"):
        headers["Authorization"] = subscriber["Authorization"]
    return headers
