"""The contract suite without a simulator: a vendor of some lines in the same process, and faults on the way to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from kobling.records import Fields
from kobling.sdk.budget import WindowBudget
from kobling.sdk.clock import FakeClock
from kobling.sdk.conformance_rig import SMALL, Rig, Subject
from kobling.sdk.conformance_spoiling import SpoilingTransport
from kobling.sdk.context import ConnectorContext, MemoryGrants
from kobling.sdk.protocols import Connector, ConnectorType
from kobling.sdk.transport import Answer, Transport, broke_off, endless


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as a vendor gets it; ``path`` is without the query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class SmallVendor(Protocol):
    """What the suite needs of a vendor: its interface, and what a person would do in its own screens."""

    def answer(self, asked: Asked) -> Answer:
        """Answer one request as strictly as the real one would."""
        ...

    def add(self, fields: Fields) -> str:
        """A person makes a record; its id."""
        ...

    def edit(self, external_id: str, fields: Fields) -> None:
        """A person changes a record."""
        ...

    def remove(self, external_id: str) -> None:
        """A person deletes a record."""
        ...

    def ids(self) -> set[str]:
        """Ids of records that exist."""
        ...


class Rows:
    """The rows of a small vendor and a person's hands on them.

    Each change gets the next number (``seq``); a deleted row stays, marked ``deleted``. ``fields`` are there, empty, in
    every row.
    """

    fields: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.seq = 0

    def add(self, fields: Fields) -> str:
        """A person makes a row; its id."""
        row_id = f"r{len(self.rows) + 1}"
        self._store({"id": row_id, "deleted": False, **dict.fromkeys(self.fields, ""), **fields})
        return row_id

    def edit(self, external_id: str, fields: Fields) -> None:
        """A person changes a row."""
        self._store({**self.rows[external_id], **fields})

    def remove(self, external_id: str) -> None:
        """A person deletes a row."""
        self._store({**self.rows[external_id], "deleted": True})

    def ids(self) -> set[str]:
        """Ids of rows that exist."""
        return {row_id for row_id, row in self.rows.items() if not row["deleted"]}

    def since(self, seq: int) -> list[dict[str, Any]]:
        """Rows changed after a number, in the order of their changes, deleted ones too."""
        return sorted((row for row in self.rows.values() if row["seq"] > seq), key=lambda row: int(row["seq"]))

    def _store(self, row: dict[str, Any]) -> None:
        self.seq += 1
        self.rows[row["id"]] = {**row, "seq": self.seq}


@dataclass(slots=True)
class _Fault:
    kind: str
    operation: str
    times: int | None
    status: int
    retry_after: float

    def meets(self, asked: Asked) -> bool:
        """``operation`` is a method, or a method and a path."""
        return self.times != 0 and f"{asked.method} {asked.path} ".startswith(f"{self.operation} ")


class InProcessTransport(Transport):
    """Hands requests to a vendor in this process. ``most`` is how many were under way at once."""

    def __init__(self, vendor: SmallVendor, clock: FakeClock) -> None:
        self.clock = clock
        self.faults: list[_Fault] = []
        self.most = 0
        self._vendor = vendor
        self._under_way = 0

    async def send(
        self, method: str, url: str, data: Any, headers: Mapping[str, str], *, vendor: str, cap: int | None = None
    ) -> Answer:
        """Send one request once, and misbehave where a fault is in force."""
        parts = urlsplit(url)
        asked = Asked(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, data or b"")
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            await asyncio.sleep(0)
            answer = self._answer(asked, vendor)
        finally:
            self._under_way -= 1
        if len(answer.body) > (cap or SMALL):
            raise endless(cap or SMALL, vendor)
        return answer

    def _answer(self, asked: Asked, vendor: str) -> Answer:
        fault = next((each for each in self.faults if each.meets(asked)), None)
        if fault is None:
            return self._vendor.answer(asked)
        if fault.times is not None:
            fault.times -= 1
        if fault.kind in ("drop_before", "applied_then_dropped"):
            if fault.kind == "applied_then_dropped":
                self._vendor.answer(asked)
            raise broke_off(ConnectionResetError(), vendor)
        return _misbehaviour(fault)


def _misbehaviour(fault: _Fault) -> Answer:
    """What comes back in place of an answer."""
    answers = {
        "status": Answer(fault.status, {}, b""),
        "rate_limited": Answer(429, {"Retry-After": str(fault.retry_after)}, b""),
        "session_expired": Answer(401, {}, b""),
        "malformed_json": Answer(200, {}, b'{"half": '),
        "html_error": Answer(503, {}, b"<html><body>Back soon</body></html>"),
        "endless_body": Answer(200, {}, b" " * (SMALL + 1)),
    }
    return answers[fault.kind]


class InProcessRig(Rig):
    """A rig on a vendor in this process. The settings' ``base_url`` must be on the connector's own hosts.

    A subject's ``reading`` and ``creating`` are a method and a path here, like ``GET /contacts``.
    """

    def __init__(
        self, connector: ConnectorType, settings: Mapping[str, str], vendor: SmallVendor, subject: Subject
    ) -> None:
        self.subject = subject
        self.clock = FakeClock()
        self.concurrency = connector.concurrency
        self.secrets = tuple(
            settings[each.name] for each in connector.settings if each.secret and settings.get(each.name)
        )
        self.grants = MemoryGrants()
        self._connector = connector
        self._settings = settings
        self._vendor = vendor
        self._vendors = InProcessTransport(vendor, self.clock)
        self._transport = SpoilingTransport(self._vendors)

    def open(self) -> Connector:
        """With the allowance switched off."""
        context = ConnectorContext(
            self._transport,
            self.clock,
            WindowBudget(0, self._connector.budget_window, self.clock),
            load_grant=self.grants.load,
            save_grant=self.grants.save,
            seed="contract",
        )
        return self._connector.open(self._settings, context)

    def spoiling(self) -> SpoilingTransport:
        """Between the vendor and the connector."""
        return self._transport

    async def add(self, fields: Fields) -> str:
        """By the vendor's hands."""
        return self._vendor.add({**self.subject.by_hand, **fields})

    async def edit(self, external_id: str, fields: Fields) -> None:
        """By the vendor's hands."""
        self._vendor.edit(external_id, fields)

    async def remove(self, external_id: str) -> None:
        """By the vendor's hands."""
        self._vendor.remove(external_id)

    async def ids(self) -> set[str]:
        """All of the vendor's."""
        return self._vendor.ids()

    async def pass_time(self, seconds: float) -> None:
        """The one clock; a vendor with a clock of its own has a rig of its own."""
        self.clock.turn(seconds)

    async def stop_time(self) -> None:
        """It stands still anyway."""

    async def fault(self, kind: str, operation: str, **more: Any) -> None:
        """One fault in force."""
        made = {"times": 1, "status": 503, "retry_after": 1} | more
        self._vendors.faults.append(_Fault(kind, operation, made["times"], made["status"], made["retry_after"]))

    async def fault_reading(self, kind: str, **more: Any) -> None:
        """By the method that reads."""
        await self.fault(kind, "GET", **{"times": None, **more})

    async def mend(self) -> None:
        """All faults."""
        self._vendors.faults.clear()

    async def counters(self) -> Mapping[str, Any]:
        """Counted since they were last asked for."""
        most, self._vendors.most = self._vendors.most, 0
        return {"max_concurrent": most}
