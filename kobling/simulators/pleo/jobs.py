"""The export-job protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kobling.simulators.pleo.company import Company, Row, State
from kobling.simulators.pleo.envelope import flag, read, text
from kobling.simulators.pleo.errors import ApiError, invalid, not_found
from kobling.simulators.pleo.settings import Settings

OPEN = ("pending", "in_progress")
ITEM_STATES = ("pending", "in_progress", "failed", "successful", "abandoned")
JOB_FAILURES = frozenset(
    [
        "invalid_configuration",
        "missing_configuration",
        "authentication_failure",
        "accounting_system_authentication_failure",
        "pleo_rate_limit",
        "accounting_system_rate_limit",
        "service_unreachable",
        "accounting_system_unreachable",
        "validation_failure",
        "authorization_failure",
        "integration_unusable",
        "job_expired",
        "service_timeout",
        "accounting_system_timeout",
        "canceled_by_user",
    ]
)
ITEM_FAILURES = frozenset(
    [
        "receipt_upload_failure",
        "receipt_download_failure",
        "receipt_file_size_limit_exceeded",
        "receipt_conversion_failure",
        "unexpected_failure",
        "invalid_configuration",
        "missing_configuration",
        "accounting_system_authentication_failure",
        "accounting_system_rate_limit",
        "accounting_system_unreachable",
        "validation_failure",
        "authorization_failure",
        "accounting_system_validation_failure",
        "accounting_system_timeout",
        "vendor_unknown",
        "account_unknown",
        "tax_code_unknown",
        "tag_unknown",
    ]
)
_ID = text(36, 36)
_MOST = 100
_WORD = (text(1000), False)
_EVENTS = {
    "started": ("pending", "in_progress"),
    "failed": (None, "failed"),
    "completed": ("in_progress", "completed"),
    "completed_with_errors": ("in_progress", "completed_with_errors"),
}


class Jobs:
    """Export jobs of all companies; `made` is told of every new one.

    Fidelity: known pleo §3, §6 – one running job per company (409); started, results, completed; 413 above 100
    results; 422 on illegal changes; a job expires some seconds after its last action
    """

    def __init__(self, state: State, made: Callable[[Company, Row], None]) -> None:
        self._state = state
        self._made = made
        self.settings = Settings()

    def expire(self) -> None:
        """Let jobs that nobody touched fail."""
        now = self._state.clock.now()
        for company in self._state.companies.values():
            for job in company.jobs.values():
                if job["status"] in OPEN and now >= job["_touched"] + self.settings.job_life:
                    job["expiredAt"] = self._state.now()
                    self._end(company, job, "failed", "The job expired.", "job_expired")

    def create(self, body: Any, allowed: Callable[[str], Company]) -> Row:
        """A new job. Raises ApiError."""
        given = read(
            body,
            {
                "companyId": (_ID, True),
                "accountingEntryIds": (lambda value: isinstance(value, list) and bool(value), True),
                "employeeId": (_ID, False),
                "isInteractive": (flag, False),
                "options": (lambda value: isinstance(value, dict), False),
            },
        )
        return self.queue(allowed(given["companyId"]), given["accountingEntryIds"], bool(given.get("isInteractive")))

    def queue(self, company: Company, entries: list[str], interactive: bool = False) -> Row:
        """Put entries into a new job. Raises ApiError."""
        if any(job["status"] in OPEN for job in company.jobs.values()):
            raise ApiError(409, "EXPORT_ALREADY_IN_PROGRESS", "An export is going on already.")
        for each in entries:
            if each not in company.entries or company.entries[each].get("deletedAt"):
                raise ApiError(404, "EXPORT_ENTRY_NOT_FOUND", f"There is no accounting entry {each}.")
        job = self._new(company, entries, interactive)
        company.jobs[job["id"]] = job
        company.items[job["id"]] = {each: _item(job["id"], each) for each in entries}
        for each in entries:
            company.entries[each].update({"exportStatus": "QUEUED", "updatedAt": self._state.now()})
        self._made(company, job)
        return job

    def _new(self, company: Company, entries: list[str], interactive: bool) -> Row:
        empty = ("createdBy", "startedAt", "completedAt", "expiredAt", "failureReason", "failureReasonType")
        return {
            "id": self._state.new_id(),
            "companyId": company.id,
            "status": "pending",
            "createdAt": self._state.now(),
            **dict.fromkeys(empty),
            "lastUpdatedAt": self._state.now(),
            "expiresIn": self.settings.job_life,
            "numberOfItems": len(entries),
            "isInteractive": interactive,
            "vendorBasedBookkeeping": False,
            "_touched": self._state.clock.now(),
        }

    def find(self, job_id: str, companies: Mapping[str, Company]) -> tuple[Company, Row]:
        """A job and its company. Raises ApiError."""
        for company in companies.values():
            if job_id in company.jobs:
                return company, company.jobs[job_id]
        raise ApiError(404, "EXPORT_NOT_FOUND", "There is no such export job.")

    def event(self, body: Any, companies: Mapping[str, Company]) -> None:
        """POST /v3/export-job-events. Raises ApiError."""
        given = read(
            body,
            {
                "jobId": (_ID, True),
                "event": (lambda value: value in _EVENTS, True),
                "failureReason": _WORD,
                "failureReasonType": (lambda value: value in JOB_FAILURES, False),
            },
        )
        company, job = self.find(given["jobId"], companies)
        needed, state = _EVENTS[given["event"]]
        items = company.items[job["id"]].values()
        wrong = job["status"] not in OPEN if needed is None else job["status"] != needed
        if given["event"] == "completed":
            wrong = wrong or any(each["status"] == "failed" for each in items)
        if wrong:
            text = f"A job that is {job['status']} cannot become {state}."
            raise ApiError(422, "INVALID_EXPORT_JOB_STATUS_CHANGE", text)
        if state == "in_progress":
            self._start(company, job)
        else:
            self._end(company, job, state, given.get("failureReason"), given.get("failureReasonType"))

    def _start(self, company: Company, job: Row) -> None:
        job.update({"status": "in_progress", "startedAt": self._state.now()})
        self._touch(job)
        for each in company.items[job["id"]]:
            company.entries[each]["exportStatus"] = "EXPORTING"

    def _end(self, company: Company, job: Row, state: str, reason: Any = None, kind: Any = None) -> None:
        """Fidelity: assumed pleo §8 – what has no result when a job ends is abandoned and can be exported again."""
        job.update({"status": state, "failureReason": reason, "failureReasonType": kind})
        job["completedAt"] = self._state.now() if state.startswith("completed") else None
        self._touch(job)
        for entry_id, item in company.items[job["id"]].items():
            if item["status"] in OPEN:
                item["status"] = "abandoned"
            entry = company.entries[entry_id]
            if entry["exportStatus"] in ("QUEUED", "EXPORTING"):
                entry["exportStatus"] = "EXPORTED" if item["status"] == "successful" else "NOT_EXPORTED"

    def cancel(self, company: Company, job: Row) -> None:
        """A person takes the job back."""
        self._end(company, job, "failed", "Canceled.", "canceled_by_user")

    def _touch(self, job: Row) -> None:
        job["lastUpdatedAt"] = self._state.now()
        job["_touched"] = self._state.clock.now()

    def results(self, job_id: str, body: Any, companies: Mapping[str, Company]) -> dict[str, Any]:
        """PUT /v3/export-jobs/{id}/items. Raises ApiError."""
        company, job = self.find(job_id, companies)
        if not isinstance(body, list):
            raise invalid("The body must be an array of updates.")
        if len(body) > _MOST:
            raise ApiError(413, "EXPORT_JOB_ITEMS_UPDATE_LIMIT", f"At most {_MOST} items in one request.")
        if job["status"] != "in_progress":
            raise ApiError(422, "EXPORT_JOB_STATUS_UNPROCESSABLE", f"The job is {job['status']}.")
        updates = [read(each, _UPDATE) for each in body]
        done, errors = [], []
        for each in updates:
            item = company.items[job_id].get(each["accountingEntryId"])
            if item is None:
                kind = {"type": "ACCOUNTING_ENTRY_DOES_NOT_EXIST", "message": "It is not part of this job."}
                errors.append({"accountingEntryId": each["accountingEntryId"], **kind})
                continue
            item.update(each)
            if each["status"] == "successful":
                company.entries[each["accountingEntryId"]]["exportStatus"] = "EXPORTED"
            elif each["status"] == "failed":
                company.entries[each["accountingEntryId"]]["exportStatus"] = "NOT_EXPORTED"
            done.append(item)
        self._touch(job)
        return {"data": done, "errors": errors}

    def entries(self, job_id: str, companies: Mapping[str, Company]) -> tuple[Company, list[Row]]:
        """The entries to be exported, while the job is open. Raises ApiError."""
        company, job = self.find(job_id, companies)
        if job["status"] not in OPEN:
            raise ApiError(422, "EXPORT_JOB_STATUS_UNPROCESSABLE", f"The job is {job['status']}.")
        if self.settings.contra_accounts == "none":
            raise ApiError(400, "MISSING_CONTRA_ACCOUNTS", "The company has no contra accounts.")
        return company, [company.entries[each] for each in company.items[job_id]]


_UPDATE = {
    "accountingEntryId": (_ID, True),
    "exportJobId": (_ID, False),
    "status": (lambda value: value in ITEM_STATES, True),
    "exportedAt": _WORD,
    "externalId": _WORD,
    "externalUrl": _WORD,
    "failureReason": _WORD,
    "failureReasonType": (lambda value: value in ITEM_FAILURES, False),
}


def _item(job_id: str, entry_id: str) -> Row:
    empty = ("exportedAt", "externalId", "externalUrl", "failureReason", "failureReasonType")
    return {"accountingEntryId": entry_id, "exportJobId": job_id, "status": "pending", **dict.fromkeys(empty)}


def job_of(company: Company, job_id: str) -> Row:
    """A job of a company. Raises ApiError."""
    found = company.jobs.get(job_id)
    if found is None:
        raise not_found("Job")
    return found
