"""Export jobs: said to have started, told what became of each item, completed once every item has a result.

Fidelity: known pleo §6 – started, items, results in batches of 10, completed or completed with errors; one item's
failure never fails the job; a job expires when nobody acts on it for some time
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from kobling.connectors.pleo.service import Row, Service
from kobling.records import Refused
from kobling.sdk.paging import groups
from kobling.sdk.protocols import Told

_OPEN = ("pending", "in_progress")
_AT_ONCE = 10
ENDED = frozenset({"INVALID_EXPORT_JOB_STATUS_CHANGE", "EXPORT_JOB_STATUS_UNPROCESSABLE", "EXPORT_NOT_FOUND"})
"""Codes of refusals by which a job is no longer open."""


class Jobs:
    """The open export jobs of one company."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._waiting: dict[str, str] | None = None

    async def open(self) -> AsyncIterator[Row]:
        """Open jobs, oldest first."""
        found = []
        for state in _OPEN:
            params = {"company_id": self._service.company, "statuses": state}
            found += [job async for job in self._service.all("/v3/export-jobs", **params)]
        for job in sorted(found, key=lambda each: str(each["createdAt"])):
            yield job

    async def begin(self) -> None:
        """Say that the work on pending jobs has started."""
        async for job in self.open():
            if job["status"] == "pending":
                await self._event(str(job["id"]), "started")

    async def awaited(self) -> Sequence[str]:
        """Items of open jobs that have no result yet."""
        found: dict[str, str] = {}
        async for job in self.open():
            for state in _OPEN:
                async for item in self._items(str(job["id"]), state):
                    found[str(item["accountingEntryId"])] = str(job["id"])
        self._waiting = found
        return list(found)

    async def tell(self, told: Sequence[Told]) -> None:
        """Report results of items that wait for one; of a job that ended meanwhile nobody wants to hear."""
        if self._waiting is None:
            await self.awaited()
        waiting = self._waiting or {}
        by_job: dict[str, list[Row]] = {}
        for each in told:
            if each.external_id in waiting:
                by_job.setdefault(waiting[each.external_id], []).append(_update(each))
        for job, updates in by_job.items():
            for group in groups(updates, _AT_ONCE):
                await self._unless_ended("PUT", f"/v3/export-jobs/{job}/items", list(group))
                for update in group:
                    waiting.pop(str(update["accountingEntryId"]), None)

    async def end(self) -> None:
        """Complete the jobs that have a result for every item."""
        async for job in self.open():
            name = str(job["id"])
            if job["status"] == "in_progress" and job["numberOfItems"] and not await self._any(name, *_OPEN):
                await self._event(name, "completed_with_errors" if await self._any(name, "failed") else "completed")

    async def give_up(self, reason: str) -> None:
        """Open jobs fail, so that their items can be exported again when it is set up."""
        async for job in self.open():
            more = {"failureReason": reason[:500], "failureReasonType": "missing_configuration"}
            await self._event(str(job["id"]), "failed", **more)

    def _items(self, job: str, state: str) -> AsyncIterator[Row]:
        return self._service.all(f"/v3/export-jobs/{job}/items", status=state)

    async def _any(self, job: str, *states: str) -> bool:
        for state in states:
            async for _ in self._items(job, state):
                return True
        return False

    async def _event(self, job: str, event: str, **more: str) -> None:
        await self._unless_ended("POST", "/v3/export-job-events", {"jobId": job, "event": event, **more})

    async def _unless_ended(self, method: str, path: str, body: object) -> None:
        """A job that a person took back, or that expired, needs no word."""
        try:
            await self._service.send(method, path, body)
        except Refused as refused:
            if refused.code not in ENDED:
                raise


def _update(told: Told) -> Row:
    """One result."""
    if told.done:
        found = {"accountingEntryId": told.external_id, "status": "successful", "externalId": told.target_id}
        return {**found, "exportedAt": told.at.isoformat().replace("+00:00", "Z")}
    kind = told.kind if told.kind in ITEM_FAILURES else "accounting_system_validation_failure"
    found = {"accountingEntryId": told.external_id, "status": "failed", "failureReason": told.reason[:500]}
    return {**found, "failureReasonType": kind}


ITEM_FAILURES = frozenset(
    {"receipt_upload_failure", "receipt_download_failure", "receipt_file_size_limit_exceeded", "account_unknown"}
    | {"tax_code_unknown", "tag_unknown", "vendor_unknown", "missing_configuration", "validation_failure"}
    | {"authorization_failure", "accounting_system_unreachable", "accounting_system_validation_failure"}
)
