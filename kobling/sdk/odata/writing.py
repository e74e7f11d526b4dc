"""Writing an entity set by batches: every part for itself, outcomes told apart, nothing sent twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kobling.records import N_, KoblingError, Record, Refused, SettingsError, SignInExpired, Temporary, Unreachable
from kobling.sdk.http import Answer
from kobling.sdk.odata.batch import Part
from kobling.sdk.odata.service import SendBatch, Service
from kobling.sdk.odata.table import Spec, Table
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Operation, Outcome, Report, Write
from kobling.sdk.writing import outcome_error, send_all

_TELLING = 20
_ROUNDS = 4
"""How often parts are sent that the vendor certainly did not carry out (its limit, an expired token)."""


class WritableTable(Table):
    """The writing half of ``Resource``. A create is POST, an update PATCH with If-Match, a delete DELETE with If-Match.

    A refused part is that write's outcome. A part without an answer, or in a batch that got none, is unknown.
    """

    def __init__(self, service: Service, spec: Spec, send: SendBatch, *, concurrency: int) -> None:
        super().__init__(service, spec)
        self._send = send
        self._concurrency = concurrency

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Send in batches of ``batch_size``, several at a time."""
        batches = [
            Write(str(at), Operation.UPDATE) for at, _ in enumerate(groups(writes, self.capabilities.batch_size))
        ]
        cut = list(groups(writes, self.capabilities.batch_size))

        async def one(batch: Write) -> Outcome:
            await self._write_batch(cut[int(batch.key)], report)
            return Outcome(batch.key)

        await send_all(batches, one, _ignore, concurrency=self._concurrency)

    async def find_created(self, write: Write) -> Record | None:
        """Nothing can be found where nothing is created."""
        return None

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
        """What a part's answer means."""
        if answer.status >= 300:
            return Outcome(write.key, write.external_id, error=_named(self.service.error(part, answer), part))
        row = self.service.decoded(answer)
        if write.operation is Operation.DELETE or not row:
            return Outcome(write.key, write.external_id)
        record = self.record(row)
        return Outcome(write.key, record.external_id, record)

    async def _write_batch(self, writes: Sequence[Write], report: Report) -> None:
        todo = self._parts(writes, report)
        stopped: KoblingError | None = None
        for attempt in range(1, _ROUNDS + 1):
            todo, stopped = await self._round(todo, report)
            if not todo or stopped is None:
                return
            if isinstance(stopped, Temporary):
                await self.service.api.pause(stopped, attempt)
            elif isinstance(stopped, SignInExpired):
                await self.service.api.sign_in_again()
            else:
                break
        if stopped is not None:
            raise stopped

    def _parts(self, writes: Sequence[Write], report: Report) -> list[tuple[Write, Part]]:
        parts = []
        for each in writes:
            try:
                parts.append((each, self.part(each)))
            except Refused as refusal:
                report(Outcome(each.key, each.external_id, error=refusal))
        return parts

    async def _round(
        self, todo: list[tuple[Write, Part]], report: Report
    ) -> tuple[list[tuple[Write, Part]], KoblingError | None]:
        """Send once; returns what was certainly not carried out and may be sent again, and why."""
        try:
            answers = await self._send([part for _, part in todo])
        except Unreachable as lost:
            if not lost.maybe_applied:
                raise
            for write, _ in todo:
                report(Outcome(write.key, write.external_id, error=lost))
            return [], None
        again: list[tuple[Write, Part]] = []
        why: KoblingError | None = None
        for (write, part), answer in zip(todo, answers, strict=True):
            outcome = self._unanswered(write) if answer is None else self.outcome(write, part, answer)
            if outcome.error is None:
                report(outcome)
            elif _not_done(outcome.error):
                again.append((write, part))
                why = outcome.error
            else:
                report(Outcome(outcome.key, outcome.external_id, error=outcome_error(outcome.error)))
        return again, why

    def _unanswered(self, write: Write) -> Outcome:
        error = Unreachable(N_("%(vendor)s did not answer to the end."), vendor=self.service.api.vendor)
        return Outcome(write.key, write.external_id, error=error)


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


def _not_done(error: KoblingError | None) -> bool:
    if isinstance(error, Unreachable):
        return not error.maybe_applied
    return isinstance(error, Temporary | SettingsError)


def _ignore(_outcome: Outcome) -> None:
    """Batches report their writes themselves."""
