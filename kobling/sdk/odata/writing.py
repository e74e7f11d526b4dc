"""Writing an entity set by batches: every part for itself, outcomes told apart, nothing sent twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kobling.records import N_, KoblingError, Record, Refused, Temporary, Unreachable
from kobling.sdk.http import Answer
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.service import SendBatch, Service
from kobling.sdk.odata.table import Spec, Table
from kobling.sdk.outcomes import Confirmed, Declined, Outcome, Unknown
from kobling.sdk.protocols import Operation, Report, Write
from kobling.sdk.writing import send_batches

_TELLING = 20
_ENTITY_ID = re.compile(r"\(([0-9a-fA-F-]{36})\)$")


class WritableTable(Table):
    """The writing half of ``Resource``. A create is POST, an update PATCH with If-Match, a delete DELETE with If-Match.

    Each write's outcome is told by the part that is its own; one without an answer is unknown.
    """

    def __init__(self, service: Service, spec: Spec, send: SendBatch, *, concurrency: int) -> None:
        super().__init__(service, spec)
        self._send = send
        self._concurrency = concurrency

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Send in batches of ``batch_size``, several at a time."""
        sendable = self._parts(writes, report)

        async def some(given: Sequence[Write]) -> Sequence[Outcome]:
            return await self.write_batch(given, [sendable[each.key] for each in given])

        await send_batches(
            [each for each in writes if each.key in sendable],
            some,
            report,
            size=self.capabilities.batch_size,
            concurrency=self._concurrency,
            pausing=self,
        )

    async def find_created(self, write: Write) -> Record | None:
        """Nothing can be found where nothing is created."""
        return None

    async def pause(self, error: Temporary, attempt: int) -> None:
        """Wait for a limit that kept parts back."""
        await self.service.api.pause(error, attempt)

    async def sign_in_again(self) -> None:
        """Get a newer sign-in for parts that were refused for theirs."""
        await self.service.api.sign_in_again()

    def part(self, write: Write) -> Part:
        """The request of a write. Raises Refused for a value that cannot be sent."""
        match = {"If-Match": write.expected or "*"}
        if write.operation is Operation.CREATE:
            return Part("POST", self.spec.path, self.body(write.fields, new=True))
        path = f"{self.spec.path}({write.external_id})"
        if write.operation is Operation.DELETE:
            return Part("DELETE", path, headers=match)
        return Part("PATCH", path, self.body(write.fields, new=False), match)

    def body(self, fields: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
        """Fields as the vendor wants them."""
        return dict(fields)

    def outcome(self, write: Write, part: Part, answer: Answer) -> Outcome:
        """What a part's answer means: an answer below 300 is a confirmation, whether it can be read or not."""
        if answer.status >= 300:
            error = self.service.error(part, answer)
            if isinstance(error, Unreachable):
                return Unknown(write.key, write.external_id, error)
            return Declined(write.key, write.external_id, _named(error, part))
        try:
            row = self.service.decoded(answer)
            record = self.record(row) if row and write.operation is not Operation.DELETE else None
        except (KoblingError, ValueError):
            record = None
        if record is not None:
            return Confirmed(write.key, record.external_id, record)
        known = write.external_id or self.made_id(write, answer)
        if known:
            return Confirmed(write.key, known)
        return Unknown(write.key, None, self._unanswered())

    def made_id(self, write: Write, answer: Answer) -> str:
        """The id of what was made, from an answer that holds no record; empty where it does not tell."""
        found = _ENTITY_ID.search(answer.headers.get("OData-EntityId", "") or answer.headers.get("Location", ""))
        return found.group(1) if found else ""

    async def write_batch(self, writes: Sequence[Write], parts: Sequence[Part]) -> list[Outcome]:
        """Send some writes in one request, and tell how each of them ended."""
        answers = await self._send(parts)
        return [
            Unknown(write.key, write.external_id, self._unanswered())
            if answer is None
            else self.outcome(write, part, answer)
            for write, part, answer in zip(writes, parts, answers, strict=True)
        ]

    def _parts(self, writes: Sequence[Write], report: Report) -> dict[str, Part]:
        parts = {}
        for each in writes:
            try:
                parts[each.key] = self.part(each)
            except Refused as refused:
                report(Declined(each.key, each.external_id, refused))
        return parts

    def _unanswered(self) -> KoblingError:
        return Unreachable(N_("%(vendor)s did not answer to the end."), vendor=self.service.api.vendor)


def _named(error: KoblingError, part: Part) -> KoblingError:
    """The error with the field it complains about, where its sentence quotes one that was sent, or its long value."""
    if isinstance(error, Refused) and error.field is None:
        quoted = set(re.findall(r"['\"]([\w.]+)['\"]", error.vendor_text))
        sent = part.body or {}
        named = (name for name in sent if name.partition("@")[0] in quoted)
        shown = (name for name, value in sent.items() if _is_shown(value, error.vendor_text))
        error.field = next(named, None) or next(shown, None)
        if error.field:
            error.params = {**error.params, "field": error.field}
    return error


def _is_shown(value: object, text: str) -> bool:
    return isinstance(value, str) and len(value) >= _TELLING and value[:_TELLING] in text
