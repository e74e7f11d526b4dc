"""What the contract suite needs to try a connector: a vendor that can be touched by a person's hands, and faults."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest import SkipTest

import aiohttp

from kobling.records import Fields, Gone, KoblingError, Record, exact, is_empty, to_json
from kobling.sdk.budget import WindowBudget
from kobling.sdk.clock import FakeClock
from kobling.sdk.conformance_spoiling import SpoilingTransport
from kobling.sdk.context import ConnectorContext, MemoryGrants
from kobling.sdk.http import Transport, open_transport
from kobling.sdk.memory import MemoryConnector, MemoryResource
from kobling.sdk.outcomes import Outcome
from kobling.sdk.paging import groups, pages
from kobling.sdk.protocols import Bookmark, Connector, ConnectorType, Operation, Resource, Write

SMALL = 2_000_000
"""Bytes that an answer may have here."""


@dataclass(frozen=True)
class Subject:
    """A resource under test and samples of its records.

    ``sample(n)`` is a new record, different for every n, with a value in ``clear`` (a field that may be emptied) and in
    ``text`` (free text of at least 60 characters); ``change`` is what updates write; ``refused`` is what the vendor
    says no to, because ``refused_field`` is wrong. ``entity`` is the simulator's name for it, ``id_key`` its key there;
    ``reading`` and ``creating`` are the simulator's labels of the list and the create request; ``by_hand`` is what a
    person must enter beside the sample.
    """

    resource: str
    sample: Callable[[int], dict[str, Any]]
    change: Mapping[str, Any]
    clear: str
    text: str
    page: int
    entity: str = ""
    id_key: str = "id"
    reading: str = ""
    creating: str = ""
    refused: Mapping[str, Any] = field(default_factory=dict)
    refused_field: str | None = None
    by_hand: Mapping[str, Any] = field(default_factory=dict)


class Rig(ABC):
    """A vendor, a way to open fresh connectors on it, and a person's hands."""

    subject: Subject
    clock: FakeClock
    secrets: tuple[str, ...] = ()
    concurrency = 1000

    @abstractmethod
    def open(self) -> Connector:
        """A fresh connector, as another process would open it, with the same stored sign-in."""

    @abstractmethod
    async def add(self, fields: Fields) -> str:
        """A person makes a record; its id."""

    @abstractmethod
    async def edit(self, external_id: str, fields: Fields) -> None:
        """A person changes a record."""

    @abstractmethod
    async def remove(self, external_id: str) -> None:
        """A person deletes a record."""

    @abstractmethod
    async def ids(self) -> set[str]:
        """Ids that exist at the vendor."""

    @abstractmethod
    async def pass_time(self, seconds: float) -> None:
        """Let the vendor's clock run on."""

    @abstractmethod
    async def stop_time(self) -> None:
        """Let the vendor's clock stand still."""

    async def fault(self, kind: str, operation: str, **more: Any) -> None:
        """Make the vendor misbehave. Skips the test where it cannot."""
        raise SkipTest("no faults over HTTP here")

    async def fault_reading(self, kind: str, **more: Any) -> None:
        """Make every reading request fail from now on. Skips the test where it cannot."""
        raise SkipTest("no faults over HTTP here")

    async def mend(self) -> None:
        """Take all faults out of force. Skips the test where there are none."""
        raise SkipTest("no faults over HTTP here")

    async def counters(self) -> Mapping[str, Any]:
        """What the vendor counted. Skips the test where it does not."""
        raise SkipTest("no counters here")

    async def forget_sign_ins(self) -> None:
        """End every session and token. Skips the test where there are none."""
        raise SkipTest("no sign-in here")

    async def skew(self, seconds: float) -> None:
        """Set the vendor's clock apart from ours. Skips the test where it cannot."""
        raise SkipTest("one clock for both")

    def spoiling(self) -> SpoilingTransport:
        """What answers come through, so that they can be spoilt. Skips the test where there is none."""
        raise SkipTest("nothing comes over HTTP here")

    def resource(self) -> Resource:
        """The resource under test, of a fresh connector."""
        return self.open().resources[self.subject.resource]

    def hides_secrets(self, error: BaseException | None) -> None:
        """Fails when an error carries a secret anywhere."""
        if not isinstance(error, KoblingError):
            return
        told = f"{error} {error.detail} {error.vendor_text} {error.params} {error.__cause__!r} {error.args}"
        for secret in self.secrets:
            assert secret not in told, f"a secret shows in {type(error).__name__}"


class MemoryRig(Rig):
    """A memory resource as the vendor."""

    def __init__(self, resource: MemoryResource, subject: Subject, clock: FakeClock) -> None:
        self.subject = subject
        self.clock = clock
        self._vendor = resource

    def open(self) -> Connector:
        """Another connector on the same records."""
        return MemoryConnector(self._vendor)

    async def add(self, fields: Fields) -> str:
        """Into memory."""
        return self._vendor.put(fields).external_id

    async def edit(self, external_id: str, fields: Fields) -> None:
        """In memory."""
        self._vendor.edit(external_id, fields)

    async def remove(self, external_id: str) -> None:
        """From memory."""
        self._vendor.remove(external_id)

    async def ids(self) -> set[str]:
        """In memory."""
        return {each.external_id for each in self._vendor.all()}

    async def pass_time(self, seconds: float) -> None:
        """The one clock."""
        self.clock.turn(seconds)

    async def stop_time(self) -> None:
        """It stands still anyway."""


class SimulatorRig(Rig):
    """A simulator with a control port as the vendor."""

    def __init__(
        self,
        connector: ConnectorType,
        settings: Mapping[str, str],
        subject: Subject,
        control: ControlPort,
        transport: Transport,
        clock: FakeClock,
    ) -> None:
        self.subject = subject
        self.clock = clock
        self.concurrency = connector.concurrency
        self.secrets = tuple(
            settings[each.name] for each in connector.settings if each.secret and settings.get(each.name)
        )
        self.grants = MemoryGrants()
        self._connector = connector
        self._settings = settings
        self._control = control
        self._transport = SpoilingTransport(transport)

    def open(self) -> Connector:
        """With the allowance switched off, on this machine's address."""
        context = ConnectorContext(
            self._transport,
            self.clock,
            WindowBudget(0, self._connector.budget_window, self.clock),
            allow_hosts=("127.0.0.1",),
            load_grant=self.grants.load,
            save_grant=self.grants.save,
            seed="contract",
        )
        return self._connector.open(self._settings, context)

    def spoiling(self) -> SpoilingTransport:
        """Between the simulator and the connector."""
        return self._transport

    async def add(self, fields: Fields) -> str:
        """Through the control port."""
        made = await self._control.ask("POST", f"/records/{self.subject.entity}", {**self.subject.by_hand, **fields})
        return str(made[self.subject.id_key])

    async def edit(self, external_id: str, fields: Fields) -> None:
        """Through the control port."""
        await self._control.ask("PATCH", f"/records/{self.subject.entity}/{external_id}", dict(fields))

    async def remove(self, external_id: str) -> None:
        """Through the control port."""
        await self._control.ask("DELETE", f"/records/{self.subject.entity}/{external_id}")

    async def ids(self) -> set[str]:
        """By a dump."""
        rows = await self._control.ask("GET", f"/dump/{self.subject.entity}")
        return {str(row[self.subject.id_key]) for row in rows if not row.get("deleted") and not row.get("DeletedAt")}

    async def pass_time(self, seconds: float) -> None:
        """Both clocks."""
        await self._control.ask("POST", "/clock", {"advance": seconds})
        self.clock.turn(seconds)

    async def stop_time(self) -> None:
        """The vendor's clock."""
        await self._control.ask("POST", "/clock", {"freeze": True})

    async def skew(self, seconds: float) -> None:
        """The vendor's clock."""
        await self._control.ask("POST", "/clock", {"offset": seconds})

    async def fault(self, kind: str, operation: str, **more: Any) -> None:
        """One fault in force."""
        await self._control.ask("POST", "/faults", {"kind": kind, "match": {"operation": operation}, **more})

    async def fault_reading(self, kind: str, **more: Any) -> None:
        """By the method that reads."""
        await self._control.ask("POST", "/faults", {"kind": kind, "match": {"method": "GET"}, "times": None, **more})

    async def mend(self) -> None:
        """All faults."""
        await self._control.ask("DELETE", "/faults")

    async def counters(self) -> Mapping[str, Any]:
        """Counted since they were last asked for."""
        told: Mapping[str, Any] = await self._control.ask("GET", "/counters")
        await self._control.ask("DELETE", "/counters")
        return told

    async def forget_sign_ins(self) -> None:
        """All of them."""
        await self._control.ask("POST", "/sessions/revoke")


class ControlPort:
    """The control port of a simulator."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """One request to it, decoded; fails on a refusal."""
        async with self._session.request(method, self._url + path, data=to_json(body or {})) as response:
            told = await response.json()
            assert response.status < 300, f"control port: {method} {path}: {told}"
            return told


@asynccontextmanager
async def simulator_rig(
    connector: ConnectorType, settings: Mapping[str, str], control_url: str, subject: Subject
) -> AsyncIterator[SimulatorRig]:
    """A rig on a running simulator; answers are capped at 2 MB, its limit is switched off."""
    clock = FakeClock(datetime.now(UTC))
    async with aiohttp.ClientSession() as session, open_transport(clock, total=10, max_body=SMALL) as transport:
        control = ControlPort(session, control_url)
        await control.ask("POST", "/limits", {"enabled": False})
        yield SimulatorRig(connector, settings, subject, control, transport, clock)


async def reading(resource: Resource, mark: Bookmark | None) -> tuple[list[Record], list[Gone], Bookmark]:
    """A whole reading: records, deletions, and where the next resumes."""
    records: list[Record] = []
    gone: list[Gone] = []
    last: Bookmark = mark or {}
    async for page in pages(resource, mark):
        records += page.records
        gone += page.gone
        last = page.bookmark
    return records, gone, last


async def send(resource: Resource, *writes: Write) -> list[Outcome]:
    """Outcomes in the order of the writes; each must have been reported exactly once."""
    outcomes: list[Outcome] = []
    await resource.write(writes, outcomes.append)
    by_key = {each.key: each for each in outcomes}
    assert len(by_key) == len(outcomes) == len(writes), "each write is reported exactly once"
    return [by_key[each.key] for each in writes]


def create(rig: Rig, key: str, fields: Fields) -> Write:
    """A create as the executor would make it."""
    return Write(key, Operation.CREATE, fields, started_at=rig.clock.now())


async def created(rig: Rig, key: str, fields: Fields) -> Record:
    """A record made by the connector, as the vendor now has it."""
    resource = rig.resource()
    (outcome,) = await send(resource, create(rig, key, fields))
    assert outcome.error is None, repr(outcome.error)
    return outcome.record or await resource.get(str(outcome.external_id))


async def people(rig: Rig, numbers: Iterable[int]) -> list[str]:
    """People make samples with these numbers, some at a time; the ids in order."""
    made: list[str] = []
    for group in groups([rig.subject.sample(n) for n in numbers], 20):
        made += await asyncio.gather(*[rig.add(each) for each in group])
    return made


def same(sent: Any, kept: Any) -> bool:
    """Whether what the vendor keeps is what was sent: spelling of numbers and of emptiness aside."""
    if is_empty(sent) or is_empty(kept):
        return is_empty(sent) and is_empty(kept)
    if isinstance(sent, list) and isinstance(kept, list):
        return len(sent) == len(kept) and all(
            all(same(value, there.get(name)) for name, value in here.items())
            for here, there in zip(sent, kept, strict=True)
        )
    try:
        return exact(sent) == exact(kept)
    except ValueError:
        return bool(sent == kept)
